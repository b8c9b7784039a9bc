package engine

import (
	"encoding/binary"
	"fmt"
)

// Runner executes a Net on images of one size. It is for one goroutine at a time.
type Runner struct {
	net   *Net
	h, w  int
	plan  *plan
	pad   *[3]uint8 // of a raw image, else nil
	convs []ConvCall
	pools []PoolCall
}

// RunnerOptions of NewRunner; nil means defaults.
type RunnerOptions struct {
	Keep bool // keep the output of every operation until the next Run, for Output
}

// NewRunner plans the buffers for images of h x w pixels, both multiples of 32. It fails when they would take more than 1 GiB, or an image
// more than 1 Ti multiply-adds.
func NewRunner(n *Net, h, w int, opt *RunnerOptions) (*Runner, error) {
	if h < 32 || w < 32 || h%32 != 0 || w%32 != 0 || h > 4096 || w > 4096 {
		return nil, fmt.Errorf("engine: image size %d x %d, want multiples of 32 up to 4096", w, h)
	}
	if err := CheckWork(n.graph.Work(h, w)); err != nil {
		return nil, err
	}
	p, err := newPlan(n.graph, h, w, opt != nil && opt.Keep)
	if err != nil {
		return nil, err
	}
	r := &Runner{net: n, h: h, w: w, plan: p, convs: make([]ConvCall, len(n.convs)), pools: make([]PoolCall, len(n.convs))}
	if n.graph.Input == InputRaw {
		r.pad = &n.graph.PadValue
	}
	scratch := 0
	for i := range n.convs {
		r.prepare(i)
		if n.convs[i] != nil {
			scratch = max(scratch, n.convs[i].Scratch(&r.convs[i]))
		}
	}
	if scratch > maxRunnerBytes {
		return nil, fmt.Errorf("engine: image size %d x %d needs %d MB of scratch, the limit is %d", w, h, scratch>>20, maxRunnerBytes>>20)
	}
	buffer := make([]uint8, scratch)
	for i := range r.convs {
		r.convs[i].Scratch = buffer
	}
	return r, nil
}

// CheckWork refuses more multiply-adds than an image may take: a small file can describe a network that runs for hours. Where nothing is multiplied, a
// comparison counts as much.
func CheckWork(multiplyAdds int64) error {
	if multiplyAdds > maxWork {
		return fmt.Errorf("engine: %d multiply-adds for an image, the limit is %d", multiplyAdds, int64(maxWork))
	}
	return nil
}

// prepare fills in the call of operation i.
func (r *Runner) prepare(i int) {
	op, in, out := &r.net.graph.Ops[i], r.plan.in[i], r.plan.out[i]
	from := in.window(op.Pad)
	row := from.Row
	from.Row, from.Col = op.Stride*row, op.Stride*in.C
	if op.Kind == KindMaxPool {
		r.pools[i] = PoolCall{H: out.H, W: out.W, C: out.C, Kernel: op.Kernel, In: from, Out: out.Plane(), RowStep: row, ColStep: in.C}
		return
	}
	r.convs[i] = ConvCall{H: out.H, W: out.W, In: from, RowStep: row, Out: out.Plane()}
	if res := r.plan.res[i]; res != nil {
		r.convs[i].Res = res.Plane()
	}
}

// Net returns the net that the runner executes.
func (r *Runner) Net() *Net { return r.net }

// Size returns the image size that the runner takes.
func (r *Runner) Size() (h, w int) { return r.h, r.w }

// Bytes returns the size of the runner's buffers.
func (r *Runner) Bytes() int {
	n := r.plan.arena
	if len(r.convs) > 0 {
		n += len(r.convs[0].Scratch)
	}
	return n
}

// Taps returns the outputs of the taps. Run overwrites them.
func (r *Runner) Taps() []*Tensor { return r.plan.taps }

// Output returns the output of operation i, for calibration and tests; signed outputs hold int8 bits. Without RunnerOptions.Keep its
// memory may have been used again by a later operation.
func (r *Runner) Output(i int) *Tensor { return r.plan.out[i] }

// Run executes the net on pix, [h][w][3].
func (r *Runner) Run(pix []uint8) error {
	if err := r.Load(pix); err != nil {
		return err
	}
	for i := range r.convs {
		r.Step(i)
	}
	return nil
}

// Load puts an image, [h][w][3], in place for Step.
func (r *Runner) Load(pix []uint8) error {
	if len(pix) != r.h*r.w*3 {
		return fmt.Errorf("engine: image has %d values, want %d x %d x 3", len(pix), r.h, r.w)
	}
	img := r.plan.image
	img.fillBorder(r.pad)
	for y := 0; y < r.h; y++ {
		if row, src := img.Row(y), pix[y*r.w*3:(y+1)*r.w*3]; r.pad != nil {
			copy(row, src)
		} else {
			halve(row, src)
		}
	}
	return nil
}

// halve writes src / 2 to dst, eight values at a time.
func halve(dst, src []uint8) {
	for ; len(src) >= 8; dst, src = dst[8:], src[8:] {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src)>>1&0x7f7f7f7f7f7f7f7f)
	}
	for i, v := range src {
		dst[i] = v >> 1
	}
}

// Step executes operation i, after Load and all before it.
func (r *Runner) Step(i int) {
	r.plan.out[i].fillBorder(nil)
	if k := r.net.convs[i]; k != nil {
		k.Run(&r.convs[i])
	} else {
		r.net.kernels.MaxPool(&r.pools[i])
	}
}

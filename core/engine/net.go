package engine

import "fmt"

// Net is a checked graph with its weights packed for one tier. It is read-only and may be shared by Runners.
type Net struct {
	graph *Graph
	tier  Tier
	mats  []*Matrix // by op; nil for pools and raw stems
}

// NewNet validates g and packs it. g must not change afterwards.
func NewNet(g *Graph, tier Tier) (*Net, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	n := &Net{graph: g, tier: tier, mats: make([]*Matrix, len(g.Ops))}
	for i := range g.Ops {
		op := &g.Ops[i]
		if op.Weight == nil {
			continue
		}
		m, err := NewMatrix(op.Weight, op.Out, op.Kernel*op.Kernel*op.In, tier)
		if err != nil {
			return nil, fmt.Errorf("engine: op %q: %w", op.Name, err)
		}
		n.mats[i] = m
	}
	return n, nil
}

// Graph returns the graph; it must not be changed.
func (n *Net) Graph() *Graph { return n.graph }

// Tensor is an activation map [H][W][C] with Border pixels of padding on every side.
type Tensor struct {
	H, W, C, Border int
	data            []uint8 // [H+2B][W+2B][C]; int8 bits when the op is signed
}

func newTensor(h, w, c, border int, pad []uint8) *Tensor {
	t := &Tensor{H: h, W: w, C: c, Border: border, data: make([]uint8, (h+2*border)*(w+2*border)*c)}
	if pad != nil {
		for i := range t.data {
			t.data[i] = pad[i%c]
		}
	}
	return t
}

// at returns the values from pixel (y, x) to the end; y and x may reach Border pixels outside.
func (t *Tensor) at(y, x int) []uint8 {
	return t.data[((y+t.Border)*(t.W+2*t.Border)+x+t.Border)*t.C:]
}

// Row returns row y, [W][C].
func (t *Tensor) Row(y int) []uint8 { return t.at(y, 0)[: t.W*t.C : t.W*t.C] }

// Runner executes a Net on images of one size. It is for one goroutine at a time.
type Runner struct {
	net     *Net
	h, w    int
	image   *Tensor
	tensors []*Tensor // by op
	inputs  []*Tensor // by op
	resids  []*Tensor // by op, nil without residual
	signed  []bool    // by op, whether its residual is signed
	taps    []*Tensor
	columns []uint8 // one output row of gathered input patches
	acc     []int32
}

// maxRunnerBytes bounds the buffers of a Runner: a small file can describe wide layers on a large image. ResNet-18 to layer3 takes about
// 230 MB at 2048 x 2048.
const maxRunnerBytes = 1 << 30

// runnerBytes returns what the buffers of a Runner take.
func (g *Graph) runnerBytes(h, w int, border map[string]int) int64 {
	size := func(name string, stride, c int) int64 {
		b := 2 * border[name]
		return int64(h/stride+b) * int64(w/stride+b) * int64(c)
	}
	strides := map[string]int{ImageInput: 1}
	total, columns := size(ImageInput, 1, 3), int64(0)
	for i := range g.Ops {
		op := &g.Ops[i]
		s := strides[op.Input] * op.Stride
		strides[op.Name] = s
		total += size(op.Name, s, op.Out)
		columns = max(columns, int64(w/s)*int64(op.Kernel*op.Kernel*op.In))
	}
	return total + columns
}

// NewRunner allocates the buffers for images of h x w pixels, both multiples of 32. It fails when they would take more than 1 GiB.
func NewRunner(n *Net, h, w int) (*Runner, error) {
	if h < 32 || w < 32 || h%32 != 0 || w%32 != 0 || h > 4096 || w > 4096 {
		return nil, fmt.Errorf("engine: image size %d x %d, want multiples of 32 up to 4096", w, h)
	}
	g := n.graph
	border := map[string]int{}
	for i := range g.Ops {
		op := &g.Ops[i]
		border[op.Input] = max(border[op.Input], op.Pad)
	}
	if need := g.runnerBytes(h, w, border); need > maxRunnerBytes {
		return nil, fmt.Errorf("engine: image size %d x %d needs %d MB of buffers, the limit is %d", w, h, need>>20, maxRunnerBytes>>20)
	}
	r := &Runner{net: n, h: h, w: w}
	var pad []uint8
	if g.Input == InputRaw {
		pad = g.PadValue[:]
	}
	r.image = newTensor(h, w, 3, border[ImageInput], pad)
	byName := map[string]*Tensor{ImageInput: r.image}
	signed := map[string]bool{}
	cols, wide := 0, 0
	for i := range g.Ops {
		op := &g.Ops[i]
		in := byName[op.Input]
		out := newTensor(in.H/op.Stride, in.W/op.Stride, op.Out, border[op.Name], nil)
		byName[op.Name] = out
		r.tensors = append(r.tensors, out)
		r.inputs = append(r.inputs, in)
		r.resids = append(r.resids, byName[op.Residual])
		r.signed = append(r.signed, signed[op.Residual])
		signed[op.Name] = op.Signed
		cols = max(cols, out.W*op.Kernel*op.Kernel*op.In)
		wide = max(wide, out.W)
	}
	r.columns = make([]uint8, cols)
	r.acc = make([]int32, wide*GroupRows)
	for _, t := range g.Taps {
		r.taps = append(r.taps, byName[t])
	}
	return r, nil
}

// Size returns the image size that the runner takes.
func (r *Runner) Size() (h, w int) { return r.h, r.w }

// Tap returns the output of tap i after Run. It is overwritten by the next Run.
func (r *Runner) Tap(i int) *Tensor { return r.taps[i] }

// Output returns the output of operation i after Run, for tests and calibration; signed outputs hold int8 bits.
func (r *Runner) Output(i int) *Tensor { return r.tensors[i] }

// Run executes the net on pix, [h][w][3].
func (r *Runner) Run(pix []uint8) error {
	if len(pix) != r.h*r.w*3 {
		return fmt.Errorf("engine: image has %d values, want %d x %d x 3", len(pix), r.h, r.w)
	}
	shift := 0
	if r.net.graph.Input == InputU7 {
		shift = 1
	}
	for y := 0; y < r.h; y++ {
		row := r.image.Row(y)
		for i, v := range pix[y*r.w*3 : (y+1)*r.w*3] {
			row[i] = v >> shift
		}
	}
	for i := range r.net.graph.Ops {
		op := &r.net.graph.Ops[i]
		switch {
		case op.Kind == KindMaxPool:
			maxPool(op, r.inputs[i], r.tensors[i])
		case op.Weight16 != nil:
			r.convRaw(op, i)
		default:
			r.conv(op, i)
		}
	}
	return nil
}

package simd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"anomnet/core/engine"
	"anomnet/wasm/kernels"
)

// maxBytes bounds what a kernel may be asked to hold: addresses are 31 bits wide, to be safe.
const maxBytes = 1 << 30

// packed is a convolution as the modules read it.
type packed struct {
	dot       kernels.Dot
	panels    []byte
	excess    []kernels.Excess
	ends      []int32 // by panel, in bytes of excess, with a 0 before the first
	channels  int
	rows, run int
	steps     int // of a run
	residual  bool
	low, high float32
	resScale  float32
}

func pack(c *engine.Conv, dot kernels.Dot) (*packed, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Weight16 != nil && dot.Instruction != kernels.Int16 {
		return nil, errors.New("simd: int16 weights in an int8 kernel")
	}
	p := &packed{dot: dot, channels: c.Out, rows: c.Rows, run: c.Run, steps: (c.Run + dot.PerStep() - 1) / dot.PerStep(),
		residual: c.Residual != engine.NoResidual, low: c.Low, high: c.High, resScale: c.ResidualScale}
	groups := (c.Out + kernels.Group - 1) / kernels.Group
	if int64(groups)*int64(p.panelBytes()) > maxBytes {
		return nil, fmt.Errorf("simd: conv of %d channels is too large", c.Out)
	}
	p.panels = aligned(groups * p.panelBytes())
	for o := range c.Out {
		panel, slot := p.panel(o/kernels.Group), o%kernels.Group
		binary.LittleEndian.PutUint32(panel[4*slot:], uint32(c.Bias[o]))
		binary.LittleEndian.PutUint32(panel[4*(kernels.Group+slot):], math.Float32bits(c.Scale[o]))
		for r := range c.Rows {
			if at := (o*c.Rows + r) * c.Run; c.Weight16 != nil {
				putWeights(p.runOf(panel, r), slot, dot, c.Weight16[at:at+c.Run])
			} else {
				putWeights(p.runOf(panel, r), slot, dot, c.Weight[at:at+c.Run])
			}
		}
	}
	if dot.Instruction == kernels.Chained {
		p.moveExcess(groups)
	}
	return p, nil
}

func (p *packed) panel(g int) []byte { return p.panels[g*p.panelBytes():][:p.panelBytes()] }

// runOf returns the steps of run r of a panel.
func (p *packed) runOf(panel []byte, r int) []byte {
	n := p.steps * p.dot.StepBytes()
	return panel[8*kernels.Group+r*n:][:n]
}

// moveExcess takes out of every step what would not fit into int16.
func (p *packed) moveExcess(groups int) {
	p.ends = make([]int32, groups+1)
	for g := range groups {
		for r := range p.rows {
			steps := p.runOf(p.panel(g), r)
			for s := range p.steps {
				p.dot.TakeExcess(steps[s*p.dot.StepBytes():], func(quad int) *kernels.Excess {
					return p.excessAt(p.ends[g], int32(r), int32(s*p.dot.PerStep()+4*quad))
				})
			}
		}
		p.ends[g+1] = int32(len(p.excess)) * excessBytes
	}
}

const excessBytes = int32(unsafe.Sizeof(kernels.Excess{}))

// excessAt returns the excess of a quad of the panel whose excess starts at from, a new one if need be. Those of a step come together.
func (p *packed) excessAt(from, run, at int32) *kernels.Excess {
	for i := len(p.excess) - 1; i >= int(from/excessBytes) && i >= len(p.excess)-p.dot.Chain; i-- {
		if x := &p.excess[i]; x.Run == run && x.At == at {
			return x
		}
	}
	p.excess = append(p.excess, kernels.Excess{Run: run, At: at})
	return &p.excess[len(p.excess)-1]
}

// putWeights writes the weights of one run of one channel into the steps of a panel.
func putWeights[T int8 | int16](steps []byte, slot int, dot kernels.Dot, w []T) {
	for i, v := range w {
		if at := dot.WeightAt(i, slot); dot.Instruction == kernels.Int16 {
			binary.LittleEndian.PutUint16(steps[at:], uint16(v))
		} else {
			steps[at] = byte(v)
		}
	}
}

// panelBytes is the size of a panel: biases, scales, steps.
func (p *packed) panelBytes() int { return 8*kernels.Group + p.rows*p.steps*p.dot.StepBytes() }

// span returns how many bytes lie between the first window's start and the last window's end.
func (p *packed) span(c *engine.ConvCall) int {
	return (c.H-1)*c.In.Row + (c.W-1)*c.In.Col + (p.rows-1)*c.RowStep + p.run
}

// Scratch implements engine.ConvKernel.
func (p *packed) Scratch(c *engine.ConvCall) int {
	n := p.dot.TableBytes(c.H * c.W)
	if p.dot.Instruction == kernels.Int16 {
		n += kernels.WideBytes(p.span(c))
	}
	return n
}

// xBlock is how many bytes of x a block of positions brings, about: half of a small first-level cache.
const xBlock = 12 << 10

// blockBytes returns ConvArgs.BlockBytes.
func (p *packed) blockBytes(c *engine.ConvCall) int {
	perPosition := max(c.In.Col*p.dot.BytesPerValue(), 1)
	return max(xBlock/perPosition/p.dot.Positions, 1) * p.dot.TileBytes()
}

// args fills in what the module reads. It panics when a plane does not hold what the kernel would touch.
func (p *packed) args(c *engine.ConvCall, a *kernels.ConvArgs) {
	scratch := c.Scratch[:p.Scratch(c)]
	table := p.dot.TableBytes(c.H * c.W)
	main := p.steps / p.dot.Unroll * p.dot.Unroll
	*a = kernels.ConvArgs{
		In: first(&c.In, c.H, c.W, p.span(c)-(c.H-1)*c.In.Row-(c.W-1)*c.In.Col), Out: first(&c.Out, c.H, c.W, p.channels),
		Panels: unsafe.Pointer(&p.panels[0]), Table: unsafe.Pointer(&scratch[0]),
		H: int32(c.H), W: int32(c.W), InRow: int32(c.In.Row), InCol: int32(c.In.Col), OutRow: int32(c.Out.Row), OutCol: int32(c.Out.Col),
		Span: int32(p.span(c)), Channels: int32(p.channels), PanelBytes: int32(p.panelBytes()), Rows: int32(p.rows),
		MainBytes: int32(main * p.dot.StepBytes()), RestBytes: int32((p.steps - main) * p.dot.StepBytes()),
		BlockBytes: int32(p.blockBytes(c)), Advance: int32(c.RowStep - p.dot.PerStep()*p.steps), RowStep: int32(c.RowStep), Low: p.low, High: p.high, ResidualScale: p.resScale, Magic: kernels.RoundMagic,
	}
	if p.dot.Instruction == kernels.Int16 {
		a.Wide, a.Advance = unsafe.Pointer(&scratch[table]), int32(2*(c.RowStep-p.dot.PerStep()*p.steps))
	}
	if p.dot.Instruction == kernels.Chained {
		a.Excess, a.ExcessEnds = unsafe.Pointer(unsafe.SliceData(p.excess)), unsafe.Pointer(&p.ends[0])
	}
	if p.residual {
		a.Residual, a.Res = 1, first(&c.Res, c.H, c.W, p.channels)
		a.ResRow, a.ResCol = int32(c.Res.Row), int32(c.Res.Col)
	}
	if c.Factor != nil {
		a.Factor = unsafe.Pointer(&c.Factor[:c.H*c.W][0])
	}
}

// first returns where the values of position (0, 0) lie and checks that n values of every position do.
func first(p *engine.Plane, h, w, n int) unsafe.Pointer {
	if p.Row < 0 || p.Col < 0 {
		panic("simd: plane with negative steps")
	}
	return unsafe.Pointer(&p.Data[p.At : p.At+(h-1)*p.Row+(w-1)*p.Col+n][0])
}

// aligned returns n bytes that start at a cache line.
func aligned(n int) []byte {
	const line = 64
	b := make([]byte, n+line)
	off := int(-uintptr(unsafe.Pointer(&b[0])) % line)
	return b[off : off+n : off+n]
}

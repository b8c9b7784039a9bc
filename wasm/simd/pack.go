package simd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
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
	channels  int
	rows, run int
	steps     int // of a run
	residual  bool
	low, high float32
	resScale  float32
}

func pack(c *engine.Conv, dot kernels.Dot) (*packed, error) {
	n := c.Out * c.Rows * c.Run
	switch {
	case c.Out < 1 || c.Rows < 1 || c.Run < 1 || len(c.Weight)+len(c.Weight16) != n || len(c.Bias) != c.Out || len(c.Scale) != c.Out:
		return nil, fmt.Errorf("simd: conv %d x %d x %d has %d weights, %d biases and %d scales", c.Out, c.Rows, c.Run,
			len(c.Weight)+len(c.Weight16), len(c.Bias), len(c.Scale))
	case c.Weight16 != nil && dot.Relaxed:
		return nil, errors.New("simd: int16 weights in an int8 kernel")
	case slices.Contains(c.Weight, -128):
		return nil, errors.New("simd: conv has a weight of -128")
	case c.Low < -127 || c.High > 127 || !(c.Low <= c.High):
		return nil, fmt.Errorf("simd: conv clamps to %v..%v", c.Low, c.High)
	}
	p := &packed{dot: dot, channels: c.Out, rows: c.Rows, run: c.Run, steps: (c.Run + dot.PerStep() - 1) / dot.PerStep(),
		residual: c.Residual != engine.NoResidual, low: c.Low, high: c.High, resScale: c.ResidualScale}
	groups := (c.Out + kernels.Group - 1) / kernels.Group
	if int64(groups)*int64(p.panelBytes()) > maxBytes {
		return nil, fmt.Errorf("simd: conv of %d weights is too large", n)
	}
	p.panels = aligned(groups * p.panelBytes())
	for o := range c.Out {
		panel, slot := p.panels[o/kernels.Group*p.panelBytes():], o%kernels.Group
		binary.LittleEndian.PutUint32(panel[4*slot:], uint32(c.Bias[o]))
		binary.LittleEndian.PutUint32(panel[4*(kernels.Group+slot):], math.Float32bits(c.Scale[o]))
		for r := range c.Rows {
			to := panel[8*kernels.Group+r*p.steps*kernels.StepBytes:]
			if at := (o*c.Rows + r) * c.Run; c.Weight16 != nil {
				putWeights(to, slot, dot, c.Weight16[at:at+c.Run])
			} else {
				putWeights(to, slot, dot, c.Weight[at:at+c.Run])
			}
		}
	}
	return p, nil
}

// putWeights writes the weights of one run of one channel into the steps of a panel.
func putWeights[T int8 | int16](steps []byte, slot int, dot kernels.Dot, w []T) {
	per := dot.PerStep()
	for i, v := range w {
		at := i/per*kernels.StepBytes + slot*kernels.StepBytes/kernels.Group
		if dot.Relaxed {
			steps[at+i%per] = byte(v)
		} else {
			binary.LittleEndian.PutUint16(steps[at+2*(i%per):], uint16(v))
		}
	}
}

// panelBytes is the size of a panel: biases, scales, steps.
func (p *packed) panelBytes() int { return 8*kernels.Group + p.rows*p.steps*kernels.StepBytes }

// span returns how many bytes lie between the first window's start and the last window's end.
func (p *packed) span(c *engine.ConvCall) int {
	return (c.H-1)*c.In.Row + (c.W-1)*c.In.Col + (p.rows-1)*c.RowStep + p.run
}

// Scratch implements engine.ConvKernel.
func (p *packed) Scratch(c *engine.ConvCall) int {
	n := p.dot.TableBytes(c.H * c.W)
	if !p.dot.Relaxed {
		n += kernels.WideBytes(p.span(c))
	}
	return n
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
		MainBytes: int32(main * kernels.StepBytes), RestBytes: int32((p.steps - main) * kernels.StepBytes),
		Advance: int32(c.RowStep - 4*p.steps), Low: p.low, High: p.high, ResidualScale: p.resScale, Magic: kernels.RoundMagic,
	}
	if !p.dot.Relaxed {
		a.Wide, a.Advance = unsafe.Pointer(&scratch[table]), int32(2*c.RowStep-4*p.steps)
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

// rows is a growing set of search rows as the modules read it.
type rows struct {
	dot    kernels.Dot
	d, n   int
	steps  int
	panels []byte
	// scratch is used by Nearest alone. A wasm instance has one thread and kernels do not yield.
	scratch []byte
}

// maxRow keeps |e|^2 + |row|^2 - 2 e.row and what the relaxed kernel adds far below kernels.Far.
const maxRow = 1 << 13

func newRows(d int, dot kernels.Dot) (*rows, error) {
	if d < 1 || d > maxRow {
		return nil, fmt.Errorf("simd: search rows of %d values, want 1..%d", d, maxRow)
	}
	return &rows{dot: dot, d: d, steps: (d + dot.PerStep() - 1) / dot.PerStep(), scratch: aligned(dot.NearestScratch(d))}, nil
}

func (s *rows) panelBytes() int { return 4*kernels.Group + s.steps*kernels.StepBytes }

// Len implements engine.Search.
func (s *rows) Len() int { return s.n }

// Append implements engine.Search.
func (s *rows) Append(row []int8) {
	row = row[:s.d]
	group, slot := s.n/kernels.Group, s.n%kernels.Group
	if slot == 0 {
		s.grow()
	}
	panel := s.panels[group*s.panelBytes():]
	binary.LittleEndian.PutUint32(panel[4*slot:], uint32(s.dot.RowNorm(row)))
	putWeights(panel[4*kernels.Group:], slot, s.dot, row)
	s.n++
}

// grow adds a panel of rows that are too far away to be found.
func (s *rows) grow() {
	n := len(s.panels)
	if n+s.panelBytes() > cap(s.panels) {
		bigger := aligned(max(2*n, n+s.panelBytes()))
		s.panels = bigger[:copy(bigger, s.panels)]
	}
	s.panels = s.panels[:n+s.panelBytes()]
	for i := range kernels.Group {
		binary.LittleEndian.PutUint32(s.panels[n+4*i:], kernels.Far)
	}
}

// args fills in what the module reads; from is a row that exists and n is at least 1.
func (s *rows) args(e []int8, n, from int, d2 []int32, a *kernels.NearestArgs) {
	main, group := s.steps/s.dot.Unroll*s.dot.Unroll, from/kernels.Group
	*a = kernels.NearestArgs{
		E: unsafe.Pointer(&e[:n*s.d][0]), Panels: unsafe.Pointer(&s.panels[group*s.panelBytes()]), D2: unsafe.Pointer(&d2[:n][0]),
		Scratch: unsafe.Pointer(&s.scratch[0]), N: int32(n), D: int32(s.d), Groups: int32((s.n+kernels.Group-1)/kernels.Group - group),
		PanelBytes: int32(s.panelBytes()), MainBytes: int32(main * kernels.StepBytes), RestBytes: int32((s.steps - main) * kernels.StepBytes),
		Stride: int32(s.dot.Stride(s.d)), Best: int32(s.dot.NearestBest(s.d)),
	}
}

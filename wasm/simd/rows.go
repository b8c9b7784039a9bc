package simd

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"anomnet/wasm/kernels"
)

// rows is a growing set of search rows as the modules read it.
type rows struct {
	dot    kernels.Dot // of the packing
	d, n   int
	steps  int
	panels []byte
	// excess says that there are rows that do not fit into chains; the quads of their packing are then taken one by one.
	excess bool
	// scratch and tail are used by Nearest alone. A wasm instance has one thread and kernels do not yield.
	scratch []byte
	tail    []int8 // see split
}

// load is how many values of a vector the modules read at a time. Of the last load of a vector, some may lie behind its end.
const load = 16

// maxRow keeps |e|^2 + |row|^2 - 2 e.row and what the relaxed kernel adds far below kernels.Far.
const maxRow = 1 << 13

func newRows(d int, dot kernels.Dot) (*rows, error) {
	if d < 1 || d > maxRow {
		return nil, fmt.Errorf("simd: search rows of %d values, want 1..%d", d, maxRow)
	}
	return &rows{dot: dot, d: d, steps: (d + dot.PerStep() - 1) / dot.PerStep(), scratch: aligned(dot.NearestScratch(d)),
		tail: make([]int8, (load-1)/d*d+d+load)}, nil
}

// split says how many of n vectors the modules can read in place. The others are copied to the tail, where there is room behind them: e may end where the
// memory ends.
func (s *rows) split(e []int8, n int) (whole int, tail []int8) {
	if s.d%load == 0 || cap(e) >= n*s.d+load {
		return n, nil
	}
	whole = max(0, n-(load-1)/s.d-1)
	copy(s.tail, e[whole*s.d:n*s.d])
	return whole, s.tail
}

// kernel returns the tile that runs over the packing.
func (s *rows) kernel() kernels.Dot {
	if s.excess {
		return kernels.SearchDotOf(kernels.Quad)
	}
	return s.dot
}

func (s *rows) panelBytes() int { return 4*kernels.Group + s.steps*s.dot.StepBytes() }

// Len implements engine.Search.
func (s *rows) Len() int { return s.n }

// Append implements engine.Search.
func (s *rows) Append(row []int8) {
	row = row[:s.d]
	group, slot := s.n/kernels.Group, s.n%kernels.Group
	if slot == 0 {
		s.grow()
	}
	panel := s.panels[group*s.panelBytes():][:s.panelBytes()]
	binary.LittleEndian.PutUint32(panel[4*slot:], uint32(s.dot.RowNorm(row)))
	putWeights(panel[4*kernels.Group:], slot, s.dot, row)
	s.excess = s.excess || s.dot.Instruction == kernels.Chained && !s.dot.Fits(row)
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
	dot, group, weights := s.kernel(), from/kernels.Group, s.steps*s.dot.StepBytes()
	main := weights / (dot.Unroll * dot.StepBytes()) * dot.Unroll * dot.StepBytes()
	*a = kernels.NearestArgs{
		E: unsafe.Pointer(&e[:n*s.d][0]), Panels: unsafe.Pointer(&s.panels[group*s.panelBytes()]), D2: unsafe.Pointer(&d2[:n][0]),
		Scratch: unsafe.Pointer(&s.scratch[0]), N: int32(n), D: int32(s.d), Groups: int32((s.n+kernels.Group-1)/kernels.Group - group),
		PanelBytes: int32(s.panelBytes()), MainBytes: int32(main), RestBytes: int32(weights - main),
		Stride: int32(s.dot.Stride(s.d)), Best: int32(s.dot.NearestBest(s.d)),
	}
}

package engine

import (
	"fmt"
	"math"

	"anomnet/core/engine/internal/x86"
)

// maxSearchDepth bounds the vectors that fit into the buffer of x86Search.Nearest.
const maxSearchDepth = 1024

// NewSearch returns an empty set. Vectors too long for the buffer on the stack go to the generic tier; no model has them.
func (k x86Kernels) NewSearch(d int) (Search, error) {
	if d > maxSearchDepth {
		return Generic().NewSearch(d)
	}
	if d < 1 {
		return nil, fmt.Errorf("engine: search rows of %d values", d)
	}
	return &x86Search{isa: k.isa, d: d, depth: (d + 3) / 4 * 4, shape: k.isa.ScanShape()}, nil
}

// x86Search keeps rows in panels, [depth/4][Channels][4], as weights of a convolution.
type x86Search struct {
	isa      x86.ISA
	shape    x86.Shape
	d, depth int // depth is d rounded up to whole groups of four
	n        int
	rows     []int8
	start    []int32 // see x86.Scan; the smallest int32 where a panel has no row yet
}

// Append is described at Search.
func (s *x86Search) Append(row []int8) {
	lane := s.n % s.shape.Channels
	if lane == 0 {
		s.rows = append(s.rows, make([]int8, s.shape.Channels*s.depth)...)
		for range s.shape.Channels {
			s.start = append(s.start, math.MinInt32)
		}
	}
	panel := s.rows[s.n/s.shape.Channels*s.shape.Channels*s.depth:]
	var sum, squares int32
	for i, v := range row[:s.d] {
		panel[(i/4*s.shape.Channels+lane)*4+i%4] = v
		sum += int32(v)
		squares += int32(v) * int32(v)
	}
	s.start[s.n] = -squares - 128*sum
	s.n++
}

// Len is described at Search.
func (s *x86Search) Len() int { return s.n }

// Nearest is described at Search. Vectors that are too few for a tile go one by one.
func (s *x86Search) Nearest(e []int8, n, from int, d2 []int32) {
	if from >= s.n {
		return
	}
	first := from / s.shape.Channels
	scan := x86.Scan{Depth: s.depth, Rows: &s.rows[first*s.shape.Channels*s.depth], Start: &s.start[first*s.shape.Channels],
		Panels: (s.n+s.shape.Channels-1)/s.shape.Channels - first}
	tile := s.shape.Positions
	for ; n >= tile; n -= tile {
		s.tile(scan, e, d2[:tile])
		e, d2 = e[tile*s.d:], d2[tile:]
	}
	for i := range n {
		s.one(scan, e[i*s.d:], &d2[i])
	}
}

// tile lowers the distances of as many vectors as a tile has positions.
func (s *x86Search) tile(scan x86.Scan, e []int8, d2 []int32) {
	var vectors [x86.MaxPositions * maxSearchDepth]uint8
	var best [x86.MaxPositions * x86.MaxLanes]int32
	var squares [x86.MaxPositions]int32
	for i := range d2 {
		squares[i] = s.encode(vectors[i*s.depth:], e[i*s.d:])
	}
	for i := range best {
		best[i] = math.MinInt32
	}
	scan.Vectors, scan.Best = &vectors[0], &best[0]
	s.isa.Scan(&scan, len(d2))
	lanes := s.isa.Lanes()
	for i := range d2 {
		d2[i] = min(d2[i], squares[i]-largest(best[i*lanes:(i+1)*lanes]))
	}
}

// one lowers the distance of one vector.
func (s *x86Search) one(scan x86.Scan, e []int8, d2 *int32) {
	var vector [maxSearchDepth]uint8
	var best [x86.MaxLanes]int32
	for i := range best {
		best[i] = math.MinInt32
	}
	squares := s.encode(vector[:], e)
	scan.Vectors, scan.Best = &vector[0], &best[0]
	s.isa.Scan(&scan, 1)
	*d2 = min(*d2, squares-largest(best[:s.isa.Lanes()]))
}

// encode converts a vector and returns the sum of its squares.
func (s *x86Search) encode(dst []uint8, e []int8) int32 {
	whole := s.d / 16 * 16
	squares := s.isa.Encode(&dst[0], &e[0], whole)
	for i := whole; i < s.d; i++ {
		dst[i] = s.isa.EncodeOne(e[i])
		squares += int32(e[i]) * int32(e[i])
	}
	return squares
}

func largest(v []int32) int32 {
	m := v[0]
	for _, x := range v[1:] {
		m = max(m, x)
	}
	return m
}

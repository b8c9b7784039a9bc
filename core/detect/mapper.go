package detect

import "anomnet/core/roi"

// Mapper computes the anomaly map and the image score of one image's embeddings. It is for one goroutine; its results are
// overwritten by the next Map.
type Mapper struct {
	h, w      int
	roi       roi.Mask
	places    []int // of the patches inside on the grid, nil for all
	scorer    *Scorer
	d2        []int32
	distances []float32 // of the patches inside
	grid      []float32 // the same in their places
	smooth    []float32
	scratch   []float32
}

// NewMapper returns a mapper for grids of h x w patches of which those inside m count. Without a scorer it takes distances only (MapSquares).
func NewMapper(s *Scorer, h, w int, m roi.Mask) *Mapper {
	n := m.Count(h * w)
	out := &Mapper{h: h, w: w, roi: m, scorer: s, d2: make([]int32, n), distances: make([]float32, n), smooth: make([]float32, h*w), scratch: make([]float32, h*w)}
	out.grid = out.distances
	if m != nil {
		out.places, out.grid = m.Places(h*w), make([]float32, h*w)
	}
	return out
}

// Map computes the distances of e, [n][D], the embeddings of the patches inside in their order.
func (m *Mapper) Map(e []int8) {
	m.scorer.Nearest(e, len(m.d2), m.d2)
	m.MapSquares(m.d2)
}

// MapSquares is Map for squared distances that are known, of the patches inside.
func (m *Mapper) MapSquares(d2 []int32) {
	for i, d := range d2[:len(m.distances)] {
		m.distances[i] = Distance(d)
	}
	for i, p := range m.places {
		m.grid[p] = m.distances[i]
	}
	if m.roi == nil {
		Smooth(m.grid, m.h, m.w, m.smooth, m.scratch)
		return
	}
	smoothInside(m.grid, m.roi, m.w, 1, m.scratch)
	smoothInside(m.scratch, m.roi, m.w, m.w, m.smooth)
}

// Smoothed returns the anomaly map, [h][w], in the unit of the image score. It is 0 outside.
func (m *Mapper) Smoothed() []float32 { return m.smooth }

// Inside returns a copy of the anomaly map's values inside.
func (m *Mapper) Inside() []float32 { return roi.Keep(m.roi, append([]float32(nil), m.smooth...), 1) }

// Worst returns the patch with the largest distance among those inside, the first of equals, its place on the grid, and that distance.
func (m *Mapper) Worst() (patch, place int, distance float32) {
	for i, d := range m.distances {
		if d > distance {
			patch, distance = i, d
		}
	}
	return patch, m.Place(patch), distance
}

// Place is where patch n of those inside lies on the grid.
func (m *Mapper) Place(n int) int {
	if m.places == nil {
		return n
	}
	return m.places[n]
}

// ImageScore returns the mean of the k largest patch distances.
func (m *Mapper) ImageScore(k int) float32 {
	return ImageScore(m.distances, k, m.scratch[:len(m.distances)])
}

package detect

// Mapper computes the anomaly map and the image score of one image's embeddings. It is for one goroutine; its results are
// overwritten by the next Map.
type Mapper struct {
	h, w      int
	scorer    *Scorer
	d2        []int32
	distances []float32
	smooth    []float32
	scratch   []float32
}

// NewMapper returns a mapper for grids of h x w patches.
func NewMapper(s *Scorer, h, w int) *Mapper {
	n := h * w
	return &Mapper{h: h, w: w, scorer: s, d2: make([]int32, n), distances: make([]float32, n), smooth: make([]float32, n), scratch: make([]float32, n)}
}

// Map computes the distances of e, [h*w][D].
func (m *Mapper) Map(e []int8) {
	m.scorer.Nearest(e, len(m.d2), m.d2)
	for i, d := range m.d2 {
		m.distances[i] = Distance(d)
	}
	Smooth(m.distances, m.h, m.w, m.smooth, m.scratch)
}

// Smoothed returns the anomaly map, [h][w], in the unit of the image score.
func (m *Mapper) Smoothed() []float32 { return m.smooth }

// Worst returns the patch with the largest distance, the first of equals, and that distance.
func (m *Mapper) Worst() (patch int, distance float32) {
	for i, d := range m.distances {
		if d > distance {
			patch, distance = i, d
		}
	}
	return patch, distance
}

// ImageScore returns the mean of the k largest patch distances.
func (m *Mapper) ImageScore(k int) float32 { return ImageScore(m.distances, k, m.scratch) }

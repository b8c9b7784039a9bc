package detect

import (
	"fmt"
	"math"
	"slices"

	"anomnet/core/engine"
	"anomnet/core/roi"
)

// Centroids are K embeddings of good patches, Data [K][D], within -63..63 as embeddings are.
type Centroids struct {
	K, D int
	Data []int8
}

// Validate checks shape and range.
func (c *Centroids) Validate() error {
	if c.K < 1 || c.K > 1<<20 || c.D < 1 || c.D > 1024 || len(c.Data) != c.K*c.D {
		return fmt.Errorf("detect: centroids %d x %d have %d values", c.K, c.D, len(c.Data))
	}
	for i, v := range c.Data {
		if v < -engine.EmbeddingMax || v > engine.EmbeddingMax {
			return fmt.Errorf("detect: centroid value %d is %d", i, v)
		}
	}
	return nil
}

// Scorer measures the distance of embeddings to their nearest centroid. It may be shared by goroutines.
type Scorer struct {
	d      int
	search engine.Search
}

// NewScorer validates and packs c.
func NewScorer(c *Centroids, k engine.Kernels) (*Scorer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	search, err := k.NewSearch(c.D)
	if err != nil {
		return nil, fmt.Errorf("detect: centroids: %w", err)
	}
	for i := range c.K {
		search.Append(c.Data[i*c.D : (i+1)*c.D])
	}
	return &Scorer{d: c.D, search: search}, nil
}

// Nearest writes the squared distance of n embeddings e, [n][D], to their nearest centroids: |e|^2 + |c|^2 - 2 e.c, exact in int32.
func (s *Scorer) Nearest(e []int8, n int, d2 []int32) {
	for i := range d2[:n] {
		d2[i] = math.MaxInt32
	}
	s.search.Nearest(e, n, 0, d2)
}

// Which returns the nearest centroid of one embedding, the first of equals, and the squared distance to it.
func (c *Centroids) Which(e []int8) (index int, d2 int32) {
	d2 = math.MaxInt32
	for k := range c.K {
		var sum int32
		for i, v := range c.Data[k*c.D : (k+1)*c.D] {
			d := int32(e[i]) - int32(v)
			sum += d * d
		}
		if sum < d2 {
			index, d2 = k, sum
		}
	}
	return index, d2
}

// Distance returns f32(sqrt(f64(d2))).
func Distance(d2 int32) float32 { return float32(math.Sqrt(float64(d2))) }

// ImageScore is the mean of the top k patch distances: summed in float32 from the largest down, then divided by k.
// scratch has the length of distances and is overwritten.
func ImageScore(distances []float32, k int, scratch []float32) float32 {
	copy(scratch, distances)
	slices.Sort(scratch)
	k = max(1, min(k, len(scratch)))
	var sum float32
	for i := len(scratch) - 1; i >= len(scratch)-k; i-- {
		sum = float32(sum + scratch[i])
	}
	return float32(sum / float32(k))
}

// Smooth writes the anomaly map to dst: the distances, [h][w], filtered with [1 2 1]/4 on each axis (edges repeat).
// scratch has the same length.
func Smooth(distances []float32, h, w int, dst, scratch []float32) {
	for y := 0; y < h; y++ {
		for x := 0; x < w; x++ {
			scratch[y*w+x] = blend(distances[y*w+max(x-1, 0)], distances[y*w+x], distances[y*w+min(x+1, w-1)])
		}
	}
	for y := 0; y < h; y++ {
		for x := 0; x < w; x++ {
			dst[y*w+x] = blend(scratch[max(y-1, 0)*w+x], scratch[y*w+x], scratch[min(y+1, h-1)*w+x])
		}
	}
}

// smoothInside is one pass of Smooth, along rows for a step of 1 or columns for a step of w, for the patches inside: a neighbour outside counts like one beyond the
// edge, and outside dst is 0.
func smoothInside(src []float32, in roi.Mask, w, step int, dst []float32) {
	for i, b := range src {
		if in[i] == 0 {
			dst[i] = 0
			continue
		}
		a, c := b, b
		if before := i - step; before >= 0 && (step > 1 || i%w > 0) && in[before] != 0 {
			a = src[before]
		}
		if after := i + step; after < len(src) && (step > 1 || after%w > 0) && in[after] != 0 {
			c = src[after]
		}
		dst[i] = blend(a, b, c)
	}
}

// blend returns (a + 2b + c) / 4, each operation rounded to float32 (the multiplications are exact).
func blend(a, b, c float32) float32 {
	return float32(float32(float32(a+c)+float32(2*b)) * 0.25)
}

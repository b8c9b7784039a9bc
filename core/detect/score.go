package detect

import (
	"fmt"
	"math"
	"slices"

	"anomnet/core/engine"
)

// Centroids are K embeddings of good patches, Data [K][D], -127..127.
type Centroids struct {
	K, D int
	Data []int8
}

// Validate checks shape and range.
func (c *Centroids) Validate() error {
	if c.K < 1 || c.K > 1<<20 || c.D < 1 || c.D > 1024 || len(c.Data) != c.K*c.D {
		return fmt.Errorf("detect: centroids %d x %d have %d values", c.K, c.D, len(c.Data))
	}
	return checkI8("centroid value", c.Data)
}

// Scorer measures the distance of embeddings to their nearest centroid. It is for one goroutine.
type Scorer struct {
	k, d  int
	mat   *engine.Matrix
	norms []int32 // |c|^2
	acc   []int32
	best  []int32
	which []int32
}

// NewScorer validates and packs c.
func NewScorer(c *Centroids, tier engine.Tier) (*Scorer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m, err := engine.NewMatrix(c.Data, c.K, c.D, tier)
	if err != nil {
		return nil, err
	}
	s := &Scorer{k: c.K, d: c.D, mat: m, norms: make([]int32, c.K), acc: make([]int32, rowBlock*engine.GroupRows),
		best: make([]int32, rowBlock), which: make([]int32, rowBlock)}
	for i := range s.norms {
		s.norms[i] = SquaredNorm(c.Data[i*c.D : (i+1)*c.D])
	}
	return s, nil
}

// SquaredNorm returns |v|^2.
func SquaredNorm(v []int8) int32 {
	var sum int32
	for _, x := range v {
		sum += int32(x) * int32(x)
	}
	return sum
}

// Nearest finds, for n embeddings e [n][D], the nearest centroid (the first of equals) and the squared distance to it:
// d2 = |e|^2 + |c|^2 - 2 e.c, exact in int32.
func (s *Scorer) Nearest(e []int8, n int, d2, index []int32) {
	for first := 0; first < n; first += rowBlock {
		rows := min(rowBlock, n-first)
		s.nearestBlock(e[first*s.d:(first+rows)*s.d], rows)
		for i := 0; i < rows; i++ {
			p := first + i
			d2[p] = s.best[i] + SquaredNorm(e[p*s.d:(p+1)*s.d])
			index[p] = s.which[i]
		}
	}
}

func (s *Scorer) nearestBlock(e []int8, rows int) {
	for i := 0; i < rows; i++ {
		s.best[i] = math.MaxInt32
	}
	for g := 0; g < s.mat.Groups(); g++ {
		s.mat.MulI8(g, e, rows, s.acc)
		first := g * engine.GroupRows
		norms := s.norms[first:min(first+engine.GroupRows, s.k)]
		for i := 0; i < rows; i++ {
			acc := s.acc[i*engine.GroupRows:][:len(norms)]
			for j, dot := range acc {
				if d := norms[j] - 2*dot; d < s.best[i] {
					s.best[i], s.which[i] = d, int32(first+j)
				}
			}
		}
	}
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

// blend returns (a + 2b + c) / 4, each operation rounded to float32 (the multiplications are exact).
func blend(a, b, c float32) float32 {
	return float32(float32(float32(a+c)+float32(2*b)) * 0.25)
}

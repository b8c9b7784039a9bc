package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
)

func randomTap(rng *rand.Rand, h, w, c int) *engine.Tensor {
	return filledTap(h, w, c, func() uint8 { return uint8(rng.IntN(128)) })
}

func filledTap(h, w, c int, value func() uint8) *engine.Tensor {
	t := engine.NewTensor(h, w, c)
	for y := range h {
		for i := range t.Row(y) {
			t.Row(y)[i] = value()
		}
	}
	return t
}

// at reads a tap with repeated edges.
func at(t *engine.Tensor, y, x, c int) float64 {
	y, x = max(0, min(y, t.H-1)), max(0, min(x, t.W-1))
	return float64(t.Row(y)[x*t.C+c])
}

func mean3(t *engine.Tensor, y, x, c int) float64 {
	y, x = max(0, min(y, t.H-1)), max(0, min(x, t.W-1))
	var s float64
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			s += at(t, y+dy, x+dx, c)
		}
	}
	return s / 9
}

// TestSumsAreMeansAndBilinear compares the integer sums with the means and the half-pixel bilinear upsampling in float64.
func TestSumsAreMeansAndBilinear(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	taps := []*engine.Tensor{randomTap(rng, 8, 12, 3), randomTap(rng, 4, 6, 2)}
	g, err := NewGrid(taps, 64, 96)
	require.NoError(t, err)
	require.Equal(t, []int{8, 12, 5}, []int{g.H, g.W, g.C})
	sums := make([]uint16, g.Patches()*g.C)
	g.Sums(sums)
	for y := range g.H {
		for x := range g.W {
			for c := range g.C {
				got := float64(sums[(y*g.W+x)*g.C+c]) * float64(g.MeanFactor(c))
				want := 0.0
				if c < 3 {
					want = mean3(taps[0], y, x, c)
				} else {
					fy, fx := (float64(y)+0.5)/2-0.5, (float64(x)+0.5)/2-0.5
					y0, x0 := math.Floor(fy), math.Floor(fx)
					for _, p := range [][3]float64{{0, 0, (1 - fy + y0) * (1 - fx + x0)}, {0, 1, (1 - fy + y0) * (fx - x0)}, {1, 0, (fy - y0) * (1 - fx + x0)}, {1, 1, (fy - y0) * (fx - x0)}} {
						want += p[2] * mean3(taps[1], int(y0+p[0]), int(x0+p[1]), c-3)
					}
				}
				require.InDelta(t, want, got, 1e-4, "y %d x %d c %d", y, x, c)
			}
		}
	}
}

func TestSumsFitIn16Bits(t *testing.T) {
	g, err := NewGrid([]*engine.Tensor{filledTap(4, 4, 1, func() uint8 { return 127 })}, 64, 64)
	require.NoError(t, err)
	sums := make([]uint16, g.Patches())
	g.Sums(sums)
	for _, s := range sums {
		require.Equal(t, uint16(127*144), s)
	}
}

func TestGridRefusesOtherStrides(t *testing.T) {
	_, err := NewGrid([]*engine.Tensor{engine.NewTensor(3, 4, 1)}, 64, 64)
	assert.Error(t, err)
}

func randomI8(rng *rand.Rand, n, limit int) []int8 {
	v := make([]int8, n)
	for i := range v {
		v[i] = int8(rng.IntN(2*limit+1) - limit)
	}
	return v
}

// TestEmbedAndNearestByDefinition checks both tiers against the formulas written out.
func TestEmbedAndNearestByDefinition(t *testing.T) {
	for _, l2 := range []bool{false, true} {
		for _, tier := range engine.Tiers() {
			t.Run(fmt.Sprintf("l2=%v/%s", l2, tier.Name()), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(2, 2))
				const n, in, out, k = 131, 70, 13, 29
				a := &Adapter{In: in, Out: out, L2: l2, Weight: randomI8(rng, in*out, 127)}
				for range out {
					s := float32(0.0005 + 0.001*rng.Float64())
					if l2 {
						s *= 500
					}
					a.Scale = append(a.Scale, s)
				}
				x := make([]uint8, n*in)
				for i := range x[in:] { // the first patch is empty
					x[in+i] = uint8(rng.IntN(128))
				}
				em, err := NewEmbedder(a, tier)
				require.NoError(t, err)
				e := make([]int8, n*out)
				em.Embed(x, n, e)
				c := &Centroids{K: k, D: out, Data: randomI8(rng, k*out, engine.EmbeddingMax)}
				copy(c.Data[5*out:6*out], c.Data[3*out:4*out]) // equal centroids: the first wins
				sc, err := NewScorer(c, tier)
				require.NoError(t, err)
				d2 := make([]int32, n)
				sc.Nearest(e, n, d2)
				for p := range n {
					require.Equal(t, wantEmbedding(a, x[p*in:(p+1)*in]), e[p*out:(p+1)*out], "patch %d", p)
					wd, wi := wantNearest(c, e[p*out:(p+1)*out])
					require.Equal(t, wd, d2[p])
					index, distance := c.Which(e[p*out : (p+1)*out])
					require.Equal(t, []int32{wi, wd}, []int32{int32(index), distance})
				}
			})
		}
	}
}

func wantEmbedding(a *Adapter, x []uint8) []int8 {
	e := make([]int8, a.Out)
	norm := 0.0
	for _, v := range x {
		norm += float64(v) * float64(v)
	}
	inverse := float32(1 / math.Sqrt(norm+1))
	for d := range e {
		acc := 0
		for i, v := range x {
			acc += int(v) * int(a.Weight[d*a.In+i])
		}
		t := float32(float32(acc) * a.Scale[d])
		if a.L2 {
			t = float32(t * inverse)
		}
		e[d] = int8(math.RoundToEven(math.Max(-63, math.Min(63, float64(t)))))
	}
	return e
}

func wantNearest(c *Centroids, e []int8) (d2, index int32) {
	d2 = math.MaxInt32
	for k := range c.K {
		var s int32
		for i, v := range e {
			d := int32(v) - int32(c.Data[k*c.D+i])
			s += d * d
		}
		if s < d2 {
			d2, index = s, int32(k)
		}
	}
	return d2, index
}

// TestImageScoreAddsFromTheLargestDown: in float32 the order counts, and it is part of the numeric contract.
func TestImageScoreAddsFromTheLargestDown(t *testing.T) {
	d := []float32{1, 1 << 24, 1, 1} // a 1 behind 1 << 24 is lost, three of them before it are not
	assert.Equal(t, float32(1<<24)/4, ImageScore(d, 4, make([]float32, 4)))
	assert.Equal(t, []float32{1, 1 << 24, 1, 1}, d)
}

// TestTheFirstOfEquals: bytes of heads hang on which centroid is the nearest, and pages point to the worst patch.
func TestTheFirstOfEquals(t *testing.T) {
	c := Centroids{K: 4, D: 1, Data: []int8{9, 3, 5, 3}}
	index, d2 := c.Which([]int8{4})
	assert.Equal(t, []int32{1, 1}, []int32{int32(index), d2})
	m := NewMapper(nil, 2, 2, nil)
	m.MapSquares([]int32{4, 9, 1, 9})
	patch, place, distance := m.Worst()
	assert.Equal(t, []float32{1, 1, 3}, []float32{float32(patch), float32(place), distance})
}

func TestImageScoreIsTheMeanOfTheLargest(t *testing.T) {
	d := []float32{1, 9, 3, 7, 5}
	scratch := make([]float32, len(d))
	assert.Equal(t, float32(9), ImageScore(d, 1, scratch))
	assert.Equal(t, float32(7), ImageScore(d, 3, scratch))
	assert.Equal(t, float32(5), ImageScore(d, 99, scratch))
	assert.Equal(t, []float32{1, 9, 3, 7, 5}, d)
}

func TestSmoothKeepsConstantsAndSpreadsAPeak(t *testing.T) {
	const h, w = 4, 5
	d, dst, scratch := make([]float32, h*w), make([]float32, h*w), make([]float32, h*w)
	for i := range d {
		d[i] = 3.25
	}
	Smooth(d, h, w, dst, scratch)
	assert.Equal(t, d, dst)
	clear(d)
	d[1*w+2] = 16
	Smooth(d, h, w, dst, scratch)
	assert.Equal(t, []float32{0, 1, 2, 1, 0, 0, 2, 4, 2, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0}, dst)
}

// TestSmoothAddsTheNeighboursFirst: the order of float32 operations is part of the numeric contract.
func TestSmoothAddsTheNeighboursFirst(t *testing.T) {
	dst := make([]float32, 3)
	Smooth([]float32{1 << 24, 1, 1}, 1, 3, dst, make([]float32, 3))
	assert.Equal(t, float32(4194304.5), dst[1], "1 << 24 takes no 1, but a 2")
}

func TestUpsampleBetweenPatchCentres(t *testing.T) {
	assert.Equal(t, []float32{0, 0.5, 1.5, 2}, Upsample([]float32{0, 2}, 2, 1, 4, 1))
	assert.Equal(t, []float32{7, 7, 7, 7}, Upsample([]float32{7}, 1, 1, 2, 2))
}

// ExampleScorer finds the nearest centroid of one embedding.
func ExampleScorer() {
	c := &Centroids{K: 2, D: 3, Data: []int8{0, 0, 0, 10, 0, 0}}
	s, err := NewScorer(c, engine.Generic())
	if err != nil {
		panic(err)
	}
	e, d2 := []int8{7, 4, 0}, make([]int32, 1)
	s.Nearest(e, 1, d2)
	index, _ := c.Which(e)
	fmt.Println(index, Distance(d2[0]))
	// Output: 1 5
}

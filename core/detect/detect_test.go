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

func randomTap(rng *rand.Rand, h, w, c int) TapMap {
	t := TapMap{H: h, W: w, C: c, Data: make([]uint8, h*w*c)}
	for i := range t.Data {
		t.Data[i] = uint8(rng.IntN(128))
	}
	return t
}

// at reads a tap with repeated edges.
func at(t *TapMap, y, x, c int) float64 {
	y, x = max(0, min(y, t.H-1)), max(0, min(x, t.W-1))
	return float64(t.Data[(y*t.W+x)*t.C+c])
}

func mean3(t *TapMap, y, x, c int) float64 {
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
	taps := []TapMap{randomTap(rng, 8, 12, 3), randomTap(rng, 4, 6, 2)}
	g, err := NewGrid(taps, 64, 96)
	require.NoError(t, err)
	require.Equal(t, []int{8, 12, 5}, []int{g.H, g.W, g.C})
	sums := make([]uint16, g.Patches()*g.C)
	g.Sums(taps, sums)
	for y := range g.H {
		for x := range g.W {
			for c := range g.C {
				got := float64(sums[(y*g.W+x)*g.C+c]) * float64(g.MeanFactor(taps, c))
				want := 0.0
				if c < 3 {
					want = mean3(&taps[0], y, x, c)
				} else {
					fy, fx := (float64(y)+0.5)/2-0.5, (float64(x)+0.5)/2-0.5
					y0, x0 := math.Floor(fy), math.Floor(fx)
					for _, p := range [][3]float64{{0, 0, (1 - fy + y0) * (1 - fx + x0)}, {0, 1, (1 - fy + y0) * (fx - x0)}, {1, 0, (fy - y0) * (1 - fx + x0)}, {1, 1, (fy - y0) * (fx - x0)}} {
						want += p[2] * mean3(&taps[1], int(y0+p[0]), int(x0+p[1]), c-3)
					}
				}
				require.InDelta(t, want, got, 1e-4, "y %d x %d c %d", y, x, c)
			}
		}
	}
}

func TestSumsFitIn16Bits(t *testing.T) {
	full := TapMap{H: 4, W: 4, C: 1, Data: make([]uint8, 16)}
	for i := range full.Data {
		full.Data[i] = 127
	}
	g, err := NewGrid([]TapMap{full}, 64, 64)
	require.NoError(t, err)
	sums := make([]uint16, g.Patches())
	g.Sums([]TapMap{full}, sums)
	for _, s := range sums {
		require.Equal(t, uint16(127*144), s)
	}
}

func TestGridRefusesOtherStrides(t *testing.T) {
	_, err := NewGrid([]TapMap{{H: 3, W: 4, C: 1, Data: make([]uint8, 12)}}, 64, 64)
	assert.Error(t, err)
}

func randomI8(rng *rand.Rand, n int) []int8 {
	v := make([]int8, n)
	for i := range v {
		v[i] = int8(rng.IntN(255) - 127)
	}
	return v
}

// TestEmbedAndNearestByDefinition checks both tiers against the formulas written out.
func TestEmbedAndNearestByDefinition(t *testing.T) {
	for _, l2 := range []bool{false, true} {
		for _, tier := range engine.Tiers() {
			t.Run(fmt.Sprintf("l2=%v/%s", l2, tier), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(2, 2))
				const n, in, out, k = 131, 70, 13, 29
				a := &Adapter{In: in, Out: out, L2: l2, Weight: randomI8(rng, in*out)}
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
				c := &Centroids{K: k, D: out, Data: randomI8(rng, k*out)}
				copy(c.Data[5*out:6*out], c.Data[3*out:4*out]) // equal centroids: the first wins
				sc, err := NewScorer(c, tier)
				require.NoError(t, err)
				d2, index := make([]int32, n), make([]int32, n)
				sc.Nearest(e, n, d2, index)
				for p := range n {
					require.Equal(t, wantEmbedding(a, x[p*in:(p+1)*in]), e[p*out:(p+1)*out], "patch %d", p)
					wd, wi := wantNearest(c, e[p*out:(p+1)*out])
					require.Equal(t, wd, d2[p])
					require.Equal(t, wi, index[p])
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
		e[d] = int8(math.RoundToEven(math.Max(-127, math.Min(127, float64(t)))))
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

func TestAdapterAndCentroidsRefuse(t *testing.T) {
	ok := Adapter{In: 2, Out: 1, Weight: []int8{1, 2}, Scale: []float32{1}}
	require.NoError(t, ok.Validate())
	for _, bad := range []Adapter{{In: 2, Out: 1, Weight: []int8{1}, Scale: []float32{1}}, {In: 2, Out: 1, Weight: []int8{1, -128}, Scale: []float32{1}},
		{In: 2, Out: 1, Weight: []int8{1, 2}, Scale: []float32{float32(math.NaN())}}, {}} {
		assert.Error(t, bad.Validate())
	}
	assert.Error(t, (&Centroids{K: 2, D: 2, Data: make([]int8, 3)}).Validate())
	assert.Error(t, (&Centroids{}).Validate())
}

func TestUpsampleBetweenPatchCentres(t *testing.T) {
	assert.Equal(t, []float32{0, 0.5, 1.5, 2}, Upsample([]float32{0, 2}, 2, 1, 4, 1))
	assert.Equal(t, []float32{7, 7, 7, 7}, Upsample([]float32{7}, 1, 1, 2, 2))
}

// ExampleScorer finds the nearest centroid of one embedding.
func ExampleScorer() {
	s, err := NewScorer(&Centroids{K: 2, D: 3, Data: []int8{0, 0, 0, 10, 0, 0}}, engine.TierGeneric)
	if err != nil {
		panic(err)
	}
	d2, index := make([]int32, 1), make([]int32, 1)
	s.Nearest([]int8{7, 4, 0}, 1, d2, index)
	fmt.Println(index[0], Distance(d2[0]))
	// Output: 1 5
}

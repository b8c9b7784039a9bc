package detect

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/roi"
)

// TestMapperLooksInsideOnly compares maps of random masks with the definition, and changes what lies outside.
func TestMapperLooksInsideOnly(t *testing.T) {
	const h, w, d = 7, 9, 5
	r := rand.New(rand.NewPCG(3, 4))
	values := func(n int) []int8 {
		v := make([]int8, n)
		for i := range v {
			v[i] = int8(r.IntN(2*engine.EmbeddingMax+1) - engine.EmbeddingMax)
		}
		return v
	}
	scorer, err := NewScorer(&Centroids{K: 4, D: d, Data: values(4 * d)}, engine.Fastest())
	require.NoError(t, err)
	for range 40 {
		mask := make(roi.Mask, h*w)
		for i := range mask {
			mask[i] = uint8(r.IntN(2))
		}
		mask[0], mask[1] = 0, 1
		e := values(h * w * d)
		inside := roi.Keep(mask, append([]int8(nil), e...), d)
		m := NewMapper(scorer, h, w, mask)
		m.Map(inside)
		all := NewMapper(scorer, h, w, nil)
		all.Map(e)
		want := make([]float32, 0, h*w)
		for p, v := range all.distances {
			if mask[p] != 0 {
				want = append(want, v)
			}
		}
		assert.Equal(t, want, m.distances)
		scratch := make([]float32, len(want))
		assert.Equal(t, ImageScore(want, 3, scratch), m.ImageScore(3))
		patch, place, worst := m.Worst()
		assert.Equal(t, worst, want[patch])
		assert.Equal(t, worst, all.distances[place])
		assert.Equal(t, plainSmooth(all.distances, mask, h, w), m.Smoothed())
		assert.Len(t, m.Inside(), len(want))
	}
}

// plainSmooth is Smooth by definition, where patches outside count like those beyond an edge.
func plainSmooth(v []float32, in roi.Mask, h, w int) []float32 {
	pass := func(src []float32, dx, dy int) []float32 {
		out := make([]float32, len(src))
		at := func(x, y int, own float32) float32 {
			if x < 0 || y < 0 || x >= w || y >= h || in[y*w+x] == 0 {
				return own
			}
			return src[y*w+x]
		}
		for i, b := range src {
			if x, y := i%w, i/w; in[i] != 0 {
				out[i] = blend(at(x-dx, y-dy, b), b, at(x+dx, y+dy, b))
			}
		}
		return out
	}
	return pass(pass(v, 1, 0), 0, 1)
}

// TestMaskOfEverything gives what no mask gives.
func TestMaskOfEverything(t *testing.T) {
	const h, w = 4, 6
	r := rand.New(rand.NewPCG(5, 6))
	scorer, err := NewScorer(&Centroids{K: 1, D: 2, Data: []int8{3, -7}}, engine.Fastest())
	require.NoError(t, err)
	e, full := make([]int8, h*w*2), make(roi.Mask, h*w)
	for i := range e {
		e[i] = int8(r.IntN(120) - 60)
	}
	for i := range full {
		full[i] = 1
	}
	a, b := NewMapper(scorer, h, w, nil), NewMapper(scorer, h, w, full)
	a.Map(e)
	b.Map(e)
	assert.Equal(t, a.Smoothed(), b.Smoothed())
	assert.Equal(t, a.ImageScore(5), b.ImageScore(5))
	ap, aq, av := a.Worst()
	bp, bq, bv := b.Worst()
	assert.Equal(t, []any{ap, aq, av}, []any{bp, bq, bv})
}

// TestInsideIsACopy: the map stays in place.
func TestInsideIsACopy(t *testing.T) {
	m := NewMapper(nil, 2, 2, roi.Mask{0, 1, 0, 1})
	m.MapSquares([]int32{4, 16})
	before := slices.Clone(m.Smoothed())
	inside := m.Inside()
	assert.Equal(t, []float32{before[1], before[3]}, inside)
	assert.Equal(t, before, m.Smoothed())
}

package baseline

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/detect"
	"anomnet/trainer"
	"anomnet/trainer/cluster"
)

// sheet makes images on a 4 x 4 grid of 8 channels: each place has its own colour, and all channels of a patch move together. A bad image
// has one patch in which they move apart, by off.
func sheet(seed uint64, images int, off float64) *Input {
	in := &Input{H: 4, W: 4, C: 8}
	rng := rand.New(rand.NewPCG(seed, 1))
	for range images {
		var x []uint8
		bad := rng.IntN(16)
		for at := range 16 {
			common := rng.NormFloat64() * 6
			for c := range in.C {
				v := 40 + 3*float64(at) + common + rng.NormFloat64()*2
				if at == bad && c%2 == 0 {
					v += off
				}
				x = append(x, uint8(max(0, min(127, math.Round(v)))))
			}
		}
		in.Good = append(in.Good, x)
	}
	return in
}

// separates checks that a detector scores images with a bad patch above good ones, in at least so many of 100 pairs.
func separates(t *testing.T, d Detector, least int) {
	t.Helper()
	good, bad := sheet(11, 30, 0), sheet(12, 30, 24)
	patches := make([]float32, 16)
	var scores [2][]float32
	for k, in := range []*Input{good, bad} {
		for _, x := range in.Good {
			s, err := d.Detect(x, patches)
			require.NoError(t, err)
			scores[k] = append(scores[k], s)
		}
	}
	wins := 0
	for _, b := range scores[1] {
		for _, g := range scores[0] {
			if b > g {
				wins++
			}
		}
	}
	assert.Greater(t, wins, 30*30*least/100)
	_, err := d.Detect(good.Good[0][1:], patches)
	assert.ErrorContains(t, err, "for a grid of 4 x 4 x 8")
	assert.Positive(t, d.Bytes())
}

func TestCholeskyByHand(t *testing.T) {
	a := []float64{4, 2, 3} // [4 2; 2 3] = L L^T with L = [2 0; 1 sqrt 2]
	require.NoError(t, cholesky(a, 2))
	assert.InDeltaSlice(t, []float64{2, 1, math.Sqrt2}, a, 1e-15)
	assert.ErrorContains(t, cholesky([]float64{1, 2, 1}, 2), "positive definite")
}

// TestPaDiMByHand: three images of one patch with the values (0, 0), (2, 0), (1, 3): mean (1, 1), variances 1 and 3, covariance 0.
func TestPaDiMByHand(t *testing.T) {
	in := &Input{H: 1, W: 1, C: 2, Good: [][]uint8{{0, 0}, {2 * levels, 0}, {levels, 3 * levels}}}
	p, err := NewPaDiM(t.Context(), in, 0)
	require.NoError(t, err)
	patches := make([]float32, 1)
	for x, want := range map[[2]uint8]float64{{3, 1}: 2 / math.Sqrt(1.01), {1, 4}: 3 / math.Sqrt(3.01), {1, 1}: 0,
		{3, 4}: math.Sqrt(4/1.01 + 9/3.01)} {
		image, err := p.Detect([]uint8{x[0] * levels, x[1] * levels}, patches)
		require.NoError(t, err)
		assert.InDelta(t, want, float64(patches[0]), 1e-5, x)
		assert.Equal(t, patches[0], image, "one patch is its own smoothed map")
	}
	assert.Equal(t, 4*(2+3), p.Bytes())
}

func TestPaDiM(t *testing.T) {
	p, err := NewPaDiM(t.Context(), sheet(1, 40, 0), 3)
	require.NoError(t, err)
	separates(t, p, 90)
	wide := &Input{H: 1, W: 1, C: 130, Good: [][]uint8{make([]uint8, 130), make([]uint8, 130)}}
	p, err = NewPaDiM(t.Context(), wide, 3)
	require.NoError(t, err, "fewer images than channels: the diagonal keeps the covariance definite")
	assert.Len(t, p.channels, padimChannels)
	assert.True(t, slices.IsSorted(p.channels))
	again, err := NewPaDiM(t.Context(), wide, 4)
	require.NoError(t, err)
	assert.NotEqual(t, p.channels, again.channels, "the seed draws the channels")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = NewPaDiM(ctx, wide, 3)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestBadInput(t *testing.T) {
	for want, in := range map[string]*Input{
		"at least two images": {H: 1, W: 1, C: 1, Good: [][]uint8{{1}}},
		"image 1 has 2":       {H: 1, W: 1, C: 1, Good: [][]uint8{{1}, {1, 2}}},
		"value 128 at 0":      {H: 1, W: 1, C: 1, Good: [][]uint8{{1}, {128}}},
	} {
		_, err := NewPaDiM(t.Context(), in, 0)
		assert.ErrorContains(t, err, want)
		_, err = NewCFA(t.Context(), in, nil)
		assert.ErrorContains(t, err, want)
	}
	_, err := NewPaDiM(t.Context(), nil, 0)
	assert.Error(t, err)
	_, err = NewSimpleNet(t.Context(), sheet(1, 3, 0), &GradientOptions{Steps: -1})
	assert.ErrorContains(t, err, "-1 steps of 0")
	if _, err := trainer.Device("cpu"); err != nil {
		_, err = NewCFA(t.Context(), sheet(1, 3, 0), nil)
		assert.ErrorIs(t, err, trainer.ErrNoTorch)
	}
}

// TestPatchCoreByHand: four bank members; gaps 2, 2, 2 and 10, so the unit is 2. The farthest patch (3, 0) is nearest to (0, 0).
func TestPatchCoreByHand(t *testing.T) {
	p, err := NewPatchCore(detect.Centroids{K: 4, D: 2, Data: []int8{0, 0, 0, 2, 0, 4, 10, 0}})
	require.NoError(t, err)
	assert.Equal(t, 2.0, p.unit)
	got, err := p.Image([]int8{0, 0, 3, 0}, []float32{0, 3})
	require.NoError(t, err)
	e := func(d float64) float64 { return math.Exp(d / 2) }
	want := (1 - e(3)/(e(3)+e(math.Sqrt(13))+e(5)+e(7))) * 3
	assert.InDelta(t, want, float64(got), 1e-6)

	far, err := p.Image([]int8{63, 63}, []float32{88})
	require.NoError(t, err)
	assert.Greater(t, far, float32(70), "no overflow far away")
	_, err = p.Image([]int8{1}, []float32{1})
	assert.Error(t, err)
	single, err := NewPatchCore(detect.Centroids{K: 1, D: 2, Data: []int8{0, 0}})
	require.NoError(t, err)
	got, err = single.Image([]int8{3, 4}, []float32{5})
	require.NoError(t, err)
	assert.Equal(t, float32(5), got)
	_, err = NewPatchCore(detect.Centroids{})
	assert.Error(t, err)
}

// TestCoreset: with and without a projection the greedy choice takes one row of each of six distant groups before a second of any.
func TestCoreset(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	const d = 32
	var x []float32
	for i := range 120 {
		for c := range d {
			v := float32(rng.NormFloat64())
			if c == i%6 {
				v += 100
			}
			x = append(x, v)
		}
	}
	for _, dim := range []int{0, 8, 64} {
		rows := coreset(x, d, 6, dim, 1, 2)
		groups := map[int]bool{}
		for _, r := range rows {
			groups[r%6] = true
		}
		assert.Len(t, groups, 6, dim)
		assert.Equal(t, rows, coreset(x, d, 6, dim, 1, 1))
	}
	assert.Equal(t, []int{2, 0, 1}, coreset([]float32{0, 4, 10}, 1, 3, 0, 0, 1), "10 is farthest from the mean, then 0, then 4")
}

func TestKMeansOfEmbeddings(t *testing.T) {
	e := []int8{0, 1, 2, 50, 52, 54, -63, -63, -63}
	got, err := KMeans(t.Context(), e, detect.Centroids{K: 3, D: 1, Data: []int8{0, 0, 0}}, 1, 1)
	require.NoError(t, err)
	require.NoError(t, got.Validate())
	slices.Sort(got.Data)
	assert.Equal(t, []int8{-63, 1, 52}, got.Data)
	got, err = KMeans(t.Context(), []int8{5, 5}, detect.Centroids{K: 2, D: 1, Data: []int8{0, 0}}, 1, 1)
	require.NoError(t, err)
	assert.Equal(t, detect.Centroids{K: 1, D: 1, Data: []int8{5}}, got)
}

// coreset is algorithm 1 of PatchCore (Roth et al. 2022): greedy minimax selection of k of the rows x [n][d] by distances after a random
// linear projection to dim dimensions (Johnson-Lindenstrauss; 0 means no projection). Our comparison selects with core/teach, which is the same
// greedy rule on exact integer distances without a projection; TestCoreset holds one against the other.
func coreset(x []float32, d, k, dim int, seed uint64, workers int) []int {
	if dim == 0 || dim >= d {
		rows, _ := cluster.KCentre(x, d, k, workers)
		return rows
	}
	rng := rand.New(rand.NewPCG(seed, 0x6a6c))
	w := make([]float32, dim*d)
	for i := range w {
		w[i] = float32(rng.NormFloat64() / math.Sqrt(float64(dim)))
	}
	n := len(x) / d
	projected := make([]float32, n*dim)
	for i := range n {
		for j := range dim {
			var s float32
			for c, v := range x[i*d : (i+1)*d] {
				s += v * w[j*d+c]
			}
			projected[i*dim+j] = s
		}
	}
	rows, _ := cluster.KCentre(projected, dim, k, workers)
	return rows
}

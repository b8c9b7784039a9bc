package teach

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/internal/tiny"
)

// TestRefilled compares the centres of cross-validation with the definition: those that other folds gave, then greedily more of the others' patches.
func TestRefilled(t *testing.T) {
	ctx := context.Background()
	set, err := Collect(ctx, tiny.Backbone(1), pre, textures(11), nil)
	require.NoError(t, err)
	fit := FitOptions{Centroids: 60, Embedding: 8, Norm: NormRaw, Augment: AugmentD4}.withDefaults()
	fit.Projection = RandomProjection(fit.Embedding, set.C, 0)
	f := &fitter{set: set, fit: fit}
	require.NoError(t, f.embed(ctx, fit.Norm))
	c, err := f.cover(ctx, "")
	require.NoError(t, err)
	near, err := f.nearest(ctx, c)
	require.NoError(t, err)
	at := func(p int) []int8 { return f.e[p*8 : (p+1)*8] }
	nearest := func(p int, centres []int) int32 {
		d2 := int32(math.MaxInt32)
		for _, q := range centres {
			d2 = min(d2, distance2(at(p), at(q)))
		}
		return d2
	}
	for fold := range folds {
		var centres, others []int
		for _, p := range c.centres {
			if set.fold[f.owner[p]] != fold {
				centres = append(centres, int(p))
			}
		}
		left := len(c.centres) - len(centres)
		for p, owner := range f.owner {
			if set.fold[owner] != fold {
				others = append(others, p)
			}
		}
		for range left {
			far, d2 := 0, int32(-1)
			for _, p := range others {
				if d := nearest(p, centres); d > d2 {
					far, d2 = p, d
				}
			}
			if d2 <= c.radii[len(c.centres)-1] {
				break
			}
			centres = append(centres, far)
		}
		m, err := f.refilled(ctx, c, near, fold)
		require.NoError(t, err)
		assert.Equal(t, len(centres), len(c.centres)-left+m.extra.Len(), "fold %d", fold)
		for _, i := range set.foldImages(fold) {
			m.measure(i)
			for k := range set.Patches {
				require.Equal(t, nearest(f.first[i]+k, centres), m.d2[f.first[i]+k], "fold %d, image %d, patch %d", fold, i, k)
			}
		}
	}
}

// TestSize: where good images soon come no nearer, few centroids do; a choice that is cut is the choice of fewer.
func TestSize(t *testing.T) {
	ctx := context.Background()
	set, err := Collect(ctx, tiny.Backbone(1), pre, textures(100), nil)
	require.NoError(t, err)
	fitterOf := func(k int) *fitter {
		fit := FitOptions{Centroids: k, Embedding: 8, Norm: NormL2, Augment: AugmentNone}.withDefaults()
		fit.Projection = RandomProjection(fit.Embedding, set.C, 0)
		f := &fitter{set: set, fit: fit}
		require.NoError(t, f.embed(ctx, fit.Norm))
		return f
	}
	medians := func(k int) float32 {
		f := fitterOf(k)
		c, err := f.cover(ctx, "")
		require.NoError(t, err)
		var compared trial
		for fold := range folds {
			nearest, err := f.dropped(ctx, fold)
			require.NoError(t, err)
			require.NoError(t, f.compare(ctx, set.foldImages(fold), nearest, &compared))
		}
		scores := compared.good
		require.Len(t, c.centres, k)
		slices.Sort(scores)
		return scores[len(scores)/2]
	}
	want := 256
	for k := 512; k <= 2048 && float64(medians(k)) <= 0.95*float64(medians(k/2)); k *= 2 {
		want = k
	}
	f := fitterOf(2048)
	c, err := f.cover(ctx, "")
	require.NoError(t, err)
	require.NoError(t, f.size(ctx, c))
	assert.Len(t, c.centres, want)
	g := fitterOf(want)
	direct, err := g.cover(ctx, "")
	require.NoError(t, err)
	assert.Equal(t, direct.centres, c.centres)
	assert.Equal(t, direct.radii, c.radii)
	t.Logf("%d of 2,048 centroids", want)
}

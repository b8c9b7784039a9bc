package teach

import (
	"context"
	"math"
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
			if d2 <= c.radius {
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

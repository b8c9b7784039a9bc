package teach

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/detect"
	"anomnet/core/imaging"
	"anomnet/core/internal/tiny"
)

// TestRefine: what Refine gives is in the head, and is what held-out images are scored by; what does not fit is an error.
func TestRefine(t *testing.T) {
	src := Source{Len: 10, Image: func(i int) (*imaging.RGB, error) { return tiny.Image(64, 32, uint64(i)), nil }}
	set, err := Collect(t.Context(), tiny.Backbone(1), pre, src, &Options{Copies: AugmentNone})
	require.NoError(t, err)
	fit := FitOptions{Embedding: 8, Centroids: 12, Norm: NormRaw, Augment: AugmentNone}
	plain, rep, err := set.Fit(t.Context(), fit, nil)
	require.NoError(t, err)
	calls := 0
	fit.Refine = func(_ context.Context, e []int8, c detect.Centroids) (detect.Centroids, error) {
		calls++
		assert.Zero(t, len(e)%8)
		return detect.Centroids{K: 1, D: 8, Data: slices.Clone(c.Data[:8])}, nil
	}
	one, single, err := set.Fit(t.Context(), fit, nil)
	require.NoError(t, err)
	assert.Equal(t, 6, calls, "five folds and the head")
	assert.Equal(t, plain.Centroids.Data[:8], one.Centroids.Data)
	assert.Greater(t, single.Scores[0], rep.Scores[0], "one centroid is farther than the nearest of many")
	j, err := set.CrossJudge(t.Context(), fit, nil)
	require.NoError(t, err)
	assert.Equal(t, 11, calls, "five folds")
	assert.True(t, j.Patch > 0 && j.Patch <= 1)

	for _, bad := range []detect.Centroids{{}, {K: 1, D: 4, Data: make([]int8, 4)}, {K: 1, D: 8, Data: slices.Repeat([]int8{100}, 8)}} {
		fit.Refine = func(context.Context, []int8, detect.Centroids) (detect.Centroids, error) { return bad, nil }
		_, _, err = set.Fit(t.Context(), fit, nil)
		assert.ErrorContains(t, err, "teach: centroids refined")
	}
	stop := errors.New("stop")
	fit.Refine = func(context.Context, []int8, detect.Centroids) (detect.Centroids, error) {
		return detect.Centroids{}, stop
	}
	_, err = set.CrossJudge(t.Context(), fit, nil)
	assert.ErrorIs(t, err, stop)
}

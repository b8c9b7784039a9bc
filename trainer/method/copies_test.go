package method

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/trainer/dataset"
	"anomnet/trainer/synth"
)

// TestTolerant holds what is taken against the judgements that it returns: light is judged on top of what there was, shift on top of what is taken by then.
func TestTolerant(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, synth.WriteDataset(t.Context(), dir, synth.Options{Size: 64}, 6, 0, 0, nil))
	data, err := dataset.Open(dir)
	require.NoError(t, err)
	file, err := model.Decode(assets.Backbone())
	require.NoError(t, err)
	pre := imaging.Preprocess{Width: 64, Height: 64, Mode: imaging.Stretch}
	src := teach.Source{Len: len(data.Train), File: func(i int) (string, []byte, error) {
		b, err := dataset.Read(data.Train[i])
		return data.Train[i], b, err
	}}
	fit := teach.FitOptions{Norm: teach.NormL2, Augment: teach.AugmentD4, Centroids: 64}
	for _, copies := range []teach.Augment{"none", "d4+light+shift"} {
		set, err := teach.Collect(t.Context(), file.Backbone, pre, src, &teach.Options{Copies: copies})
		require.NoError(t, err)
		take, tried, err := tolerant(t.Context(), set, fit, nil, nil)
		require.NoError(t, err)
		want, judged := teach.AugmentD4, 0
		for _, more := range []teach.Augment{teach.AugmentLight, teach.AugmentShift} {
			if !set.Holds(more) {
				continue
			}
			with, without := among(tried, fit.Norm, want.Plus(more)), among(tried, fit.Norm, want)
			require.NotNil(t, with)
			require.NotNil(t, without)
			if judged++; with.Better(without.Judgement) {
				want = want.Plus(more)
			}
		}
		assert.Equal(t, want, take, copies)
		if judged > 0 {
			judged++ // and what there was, once
		}
		assert.Len(t, tried, judged, copies)
		again, _, err := tolerant(t.Context(), set, fit, tried, nil)
		require.NoError(t, err)
		assert.Equal(t, take, again)
	}
}

package teach

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAUROCError(t *testing.T) {
	// Hanley and McNeil 1982, their example: 58 normal and 51 abnormal images, area 0.893, standard error 0.032.
	assert.InDelta(t, 0.032, Judgement{AUROC: 0.893, n: 58, bad: 51}.AUROCError(), 0.001)
	assert.Equal(t, 0.0, Judgement{AUROC: 1, n: 9, bad: 9}.AUROCError())
	assert.Equal(t, 1.0, Judgement{AUROC: 0.5}.AUROCError())
}

// Settings are judged by three seeds when there are many images, and by one when there are few: that choice is then the beginning of the head.
func TestManyImagesAreJudgedOften(t *testing.T) {
	ctx := context.Background()
	for _, n := range []int{20, manyImages + 1} {
		s := setOf(t, pictures(n)...).forRule()
		fit := tinyFit.withDefaults()
		fit.Norm, fit.Augment, fit.Seed = NormRaw, AugmentNone, 7
		var want Judgement
		seeds := map[bool]int{false: 1, true: ruleSeeds}[n > manyImages]
		var first Judgement
		for k := range seeds {
			one := fit
			one.Seed += int64(k)
			j, _, err := s.judge(ctx, one, ruleImages, ruleCentroids, nil)
			require.NoError(t, err)
			if k == 0 {
				first = j
			}
			want.AUROC, want.Separation, want.Patch = want.AUROC+j.AUROC/float64(seeds), want.Separation+j.Separation/float64(seeds), want.Patch+j.Patch/float64(seeds)
			want.n, want.bad = j.n, j.bad
		}
		got, _, err := s.judgeOften(ctx, fit, nil)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, n <= manyImages, got == first)
		fit.Projection = RandomProjection(fit.Embedding, s.C, 1)
		given, _, err := s.judgeOften(ctx, fit, nil)
		require.NoError(t, err)
		alone, _, err := s.judge(ctx, fit, ruleImages, ruleCentroids, nil)
		require.NoError(t, err)
		assert.Equal(t, alone, given, "of a projection that is given there is one")
	}
}

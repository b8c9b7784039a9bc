package inspect_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/inspect"
	"anomnet/core/internal/tiny"
	"anomnet/core/regions"
	"anomnet/core/roi"
)

func TestSimilar(t *testing.T) {
	b := tiny.Backbone(1)
	in, err := inspect.New(b, tiny.Head(b, 2), "", nil)
	require.NoError(t, err)
	picture, other := pngFile(t, tiny.Image(90, 50, 4)), pngFile(t, tiny.Image(90, 50, 9))
	res, err := in.Inspect(picture)
	require.NoError(t, err)
	worst, spots, err := in.Similar(picture, [][]byte{other, picture, picture[:50]})
	require.NoError(t, err)
	assert.Equal(t, res.Worst, worst)
	assert.GreaterOrEqual(t, worst.Distance, res.Raw, "the score is a mean of which this is the largest")
	assert.GreaterOrEqual(t, worst.Distance, slices.Max(res.Map), "the map is smoothed")
	require.Len(t, spots, 3)
	assert.Equal(t, inspect.Spot{X: worst.X, Y: worst.Y}, spots[1], "an image is most like itself")
	assert.Positive(t, spots[0].Distance)
	assert.Negative(t, spots[2].Distance)
	again, err := in.Inspect(picture)
	require.NoError(t, err)
	assert.Equal(t, res, again)
	_, _, err = in.Similar(nil, nil)
	assert.Error(t, err)
}

// TestSimilarLooksEverywhere: an image is most like itself wherever its worst patch lies, in the last corner too.
func TestSimilarLooksEverywhere(t *testing.T) {
	b := tiny.Backbone(1)
	h := tiny.Head(b, 2)
	h.ROI = make(roi.Mask, 8*4)
	h.ROI[3], h.ROI[30] = 1, 1
	in, err := inspect.New(b, h, "", nil)
	require.NoError(t, err)
	seen := map[int]bool{}
	for seed := range uint64(12) {
		picture := pngFile(t, tiny.Image(90, 50, seed))
		worst, spots, err := in.Similar(picture, [][]byte{picture})
		require.NoError(t, err)
		assert.Equal(t, []inspect.Spot{{X: worst.X, Y: worst.Y}}, spots)
		seen[worst.Y*8+worst.X] = true
	}
	assert.Equal(t, map[int]bool{3: true, 30: true}, seen)
}

func TestRegionsAreThoseOfTheMap(t *testing.T) {
	b := tiny.Backbone(1)
	h := tiny.Head(b, 2)
	in, err := inspect.New(b, h, "", nil)
	require.NoError(t, err)
	picture := pngFile(t, tiny.Image(90, 50, 4))
	res, err := in.Inspect(picture)
	require.NoError(t, err)
	h.Calibration.Limit = slices.Max(res.Map) * 0.9
	h.Calibration.Review = 0
	res, err = in.Inspect(picture)
	require.NoError(t, err)
	frame := regions.Frame{Width: 90, Height: 50, InputW: in.Info().Width, InputH: in.Info().Height, Mode: string(in.Info().Mode)}
	require.NotEmpty(t, res.Regions)
	assert.Equal(t, regions.Find(res.Map, res.MapW, res.MapH, res.Limit, frame).Regions, res.Regions)
	assert.Same(t, h.Calibration, in.Calibration())
	assert.Equal(t, h.TopK, in.Info().TopK)
}

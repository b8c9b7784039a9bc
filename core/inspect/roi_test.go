package inspect_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/internal/tiny"
	"anomnet/core/roi"
)

// TestOnlyTheRegionOfInterestCounts: a picture that differs far outside of it has the same result, one that differs inside another.
func TestOnlyTheRegionOfInterestCounts(t *testing.T) {
	b := tiny.Backbone(1)
	h := tiny.Head(b, 2)
	h.Preprocess = imaging.Preprocess{Width: 256, Height: 64, Mode: imaging.Stretch}
	h.Calibration.Limit, h.Calibration.Review = 20, 10
	h.ROI = roi.Polygon(roi.Rectangle(roi.Point{X: 1, Y: 1}, roi.Point{X: 9, Y: 7}), 32, 8, 32, 8)
	in, err := inspect.New(b, h, "", nil)
	require.NoError(t, err)
	img := tiny.Image(256, 64, 4)
	changed := func(fromX, toX int) []byte {
		out := imaging.NewRGB(img.W, img.H)
		copy(out.Pix, img.Pix)
		for i := range img.W * img.H {
			if x := i % img.W; x >= fromX && x < toX {
				out.Pix[3*i] ^= 0xff
			}
		}
		return pngFile(t, out)
	}
	good, err := in.Inspect(changed(0, 0))
	require.NoError(t, err)
	far, err := in.Inspect(changed(190, 256))
	require.NoError(t, err)
	assert.NotEqual(t, good.SHA256, far.SHA256)
	assert.NotEqual(t, good.Preview, far.Preview)
	far.SHA256, far.Preview = good.SHA256, good.Preview
	assert.Equal(t, good, far)
	near, err := in.Inspect(changed(20, 40))
	require.NoError(t, err)
	assert.NotEqual(t, good.Raw, near.Raw)
	for p, v := range good.Map {
		assert.Equal(t, h.ROI.In(p), v > 0, "patch %d", p)
	}
	assert.True(t, h.ROI.In(good.Worst.Y*32+good.Worst.X))
	require.NotEmpty(t, good.Regions)
	for _, r := range good.Regions {
		assert.True(t, r.Left >= 8 && r.Top >= 8 && r.Right <= 72 && r.Bottom <= 56, "%+v", r)
	}
	assert.Equal(t, h.ROI, in.Info().ROI)

	worst, spots, err := in.Similar(changed(0, 0), [][]byte{changed(0, 0), changed(0, 256)})
	require.NoError(t, err)
	assert.Equal(t, good.Worst, worst)
	assert.Equal(t, inspect.Spot{X: worst.X, Y: worst.Y}, spots[0])
	assert.True(t, h.ROI.In(spots[1].Y*32+spots[1].X))

	whole := *h
	whole.ROI = nil
	all, err := inspect.New(b, &whole, "", nil)
	require.NoError(t, err)
	res, err := all.Inspect(changed(0, 0))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, res.Raw, good.Raw, "more patches, larger distances")
}

package evaluate

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/calibrate"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/metrics"
	"anomnet/trainer/dataset"
)

// scored is an image with a map of 2 x 2 patches.
func scored(label, mask string, raw float32, verdict calibrate.Verdict, m ...float32) Scored {
	return Scored{Item: dataset.Item{Label: label, Mask: mask}, MS: 2, Result: &inspect.Result{Raw: raw, Verdict: verdict, Map: m, MapW: 2, MapH: 2}}
}

// square is how the images come to the model's input.
var square = imaging.Preprocess{Width: 32, Height: 32}

// leftMask is a mask of 32 x 32 pixels whose left half is set.
func leftMask(t *testing.T) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 32, 32))
	for i := range img.Pix {
		if i%32 < 16 {
			img.Pix[i] = 255
		}
	}
	path := filepath.Join(t.TempDir(), "mask.png")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, img))
	require.NoError(t, f.Close())
	return path
}

func TestComputeByHand(t *testing.T) {
	mask := leftMask(t)
	f, err := Compute([]Scored{
		scored("good", "", 1, calibrate.OK, 0, 0, 0, 0), scored("good", "", 4, calibrate.NG, 0, 0, 0, 0),
		scored("dent", mask, 5, calibrate.NG, 9, 1, 9, 1), scored("dent", "", 3, calibrate.Review, 0, 0, 0, 0),
	}, square)
	require.NoError(t, err)
	assert.InDelta(t, 0.75, f.ImageAUROC, 1e-12)
	assert.Equal(t, 0.5, f.FalseRejectRate)
	assert.Equal(t, 0.5, f.Recall)
	assert.Equal(t, []int{2, 2, 1}, []int{f.Good, f.Defect, f.Masked})
	assert.Equal(t, 2.0, f.MSPerImage)
	assert.InDelta(t, 1, f.PixelAUROC, 1e-12, "the map is brighter everywhere inside the mask")
	assert.InDelta(t, 1, f.AUPRO, 1e-12)
	assert.Empty(t, f.Left)
}

func TestComputeSaysWhatIsLeftOut(t *testing.T) {
	f, err := Compute([]Scored{scored("good", "", 1, calibrate.OK, 0, 0, 0, 0)}, square)
	require.NoError(t, err)
	assert.Contains(t, f.Left, "image")
	assert.Contains(t, f.Left, "pixel", "both are 0")
	f, err = Compute([]Scored{scored("good", "", 1, calibrate.OK, 0, 0, 0, 0), scored("dent", "", 2, calibrate.NG, 0, 0, 0, 0)}, square)
	require.NoError(t, err)
	assert.Contains(t, f.Left, "pixel")
	empty := filepath.Join(t.TempDir(), "empty.png")
	file, err := os.Create(empty)
	require.NoError(t, err)
	require.NoError(t, png.Encode(file, image.NewGray(image.Rect(0, 0, 700, 500))))
	require.NoError(t, file.Close())
	f, err = Compute([]Scored{scored("good", "", 1, calibrate.OK, 0, 0, 0, 0), scored("dent", empty, 2, calibrate.NG, 0, 0, 0, 0)}, square)
	require.NoError(t, err)
	assert.Contains(t, f.Left, "pixel", "a mask without a pixel")
	assert.Equal(t, 1.0, f.ImageAUROC, "the image figures stay")
	f, err = Compute([]Scored{scored("good", "", 1, calibrate.OK, 0, 0, 0, 0), scored("dent", empty, 2, calibrate.NG, 0, 0, 0, 0),
		scored("dent", leftMask(t), 5, calibrate.NG, 9, 1, 9, 1)}, square)
	require.NoError(t, err)
	assert.NotContains(t, f.Left, "pixel")
	assert.Equal(t, []int{2, 1}, []int{f.Masked, f.Empty}, "some masks without a pixel")
	_, err = Compute([]Scored{scored("good", "", 1, calibrate.OK, 0, 0, 0, 0), scored("dent", "absent.png", 2, calibrate.NG, 0, 0, 0, 0)}, square)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// TestComputeDefectsAlone: without good images there are no image figures, but the pixels outside of the masks are good ones.
func TestComputeDefectsAlone(t *testing.T) {
	f, err := Compute([]Scored{scored("dent", leftMask(t), 5, calibrate.NG, 9, 1, 9, 1)}, square)
	require.NoError(t, err)
	assert.Contains(t, f.Left, "image")
	assert.NotContains(t, f.Left, "pixel")
	assert.InDelta(t, 1, f.PixelAUROC, 1e-12)
	assert.Equal(t, 1, f.Masked)
	f, err = Compute(nil, square)
	require.NoError(t, err)
	assert.Len(t, f.Left, 2)
}

// TestComputeByModes: the mask comes to the model's input as the image does. Of a wide image whose left third is defective, a cropped input shows none of that, a fitted one
// has it in its left third between two bands.
func TestComputeByModes(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 96, 32))
	for i := range img.Pix {
		if i%96 < 32 {
			img.Pix[i] = 255
		}
	}
	path := filepath.Join(t.TempDir(), "mask.png")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, img))
	require.NoError(t, f.Close())
	list := []Scored{scored("good", "", 1, calibrate.OK, 0, 0, 0, 0), scored("dent", path, 5, calibrate.NG, 9, 1, 9, 1)}
	want := map[imaging.Mode]int{imaging.Stretch: 11 * 32, imaging.Fit: 11 * 11, imaging.Crop: 0}
	for mode, pixels := range want {
		pre := imaging.Preprocess{Width: 32, Height: 32, Mode: mode}
		mask, err := NewMasks(pre).Of(list[1].Item)
		require.NoError(t, err)
		n := 0
		for _, set := range mask.Pix {
			if set {
				n++
			}
		}
		assert.Equal(t, pixels, n, mode)
		figures, err := Compute(list, pre)
		require.NoError(t, err)
		assert.Equal(t, pixels == 0, figures.Left["pixel"] != "", mode)
	}
}

// TestComputeManyPixels: more pixels than can be ranked cost the pixel figures, and nothing else.
func TestComputeManyPixels(t *testing.T) {
	const side = 2048
	list := []Scored{scored("dent", leftMask(t), 5, calibrate.NG, 9, 1, 9, 1)}
	for len(list)*side*side <= metrics.MaxPixels {
		list = append(list, scored("good", "", 1, calibrate.OK, 0, 0, 0, 0))
	}
	f, err := Compute(list, imaging.Preprocess{Width: side, Height: side})
	require.NoError(t, err)
	assert.Equal(t, 1.0, f.ImageAUROC)
	assert.Equal(t, "65 images at 2048 x 2048 have more than 268435456 pixels", f.Left["pixel"])
}

func TestScoreOneNamesTheFile(t *testing.T) {
	err := scoreOne(nil, dataset.Item{Path: "absent.png"}, &Scored{})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "absent.png")
}

// TestScoreLetsGoOfThePixels: a test set of 10,000 images would keep 2 GB of them.
func TestScoreLetsGoOfThePixels(t *testing.T) {
	head, err := os.ReadFile("../../assets/models/default.anomnet")
	require.NoError(t, err)
	in, err := inspect.Open([][]byte{assets.Backbone(), head}, nil)
	require.NoError(t, err)
	path := leftMask(t)
	scored, err := Score(t.Context(), in, []dataset.Item{{Path: path, Label: "dent"}, {Path: path, Label: dataset.GoodLabel}}, 2, nil)
	require.NoError(t, err)
	for _, s := range scored {
		assert.Nil(t, s.Result.Preview)
		assert.NotEmpty(t, s.Result.Map)
	}
}

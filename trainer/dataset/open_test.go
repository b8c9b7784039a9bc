package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
)

// labels counts the test images of each label, and those with a mask.
func labels(s *Set) (n, masked map[string]int) {
	n, masked = map[string]int{}, map[string]int{}
	for _, it := range s.Test {
		n[it.Label]++
		if it.Mask != "" {
			masked[it.Label]++
		}
	}
	return n, masked
}

// TestOpenOtherNames: the folders of good images have the names of BTAD, or others that mean good, in any case.
func TestOpenOtherNames(t *testing.T) {
	for _, good := range []string{"ok", "OK", "Good", "normal"} {
		dir := tree(t, map[string]string{"01/train/" + good + "/0.bmp": "", "01/test/" + good + "/1.bmp": "", "01/test/ko/2.bmp": "", "01/ground_truth/ko/2.bmp": ""})
		s, err := Open(filepath.Join(dir, "01"))
		require.NoError(t, err)
		assert.Equal(t, []string{filepath.Join(dir, "01", "train", good, "0.bmp")}, s.Train)
		n, masked := labels(s)
		assert.Equal(t, map[string]int{"good": 1, "ko": 1}, n)
		assert.Equal(t, map[string]int{"ko": 1}, masked, "masks of any format")
		list, err := MVTec(dir)
		require.NoError(t, err)
		assert.Equal(t, s, list[0].Set)
	}
}

// TestOpenRefusesDefectiveImages: what is to be learned from is not taken from folders whose names say that it is defective.
func TestOpenRefusesDefectiveImages(t *testing.T) {
	for want, files := range map[string][]string{
		"photos/bad":                   {"photos/good/0.png", "photos/bad/1.png"},
		"bottle/test/broken":           {"bottle/train/good/0.png", "bottle/test/good/1.png", "bottle/test/broken/0.png"},
		"Images/Anomaly":               {"candle/Data/Images/Normal/0.png", "candle/Data/Images/Anomaly/0.png"},
		"neither train/good nor":       {"Train/0.png", "Test/0.png"},
		"nor a folder of good images:": {"NG/0.png"},
	} {
		of := map[string]string{}
		for _, f := range files {
			of[f] = ""
		}
		_, err := Open(tree(t, of))
		assert.ErrorContains(t, err, filepath.FromSlash(want))
	}
	dir := filepath.Join(tree(t, map[string]string{"bad/good lot/0.png": "", "bad/1.png": ""}), "bad")
	s, err := Open(dir)
	require.NoError(t, err, "only names below the folder count")
	assert.Len(t, s.Train, 2)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "train"), nil, 0o644))
	_, err = Open(dir)
	assert.NoError(t, err, "a file is no folder")
}

// TestMasksOfImages: the mask of an image lies where the image does, also in folders; several in the folder of an image count together.
func TestMasksOfImages(t *testing.T) {
	dir := tree(t, map[string]string{"train/good/0.png": "", "test/good/0.png": "", "test/bad/a/0.png": "", "test/bad/b/0.png": "", "test/bad/1.png": "", "test/bad/2.JPG": "",
		"ground_truth/bad/a/0_mask.png": "", "ground_truth/bad/1_mask.PNG": "", "ground_truth/bad/2/000.png": "", "ground_truth/bad/2/001.png": ""})
	write(t, filepath.Join(dir, "ground_truth/bad/2/000.png"), 0)
	s, err := Open(dir)
	require.NoError(t, err)
	masks := map[string]string{}
	for _, it := range s.Test {
		if it.Mask != "" {
			masks[stem(filepath.Join(dir, "test", "bad"), it.Path)] = stem(filepath.Join(dir, "ground_truth"), it.Mask)
		}
	}
	assert.Equal(t, map[string]string{"a/0": "bad/a/0_mask", "1": "bad/1_mask", "2": "bad/2"}, masks)
	it := s.Test[1]
	files, err := it.MaskFiles()
	require.NoError(t, err)
	require.Len(t, files, 2)
	mask, err := it.LoadMask(imaging.Preprocess{Width: 8, Height: 4})
	require.NoError(t, err)
	assert.Equal(t, []bool{true, false}, []bool{mask[0], mask[7]})
	for part := range 4 { // none fills half of a pixel of the input, all of them do
		img := image.NewGray(image.Rect(0, 0, 8, 4))
		for y := range 4 {
			for x := range 2 {
				img.SetGray(2*part+x, y, color.Gray{Y: 255})
			}
		}
		var buf bytes.Buffer
		require.NoError(t, png.Encode(&buf, img))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "ground_truth/bad/2", string(rune('0'+part))+".png"), buf.Bytes(), 0o644))
	}
	for _, name := range []string{"000", "001"} {
		require.NoError(t, os.Remove(filepath.Join(dir, "ground_truth/bad/2", name+".png")))
	}
	mask, err = it.LoadMask(imaging.Preprocess{Width: 1, Height: 1})
	require.NoError(t, err)
	assert.Equal(t, []bool{true}, mask)
	files, err = s.Test[0].MaskFiles()
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "ground_truth/bad/1_mask.PNG")}, files)
}

// TestLoadMaskTakesNumbersAndColours: masks that hold 0 and 1, or a colour whose red is 0, are no empty ones.
func TestLoadMaskTakesNumbersAndColours(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.png")
	for v, want := range map[uint8]bool{0: false, 1: true, 127: true, 255: true} {
		write(t, path, v)
		mask, err := Item{Mask: path}.LoadMask(imaging.Preprocess{Width: 8, Height: 4})
		require.NoError(t, err)
		assert.Equal(t, []bool{want, false}, []bool{mask[0], mask[7]}, v)
	}
	img := image.NewPaletted(image.Rect(0, 0, 8, 4), color.Palette{color.Black, color.RGBA{0, 128, 0, 255}})
	img.SetColorIndex(0, 0, 1)
	var buf bytes.Buffer
	require.NoError(t, png.Encode(&buf, img))
	require.NoError(t, os.WriteFile(path, buf.Bytes(), 0o644))
	mask, err := Item{Mask: path}.LoadMask(imaging.Preprocess{Width: 8, Height: 4})
	require.NoError(t, err)
	assert.Equal(t, []bool{true, false}, []bool{mask[0], mask[7]})
}

package synth

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
)

// small keeps the tests quick; shapes scale with the picture.
func small(kind string) Options { return Options{Kind: kind, Size: 128, Seed: 7} }

func TestOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		opt  Options
		want string
	}{
		"zero":         {Options{}, ""},
		"bracket":      {Options{Kind: "bracket", Size: 64}, ""},
		"unknown kind": {Options{Kind: "gear"}, `synth: unknown kind "gear", want one of washer, bracket`},
		"too small":    {Options{Size: 10}, "synth: size 10 outside 64..2048"},
		"too large":    {Options{Size: 1 << 20}, "synth: size 1048576 outside 64..2048"},
		"negative":     {Options{Size: -5}, "synth: size -5 outside 64..2048"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.opt.Validate()
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tc.want)
			assert.Nil(t, Good(tc.opt, 0))
			img, mask, kind := Defect(tc.opt, 0)
			assert.Nil(t, img)
			assert.Nil(t, mask)
			assert.Empty(t, kind)
			require.EqualError(t, WriteDataset(t.Context(), t.TempDir(), tc.opt, 1, 1, 1, nil), tc.want)
		})
	}
}

func TestSameSeedSamePicture(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(kind, func(t *testing.T) {
			opt := small(kind)
			assert.Equal(t, Good(opt, 3), Good(opt, 3))
			assert.NotEqual(t, Good(opt, 3).Pix, Good(opt, 4).Pix)
			other := opt
			other.Seed++
			assert.NotEqual(t, Good(opt, 3).Pix, Good(other, 3).Pix)
			for i := range DefectKinds() {
				a, maskA, kindA := Defect(opt, i)
				b, maskB, kindB := Defect(opt, i)
				assert.Equal(t, a, b)
				assert.Equal(t, maskA, maskB)
				assert.Equal(t, kindA, kindB)
			}
		})
	}
}

func TestNegativeIndex(t *testing.T) {
	img, _, kind := Defect(small("washer"), -1)
	require.NotNil(t, img)
	assert.Contains(t, DefectKinds(), kind)
}

// TestDefectsAreVisibleAndOnThePart renders the same scene with and without its defect, without noise.
func TestDefectsAreVisibleAndOnThePart(t *testing.T) {
	const size = 192
	for _, kind := range Kinds() {
		opt, err := Options{Kind: kind, Size: size, Seed: 11}.resolved()
		require.NoError(t, err)
		for i := range 3 * len(DefectKinds()) {
			r := newRand(opt.Seed, streamDefect, i)
			s := newScene(opt, r)
			defectKind := DefectKinds()[i%len(DefectKinds())]
			d := newDefect(defectKind, s, r)
			with, mask := s.expose(d)
			without, _ := s.expose(nil)
			near := dilate(mask, size, 3)
			var marked int
			var inside, outside float64
			for j, m := range mask {
				diff := 0.0
				for c := range 3 {
					diff += math.Abs(float64(with[j*3+c]) - float64(without[j*3+c]))
				}
				if m {
					marked++
					p := s.toPart(s.at(j%size, j/size))
					require.Negative(t, s.part.outline(p).d, "%s %s %d: mask leaves the part", kind, defectKind, i)
				}
				if near[j] {
					inside += diff
				} else {
					outside += diff
				}
			}
			assert.GreaterOrEqual(t, marked, minArea/4, "%s %s %d", kind, defectKind, i)
			assert.Less(t, marked, size*size/10, "%s %s %d", kind, defectKind, i)
			// Chips and missing holes also change the shadow beside them.
			assert.Greater(t, inside, 9*outside, "%s %s %d: change outside the mask", kind, defectKind, i)
			_, contrast := s.visibility(d)
			assert.Greater(t, contrast, 0.12, "%s %s %d", kind, defectKind, i)
		}
	}
}

func dilate(mask []bool, size, by int) []bool {
	out := make([]bool, len(mask))
	for i, m := range mask {
		if !m {
			continue
		}
		x, y := i%size, i/size
		for v := max(0, y-by); v <= min(size-1, y+by); v++ {
			for u := max(0, x-by); u <= min(size-1, x+by); u++ {
				out[v*size+u] = true
			}
		}
	}
	return out
}

func TestPictureLooksExposed(t *testing.T) {
	for _, kind := range Kinds() {
		for i := range 6 {
			opt := small(kind)
			s := newScene(opt, newRand(opt.Seed, streamGood, i))
			img := Good(opt, i)
			var metal, cloth, nMetal, nCloth, clipped int
			for j := range opt.Size * opt.Size {
				v := int(img.Pix[j*3+1])
				if v == 255 {
					clipped++
				}
				switch e := s.part.at(s.toPart(s.at(j%opt.Size, j/opt.Size)), -1); {
				case e.d < -6:
					metal, nMetal = metal+v, nMetal+1
				case e.d >= farthest:
					cloth, nCloth = cloth+v, nCloth+1
				}
			}
			assert.Greater(t, metal/nMetal, cloth/nCloth+30, "%s %d", kind, i)
			assert.Greater(t, cloth/nCloth, 35, "%s %d", kind, i)
			assert.Less(t, clipped, opt.Size*opt.Size/200, "%s %d: overexposed", kind, i)
		}
	}
}

func TestWriteDataset(t *testing.T) {
	dir := t.TempDir()
	opt := small("washer")
	var reports []int
	err := WriteDataset(t.Context(), dir, opt, 2, 1, 6, func(done, total int) {
		assert.Equal(t, 9, total)
		reports = append(reports, done)
	})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}, reports)

	var files []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	}))
	assert.ElementsMatch(t, []string{
		"train/good/000.png", "train/good/001.png", "test/good/000.png",
		"test/scratch/000.png", "test/scratch/001.png", "test/dent/000.png", "test/stain/000.png",
		"test/missing_hole/000.png", "test/chip/000.png",
		"ground_truth/scratch/000_mask.png", "ground_truth/scratch/001_mask.png", "ground_truth/dent/000_mask.png",
		"ground_truth/stain/000_mask.png", "ground_truth/missing_hole/000_mask.png", "ground_truth/chip/000_mask.png",
	}, files)

	want, mask, _ := Defect(opt, 5)
	assert.Equal(t, asImage(want).Pix, asImage(readRGB(t, filepath.Join(dir, "test/scratch/001.png"))).Pix)
	gray, ok := readPNG(t, filepath.Join(dir, "ground_truth/scratch/001_mask.png")).(*image.Gray)
	require.True(t, ok, "masks are 8-bit gray")
	for i, m := range mask {
		require.Equal(t, m, gray.Pix[i] == 255, "pixel %d", i)
	}
	assert.Equal(t, Good(opt, 2).Pix, readRGB(t, filepath.Join(dir, "test/good/000.png")).Pix, "test pictures follow the training ones")
}

func TestWriteDatasetStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	err := WriteDataset(ctx, dir, small("bracket"), 5, 0, 0, func(done, _ int) {
		if done == 2 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	files, err := os.ReadDir(filepath.Join(dir, "train", "good"))
	require.NoError(t, err)
	assert.Len(t, files, 2)

	require.ErrorContains(t, WriteDataset(t.Context(), dir, small("washer"), -1, 0, 0, nil), "negative count")
	blocked := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	require.ErrorContains(t, WriteDataset(t.Context(), blocked, small("washer"), 1, 0, 0, nil), blocked)
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	return img
}

func readRGB(t *testing.T, path string) *imaging.RGB {
	t.Helper()
	src := readPNG(t, path)
	b := src.Bounds()
	img := imaging.NewRGB(b.Dx(), b.Dy())
	for i := range b.Dx() * b.Dy() {
		r, g, bl, _ := src.At(i%b.Dx(), i/b.Dx()).RGBA()
		copy(img.Pix[i*3:], []uint8{uint8(r >> 8), uint8(g >> 8), uint8(bl >> 8)})
	}
	return img
}

func TestEncodeJPEG(t *testing.T) {
	for _, kind := range Kinds() {
		data, err := EncodeJPEG(Good(Options{Kind: kind}, 0), 0)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(data), 40<<10, kind)
		img, err := jpeg.Decode(bytes.NewReader(data))
		require.NoError(t, err)
		assert.Equal(t, image.Rect(0, 0, DefaultSize, DefaultSize), img.Bounds())
	}
	for name, tc := range map[string]struct {
		img     *imaging.RGB
		quality int
	}{"nil": {nil, 85}, "empty": {&imaging.RGB{}, 85}, "short": {&imaging.RGB{W: 9, H: 9}, 85}, "quality": {imaging.NewRGB(1, 1), 101}} {
		_, err := EncodeJPEG(tc.img, tc.quality)
		require.ErrorContains(t, err, "synth: encode jpeg: ", name)
	}
}

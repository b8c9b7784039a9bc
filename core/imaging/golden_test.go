package imaging

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata
var testdata embed.FS

func load(t testing.TB, name string) []byte {
	t.Helper()
	b, err := testdata.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return b
}

func loadRGB(t testing.TB, name string) *RGB {
	t.Helper()
	m, err := Decode(load(t, name), nil)
	require.NoError(t, err, name)
	return m
}

// worst returns the largest difference of two pictures of one size.
func worst(t testing.TB, want, got *RGB) int {
	t.Helper()
	require.Equal(t, [2]int{want.W, want.H}, [2]int{got.W, got.H}, "size")
	require.Len(t, got.Pix, 3*got.W*got.H)
	d := 0
	for i, v := range want.Pix {
		d = max(d, int(v)-int(got.Pix[i]), int(got.Pix[i])-int(v))
	}
	return d
}

// inputs lists the files of a golden folder that have an expected picture.
func inputs(t testing.TB, dir string) []string {
	t.Helper()
	all, err := fs.Glob(testdata, "testdata/"+dir+"/*.expected.png")
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for i, n := range all {
		all[i] = strings.TrimPrefix(strings.TrimSuffix(n, ".expected.png"), "testdata/")
	}
	return all
}

func TestDecodeAgainstPillow(t *testing.T) {
	// Lossy files differ by the inverse DCT's rounding and, where chroma is subsampled, by libjpeg's and libwebp's
	// interpolation of chroma, which we repeat instead.
	tolerance := map[string]int{
		"444.jpeg": 2, "progressive.jpeg": 2, "gray.jpeg": 1, "cmyk.jpeg": 3, "422.jpeg": 4, "420.jpeg": 4, "lossy.webp": 5,
	}
	for _, name := range inputs(t, "formats") {
		t.Run(path.Base(name), func(t *testing.T) {
			d := worst(t, loadRGB(t, name+".expected.png"), loadRGB(t, name))
			assert.LessOrEqual(t, d, tolerance[path.Base(name)])
			t.Log("largest difference", d)
		})
	}
}

func TestOrientationAgainstPillow(t *testing.T) {
	names := inputs(t, "orientation")
	assert.Len(t, names, 8*3)
	for _, name := range names {
		t.Run(path.Base(name), func(t *testing.T) {
			assert.Equal(t, loadRGB(t, name+".expected.png"), loadRGB(t, name))
		})
	}
}

func TestResizeAgainstPillow(t *testing.T) {
	for _, source := range []string{"part", "noise", "line"} {
		src := loadRGB(t, "resize/"+source+".png")
		files, err := fs.Glob(testdata, "testdata/resize/"+source+"_*.png")
		require.NoError(t, err)
		require.Len(t, files, 8)
		for _, f := range files {
			var w, h int
			name := strings.TrimSuffix(path.Base(f), ".png")
			_, err := fmt.Sscanf(name, source+"_%dx%d", &w, &h)
			require.NoError(t, err)
			t.Run(name, func(t *testing.T) {
				want := loadRGB(t, "resize/"+path.Base(f))
				got := Resize(src, w, h)
				assert.LessOrEqual(t, worst(t, want, got), 1)
				differ := 0
				for i, v := range want.Pix {
					if v != got.Pix[i] {
						differ++
					}
				}
				if name == "noise_97x20" {
					return // Pillow does the columns first here, because that is less work
				}
				// 14-bit weights round differently from Pillow's 22-bit ones, but seldom.
				assert.LessOrEqual(t, differ*100, len(want.Pix)+500, "%d of %d samples differ", differ, len(want.Pix))
				t.Logf("%d of %d samples differ by 1", differ, len(want.Pix))
			})
		}
	}
}

package jpeg

import (
	"bytes"
	"embed"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/*.jpeg
var testdata embed.FS

// files returns the golden files by name.
func files(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := fs.Glob(testdata, "testdata/*.jpeg")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	all := map[string][]byte{}
	for _, n := range names {
		b, err := testdata.ReadFile(n)
		require.NoError(t, err)
		all[strings.TrimPrefix(n, "testdata/")] = b
	}
	return all
}

// same decodes both ways: where we say ok, image/jpeg gives the same struct, samples outside of the frame included.
func same(t testing.TB, data []byte, what string) (ok bool) {
	t.Helper()
	d := &decoder{}
	got, ok := d.picture(data)
	if !ok {
		require.Nil(t, got)
		return false
	}
	if d.beyond {
		return true // TestRestartsInScansOfOnePlane
	}
	want, err := stdjpeg.Decode(bytes.NewReader(data))
	require.NoError(t, err, "%s: image/jpeg refuses it", what)
	if !equal(want, got) {
		t.Fatalf("%s: pixels differ from image/jpeg's", what)
	}
	return true
}

func equal(a, b image.Image) bool {
	switch a := a.(type) {
	case *image.Gray:
		b, ok := b.(*image.Gray)
		return ok && a.Rect == b.Rect && a.Stride == b.Stride && bytes.Equal(a.Pix, b.Pix)
	case *image.YCbCr:
		b, ok := b.(*image.YCbCr)
		return ok && a.Rect == b.Rect && a.YStride == b.YStride && a.CStride == b.CStride && a.SubsampleRatio == b.SubsampleRatio &&
			bytes.Equal(a.Y, b.Y) && bytes.Equal(a.Cb, b.Cb) && bytes.Equal(a.Cr, b.Cr)
	}
	return false
}

func TestEqualsStandard(t *testing.T) {
	for name, data := range files(t) {
		t.Run(name, func(t *testing.T) {
			_, err := stdjpeg.Decode(bytes.NewReader(data))
			ok := same(t, data, name)
			if inOnePlane[name] == "" {
				assert.Equal(t, err == nil && name != "rgb.jpeg", ok)
			} else {
				assert.True(t, ok && err != nil, "image/jpeg reads it as well: then nothing needs to be said of it")
			}
		})
	}
}

// inOnePlane are files with restart markers that image/jpeg miscounts, and files without of the same coefficients.
var inOnePlane = map[string]string{"420_progressive_restart.jpeg": "420_progressive.jpeg", "410_progressive_restart.jpeg": "410_progressive.jpeg"}

func TestRestartsInScansOfOnePlane(t *testing.T) {
	all := files(t)
	for name, plain := range inOnePlane {
		got, ok := Decode(all[name])
		require.True(t, ok, name)
		want, err := stdjpeg.Decode(bytes.NewReader(all[plain]))
		require.NoError(t, err)
		assert.True(t, equal(want, got), name)
		at := bytes.Index(all[name], []byte{0xff, 0xd2})
		require.Positive(t, at)
		wrong := bytes.Clone(all[name])
		wrong[at+1] = 0xd5
		_, ok = Decode(wrong)
		assert.False(t, ok, "%s with a wrong marker", name)
	}
}

// Damage in every place. A file may still decode; then it must be what image/jpeg makes of it.
func TestEqualsStandardWhenDamaged(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	decoded, left := 0, 0
	rounds := 150
	if testing.Short() {
		rounds = 10
	}
	for name, data := range files(t) {
		for range rounds {
			if same(t, damage(data, r), name) {
				decoded++
			} else {
				left++
			}
		}
	}
	t.Logf("%d decoded, %d left to image/jpeg", decoded, left)
	assert.Greater(t, decoded, left/20)
	assert.Greater(t, left, decoded/20)
}

// damage flips bits, and sometimes cuts, repeats, or inserts a marker.
func damage(data []byte, r *rand.Rand) []byte {
	b := bytes.Clone(data)
	for range 1 + r.IntN(3) {
		b[2+r.IntN(len(b)-2)] ^= 1 << r.IntN(8)
	}
	at := r.IntN(len(b))
	switch r.IntN(8) {
	case 0:
		b = b[:at]
	case 1:
		b = append(b[:at:at], b[min(at+r.IntN(20), len(b)):]...)
	case 2:
		b = append(append(b[:at:at], 0xff, byte(0xc0+r.IntN(64))), b[at:]...)
	case 3:
		b = append(b[:at:at], b[max(at-r.IntN(20), 0):]...)
	}
	return b
}

// Pictures from flat to noise, in sizes around the units' edges, at every quality.
func TestEqualsStandardOnItsOwnFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 2))
	for range 400 {
		w, h := 1+r.IntN(70), 1+r.IntN(70)
		noise := r.IntN(256)
		var m image.Image
		at := func(x, y int) uint8 { return uint8(3*x + 2*y + r.IntN(1+noise)) }
		if r.IntN(4) == 0 {
			g := image.NewGray(image.Rect(0, 0, w, h))
			for i := range g.Pix {
				g.Pix[i] = at(i%w, i/w)
			}
			m = g
		} else {
			c := image.NewRGBA(image.Rect(0, 0, w, h))
			for y := range h {
				for x := range w {
					c.SetRGBA(x, y, color.RGBA{at(x, y), at(y, x), at(x, x), 255})
				}
			}
			m = c
		}
		var buf bytes.Buffer
		require.NoError(t, stdjpeg.Encode(&buf, m, &stdjpeg.Options{Quality: 1 + r.IntN(100)}))
		require.True(t, same(t, buf.Bytes(), "own file"))
	}
}

// Random coefficients, hostile ones included, with every set of rows and columns left out.
func TestIDCTLeavesOutOnlyZeros(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for i := range 20000 {
		var b block
		nonzero := r.Uint64() & r.Uint64() & r.Uint64()
		switch i % 4 {
		case 0:
			nonzero &= 0xff
		case 1:
			nonzero &= 0xffffffff
		case 2:
			nonzero &= 0x0101010101010101
		}
		size := int32(1) << r.IntN(31)
		for k := range b {
			if nonzero>>k&1 == 1 {
				b[k] = r.Int32N(size) - size/2
			}
		}
		full := b
		var want, got [64]uint8
		for y := 0; y < 64; y += 8 {
			row((*[8]int32)(full[y:]))
		}
		columns(&full, &want, 8)
		idct(&b, nonzero, new([64]uint8), got[:], 8)
		require.Equal(t, block{}, b)
		require.Equal(t, want, got, "coefficients %064b up to %d", nonzero, size)
	}
}

// The files of shared/data, which is not part of the repository.
func TestEqualsStandardOnPhotographs(t *testing.T) {
	var names []string
	for _, pattern := range []string{"natural/*.jpg", "screw/*/*/*.jpg", "fabric/*/*/*.jpg", "magnetic_tile/*/*/*.jpg"} {
		some, err := filepath.Glob("../../../../shared/data/" + pattern)
		require.NoError(t, err)
		names = append(names, some...)
	}
	if len(names) == 0 {
		t.Skip("no photographs in shared/data")
	}
	step := 1 + len(names)/400
	if os.Getenv("ALL_PHOTOGRAPHS") != "" {
		step = 1
	}
	n := 0
	for i := 0; i < len(names); i += step {
		data, err := os.ReadFile(names[i])
		require.NoError(t, err)
		require.True(t, same(t, data, names[i]), names[i])
		n++
	}
	t.Log(n, "files")
}

func FuzzEqualsStandard(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// image/jpeg takes any size; keep the fuzzer's memory small.
		if cfg, err := stdjpeg.DecodeConfig(bytes.NewReader(data)); err == nil && cfg.Width*cfg.Height > 1<<18 {
			return
		}
		same(t, data, "fuzz")
	})
}

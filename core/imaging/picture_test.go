package imaging

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainPrepare is model-format.md, section 10, step by step on a whole RGB picture. It is what Prepare was before it read rows.
func plainPrepare(src *RGB, p Preprocess) *RGB {
	var out *RGB
	switch p.Mode {
	case Fit:
		w, h := inscribed(src.W, src.H, p.Width, p.Height)
		out = pad(Resize(src, w, h), p.Width, p.Height)
	case Crop:
		w, h := inscribed(p.Width, p.Height, src.W, src.H)
		out = Resize(cut(src, (src.W-w)/2, (src.H-h)/2, w, h), p.Width, p.Height)
	default:
		out = Resize(src, p.Width, p.Height)
	}
	if p.Gray {
		luma(out)
	}
	return out
}

func anyPreprocess(r *rand.Rand) Preprocess {
	return Preprocess{
		Width: SideStep * (1 + r.IntN(5)), Height: SideStep * (1 + r.IntN(5)),
		Mode: []Mode{Stretch, Fit, Crop}[r.IntN(3)], Gray: r.IntN(4) == 0,
	}
}

// same fails unless p gives the bits of the plain way from its whole pixels.
func same(t testing.TB, whole *RGB, p *Picture, pre Preprocess, what any) {
	t.Helper()
	require.Equal(t, [2]int{whole.W, whole.H}, [2]int{p.W, p.H})
	want := plainPrepare(whole, pre)
	got, err := p.Prepare(pre)
	require.NoError(t, err)
	require.Equal(t, [2]int{want.W, want.H}, [2]int{got.W, got.H})
	if !bytes.Equal(want.Pix, got.Pix) {
		t.Fatalf("%v: %d x %d by %+v differs", what, p.W, p.H, pre)
	}
}

// pictures are noise in every type that the decoders return.
func pictures(w, h int, r *rand.Rand) map[string]image.Image {
	rect := image.Rect(0, 0, w, h)
	all := map[string]image.Image{}
	for _, s := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		m := image.NewYCbCr(rect, s)
		noiseInto(m.Y, r)
		noiseInto(m.Cb, r)
		noiseInto(m.Cr, r)
		all[s.String()] = m
	}
	alpha := image.NewNYCbCrA(rect, image.YCbCrSubsampleRatio420)
	gray, gray16, cmyk := image.NewGray(rect), image.NewGray16(rect), image.NewCMYK(rect)
	nrgba, nrgba64 := image.NewNRGBA(rect), image.NewNRGBA64(rect)
	rgba, rgba64 := image.NewRGBA(rect), image.NewRGBA64(rect)
	for _, pix := range [][]uint8{alpha.Y, alpha.Cb, alpha.Cr, alpha.A, gray.Pix, gray16.Pix, cmyk.Pix, nrgba.Pix, nrgba64.Pix, rgba.Pix, rgba64.Pix} {
		noiseInto(pix, r)
	}
	all["ycbcr with alpha"], all["gray"], all["gray16"], all["cmyk"] = alpha, gray, gray16, cmyk
	all["nrgba"], all["nrgba64"], all["rgba"], all["rgba64"] = nrgba, nrgba64, rgba, rgba64
	return all
}

func TestPictureIsPlainPrepare(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for range 60 {
		w, h := 1+r.IntN(300), 1+r.IntN(300)
		for name, m := range pictures(w, h, r) {
			o := 1 + r.IntN(8)
			p := &Picture{W: w, H: h, rows: rowsOf(m, r.IntN(3) == 0), orientation: o}
			if o >= 5 {
				p.W, p.H = h, w
			}
			whole, err := p.RGB()
			require.NoError(t, err)
			same(t, whole, p, anyPreprocess(r), []any{name, o})
		}
	}
}

// Sizes around the output's, where a source sample begins to count for one output only, and extreme ratios.
func TestShrinkIsResize(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 2))
	for _, out := range []int{1, 2, 31, 32, 96} {
		for _, in := range []int{out, out + 1, out + 2, 2*out - 1, 2 * out, 2*out + 1, 3 * out, 5*out + 3, 1000} {
			src := random(in, 7, r.Uint64())
			want := Resize(src, out, 3)
			assert.Equal(t, want, shrink(rowsOfRGB(src), newAxis(in, 0, in, out, false), newAxis(7, 0, 7, 3, false)), "%d to %d", in, out)
			src = random(5, in, r.Uint64())
			want = Resize(src, 5, out)
			assert.Equal(t, want, shrink(rowsOfRGB(src), newAxis(5, 0, 5, 5, false), newAxis(in, 0, in, out, false)), "%d to %d", in, out)
		}
	}
}

// A source sample counts for one output or for two neighbours: every pair of sizes that a model can ask for, and what a
// camera can give.
func TestAxisHoldsTheFilter(t *testing.T) {
	for _, out := range []int{1, 2, 3, 32, 64, 96, 224, 256, 320, 2048} {
		for in := out; in <= out+300; in += 1 + out/30 {
			a := newAxis(in, 0, in, out, false)
			all := filter(in, out)
			first := 0
			for x, w := range a.weight {
				for o, shift := range map[int]int{first: 0, first + 1: 32} {
					if o == out {
						continue
					}
					want, at := uint32(0), x-all[o].start
					if at >= 0 && at < len(all[o].weights) {
						want = all[o].weights[at]
					}
					require.Equal(t, want, uint32(w&^last>>shift), "in %d out %d sample %d output %d", in, out, x, o)
				}
				if w&last != 0 {
					first++
				}
			}
			require.Equal(t, out, first)
		}
	}
}

// The worst case for the accumulators: all samples white.
func TestShrinkWhite(t *testing.T) {
	src := NewRGB(2000, 999)
	for i := range src.Pix {
		src.Pix[i] = 255
	}
	for _, v := range shrink(rowsOfRGB(src), newAxis(2000, 0, 2000, 37, true), newAxis(999, 0, 999, 998, false)).Pix {
		require.Equal(t, uint8(255), v)
	}
}

func TestPictureOfFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 3))
	for _, dir := range []string{"formats", "orientation"} {
		for _, name := range inputs(t, dir) {
			p, err := Open(load(t, name), nil)
			require.NoError(t, err)
			whole := loadRGB(t, name)
			for range 4 {
				same(t, whole, p, anyPreprocess(r), name)
			}
			same(t, whole, p, Preprocess{32, 32, Crop, false}, name)
		}
	}
}

// Photographs and test images of other people's encoders: our decoder and rows against image/jpeg and the plain way.
func TestPictureOfPhotographs(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 4))
	all := photographs(t)
	step := 1 + len(all)/100
	if testing.Short() {
		step *= 10
	}
	for i := 0; i < len(all); i += step {
		data, err := os.ReadFile(all[i])
		require.NoError(t, err)
		img, err := jpeg.Decode(bytes.NewReader(data))
		require.NoError(t, err)
		p, err := Open(data, nil)
		require.NoError(t, err)
		same(t, orient(viaAt(img), jpegOrientation(data)), p, anyPreprocess(r), all[i])
		same(t, orient(viaAt(img), jpegOrientation(data)), p, Preprocess{256, 256, Stretch, false}, all[i])
	}
}

// photographs lists the JPEG files of shared/data, which is not part of the repository.
func photographs(t testing.TB) []string {
	var all []string
	for _, pattern := range []string{"natural/*.jpg", "screw/*/*/*.jpg", "fabric/*/*/*.jpg", "magnetic_tile/*/*/*.jpg"} {
		names, err := filepath.Glob("../../../shared/data/" + pattern)
		require.NoError(t, err)
		all = append(all, names...)
	}
	if len(all) == 0 {
		t.Skip("no photographs in shared/data")
	}
	return all
}

func TestPanicInRowsIsCorrupt(t *testing.T) {
	short := &image.Gray{Pix: make([]uint8, 10), Stride: 64, Rect: image.Rect(0, 0, 64, 64)}
	p := &Picture{W: 64, H: 64, format: "png", rows: rowsOf(short, false), orientation: 1}
	for _, f := range []func() error{
		func() error { _, err := p.RGB(); return err },
		func() error { _, err := p.Prepare(Preprocess{32, 32, Stretch, false}); return err },
	} {
		var e *Error
		require.ErrorAs(t, f(), &e)
		assert.Equal(t, Corrupt, e.Kind)
	}
}

// FuzzPrepare compares the rows' way with the plain way.
func FuzzPrepare(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint16(70), uint8(0))
	f.Add(uint64(2), uint16(33), uint16(200), uint8(6))
	f.Fuzz(func(t *testing.T, seed uint64, w, h uint16, o uint8) {
		r := rand.New(rand.NewPCG(seed, 0))
		width, height := 1+int(w)%150, 1+int(h)%150 // an input may take a second
		for name, m := range pictures(width, height, r) {
			p := &Picture{W: width, H: height, rows: rowsOf(m, false), orientation: 1 + int(o)%8}
			if p.orientation >= 5 {
				p.W, p.H = height, width
			}
			whole, err := p.RGB()
			require.NoError(t, err)
			same(t, whole, p, anyPreprocess(r), name)
		}
	})
}

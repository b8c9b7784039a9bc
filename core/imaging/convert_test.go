package imaging

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// viaAt is the plain definition for opaque pictures: the high byte of what At says.
func viaAt(m image.Image) *RGB {
	b := m.Bounds()
	out := NewRGB(b.Dx(), b.Dy())
	for y := range out.H {
		for x := range out.W {
			r, g, bl, _ := m.At(b.Min.X+x, b.Min.Y+y).RGBA()
			copy(out.Pix[3*(out.W*y+x):], []uint8{uint8(r >> 8), uint8(g >> 8), uint8(bl >> 8)})
		}
	}
	return out
}

func noiseInto(pix []uint8, r *rand.Rand) {
	for i := range pix {
		pix[i] = uint8(r.Uint32())
	}
}

func TestFromImageMatchesAt(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	rect := image.Rect(0, 0, 23, 17)
	type subImager interface {
		image.Image
		SubImage(image.Rectangle) image.Image
	}
	all := map[string]subImager{}
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
	gray, gray16, cmyk := image.NewGray(rect), image.NewGray16(rect), image.NewCMYK(rect)
	noiseInto(gray.Pix, r)
	noiseInto(gray16.Pix, r)
	noiseInto(cmyk.Pix, r)
	all["gray"], all["gray16"], all["cmyk"] = gray, gray16, cmyk

	opaque := func(pix []uint8, alpha int) {
		noiseInto(pix, r)
		for i := range pix {
			if i%(4*alpha) >= 3*alpha {
				pix[i] = 255
			}
		}
	}
	nrgba, nrgba64, rgba, rgba64 := image.NewNRGBA(rect), image.NewNRGBA64(rect), image.NewRGBA(rect), image.NewRGBA64(rect)
	opaque(nrgba.Pix, 1)
	opaque(nrgba64.Pix, 2)
	opaque(rgba.Pix, 1)
	opaque(rgba64.Pix, 2)
	all["nrgba"], all["nrgba64"], all["rgba"], all["rgba64"] = nrgba, nrgba64, rgba, rgba64

	pal := image.NewPaletted(rect, color.Palette{color.Gray{7}, color.NRGBA{1, 2, 3, 255}, color.RGBA64{0x1234, 0xffff, 0xff, 0xffff}})
	for i := range pal.Pix {
		pal.Pix[i] = uint8(r.IntN(3))
	}
	all["paletted"] = pal

	for name, m := range all {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, viaAt(m), rowsOf(m, false).rgb())
			for _, sub := range []image.Rectangle{image.Rect(1, 1, 22, 16), image.Rect(2, 3, 9, 4), image.Rect(5, 0, 6, 17)} {
				s := m.SubImage(sub)
				assert.Equal(t, viaAt(s), rowsOf(s, false).rgb(), "%v", sub)
			}
		})
	}
}

func TestJPEGRGBIsTheStandard(t *testing.T) {
	luma := make([]uint8, 256)
	for i := range luma {
		luma[i] = uint8(i)
	}
	dst := make([]uint8, 3*256)
	for cb := 0; cb < 256; cb += 3 {
		for cr := 0; cr < 256; cr += 3 {
			jpegRGB(dst, luma, []uint8{uint8(cb)}, []uint8{uint8(cr)}, 0, 8)
			for y := range luma {
				r, g, b := color.YCbCrToRGB(uint8(y), uint8(cb), uint8(cr))
				if [3]uint8{r, g, b} != [3]uint8(dst[3*y:]) {
					t.Fatalf("Y %d Cb %d Cr %d: got %v, want %d %d %d", y, cb, cr, dst[3*y:3*y+3], r, g, b)
				}
			}
		}
	}
}

func TestWebPRGBRange(t *testing.T) {
	for luma, want := range map[uint8]uint8{0: 0, 16: 0, 235: 255, 255: 255, 126: 128} {
		dst := make([]uint8, 3)
		webpRGB(dst, []uint8{luma}, []uint8{128}, []uint8{128}, 0, 0)
		assert.Equal(t, []uint8{want, want, want}, dst, "luma %d", luma)
	}
}

func TestAlphaOverWhite(t *testing.T) {
	rect := image.Rect(0, 0, 1, 1)
	straight := &image.NRGBA{Pix: []uint8{100, 0, 255, 51}, Stride: 4, Rect: rect}
	straight64 := &image.NRGBA64{Pix: []uint8{100, 99, 0, 1, 255, 0, 51, 200}, Stride: 8, Rect: rect}
	pre := &image.RGBA{Pix: []uint8{20, 0, 51, 51}, Stride: 4, Rect: rect}
	pre64 := &image.RGBA64{Pix: []uint8{20, 9, 0, 9, 51, 9, 51, 9}, Stride: 8, Rect: rect}
	over := &image.RGBA{Pix: []uint8{255, 0, 200, 51}, Stride: 4, Rect: rect} // sample above its alpha
	clear := image.NewNRGBA(rect)
	pal := &image.Paletted{Pix: []uint8{1}, Stride: 1, Rect: rect, Palette: color.Palette{color.Black, color.NRGBA{100, 0, 255, 51}}}
	ycc := &image.NYCbCrA{YCbCr: *image.NewYCbCr(rect, image.YCbCrSubsampleRatio444), A: []uint8{51}, AStride: 1}
	ycc.Y[0], ycc.Cb[0], ycc.Cr[0] = 100, 128, 128

	for name, tt := range map[string]struct {
		m    image.Image
		want []uint8
	}{
		"straight":      {straight, []uint8{224, 204, 255}},
		"straight 16":   {straight64, []uint8{224, 204, 255}},
		"premultiplied": {pre, []uint8{224, 204, 255}},
		"pre 16":        {pre64, []uint8{224, 204, 255}},
		"over":          {over, []uint8{255, 204, 255}},
		"clear":         {clear, []uint8{255, 255, 255}},
		"palette":       {pal, []uint8{224, 204, 255}},
		"ycbcr alpha":   {ycc, []uint8{224, 224, 224}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, rowsOf(tt.m, false).rgb().Pix)
		})
	}
}

func TestPaletteIndexOutside(t *testing.T) {
	m := &image.Paletted{Pix: []uint8{9}, Stride: 1, Rect: image.Rect(0, 0, 1, 1), Palette: color.Palette{color.White}}
	require.NotPanics(t, func() { assert.Equal(t, []uint8{0, 0, 0}, rowsOf(m, false).rgb().Pix) })
}

// TestRowsOfDecodersTakeNoMemory: a value on the heap for each pixel costs more than the rest of the conversion.
func TestRowsOfDecodersTakeNoMemory(t *testing.T) {
	for name, m := range pictures(40, 3, rand.New(rand.NewPCG(5, 6))) {
		r := rowsOf(m, false)
		assert.Zero(t, testing.AllocsPerRun(5, func() { r.read(1) }), name)
	}
}

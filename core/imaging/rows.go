package imaging

import (
	"image"
	"image/color"
)

// rows reads a decoded picture row by row, by the rules that Decode documents, so that no second picture is needed.
type rows struct {
	w, h     int
	channels int                 // 3, or 1 for a gray picture
	read     func(y int) []uint8 // row y, w x channels samples, good until the next call
	ycc      *image.YCbCr        // if set, its pixels by jpegRGB are what read returns
}

// rowsOf has its own loops for the types that the decoders return; any other type goes through At. YCbCr, where
// there is any, is that of WebP or of JPEG.
func rowsOf(img image.Image, webp bool) *rows {
	toRGB := jpegRGB
	if webp {
		toRGB = webpRGB
	}
	b := img.Bounds()
	r := &rows{w: b.Dx(), h: b.Dy(), channels: 3}
	switch m := img.(type) {
	case *image.YCbCr:
		r.read = r.into(ycbcrRows(m, r.w, toRGB))
		if !webp && b.Min == (image.Point{}) {
			r.ycc = m
		}
	case *image.NYCbCrA:
		convert := ycbcrRows(&m.YCbCr, r.w, toRGB)
		r.read = r.into(func(y int, dst []uint8) {
			convert(y, dst)
			for x, a := range m.A[m.AOffset(b.Min.X, b.Min.Y+y):][:r.w] {
				d := dst[3*x : 3*x+3]
				d[0], d[1], d[2] = overWhite(d[0], a), overWhite(d[1], a), overWhite(d[2], a)
			}
		})
	case *image.Gray:
		r.channels = 1
		r.read = func(y int) []uint8 { return m.Pix[m.Stride*y:][:r.w] }
	case *image.Gray16:
		r.channels = 1
		r.read = r.into(func(y int, dst []uint8) { highBytes(dst, m.Pix[m.Stride*y:]) })
	case *image.NRGBA:
		r.read = r.into(func(y int, dst []uint8) { straightRow(dst, m.Pix[m.Stride*y:][:4*r.w]) })
	case *image.NRGBA64:
		high := make([]uint8, 4*r.w)
		r.read = r.into(func(y int, dst []uint8) {
			highBytes(high, m.Pix[m.Stride*y:])
			straightRow(dst, high)
		})
	case *image.RGBA:
		r.read = r.into(func(y int, dst []uint8) { premultipliedRow(dst, m.Pix[m.Stride*y:][:4*r.w]) })
	case *image.RGBA64:
		high := make([]uint8, 4*r.w)
		r.read = r.into(func(y int, dst []uint8) {
			highBytes(high, m.Pix[m.Stride*y:])
			premultipliedRow(dst, high)
		})
	case *image.CMYK:
		r.read = r.into(func(y int, dst []uint8) { cmykRow(dst, m.Pix[m.Stride*y:]) })
	case *image.Paletted:
		r.read = r.into(palettedRows(m))
	default:
		r.read = r.into(func(y int, dst []uint8) {
			for x := range r.w {
				c := flatten(img.At(b.Min.X+x, b.Min.Y+y))
				copy(dst[3*x:3*x+3], c[:])
			}
		})
	}
	return r
}

// rowsOfRGB reads a picture that is already converted.
func rowsOfRGB(m *RGB) *rows {
	return &rows{w: m.W, h: m.H, channels: 3, read: func(y int) []uint8 { return m.Pix[3*m.W*y : 3*m.W*(y+1)] }}
}

// into makes a reader of a function that fills a row.
func (r *rows) into(f func(y int, dst []uint8)) func(y int) []uint8 {
	buf := make([]uint8, r.w*r.channels)
	return func(y int) []uint8 {
		f(y, buf)
		return buf
	}
}

// rgb copies the whole picture.
func (r *rows) rgb() *RGB {
	out := NewRGB(r.w, r.h)
	n := 3 * r.w
	for y := range r.h {
		dst := out.Pix[n*y : n*(y+1)]
		src := r.read(y)
		if r.channels == 3 {
			copy(dst, src)
			continue
		}
		for _, v := range src {
			dst[0], dst[1], dst[2] = v, v, v
			dst = dst[3:]
		}
	}
	return out
}

// ycbcrRows repeats each chroma sample over the pixels that it belongs to, as image.YCbCr.At does.
func ycbcrRows(m *image.YCbCr, w int, toRGB ycbcrRow) func(y int, dst []uint8) {
	b, shift := m.Rect, chromaShift(m.SubsampleRatio)
	phase := b.Min.X & (1<<shift - 1)
	return func(y int, dst []uint8) {
		c := m.COffset(b.Min.X, b.Min.Y+y)
		toRGB(dst, m.Y[m.YOffset(b.Min.X, b.Min.Y+y):][:w], m.Cb[c:], m.Cr[c:], phase, shift)
	}
}

// chromaShift says how many columns share a chroma sample: 1 << shift.
func chromaShift(r image.YCbCrSubsampleRatio) int {
	switch r {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		return 1
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		return 2
	}
	return 0
}

// palettedRows looks pixels up; an index outside the palette is black, as in other readers. (x/image refuses such BMP and TIFF files.)
func palettedRows(m *image.Paletted) func(y int, dst []uint8) {
	var table [256][3]uint8
	for i, c := range m.Palette[:min(len(m.Palette), len(table))] {
		table[i] = flatten(c)
	}
	return func(y int, dst []uint8) {
		for _, v := range m.Pix[m.Stride*y:][:len(dst)/3] {
			c := &table[v]
			dst[0], dst[1], dst[2] = c[0], c[1], c[2]
			dst = dst[3:]
		}
	}
}

// flatten returns a single colour as RGB over white.
func flatten(c color.Color) [3]uint8 {
	switch c := c.(type) {
	case color.NRGBA:
		return [3]uint8{overWhite(c.R, c.A), overWhite(c.G, c.A), overWhite(c.B, c.A)}
	}
	r, g, b, a := c.RGBA()
	a8 := uint8(a >> 8)
	return [3]uint8{addWhite(uint8(r>>8), a8), addWhite(uint8(g>>8), a8), addWhite(uint8(b>>8), a8)}
}

package imaging

import (
	"image"
	"image/color"
)

// fromImage converts a decoded picture by the rules that Decode documents. The types that the decoders return have their
// own loops; any other type goes through At. toRGB converts YCbCr, where there is any: jpegRGB or webpRGB.
func fromImage(img image.Image, toRGB ycbcrRow) *RGB {
	b := img.Bounds()
	out := NewRGB(b.Dx(), b.Dy())
	switch m := img.(type) {
	case *image.YCbCr:
		fromYCbCr(out, m, toRGB)
	case *image.NYCbCrA:
		fromYCbCr(out, &m.YCbCr, toRGB)
		eachRow(out, func(y int, dst []uint8) {
			for x, a := range m.A[m.AOffset(b.Min.X, b.Min.Y+y):][:b.Dx()] {
				d := dst[3*x : 3*x+3]
				d[0], d[1], d[2] = overWhite(d[0], a), overWhite(d[1], a), overWhite(d[2], a)
			}
		})
	case *image.Gray:
		eachRow(out, func(y int, dst []uint8) { grayRow(dst, m.Pix[m.Stride*y:], 1) })
	case *image.Gray16:
		eachRow(out, func(y int, dst []uint8) { grayRow(dst, m.Pix[m.Stride*y:], 2) })
	case *image.NRGBA:
		eachRow(out, func(y int, dst []uint8) { straightRow(dst, m.Pix[m.Stride*y:], 1) })
	case *image.NRGBA64:
		eachRow(out, func(y int, dst []uint8) { straightRow(dst, m.Pix[m.Stride*y:], 2) })
	case *image.RGBA:
		eachRow(out, func(y int, dst []uint8) { premultipliedRow(dst, m.Pix[m.Stride*y:], 1) })
	case *image.RGBA64:
		eachRow(out, func(y int, dst []uint8) { premultipliedRow(dst, m.Pix[m.Stride*y:], 2) })
	case *image.Paletted:
		fromPaletted(out, m)
	default:
		eachRow(out, func(y int, dst []uint8) {
			for x := range out.W {
				c := flatten(img.At(b.Min.X+x, b.Min.Y+y))
				copy(dst[3*x:3*x+3], c[:])
			}
		})
	}
	return out
}

// eachRow calls f with each row of m.
func eachRow(m *RGB, f func(y int, dst []uint8)) {
	n := 3 * m.W
	for y := range m.H {
		f(y, m.Pix[n*y:n*(y+1)])
	}
}

// overWhite composites a straight sample of alpha a over white, rounded to nearest.
func overWhite(c, a uint8) uint8 {
	return uint8((uint32(c)*uint32(a) + 255*(255-uint32(a)) + 127) / 255)
}

// addWhite composites a premultiplied sample over white. A file may hold a sample above its alpha: clamp.
func addWhite(c, a uint8) uint8 {
	return uint8(min(uint32(c)+255-uint32(a), 255))
}

// The rows below are big-endian samples of `bytes` bytes, as the image package stores them; the first byte is kept.

func grayRow(dst, src []uint8, bytes int) {
	for i := 0; len(dst) >= 3; i += bytes {
		v := src[i]
		dst[0], dst[1], dst[2] = v, v, v
		dst = dst[3:]
	}
}

func straightRow(dst, src []uint8, bytes int) {
	for ; len(dst) >= 3; dst = dst[3:] {
		s := src[: 4*bytes : 4*bytes]
		r, g, b, a := s[0], s[bytes], s[2*bytes], s[3*bytes]
		if a != 255 {
			r, g, b = overWhite(r, a), overWhite(g, a), overWhite(b, a)
		}
		dst[0], dst[1], dst[2] = r, g, b
		src = src[4*bytes:]
	}
}

func premultipliedRow(dst, src []uint8, bytes int) {
	for ; len(dst) >= 3; dst = dst[3:] {
		s := src[: 4*bytes : 4*bytes]
		r, g, b, a := s[0], s[bytes], s[2*bytes], s[3*bytes]
		if a != 255 {
			r, g, b = addWhite(r, a), addWhite(g, a), addWhite(b, a)
		}
		dst[0], dst[1], dst[2] = r, g, b
		src = src[4*bytes:]
	}
}

// flatten returns a single colour as RGB over white.
func flatten(c color.Color) [3]uint8 {
	switch c := c.(type) {
	case color.NRGBA:
		return [3]uint8{overWhite(c.R, c.A), overWhite(c.G, c.A), overWhite(c.B, c.A)}
	case color.CMYK:
		r, g, b := color.CMYKToRGB(c.C, c.M, c.Y, c.K)
		return [3]uint8{r, g, b}
	}
	r, g, b, a := c.RGBA()
	a8 := uint8(a >> 8)
	return [3]uint8{addWhite(uint8(r>>8), a8), addWhite(uint8(g>>8), a8), addWhite(uint8(b>>8), a8)}
}

// fromPaletted looks pixels up; an index outside the palette is black, as in other readers.
func fromPaletted(out *RGB, m *image.Paletted) {
	var table [256][3]uint8
	for i, c := range m.Palette[:min(len(m.Palette), len(table))] {
		table[i] = flatten(c)
	}
	eachRow(out, func(y int, dst []uint8) {
		for x, v := range m.Pix[m.Stride*y:][:out.W] {
			copy(dst[3*x:3*x+3], table[v][:])
		}
	})
}

// fromYCbCr repeats each chroma sample over the pixels that it belongs to, as image.YCbCr.At does.
func fromYCbCr(out *RGB, m *image.YCbCr, toRGB ycbcrRow) {
	b := m.Rect
	// How many columns share a chroma sample: 1 << shift.
	shift := 0
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		shift = 1
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		shift = 2
	}
	phase := b.Min.X & (1<<shift - 1)
	eachRow(out, func(y int, dst []uint8) {
		c := m.COffset(b.Min.X, b.Min.Y+y)
		toRGB(dst, m.Y[m.YOffset(b.Min.X, b.Min.Y+y):][:out.W], m.Cb[c:], m.Cr[c:], phase, shift)
	})
}

// ycbcrRow converts a row of luma; the chroma sample of column x is (phase + x) >> shift.
type ycbcrRow func(dst, luma, cb, cr []uint8, phase, shift int)

// jpegRGB is color.YCbCrToRGB written out: JFIF 1.02, "Conversion to and from RGB", in 16-bit fixed point.
func jpegRGB(dst, luma, cb, cr []uint8, phase, shift int) {
	for x, l := range luma {
		i := (phase + x) >> shift
		y := int32(l) * 0x10101
		u, v := int32(cb[i])-128, int32(cr[i])-128
		d := dst[3*x : 3*x+3]
		d[0] = clamp(y+91881*v, 16)
		d[1] = clamp(y-22554*u-46802*v, 16)
		d[2] = clamp(y+116130*u, 16)
	}
}

// webpRGB converts the BT.601 video range of VP8 (black is 16, white 235; RFC 6386, section 9.2) in the fixed point of
// libwebp, which browsers show. The image package has no such type: its YCbCr is full range and would be too flat.
func webpRGB(dst, luma, cb, cr []uint8, phase, shift int) {
	for x, l := range luma {
		i := (phase + x) >> shift
		y := int32(l) * 19077 >> 8
		u, v := int32(cb[i]), int32(cr[i])
		d := dst[3*x : 3*x+3]
		d[0] = clamp(y+v*26149>>8-14234, 6)
		d[1] = clamp(y-u*6419>>8-v*13320>>8+8708, 6)
		d[2] = clamp(y+u*33050>>8-17685, 6)
	}
}

// clamp drops fraction bits and clamps to 0..255.
func clamp(v int32, fraction int) uint8 {
	return uint8(min(max(v>>fraction, 0), 255))
}

package imaging

import (
	"image"
	"image/color"
)

// fromImage converts a decoded picture by the rules that Decode documents. The types that the decoders return have their
// own loops; any other type goes through At.
func fromImage(img image.Image) *RGB {
	b := img.Bounds()
	out := NewRGB(b.Dx(), b.Dy())
	switch m := img.(type) {
	case *image.YCbCr:
		fromYCbCr(out, m)
	case *image.NYCbCrA:
		fromYCbCr(out, &m.YCbCr)
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

// fromYCbCr is color.YCbCrToRGB written out: JFIF 1.02, section "Conversion to and from RGB", in 16-bit fixed point.
func fromYCbCr(out *RGB, m *image.YCbCr) {
	b := m.Rect
	// The chroma sample of column x is that of COffset: one for 1, 2 or 4 columns.
	shift, half := 0, b.Min.X
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		shift, half = 1, b.Min.X/2
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		shift, half = 2, b.Min.X/4
	}
	eachRow(out, func(y int, dst []uint8) {
		luma := m.Y[m.YOffset(b.Min.X, b.Min.Y+y):][:out.W]
		c0 := m.COffset(b.Min.X, b.Min.Y+y)
		cb, cr := m.Cb[c0:], m.Cr[c0:]
		for x, l := range luma {
			i := (b.Min.X+x)>>shift - half
			yy := int32(l) * 0x10101
			u, v := int32(cb[i])-128, int32(cr[i])-128
			d := dst[3*x : 3*x+3]
			d[0] = clamp16(yy + 91881*v)
			d[1] = clamp16(yy - 22554*u - 46802*v)
			d[2] = clamp16(yy + 116130*u)
		}
	})
}

// clamp16 drops 16 fraction bits and clamps to 0..255.
func clamp16(v int32) uint8 {
	if uint32(v)&0xff000000 == 0 {
		return uint8(v >> 16)
	}
	return uint8(^(v >> 31))
}

package imaging

import "image/color"

// overWhite composites a straight sample of alpha a over white, rounded to nearest.
func overWhite(c, a uint8) uint8 {
	return uint8((uint32(c)*uint32(a) + 255*(255-uint32(a)) + 127) / 255)
}

// addWhite composites a premultiplied sample over white. A file may hold a sample above its alpha: clamp.
func addWhite(c, a uint8) uint8 {
	return uint8(min(uint32(c)+255-uint32(a), 255))
}

func straightRow(dst, src []uint8) {
	for ; len(dst) >= 3 && len(src) >= 4; dst, src = dst[3:], src[4:] {
		r, g, b, a := src[0], src[1], src[2], src[3]
		if a != 255 {
			r, g, b = overWhite(r, a), overWhite(g, a), overWhite(b, a)
		}
		dst[0], dst[1], dst[2] = r, g, b
	}
}

func premultipliedRow(dst, src []uint8) {
	for ; len(dst) >= 3 && len(src) >= 4; dst, src = dst[3:], src[4:] {
		r, g, b, a := src[0], src[1], src[2], src[3]
		if a != 255 {
			r, g, b = addWhite(r, a), addWhite(g, a), addWhite(b, a)
		}
		dst[0], dst[1], dst[2] = r, g, b
	}
}

// highBytes keeps the first bytes of big-endian samples, as the image package stores them.
func highBytes(dst, src []uint8) {
	for i := range dst {
		dst[i] = src[2*i]
	}
}

func cmykRow(dst, src []uint8) {
	for ; len(dst) >= 3 && len(src) >= 4; dst, src = dst[3:], src[4:] {
		dst[0], dst[1], dst[2] = color.CMYKToRGB(src[0], src[1], src[2], src[3])
	}
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

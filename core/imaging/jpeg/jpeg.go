// Package jpeg decodes JPEG files to the same bits as Go 1.26's image/jpeg, in a fraction of its time.
//
// Scored pixels are part of AnomNet's numeric contract, and the JPEG standard leaves the rounding of the inverse DCT open.
// So this decoder computes the integers of image/jpeg (T.81 names the steps; idct.go the transform), and it reads only what
// it is sure of: 8-bit baseline, extended and progressive files in gray or YCbCr with every sampling that image/jpeg takes.
// Whatever else it meets, damage above all, it leaves to the caller, who asks image/jpeg:
//
//	img, ok := jpeg.Decode(data)
//	if !ok {
//		img, err = stdjpeg.Decode(bytes.NewReader(data))
//	}
//
// Where Decode says ok, image/jpeg decodes too and gives equal planes, padding included. There is one exception: files with restart markers in scans of
// single planes that are sampled finer than others. image/jpeg counts the intervals wrongly (T.81, A.2.2) and calls them damaged.
package jpeg

import (
	"bytes"
	"image"
)

// Markers of T.81, table B.1.
const (
	sof0  = 0xc0 // baseline
	sof1  = 0xc1 // extended sequential
	sof2  = 0xc2 // progressive
	dht   = 0xc4
	rst0  = 0xd0
	rst7  = 0xd7
	soi   = 0xd8
	eoi   = 0xd9
	sos   = 0xda
	dqt   = 0xdb
	dri   = 0xdd
	app0  = 0xe0
	app14 = 0xee
	app15 = 0xef
	com   = 0xfe
)

// block is the coefficients of 8 x 8 samples, row-major.
type block = [64]int32

// zigzag is the natural position of the k-th coefficient (T.81, figure A.6).
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// component is one of the planes.
type component struct {
	id, quant byte
	h, v      int // sampling factors
	pix       []uint8
	stride    int
	// Of a progressive file: the blocks, and which AC coefficients are not zero, by their place in zigzag.
	coeffs  []block
	nonzero []uint64
}

type decoder struct {
	bits        bits
	w, h        int
	mcuX, mcuY  int // minimum coded units in a row, in a column
	comps       []component
	baseline    bool
	progressive bool
	rgb         bool // Adobe's mark of a picture without colour transform
	restart     int  // units between restart markers, 0 for none
	quant       [4]block
	huff        [2][4]*huffman // DC, AC
	img         image.Image
	scan        scan
	restarts    restarts
	beyond      bool // image/jpeg would have counted otherwise, see single
	scans       int
	work        block
	out         [64]uint8
}

// Decode returns an *image.Gray or *image.YCbCr as image/jpeg would, or ok = false: ask image/jpeg.
func Decode(data []byte) (img image.Image, ok bool) { return (&decoder{}).picture(data) }

func (d *decoder) picture(data []byte) (img image.Image, ok bool) {
	if !d.decode(data) || d.img == nil || d.rgb && len(d.comps) == 3 {
		return nil, false
	}
	if d.progressive {
		d.reconstruct()
	}
	return d.img, true
}

// decode walks the segments. Stray bytes before a marker are skipped, as image/jpeg and libjpeg do.
func (d *decoder) decode(data []byte) bool {
	if len(data) < 2 || data[0] != 0xff || data[1] != soi {
		return false
	}
	for data = data[2:]; ; {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+1 >= len(data) {
			return false
		}
		marker := data[i+1]
		data = data[i+2:]
		if marker == 0 {
			continue
		}
		for marker == 0xff { // fill bytes
			if len(data) == 0 {
				return false
			}
			marker, data = data[0], data[1:]
		}
		if marker == eoi {
			return true
		}
		if marker >= rst0 && marker <= rst7 {
			continue
		}
		if len(data) < 2 {
			return false
		}
		n := int(data[0])<<8 | int(data[1])
		if n < 2 || n > len(data) {
			return false
		}
		seg := data[2:n]
		data = data[n:]
		ok := false
		if marker == sos {
			data, ok = d.readScan(seg, data)
		} else {
			ok = d.segment(marker, seg)
		}
		if !ok {
			return false
		}
	}
}

func (d *decoder) segment(marker byte, seg []byte) bool {
	switch marker {
	case sof0, sof1, sof2:
		d.baseline, d.progressive = marker == sof0, marker == sof2
		return d.frame(seg)
	case dht:
		return d.tables(seg)
	case dqt:
		return d.quantisation(seg)
	case dri:
		if len(seg) != 2 {
			return false
		}
		d.restart = int(seg[0])<<8 | int(seg[1])
		return true
	case app14:
		if len(seg) >= 12 && string(seg[:5]) == "Adobe" {
			d.rgb = seg[11] == 0
		}
		return true
	}
	return marker >= app0 && marker <= app15 || marker == com
}

// frame reads a frame header (T.81, B.2.2).
func (d *decoder) frame(seg []byte) bool {
	if d.comps != nil || len(seg) < 6 || seg[0] != 8 {
		return false
	}
	n := int(seg[5])
	if len(seg) != 6+3*n || n != 1 && n != 3 {
		return false
	}
	d.h, d.w = int(seg[1])<<8|int(seg[2]), int(seg[3])<<8|int(seg[4])
	if d.w == 0 || d.h == 0 {
		return false
	}
	comps := make([]component, n)
	for i := range comps {
		s := seg[6+3*i:]
		comps[i] = component{id: s[0], h: int(s[1] >> 4), v: int(s[1] & 15), quant: s[2]}
		if comps[i].quant > 3 {
			return false
		}
	}
	if n == 1 {
		// A single component is not interleaved, whatever its factors (T.81, A.2); only 1, 2 and 4 are read.
		if !factor(comps[0].h) || !factor(comps[0].v) {
			return false
		}
		comps[0].h, comps[0].v = 1, 1
	} else if !sampling(comps) {
		return false
	}
	d.comps = comps
	d.mcuX = (d.w + 8*comps[0].h - 1) / (8 * comps[0].h)
	d.mcuY = (d.h + 8*comps[0].v - 1) / (8 * comps[0].v)
	return true
}

func factor(n int) bool { return n == 1 || n == 2 || n == 4 }

// sampling accepts the ratios of image/jpeg in a picture of three planes: luma a multiple of both chroma planes, which are alike.
func sampling(c []component) bool {
	for i := range c {
		if !factor(c[i].h) || !factor(c[i].v) {
			return false
		}
	}
	if c[0].id == c[1].id || c[0].id == c[2].id || c[1].id == c[2].id {
		return false
	}
	if c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B' {
		return false // not YCbCr, unless a JFIF segment says so
	}
	return c[0].v != 4 && c[0].h%c[1].h == 0 && c[0].v%c[1].v == 0 && c[1].h == c[2].h && c[1].v == c[2].v
}

// quantisation reads tables of 8 or 16 bits (T.81, B.2.4.1).
func (d *decoder) quantisation(seg []byte) bool {
	for len(seg) > 0 {
		size, id := 1+int(seg[0]>>4), seg[0]&15
		seg = seg[1:]
		if size > 2 || id > 3 || len(seg) < 64*size {
			return false
		}
		q := &d.quant[id]
		for k := range q {
			if size == 1 {
				q[k] = int32(seg[k])
			} else {
				q[k] = int32(seg[2*k])<<8 | int32(seg[2*k+1])
			}
		}
		seg = seg[64*size:]
	}
	return true
}

// allocate makes the picture, whole units in size, and cuts it to the frame's size.
func (d *decoder) allocate() {
	visible := image.Rect(0, 0, d.w, d.h)
	y := &d.comps[0]
	whole := image.Rect(0, 0, 8*y.h*d.mcuX, 8*y.v*d.mcuY)
	if len(d.comps) == 1 {
		m := image.NewGray(whole)
		y.pix, y.stride = m.Pix, m.Stride
		d.img = m.SubImage(visible)
		return
	}
	ratio := map[[2]int]image.YCbCrSubsampleRatio{
		{1, 1}: image.YCbCrSubsampleRatio444, {1, 2}: image.YCbCrSubsampleRatio440, {2, 1}: image.YCbCrSubsampleRatio422,
		{2, 2}: image.YCbCrSubsampleRatio420, {4, 1}: image.YCbCrSubsampleRatio411, {4, 2}: image.YCbCrSubsampleRatio410,
	}
	m := image.NewYCbCr(whole, ratio[[2]int{y.h / d.comps[1].h, y.v / d.comps[1].v}])
	y.pix, y.stride = m.Y, m.YStride
	d.comps[1].pix, d.comps[1].stride = m.Cb, m.CStride
	d.comps[2].pix, d.comps[2].stride = m.Cr, m.CStride
	d.img = m.SubImage(visible)
}

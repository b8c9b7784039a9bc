package imaging

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// TIFF tags (TIFF 6.0, section 8; EXIF 2.32 uses the same structure, section 4.6.2).
const (
	tagSubfileType   = 254
	tagBitsPerSample = 258
	tagCompression   = 259
	tagPhotometric   = 262
	tagFillOrder     = 266
	tagOrientation   = 274
	tagSamples       = 277
	tagRowsPerStrip  = 278
	tagPlanarConfig  = 284
	tagT4Options     = 292
	tagPredictor     = 317
	tagTileWidth     = 322
	tagTileLength    = 323
	tagExtraSamples  = 338
)

// maxEntries bounds the entries of an IFD that are looked at.
const maxEntries = 4096

// ifd is the first image file directory of a TIFF structure: entries of 12 bytes, tag, type, count, value.
type ifd struct {
	order   binary.ByteOrder
	entries []byte
}

// parseIFD finds the first directory. A directory that runs past the end is cut there.
func parseIFD(b []byte) (ifd, bool) {
	if len(b) < 8 {
		return ifd{}, false
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return ifd{}, false
	}
	off := uint64(order.Uint32(b[4:]))
	if off+2 > uint64(len(b)) {
		return ifd{}, false
	}
	n := min(int(order.Uint16(b[off:])), maxEntries)
	b = b[off+2:]
	return ifd{order, b[:min(n*12, len(b)/12*12)]}, true
}

func (d ifd) find(tag uint16) []byte {
	for e := d.entries; len(e) >= 12; e = e[12:] {
		if d.order.Uint16(e) == tag {
			return e[:12]
		}
	}
	return nil
}

// count returns how many values a tag has, 0 if it is absent.
func (d ifd) count(tag uint16) uint32 {
	if e := d.find(tag); e != nil {
		return d.order.Uint32(e[4:])
	}
	return 0
}

// value returns a tag's single SHORT, 0 if it is absent or of another kind.
func (d ifd) value(tag uint16) int {
	const typeShort = 3
	e := d.find(tag)
	if e == nil || d.order.Uint16(e[2:]) != typeShort || d.order.Uint32(e[4:]) != 1 {
		return 0
	}
	return int(d.order.Uint16(e[8:]))
}

// number returns a tag's single BYTE, SHORT or LONG, as x/image reads it, 0 if it is absent and 1 if it is of another kind.
func (d ifd) number(tag uint16) int64 {
	e := d.find(tag)
	if e == nil {
		return 0
	}
	const typeByte, typeShort, typeLong = 1, 3, 4
	if d.order.Uint32(e[4:]) == 1 {
		switch d.order.Uint16(e[2:]) {
		case typeByte:
			return int64(e[8])
		case typeShort:
			return int64(d.order.Uint16(e[8:]))
		case typeLong:
			return int64(d.order.Uint32(e[8:]))
		}
	}
	return 1
}

// blocks is how many strips or tiles a picture of w x h pixels is stored in.
func (d ifd) blocks(w, h int64) int64 {
	bw, bh := w, d.number(tagRowsPerStrip)
	if tw := d.number(tagTileWidth); tw > 0 {
		bw, bh = tw, d.number(tagTileLength)
	}
	if bh == 0 {
		bh = h
	}
	return ((w + bw - 1) / bw) * ((h + bh - 1) / bh)
}

// ccitt reports one of the three fax compressions, which have no bound on their ratio.
func (d ifd) ccitt() bool {
	c := d.number(tagCompression)
	return c >= 2 && c <= 4
}

// samples is how many values a pixel has, by the number of their sizes.
func (d ifd) samples() int64 { return int64(max(d.count(tagBitsPerSample), 1)) }

// misread says what of a picture x/image would read wrongly, or take for damage; "" if nothing.
func (d ifd) misread() string {
	samples, rgb := d.samples(), d.number(tagPhotometric) == 2
	switch {
	case d.number(tagSubfileType)&1 != 0: // NEF, DNG and others are TIFF files whose picture lies deeper
		return "the first picture is a reduced one, as in raw files of cameras"
	case d.number(tagSamples) > 0 && d.number(tagSamples) != samples: // x/image goes by the sizes
		return fmt.Sprintf("%d samples a pixel and %d sizes of samples", d.number(tagSamples), samples)
	case rgb && samples > 4, rgb && samples == 4 && d.number(tagExtraSamples) == 0:
		return "samples beside red, green and blue that are not said to be alpha"
	case d.number(tagPlanarConfig) == 2 && samples > 1:
		return "planes stored one after another"
	case d.ccitt() && d.number(tagPhotometric) != 0: // black and white would be swapped
		return "fax compression with black as zero"
	case d.number(tagCompression) == 3 && d.number(tagT4Options)&1 != 0:
		return "fax compression in two dimensions by group 3"
	case !d.ccitt() && d.number(tagFillOrder) == 2:
		return "bits of a byte in reverse"
	case d.number(tagPredictor) == 2 && !d.predicts(): // x/image adds up pixels that are no differences
		return "a predictor without LZW or deflate"
	}
	return ""
}

// predicts reports LZW or deflate (TIFF 6.0, section 14, and its supplement 2): with other compressions a predictor means nothing.
func (d ifd) predicts() bool {
	switch d.number(tagCompression) {
	case 5, 8, 32946:
		return true
	}
	return false
}

// tiffOrientation returns the orientation, 1 to 8, of a TIFF structure (a TIFF file or an EXIF block). Damage counts as 1,
// "as stored": a broken EXIF block does not make a picture unreadable.
func tiffOrientation(b []byte) int {
	d, ok := parseIFD(b)
	if !ok {
		return 1
	}
	if o := d.value(tagOrientation); o >= 1 && o <= 8 {
		return o
	}
	return 1
}

// exifHeader precedes the TIFF structure in a JPEG APP1 segment (EXIF 2.32, section 4.7.2) and, wrongly but often, in
// WebP.
const exifHeader = "Exif\x00\x00"

// jpegOrientation reads the first EXIF APP1 segment before the first scan.
func jpegOrientation(data []byte) int {
	o := 1
	walkJPEG(data, func(marker byte, seg []byte) bool {
		const app1, sos = 0xe1, 0xda
		if marker == app1 && bytes.HasPrefix(seg, []byte(exifHeader)) {
			o = tiffOrientation(seg[len(exifHeader):])
			return false
		}
		return marker != sos
	})
	return o
}

// walkJPEG calls f for each marker segment until f returns false or the data ends. seg is without marker and length.
// Entropy-coded data and stray bytes between segments are skipped. It reports whether it met the end marker.
func walkJPEG(data []byte, f func(marker byte, seg []byte) bool) bool {
	const rst0, soi, eoi = 0xd0, 0xd8, 0xd9
	for b := data; ; {
		i := bytes.IndexByte(b, 0xff)
		if i < 0 || i+1 >= len(b) {
			return false
		}
		marker := b[i+1]
		if marker == 0xff { // fill byte
			b = b[i+1:]
			continue
		}
		b = b[i+2:]
		if marker == eoi {
			return true
		}
		if marker <= 0x01 || marker >= rst0 && marker <= soi { // stuffed byte, TEM, RST0-7, SOI: no length
			continue
		}
		if len(b) < 2 {
			return false
		}
		n := int(binary.BigEndian.Uint16(b))
		if n < 2 || n > len(b) {
			return false
		}
		if !f(marker, b[2:n]) {
			return false
		}
		b = b[n:]
	}
}

// pngOrientation reads the eXIf chunk (PNG third edition, section 11.3.3.4).
func pngOrientation(data []byte) int {
	o := 1
	walkPNG(data, func(kind string, chunk []byte) bool {
		if kind == "eXIf" {
			o = tiffOrientation(chunk)
		}
		return kind != "eXIf"
	})
	return o
}

// walkPNG calls f for each whole chunk until f returns false or the data ends. It reports whether it met the IEND chunk.
func walkPNG(data []byte, f func(kind string, chunk []byte) bool) bool {
	for b := data[min(8, len(data)):]; len(b) >= 12; {
		n := uint64(binary.BigEndian.Uint32(b))
		if n+12 > uint64(len(b)) {
			break
		}
		kind := string(b[4:8])
		if kind == "IEND" {
			return true
		}
		if !f(kind, b[8:8+n]) {
			break
		}
		b = b[12+n:]
	}
	return false
}

// webpOrientation reads the EXIF chunk of the RIFF container (RFC 9649, section 2.7.1.5).
func webpOrientation(data []byte) int {
	for b := data[min(12, len(data)):]; len(b) >= 8; {
		n := uint64(binary.LittleEndian.Uint32(b[4:]))
		if n+8 > uint64(len(b)) {
			break
		}
		if string(b[:4]) == "EXIF" {
			return tiffOrientation(bytes.TrimPrefix(b[8:8+n], []byte(exifHeader)))
		}
		b = b[min(8+n+n&1, uint64(len(b))):]
	}
	return 1
}

// orient turns the picture upright. o is the EXIF orientation: 2 mirrored, 3 turned by 180 degrees, 4 flipped upside down,
// 5 transposed, 6 to be turned right, 7 transposed on the other diagonal, 8 to be turned left; anything else as stored.
func orient(m *RGB, o int) *RGB {
	if o < 2 || o > 8 {
		return m
	}
	w, h := m.W, m.H
	// Walking the output in order, the source starts at pixel `start` and moves by `dx` a column and `dy` a row.
	var start, dx, dy int
	switch o {
	case 2:
		start, dx, dy = w-1, -1, w
	case 3:
		start, dx, dy = w*h-1, -1, -w
	case 4:
		start, dx, dy = w*(h-1), 1, -w
	case 5:
		start, dx, dy = 0, w, 1
	case 6:
		start, dx, dy = w*(h-1), -w, 1
	case 7:
		start, dx, dy = w*h-1, -w, -1
	case 8:
		start, dx, dy = w-1, w, -1
	}
	if o >= 5 {
		w, h = h, w
	}
	out := NewRGB(w, h)
	d := out.Pix
	for y := range h {
		s := start + y*dy
		for range w {
			p := m.Pix[3*s : 3*s+3]
			d[0], d[1], d[2] = p[0], p[1], p[2]
			d, s = d[3:], s+dx
		}
	}
	return out
}

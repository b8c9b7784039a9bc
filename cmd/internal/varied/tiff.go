package varied

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"

	"anomnet/core/imaging"
)

// Tags of TIFF 6.0, section 8.
const (
	tagWidth, tagHeight, tagBits, tagCompression, tagPhotometric = 256, 257, 258, 259, 262
	tagStripOffsets, tagOrientation, tagSamples                  = 273, 274, 277
	tagStripRows, tagStripCounts, tagPlanes, tagPredictor        = 278, 279, 284, 317
	tagColours, tagTileWidth, tagTileHeight                      = 320, 322, 323
	tagTileOffsets, tagTileCounts, tagExtra                      = 324, 325, 338
)

// tiffKind has the photometric interpretation of its tag: 0 white is zero, 1 black is zero, 2 RGB, 3 palette.
func tiffKind(name string, channels, bits, photometric int) kind {
	return kind{name, "tif", func(r *rand.Rand, p *picture) File {
		m := p.raster(channels, bits)
		m.invert = photometric == 0
		if photometric == 3 {
			m.withPalette(r, 256, false)
		}
		if channels == 4 && r.IntN(2) == 0 {
			m.premultiplied = true
			for i, v := range m.pix { // a sample is at most its alpha
				m.pix[i] = min(v, m.pix[i|3])
			}
		}
		return tiffFile(r, m, photometric, 1)
	}}
}

// planarTIFF stores its planes one after another, which is not read.
func planarTIFF(r *rand.Rand, p *picture) File {
	return File{Data: tiffFile(r, p.raster(3, 8), 2, 2).Data, Refused: imaging.Unsupported}
}

// entries are the tags of a directory; all values are written as LONG or SHORT.
type entries struct {
	order binary.AppendByteOrder
	list  []entry
}

type entry struct {
	tag    uint16
	long   bool
	values []int
}

func (e *entries) add(tag uint16, values ...int) { e.list = append(e.list, entry{tag, false, values}) }

func (e *entries) addLong(tag uint16, values ...int) {
	e.list = append(e.list, entry{tag, true, values})
}

// append writes the directory, and behind it the values that do not fit into an entry.
func (e *entries) append(file []byte) []byte {
	out := e.order.AppendUint16(file, uint16(len(e.list)))
	behind := len(file) + 2 + 12*len(e.list) + 4
	var rest []byte
	for _, x := range e.list {
		kind, values := uint16(3), []byte(nil)
		for _, v := range x.values {
			if x.long {
				kind, values = 4, e.order.AppendUint32(values, uint32(v))
			} else {
				values = e.order.AppendUint16(values, uint16(v))
			}
		}
		out = e.order.AppendUint16(e.order.AppendUint16(out, x.tag), kind)
		out = e.order.AppendUint32(out, uint32(len(x.values)))
		if len(values) <= 4 {
			out = append(out, append(values, 0, 0, 0, 0)[:4]...)
			continue
		}
		out = e.order.AppendUint32(out, uint32(behind+len(rest)))
		rest = append(rest, values...)
	}
	return append(e.order.AppendUint32(out, 0), rest...)
}

// exifBlock is a TIFF structure with nothing but an orientation.
func exifBlock(orientation int) []byte {
	e := entries{order: binary.BigEndian}
	e.add(tagOrientation, orientation)
	return e.append([]byte("MM\x00*\x00\x00\x00\x08"))
}

// tiffFile writes strips or tiles in either byte order.
func tiffFile(r *rand.Rand, m *raster, photometric, planes int) File {
	order, file := binary.AppendByteOrder(binary.LittleEndian), []byte("II*\x00\x00\x00\x00\x00")
	if r.IntN(2) == 0 {
		order, file = binary.BigEndian, []byte("MM\x00*\x00\x00\x00\x00")
	}
	tw, th, tiled := m.w, 1+r.IntN(m.h), r.IntN(3) == 0
	if tiled {
		tw, th = 16*(1+r.IntN(4)), 16*(1+r.IntN(4))
	}
	compression := []int{1, 5, 8, 32773, 32946}[r.IntN(5)]
	predictor := 1
	if (compression == 8 || compression == 5) && m.bits >= 8 {
		predictor += r.IntN(2)
	}
	var offsets, counts []int
	for y := 0; y < m.h; y += th {
		for x := 0; x < m.w; x += tw {
			b := squeeze(r, m.block(x, y, tw, th, tiled, predictor == 2, order.(binaryOrder)), compression)
			offsets, counts = append(offsets, len(file)), append(counts, len(b))
			file = append(file, b...)
		}
	}
	orientation := someOrientation(r)
	e := tiffTags(m, order, photometric, compression, orientation)
	where := []uint16{tagStripOffsets, tagStripCounts}
	if tiled {
		where = []uint16{tagTileOffsets, tagTileCounts}
		e.add(tagTileWidth, tw)
		e.add(tagTileHeight, th)
	} else {
		e.addLong(tagStripRows, th)
	}
	e.addLong(where[0], offsets...)
	e.addLong(where[1], counts...)
	e.add(tagPlanes, planes)
	e.add(tagPredictor, predictor)
	e.sort()
	if len(file)%2 == 1 {
		file = append(file, 0)
	}
	order.(binaryOrder).PutUint32(file[4:], uint32(len(file)))
	return File{Data: e.append(file), Want: m.want(orientation)}
}

type binaryOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func tiffTags(m *raster, order binary.AppendByteOrder, photometric, compression, orientation int) *entries {
	e := &entries{order: order}
	e.addLong(tagWidth, m.w)
	e.addLong(tagHeight, m.h)
	e.add(tagBits, []int{m.bits, m.bits, m.bits, m.bits}[:m.channels]...)
	e.add(tagCompression, compression)
	e.add(tagPhotometric, photometric)
	e.add(tagOrientation, orientation)
	e.add(tagSamples, m.channels)
	if m.channels == 4 {
		e.add(tagExtra, map[bool]int{true: 1, false: 2}[m.premultiplied])
	}
	if m.palette != nil {
		var v []int
		for k := range 3 {
			for _, c := range m.palette {
				v = append(v, int(c[k])*257)
			}
		}
		e.add(tagColours, v...)
	}
	return e
}

func (e *entries) sort() {
	for i := range e.list {
		for j := i; j > 0 && e.list[j].tag < e.list[j-1].tag; j-- {
			e.list[j], e.list[j-1] = e.list[j-1], e.list[j]
		}
	}
}

// block returns the rows of a strip, or of a tile, which is filled up with zeros, with each sample less the one to its left if differences is set.
func (m *raster) block(x0, y0, w, h int, tiled, differences bool, order binaryOrder) (out []byte) {
	part := &raster{w: w, h: h, channels: m.channels, bits: m.bits, pix: make([]uint16, w*h*m.channels)}
	for y := range min(h, m.h-y0) {
		n := min(w, m.w-x0) * m.channels
		copy(part.pix[y*w*m.channels:], m.pix[((y0+y)*m.w+x0)*m.channels:][:n])
	}
	if !tiled {
		part.h = min(h, m.h-y0)
	}
	for y := range part.h {
		row := part.pix[y*w*m.channels:][:w*m.channels]
		for i := len(row) - 1; differences && i >= m.channels; i-- {
			row[i] -= row[i-m.channels]
		}
		out = append(out, part.pack(y, 0, 1, order)...)
	}
	return out
}

func squeeze(r *rand.Rand, data []byte, compression int) []byte {
	switch compression {
	case 8, 32946:
		return deflate(r, data)
	case 5:
		return literalLZW(data)
	case 32773:
		return packBits(data)
	}
	return data
}

// packBits has literals and runs (section 9).
func packBits(data []byte) []byte {
	var b bytes.Buffer
	for len(data) > 0 {
		n := 1
		for n < min(len(data), 128) && data[n] == data[0] {
			n++
		}
		if n > 2 {
			b.Write([]byte{byte(257 - n), data[0]})
		} else {
			n = min(len(data), 7)
			b.WriteByte(byte(n - 1))
			b.Write(data[:n])
		}
		data = data[n:]
	}
	return b.Bytes()
}

// literalLZW clears the table before it needs a code of more than nine bits (section 13), so nothing is squeezed. Pillow's files have real codes.
func literalLZW(data []byte) (out []byte) {
	bits, n := 0, 0
	put := func(code int) {
		bits, n = bits<<9|code, n+9
		for ; n >= 8; n -= 8 {
			out = append(out, byte(bits>>(n-8)))
			bits &= 1<<(n-8) - 1
		}
	}
	const clear, end = 256, 257
	for i, v := range data {
		if i%250 == 0 {
			put(clear)
		}
		put(int(v))
	}
	put(end)
	return append(out, byte(bits<<(8-n)))
}

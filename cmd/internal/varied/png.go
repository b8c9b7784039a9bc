package varied

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"

	"anomnet/core/imaging"
)

func pngKind(name string, channels, bits int) kind {
	return kind{name, "png", func(r *rand.Rand, p *picture) File { return pngFile(r, p.raster(channels, bits)) }}
}

func pngPalette(name string, bits int) kind {
	return kind{name, "png", func(r *rand.Rand, p *picture) File {
		return pngFile(r, p.raster(1, bits).withPalette(r, 1+r.IntN(1<<bits), r.IntN(2) == 0))
	}}
}

// pngKey makes the colour of one pixel clear.
func pngKey(name string, channels, bits int) kind {
	return kind{name, "png", func(r *rand.Rand, p *picture) File {
		m := p.raster(channels, bits)
		m.key = m.pix[r.IntN(m.w*m.h)*channels:][:channels]
		return pngFile(r, m)
	}}
}

// cutPNG ends somewhere in its pixels.
func cutPNG(r *rand.Rand, p *picture) File {
	f := pngFile(r, p.raster(3, 8))
	return File{Data: f.Data[:len(f.Data)-12-1-r.IntN(8)], Refused: imaging.Corrupt}
}

// pngFile writes a PNG by its specification (third edition), with any of what may be in one: filters, interlacing, split data, profiles.
func pngFile(r *rand.Rand, m *raster) File {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	interlaced, orientation := r.IntN(3) == 0, someOrientation(r)
	colourType := byte([]int{0, 4, 2, 6}[m.channels-1])
	if m.palette != nil {
		colourType = 3
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(m.w)), uint32(m.h))
	chunk(&b, "IHDR", append(head, byte(m.bits), colourType, 0, 0, map[bool]byte{true: 1}[interlaced]))
	ancillary(&b, r)
	if m.palette != nil {
		pngColours(&b, m.palette)
	}
	if m.key != nil {
		var t []byte
		for _, v := range m.key {
			t = binary.BigEndian.AppendUint16(t, v)
		}
		chunk(&b, "tRNS", t)
	}
	if orientation != 1 {
		chunk(&b, "eXIf", exifBlock(orientation))
	}
	for data := deflate(r, pngRows(r, m, interlaced)); len(data) > 0; {
		n := min(1+r.IntN(1+len(data)), len(data))
		chunk(&b, "IDAT", data[:n])
		data = data[n:]
	}
	chunk(&b, "IEND", nil)
	return File{Data: b.Bytes(), Want: m.want(orientation)}
}

// ancillary writes chunks that say something of colour, which readers here must ignore.
func ancillary(b *bytes.Buffer, r *rand.Rand) {
	switch r.IntN(4) {
	case 0:
		chunk(b, "gAMA", binary.BigEndian.AppendUint32(nil, uint32(30000+r.IntN(50000))))
	case 1:
		chunk(b, "sRGB", []byte{byte(r.IntN(4))})
	case 2:
		chunk(b, "iCCP", append([]byte("a profile\x00\x00"), deflate(r, make([]byte, 200))...))
	}
	if r.IntN(3) == 0 {
		chunk(b, "tEXt", []byte("Comment\x00varied"))
	}
}

func pngColours(b *bytes.Buffer, palette [][4]uint8) {
	var rgb, alpha []byte
	clear := false
	for _, c := range palette {
		rgb, alpha = append(rgb, c[:3]...), append(alpha, c[3])
		clear = clear || c[3] != 255
	}
	chunk(b, "PLTE", rgb)
	if clear {
		chunk(b, "tRNS", alpha)
	}
}

func chunk(b *bytes.Buffer, name string, data []byte) {
	body := append([]byte(name), data...)
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data))))
	b.Write(body)
	b.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
}

func deflate(r *rand.Rand, data []byte) []byte {
	level := []int{zlib.NoCompression, zlib.BestSpeed, zlib.DefaultCompression, zlib.HuffmanOnly}[r.IntN(4)]
	if len(data) > 1<<20 {
		level = zlib.BestSpeed
	}
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	must(err)
	_, err = w.Write(data)
	must(err)
	must(w.Close())
	return b.Bytes()
}

// pngRows packs and filters the rows, those of the seven passes one after another if interlaced (section 8.1).
func pngRows(r *rand.Rand, m *raster, interlaced bool) (out []byte) {
	passes := [][4]int{{0, 0, 1, 1}}
	if interlaced {
		passes = [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
	}
	step := max(1, m.channels*m.bits/8)
	for _, p := range passes {
		if p[0] >= m.w {
			continue
		}
		var before []byte
		for y := p[1]; y < m.h; y += p[3] {
			row := m.pack(y, p[0], p[2], binary.BigEndian)
			if before == nil {
				before = make([]byte, len(row))
			}
			f := r.IntN(5)
			out = append(append(out, byte(f)), filtered(f, row, before, step)...)
			before = row
		}
	}
	return out
}

// pack returns the samples of a row as bytes, beginning at a column, of each so many columns one.
func (m *raster) pack(y, from, step int, order binary.AppendByteOrder) (out []byte) {
	bits, n := 0, 0
	for x := from; x < m.w; x += step {
		for _, v := range m.pix[(y*m.w+x)*m.channels:][:m.channels] {
			switch m.bits {
			case 16:
				out = order.AppendUint16(out, v)
			case 8:
				out = append(out, byte(v))
			default:
				bits, n = bits<<m.bits|int(v), n+m.bits
				if n == 8 {
					out, bits, n = append(out, byte(bits)), 0, 0
				}
			}
		}
	}
	if n > 0 {
		out = append(out, byte(bits<<(8-n)))
	}
	return out
}

// filtered applies a filter of section 9.2.
func filtered(filter int, row, before []byte, step int) []byte {
	out := make([]byte, len(row))
	for i, v := range row {
		a, b, c := 0, int(before[i]), 0 // left, above, left above
		if i >= step {
			a, c = int(row[i-step]), int(before[i-step])
		}
		out[i] = v - byte([]int{0, a, b, (a + b) / 2, paeth(a, b, c)}[filter])
	}
	return out
}

func paeth(a, b, c int) int {
	far := func(v int) int { return max(a+b-c-v, v-a-b+c) }
	if far(a) <= far(b) && far(a) <= far(c) {
		return a
	}
	if far(b) <= far(c) {
		return b
	}
	return c
}

package varied

import (
	"encoding/binary"
	"math/rand/v2"
)

func bmpPalette(name string, bits int) kind {
	return kind{name, "bmp", func(r *rand.Rand, p *picture) File {
		return bmpFile(r, p.raster(1, bits).withPalette(r, 1<<bits, false), bits)
	}}
}

// bmpKind is of 24 bits a pixel, or of 32: with alpha if channels is 4.
func bmpKind(name string, channels int) kind {
	bits := 32
	if name == "rgb24" {
		bits = 24
	}
	return kind{name, "bmp", func(r *rand.Rand, p *picture) File { return bmpFile(r, p.raster(channels, 8), bits) }}
}

// bmpFile writes a BITMAPINFOHEADER or, where alpha needs it, a BITMAPV4HEADER, and rows from the bottom or from the top.
func bmpFile(r *rand.Rand, m *raster, bits int) File {
	topDown := r.IntN(2) == 0
	info := make([]byte, 40)
	if m.channels == 4 {
		info = make([]byte, 108)
		for i, mask := range []uint32{0xff0000, 0xff00, 0xff, 0xff000000} {
			binary.LittleEndian.PutUint32(info[40+4*i:], mask)
		}
		info[16] = 3 // BI_BITFIELDS
	}
	height := int32(m.h)
	if topDown {
		height = -height
	}
	le := binary.LittleEndian
	le.PutUint32(info, uint32(len(info)))
	le.PutUint32(info[4:], uint32(m.w))
	le.PutUint32(info[8:], uint32(height))
	le.PutUint16(info[12:], 1)
	le.PutUint16(info[14:], uint16(bits))
	for _, c := range m.palette {
		info = append(info, c[2], c[1], c[0], 0)
	}
	file := []byte("BM\x00\x00\x00\x00\x00\x00\x00\x00")
	file = append(le.AppendUint32(file, uint32(14+len(info))), info...)
	for i := range m.h {
		y := m.h - 1 - i
		if topDown {
			y = i
		}
		file = append(file, m.bmpRow(r, y, bits)...)
	}
	le.PutUint32(file[2:], uint32(len(file)))
	return File{Data: file, Want: m.want(1)}
}

func (m *raster) bmpRow(r *rand.Rand, y, bits int) (row []byte) {
	if m.palette != nil {
		row = m.pack(y, 0, 1, binary.LittleEndian)
	} else {
		for c := m.pix[y*m.w*m.channels:][:m.w*m.channels]; len(c) > 0; c = c[m.channels:] {
			row = append(row, byte(c[2]), byte(c[1]), byte(c[0]))
			if m.channels == 4 {
				row = append(row, byte(c[3]))
			} else if bits == 32 {
				row = append(row, byte(random(r))) // means nothing
			}
		}
	}
	for len(row)%4 != 0 {
		row = append(row, 0)
	}
	return row
}

package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// zeros is n bytes, deflated: about a thousandth of it.
func zeros(n int) []byte { return deflated(make([]byte, n)) }

// chunks is a PNG file of w x h gray pixels with these chunks.
func chunks(w, h uint32, list ...[]byte) []byte {
	return append(append(pngHeader(w, h, 8, 0), bytes.Join(list, nil)...), pngChunk("IEND", nil)...)
}

// claims is the start of a chunk that says it has n bytes.
func claims(kind string, n uint32) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, n), kind...), 0, 0, 0, 0)
}

// tiffBlocks is w x h gray pixels in blocks that all have the same data; extra tags are given in order.
func tiffBlocks(w, h, compression uint32, data []byte, extra func(blocks uint32) [][2]uint32, blocks uint32) []byte {
	// Offsets and lengths are tables behind the directory, all entries alike.
	const start = 8 + 2 + 12*12 + 4
	table := func(v uint32) []byte { return bytes.Repeat(binary.LittleEndian.AppendUint32(nil, v), int(blocks)) }
	at := start + 8*blocks
	b := []byte("II*\x00\x08\x00\x00\x00")
	entries := [][4]uint32{{256, 4, 1, w}, {257, 4, 1, h}, {258, 3, 1, 8}, {259, 3, 1, compression}, {262, 3, 1, 1}}
	for _, e := range extra(blocks) {
		entries = append(entries, [4]uint32{e[0], 4, 1, e[1]})
	}
	offsets, counts := uint32(273), uint32(279)
	if entries[len(entries)-1][0] == 323 {
		offsets, counts = 324, 325
	}
	first, second := [4]uint32{offsets, 4, blocks, start}, [4]uint32{counts, 4, blocks, start + 4*blocks}
	if blocks == 1 {
		first[3], second[3] = at, uint32(len(data))
	}
	entries = append(entries, first, second)
	for i := range entries { // in the order of the tags
		for j := i; j > 0 && entries[j][0] < entries[j-1][0]; j-- {
			entries[j], entries[j-1] = entries[j-1], entries[j]
		}
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(entries)))
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(b, uint16(e[0])), uint16(e[1]))
		b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, e[2]), e[3])
	}
	b = append(b, make([]byte, start-len(b))...)
	return append(append(append(b, table(at)...), table(uint32(len(data)))...), data...)
}

func strips(rows uint32) func(uint32) [][2]uint32 {
	return func(uint32) [][2]uint32 { return [][2]uint32{{278, rows}} }
}

func tiles(w, h uint32) func(uint32) [][2]uint32 {
	return func(uint32) [][2]uint32 { return [][2]uint32{{322, w}, {323, h}} }
}

// TestBombs: files that are small and ask for much. Each is read, or refused with a reason, within a second and in memory that its size in pixels
// justifies: 16 bytes for each, and a few times the file.
func TestBombs(t *testing.T) {
	bomb := zeros(64 << 20)
	long := pngChunk("zTXt", append([]byte("Comment\x00\x00"), bomb...))
	frames := bytes.Join([][]byte{pngChunk("acTL", []byte{0, 0, 0x40, 0, 0, 0, 0, 0}), bytes.Repeat(pngChunk("fdAT", []byte("\x00\x00\x00\x01frame")), 500)}, nil)
	for name, c := range map[string]struct {
		data   []byte
		pixels int    // of a picture that is read
		kind   Kind   // of a refusal
		says   string // in it
	}{
		"png, 64 MB behind 100 pixels":       {chunks(10, 10, pngChunk("IDAT", bomb)), 0, Corrupt, "pixel data"},
		"png, 64 MB of comment":              {chunks(10, 10, long, pngChunk("IDAT", zeros(110))), 100, "", ""},
		"png, 64 MB of colour profile":       {chunks(10, 10, pngChunk("iCCP", append([]byte("x\x00\x00"), bomb...)), pngChunk("IDAT", zeros(110))), 100, "", ""},
		"png, a chunk of 2^31-1":             {chunks(10, 10, claims("IDAT", 1<<31-1)), 0, Corrupt, "EOF"},
		"png, a chunk of 2^32-1":             {chunks(10, 10, claims("teXt", 1<<32-1)), 0, Corrupt, ""},
		"png, a palette of 2^31":             {append(pngHeader(10, 10, 8, 3), claims("PLTE", 1<<31)...), 0, Corrupt, ""},
		"png of 1 x 1,000,000,000":           {chunks(1, 1e9, pngChunk("IDAT", zeros(1000))), 0, TooLarge, "1 x 1000000000"},
		"png of 1,000,000,000 x 1":           {chunks(1e9, 1, pngChunk("IDAT", zeros(1000))), 0, TooLarge, "1000000000 x 1"},
		"png, 20,000 empty chunks":           {chunks(10, 10, bytes.Repeat(pngChunk("IDAT", nil), 20_000), pngChunk("IDAT", zeros(110))), 100, "", ""},
		"png, 300,000 chunks":                {chunks(10, 10, bytes.Repeat(pngChunk("teXt", nil), 300_000)), 0, Unsupported, "chunks"},
		"apng, 500 frames":                   {chunks(10, 10, frames, pngChunk("IDAT", zeros(110))), 100, "", ""},
		"gif, animated":                      {[]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"), 0, Unsupported, "gif"},
		"webp, animated":                     {animatedWebP(), 0, Unsupported, "animation"},
		"tiff, 64 MB behind 100 pixels":      {tiffBlocks(10, 10, 8, bomb, strips(10), 1), 100, "", ""},
		"tiff, 64 MB behind each of 10 rows": {tiffBlocks(10, 10, 8, bomb, strips(1), 10), 100, "", ""},
		"tiff, a tile of 65,536 x 65,536":    {tiffBlocks(10, 10, 8, bomb, tiles(1<<16, 1<<16), 1), 0, Corrupt, "tile"},
		"tiff, a million small tiles":        {tiffBlocks(8192, 8192, 8, zeros(64), tiles(8, 8), 1<<20), 0, Unsupported, "1048576 strips or tiles"},
		"tiff, rows of nothing":              {tiffBlocks(10, 10, 8, nil, strips(1), 10), 0, Corrupt, ""},
		"tiff, 2^32-1 strips":                {tiffBlocks(10, 10, 8, zeros(100), func(uint32) [][2]uint32 { return [][2]uint32{{278, 1<<32 - 1}} }, 1), 100, "", ""},
		"bmp, a palette of 2^31":             {bmpPalette(1 << 31), 0, Unsupported, ""},
		"jpeg, 12 bits":                      {jpegOfDepth(12), 0, Unsupported, "precision"},
		"jpeg, 16 bits, lossless":            {append([]byte{0xff, 0xd8, 0xff, 0xc3}, jpegOfDepth(16)[4:]...), 0, Unsupported, ""},
		"jpeg, arithmetic":                   {append([]byte{0xff, 0xd8, 0xff, 0xc9}, jpegHeader(8, 8)[4:]...), 0, Unsupported, ""},
		"jpeg, 3,000 scans":                  {manyScans(t, 3000), 0, Unsupported, "scans"},
		"jpeg, 60,000 empty segments":        {append([]byte{0xff, 0xd8}, bytes.Repeat([]byte{0xff, 0xe1, 0, 2}, 60_000)...), 0, Corrupt, "EOF"},
		"jpeg, a megabyte of fill":           {append([]byte{0xff, 0xd8}, bytes.Repeat([]byte{0xff}, 1<<20)...), 0, Corrupt, "EOF"},
		"jpeg, CMYK":                         {load(t, "formats/cmyk.jpeg"), 0, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := quickly(t, c.data, c.pixels)
			if c.kind == "" {
				require.NoError(t, err)
				if c.pixels > 0 {
					assert.Equal(t, c.pixels, m.W*m.H)
				}
				return
			}
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.kind, e.Kind, err)
			assert.ErrorContains(t, err, c.says)
			t.Log(err)
		})
	}
}

// quickly decodes within a second, one of three times on a busy machine, and in the memory that the picture justifies.
func quickly(t *testing.T, data []byte, pixels int) (m *RGB, err error) {
	t.Helper()
	limit := time.Second
	for try := range 3 {
		start, before := time.Now(), allocated()
		m, err = Decode(data, nil)
		took, bytes := time.Since(start), allocated()-before
		assert.Less(t, bytes, uint64(16*pixels+4*len(data)+4<<20), "bytes allocated")
		if took < limit {
			break
		}
		require.Less(t, try, 2, "%v", took)
	}
	return m, err
}

func bmpPalette(n uint32) []byte {
	b := bmpHeader(10, 10)
	binary.LittleEndian.PutUint16(b[28:], 8)
	binary.LittleEndian.PutUint32(b[46:], n)
	return append(b, make([]byte, 2000)...)
}

func jpegOfDepth(bits byte) []byte {
	b := jpegHeader(8, 8)
	b[6] = bits
	return b
}

// TestMemoryOfAnImage: what decoding allocates in all is at most so many bytes a pixel, as the package says; the picture itself is 3. The damaged files claim
// more pixels than they hold: what is allocated for them is.
func TestMemoryOfAnImage(t *testing.T) {
	const side = 512
	photo := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range photo.Pix {
		photo.Pix[i] = byte(i*i>>8 | 3)
	}
	for _, c := range []struct {
		name  string
		file  []byte
		whole bool
		most  float64
	}{
		{"png, 8 bits", append(append(pngHeader(side, side, 8, 2), pngChunk("IDAT", zeros(side*(3*side+1)))...), pngChunk("IEND", nil)...), true, 8},
		{"png, 16 bits with alpha", append(append(pngHeader(side, side, 16, 6), pngChunk("IDAT", zeros(side*(8*side+1)))...), pngChunk("IEND", nil)...), true, 20},
		{"png, 1 bit, interlaced", append(append(interlaced(side), pngChunk("IDAT", zeros(passes(side)))...), pngChunk("IEND", nil)...), true, 20},
		{"tiff, deflate", tiffBlocks(side, side, 8, zeros(side*side), strips(side), 1), true, 20},
		{"jpeg", jpegOf(t, photo), true, 20},
		{"webp, damaged", sized(t, "lossy.webp", []byte{0x9d, 0x01, 0x2a}, side, binary.LittleEndian), false, 20},
		{"jpeg, progressive and damaged", sized(t, "progressive.jpeg", []byte{0xff, 0xc2, 0, 17, 8}, side, binary.BigEndian), false, 32},
	} {
		before := allocated()
		m, err := Decode(c.file, nil)
		took := allocated() - before
		assert.Equal(t, c.whole, err == nil, "%s: %v", c.name, err)
		if c.whole {
			assert.Equal(t, side*side, m.W*m.H, c.name)
		}
		each := float64(took) / (side * side)
		t.Logf("%s: %.1f bytes a pixel", c.name, each)
		assert.Less(t, each, c.most, c.name)
		assert.Greater(t, each, 1.0, "%s: the pixels were reached", c.name)
	}
}

// sized is a file that says it has side x side pixels, behind some bytes of its header.
func sized(t *testing.T, name string, before []byte, side uint16, order binary.ByteOrder) []byte {
	file := bytes.Clone(load(t, "formats/"+name))
	at := bytes.Index(file, before)
	require.Positive(t, at)
	order.PutUint16(file[at+len(before):], side)
	order.PutUint16(file[at+len(before)+2:], side)
	return file
}

func interlaced(side uint32) []byte {
	b := pngHeader(side, side, 1, 0)
	b[28] = 1
	return summed(b)
}

// passes is the bytes of an interlaced picture of one bit a pixel: seven pictures, a byte before each row (PNG, section 8.2).
func passes(side int) int {
	n := 0
	for _, p := range [7][4]int{{8, 8, 0, 0}, {8, 8, 4, 0}, {4, 8, 0, 4}, {4, 4, 2, 0}, {2, 4, 0, 2}, {2, 2, 1, 0}, {1, 2, 0, 1}} {
		w, h := (side-p[2]+p[0]-1)/p[0], (side-p[3]+p[1]-1)/p[1]
		n += h * (1 + (w+7)/8)
	}
	return n
}

// TestTruncatedAnywhere cuts larger files at sampled places: always an error of ours.
func TestTruncatedAnywhere(t *testing.T) {
	for name, data := range map[string][]byte{
		"png":  chunks(600, 400, pngChunk("IDAT", zeros(400*601))),
		"tiff": tiffBlocks(600, 400, 8, zeros(600*400), strips(400), 1),
	} {
		for n := 0; n < len(data); n += 1 + len(data)/40 {
			_, err := Decode(data[:n:n], nil)
			var e *Error
			require.True(t, errors.As(err, &e), "%s cut at %d: %v", name, n, err)
		}
	}
}

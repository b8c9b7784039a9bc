package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pngChunk is length, type, data, CRC.
func pngChunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngHeader is a signature and an IHDR chunk, nothing else.
func pngHeader(w, h uint32, depth, colour byte) []byte {
	d := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", append(d, depth, colour, 0, 0, 0))...)
}

func bmpHeader(w, h int32) []byte {
	b := make([]byte, 54)
	copy(b, "BM")
	binary.LittleEndian.PutUint32(b[10:], 54)
	binary.LittleEndian.PutUint32(b[14:], 40)
	binary.LittleEndian.PutUint32(b[18:], uint32(w))
	binary.LittleEndian.PutUint32(b[22:], uint32(h))
	binary.LittleEndian.PutUint16(b[26:], 1)
	binary.LittleEndian.PutUint16(b[28:], 24)
	return b
}

// outsidePalette is one pixel of colour 1 of 1.
func outsidePalette() []byte {
	b := append(bmpHeader(1, 1), 1, 2, 3, 0, 1, 0, 0, 0)
	b[10], b[28], b[46] = 58, 8, 1
	return b
}

// tiffHeader is one strip of 8-bit gray with no data, but for other values of some tags.
func tiffHeader(w, h uint32, others ...[2]uint32) []byte {
	entries := map[uint32]uint32{256: w, 257: h, 258: 8, 259: 1, 262: 1, 273: 8, 278: h, 279: w * h}
	for _, e := range others {
		entries[e[0]] = e[1]
	}
	b := binary.LittleEndian.AppendUint16([]byte("II*\x00\x08\x00\x00\x00"), uint16(len(entries)))
	for _, tag := range slices.Sorted(maps.Keys(entries)) {
		b = binary.LittleEndian.AppendUint16(b, uint16(tag))
		if entries[tag] < 1<<16 {
			b = append(b, 3, 0, 1, 0, 0, 0)
		} else {
			b = append(b, 4, 0, 1, 0, 0, 0)
		}
		b = binary.LittleEndian.AppendUint32(b, entries[tag])
	}
	return append(b, 0, 0, 0, 0)
}

func jpegHeader(w, h uint16) []byte {
	return []byte{0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 1, 1, 0x11, 0, 0xff, 0xda, 0, 8}
}

// manyScans repeats the only scan of a progressive file.
func manyScans(t testing.TB, n int) []byte {
	file := load(t, "formats/progressive.jpeg")
	i := bytes.Index(file, []byte{0xff, 0xda})
	require.Positive(t, i)
	j := i + 2 + bytes.Index(file[i+2:], []byte{0xff, 0xc4})
	require.Greater(t, j, i)
	return append(append(bytes.Clone(file[:i]), bytes.Repeat(file[i:j], n)...), file[j:]...)
}

func webpHeader(w, h uint32) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("RIFF\x12\x00\x00\x00WEBPVP8L\x05\x00\x00\x00\x2f"), (w-1)|(h-1)<<14)
	return append(b, 0)
}

// fourSamples is an RGB file that claims to have a fourth sample, and does not say what it is.
func fourSamples(t testing.TB) []byte {
	file := retag(t, "rgb.tiff", tagSamples, 3, 3, 4)
	i := bytes.LastIndex(file, []byte{tagBitsPerSample & 0xff, tagBitsPerSample >> 8, 3, 0, 3, 0, 0, 0})
	require.Positive(t, i)
	at := binary.LittleEndian.Uint32(file[i+8:])
	file[i+4] = 4
	binary.LittleEndian.PutUint32(file[i+8:], uint32(len(file)))
	return append(append(file, file[at:at+6]...), 8, 0)
}

// retag is a TIFF file with another value of a tag, which was a SHORT, and is of a kind.
func retag(t testing.TB, name string, tag uint16, kind, was, value byte) []byte {
	file := bytes.Clone(load(t, "formats/"+name))
	i := bytes.LastIndex(file, []byte{byte(tag), byte(tag >> 8), 3, 0, 1, 0, 0, 0, was, 0})
	require.Positive(t, i)
	file[i+2], file[i+8] = kind, value
	return file
}

func animatedWebP() []byte {
	return append([]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00"), make([]byte, 6)...)
}

func TestDecodeRefuses(t *testing.T) {
	tests := []struct {
		name   string
		data   []byte
		kind   Kind
		format string
		eof    bool // io.ErrUnexpectedEOF in the chain
	}{
		{"nothing", nil, Empty, "", false},
		{"text", []byte("this is no image, only text"), NotImage, "", false},
		{"text that begins with BM", []byte("BMW makes cars and motorcycles, not bitmaps"), NotImage, "", false},
		{"zip", []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00aaaaaaaaaaaa"), NotImage, "", false},
		{"riff that is not webp", []byte("RIFF\x24\x00\x00\x00WAVEfmt "), NotImage, "", false},
		{"one byte", []byte{0x89}, NotImage, "", false},
		{"gif", []byte("GIF89a\x01\x00\x01\x00"), Unsupported, "gif", false},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), Unsupported, "heic", false},
		{"avif", []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), Unsupported, "avif", false},
		{"png of 30,000 x 30,000", pngHeader(30000, 30000, 8, 2), TooLarge, "png", false},
		{"png of 30,000 x 30,000, palette", pngHeader(30000, 30000, 8, 3), TooLarge, "png", false},
		{"png of 2^31-1", pngHeader(1<<31-1, 1<<31-1, 16, 6), TooLarge, "png", false},
		{"png over 2^31-1", append(pngHeader(1<<31, 1, 8, 2), pngChunk("IEND", nil)...), Corrupt, "png", false},
		{"png of 0 x 0", pngHeader(0, 0, 8, 2), Corrupt, "png", false},
		{"png of 16,384 x 16,384", pngHeader(16384, 16384, 8, 0), TooLarge, "png", false},
		{"png header of 8,000 x 8,000", pngHeader(8000, 8000, 16, 6), Corrupt, "png", true},
		{"png depth 3", append(pngHeader(1, 1, 3, 0), pngChunk("IDAT", nil)...), Unsupported, "png", false},
		{"png flipped IHDR", append(flip(pngHeader(30000, 1, 8, 2), 20), pngChunk("IEND", nil)...), Corrupt, "png", false},
		{"png signature only", []byte("\x89PNG\r\n\x1a\n"), Corrupt, "png", true},
		{"png signature cut", []byte("\x89PNG"), Corrupt, "png", true},
		{"jpeg of 65,535 x 65,535", jpegHeader(65535, 65535), TooLarge, "jpeg", false},
		{"jpeg header of 8,000 x 8,000", jpegHeader(8000, 8000), Corrupt, "jpeg", true},
		{"jpeg of many scans", manyScans(t, 200), Unsupported, "jpeg", false},
		{"jpeg of 20 scans of 64 megapixels", append(jpegHeader(8192, 8191), bytes.Repeat([]byte("12345678\xff\xda\x00\x08"), 19)...), Unsupported, "jpeg", false},
		{"jpeg magic only", []byte{0xff, 0xd8, 0xff}, Corrupt, "jpeg", true},
		{"bmp of 30,000 x 30,000", bmpHeader(30000, 30000), TooLarge, "bmp", false},
		{"bmp of -2^31", bmpHeader(1, -1<<31), TooLarge, "bmp", false},
		{"bmp header of 8,000 x 8,000", bmpHeader(8000, 8000), Corrupt, "bmp", true},
		{"bmp of 0 x 0", bmpHeader(0, 0), Corrupt, "bmp", false},
		{"bmp index outside of the palette", outsidePalette(), Corrupt, "bmp", false},
		{"tiff of 30,000 x 30,000", tiffHeader(30000, 30000), TooLarge, "tiff", false},
		{"tiff header of 8,000 x 8,000", tiffHeader(8000, 8000), Corrupt, "tiff", true},
		{"tiff black is zero, fax", load(t, "formats/black_is_zero.tiff"), Unsupported, "tiff", false},
		{"tiff float", tiffHeader(2, 2, [2]uint32{339, 3}), Unsupported, "tiff", false},
		{"tiff black is zero, fax, as a LONG", retag(t, "black_is_zero.tiff", tagCompression, 4, 4, 4), Unsupported, "tiff", false},
		{"tiff fax in two dimensions", tiffHeader(2, 2, [2]uint32{258, 1}, [2]uint32{259, 3}, [2]uint32{262, 0}, [2]uint32{292, 1}), Unsupported, "tiff", false},
		{"tiff in planes", retag(t, "rgb.tiff", tagPlanarConfig, 3, 1, 2), Unsupported, "tiff", false},
		{"tiff in planes, as a LONG", retag(t, "rgb.tiff", tagPlanarConfig, 4, 1, 2), Unsupported, "tiff", false},
		{"tiff of two samples and one size", tiffHeader(2, 2, [2]uint32{277, 2}), Unsupported, "tiff", false},
		{"tiff with a fourth sample of no kind", fourSamples(t), Unsupported, "tiff", false},
		{"tiff that begins with a thumbnail", tiffHeader(2, 2, [2]uint32{254, 1}), Unsupported, "tiff", false},
		{"tiff with a predictor and no compression", tiffHeader(2, 2, [2]uint32{317, 2}), Unsupported, "tiff", false},
		{"tiff with bits in reverse", tiffHeader(2, 2, [2]uint32{266, 2}), Unsupported, "tiff", false},
		{"tiff directory cut", tiffHeader(2, 2)[:12], Corrupt, "tiff", true},
		{"bigtiff", []byte("II+\x00\x08\x00\x00\x00"), Unsupported, "bigtiff", false},
		{"webp of 16,384 x 16,384", webpHeader(16384, 16384), TooLarge, "webp", false},
		{"webp header of 8,000 x 8,000", webpHeader(8000, 8000), Corrupt, "webp", true},
		{"webp animation", animatedWebP(), Unsupported, "webp", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			m, err := Decode(tt.data, nil)
			assert.Less(t, time.Since(start), time.Second)
			runtime.ReadMemStats(&after)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "bytes allocated")
			assert.Nil(t, m)
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.kind, e.Kind, err)
			assert.Equal(t, tt.format, e.Format)
			assert.Equal(t, tt.eof, errors.Is(err, io.ErrUnexpectedEOF), err)
			assert.True(t, strings.HasPrefix(err.Error(), "imaging: "), err)
			t.Log(err)
		})
	}
}

// TestTIFFThatIsRead: tags that may be absent, and compressions that a predictor belongs to.
func TestTIFFThatIsRead(t *testing.T) {
	pixels := []byte{9, 1, 0, 2}
	without := bytes.Clone(tiffHeader(2, 2, [2]uint32{273, 4}))
	i := bytes.Index(without, []byte{278 & 0xff, 278 >> 8, 3, 0})
	require.Positive(t, i)
	without = append(append(without[:i:i], without[i+12:]...), pixels...) // all rows are one strip
	without[8]--
	binary.LittleEndian.PutUint32(without[bytes.Index(without, []byte{273 & 0xff, 273 >> 8, 3, 0})+8:], uint32(len(without)-4))
	predicted := func(compression uint32) []byte {
		return tiffBlocks(2, 2, compression, deflated(pixels), func(uint32) [][2]uint32 { return [][2]uint32{{278, 2}, {317, 2}} }, 1)
	}
	for name, c := range map[string]struct {
		file []byte
		want []uint8
	}{
		"no rows per strip": {without, []uint8{9, 1, 0, 2}}, "deflate": {predicted(8), []uint8{9, 10, 0, 2}}, "old deflate": {predicted(32946), []uint8{9, 10, 0, 2}},
	} {
		m, err := Decode(c.file, nil)
		require.NoError(t, err, name)
		for p, v := range c.want {
			assert.Equal(t, []uint8{v, v, v}, m.Pix[3*p:3*p+3], name)
		}
	}
}

func flip(b []byte, at int) []byte {
	b[at] ^= 1
	return b
}

// Every format, cut after every byte: refused as damage, never a panic, never half a picture.
func TestDecodeTruncated(t *testing.T) {
	for _, name := range []string{
		"rgb.png", "palette4.png", "gray16.png", "420.jpeg", "progressive.jpeg", "cmyk.jpeg", "rgb.bmp", "palette.bmp",
		"lossy.webp", "lossless.webp",
	} {
		t.Run(name, func(t *testing.T) {
			file := load(t, "formats/"+name)
			for n := 12; n < len(file); n++ {
				m, err := Decode(file[:n:n], nil)
				var e *Error
				require.ErrorAs(t, err, &e, "cut at %d of %d", n, len(file))
				require.Nil(t, m)
				require.Equal(t, Corrupt, e.Kind, "cut at %d: %v", n, err)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, "cut at %d", n)
			}
		})
	}
}

// A TIFF file's directory may come before its pixels and unused bytes may follow, so a cut file is refused or whole.
func TestDecodeTruncatedTIFF(t *testing.T) {
	for _, name := range []string{"rgb.tiff", "lzw.tiff", "deflate.tiff", "packbits.tiff", "gray16.tiff", "palette.tiff", "group4.tiff"} {
		t.Run(name, func(t *testing.T) {
			file := load(t, "formats/"+name)
			whole := loadRGB(t, "formats/"+name)
			refused := 0
			for n := 8; n < len(file); n++ {
				m, err := Decode(file[:n:n], nil)
				if err == nil {
					require.Equal(t, whole, m, "cut at %d of %d", n, len(file))
					continue
				}
				refused++
				var e *Error
				require.ErrorAs(t, err, &e)
				require.Nil(t, m)
			}
			assert.Greater(t, refused, len(file)/2)
		})
	}
}

func TestLimits(t *testing.T) {
	file, tall := pngOf(t, image.NewGray(image.Rect(0, 0, 40, 20))), pngOf(t, image.NewGray(image.Rect(0, 0, 20, 40)))
	for _, tt := range []struct {
		name string
		lim  Limits
		ok   bool
	}{
		{"defaults", Limits{}, true},
		{"bytes, just enough", Limits{MaxBytes: int64(len(file))}, true},
		{"bytes", Limits{MaxBytes: int64(len(file)) - 1}, false},
		{"pixels, just enough", Limits{MaxPixels: 800}, true},
		{"pixels", Limits{MaxPixels: 799}, false},
		{"side, just enough", Limits{MaxSide: 40}, true},
		{"side", Limits{MaxSide: 39}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.lim.MaxBytes == 0 {
				_, err := Decode(tall, &tt.lim)
				assert.Equal(t, tt.ok, err == nil, "20 x 40: %v", err)
			}
			_, err := Decode(file, &tt.lim)
			if tt.ok {
				require.NoError(t, err)
				return
			}
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, TooLarge, e.Kind)
		})
	}
}

// A decoder that panics is reported as damage.
func TestPanicIsCorrupt(t *testing.T) {
	c := &codec{
		name:   "test",
		config: func(io.Reader) (image.Config, error) { panic("boom") },
		decode: func(io.Reader) (image.Image, error) { panic("bang") },
	}
	_, _, e := c.size([]byte("x"), Limits{})
	require.NotNil(t, e)
	assert.Equal(t, Corrupt, e.Kind)
	_, e = c.pixels([]byte("x"), 1, 1)
	require.NotNil(t, e)
	assert.ErrorContains(t, e, "bang")
}

// The decoded size must be the one that was held against the limits.
func TestSizeMustMatchHeader(t *testing.T) {
	c := codecFor("png")
	m, e := c.pixels(pngOf(t, image.NewGray(image.Rect(0, 0, 4, 2))), 2, 4)
	require.NotNil(t, e)
	assert.Nil(t, m)
	assert.ErrorContains(t, e, "header says 2 x 4 pixels, data has 4 x 2")
}

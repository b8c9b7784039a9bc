package imaging

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// fuzzLimits keep a fuzzer's pictures small.
var fuzzLimits = &Limits{MaxBytes: 1 << 16, MaxPixels: 1 << 16, MaxSide: 4096}

// fuzzMemory is what reading n bytes under fuzzLimits may allocate in all: what grows with the file, 64 bytes a pixel (two pictures, the
// coefficients of a progressive JPEG, bands that are scaled), and the decoders' tables.
func fuzzMemory(n int) uint64 { return uint64(64*n) + 64<<16 + 4<<20 }

// allocated is how many bytes the program has allocated so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// seeds adds the test files of one extension, or of all with "".
func seeds(f *testing.F, ext string) {
	for _, dir := range []string{"formats", "orientation"} {
		all, err := testdata.ReadDir("testdata/" + dir)
		require.NoError(f, err)
		for _, e := range all {
			if strings.HasSuffix(e.Name(), ext) && !strings.HasSuffix(e.Name(), ".expected.png") {
				f.Add(load(f, dir+"/"+e.Name()))
			}
		}
	}
}

// decodes reads a file both ways. A refusal is an *Error that names format and kind; what is accepted keeps to the limits, in memory too, and
// Prepare makes of it what the plain way makes. It returns the picture, nil for a refusal.
func decodes(t *testing.T, data []byte) *RGB {
	before := allocated()
	m, err := Decode(data, fuzzLimits)
	if took := allocated() - before; took > fuzzMemory(len(data)) {
		t.Fatalf("%d bytes allocated for a file of %d", took, len(data))
	}
	if err != nil {
		var e *Error
		require.ErrorAs(t, err, &e)
		require.Contains(t, []Kind{Empty, NotImage, Corrupt, TooLarge, Unsupported}, e.Kind)
		require.Nil(t, m)
		return nil
	}
	require.Positive(t, m.W)
	require.LessOrEqual(t, int64(m.W)*int64(m.H), fuzzLimits.MaxPixels)
	require.Len(t, m.Pix, 3*m.W*m.H)
	p, err := Open(data, fuzzLimits)
	require.NoError(t, err)
	same(t, m, p, Preprocess{Width: 64, Height: 32, Mode: Fit}, "a fuzzed file")
	return m
}

// returns demands that the picture, written without loss by another program, is read as the same picture.
func returns(t *testing.T, m *RGB, write func(io.Writer, image.Image) error) {
	var file bytes.Buffer
	require.NoError(t, write(&file, opaque{m}))
	again, err := Decode(file.Bytes(), nil)
	require.NoError(t, err)
	require.Equal(t, m, again)
}

// opaque shows an RGB to encoders.
type opaque struct{ *RGB }

func (o opaque) ColorModel() color.Model { return color.RGBAModel }
func (o opaque) Bounds() image.Rectangle { return image.Rect(0, 0, o.W, o.H) }
func (o opaque) Opaque() bool            { return true }
func (o opaque) At(x, y int) color.Color {
	p := o.Pix[3*(y*o.W+x):]
	return color.RGBA{p[0], p[1], p[2], 255}
}

func FuzzDecode(f *testing.F) {
	seeds(f, "")
	f.Add(pngHeader(30000, 30000, 8, 2))
	f.Add(tiffHeader(100, 100))
	f.Add([]byte("text"))
	f.Fuzz(func(t *testing.T, data []byte) { decodes(t, data) })
}

// FuzzPNG gives every chunk its right sum first: a fuzzer finds none by itself.
func FuzzPNG(f *testing.F) {
	seeds(f, ".png")
	f.Add(pngHeader(30000, 30000, 8, 2))
	f.Add(append(pngHeader(1<<31, 1, 8, 2), pngChunk("IEND", nil)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		if sniff(data) != "png" {
			return
		}
		if m := decodes(t, summed(data)); m != nil {
			returns(t, m, png.Encode)
		}
	})
}

// summed returns a PNG file with right sums behind its chunks.
func summed(data []byte) []byte {
	data = bytes.Clone(data)
	for b := data[min(8, len(data)):]; len(b) >= 12; {
		n := uint64(binary.BigEndian.Uint32(b))
		if n+12 > uint64(len(b)) {
			break
		}
		binary.BigEndian.PutUint32(b[8+n:], crc32.ChecksumIEEE(b[4:8+n]))
		b = b[12+n:]
	}
	return data
}

// FuzzPNGRows builds files around any bytes as rows, in every depth, colour and order, which a fuzzer cannot compress.
func FuzzPNGRows(f *testing.F) {
	f.Add(uint8(3), uint8(2), uint8(3), uint8(1), []byte("\x00abcdefghi\x01abcdefghi"))
	f.Add(uint8(5), uint8(5), uint8(1), uint8(2), bytes.Repeat([]byte{4, 1, 2, 3}, 60))
	f.Fuzz(func(t *testing.T, w, h, depth, colour uint8, rows []byte) {
		d := []byte{0, 0, 0, w, 0, 0, 0, h, 1 << (depth % 5), []byte{0, 2, 3, 4, 6}[colour%5], 0, 0, colour / 128}
		file := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", d)...)
		if d[9] == 3 {
			file = append(file, pngChunk("PLTE", bytes.Repeat([]byte{10, 20, 30, 40, 50, 60}, 1<<(d[8]&15)/2))...)
			file = append(file, pngChunk("tRNS", rows[:min(len(rows), 1<<(d[8]&15))])...)
		}
		file = append(append(file, pngChunk("IDAT", deflated(rows))...), pngChunk("IEND", nil)...)
		if m := decodes(t, file); m != nil {
			returns(t, m, png.Encode)
		}
	})
}

// deflated is data as PNG and TIFF hold it.
func deflated(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(data) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

func FuzzJPEG(f *testing.F) {
	seeds(f, ".jpeg")
	f.Add(jpegHeader(8000, 8000))
	f.Add(manyScans(f, 5))
	f.Fuzz(func(t *testing.T, data []byte) {
		if sniff(data) == "jpeg" {
			decodes(t, data)
		}
	})
}

func FuzzBMP(f *testing.F) {
	seeds(f, ".bmp")
	f.Add(bmpHeader(8, 8))
	f.Add(bmpHeader(1, -1<<31))
	f.Fuzz(func(t *testing.T, data []byte) {
		if sniff(data) != "bmp" {
			return
		}
		if m := decodes(t, data); m != nil {
			returns(t, m, bmp.Encode)
		}
	})
}

func FuzzTIFF(f *testing.F) {
	seeds(f, ".tiff")
	f.Add(tiffHeader(100, 100))
	f.Add(tiffHeader(30000, 30000))
	f.Fuzz(func(t *testing.T, data []byte) {
		if sniff(data) != "tiff" {
			return
		}
		if m := decodes(t, data); m != nil {
			returns(t, m, func(w io.Writer, img image.Image) error {
				return tiff.Encode(w, img, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
			})
		}
	})
}

func FuzzWebP(f *testing.F) {
	seeds(f, ".webp")
	f.Add(webpHeader(16, 16))
	f.Add(animatedWebP())
	f.Fuzz(func(t *testing.T, data []byte) {
		if sniff(data) == "webp" {
			decodes(t, data)
		}
	})
}

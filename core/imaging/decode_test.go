package imaging

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// The pattern of every test picture: 5 x 3 pixels, all different, so that no turn or shift goes unseen.
const patW, patH = 5, 3

func patternAt(x, y int) (r, g, b uint8) { return uint8(40*x + 17), uint8(80*y + 9), uint8(15*x*y + 3) }

func pattern() *RGB {
	m := NewRGB(patW, patH)
	for y := range patH {
		for x := range patW {
			r, g, b := patternAt(x, y)
			copy(m.Pix[3*(patW*y+x):], []uint8{r, g, b})
		}
	}
	return m
}

// paint fills img with the pattern, opaque.
func paint[T interface {
	image.Image
	Set(x, y int, c color.Color)
}](img T) T {
	for y := range patH {
		for x := range patW {
			r, g, b := patternAt(x, y)
			img.Set(x, y, color.NRGBA{r, g, b, 255})
		}
	}
	return img
}

func encode(t testing.TB, f func(b *bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, f(&b))
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	return encode(t, func(b *bytes.Buffer) error { return png.Encode(b, img) })
}

func TestDecodeLossless(t *testing.T) {
	rect := image.Rect(0, 0, patW, patH)
	tests := []struct {
		name string
		data []byte
	}{
		{"png nrgba", pngOf(t, paint(image.NewNRGBA(rect)))},
		{"png 16 bit", pngOf(t, paint(image.NewNRGBA64(rect)))},
		{"bmp", encode(t, func(b *bytes.Buffer) error { return bmp.Encode(b, paint(image.NewRGBA(rect))) })},
		{"tiff", encode(t, func(b *bytes.Buffer) error { return tiff.Encode(b, paint(image.NewRGBA(rect)), nil) })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Decode(tt.data, nil)
			require.NoError(t, err)
			assert.Equal(t, pattern(), m)
		})
	}
}

func BenchmarkDecodeJPEG(b *testing.B) {
	img := image.NewNRGBA(image.Rect(0, 0, 1024, 1024))
	for i := range img.Pix {
		img.Pix[i] = uint8(i*i>>9) | 3
	}
	data := encode(b, func(w *bytes.Buffer) error { return jpeg.Encode(w, img, nil) })
	m, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(b, err)
	b.Run("part=all", func(b *testing.B) {
		for b.Loop() {
			_, err := Decode(data, nil)
			require.NoError(b, err)
		}
	})
	b.Run("part=convert", func(b *testing.B) {
		for b.Loop() {
			rowsOf(m, false).rgb()
		}
	})
	rgb := rowsOf(m, false).rgb()
	b.Run("part=resize256", func(b *testing.B) {
		for b.Loop() {
			Resize(rgb, 256, 256)
		}
	})
}

// TestAlphaOfBMP: where no masks say that a pixel's fourth byte is alpha, it means nothing, whatever the version of the header.
func TestAlphaOfBMP(t *testing.T) {
	pixels := []byte{30, 20, 10, 0, 60, 50, 40, 51}
	masks := []byte{0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255}
	for _, tt := range []struct {
		header      uint32
		compression byte
		want        []uint8
	}{
		{40, 0, []uint8{10, 20, 30, 40, 50, 60}},
		{108, 0, []uint8{10, 20, 30, 40, 50, 60}},
		{124, 0, []uint8{10, 20, 30, 40, 50, 60}},
		{108, 3, []uint8{255, 255, 255, 212, 214, 216}},
		{124, 3, []uint8{255, 255, 255, 212, 214, 216}},
	} {
		file := make([]byte, 14+tt.header)
		copy(file, bmpHeader(2, 1))
		binary.LittleEndian.PutUint32(file[10:], uint32(len(file)))
		binary.LittleEndian.PutUint32(file[14:], tt.header)
		file[28], file[30] = 32, tt.compression
		if tt.compression == 3 {
			copy(file[54:], masks)
		}
		m, err := Decode(append(file, pixels...), nil)
		require.NoError(t, err)
		assert.Equal(t, tt.want, m.Pix, "header of %d bytes, compression %d", tt.header, tt.compression)
	}
}

package imaging

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exifBlock is a TIFF structure with one entry before the orientation and one after.
func exifBlock(order binary.AppendByteOrder, magic string, orientation uint16) []byte {
	b := append([]byte(magic), 0, 0, 0, 0)
	b = order.AppendUint32(b[:4], 8)
	b = order.AppendUint16(b, 3)
	for _, e := range [][2]uint16{{271, 77}, {tagOrientation, orientation}, {282, 1}} {
		b = order.AppendUint16(b, e[0])
		b = order.AppendUint16(b, 3) // SHORT
		b = order.AppendUint32(b, 1)
		b = order.AppendUint16(b, e[1])
		b = append(b, 0, 0)
	}
	return order.AppendUint32(b, 0)
}

// withAPP1 puts an EXIF segment behind the SOI marker of a JPEG.
func withAPP1(file, tiff []byte) []byte {
	seg := append([]byte(exifHeader), tiff...)
	out := append([]byte{}, file[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(seg)+2))
	return append(append(out, seg...), file[2:]...)
}

func jpegOf(t testing.TB, img image.Image) []byte {
	return encode(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, img, &jpeg.Options{Quality: 95}) })
}

// upright gives the source pixel of output pixel x, y (EXIF 2.32, figure 8: where row 0 and column 0 are).
func upright(o, w, h, x, y int) (sx, sy int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}

func TestJPEGOrientation(t *testing.T) {
	file := jpegOf(t, paint(image.NewNRGBA(image.Rect(0, 0, patW, patH))))
	stored, err := Decode(file, nil)
	require.NoError(t, err)
	for o := 0; o <= 9; o++ {
		for _, tt := range []struct {
			order binary.AppendByteOrder
			magic string
		}{{binary.LittleEndian, "II*\x00"}, {binary.BigEndian, "MM\x00*"}} {
			t.Run(fmt.Sprintf("%d %s", o, tt.magic[:2]), func(t *testing.T) {
				got, err := Decode(withAPP1(file, exifBlock(tt.order, tt.magic, uint16(o))), nil)
				require.NoError(t, err)
				want := NewRGB(patW, patH)
				if o >= 5 && o <= 8 {
					want = NewRGB(patH, patW)
				}
				for y := range want.H {
					for x := range want.W {
						sx, sy := upright(o, patW, patH, x, y)
						copy(want.Pix[3*(want.W*y+x):3*(want.W*y+x)+3], stored.Pix[3*(patW*sy+sx):])
					}
				}
				assert.Equal(t, want, got)
			})
		}
	}
}

func TestBrokenEXIFIsIgnored(t *testing.T) {
	good := exifBlock(binary.LittleEndian, "II*\x00", 6)
	require.Equal(t, 6, tiffOrientation(good))
	patch := func(at int, v ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], v)
		return b
	}
	for name, b := range map[string][]byte{
		"empty":               {},
		"short":               good[:9],
		"entries cut":         good[:8+2+12+11],
		"bad magic":           patch(0, 'X'),
		"directory outside":   patch(4, 0xff, 0xff, 0xff, 0xff),
		"directory at end":    patch(4, byte(len(good)-1)),
		"no entries":          patch(8, 0, 0),
		"type is LONG":        patch(8+2+12+2, 4),
		"count is 2":          patch(8+2+12+4, 2),
		"orientation 0":       patch(8+2+12+8, 0),
		"orientation 9":       patch(8+2+12+8, 9),
		"orientation 6 + 256": patch(8+2+12+8, 6, 1),
	} {
		assert.Equal(t, 1, tiffOrientation(b), name)
	}
	file := jpegOf(t, paint(image.NewNRGBA(image.Rect(0, 0, patW, patH))))
	assert.Equal(t, 6, jpegOrientation(withAPP1(file, good)))
	assert.Equal(t, 1, jpegOrientation(file))
	// A block behind the first scan is not metadata of this picture.
	late := append(bytes.Clone(file[:len(file)-2]), withAPP1([]byte{0xff, 0xd8}, good)[2:]...)
	assert.Equal(t, 1, jpegOrientation(append(late, 0xff, 0xd9)))
	// Fill bytes may stand before any marker (T.81, B.1.1.2).
	filled := withAPP1(file, good)
	assert.Equal(t, 6, jpegOrientation(append(append(bytes.Clone(filled[:2]), 0xff, 0xff), filled[2:]...)))
}

// TestWebPOrientation: behind a chunk of an odd number of bytes, with and without the header of JPEG's segments.
func TestWebPOrientation(t *testing.T) {
	block := exifBlock(binary.LittleEndian, "II*\x00", 8)
	for _, header := range []string{"", exifHeader} {
		for _, before := range []string{"", "abc", "abcd"} {
			file := []byte("RIFF\x00\x00\x00\x00WEBP")
			for _, c := range [][]byte{append([]byte("ICCP"), before...), append([]byte("EXIF"+header), block...)} {
				file = binary.LittleEndian.AppendUint32(append(file, c[:4]...), uint32(len(c)-4))
				if file = append(file, c[4:]...); len(c)%2 == 1 {
					file = append(file, 0)
				}
			}
			assert.Equal(t, 8, webpOrientation(file), "%q after %q", header, before)
		}
	}
}

func FuzzEXIF(f *testing.F) {
	f.Add(exifBlock(binary.LittleEndian, "II*\x00", 6))
	f.Add(exifBlock(binary.BigEndian, "MM\x00*", 3))
	f.Add(withAPP1(jpegOf(f, image.NewGray(image.Rect(0, 0, 2, 2))), exifBlock(binary.BigEndian, "MM\x00*", 8)))
	for _, n := range []string{"6.png", "6.tiff", "6.webp"} {
		f.Add(load(f, "orientation/"+n))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, read := range map[string]func([]byte) int{
			"tiff": tiffOrientation, "jpeg": jpegOrientation, "png": pngOrientation, "webp": webpOrientation,
		} {
			if o := read(b); o < 1 || o > 8 {
				t.Errorf("%s: orientation %d", name, o)
			}
		}
	})
}

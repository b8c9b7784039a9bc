// Package varied makes image files of every kind that is read, and of some that are refused, from a seed, together with the pixels that
// docs/model-format.md, section 9, gives them. Its writers share no code with the readers, so both can be held against each other, against the
// page and against Pillow.
//
//	for f := range varied.Files(1, 1000, nil) {
//		got, err := imaging.Decode(f.Data, nil) // equals f.Want
//	}
package varied

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"iter"
	"math/rand/v2"
	"slices"

	"anomnet/core/imaging"
)

// File is an image file and what is to be read from it.
type File struct {
	Name    string       // unique in a run, its ending is that of the format
	Data    []byte       // the file
	Want    *imaging.RGB // the pixels, upright; nil where the format leaves them open, and of refused files
	Refused imaging.Kind // why it is not read, "" if it is
}

// Files returns n files. Equal arguments give equal files. A quarter of them shows one of the sources, if there are any, at some size; the rest
// are noise, gradients, one colour or a few. Of every Len files, each kind comes once.
func Files(seed uint64, n int, sources []*imaging.RGB) iter.Seq[File] {
	return func(yield func(File) bool) {
		for i := range n {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			k := kinds[i%len(kinds)]
			w, h := size(r)
			f := k.make(r, paint(r, w, h, sources))
			f.Name = fmt.Sprintf("%04d-%s-%dx%d.%s", i, k.name, w, h, k.ext)
			if !yield(f) {
				return
			}
		}
	}
}

// Len is the number of kinds.
func Len() int { return len(kinds) }

type kind struct {
	name, ext string
	make      func(r *rand.Rand, p *picture) File
}

var kinds = []kind{
	pngKind("gray1", 1, 1), pngKind("gray2", 1, 2), pngKind("gray4", 1, 4), pngKind("gray8", 1, 8), pngKind("gray16", 1, 16),
	pngKind("graya8", 2, 8), pngKind("graya16", 2, 16), pngKind("rgb8", 3, 8), pngKind("rgb16", 3, 16), pngKind("rgba8", 4, 8), pngKind("rgba16", 4, 16),
	pngPalette("palette1", 1), pngPalette("palette2", 2), pngPalette("palette4", 4), pngPalette("palette8", 8),
	pngKey("gray4key", 1, 4), pngKey("gray16key", 1, 16), pngKey("rgb8key", 3, 8),
	bmpPalette("palette1", 1), bmpPalette("palette4", 4), bmpPalette("palette8", 8), bmpKind("rgb24", 3), bmpKind("rgb32", 3), bmpKind("rgba32", 4),
	tiffKind("gray1", 1, 1, 1), tiffKind("gray8", 1, 8, 1), tiffKind("gray16", 1, 16, 1), tiffKind("white8", 1, 8, 0), tiffKind("white16", 1, 16, 0),
	tiffKind("palette8", 1, 8, 3), tiffKind("rgb8", 3, 8, 2), tiffKind("rgb16", 3, 16, 2), tiffKind("rgba8", 4, 8, 2), tiffKind("rgba16", 4, 16, 2),
	{"gray", "jpg", grayJPEG}, {"420", "jpg", colourJPEG}, {"420again", "jpg", colourJPEG},
	{"gif", "gif", gifFile}, {"planar", "tif", planarTIFF}, {"cut", "png", cutPNG},
}

// size is mostly odd and small; one of a hundred is 3,000 x 2,000.
func size(r *rand.Rand) (w, h int) {
	side := func(lo, hi int) int { return lo + r.IntN(hi-lo+1) }
	switch x := r.IntN(100); {
	case x < 12:
		return side(1, 8), side(1, 8)
	case x < 18:
		return side(1, 3), side(100, 900)
	case x < 65:
		return side(9, 200), side(9, 200)
	case x < 94:
		return side(200, 700), side(200, 700)
	case x < 99:
		return side(700, 1600), side(700, 1600)
	}
	return 3000, 2000
}

// picture is [h][w][4] of 16 bits: red, green, blue, alpha, not premultiplied.
type picture struct {
	w, h int
	pix  []uint16
}

func paint(r *rand.Rand, w, h int, sources []*imaging.RGB) *picture {
	p := &picture{w, h, make([]uint16, 4*w*h)}
	var colour func(x, y int) [3]uint16
	a, b, few := [3]uint16{random(r), random(r), random(r)}, [3]uint16{random(r), random(r), random(r)}, 1+r.IntN(40)
	switch x := r.IntN(8); {
	case x < 2 && len(sources) > 0:
		src := imaging.Resize(sources[r.IntN(len(sources))], w, h)
		colour = func(x, y int) (c [3]uint16) {
			for k, v := range src.Pix[3*(y*w+x):][:3] {
				c[k] = uint16(v)<<8 | random(r)>>8
			}
			return c
		}
	case x < 4:
		colour = func(int, int) [3]uint16 { return [3]uint16{random(r), random(r), random(r)} }
	case x < 5:
		colour = func(int, int) [3]uint16 { return a }
	case x < 6:
		colour = func(x, y int) [3]uint16 { return [2][3]uint16{a, b}[(x/few+y/few)%2] }
	default:
		colour = func(x, y int) (c [3]uint16) {
			for k := range c {
				c[k] = uint16((int(a[k])*(w-x)/w + int(b[k])*(h-y)/h) / 2)
			}
			return c
		}
	}
	opaque := r.IntN(3)
	for i := range w * h {
		c := colour(i%w, i/w)
		alpha := uint16(0xffff)
		switch {
		case opaque == 0:
			alpha = random(r)
		case opaque == 1 && c[0]&0x1000 != 0:
			alpha = 0
		}
		copy(p.pix[4*i:], []uint16{c[0], c[1], c[2], alpha})
	}
	return p
}

func random(r *rand.Rand) uint16 { return uint16(r.Uint32()) }

// raster is what a lossless file stores: [h][w][channels] samples of so many bits. Channels are gray, gray and alpha, RGB, RGB and alpha.
type raster struct {
	w, h, channels, bits  int
	pix                   []uint16
	palette               [][4]uint8 // if set, the samples are indices
	key                   []uint16   // if set, the sample of this colour is clear
	premultiplied, invert bool
}

func (p *picture) raster(channels, bits int) *raster {
	m := &raster{w: p.w, h: p.h, channels: channels, bits: bits}
	for c := p.pix; len(c) > 0; c = c[4:] {
		gray := uint16((int(c[0]) + 2*int(c[1]) + int(c[2])) / 4)
		for _, v := range [][]uint16{{gray}, {gray, c[3]}, c[:3], c[:4]}[channels-1] {
			m.pix = append(m.pix, v>>(16-bits))
		}
	}
	return m
}

// withPalette makes the samples indices into n random colours.
func (m *raster) withPalette(r *rand.Rand, n int, clear bool) *raster {
	for range n {
		c := [4]uint8{uint8(random(r)), uint8(random(r)), uint8(random(r)), 255}
		if clear && r.IntN(3) == 0 {
			c[3] = uint8(random(r))
		}
		m.palette = append(m.palette, c)
	}
	for i, v := range m.pix {
		m.pix[i] = v % uint16(n)
	}
	return m
}

// want applies section 9 of docs/model-format.md.
func (m *raster) want(orientation int) *imaging.RGB {
	out := imaging.NewRGB(m.w, m.h)
	for i := range m.w * m.h {
		s := m.pix[i*m.channels:][:m.channels]
		var c [4]uint8 // red, green, blue, alpha
		switch {
		case m.palette != nil:
			c = m.palette[s[0]]
		case m.channels <= 2:
			g := m.eight(s[0])
			c = [4]uint8{g, g, g, 255}
		default:
			c = [4]uint8{m.eight(s[0]), m.eight(s[1]), m.eight(s[2]), 255}
		}
		if m.channels%2 == 0 {
			c[3] = m.eight(s[m.channels-1])
		}
		if m.key != nil && slices.Equal(s, m.key) {
			c[3] = 0
		}
		for k := range 3 {
			v, a := int(c[k]), int(c[3])
			if m.premultiplied {
				v = min(v+255-a, 255)
			} else {
				v = (v*a + 255*(255-a) + 127) / 255
			}
			out.Pix[3*i+k] = uint8(v)
		}
	}
	return turn(out, orientation)
}

// eight is a sample as 8 bits.
func (m *raster) eight(v uint16) uint8 {
	if m.invert {
		v = 1<<m.bits - 1 - v
	}
	if m.bits == 16 {
		return uint8(v >> 8)
	}
	return uint8(int(v) * 255 / (1<<m.bits - 1))
}

// turn makes a stored picture upright, by the table of section 9.
func turn(m *imaging.RGB, orientation int) *imaging.RGB {
	w, h := m.W, m.H
	out := imaging.NewRGB(w, h)
	if orientation >= 5 {
		out = imaging.NewRGB(h, w)
	}
	for y := range out.H {
		for x := range out.W {
			at := [8][2]int{{x, y}, {w - 1 - x, y}, {w - 1 - x, h - 1 - y}, {x, h - 1 - y}, {y, x}, {y, h - 1 - x}, {w - 1 - y, h - 1 - x}, {w - 1 - y, x}}[orientation-1]
			copy(out.Pix[3*(y*out.W+x):], m.Pix[3*(at[1]*w+at[0]):][:3])
		}
	}
	return out
}

// someOrientation is 1 in half of all cases.
func someOrientation(r *rand.Rand) int { return max(1, r.IntN(15)-6) }

func grayJPEG(r *rand.Rand, p *picture) File {
	m := image.NewGray(image.Rect(0, 0, p.w, p.h))
	for i := range m.Pix {
		m.Pix[i] = uint8(p.pix[4*i] >> 8)
	}
	return jpegFile(r, m)
}

func colourJPEG(r *rand.Rand, p *picture) File { return jpegFile(r, p.rgba()) }

func (p *picture) rgba() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, p.w, p.h))
	for i := range m.Pix {
		m.Pix[i] = uint8(p.pix[i] >> 8)
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

func jpegFile(r *rand.Rand, m image.Image) File {
	var b bytes.Buffer
	err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 1 + r.IntN(100)})
	must(err)
	exif := append([]byte("Exif\x00\x00"), exifBlock(someOrientation(r))...)
	app1 := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return File{Data: append(append([]byte{0xff, 0xd8}, app1...), b.Bytes()[2:]...)}
}

// gifFile is of a format that is known, but not read.
func gifFile(_ *rand.Rand, p *picture) File {
	var b bytes.Buffer
	must(gif.Encode(&b, p.rgba(), &gif.Options{NumColors: 4}))
	return File{Data: b.Bytes(), Refused: imaging.Unsupported}
}

// must is for encoders that write well-formed pictures to memory, which cannot fail.
func must(err error) {
	if err != nil {
		panic("varied: " + err.Error())
	}
}

package imaging

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	quickjpeg "anomnet/core/imaging/jpeg"
)

// The limits that a zero Limits stands for.
const (
	DefaultMaxBytes  = 64 << 20 // bytes of the file
	DefaultMaxPixels = 64 << 20 // width times height
	DefaultMaxSide   = 16384    // width, height
)

// Limits bounds what Decode accepts. A zero field stands for its default.
type Limits struct {
	MaxBytes  int64 // size of the file in bytes
	MaxPixels int64 // width times height
	MaxSide   int   // the longer side in pixels
}

func (l *Limits) orDefault() Limits {
	d := Limits{MaxBytes: DefaultMaxBytes, MaxPixels: DefaultMaxPixels, MaxSide: DefaultMaxSide}
	if l == nil {
		return d
	}
	if l.MaxBytes > 0 {
		d.MaxBytes = l.MaxBytes
	}
	if l.MaxPixels > 0 {
		d.MaxPixels = l.MaxPixels
	}
	if l.MaxSide > 0 {
		d.MaxSide = l.MaxSide
	}
	return d
}

// codec is one file format: its decoder, what it says about orientation, and checks that come before any pixel buffer.
type codec struct {
	name        string
	config      func(io.Reader) (image.Config, error)
	decode      func(io.Reader) (image.Image, error)
	orientation func(data []byte) int
	check       func(data []byte, w, h int) *Error
	whole       func(data []byte) bool // whether the end of the file is there; nil if the format does not say
	// quick gives the pixels of decode in less time, or ok = false; may be nil.
	quick func(data []byte) (img image.Image, ok bool)
}

// codecFor returns the codec for a name that sniff returned, nil for a format that is known but not read.
func codecFor(name string) *codec {
	switch name {
	case "png":
		return &codec{name, pngConfig, png.Decode, pngOrientation, checkPNG, pngWhole, nil}
	case "jpeg":
		return &codec{name, jpeg.DecodeConfig, jpeg.Decode, jpegOrientation, checkJPEG, jpegWhole, quickjpeg.Decode}
	case "bmp":
		return &codec{name, bmp.DecodeConfig, decodeBMP, nil, checkBMP, nil, nil}
	case "tiff":
		return &codec{name, tiff.DecodeConfig, tiff.Decode, tiffOrientation, checkTIFF, nil, nil}
	case "webp":
		return &codec{name, webp.DecodeConfig, webp.Decode, webpOrientation, checkWebP, webpWhole, nil}
	}
	return nil
}

// Decode reads a PNG, JPEG, BMP, TIFF or WebP file and returns its pixels as 8-bit RGB, turned upright by its EXIF
// orientation. lim may be nil for the defaults. Of an animation or a file of several pages, the first picture is read.
//
// The pixels are defined exactly: 16-bit samples keep their high byte (v >> 8); gray is copied to all three channels;
// JPEG uses color.YCbCrToRGB and WebP libwebp's BT.601 video range, with each chroma sample repeated, not interpolated;
// CMYK uses color.CMYKToRGB; alpha is composited over white, (c*a + 255*(255-a) + 127) / 255. Colour profiles and gamma
// are ignored.
//
// Every error is an *Error. No input makes it panic. Who needs the picture in a model's size only is faster with Open and
// Picture.Prepare.
func Decode(data []byte, lim *Limits) (*RGB, error) {
	p, err := Open(data, lim)
	if err != nil {
		return nil, err
	}
	return p.RGB()
}

// Open decodes a file as Decode does, but leaves the pixels as the file stores them: planes of luma and chroma, say.
func Open(data []byte, lim *Limits) (*Picture, error) {
	l := lim.orDefault()
	if len(data) == 0 {
		return nil, &Error{Kind: Empty, Detail: "the file has no bytes", Offset: 0}
	}
	if int64(len(data)) > l.MaxBytes {
		return nil, &Error{Kind: TooLarge, Detail: fmt.Sprintf("%d bytes, the limit is %d", len(data), l.MaxBytes), Offset: 0}
	}
	name := sniff(data)
	if name == "" {
		return nil, &Error{Kind: NotImage, Detail: "the first bytes are not those of an image file", Offset: 0}
	}
	c := codecFor(name)
	if c == nil {
		return nil, &Error{Kind: Unsupported, Format: name, Detail: "this image format is not read", Offset: 0}
	}
	w, h, e := c.size(data, l)
	if e != nil {
		return nil, e
	}
	img, e := c.pixels(data, w, h)
	if e != nil {
		return nil, e
	}
	p := &Picture{W: w, H: h, format: c.name, rows: rowsOf(img, c.name == "webp"), orientation: 1}
	if c.orientation != nil {
		p.orientation = c.orientation(data)
	}
	if p.orientation >= 5 {
		p.W, p.H = h, w
	}
	return p, nil
}

// size reads width and height from the header and holds them against the limits.
func (c *codec) size(data []byte, l Limits) (w, h int, e *Error) {
	r := bytes.NewReader(data)
	defer func() {
		if p := recover(); p != nil {
			e = c.panicked(p)
		}
	}()
	cfg, err := c.config(r)
	if err != nil {
		return 0, 0, c.failed(err, r, data)
	}
	w, h = cfg.Width, cfg.Height
	if w <= 0 || h <= 0 {
		return 0, 0, &Error{Kind: Corrupt, Format: c.name, Detail: fmt.Sprintf("%d x %d pixels", w, h), Offset: -1}
	}
	if w > l.MaxSide || h > l.MaxSide {
		d := fmt.Sprintf("%d x %d pixels, the limit is %d for a side", w, h, l.MaxSide)
		return 0, 0, &Error{Kind: TooLarge, Format: c.name, Detail: d, Offset: -1}
	}
	if int64(w)*int64(h) > l.MaxPixels {
		d := fmt.Sprintf("%d x %d pixels, the limit is %d pixels", w, h, l.MaxPixels)
		return 0, 0, &Error{Kind: TooLarge, Format: c.name, Detail: d, Offset: -1}
	}
	return w, h, c.check(data, w, h)
}

// pixels decodes the picture, which must have the size that its header promised.
func (c *codec) pixels(data []byte, w, h int) (img image.Image, e *Error) {
	r := bytes.NewReader(data)
	defer func() {
		if p := recover(); p != nil {
			img, e = nil, c.panicked(p)
		}
	}()
	ok := false
	if c.quick != nil {
		img, ok = c.quick(data)
	}
	if !ok {
		var err error
		if img, err = c.decode(r); err != nil {
			return nil, c.failed(err, r, data)
		}
	}
	if b := img.Bounds(); b.Dx() != w || b.Dy() != h {
		d := fmt.Sprintf("header says %d x %d pixels, data has %d x %d", w, h, b.Dx(), b.Dy())
		return nil, &Error{Kind: Corrupt, Format: c.name, Detail: d, Offset: -1}
	}
	return img, nil
}

// failed turns a decoder's error into ours. r is what the decoder read data from.
func (c *codec) failed(err error, r *bytes.Reader, data []byte) *Error {
	e := &Error{Kind: Corrupt, Format: c.name, Offset: r.Size() - int64(r.Len()), Err: err}
	if e.Offset == 0 {
		e.Offset = -1 // TIFF is read by position
	}
	var pu png.UnsupportedError
	var ju jpeg.UnsupportedError
	var tu tiff.UnsupportedError
	switch {
	case errors.As(err, &pu), errors.As(err, &ju), errors.As(err, &tu), errors.Is(err, bmp.ErrUnsupported):
		e.Kind = Unsupported
	case c.name == "tiff" && tiffMisread(data) != "":
		e.Kind, e.Detail = Unsupported, tiffMisread(data)
	case errors.Is(err, io.ErrUnexpectedEOF):
	case errors.Is(err, io.EOF):
		e.Err = io.ErrUnexpectedEOF
	case c.whole != nil && !c.whole(data): // the decoder met the cut, but has its own words for it
		e.Err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	return e
}

// panicked reports a decoder's panic, which only damaged data can cause, as damaged data.
func (c *codec) panicked(p any) *Error {
	return &Error{Kind: Corrupt, Format: c.name, Offset: -1, Err: fmt.Errorf("decoder stopped: %v", p)}
}

// truncated reports a file that is too short for its header.
func truncated(format, detail string) *Error {
	return &Error{Kind: Corrupt, Format: format, Detail: detail, Offset: -1, Err: io.ErrUnexpectedEOF}
}

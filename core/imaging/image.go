// Package imaging turns the bytes of an image file into the exact pixels that the engine scores.
//
// Decoding, EXIF orientation, conversion to 8-bit RGB and resizing all happen here, in integer arithmetic, so that every
// engine and every machine sees the same pixels. Browser decoders and the canvas are never used for scored pixels.
//
// # Security considerations
//
// Decode checks the header against Limits before it decodes any pixel, so a small file cannot ask for more than MaxPixels allow.
// While it works it takes up to about 32 bytes for each pixel (a progressive JPEG in CMYK, or one that is damaged, which two decoders try; 20 for others, 7
// for an 8-bit PNG): lower MaxPixels to what the machine can spare.
package imaging

// RGB is an 8-bit image. Pix is [H][W][3], row-major, red first, without padding between rows.
type RGB struct {
	W, H int
	Pix  []uint8
}

// NewRGB returns a black image of w x h pixels.
func NewRGB(w, h int) *RGB {
	return &RGB{W: w, H: h, Pix: make([]uint8, w*h*3)}
}

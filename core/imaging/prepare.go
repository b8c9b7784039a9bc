package imaging

import "fmt"

// Mode says how a picture of another aspect comes to the size that a model wants.
type Mode string

// The modes of Preprocess.
const (
	Stretch Mode = "stretch" // each axis is scaled by itself
	Fit     Mode = "fit"     // the whole picture, centred; the rest has the mean colour of the picture's border
	Crop    Mode = "crop"    // the largest centred part that has the right aspect
)

// The sizes that Preprocess allows; a side is a multiple of SideStep.
const (
	SideStep = 32
	MinSide  = 32
	MaxSide  = 2048
)

// Preprocess says how a decoded picture becomes a model's input. It is part of every model file.
type Preprocess struct {
	Width  int  `json:"width"`  // pixels
	Height int  `json:"height"` // pixels
	Mode   Mode `json:"mode"`
	Gray   bool `json:"gray"` // all three channels hold the luma
}

// Validate reports the first field that is out of range.
func (p Preprocess) Validate() error {
	if err := validSide("width", p.Width); err != nil {
		return err
	}
	if err := validSide("height", p.Height); err != nil {
		return err
	}
	switch p.Mode {
	case Stretch, Fit, Crop:
		return nil
	}
	return fmt.Errorf("imaging: preprocess mode %q, want %q, %q or %q", p.Mode, Stretch, Fit, Crop)
}

func validSide(field string, n int) error {
	if n < MinSide || n > MaxSide || n%SideStep != 0 {
		return fmt.Errorf("imaging: preprocess %s %d, want a multiple of %d from %d to %d", field, n, SideStep, MinSide, MaxSide)
	}
	return nil
}

// Prepare brings src to p.Width x p.Height pixels; src is left as it is. The work is in integers: sizes are rounded to the
// nearest pixel, an odd pixel of border goes to the right or the bottom, and luma is that of Rec. 601 after resizing,
// (19595 R + 38470 G + 7471 B + 32768) >> 16.
func Prepare(src *RGB, p Preprocess) (*RGB, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if src == nil || src.W <= 0 || src.H <= 0 || len(src.Pix) != 3*src.W*src.H {
		return nil, fmt.Errorf("imaging: prepare: picture is empty or its buffer has the wrong length")
	}
	return newPicture(src).prepare(p), nil
}

// PrepareMask brings a mask to the size of the model's input as Prepare brings its picture. What Fit leaves over is black. p is not checked.
func PrepareMask(src *RGB, p Preprocess) *RGB {
	f := p.frame(src.W, src.H)
	in, out := Resize(cut(src, f.x, f.y, f.w, f.h), f.toW, f.toH), NewRGB(p.Width, p.Height)
	put(out, in)
	return out
}

// frame is the part of a picture, from x, y on, that is looked at, and the size that it comes to, in the middle of the model's input.
type frame struct{ x, y, w, h, toW, toH int }

// frame says what is looked at of a w x h picture.
func (p Preprocess) frame(w, h int) frame {
	switch p.Mode {
	case Fit:
		toW, toH := inscribed(w, h, p.Width, p.Height)
		return frame{0, 0, w, h, toW, toH}
	case Crop:
		cw, ch := inscribed(p.Width, p.Height, w, h)
		return frame{(w - cw) / 2, (h - ch) / 2, cw, ch, p.Width, p.Height}
	}
	return frame{0, 0, w, h, p.Width, p.Height}
}

// inscribed returns the largest size of aspect w : h that fits into maxW x maxH, rounded to pixels, at least 1 x 1.
func inscribed(w, h, maxW, maxH int) (int, int) {
	if w*maxH >= maxW*h { // the width is what limits
		return maxW, min(max((2*maxW*h+w)/(2*w), 1), maxH)
	}
	return min(max((2*maxH*w+h)/(2*h), 1), maxW), maxH
}

// cut returns the w x h pixels from (x, y) on.
func cut(src *RGB, x, y, w, h int) *RGB {
	if w == src.W && h == src.H {
		return src
	}
	out := NewRGB(w, h)
	for i := range h {
		copy(out.Pix[3*w*i:3*w*(i+1)], src.Pix[3*(src.W*(y+i)+x):])
	}
	return out
}

// pad puts in into the middle of a w x h picture that is filled with the mean colour of in's border.
func pad(in *RGB, w, h int) *RGB {
	if in.W == w && in.H == h {
		return in
	}
	out := NewRGB(w, h)
	c := borderMean(in)
	for i := 0; i < len(out.Pix); i += 3 {
		copy(out.Pix[i:i+3], c[:])
	}
	put(out, in)
	return out
}

// put lays in over the middle of out.
func put(out, in *RGB) {
	x, y := (out.W-in.W)/2, (out.H-in.H)/2
	for i := range in.H {
		copy(out.Pix[3*(out.W*(y+i)+x):], in.Pix[3*in.W*i:3*in.W*(i+1)])
	}
}

// borderMean returns the mean of the outermost ring of pixels, each counted once, rounded to nearest.
func borderMean(m *RGB) [3]uint8 {
	var sum [3]int
	n := 0
	for y := range m.H {
		step := max(m.W-1, 1)
		if y == 0 || y == m.H-1 {
			step = 1
		}
		for x := 0; x < m.W; x += step {
			for c := range sum {
				sum[c] += int(m.Pix[3*(m.W*y+x)+c])
			}
			n++
		}
	}
	var mean [3]uint8
	for c := range mean {
		mean[c] = uint8((2*sum[c] + n) / (2 * n))
	}
	return mean
}

// luma replaces each pixel by its Rec. 601 luma, with the weights of Pillow's convert("L"), which sum to 1 << 16.
func luma(m *RGB) {
	for p := m.Pix; len(p) >= 3; p = p[3:] {
		y := uint8((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 1<<15) >> 16)
		p[0], p[1], p[2] = y, y, y
	}
}

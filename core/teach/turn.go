package teach

import (
	"fmt"

	"anomnet/core/imaging"
)

// turnedCopy is a picture turned or mirrored. Its kind begins with fineKind when the angle is no multiple of a right angle.
type turnedCopy struct {
	kind string
	img  *imaging.RGB
}

const fineKind = "turn-"

// turnedCopies returns the other seven pictures that quarter turns and mirroring make of a square one (three of another one: mirrored, upside
// down, both), and unless only d4 is asked for a square one with a plain background those turned by 30 and 60 degrees and quarter turns of these. The order is part of
// what features are.
func turnedCopies(img *imaging.RGB, which Augment) []turnedCopy {
	var out []turnedCopy
	for k := 1; k < 8; k++ {
		if img.W == img.H || k%2 == 0 {
			out = append(out, turnedCopy{fmt.Sprintf("d4-%d", k), quarterTurn(img, k)})
		}
	}
	if which == AugmentD4 || img.W != img.H {
		return out
	}
	fill, plain := background(img)
	if !plain {
		return out
	}
	for _, a := range fineTurns {
		r := a.turn(img, fill)
		for q := range 4 {
			out = append(out, turnedCopy{fmt.Sprintf("%s%d", fineKind, a.degrees+90*q), quarterTurn(r, q)})
		}
	}
	return out
}

// quarterTurn turns img by k%4 right angles, after mirroring it left to right when k >= 4. Pictures that are not square must have an even k.
func quarterTurn(img *imaging.RGB, k int) *imaging.RGB {
	w, h := img.W, img.H
	out := imaging.NewRGB(w, h)
	for y := range h {
		for x := range w {
			sx, sy := quarterSource(x, y, w, h, k)
			copy(out.Pix[3*(y*w+x):][:3], img.Pix[3*(sy*w+sx):][:3])
		}
	}
	return out
}

// quarterSource is where the pixel x, y of quarterTurn comes from.
func quarterSource(x, y, w, h, k int) (sx, sy int) {
	sx, sy = x, y
	switch k % 4 {
	case 1:
		sx, sy = y, w-1-x
	case 2:
		sx, sy = w-1-x, h-1-y
	case 3:
		sx, sy = h-1-y, x
	}
	if k >= 4 {
		sx = w - 1 - sx
	}
	return sx, sy
}

// fineTurn is an angle with its cosine and sine in units of 1/32768, so that the same picture gives the same bits everywhere.
type fineTurn struct{ degrees, cos, sin int }

var fineTurns = [...]fineTurn{{30, 28378, 16384}, {60, 16384, 28378}}

// turn turns a square picture about its centre by bilinear interpolation; what comes from outside has the colour fill.
func (a fineTurn) turn(img *imaging.RGB, fill [3]uint8) *imaging.RGB {
	n := img.W
	out := imaging.NewRGB(n, n)
	at := func(x, y, c int) int {
		if x < 0 || y < 0 || x >= n || y >= n {
			return int(fill[c])
		}
		return int(img.Pix[3*(y*n+x)+c])
	}
	for y := range n {
		for x := range n {
			dx, dy := 2*x-(n-1), 2*y-(n-1) // from the centre, in half pixels: 16 bits of fraction
			sx, sy := a.cos*dx+a.sin*dy+(n-1)<<15, a.cos*dy-a.sin*dx+(n-1)<<15
			x0, y0, fx, fy := sx>>16, sy>>16, sx>>8&255, sy>>8&255
			for c := range 3 {
				top := at(x0, y0, c)*(256-fx) + at(x0+1, y0, c)*fx
				bottom := at(x0, y0+1, c)*(256-fx) + at(x0+1, y0+1, c)*fx
				out.Pix[3*(y*n+x)+c] = uint8((top*(256-fy) + bottom*fy + 1<<15) >> 16)
			}
		}
	}
	return out
}

// The background is plain when plainShare of the pixels of the border, borderWidth wide, lie within plainLevels of its median in every channel.
const (
	borderWidth = 4
	plainLevels = 16
	plainShare  = 0.9
)

// background returns the median colour of the border, and whether the border is plain.
func background(img *imaging.RGB) (fill [3]uint8, plain bool) {
	var count [3][256]int
	inside := func(x, y int) bool {
		return x >= borderWidth && y >= borderWidth && x < img.W-borderWidth && y < img.H-borderWidth
	}
	n := 0
	border := func(do func(p []uint8)) {
		for y := range img.H {
			for x := range img.W {
				if !inside(x, y) {
					do(img.Pix[3*(y*img.W+x):][:3])
				}
			}
		}
	}
	border(func(p []uint8) {
		for c, v := range p {
			count[c][v]++
		}
		n++
	})
	for c := range fill {
		for v, sum := 0, 0; v < 256 && 2*sum < n; v++ {
			sum += count[c][v]
			fill[c] = uint8(v)
		}
	}
	near := 0
	border(func(p []uint8) {
		for c, v := range p {
			if d := int(v) - int(fill[c]); d > plainLevels || d < -plainLevels {
				return
			}
		}
		near++
	})
	return fill, float64(near) >= float64(plainShare*float64(n))
}

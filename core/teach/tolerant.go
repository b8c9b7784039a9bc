package teach

import "anomnet/core/imaging"

// Copies of AugmentLight and AugmentShift have kinds that begin so.
const (
	lightKind = "light-"
	shiftKind = "shift-"
)

// shiftPixels is how far copies are moved: no multiple of the patch stride, or their patches would be those of the picture.
const shiftPixels = 3

// copiesOf returns the copies of a picture that which names, those of one kind in a list.
func copiesOf(img *imaging.RGB, which Augment) [][]turnedCopy {
	var out [][]turnedCopy
	switch {
	case which == AugmentAuto || which.has(AugmentTurns):
		out = append(out, turnedCopies(img, AugmentTurns))
	case which.has(AugmentD4):
		out = append(out, turnedCopies(img, AugmentD4))
	}
	if which.has(AugmentLight) {
		out = append(out, []turnedCopy{{lightKind + "90", brightness(img, 9)}, {lightKind + "110", brightness(img, 11)}})
	}
	if which.has(AugmentShift) {
		const n = shiftPixels
		out = append(out, []turnedCopy{{shiftKind + "left", shifted(img, -n, 0)}, {shiftKind + "right", shifted(img, n, 0)},
			{shiftKind + "up", shifted(img, 0, -n)}, {shiftKind + "down", shifted(img, 0, n)}})
	}
	return out
}

// brightness multiplies every value by tenths/10, rounded half up.
func brightness(img *imaging.RGB, tenths int) *imaging.RGB {
	out := imaging.NewRGB(img.W, img.H)
	for i, v := range img.Pix {
		out.Pix[i] = uint8(min(255, (int(v)*tenths+5)/10))
	}
	return out
}

// shifted moves the picture by dx to the right and dy down. What comes in repeats the edge.
func shifted(img *imaging.RGB, dx, dy int) *imaging.RGB {
	out := imaging.NewRGB(img.W, img.H)
	for y := range img.H {
		for x := range img.W {
			sx, sy := min(max(x-dx, 0), img.W-1), min(max(y-dy, 0), img.H-1)
			copy(out.Pix[3*(y*img.W+x):][:3], img.Pix[3*(sy*img.W+sx):][:3])
		}
	}
	return out
}

package ui

// Size is in pixels: of the screen for a pane, of the file for a picture.
type Size struct{ W, H float64 }

func (s Size) known() bool { return s.W > 0 && s.H > 0 }

// Zoom is the part of a picture that is looked at. Its centre is a fraction of the picture, so several pictures can share it. The zero value is
// the whole picture.
type Zoom struct {
	Scale float64 // times the whole picture; 0 is 1
	X, Y  float64 // centre, -0.5..0.5 from the middle
}

// What zooming does.
const (
	zoomStep   = 1.5 // of a key or a button
	panStep    = 80  // of an arrow key, in pixels of the screen
	paneMargin = 12  // around a whole picture
	maxZoom    = 8
	maxPixel   = 16 // pixels of the screen for one of the picture, where that is more than maxZoom
)

// Affine places a picture: a point p of it is at S*p + (X, Y) of the pane.
type Affine struct{ S, X, Y float64 }

// fit is the scale at which the whole picture is seen.
func fit(pane, pic Size) float64 {
	return min(max(pane.W-2*paneMargin, 1)/pic.W, max(pane.H-2*paneMargin, 1)/pic.H)
}

func (z Zoom) scale() float64 { return max(z.Scale, 1) }

// Place says where the picture is in a pane.
func (z Zoom) Place(pane, pic Size) Affine {
	if !pane.known() || !pic.known() {
		return Affine{S: 1}
	}
	s := fit(pane, pic) * z.scale()
	return Affine{S: s, X: pane.W/2 - (0.5+z.X)*pic.W*s, Y: pane.H/2 - (0.5+z.Y)*pic.H*s}
}

// By zooms and keeps what is at x, y of the pane there.
func (z Zoom) By(factor, x, y float64, pane, pic Size) Zoom {
	if !pane.known() || !pic.known() {
		return z
	}
	old := z.Place(pane, pic)
	most := max(maxZoom, maxPixel/fit(pane, pic))
	n := Zoom{Scale: min(max(z.scale()*factor, 1), most)}
	s := fit(pane, pic) * n.Scale
	px, py := (x-old.X)/old.S, (y-old.Y)/old.S // of the picture
	n.X, n.Y = (px-(x-pane.W/2)/s)/pic.W-0.5, (py-(y-pane.H/2)/s)/pic.H-0.5
	return n.within(pane, pic)
}

// Move drags the picture by pixels of the pane.
func (z Zoom) Move(dx, dy float64, pane, pic Size) Zoom {
	if !pane.known() || !pic.known() {
		return z
	}
	s := fit(pane, pic) * z.scale()
	z.X -= dx / (s * pic.W)
	z.Y -= dy / (s * pic.H)
	return z.within(pane, pic)
}

// To shows a box of the picture with as much around it.
func (z Zoom) To(left, top, right, bottom float64, pane, pic Size) Zoom {
	if !pane.known() || !pic.known() {
		return z
	}
	whole := min(pane.W/max(right-left, 1), pane.H/max(bottom-top, 1)) / 3
	z = Zoom{Scale: min(max(whole/fit(pane, pic), 1), max(maxZoom, maxPixel/fit(pane, pic)))}
	z.X, z.Y = (left+right)/2/pic.W-0.5, (top+bottom)/2/pic.H-0.5
	return z.within(pane, pic)
}

// within keeps the pane filled, or the picture in its middle where it is smaller.
func (z Zoom) within(pane, pic Size) Zoom {
	z.Scale = z.scale()
	s := fit(pane, pic) * z.Scale
	room := func(pane, pic float64) float64 { return max(0.5-(pane/2-paneMargin)/(pic*s), 0) }
	x, y := room(pane.W, pic.W), room(pane.H, pic.H)
	z.X, z.Y = min(max(z.X, -x), x), min(max(z.Y, -y), y)
	if z.Scale == 1 {
		return Zoom{}
	}
	return z
}

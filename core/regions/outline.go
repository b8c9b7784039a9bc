package regions

import "math"

// Point is a place on the picture, in pixels from its upper left corner.
type Point struct{ X, Y float64 }

// edge is a side between two neighbouring samples: of (X, Y) and the one to its right, or the one below it.
type edge struct {
	x, y int
	down bool
}

// Outline returns the closed lines around region i, holes included: marching squares with linear interpolation between samples. At
// the border of the picture a line runs along it.
func (f *Found) Outline(i int) [][]Point {
	if i < 0 || i >= len(f.Regions) {
		return nil
	}
	next, starts := f.segments(int32(i + 1))
	var loops [][]Point
	for _, s := range starts {
		var loop []Point
		for e := s; ; {
			to, open := next[e]
			if !open {
				break
			}
			loop = append(loop, f.cross(e))
			delete(next, e)
			e = to
		}
		if len(loop) > 2 {
			loops = append(loops, loop)
		}
	}
	return loops
}

// in tells whether a sample belongs to a region; the raster is surrounded by samples that belong to none.
func (f *Found) in(x, y int, id int32) bool {
	return x >= 0 && y >= 0 && x < f.w && y < f.h && f.label[y*f.w+x] == id
}

// segments returns the way from edge to edge around a region, and the edges in order.
func (f *Found) segments(id int32) (next map[edge]edge, starts []edge) {
	next = map[edge]edge{}
	r := f.Regions[id-1]
	sx, sy := float64(f.frame.Width)/float64(f.w), float64(f.frame.Height)/float64(f.h)
	left, right := int(float64(r.Left)/sx)-2, int(float64(r.Right)/sx)+2
	top, bottom := int(float64(r.Top)/sy)-2, int(float64(r.Bottom)/sy)+2
	join := func(from, to edge) {
		next[from] = to
		starts = append(starts, from)
	}
	for y := max(top, -1); y < min(bottom, f.h); y++ {
		for x := max(left, -1); x < min(right, f.w); x++ {
			f.cell(x, y, id, join)
		}
	}
	return next, starts
}

// cell joins the edges of the four samples from (x, y) on, the region on the right hand. Two samples that touch at a corner are
// connected.
func (f *Found) cell(x, y int, id int32, join func(from, to edge)) {
	above, below := edge{x, y, false}, edge{x, y + 1, false}
	left, right := edge{x, y, true}, edge{x + 1, y, true}
	corners := 0
	for i, c := range [4][2]int{{x, y}, {x + 1, y}, {x + 1, y + 1}, {x, y + 1}} {
		if f.in(c[0], c[1], id) {
			corners |= 1 << i
		}
	}
	switch corners { // bits: upper left 1, upper right 2, lower right 4, lower left 8
	case 1:
		join(above, left)
	case 2:
		join(right, above)
	case 3:
		join(right, left)
	case 4:
		join(below, right)
	case 5:
		join(above, right)
		join(below, left)
	case 6:
		join(below, above)
	case 7:
		join(below, left)
	case 8:
		join(left, below)
	case 9:
		join(above, below)
	case 10:
		join(right, below)
		join(left, above)
	case 11:
		join(right, below)
	case 12:
		join(left, right)
	case 13:
		join(above, right)
	case 14:
		join(left, above)
	}
}

// cross is where Edge lies between the two samples of an edge, in pixels of the picture.
func (f *Found) cross(e edge) Point {
	x2, y2 := e.x+1, e.y
	if e.down {
		x2, y2 = e.x, e.y+1
	}
	t := 0.5 // to the border of the picture, or of what is inspected
	if a, b := f.value(e.x, e.y), f.value(x2, y2); a == a && b == b && a != b {
		t = min(max(float64(f.Edge-a)/float64(b-a), 0), 1)
	}
	x, y := float64(e.x)+0.5, float64(e.y)+0.5
	if e.down {
		y += t
	} else {
		x += t
	}
	return Point{x * float64(f.frame.Width) / float64(f.w), y * float64(f.frame.Height) / float64(f.h)}
}

// value is NaN outside of the picture.
func (f *Found) value(x, y int) float32 {
	if x < 0 || y < 0 || x >= f.w || y >= f.h {
		return float32(math.NaN())
	}
	return f.values[y*f.w+x]
}

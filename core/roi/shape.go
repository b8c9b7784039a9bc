package roi

// Point is a place in the units of a frame that is laid over the picture; its upper left corner is 0, 0.
type Point struct{ X, Y int }

// maxUnit bounds frames and places, so that products fit into 64 bits.
const maxUnit = 1 << 16

// Polygon is the mask, [h][w], of a polygon in a frame of frameW x frameH: the patches whose middle is inside by the even-odd rule. A middle on a left or upper
// edge is inside, one on a right or lower edge is not, so polygons that share an edge share no patch. Places may be outside of the frame.
func Polygon(points []Point, frameW, frameH, w, h int) Mask {
	out := make(Mask, w*h)
	for y := range h {
		cy := int64(2*y+1) * int64(frameH)
		for i, p := range points {
			q := points[(i+1)%len(points)]
			ax, ay, bx, by := 2*int64(p.X)*int64(w), 2*int64(p.Y)*int64(h), 2*int64(q.X)*int64(w), 2*int64(q.Y)*int64(h)
			if (ay > cy) == (by > cy) {
				continue
			}
			if ay > by {
				ax, ay, bx, by = bx, by, ax, ay
			}
			for x := range w { // patches left of where the edge crosses the line through their middles
				if (int64(2*x+1)*int64(frameW)-ax)*(by-ay) < (cy-ay)*(bx-ax) {
					out[y*w+x] ^= 1
				}
			}
		}
	}
	return out
}

// Rectangle is the polygon between two opposite corners.
func Rectangle(a, b Point) []Point { return []Point{a, {b.X, a.Y}, b, {a.X, b.Y}} }

// Stroke is the mask, [h][w], of a round brush of so many patches across, drawn from patch to patch.
func Stroke(patches []Point, size, w, h int) Mask {
	out := make(Mask, w*h)
	if len(patches) == 0 {
		return out
	}
	at := patches[0]
	dab(out, at, size, w, h)
	for _, to := range patches {
		for n := max(abs(to.X-at.X), abs(to.Y-at.Y)); n > 0; n-- { // one patch at a time, the last step ends at to
			at.X += rounded(to.X-at.X, n)
			at.Y += rounded(to.Y-at.Y, n)
			dab(out, at, size, w, h)
		}
	}
	return out
}

func dab(m Mask, at Point, size, w, h int) {
	for y := max(at.Y-size, 0); y < min(at.Y+size+1, h); y++ {
		for x := max(at.X-size, 0); x < min(at.X+size+1, w); x++ {
			if dx, dy := 2*(x-at.X), 2*(y-at.Y); dx*dx+dy*dy <= size*size {
				m[y*w+x] = 1
			}
		}
	}
}

func abs(n int) int { return max(n, -n) }

// rounded is a/n to the nearest, for n > 0.
func rounded(a, n int) int {
	if a < 0 {
		return -((-2*a + n) / (2 * n))
	}
	return (2*a + n) / (2 * n)
}

package pseudo

import "anomnet/core/imaging"

// drawBlob covers a rotated ellipse with a wavy, soft edge; the colours are left to the caller.
func drawBlob(g *rng, p *placer) *patch {
	cx, cy := p.pick(g)
	ra := p.radius(g)
	rb := max(1, ra*g.between(35, 100)/100)
	ux, uy := g.unit()
	half := ra + ra/2 + 2 // the wave reaches at most a third beyond the ellipse
	q := newPatch(cx-half, cy-half, 2*half+1, 2*half+1)
	seed, wave := g.next(), g.between(0, 160)
	cells := g.between(1, 4)
	soft := g.between(1, 6) // how many pixels the edge is wide, about
	for y := range q.h {
		for x := range q.w {
			dx, dy := int64(x-half), int64(y-half)
			u, v := (dx*ux+dy*uy)>>4, (dy*ux-dx*uy)>>4 // 1/256 pixel
			// d is the distance from the centre in 1/256 of the ellipse's radius in that direction.
			d := isqrt(u*u/int64(ra*ra) + v*v/int64(rb*rb))
			d += int64(perlin(x*cells*256/q.w, y*cells*256/q.h, seed) * wave >> 8)
			q.alpha[y*q.w+x] = uint16(clamp(int(256-d)*rb/soft+128, 0, 256))
		}
	}
	return q
}

// polyline is a thin line of one to three pieces, in 1/256 pixel.
type polyline struct {
	pts  [][2]int64
	half int64 // half width
}

// newPolyline starts at a picked place and turns a little at each joint; s is the shorter side of the image.
func newPolyline(g *rng, p *placer, s int) *polyline {
	x, y := p.pick(g)
	ux, uy := g.unit()
	l := &polyline{pts: [][2]int64{{int64(x) << 8, int64(y) << 8}}}
	// Width: 1 to 5 pixels at 256; length: 5 % to 40 % of the shorter side.
	l.half = max(128, int64(s)*int64(g.between(128, 640))/256)
	n := g.between(1, 3)
	length := int64(max(3, s*g.between(5, 40)/100)) << 8 / int64(n)
	for range n {
		last := l.pts[len(l.pts)-1]
		l.pts = append(l.pts, [2]int64{last[0] + ux*length>>12, last[1] + uy*length>>12})
		bend := int64(g.between(-1200, 1200))
		vx, vy := ux-uy*bend>>12, uy+ux*bend>>12
		d := isqrt(vx*vx + vy*vy)
		ux, uy = vx*4096/d, vy*4096/d
	}
	return l
}

// patch covers the line with an anti-aliased edge of one pixel.
func (l *polyline) patch() *patch {
	lo, hi := l.pts[0], l.pts[0]
	for _, pt := range l.pts {
		for k := range 2 {
			lo[k], hi[k] = min(lo[k], pt[k]), max(hi[k], pt[k])
		}
	}
	pad := l.half>>8 + 2
	x0, y0 := lo[0]>>8-pad, lo[1]>>8-pad
	q := newPatch(int(x0), int(y0), int(hi[0]>>8+pad-x0)+1, int(hi[1]>>8+pad-y0)+1)
	for y := range q.h {
		for x := range q.w {
			px, py := (x0+int64(x))<<8, (y0+int64(y))<<8
			d := int64(1) << 40
			for i := range len(l.pts) - 1 {
				d = min(d, segmentDistance(px, py, l.pts[i], l.pts[i+1]))
			}
			q.alpha[y*q.w+x] = uint16(clamp(int(l.half+128-d), 0, 256))
		}
	}
	return q
}

// segmentDistance is the distance of (x, y) from the segment ab, all in 1/256 pixel.
func segmentDistance(x, y int64, a, b [2]int64) int64 {
	dx, dy := b[0]-a[0], b[1]-a[1]
	px, py := x-a[0], y-a[1]
	if l2 := dx*dx + dy*dy; l2 > 0 {
		t := min(max(px*dx+py*dy, 0), l2)
		// t/l2 in 1/4096: precise to a quarter of a pixel in a thousand.
		t = t / max(1, l2>>12)
		px, py = px-dx*t>>12, py-dy*t>>12
	}
	return isqrt(px*px + py*py)
}

// flat fills q with one colour.
func flat(q *patch, c [3]uint8) {
	for i := range q.alpha {
		copy(q.pix[i*3:i*3+3], c[:])
	}
}

// shade fills q with src made lighter or darker by delta.
func shade(src *imaging.RGB, q *patch, delta int) {
	for y := range q.h {
		for x := range q.w {
			c := at(src, q.x0+x, q.y0+y)
			for k := range 3 {
				q.pix[(y*q.w+x)*3+k] = uint8(clamp(int(c[k])+delta, 0, 255))
			}
		}
	}
}

// borderMean is the mean colour on the border of q's window.
func borderMean(src *imaging.RGB, q *patch) [3]uint8 {
	var sum [3]int
	n := 0
	add := func(x, y int) {
		c := at(src, q.x0+x, q.y0+y)
		for k := range 3 {
			sum[k] += int(c[k])
		}
		n++
	}
	for x := range q.w {
		add(x, 0)
		add(x, q.h-1)
	}
	for y := range q.h {
		add(0, y)
		add(q.w-1, y)
	}
	return [3]uint8{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n)}
}

// pickColour returns the colour of a picked pixel.
func pickColour(src *imaging.RGB, g *rng, p *placer) [3]uint8 {
	x, y := p.pick(g)
	return at(src, x, y)
}

// at returns the pixel at (x, y), edges repeated.
func at(src *imaging.RGB, x, y int) [3]uint8 {
	i := (clamp(y, 0, src.H-1)*src.W + clamp(x, 0, src.W-1)) * 3
	return [3]uint8(src.Pix[i : i+3])
}

// scaled multiplies each channel by gain/256.
func scaled(c [3]uint8, gain [3]int) (out [3]uint8) {
	setScaled(out[:], c, gain)
	return out
}

func setScaled(dst []uint8, c [3]uint8, gain [3]int) {
	for k := range 3 {
		dst[k] = uint8(clamp((int(c[k])*gain[k]+128)>>8, 0, 255))
	}
}

func clamp(v, lo, hi int) int { return min(max(v, lo), hi) }

package synth

import "math"

// vec is a point or direction in the plane of the part. One unit is one pixel of a 384-pixel picture at scale 1; y points
// down, as in the picture.
type vec struct{ x, y float64 }

func (a vec) sub(b vec) vec           { return vec{a.x - b.x, a.y - b.y} }
func (a vec) add(b vec) vec           { return vec{a.x + b.x, a.y + b.y} }
func (a vec) mul(s float64) vec       { return vec{a.x * s, a.y * s} }
func (a vec) dot(b vec) float64       { return a.x*b.x + a.y*b.y }
func (a vec) len() float64            { return math.Sqrt(a.x*a.x + a.y*a.y) }
func (a vec) turn(c, s float64) vec   { return vec{a.x*c - a.y*s, a.x*s + a.y*c} }
func (a vec) unit() vec               { return a.mul(1 / max(a.len(), 1e-9)) }
func mix(a, b, t float64) float64     { return a + (b-a)*t }
func clamp(v, lo, hi float64) float64 { return min(max(v, lo), hi) }

// smooth is 0 at or below lo, 1 at or above hi, with zero slope at both ends.
func smooth(lo, hi, v float64) float64 {
	t := clamp((v-lo)/(hi-lo), 0, 1)
	return t * t * (3 - 2*t)
}

// edge is the nearest boundary of the material: d is the signed distance (negative inside the material), out the direction
// in which the material ends, chamfer the width of its bevel.
type edge struct {
	d, chamfer float64
	out        vec
}

// hole is a round hole, or a slot when a and b differ.
type hole struct {
	a, b      vec
	r, bevel  float64
	isFeature bool // small enough to be forgotten in production: may go missing
}

// from returns the vector from the nearest point of the hole's axis to p.
func (h *hole) from(p vec) vec {
	q := p.sub(h.a)
	if ab := h.b.sub(h.a); ab != (vec{}) {
		q = q.sub(ab.mul(clamp(q.dot(ab)/ab.dot(ab), 0, 1)))
	}
	return q
}

// narrow replaces e by the hole's edge where that is nearer.
func (h *hole) narrow(p vec, e *edge) {
	q := h.from(p)
	reach := h.r - e.d
	if l2 := q.dot(q); l2 < reach*reach {
		l := math.Sqrt(l2)
		*e = edge{d: h.r - l, chamfer: h.bevel, out: q.mul(-1 / max(l, 1e-9))}
	}
}

// part is a flat machined part: an outline, holes, and a finish.
type part struct {
	outline func(p vec) edge // without holes
	holes   []hole
	relief  func(p vec) vec // extra slope of the top face: steps and grooves
	grain   func(p vec) vec // unit direction of the machining marks
	turned  bool            // marks run in circles, not in straight lines
	size    float64         // everything lies within this radius
	tint    [3]float64
}

// farthest bounds the distance that at reports inside the material: nothing looks farther than this from an edge.
const farthest = 20

// at returns the nearest edge of the whole part; hole number skip (or none, if negative) is left out.
func (q *part) at(p vec, skip int) edge {
	e := q.outline(p)
	if e.d > farthest {
		return e
	}
	e.d = max(e.d, -farthest)
	for i := range q.holes {
		if i != skip {
			q.holes[i].narrow(p, &e)
		}
	}
	return e
}

func newPart(kind string) *part {
	if kind == "bracket" {
		return newBracket()
	}
	return newWasher()
}

// newWasher is a turned steel flange: hub, bore with keyway, six bolt holes and a locating hole.
func newWasher() *part {
	const outer, hub = 136, 76
	q := &part{turned: true, size: outer, tint: [3]float64{0.93, 0.95, 0.97}}
	q.outline = func(p vec) edge {
		r := p.len()
		return edge{d: r - outer, chamfer: 5, out: p.mul(1 / max(r, 1e-9))}
	}
	q.holes = append(q.holes, hole{r: 43, bevel: 5}, hole{a: vec{-38, 0}, b: vec{-50, 0}, r: 7, bevel: 1.5})
	for i := range 6 {
		s, c := math.Sincos(float64(i) * math.Pi / 3)
		at := vec{106 * c, 106 * s}
		q.holes = append(q.holes, hole{a: at, b: at, r: 12, bevel: 3.5, isFeature: true})
	}
	pin := vec{106, 0}.turn(math.Cos(math.Pi/6), math.Sin(math.Pi/6))
	q.holes = append(q.holes, hole{a: pin, b: pin, r: 5.5, bevel: 1.5, isFeature: true})
	q.relief = func(p vec) vec {
		r := p.len()
		// The hub falls off over five units; a relief groove runs around its foot.
		s := 0.8*ridge(r, hub, 5) + 0.45*ridge(r, hub+7, 2) - 0.45*ridge(r, hub+10, 2)
		return p.mul(s / max(r, 1e-9))
	}
	q.grain = func(p vec) vec {
		u := p.unit()
		return vec{-u.y, u.x}
	}
	return q
}

// ridge is a soft bump of height 1 around c, w wide.
func ridge(v, c, w float64) float64 {
	t := math.Abs(v-c) / w
	if t >= 1 {
		return 0
	}
	return (1 - t*t) * (1 - t*t)
}

// newBracket is a brushed aluminium angle plate with countersunk holes, a slot and a bent flange line.
func newBracket() *part {
	long := box{c: vec{0, 67}, h: vec{138, 46}, r: 14}
	short := box{c: vec{-86, -13}, h: vec{52, 100}, r: 14}
	hull := box{h: vec{138, 113}, r: 14} // keeps the fillet out of the outer corners
	q := &part{size: 182, tint: [3]float64{0.97, 0.97, 0.96}}
	q.outline = func(p vec) edge {
		e := join(long.edge(p), short.edge(p), 22)
		if h := hull.edge(p); h.d > e.d {
			return h
		}
		return e
	}
	at := func(x, y, r, bevel float64) hole {
		return hole{a: vec{x, y}, b: vec{x, y}, r: r, bevel: bevel, isFeature: true}
	}
	q.holes = []hole{
		at(108, 45, 9, 7), at(108, 89, 9, 7), at(-86, 65, 24, 3), at(-110, -87, 9, 7),
		{a: vec{2, 67}, b: vec{52, 67}, r: 10, bevel: 2.5, isFeature: true},
		{a: vec{-86, -51}, b: vec{-86, -9}, r: 10, bevel: 2.5, isFeature: true}, at(-62, -87, 9, 7),
	}
	q.relief = func(p vec) vec {
		return vec{-0.5*ridge(p.x, 76, 4) + 0.5*ridge(p.x, 83, 4), 0} // a pressed bead
	}
	q.grain = func(vec) vec { return vec{1, 0} }
	return q
}

// box is a rectangle with rounded corners: centre, half sides, corner radius.
type box struct {
	c, h vec
	r    float64
}

func (b box) edge(p vec) edge {
	v := p.sub(b.c)
	q := vec{math.Abs(v.x) - b.h.x + b.r, math.Abs(v.y) - b.h.y + b.r}
	e := edge{chamfer: 4}
	switch {
	case q.x > 0 && q.y > 0:
		e.d, e.out = q.len()-b.r, q.unit()
	case q.x > q.y:
		e.d, e.out = q.x-b.r, vec{1, 0}
	default:
		e.d, e.out = q.y-b.r, vec{0, 1}
	}
	e.out.x, e.out.y = math.Copysign(e.out.x, v.x), math.Copysign(e.out.y, v.y)
	return e
}

// join unites two regions with a fillet about k wide in the inner corner (polynomial smooth minimum).
func join(a, b edge, k float64) edge {
	t := clamp(0.5+0.5*(b.d-a.d)/k, 0, 1)
	return edge{
		d:       mix(b.d, a.d, t) - k*t*(1-t),
		chamfer: a.chamfer,
		out:     b.out.mul(1 - t).add(a.out.mul(t)).unit(),
	}
}

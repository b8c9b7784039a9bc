package synth

import "math"

// finish is what a defect may change on the metal's surface.
type finish struct {
	slope  vec        // added to the slope of the surface
	albedo [3]float64 // factor on what it reflects
	marks  float64    // how much of the machining marks is left, 0..1
	matt   float64    // 0: as machined, 1: dull
}

// asMachined is the surface of a good part.
var asMachined = finish{albedo: [3]float64{1, 1, 1}, marks: 1}

// metal returns the light that the top face sends into the camera at q; near scales the key lamp.
//
// Machining marks act as tiny cylinders: they spread light across themselves and not along, as in Ward's anisotropic model
// (1992, equation 5). On a turned face this gives the bright fans that start at the centre.
func (s *scene) metal(q vec, near float64, e edge, f finish) [3]float64 {
	along := s.part.grain(q)
	across := vec{-along.y, along.x}
	n, tone := s.machined(q, e, across, f)

	widthAlong := mix(0.15, 0.32, f.matt)
	widthAcross := mix(0.40, 0.36, f.matt)
	var c [3]float64
	// The dome over the table and the darker room around it.
	tilt := n.dot(n)
	dome := s.ambient * (0.11 + 0.09*math.Exp(-tilt/0.3) + 0.09*n.dot(s.lamps[0].toward))
	for k := range c {
		c[k] = max(dome, 0.02)
	}
	for i := range s.lamps {
		l := &s.lamps[i]
		h := l.half.sub(n)
		a, b := h.dot(along)/widthAlong, h.dot(across)/widthAcross
		g := (0.95 - 0.35*f.matt) * math.Exp(-a*a-b*b)
		if i == 0 {
			g *= near
		}
		for k := range c {
			c[k] += g * l.colour[k]
		}
	}
	for k := range c {
		c[k] *= tone * f.albedo[k] * s.part.tint[k]
	}
	return c
}

// machined returns the slope of the surface with chamfers, relief and tool marks, and the brightness of the marks.
func (s *scene) machined(q vec, e edge, across vec, f finish) (n vec, tone float64) {
	n = s.part.relief(q)
	// Chamfers start and end softly, as tools leave them.
	bevel := smooth(-e.chamfer-1.1, -e.chamfer+1.1, e.d)
	n = n.mul(1 - bevel).add(e.out.mul(0.85 * bevel))
	var u, v float64 // across and along the marks
	if s.part.turned {
		// One turn is 24 cells, closed without a seam by sampling along a square's outline.
		u, v = q.len(), turnPosition(q)*24
	} else {
		u, v = q.y, q.x*0.025
	}
	fine := noise(u*1.15, v, s.grainSeed)
	mid := noise(u*0.42, v*0.5, s.grainSeed+1)
	broad := noise(u*0.09, v*0.25, s.grainSeed+2)
	feed := math.Sin(u * 2.1) // the tool's feed leaves a regular groove
	tool := f.marks * (0.075*fine + 0.06*mid + 0.03*broad + 0.03*feed)
	n = n.add(across.mul(tool)).add(f.slope)
	tone = 1 + f.marks*(0.07*fine+0.05*mid+0.05*broad)
	// Worn rims are a little brighter.
	tone *= 1 + 0.16*ridge(e.d, -e.chamfer, 1.8) + 0.15*ridge(e.d, -0.5, 1.8)
	return n, tone
}

// turnPosition is a substitute for the angle, 0 to 1, without an arc tangent.
func turnPosition(q vec) float64 {
	t := q.y / max(math.Abs(q.x)+math.Abs(q.y), 1e-9) // -1..1 over half a turn
	if q.x < 0 {
		t = 2 - t
	}
	return (t + 1) / 4
}

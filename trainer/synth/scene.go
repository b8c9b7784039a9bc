package synth

import (
	"math"
	"math/rand/v2"
)

// lamp is a light far away: toward is the direction to it in the plane, half the tilt of a mirror that would send its light
// into the camera (x and y of the half vector over z).
type lamp struct {
	toward, half vec
	colour       [3]float64
}

// scene is everything that one picture depends on. Directions of lamps are in the part's own frame.
type scene struct {
	part      *part
	cloth     cloth
	size      int
	perUnit   float64 // pixels for one unit of the picture at scale 1
	scale     float64
	shift     vec
	cos, sin  float64
	lamps     [2]lamp
	clothLamp vec
	ambient   float64
	shadow    vec // displacement of the shadow, in units
	penumbra  float64
	exposure  [3]float64
	seed      uint32
	grainSeed uint32
}

// partHeight is the thickness of every part; it sets shadows and the visible walls of holes.
const partHeight = 15

func newScene(opt Options, r *rand.Rand) *scene {
	s := &scene{part: newPart(opt.Kind), cloth: newCloth(opt.Kind, r), size: opt.Size, perUnit: float64(opt.Size) / 384}
	s.scale = spread(r, 0.93, 1.02)
	s.shift = vec{spread(r, -12, 12), spread(r, -12, 12)}
	s.sin, s.cos = math.Sincos(spread(r, 0, 2*math.Pi))
	s.seed, s.grainSeed = r.Uint32(), r.Uint32()

	azimuth := -2.2 + spread(r, -0.45, 0.45) // from the upper left
	elevation := spread(r, 0.80, 1.05)
	power := spread(r, 0.85, 1.12)
	key := s.newLamp(azimuth, elevation, [3]float64{1.00 * power, 0.975 * power, 0.93 * power})
	fill := s.newLamp(azimuth+spread(r, 1.9, 2.5), spread(r, 0.7, 0.95), [3]float64{0.33 * power, 0.36 * power, 0.40 * power})
	s.lamps = [2]lamp{key, fill}
	s.ambient = spread(r, 0.9, 1.1)
	sin, cos := math.Sincos(azimuth)
	s.clothLamp = vec{cos, sin}
	s.shadow = vec{-cos, -sin}.mul(partHeight / math.Tan(elevation))
	s.penumbra = spread(r, 3.5, 6)
	ev, warm := spread(r, 0.90, 1.12), spread(r, -0.02, 0.02)
	s.exposure = [3]float64{ev * (1 + warm), ev, ev * (1 - warm)}
	return s
}

func (s *scene) newLamp(azimuth, elevation float64, colour [3]float64) lamp {
	se, ce := math.Sincos(elevation)
	sa, ca := math.Sincos(azimuth)
	toward := vec{ca, sa}.turn(s.cos, -s.sin)
	return lamp{toward: toward, half: toward.mul(ce / (1 + se)), colour: colour}
}

// toPart maps units of the picture, measured from its centre, to the part's frame.
func (s *scene) toPart(p vec) vec { return p.sub(s.shift).turn(s.cos, -s.sin).mul(1 / s.scale) }

// light returns the linear colour at p (units from the picture's centre) and whether detail finer than a pixel lies there.
func (s *scene) light(p vec, d defect) (c [3]float64, fine bool) {
	q := s.toPart(p)
	if q.len() > s.part.size+60 {
		return s.ground(p), false
	}
	e := s.edge(q, d)
	cover := clamp(0.5-e.d*s.scale*s.perUnit, 0, 1)
	if cover < 1 {
		c = s.below(p, q, d)
	}
	if cover > 0 {
		m := s.metal(q, s.falloff(p), e, s.finish(q, d))
		for k := range c {
			c[k] = mix(c[k], m[k], cover)
		}
	}
	return c, e.d > -e.chamfer-2 && e.d < 1
}

// marked reports whether the defect lies at p.
func (s *scene) marked(p vec, d defect) bool {
	if d == nil {
		return false
	}
	q := s.toPart(p)
	if q.len() > s.part.size {
		return false
	}
	return d.marks(q, s.part.outline(q).d, s.part.at(q, -1).d)
}

// edge returns the edge nearest to q, the defect's cuts included.
func (s *scene) edge(q vec, d defect) edge {
	if d == nil {
		return s.part.at(q, -1)
	}
	e := s.part.at(q, d.missing())
	d.cut(q, &e)
	return e
}

// finish returns the state of the metal's surface at q.
func (s *scene) finish(q vec, d defect) finish {
	if d == nil {
		return asMachined
	}
	f := asMachined
	d.coat(q, &f)
	return f
}

// below is what shows beside the part and through its holes: the walls, seen in perspective, or the cloth in shadow.
func (s *scene) below(p, q vec, d defect) [3]float64 {
	// The bottom of the part lies partHeight deeper, so it looks smaller, seen from the optical axis.
	const deeper = 1 + partHeight/1100.0
	low := s.toPart(p.mul(deeper))
	e := s.edge(low, d)
	wall := clamp(0.5-e.d*s.scale*s.perUnit, 0, 1)
	c := s.shaded(p, d)
	if wall > 0 {
		depth := clamp((q.len()-low.len())*0.1+0.6, 0.3, 1)
		for k := range c {
			w := s.ambient*0.05 + 0.22*s.lamps[0].colour[k]*max(0, e.out.dot(s.lamps[0].toward))
			c[k] = mix(c[k], w*depth, wall)
		}
	}
	return c
}

// shaded is the cloth under the part's cast shadow and the darkness close to its edge.
func (s *scene) shaded(p vec, d defect) [3]float64 {
	c := s.ground(p)
	at := func(v vec) float64 { return s.edge(s.toPart(v), d).d * s.scale }
	// Lamp light reaches p unless the part is in the way, at its upper rim or lower down.
	away := min(at(p.sub(s.shadow)), at(p.sub(s.shadow.mul(0.45)))+1)
	lit := smooth(-s.penumbra, s.penumbra, away)
	open := 1 - 0.6*math.Exp(-max(at(p), 0)/7)
	dim := open * mix(0.34, 1, lit)
	for k := range c {
		c[k] *= dim
	}
	return c
}

// falloff is how much stronger the key lamp shines at p than in the middle: it stands near, so one side is brighter.
func (s *scene) falloff(p vec) float64 { return 1 + 0.16*p.dot(s.clothLamp)/192 }

func (s *scene) ground(p vec) [3]float64 {
	c := s.cloth.at(p, s.clothLamp)
	near := s.falloff(p)
	for k := range c {
		c[k] *= 0.85*near*s.lamps[0].colour[k] + 0.5*s.lamps[1].colour[k] + 0.25*s.ambient
	}
	return c
}

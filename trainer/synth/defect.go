package synth

import (
	"math"
	"math/rand/v2"
)

// defect changes a part. Points are in the part's frame.
type defect interface {
	// missing is the number of the hole that was forgotten, or -1.
	missing() int
	// cut takes material away by changing the nearest edge.
	cut(q vec, e *edge)
	// coat changes the surface.
	coat(q vec, f *finish)
	// marks reports whether q belongs to the defect; outline and good are the distances to the outline without holes
	// and to the nearest edge of the good part (negative inside).
	marks(q vec, outline, good float64) bool
}

// unchanged is embedded by defects that leave some of the part alone.
type unchanged struct{}

func (unchanged) missing() int      { return -1 }
func (unchanged) cut(vec, *edge)    {}
func (unchanged) coat(vec, *finish) {}

// What a careful human still sees, measured by scene.visibility.
const (
	minContrast = 0.20
	minArea     = 45 // pixels of a 384-pixel picture
)

// newDefect draws place, size and strength; strength runs from 0 (subtle) to 1 (obvious). A defect that would be
// invisible where it fell is drawn again, somewhere else and a little stronger.
func newDefect(kind string, s *scene, r *rand.Rand) defect {
	strength := r.Float64()
	need := minArea * s.perUnit * s.perUnit
	var d defect
	for range 12 {
		d = drawDefect(kind, s.part, strength, r)
		if n, contrast := s.visibility(d); float64(n) >= need && contrast >= minContrast {
			break
		}
		strength = min(1, strength+0.12)
	}
	return d
}

func drawDefect(kind string, p *part, strength float64, r *rand.Rand) defect {
	switch kind {
	case "scratch":
		return newScratch(p, strength, r)
	case "dent":
		return newDent(p, strength, r)
	case "stain":
		return newStain(p, strength, r)
	case "missing_hole":
		return newMissing(p, r)
	default:
		return newChip(p, strength, r)
	}
}

// place draws a point at least margin inside the material.
func place(p *part, margin float64, r *rand.Rand) vec {
	for range 10000 {
		q := vec{spread(r, -p.size, p.size), spread(r, -p.size, p.size)}
		if p.at(q, -1).d < -margin {
			return q
		}
	}
	return vec{p.size / 2, 0} // not reached by our parts: a third of the square is metal
}

// scratch is a thin curved groove with a raised side.
type scratch struct {
	unchanged
	pts            []vec
	width          float64 // half width
	depth, bright  float64
	minPt, maxPt   vec
	gapFrom, gapTo float64 // a part of the way where the tool jumped
}

func newScratch(p *part, strength float64, r *rand.Rand) defect {
	s := &scratch{width: spread(r, 0.8, 1.1) + 0.8*strength, depth: 0.45 + 0.45*strength, bright: 0.28 + 0.35*strength}
	at, angle := place(p, 8, r), spread(r, 0, 2*math.Pi)
	length, bend := 26+spread(r, 0, 30)+50*strength, spread(r, -0.012, 0.012)
	const step = 4
	s.minPt, s.maxPt = at, at
	for l := 0.0; l <= length; l += step {
		s.pts = append(s.pts, at)
		s.minPt = vec{min(s.minPt.x, at.x), min(s.minPt.y, at.y)}
		s.maxPt = vec{max(s.maxPt.x, at.x), max(s.maxPt.y, at.y)}
		sin, cos := math.Sincos(angle)
		at = at.add(vec{cos, sin}.mul(step))
		angle += bend*step + spread(r, -0.05, 0.05)
		if p.at(at, -1).d > -3 {
			angle += 0.5 // keep off the edges where it can
		}
	}
	s.gapFrom = spread(r, 0.2, 1.4)
	s.gapTo = s.gapFrom + 0.08
	return s
}

// nearest returns the signed distance from the groove's centre, the way along it (0..1) and the direction across.
func (s *scratch) nearest(q vec) (d, way float64, across vec) {
	reach := s.width + 3
	if q.x < s.minPt.x-reach || q.y < s.minPt.y-reach || q.x > s.maxPt.x+reach || q.y > s.maxPt.y+reach {
		return math.Inf(1), 0, vec{}
	}
	best := math.Inf(1)
	for i := range len(s.pts) - 1 {
		a, b := s.pts[i], s.pts[i+1]
		ab := b.sub(a)
		t := clamp(q.sub(a).dot(ab)/ab.dot(ab), 0, 1)
		v := q.sub(a.add(ab.mul(t)))
		if l := v.len(); l < best {
			best = l
			across = vec{-ab.y, ab.x}.unit()
			d, way = l, (float64(i)+t)/float64(len(s.pts)-1)
			if v.dot(across) < 0 {
				d = -l
			}
		}
	}
	return d, way, across
}

// taper thins the scratch towards its ends and in its gap.
func (s *scratch) taper(way float64) float64 {
	if way > s.gapFrom && way < s.gapTo {
		return 0
	}
	return smooth(0, 0.12, way) * smooth(1, 0.8, way)
}

func (s *scratch) coat(q vec, f *finish) {
	d, way, across := s.nearest(q)
	if math.Abs(d) > s.width+2 {
		return
	}
	w := s.taper(way)
	t := d / s.width
	bell := w * math.Exp(-t*t)
	f.slope = f.slope.add(across.mul(s.depth * 2 * t * bell))
	f.marks *= 1 - bell
	for k := range f.albedo {
		f.albedo[k] *= 1 + s.bright*bell - 0.35*w*ridge(t, 1.3, 0.8)
	}
}

func (s *scratch) marks(q vec, _, good float64) bool {
	d, way, _ := s.nearest(q)
	return good < 0 && math.Abs(d) <= s.width*1.25 && s.taper(way) > 0.25
}

// dent is a shallow oval dimple from a blow.
type dent struct {
	unchanged
	at       vec
	c, s     float64
	ra, rb   float64
	strength float64
	seed     uint32
}

func newDent(p *part, strength float64, r *rand.Rand) defect {
	d := &dent{strength: strength, ra: 6 + spread(r, 0, 3) + 6*strength, seed: r.Uint32()}
	d.rb = d.ra * spread(r, 0.6, 1)
	d.s, d.c = math.Sincos(spread(r, 0, 2*math.Pi))
	d.at = place(p, d.rb, r)
	return d
}

// local returns q in units of the dimple's radii, its rim slightly uneven.
func (d *dent) local(q vec) vec {
	v := q.sub(d.at).turn(d.c, -d.s)
	wave := 1 + 0.10*noise(q.x*0.12, q.y*0.12, d.seed)
	return vec{v.x * wave / d.ra, v.y * wave / d.rb}
}

func (d *dent) coat(q vec, f *finish) {
	v := d.local(q)
	l2 := v.dot(v)
	if l2 > 4 {
		return
	}
	bell := math.Exp(-1.6 * l2)
	// Walls fall towards the middle, so their normals lean inwards.
	lean := vec{v.x, v.y}.mul(-(0.75+0.75*d.strength)*bell).turn(d.c, d.s)
	f.slope = f.slope.add(lean)
	f.marks *= 1 - 0.6*bell
	f.matt = max(f.matt, 0.6*bell)
	for k := range f.albedo {
		f.albedo[k] *= 1 - (0.12+0.15*d.strength)*bell
	}
}

func (d *dent) marks(q vec, _, good float64) bool {
	v := d.local(q)
	return good < 0 && v.dot(v) <= 1.15*1.15
}

// stain is a dried drop: thin film inside, darker rim, uneven outline.
type stain struct {
	unchanged
	at     vec
	r      float64
	dark   float64
	colour [3]float64
	seed   uint32
}

func newStain(p *part, strength float64, r *rand.Rand) defect {
	colours := [][3]float64{{0.55, 0.36, 0.20}, {0.30, 0.29, 0.27}, {0.38, 0.44, 0.62}, {0.60, 0.50, 0.24}}
	s := &stain{r: 9 + spread(r, 0, 8) + 9*strength, dark: 0.42 + 0.45*strength, seed: r.Uint32()}
	s.colour = colours[r.IntN(len(colours))]
	s.at = place(p, s.r*0.5, r)
	return s
}

// radius is q's distance from the middle over the stain's uneven radius.
func (s *stain) radius(q vec) float64 {
	v := q.sub(s.at)
	l := v.len()
	if l > 2*s.r {
		return 2
	}
	wave := 1 + 0.30*noise(q.x*0.07, q.y*0.07, s.seed) + 0.12*noise(q.x*0.2, q.y*0.2, s.seed+1)
	return l / (s.r * wave)
}

func (s *stain) coat(q vec, f *finish) {
	rho := s.radius(q)
	if rho >= 1.1 {
		return
	}
	film := smooth(1.06, 0.9, rho) * s.dark * (0.72 + 0.22*noise(q.x*0.11, q.y*0.11, s.seed+2))
	film = clamp(film+0.28*s.dark*ridge(rho, 0.94, 0.14), 0, 0.95)
	for k := range f.albedo {
		f.albedo[k] *= mix(1, s.colour[k], film)
	}
	f.matt = max(f.matt, 0.8*film)
}

func (s *stain) marks(q vec, _, good float64) bool { return good < 0 && s.radius(q) <= 1 }

// missingHole is a hole that was not drilled.
type missingHole struct {
	unchanged
	index int
	hole  hole
}

func newMissing(p *part, r *rand.Rand) defect {
	for {
		i := r.IntN(len(p.holes))
		if p.holes[i].isFeature {
			return &missingHole{index: i, hole: p.holes[i]}
		}
	}
}

func (m *missingHole) missing() int { return m.index }

func (m *missingHole) marks(q vec, outline, _ float64) bool {
	reach := m.hole.r + m.hole.bevel
	return outline < 0 && m.hole.from(q).len() < reach
}

// chip is a piece broken out of the outer rim, with a rough, lighter fracture around it.
type chip struct {
	unchanged
	at   vec
	r    float64
	rim  float64
	seed uint32
}

func newChip(p *part, strength float64, r *rand.Rand) defect {
	c := &chip{r: 5 + 8*strength + spread(r, 0, 2), rim: 2.2 + 1.6*strength, seed: r.Uint32()}
	// Walk from a point on the metal to the outline.
	q := place(p, 10, r)
	for range 60 {
		e := p.outline(q)
		if math.Abs(e.d) < 0.05 {
			break
		}
		q = q.sub(e.out.mul(e.d))
	}
	c.at = q
	return c
}

// depth is how far q lies inside the bite (positive inside).
func (c *chip) depth(q vec) (float64, vec) {
	v := q.sub(c.at)
	l := v.len()
	if l > 3*c.r {
		return -2 * c.r, vec{}
	}
	wave := 1 + 0.28*noise(q.x*0.16, q.y*0.16, c.seed) + 0.14*noise(q.x*0.5, q.y*0.5, c.seed+1)
	return c.r*wave - l, v.mul(-1 / max(l, 1e-9))
}

func (c *chip) cut(q vec, e *edge) {
	if d, out := c.depth(q); d > e.d {
		*e = edge{d: d, chamfer: c.rim, out: out}
	}
}

func (c *chip) coat(q vec, f *finish) {
	d, _ := c.depth(q)
	rough := smooth(-c.rim-1, -c.rim+0.5, d)
	if rough == 0 {
		return
	}
	f.slope = f.slope.add(vec{noise(q.x*0.6, q.y*0.6, c.seed+2), noise(q.x*0.6, q.y*0.6, c.seed+3)}.mul(0.45 * rough))
	f.marks *= 1 - rough
	f.matt = max(f.matt, rough)
}

func (c *chip) marks(q vec, _, good float64) bool {
	d, _ := c.depth(q)
	return good < 0 && d > -c.rim
}

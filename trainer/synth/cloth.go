package synth

import (
	"math"
	"math/rand/v2"
)

// cloth is a plain weave: every thread passes over and under its neighbours in turn.
type cloth struct {
	period float64 // distance between threads
	phase  vec
	c, s   float64 // direction of the threads
	colour [3]float64
	seed   uint32
}

func newCloth(kind string, r *rand.Rand) cloth {
	w := cloth{period: 6.4, colour: [3]float64{0.050, 0.062, 0.085}, seed: r.Uint32()}
	if kind == "bracket" {
		w.period, w.colour = 7.2, [3]float64{0.16, 0.135, 0.10}
	}
	w.phase = vec{spread(r, 0, 1000), spread(r, 0, 1000)}
	w.s, w.c = math.Sincos(spread(r, -0.06, 0.06))
	return w
}

// at returns the light coming from the cloth at p when light of strength 1 falls on it from direction lamp.
func (w *cloth) at(p, lamp vec) [3]float64 {
	q := p.turn(w.c, w.s).add(w.phase)
	// Hand-woven threads wander a little.
	q.x += 0.8 * noise(q.y*0.03, q.x*0.011, w.seed)
	q.y += 0.8 * noise(q.x*0.03, q.y*0.011, w.seed+1)
	q = q.mul(1 / w.period)
	ix, iy := math.Floor(q.x), math.Floor(q.y)
	fx, fy := q.x-ix-0.5, q.y-iy-0.5
	across, along, thread, run := fx, fy, ix, q.y
	warp := (int64(ix)+int64(iy))&1 == 0
	if !warp {
		across, along, thread, run = fy, fx, iy, q.x
	}
	height := (1 - 3.2*across*across) * (1 - 1.6*along*along)
	slope := vec{1.3 * across, 0.9 * along}
	if !warp {
		slope = vec{0.9 * along, 1.3 * across}
	}
	light := (0.25 + 0.75*max(height, 0)) * (1 + 0.75*slope.turn(w.c, -w.s).dot(lamp))
	// Twisted fibres, thick and thin places, and threads that took the dye differently.
	twist := noise((across+0.55*along)*5, run*2.1+thread*7.3, w.seed+2)
	slub := noise(run*0.16, thread*3.7+boolOffset(warp), w.seed+3)
	light *= 1 + 0.20*twist + 0.16*slub + 0.10*hash01(int32(thread), int32(boolOffset(warp)), w.seed+4)
	light *= 1 + 0.10*noise(p.x*0.012, p.y*0.012, w.seed+5)
	return [3]float64{w.colour[0] * light, w.colour[1] * light, w.colour[2] * light}
}

func boolOffset(b bool) float64 {
	if b {
		return 501
	}
	return 0
}

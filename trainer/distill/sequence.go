package distill

import (
	"fmt"
	"math"
	"math/rand/v2"

	"anomnet/core/imaging"
)

// Purposes of random numbers, the second half of a seed.
const (
	drawPhoto = 0x70686f74 << 32
	drawCrop  = 0x63726f70 << 32
	drawOrder = 0x6f726465 << 32
)

// sequence says which crops a step sees. It follows from its fields alone, so a resumed run sees what the cut one would have seen.
type sequence struct {
	seed  int64
	train []int // photographs that may be seen, places in photos.list
	batch int
	pool  int // crops that come again; 0: every crop is new

	epoch int64 // of order
	order []int
	round int64 // of photo
	photo []int
}

// heldOut parts n photographs: every k-th is kept out, so that all kinds of a sorted folder are among them.
func heldOut(n, want int) (train, held []int, err error) {
	if n < 2*want || n-want < 1 {
		return nil, nil, fmt.Errorf("distill: %d photographs that can be read are too few to hold out %d", n, want)
	}
	next := 0
	for i := range n {
		if len(held) < want && i == next*n/want {
			held = append(held, i)
			next++
		} else {
			train = append(train, i)
		}
	}
	return train, held, nil
}

// spaced picks up to n of a list at equal steps.
func spaced(list []int, n int) []int {
	n = min(n, len(list))
	out := make([]int, n)
	for i := range out {
		out[i] = list[i*len(list)/n]
	}
	return out
}

// poolSize is the number of crops that come again, a whole number of batches.
func poolSize(crops, batch int) int { return crops / batch * batch }

// crops gives the numbers of the crops of step i (from 0). The first time a pool is seen it comes in order, so that the targets are computed
// in whole batches.
func (s *sequence) crops(i int) []int64 {
	ids := make([]int64, s.batch)
	for k := range ids {
		n := int64(i)*int64(s.batch) + int64(k)
		if s.pool > 0 && n >= int64(s.pool) {
			if e := n / int64(s.pool); e != s.epoch {
				s.epoch, s.order = e, rand.New(rand.NewPCG(uint64(s.seed), drawOrder+uint64(e))).Perm(s.pool)
			}
			n = int64(s.order[n%int64(s.pool)])
		}
		ids[k] = n
	}
	return ids
}

// photoOf gives the photograph of a crop: all are seen once before one is seen again.
func (s *sequence) photoOf(id int64) int {
	n := int64(len(s.train))
	if r := id / n; s.photo == nil || r != s.round {
		s.round, s.photo = r, rand.New(rand.NewPCG(uint64(s.seed), drawPhoto+uint64(r))).Perm(int(n))
	}
	return s.train[s.photo[id%n]]
}

// make makes crop id.
func (s *sequence) make(p *photos, id int64, side int) (*imaging.RGB, error) {
	img, err := p.read(s.photoOf(id))
	if err != nil {
		return nil, err
	}
	return crop(img, side, rand.New(rand.NewPCG(uint64(s.seed), drawCrop+uint64(id)))), nil
}

// warmUp is the share of the steps in which the rate rises; lastRate is what remains of it at the end.
const (
	warmUp   = 0.08
	lastRate = 0.001
)

// rateAt is the learning rate's factor at step i of n: a linear rise, then half a cosine down (one cycle, Smith and Topin 2018).
func rateAt(i, n int) float64 {
	up := max(1, warmUp*float64(n))
	if x := float64(i+1) / up; x < 1 {
		return x
	}
	x := (float64(i+1) - up) / max(1, float64(n)-up)
	return lastRate + (1-lastRate)*0.5*(1+math.Cos(math.Pi*x))
}

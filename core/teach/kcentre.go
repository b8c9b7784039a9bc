package teach

import (
	"context"
	"math"
	"sync"

	"anomnet/core/detect"
)

// kCentre chooses k of n embeddings, e [n][d], by greedy farthest-point selection (Gonzalez 1985): the next centre is the point
// farthest from all chosen so far, the first of equals. It returns their indices; fewer than k when every point coincides with a centre.
//
// All distances are exact integers, so the choice is the same on every machine. A new centre c cannot be nearer to a point p than p's
// own centre a when d(a,c) >= 2 d(p,a), so most points are skipped by one comparison; the result is that of the plain algorithm.
type kCentre struct {
	d       int
	e       []int8
	best    []int32 // squared distance to the nearest centre
	owner   []int32 // which centre that is
	centres []int32
	between []int32 // squared distance of the newest centre to each older one
	workers int
}

func chooseCentres(ctx context.Context, e []int8, d, k, first, workers int, progress func(done, total int)) ([]int32, error) {
	n := len(e) / d
	c := &kCentre{d: d, e: e, best: make([]int32, n), owner: make([]int32, n), workers: max(1, workers)}
	for i := range c.best {
		c.best[i] = math.MaxInt32
	}
	next := first
	for len(c.centres) < min(k, n) {
		if len(c.centres)%64 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			progress(len(c.centres), min(k, n))
		}
		far, at := c.add(next)
		if far == 0 {
			break
		}
		next = at
	}
	return c.centres, nil
}

// row returns embedding i.
func (c *kCentre) row(i int) []int8 { return c.e[i*c.d : (i+1)*c.d] }

// add makes point p a centre and returns the farthest point from all centres.
func (c *kCentre) add(p int) (far int32, at int) {
	centre := c.row(p)
	c.between = c.between[:0]
	for _, old := range c.centres {
		c.between = append(c.between, distance2(centre, c.row(int(old))))
	}
	id := int32(len(c.centres))
	c.centres = append(c.centres, int32(p))
	n := len(c.best)
	fars, ats := make([]int32, c.workers), make([]int, c.workers)
	var wg sync.WaitGroup
	for w := 0; w < c.workers; w++ {
		from, to := n*w/c.workers, n*(w+1)/c.workers
		if w == c.workers-1 {
			fars[w], ats[w] = c.relax(centre, id, from, to)
			continue
		}
		wg.Go(func() { fars[w], ats[w] = c.relax(centre, id, from, to) })
	}
	wg.Wait()
	far, at = -1, 0
	for w := range fars {
		if fars[w] > far {
			far, at = fars[w], ats[w]
		}
	}
	return far, at
}

// relax updates the nearest centre of points from..to and returns the farthest among them.
func (c *kCentre) relax(centre []int8, id int32, from, to int) (far int32, at int) {
	far = -1
	for i := from; i < to; i++ {
		best := c.best[i]
		if id == 0 || int64(c.between[c.owner[i]]) < 4*int64(best) {
			if d := distance2(centre, c.row(i)); d < best {
				best = d
				c.best[i], c.owner[i] = d, id
			}
		}
		if best > far {
			far, at = best, i
		}
	}
	return far, at
}

// distance2 is |a-b|^2.
func distance2(a, b []int8) int32 {
	var s0, s1 int32
	b = b[:len(a)]
	i := 0
	for ; i+1 < len(a); i += 2 {
		x, y := int32(a[i])-int32(b[i]), int32(a[i+1])-int32(b[i+1])
		s0 += x * x
		s1 += y * y
	}
	if i < len(a) {
		x := int32(a[i]) - int32(b[i])
		s0 += x * x
	}
	return s0 + s1
}

// gather copies the chosen embeddings.
func gather(e []int8, d int, index []int32) detect.Centroids {
	c := detect.Centroids{K: len(index), D: d, Data: make([]int8, 0, len(index)*d)}
	for _, i := range index {
		c.Data = append(c.Data, e[int(i)*d:(int(i)+1)*d]...)
	}
	return c
}

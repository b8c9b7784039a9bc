package teach

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"anomnet/core/detect"
	"anomnet/core/engine"
)

// kCentre is greedy farthest-point selection (Gonzalez 1985): the next centre is the embedding farthest from all chosen so
// far, the first of equals.
//
// Distances to the nearest centre only fall, so an old value is an upper bound. The points lie in a heap by that bound, and only a
// point that comes to the top is brought up to date, against all centres that were added since. The choice is exactly that of
// the plain algorithm, and most points, which are well covered early, are hardly ever looked at again. All distances are exact
// integers, so the choice is the same on every machine.
type kCentre struct {
	d       int
	e       []int8
	best    []int32 // squared distance to the nearest of the first seen centres
	seen    []int32
	heap    []int32 // points, farthest first
	centres []int32
	search  engine.Search // the centres
	workers int
	blocks  []*block // by worker
}

// block is points that are brought up to date together.
type block struct {
	e  []int8 // [blockPoints][d]
	d2 []int32
}

// blockPoints is a multiple of the tiles of all kernels.
const blockPoints = 24

// chooseCentres picks k of the embeddings e, [n][d], starting with one, and returns their indices; fewer than k when
// every embedding is a copy of one chosen.
func chooseCentres(ctx context.Context, e []int8, d, k, first int, opt *Options, progress func(done, total int)) ([]int32, error) {
	c, err := newKCentre(e, d, opt)
	if err != nil {
		return nil, err
	}
	k = min(k, len(c.best))
	c.add(int32(first))
	for len(c.centres) < k {
		if (len(c.centres)-1)%64 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			progress(len(c.centres), k)
		}
		far := c.farthest()
		if c.best[far] == 0 {
			break
		}
		c.add(far)
	}
	return c.centres, ctx.Err()
}

func newKCentre(e []int8, d int, opt *Options) (*kCentre, error) {
	n := len(e) / d
	search, err := opt.kernels().NewSearch(d)
	if err != nil {
		return nil, err
	}
	c := &kCentre{d: d, e: e, best: make([]int32, n), seen: make([]int32, n), heap: make([]int32, n), search: search,
		workers: min(opt.workers(), staleBatch)}
	for i := range c.best {
		c.best[i], c.heap[i] = math.MaxInt32, int32(i)
	}
	for range c.workers {
		c.blocks = append(c.blocks, &block{e: make([]int8, blockPoints*d), d2: make([]int32, blockPoints)})
	}
	return c, nil
}

// row returns embedding i.
func (c *kCentre) row(i int32) []int8 { return c.e[int(i)*c.d : (int(i)+1)*c.d] }

// add makes point p a centre.
func (c *kCentre) add(p int32) {
	c.centres = append(c.centres, p)
	c.search.Append(c.row(p))
}

// staleBatch is how many outdated points from the top of the heap are brought up to date together.
const staleBatch = 512

// farthest returns the point farthest from all centres.
func (c *kCentre) farthest() int32 {
	stale := make([]int32, 0, staleBatch)
	for int(c.seen[c.heap[0]]) < len(c.centres) {
		for len(c.heap) > 0 && len(stale) < staleBatch && int(c.seen[c.heap[0]]) < len(c.centres) {
			stale = append(stale, c.pop())
		}
		c.refresh(stale)
		for _, p := range stale {
			c.push(p)
		}
		stale = stale[:0]
	}
	return c.heap[0]
}

// refresh brings points up to date on all workers. Points that have seen as many centres come together, so that a block compares little
// twice.
func (c *kCentre) refresh(points []int32) {
	slices.SortFunc(points, func(a, b int32) int { return cmp.Compare(c.seen[a], c.seen[b]) })
	var next atomic.Int32
	var wg sync.WaitGroup
	work := func(b *block) {
		for i := int(next.Add(1)-1) * blockPoints; i < len(points); i = int(next.Add(1)-1) * blockPoints {
			c.update(points[i:min(i+blockPoints, len(points))], b)
		}
	}
	for _, b := range c.blocks[1:] {
		wg.Go(func() { work(b) })
	}
	work(c.blocks[0])
	wg.Wait()
}

// update compares a block of points with the centres that the first of them has not seen.
func (c *kCentre) update(points []int32, b *block) {
	for i, p := range points {
		copy(b.e[i*c.d:], c.row(p))
		b.d2[i] = c.best[p]
	}
	c.search.Nearest(b.e, len(points), int(c.seen[points[0]]), b.d2)
	for i, p := range points {
		c.best[p], c.seen[p] = b.d2[i], int32(len(c.centres))
	}
}

// before orders the heap: farther first, then the lower index.
func (c *kCentre) before(a, b int32) bool {
	if c.best[a] != c.best[b] {
		return c.best[a] > c.best[b]
	}
	return a < b
}

func (c *kCentre) push(p int32) {
	c.heap = append(c.heap, p)
	h := c.heap
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !c.before(h[i], h[up]) {
			return
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

func (c *kCentre) pop() int32 {
	h := c.heap
	top, last := h[0], len(h)-1
	h[0] = h[last]
	c.heap = h[:last]
	h = c.heap
	for i := 0; ; {
		down := 2*i + 1
		if down+1 < len(h) && c.before(h[down+1], h[down]) {
			down++
		}
		if down >= len(h) || !c.before(h[down], h[i]) {
			return top
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
}

// gather copies the chosen embeddings.
func gather(e []int8, d int, index []int32) detect.Centroids {
	c := detect.Centroids{K: len(index), D: d, Data: make([]int8, 0, len(index)*d)}
	for _, i := range index {
		c.Data = append(c.Data, e[int(i)*d:(int(i)+1)*d]...)
	}
	return c
}

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
// Distances to the nearest centre only fall, so an old value is an upper bound. A front holds the points whose bound is above a floor; as long as one
// of them lies above the floor, it holds the farthest. Its points are ordered by their bounds and brought up to date in blocks, and only those blocks
// that could hold the farthest: kernels compare many with many, so a few centres cost as much as one. Then the floor is lowered: the points that come
// into the front are compared with all centres that they have not seen. The choice is exactly that of the plain algorithm, and most points, which are
// well covered early, are hardly ever looked at again. All distances are exact integers, so the choice is the same on every machine.
type kCentre struct {
	d       int
	e       []int8
	best    []int32 // squared distance to the nearest of the first seen centres, and of others that are not in search
	seen    []int32
	centres []int32
	gaps    []int32       // squared distance of each centre that grow added to those before it
	rows    []int8        // [centres][d] the centres as they are scored with: the embeddings, or what coded makes of them
	coded   *detect.Coded // nil: centres are kept whole
	search  engine.Search // rows
	workers int
	front   front
}

// front is the points above the floor, in blocks.
type front struct {
	floor  int32
	points []int32
	e      []int8 // [points][d]
	d2     []int32
	blocks []frontBlock
}

// frontBlock is blockPoints of a front, the last one less.
type frontBlock struct {
	seen  int   // centres that the block is up to date with
	point int32 // the farthest, the first of equals
	d2    int32
}

// Points of a front at least (unless there are fewer), and of a block that is compared at a time; the latter is a multiple of the tiles of all kernels.
const (
	frontPoints = 2048
	blockPoints = 48
	maxWorkers  = 512
)

// WholeCentroids is how many coded centroids are kept whole: the first lie far apart, so a correction of few bits would be coarse.
const WholeCentroids = 256

// chooseCentres picks k of the embeddings e, [n][d], starting with one; fewer than k when every embedding is a copy of one chosen.
func chooseCentres(ctx context.Context, e []int8, d, k, first int, coded *detect.Coded, opt *Options, progress func(done, total int)) (*kCentre, error) {
	c, err := newKCentre(e, d, opt)
	if err != nil {
		return nil, err
	}
	c.coded = coded
	c.add(int32(first))
	c.blocks(len(c.best), func(i, j int) { c.search.Nearest(c.e[i*d:j*d], j-i, 0, c.best[i:j]) })
	for i := range c.seen {
		c.seen[i] = 1
	}
	return c, c.grow(ctx, min(k, len(c.best)), 0, progress)
}

// grow adds centres until there are k, or until no embedding is farther from its centre than radius, squared.
func (c *kCentre) grow(ctx context.Context, k int, radius int32, progress func(done, total int)) error {
	for n := 0; len(c.centres) < k; n++ {
		if n%64 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			progress(len(c.centres), k)
		}
		far, d2 := c.farthest()
		if d2 <= radius {
			break
		}
		c.add(far)
		c.gaps = append(c.gaps, d2)
	}
	return ctx.Err()
}

// radius returns the squared distance of the farthest embedding to its centre.
func (c *kCentre) radius() int32 {
	_, d2 := c.farthest()
	return d2
}

func newKCentre(e []int8, d int, opt *Options) (*kCentre, error) {
	n := len(e) / d
	search, err := opt.kernels().NewSearch(d)
	if err != nil {
		return nil, err
	}
	c := &kCentre{d: d, e: e, best: make([]int32, n), seen: make([]int32, n), search: search, workers: min(opt.workers(), maxWorkers)}
	for i := range c.best {
		c.best[i] = math.MaxInt32
	}
	return c, nil
}

// add makes point p a centre.
func (c *kCentre) add(p int32) {
	row := c.e[int(p)*c.d : (int(p)+1)*c.d]
	if c.coded != nil {
		row = c.coded.Append(row, detect.Centroids{K: len(c.centres), D: c.d, Data: c.rows}, WholeCentroids)
	}
	c.centres = append(c.centres, p)
	c.rows = append(c.rows, row...)
	c.search.Append(row)
}

// blocks calls do for parts of 0..n-1 on all workers.
func (c *kCentre) blocks(n int, do func(from, to int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	work := func() {
		for to := int(next.Add(blockPoints)); to-blockPoints < n; to = int(next.Add(blockPoints)) {
			do(to-blockPoints, min(to, n))
		}
	}
	for range min(c.workers-1, n/blockPoints) {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// farthest returns the point farthest from all centres, and its distance.
func (c *kCentre) farthest() (point, d2 int32) {
	f := &c.front
	for {
		b := f.top()
		switch {
		case b < 0 || f.blocks[b].d2 <= f.floor:
			if !c.lower() {
				return 0, 0
			}
		case f.blocks[b].seen == len(c.centres):
			return f.blocks[b].point, f.blocks[b].d2
		default:
			c.refresh(b)
		}
	}
}

// top returns the block of the farthest point by the bounds, the first of equals; -1 without points.
func (f *front) top() int {
	top := -1
	for i := range f.blocks {
		b := &f.blocks[i]
		if top < 0 || b.d2 > f.blocks[top].d2 || b.d2 == f.blocks[top].d2 && b.point < f.blocks[top].point {
			top = i
		}
	}
	return top
}

// refresh brings a block up to date.
func (c *kCentre) refresh(b int) {
	f := &c.front
	block := &f.blocks[b]
	from, to := b*blockPoints, min((b+1)*blockPoints, len(f.points))
	if block.seen < len(c.centres) {
		c.search.Nearest(f.e[from*c.d:to*c.d], to-from, block.seen, f.d2[from:to])
		block.seen = len(c.centres)
	}
	block.point, block.d2 = math.MaxInt32, -1
	for i := from; i < to; i++ {
		if v := f.d2[i]; v > block.d2 || v == block.d2 && f.points[i] < block.point {
			block.point, block.d2 = f.points[i], v
		}
	}
}

// lower makes a new front with a lower floor; false when every point is a copy of a centre.
func (c *kCentre) lower() bool {
	f := &c.front
	for i, p := range f.points {
		c.best[p], c.seen[p] = f.d2[i], int32(f.blocks[i/blockPoints].seen)
	}
	var ok bool
	if f.floor, ok = floorOf(c.best); !ok {
		return false
	}
	var come []int32
	for p, v := range c.best {
		if v > f.floor {
			come = append(come, int32(p))
		}
	}
	c.update(come)
	come = slices.DeleteFunc(come, func(p int32) bool { return c.best[p] <= f.floor })
	slices.SortFunc(come, func(a, b int32) int { return cmp.Or(cmp.Compare(c.best[b], c.best[a]), cmp.Compare(a, b)) })
	f.points, f.e, f.d2, f.blocks = come, f.e[:0], f.d2[:0], f.blocks[:0]
	for i, p := range come {
		f.e, f.d2 = append(f.e, c.e[int(p)*c.d:(int(p)+1)*c.d]...), append(f.d2, c.best[p])
		if i%blockPoints == 0 {
			f.blocks = append(f.blocks, frontBlock{seen: len(c.centres)})
		}
	}
	for b := range f.blocks {
		c.refresh(b)
	}
	return true
}

// update brings points up to date. Those that have seen as many centres come together, so that a block compares little twice.
func (c *kCentre) update(points []int32) {
	if len(c.centres) == 0 {
		return
	}
	slices.SortFunc(points, func(a, b int32) int { return cmp.Or(cmp.Compare(c.seen[a], c.seen[b]), cmp.Compare(a, b)) })
	c.blocks(len(points), func(i, j int) {
		e, d2 := make([]int8, 0, (j-i)*c.d), make([]int32, 0, j-i)
		for _, p := range points[i:j] {
			e, d2 = append(e, c.e[int(p)*c.d:(int(p)+1)*c.d]...), append(d2, c.best[p])
		}
		c.search.Nearest(e, j-i, int(c.seen[points[i]]), d2)
		for k, p := range points[i:j] {
			c.best[p], c.seen[p] = d2[k], int32(len(c.centres))
		}
	})
}

// floorOf returns a value above which at least frontPoints of the bounds lie, or all that are not 0, and not many more; false when all are 0.
func floorOf(bounds []int32) (int32, bool) {
	top := slices.Max(bounds)
	if top <= 0 {
		return 0, false
	}
	var count [1024]int32
	width := top/int32(len(count)) + 1
	for _, v := range bounds {
		count[v/width]++
	}
	floor, above := top/width*width-1, count[top/width]
	for b := top/width - 1; b >= 0 && above < frontPoints; b-- {
		above += count[b]
		floor = b*width - 1
	}
	return max(floor, 0), true
}

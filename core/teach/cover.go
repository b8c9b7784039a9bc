package teach

import (
	"context"
	"fmt"
	"math"
	"slices"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/parallel"
)

// cover is the centres of all good images and their copies, chosen by greedy k-centre, kept so that those of the images of one fold can be left out.
// A head, the comparison that chose its settings, and the cross-validation that calibrates it all rest on one such choice: choosing anew for each fold
// would take several times as long.
type cover struct {
	centres []int32         // places among the embeddings, in the order of choice
	rows    []int8          // [centres][Embedding] what a head keeps of them
	coded   *detect.Coded   // rows in fewer bytes, or nil
	radii   []int32         // squared distance of the farthest embedding to its nearest centre, with the first 1, 2, ... centres
	byFold  []engine.Search // the centres that images of a fold gave
}

// cover returns the choice, which it makes once.
func (f *fitter) cover(ctx context.Context, stage string) (*cover, error) {
	if f.covered != nil {
		return f.covered, nil
	}
	greedy, err := f.choose(ctx, f.e, f.fit.Centroids, stage)
	if err != nil {
		return nil, err
	}
	c := &cover{centres: greedy.centres, rows: greedy.rows, coded: greedy.coded, radii: append(greedy.gaps, greedy.radius())}
	if c.byFold, err = f.searches(c, 0, len(c.centres)); err != nil {
		return nil, err
	}
	f.covered = c
	return c, nil
}

// searches packs the centres from, from+1, ..., to-1 by the fold of their images.
func (f *fitter) searches(c *cover, from, to int) ([]engine.Search, error) {
	d := f.adapter.Out
	out := make([]engine.Search, folds)
	for fold := range out {
		var err error
		if out[fold], err = f.opt.kernels().NewSearch(d); err != nil {
			return nil, err
		}
	}
	for k := from; k < to; k++ {
		out[f.set.fold[f.owner[c.centres[k]]]].Append(c.rows[k*d : (k+1)*d])
	}
	return out, nil
}

// cut keeps the first k centres. The choice is greedy: they are what a choice of k would have been.
func (f *fitter) cut(c *cover, k int) (err error) {
	c.centres, c.rows, c.radii = c.centres[:k], c.rows[:k*f.adapter.Out], c.radii[:k]
	if c.coded != nil {
		c.coded.Cut(k, f.adapter.Out)
	}
	c.byFold, err = f.searches(c, 0, k)
	return err
}

// More centroids cost time in every inspection. Twice as many are taken if they lower the median score of good images, each held out with its fold, by worthwhile
// at least. What is held out must come nearer: training patches do by definition.
const (
	fewestCentroids = 256
	worthwhile      = 0.05
)

// size cuts the centres to as many as are worthwhile: the most, a half, a quarter, and so on.
func (f *fitter) size(ctx context.Context, c *cover) error {
	sizes := []int{len(c.centres)}
	for sizes[0]/2 >= fewestCentroids {
		sizes = append([]int{sizes[0] / 2}, sizes...)
	}
	d2 := make([][]int32, f.set.Images)
	for i := range d2 {
		d2[i] = slices.Repeat([]int32{math.MaxInt32}, f.set.Patches)
	}
	from, last := 0, float32(math.MaxFloat32)
	for i, k := range sizes {
		if len(sizes) == 1 {
			break
		}
		part, err := f.searches(c, from, k)
		if err != nil {
			return err
		}
		scores, err := f.lowered(ctx, &cover{byFold: part}, d2)
		if err != nil {
			return err
		}
		slices.Sort(scores)
		now := scores[len(scores)/2]
		if now > float32((1-worthwhile)*last) {
			return f.cut(c, sizes[i-1])
		}
		from, last = k, now
	}
	return nil
}

// lowered lowers the squared distances of all images' patches by more centres, but for those of their own folds, and returns the images' scores.
func (f *fitter) lowered(ctx context.Context, more *cover, d2 [][]int32) ([]float32, error) {
	scores := make([]float32, len(d2))
	worker := func() (*comparer, error) { return &comparer{scratch: make([]float32, f.set.Patches)}, nil }
	_, err := parallel.Run(ctx, len(d2), f.opt.workers(), f.opt.progress("calibration"), worker, func(w *comparer, i int) error {
		more.without(f.set.fold[i], f.image(i), f.set.Patches, d2[i])
		w.distances = distances(d2[i], w.distances)
		scores[i] = detect.ImageScore(w.distances, f.set.topK(), w.scratch)
		return nil
	})
	return scores, err
}

// others is how many centres images of other folds gave.
func (c *cover) others(fold int) int { return len(c.centres) - c.byFold[fold].Len() }

// without lowers the squared distances of n embeddings to that of the nearest centre that no image of a fold gave.
func (c *cover) without(fold int, e []int8, n int, d2 []int32) {
	for other, s := range c.byFold {
		if other != fold && s.Len() > 0 {
			s.Nearest(e, n, 0, d2)
		}
	}
}

// nearest returns, for each fold, the squared distance of every embedding to the nearest centre that its images gave.
func (f *fitter) nearest(ctx context.Context, c *cover) ([][]int32, error) {
	n, d := len(f.owner), f.adapter.Out
	near := make([][]int32, len(c.byFold))
	for fold := range near {
		near[fold] = make([]int32, n)
		for i := range near[fold] {
			near[fold][i] = math.MaxInt32
		}
	}
	const block = 1024
	none := func() (struct{}, error) { return struct{}{}, nil }
	_, err := parallel.Run(ctx, (n+block-1)/block, f.opt.workers(), f.opt.progress("calibration"), none, func(_ struct{}, b int) error {
		from, to := b*block, min((b+1)*block, n)
		for fold, s := range c.byFold {
			if s.Len() > 0 {
				s.Nearest(f.e[from*d:to*d], to-from, 0, near[fold][from:to])
			}
		}
		return nil
	})
	return near, err
}

// calibrate scores all good images by cross-validation, each fold by centres that others gave (refilled). With a learned projection only the first
// fold is held out from everything.
func (f *fitter) calibrate(ctx context.Context, rep *Report) (*calibrate.Calibration, error) {
	c, err := f.cover(ctx, "centroids")
	if err != nil {
		return nil, err
	}
	if !f.fit.AllCentroids {
		if err := f.size(ctx, c); err != nil {
			return nil, err
		}
	}
	near, err := f.nearest(ctx, c)
	if err != nil {
		return nil, err
	}
	return f.foldByFold(rep, func(fold int) (*detect.Mapper, func(int), error) {
		if len(f.set.foldImages(fold)) == f.set.Images {
			return nil, nil, ErrAlike
		}
		m, err := f.refilled(ctx, c, near, fold)
		if err != nil {
			return nil, nil, err
		}
		return m.mapper, m.measure, nil
	})
}

// foldByFold calibrates with what without(fold) gives: a mapper that knows nothing of the fold, and how it maps an image.
func (f *fitter) foldByFold(rep *Report, without func(fold int) (*detect.Mapper, func(image int), error)) (*calibrate.Calibration, error) {
	var maps [][]float32
	last := folds
	if f.learned {
		last = 1
	}
	for fold := range last {
		heldOut := f.set.foldImages(fold)
		if len(heldOut) == 0 {
			continue
		}
		mapper, measure, err := without(fold)
		if err != nil {
			return nil, err
		}
		for _, i := range heldOut {
			measure(i)
			rep.Images, rep.Scores = append(rep.Images, i), append(rep.Scores, mapper.ImageScore(f.set.topK()))
			maps = append(maps, mapper.Inside())
		}
	}
	if rep.HeldOut = len(rep.Scores); !slices.ContainsFunc(rep.Scores, func(s float32) bool { return s > 0 }) {
		return nil, fmt.Errorf("%w: every held-out one scores 0", ErrAlike)
	}
	return calibrate.New(rep.Scores, maps, f.fit.FalseRejectRate)
}

// refilled leaves out the centres that images of a fold gave, and adds others until these cover the other images as finely as all centres cover all
// images, but no more than were left out: a head of fewer images, made in the same way.
func (f *fitter) refilled(ctx context.Context, c *cover, near [][]int32, fold int) (*heldOut, error) {
	m := &heldOut{fitter: f, mapper: detect.NewMapper(nil, f.set.h, f.set.w, f.set.roi), d2: make([]int32, len(f.owner))}
	best := make([]int32, len(f.owner))
	for p, owner := range f.owner {
		d2 := int32(math.MaxInt32)
		for other, n := range near {
			if other != fold {
				d2 = min(d2, n[p])
			}
		}
		m.d2[p] = d2
		if f.set.fold[owner] != fold {
			best[p] = d2
		}
	}
	greedy, err := newKCentre(f.e, f.adapter.Out, f.opt)
	if err != nil {
		return nil, err
	}
	greedy.best = best
	if err := greedy.grow(ctx, c.byFold[fold].Len(), c.radii[len(c.centres)-1], f.opt.progress("calibration")); err != nil {
		return nil, err
	}
	m.extra = greedy.search
	return m, nil
}

// heldOut scores the images of a fold.
type heldOut struct {
	*fitter
	d2     []int32       // of every embedding, to the nearest of the centres that stayed
	extra  engine.Search // the centres that were added
	mapper *detect.Mapper
}

// measure maps an image.
func (m *heldOut) measure(i int) {
	at, n := m.first[i], m.set.Patches
	d2 := m.d2[at : at+n]
	if m.extra.Len() > 0 {
		m.extra.Nearest(m.image(i), n, 0, d2)
	}
	m.mapper.MapSquares(d2)
}

// distances writes the roots of d2 to dst, which grows as needed.
func distances(d2 []int32, dst []float32) []float32 {
	dst = dst[:0]
	for _, v := range d2 {
		dst = append(dst, detect.Distance(v))
	}
	return dst
}

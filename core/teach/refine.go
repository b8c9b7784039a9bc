package teach

import (
	"context"
	"fmt"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
)

// learn makes limits and centroids.
func (f *fitter) learn(ctx context.Context, rep *Report) (*calibrate.Calibration, detect.Centroids, error) {
	if f.fit.Refine == nil {
		cal, err := f.calibrate(ctx, rep)
		if err != nil {
			return nil, detect.Centroids{}, err
		}
		return cal, gather(f.e, f.adapter.Out, f.covered.centres), nil
	}
	cal, err := f.calibrateRefined(ctx, rep)
	if err != nil {
		return nil, detect.Centroids{}, err
	}
	c, err := f.centroids(ctx, -1, f.fit.Centroids, "centroids")
	return cal, c, err
}

// refine applies FitOptions.Refine.
func (f *fitter) refine(ctx context.Context, pool []int8, c detect.Centroids) (detect.Centroids, error) {
	if f.fit.Refine == nil {
		return c, nil
	}
	c, err := f.fit.Refine(ctx, pool, c)
	if err == nil {
		err = c.Validate()
	}
	if err == nil && c.D != f.adapter.Out {
		err = fmt.Errorf("%d dimensions, want %d", c.D, f.adapter.Out)
	}
	if err != nil {
		return detect.Centroids{}, fmt.Errorf("teach: centroids refined: %w", err)
	}
	return c, nil
}

// calibrateRefined is calibrate for centroids that are no embeddings, so that none can be left out: each fold is scored by centroids that are made
// anew of the others.
func (f *fitter) calibrateRefined(ctx context.Context, rep *Report) (*calibrate.Calibration, error) {
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
		c, err := f.centroids(ctx, fold, max(1, f.fit.Centroids*(folds-1)/folds), fmt.Sprintf("calibration %d", fold+1))
		if err != nil {
			return nil, err
		}
		scorer, err := detect.NewScorer(&c, f.opt.kernels())
		if err != nil {
			return nil, err
		}
		m := detect.NewMapper(scorer, f.set.h, f.set.w, f.set.roi)
		for _, i := range heldOut {
			m.Map(f.image(i))
			rep.Images, rep.Scores = append(rep.Images, i), append(rep.Scores, m.ImageScore(f.set.topK()))
			maps = append(maps, m.Inside())
		}
	}
	rep.HeldOut = len(rep.Scores)
	return calibrate.New(rep.Scores, maps, f.fit.FalseRejectRate)
}

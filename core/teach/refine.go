package teach

import (
	"context"
	"fmt"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
)

// learn makes limits and centroids.
func (f *fitter) learn(ctx context.Context, rep *Report) (*calibrate.Calibration, detect.Centroids, *detect.Coded, error) {
	if f.fit.Refine == nil {
		cal, err := f.calibrate(ctx, rep)
		if err != nil {
			return nil, detect.Centroids{}, nil, err
		}
		c := f.covered
		if c.coded != nil && len(c.coded.Parent) == 0 { // few centroids are all whole
			c.coded = nil
		}
		return cal, detect.Centroids{K: len(c.centres), D: f.adapter.Out, Data: c.rows}, c.coded, nil
	}
	cal, err := f.calibrateRefined(ctx, rep)
	if err != nil {
		return nil, detect.Centroids{}, nil, err
	}
	c, err := f.centroids(ctx, -1, f.fit.Centroids, "centroids")
	return cal, c, nil, err
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
	return f.foldByFold(rep, func(fold int) (*detect.Mapper, func(int), error) {
		c, err := f.centroids(ctx, fold, max(1, f.fit.Centroids*(folds-1)/folds), fmt.Sprintf("calibration %d", fold+1))
		if err != nil {
			return nil, nil, err
		}
		scorer, err := detect.NewScorer(&c, f.opt.kernels())
		if err != nil {
			return nil, nil, err
		}
		m := detect.NewMapper(scorer, f.set.h, f.set.w, f.set.roi)
		return m, func(i int) { m.Map(f.image(i)) }, nil
	})
}

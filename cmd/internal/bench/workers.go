package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"anomnet/core/engine"
)

// workerTurn is long, so that starting and joining workers does not count.
const workerTurn = 200 * time.Millisecond

// addWorkers times one worker and as many as there are cores, in the same rounds: milliseconds of the wall clock for an image. make returns the contender of a
// number of workers.
func (r *Report) addWorkers(ctx context.Context, opt *Options, contender func(workers int) (Contender, error)) error {
	n := runtime.NumCPU()
	if n < 2 {
		r.Missing = append(r.Missing, "several workers: there is one core")
		return nil
	}
	var list []Contender
	for _, workers := range []int{1, n} {
		c, err := contender(workers)
		if err != nil {
			return err
		}
		c.Ours = true
		list = append(list, c)
	}
	o := *opt
	o.Turn = workerTurn
	results, err := Alternate(ctx, list, &o)
	if err != nil {
		return err
	}
	r.Workers = append(r.Workers, results...)
	r.Ratios = append(r.Ratios, ratio(&results[1], &results[0]))
	return nil
}

func workersName(tier string, workers int) string {
	if workers == 1 {
		return tier + ", 1 worker"
	}
	return fmt.Sprintf("%s, %d workers", tier, workers)
}

// parallel is a target in a tier on several goroutines.
func (t *target) parallel(k engine.Kernels, workers int) (Contender, error) {
	var runs []func(context.Context, int) ([]float64, error)
	for range workers {
		c, err := t.native(k)
		if err != nil {
			return Contender{}, err
		}
		runs = append(runs, c.Run)
	}
	return Contender{Net: t.name, Engine: workersName(k.Name(), workers), Ops: t.ops, Run: func(ctx context.Context, n int) ([]float64, error) {
		errs := make([]error, workers)
		start := time.Now()
		var wg sync.WaitGroup
		for i, run := range runs {
			wg.Go(func() { _, errs[i] = run(ctx, n) })
		}
		wg.Wait()
		ms := milliseconds(time.Since(start)) / float64(n*workers)
		for _, err := range errs {
			if err != nil {
				return nil, err
			}
		}
		return []float64{ms}, nil
	}}, nil
}

// parallel is a target in a tier in several workers of the browser.
func (c *chromium) parallel(t *target, tier string, files netFiles, workers int) (Contender, error) {
	var names []string
	for i := range workers {
		engine := fmt.Sprintf("%s, worker %d of %d", tier, i+1, workers)
		if _, err := c.load(t, engine, tier, files); err != nil {
			return Contender{}, err
		}
		names = append(names, t.name+", "+engine)
	}
	return Contender{Net: t.name, Engine: workersName(tier, workers), Ops: t.ops, Run: func(_ context.Context, n int) ([]float64, error) {
		r, err := c.call("together", names, n)
		return r.MS, err
	}}, nil
}

package inspect

import (
	"context"
	"sync"
	"sync/atomic"
)

// Each calls do for 0..n-1 on a number of goroutines, each with its own inspector. The first error, or the end of ctx, stops it;
// what was begun is finished first.
func (in *Inspector) Each(ctx context.Context, n, workers int, do func(worker *Inspector, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range max(1, min(workers, n)) {
		worker, err := in.Clone()
		if err != nil {
			cancel(err)
			break
		}
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(worker, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

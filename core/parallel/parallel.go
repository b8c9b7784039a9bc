// Package parallel runs one function over many items on a number of workers, each with its own state.
package parallel

import (
	"context"
	"sync"
	"sync/atomic"
)

// Run calls do(s, i) for every i in 0..n-1 on up to the given number of workers (at least one), each with a state s of its own from
// newState, and returns the states. The first error, or the end of ctx, stops it; what was begun is finished first. progress hears
// how many are done, from one goroutine at a time; it may be nil.
func Run[S any](ctx context.Context, n, workers int, progress func(done, total int), newState func() (S, error), do func(s S, i int) error) ([]S, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var states []S
	for range min(max(1, workers), n) {
		s, err := newState()
		if err != nil {
			return nil, err
		}
		states = append(states, s)
	}
	var (
		next atomic.Int64
		mu   sync.Mutex
		wg   sync.WaitGroup
		done int
	)
	for _, s := range states {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(s, i); err != nil {
					cancel(err)
					return
				}
				if progress != nil {
					mu.Lock()
					done++
					progress(done, n)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return states, context.Cause(ctx)
}

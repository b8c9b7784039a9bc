package inspect

import (
	"context"

	"anomnet/core/parallel"
)

// Each calls do for 0..n-1 on a number of goroutines, each with its own inspector; see parallel.Run.
func (in *Inspector) Each(ctx context.Context, n, workers int, progress func(done, total int), do func(worker *Inspector, i int) error) error {
	_, err := parallel.Run(ctx, n, workers, progress, in.Clone, do)
	return err
}

//go:build !torch

package distill

import (
	"context"

	"anomnet/trainer"
)

func run(context.Context, *Options) (*Result, error) { return nil, trainer.ErrNoTorch }

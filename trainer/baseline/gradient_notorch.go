//go:build !torch

package baseline

import (
	"context"

	"anomnet/trainer"
)

func newCFA(context.Context, *Input, GradientOptions) (*Trained, error) {
	return nil, trainer.ErrNoTorch
}

func newSimpleNet(context.Context, *Input, GradientOptions) (*Trained, error) {
	return nil, trainer.ErrNoTorch
}

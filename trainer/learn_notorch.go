//go:build !torch

package trainer

import "context"

func learnAdapter(context.Context, *AdapterInput, *LearnOptions) (*Learned, error) {
	return nil, ErrNoTorch
}

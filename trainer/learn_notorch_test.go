//go:build !torch

package trainer

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWithoutTorchTheErrorSaysHowToGetIt(t *testing.T) {
	_, err := LearnAdapter(context.Background(), smallInput(), nil)
	assert.ErrorIs(t, err, ErrNoTorch)
	assert.ErrorContains(t, err, "libtorch-dev")
	assert.ErrorContains(t, err, "go build -tags torch ./cmd/anomnet")
}

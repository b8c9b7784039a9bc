//go:build !torch

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestTrainWithoutTorchSaysHow is what a user of a plain build reads.
func TestTrainWithoutTorchSaysHow(t *testing.T) {
	code, _, stderr := cli(t, "train", "--data", ".", "--part", "p", "--out", "x")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "built without libtorch")
	assert.Contains(t, stderr, "make torch")
	code, _, stderr = cli(t, "distill", "--teacher", "a", "--images", ".", "--out", "x")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "built without libtorch")
}

//go:build !torch

package trainer

// Device says at once whether LearnAdapter can run on a device: without libtorch on none.
func Device(string) (string, error) { return "", ErrNoTorch }

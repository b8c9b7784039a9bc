//go:build !torch

package trainer

// CheckDevice says at once whether LearnAdapter can run on a device: without libtorch on none.
func CheckDevice(string) error { return ErrNoTorch }

//go:build torch

package trainer

import "anomnet/trainer/torch"

// CheckDevice says at once whether LearnAdapter can run on a device, by its LearnOptions name.
func CheckDevice(name string) error {
	if name == "" {
		name = "auto"
	}
	_, _, err := torch.Open(name)
	return err
}

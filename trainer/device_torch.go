//go:build torch

package trainer

import "anomnet/trainer/torch"

// Device says at once whether LearnAdapter can run on a device, by its LearnOptions name, and which that is: "cpu" or "cuda:0".
func Device(name string) (string, error) {
	d, _, err := torch.Open(name)
	return d.String(), err
}

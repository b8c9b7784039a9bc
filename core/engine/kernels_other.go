//go:build !amd64

package engine

func nativeTiers() []Kernels { return nil }

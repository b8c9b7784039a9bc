package engine

func nativeTiers() []Kernels { return nil }

package engine

import "fmt"

// Tiers lists the tiers that this machine can run, slowest first. Tests and benchmarks walk it. Those of a browser come on top, see
// package wasm/simd.
func Tiers() []Kernels { return append([]Kernels{Ref(), Generic()}, nativeTiers()...) }

// Fastest returns the last of Tiers.
func Fastest() Kernels {
	t := Tiers()
	return t[len(t)-1]
}

// Choose returns the tier of a name; the empty name is the last, the fastest.
func Choose(tiers []Kernels, name string) (Kernels, error) {
	if name == "" && len(tiers) > 0 {
		return tiers[len(tiers)-1], nil
	}
	var names []string
	for _, t := range tiers {
		if t.Name() == name {
			return t, nil
		}
		names = append(names, t.Name())
	}
	return nil, fmt.Errorf("engine: no tier %q, want one of %v", name, names)
}

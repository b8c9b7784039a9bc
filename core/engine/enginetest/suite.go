// Package enginetest is the exactness suite of the kernel tiers: one table of operations and sizes, run over every tier, natively and in
// the browser. A tier passes when every value equals that of engine.Ref, and nothing beside the output has changed.
//
//	for _, k := range engine.Tiers() { enginetest.RunAll(t, k) }
package enginetest

import (
	"fmt"
	"testing"

	"anomnet/core/engine"
)

// RunAll checks one tier.
func RunAll(t *testing.T, k engine.Kernels) {
	t.Run("conv", func(t *testing.T) {
		for i, c := range ConvCases() {
			CheckConv(t, k, c, uint64(i))
		}
	})
	t.Run("search", func(t *testing.T) {
		for i, c := range SearchCases() {
			CheckSearch(t, k, c, uint64(i))
		}
	})
	t.Run("pool", func(t *testing.T) {
		for _, c := range []int{1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64} {
			CheckPool(t, k, 3, 5, c, 3, 2, uint64(c))
			CheckPool(t, k, 2, 2, c, 1+c%2*4, 1, uint64(c))
		}
	})
	t.Run("mean", func(t *testing.T) {
		for _, c := range []int{1, 3, 4, 7, 8, 9, 15, 16, 17, 33, 96} {
			for _, up := range []bool{false, true} {
				for _, fill := range []Fill{Random, Extreme} {
					for _, zeros := range []bool{false, true} {
						CheckMean(t, k, 4, 5, c, up, zeros, fill, uint64(c))
						CheckMean(t, k, 2, 1, c, up, zeros, fill, uint64(c))
						CheckMean(t, k, 1, 1, c, up, zeros, fill, uint64(c))
					}
				}
			}
		}
	})
	t.Run("net", func(t *testing.T) { checkNets(t, k) })
	t.Run("refuse", func(t *testing.T) { checkRefusals(t, k) })
	t.Run("allocations", func(t *testing.T) { checkAllocations(t, k) })
}

func checkRefusals(t *testing.T, k engine.Kernels) {
	for name, c := range map[string]engine.Conv{
		"nothing":     {},
		"weights":     {Out: 1, Rows: 1, Run: 2, Weight: []int8{1}, Bias: []int32{0}, Scale: []float32{1}, High: 127},
		"weight -128": {Out: 1, Rows: 1, Run: 1, Weight: []int8{-128}, Bias: []int32{0}, Scale: []float32{1}, High: 127},
		"biases":      {Out: 1, Rows: 1, Run: 1, Weight: []int8{1}, Scale: []float32{1}, High: 127},
		"range":       {Out: 1, Rows: 1, Run: 1, Weight: []int8{1}, Bias: []int32{0}, Scale: []float32{1}, High: 200},
	} {
		if _, err := k.NewConv(&c); err == nil {
			t.Errorf("%s: conv with bad %s was taken", k.Name(), name)
		}
	}
	if _, err := k.NewSearch(0); err == nil {
		t.Errorf("%s: search of empty rows was taken", k.Name())
	}
}

// checkAllocations wants none once everything is warm.
func checkAllocations(t *testing.T, k engine.Kernels) {
	r, pix := runner(t, k, graph(engine.InputRaw, 9, Random), nil)
	if n := testing.AllocsPerRun(3, func() { _ = r.Run(pix) }); n != 0 {
		t.Errorf("%s: %v allocations in a run", k.Name(), n)
	}
	s, err := k.NewSearch(16)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		s.Append(make([]int8, 16))
	}
	e, d2 := make([]int8, 40*16), make([]int32, 40)
	if n := testing.AllocsPerRun(3, func() { s.Nearest(e, 40, 0, d2) }); n != 0 {
		t.Errorf("%s: %v allocations in a search", k.Name(), n)
	}
}

func checkNets(t *testing.T, k engine.Kernels) {
	for _, input := range []engine.InputKind{engine.InputU7, engine.InputRaw} {
		for _, c := range []int{1, 9, 12, 13, 24} {
			for _, fill := range []Fill{Random, Extreme} {
				g := graph(input, c, fill)
				want, got := outputs(t, engine.Ref(), g), outputs(t, k, g)
				for i := range want {
					same(t, k, fmt.Sprintf("net %s c=%d fill=%d op %s", input, c, fill, g.Ops[i].Name), want[i], got[i])
				}
			}
		}
	}
}

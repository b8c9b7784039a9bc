//go:build js && wasm

package simd

import (
	"unsafe"

	"anomnet/core/engine"
	"anomnet/wasm/kernels"
)

//go:wasmimport kern peak16
//go:noescape
func peak16(a unsafe.Pointer)

//go:wasmimport kern peak8
//go:noescape
func peak8(a unsafe.Pointer)

//go:wasmimport kern peak8_chained
//go:noescape
func peak8Chained(a unsafe.Pointer)

// Peak runs the instruction under a tier's int8 layers on registers alone, in the shape of its tile and for n turns, and returns the operations that these were, two to a
// multiply-add: the speed limit for benchmarks. It returns 0 for tiers of other packages.
func Peak(k engine.Kernels, n int) int {
	t, ok := k.(tier)
	if !ok {
		return 0
	}
	args := kernels.PeakArgs{Turns: int32(n)}
	dot := kernels.DotOf(t.instruction)
	switch t.instruction {
	case kernels.Int16:
		peak16(unsafe.Pointer(&args))
	case kernels.Quad:
		peak8(unsafe.Pointer(&args))
	case kernels.Chained:
		peak8Chained(unsafe.Pointer(&args))
	}
	return 2 * n * dot.Unroll * dot.Positions * kernels.Group * dot.PerStep()
}

//go:build js && wasm

package simd

import (
	"encoding/binary"
	"unsafe"

	"anomnet/core/engine"
	"anomnet/wasm/kernels"
)

// The modules as this program sees them: assets/js/kernels.mjs puts trampolines into the import object and binds them to the kernel modules, which need
// this program's memory, once that exists. Nothing but available may be called before it has said yes.

// available returns how many modules are bound, in the order simd128, relaxed.
//
//go:wasmimport kern available
func available() int32

//go:wasmimport kern conv16
//go:noescape
func conv16(a unsafe.Pointer)

//go:wasmimport kern conv8
//go:noescape
func conv8(a unsafe.Pointer)

//go:wasmimport kern nearest16
//go:noescape
func nearest16(a unsafe.Pointer)

//go:wasmimport kern nearest8
//go:noescape
func nearest8(a unsafe.Pointer)

//go:wasmimport kern conv8_chained
//go:noescape
func conv8Chained(a unsafe.Pointer)

//go:wasmimport kern nearest8_chained
//go:noescape
func nearest8Chained(a unsafe.Pointer)

//go:wasmimport kern max_pool
//go:noescape
func maxPool(a unsafe.Pointer)

//go:wasmimport kern local_mean
//go:noescape
func localMean(a unsafe.Pointer)

//go:wasmimport kern probe
//go:noescape
func probe(a unsafe.Pointer)

// tier is simd128 or relaxed.
type tier struct {
	engine.Kernels // the portable tier, for shapes that are too small for vectors
	name           string
	instruction    kernels.Instruction // for int8 weights
}

// Tiers returns the tiers that the browser can run, slowest first. Those that do not give the bits of the portable one are left out, and the error names
// them; V8 11.3 behind its flag for relaxed SIMD is such a case.
func Tiers() ([]engine.Kernels, error) { return right(bound(), engine.Generic()) }

// bound returns the tiers whose modules are there.
func bound() []engine.Kernels {
	var tiers []engine.Kernels
	n := available()
	if n > 0 {
		tiers = append(tiers, newTier("simd128", kernels.Int16))
	}
	if n > 1 {
		tiers = append(tiers, newTier("relaxed", relaxedInstruction()))
	}
	return tiers
}

func newTier(name string, i kernels.Instruction) tier {
	return tier{engine.Generic(), name, i}
}

// relaxedInstruction asks what the browser makes of the relaxed dot.
func relaxedInstruction() kernels.Instruction {
	var v [3][16]uint8 // 127s, 255s, sums
	for i := range v[0] {
		v[0][i], v[1][i] = 127, 255
	}
	probe(unsafe.Pointer(&v))
	if binary.LittleEndian.Uint32(v[2][:]) == kernels.SaturatedProbe {
		return kernels.Chained
	}
	return kernels.Quad
}

// Name implements engine.Kernels.
func (t tier) Name() string { return t.name }

// NewConv implements engine.Kernels.
func (t tier) NewConv(c *engine.Conv) (engine.ConvKernel, error) {
	i := t.instruction
	if c.Weight16 != nil {
		i = kernels.Int16
	}
	p, err := pack(c, kernels.DotOf(i))
	if err != nil {
		return nil, err
	}
	return conv{p}, nil
}

type conv struct{ *packed }

// Run implements engine.ConvKernel.
func (k conv) Run(c *engine.ConvCall) {
	if c.H <= 0 || c.W <= 0 {
		return
	}
	var a kernels.ConvArgs
	k.args(c, &a)
	switch k.packed.dot.Instruction {
	case kernels.Int16:
		conv16(unsafe.Pointer(&a))
	case kernels.Quad:
		conv8(unsafe.Pointer(&a))
	case kernels.Chained:
		conv8Chained(unsafe.Pointer(&a))
	}
}

// NewSearch implements engine.Kernels.
func (t tier) NewSearch(d int) (engine.Search, error) {
	s, err := newRows(d, kernels.SearchDotOf(t.instruction))
	if err != nil {
		return nil, err
	}
	return &search{s}, nil
}

type search struct{ *rows }

// Nearest implements engine.Search.
func (s *search) Nearest(e []int8, n, from int, d2 []int32) {
	if n <= 0 || from >= s.n {
		return
	}
	whole, tail := s.split(e, n)
	s.nearest(e, whole, from, d2)
	s.nearest(tail, n-whole, from, d2[whole:])
}

func (s *search) nearest(e []int8, n, from int, d2 []int32) {
	if n == 0 {
		return
	}
	var a kernels.NearestArgs
	s.args(e, n, from, d2, &a)
	switch s.kernel().Instruction {
	case kernels.Int16:
		nearest16(unsafe.Pointer(&a))
	case kernels.Quad:
		nearest8(unsafe.Pointer(&a))
	case kernels.Chained:
		nearest8Chained(unsafe.Pointer(&a))
	}
}

// MaxPool implements engine.Kernels.
func (t tier) MaxPool(c *engine.PoolCall) {
	if c.C < kernels.MinPoolChannels || c.H <= 0 || c.W <= 0 {
		t.Kernels.MaxPool(c)
		return
	}
	a := poolArgs(c)
	maxPool(unsafe.Pointer(&a))
}

// LocalMean implements engine.Kernels.
func (t tier) LocalMean(c *engine.MeanCall) {
	if c.C < kernels.MinMeanChannels || c.H <= 0 || c.W <= 0 {
		t.Kernels.LocalMean(c)
		return
	}
	a := meanArgs(c)
	localMean(unsafe.Pointer(&a))
}

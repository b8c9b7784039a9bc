//go:build js && wasm

package simd

import (
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

// tier is simd128 or relaxed.
type tier struct {
	engine.Kernels // the portable tier, for shapes that are too small for vectors
	relaxed        bool
}

// Tiers returns the tiers that the browser can run, slowest first.
func Tiers() []engine.Kernels {
	var tiers []engine.Kernels
	for i := range available() {
		tiers = append(tiers, tier{engine.Generic(), i == 1})
	}
	return tiers
}

// Name implements engine.Kernels.
func (t tier) Name() string {
	if t.relaxed {
		return "relaxed"
	}
	return "simd128"
}

func (t tier) dot(int16Weights bool) kernels.Dot {
	if t.relaxed && !int16Weights {
		return kernels.Dot8()
	}
	return kernels.Dot16()
}

// NewConv implements engine.Kernels.
func (t tier) NewConv(c *engine.Conv) (engine.ConvKernel, error) {
	p, err := pack(c, t.dot(c.Weight16 != nil))
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
	if k.packed.dot.Relaxed {
		conv8(unsafe.Pointer(&a))
	} else {
		conv16(unsafe.Pointer(&a))
	}
}

// NewSearch implements engine.Kernels.
func (t tier) NewSearch(d int) (engine.Search, error) {
	s, err := newRows(d, t.dot(false))
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
	var a kernels.NearestArgs
	s.args(e, n, from, d2, &a)
	if s.rows.dot.Relaxed {
		nearest8(unsafe.Pointer(&a))
	} else {
		nearest16(unsafe.Pointer(&a))
	}
}

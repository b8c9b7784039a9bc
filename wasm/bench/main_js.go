//go:build js && wasm

// Command bench is what `anomnet bench browser` times in a worker: the engine without the decoder and without messages, so that it starts like its
// peer from pixels in memory. It is no part of the site.
//
// It sets globalThis.bench with
//
//	tiers()                                       names, slowest first
//	load(backbone, head, pixels, width, height, tier)  a function that scores once; head may be null, the rest are Uint8Arrays
//	peak(tier)                                    GOP/s of the dot instruction, 0 where unknown
package main

import (
	"syscall/js"
	"time"
	"unsafe"

	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/wasm/bench/steps"
	"anomnet/wasm/kernels"
	"anomnet/wasm/simd"
)

func main() {
	js.Global().Set("bench", map[string]any{"tiers": guard(tierNames), "load": guard(load), "peak": guard(peak)})
	select {}
}

func tiers() []engine.Kernels { return append(engine.Tiers(), simd.Tiers()...) }

func tierNames([]js.Value) (any, error) {
	var names []any
	for _, k := range tiers() {
		names = append(names, k.Name())
	}
	return names, nil
}

// guard makes a JavaScript function that returns {value} or {error}.
func guard(f func(args []js.Value) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		v, err := f(args)
		if err != nil {
			return map[string]any{"error": err.Error()}
		}
		return map[string]any{"value": v}
	})
}

func load(args []js.Value) (any, error) {
	b, err := model.Decode(contents(args[0]))
	if err != nil {
		return nil, err
	}
	var head *model.Head
	if args[1].Truthy() {
		f, err := model.Decode(contents(args[1]))
		if err != nil {
			return nil, err
		}
		head = f.Head
	}
	k, err := engine.Choose(tiers(), args[5].String())
	if err != nil {
		return nil, err
	}
	s, err := steps.New(b.Backbone, head, &imaging.RGB{W: args[3].Int(), H: args[4].Int(), Pix: contents(args[2])}, k)
	if err != nil {
		return nil, err
	}
	return guard(func([]js.Value) (any, error) { return nil, s.All() }), nil
}

func contents(v js.Value) []byte {
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

//go:wasmimport kern peak16
//go:noescape
func peak16(a unsafe.Pointer)

//go:wasmimport kern peak8
//go:noescape
func peak8(a unsafe.Pointer)

// peakArgs is what the peak functions read: turns, and vectors to multiply.
type peakArgs struct {
	turns int32
	_     [3]int32
	x, w  [2][16]byte
}

// peak runs the dot instruction of a tier for about 100 ms and keeps the best of five.
func peak(args []js.Value) (any, error) {
	run, dot, ops := peak16, kernels.Dot16(), 16
	switch args[0].String() {
	case "relaxed":
		run, dot, ops = peak8, kernels.Dot8(), 32
	case "simd128":
	default:
		return 0, nil
	}
	a := peakArgs{turns: 200000}
	perTurn := float64(dot.Unroll * dot.Positions * kernels.Group / 4 * ops)
	best := 0.0
	for range 8 {
		start := time.Now()
		run(unsafe.Pointer(&a))
		best = max(best, perTurn*float64(a.turns)/float64(time.Since(start).Nanoseconds()))
	}
	return best, nil
}

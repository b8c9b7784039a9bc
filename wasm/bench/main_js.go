//go:build js && wasm

// Command bench is what `anomnet bench browser` times in a worker: the engine without the decoder and without messages, so that it starts like its
// peer from pixels in memory. It is no part of the site.
//
// It sets globalThis.bench with
//
//	tiers()                                       names, slowest first
//	load(backbone, head, pixels, width, height, tier)  a function that scores once; head may be null, the rest are Uint8Arrays
//	layers(...)                                   a function that runs the network once and returns milliseconds: the image, each operation
//	stages(..., file)                             [name, function] for each stage from a file to the map; head may not be null
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
	js.Global().Set("bench", map[string]any{"tiers": guard(tierNames), "load": guard(load), "layers": guard(layers), "stages": guard(stages),
		"peak": guard(peak)})
	select {}
}

func tiers() ([]engine.Kernels, error) {
	list, err := simd.Tiers()
	return append(engine.Tiers(), list...), err
}

func tierNames([]js.Value) (any, error) {
	list, err := tiers()
	var names []any
	for _, k := range list {
		names = append(names, k.Name())
	}
	return names, err
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

// prepare reads what load and stages are given.
func prepare(args []js.Value) (*steps.Steps, *model.Head, error) {
	b, err := model.Decode(contents(args[0]))
	if err != nil {
		return nil, nil, err
	}
	var head *model.Head
	if args[1].Truthy() {
		f, err := model.Decode(contents(args[1]))
		if err != nil {
			return nil, nil, err
		}
		head = f.Head
	}
	list, err := tiers()
	if err != nil {
		return nil, nil, err
	}
	k, err := engine.Choose(list, args[5].String())
	if err != nil {
		return nil, nil, err
	}
	s, err := steps.New(b.Backbone, head, &imaging.RGB{W: args[3].Int(), H: args[4].Int(), Pix: contents(args[2])}, k)
	return s, head, err
}

func load(args []js.Value) (any, error) {
	s, _, err := prepare(args)
	if err != nil {
		return nil, err
	}
	return guard(func([]js.Value) (any, error) { return nil, s.All() }), nil
}

func layers(args []js.Value) (any, error) {
	s, _, err := prepare(args)
	if err != nil {
		return nil, err
	}
	return guard(func([]js.Value) (any, error) {
		ms, err := s.Layers(nil)
		var all []any
		for _, v := range ms {
			all = append(all, v)
		}
		return all, err
	}), nil
}

func stages(args []js.Value) (any, error) {
	s, head, err := prepare(args)
	if err != nil {
		return nil, err
	}
	list, err := s.Stages(contents(args[6]), head.Preprocess)
	if err != nil {
		return nil, err
	}
	var all []any
	for _, x := range list {
		all = append(all, []any{x.Name, guard(func([]js.Value) (any, error) { return nil, x.Run() })})
	}
	return all, nil
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

//go:wasmimport kern peak8_chained
//go:noescape
func peak8Chained(a unsafe.Pointer)

// peaks lists the instructions that a tier can choose from.
var peaks = map[string]map[kernels.Instruction]func(unsafe.Pointer){
	"simd128": {kernels.Int16: peak16}, "relaxed": {kernels.Quad: peak8, kernels.Chained: peak8Chained},
}

const peakTurns = 100000

// peak runs the dot instructions of a tier on registers, about 10 ms a time, and keeps the best.
func peak(args []js.Value) (any, error) {
	best := 0.0
	for instruction, run := range peaks[args[0].String()] {
		dot := kernels.DotOf(instruction)
		operations := 2 * peakTurns * dot.Unroll * dot.Positions * kernels.Group * dot.PerStep()
		for range 20 {
			v := [16]int32{peakTurns} // turns and, from the fifth on, vectors
			start := time.Now()
			run(unsafe.Pointer(&v))
			best = max(best, float64(operations)/float64(time.Since(start).Nanoseconds()))
		}
	}
	return best, nil
}

// Package simd has the kernel tiers of browsers, simd128 and relaxed: core/engine's operations by way of the modules of wasm/kernels.
//
// Packing and arguments (pack.go) build everywhere; the calls are //go:wasmimport functions and build for js/wasm. Whoever instantiates such
// a program must do it with assets/js/kernels.mjs, which supplies them.
package simd

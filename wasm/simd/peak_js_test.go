//go:build js && wasm

package simd

import "unsafe"

//go:wasmimport kern peak16
//go:noescape
func peak16(a unsafe.Pointer)

//go:wasmimport kern peak8
//go:noescape
func peak8(a unsafe.Pointer)

//go:wasmimport kern peak8_paired
//go:noescape
func peak8Paired(a unsafe.Pointer)

// Package kernels emits the kernel modules of the browser tiers. They import the memory of the Go instance that calls them
// ("go" "mem") and export functions that do a whole operation of core/engine in one call; each takes the address of a struct of args.go.
//
//	simd128   conv16, nearest16, max_pool, local_mean, peak16: WebAssembly 2.0 (i32x4.dot_i16x8_s)
//	relaxed   conv8, nearest8, peak8: relaxed SIMD on top (i32x4.relaxed_dot_i8x16_i7x16_add_s)
//
// Shape of a convolution: x is read in place (implicit im2col: a table holds the address of each output position), w is packed into panels of
// 8 channels, a register tile of Positions x 8 accumulators runs over all runs of a window and is requantised before it is stored. conv16 reads x widened
// to int16 by a first pass. Channels are the outer loop, so that a panel and three rows of x stay in the first-level cache.
//
// The modules are emitted when the site is built, on a 64-bit machine.
package kernels

import (
	"unsafe"

	"anomnet/wasm/kernels/asm"
)

// Group is how many channels, or rows of a search, one panel holds.
const Group = 8

// Packing of a panel: Group int32 (biases; for a search |row|^2 and what belongs to it), for a convolution Group f32 scales, then for each run
// ceil(Run/PerStep) steps of [Group][PerStep] weights of StepBytes together, zero behind the run's end.
const (
	StepBytes = 32
	headBytes = 32 // of Group 4-byte values
	xStep     = 4  // bytes of x that a step reads
)

// Dot is the instruction at the bottom of a kernel, with the tile around it.
type Dot struct {
	Relaxed   bool
	Positions int // of a tile
	Unroll    int // steps
}

// Tiles that were fastest in Chromium, see docs/performance.md: larger ones run out of vector registers.
var (
	dot8  = Dot{Relaxed: true, Positions: 6, Unroll: 4}
	dot16 = Dot{Relaxed: false, Positions: 5, Unroll: 4}
)

// Dot8 returns the tile of the relaxed module.
func Dot8() Dot { return dot8 }

// Dot16 returns the tile of the simd128 module.
func Dot16() Dot { return dot16 }

// PerStep returns how many values of x a step takes.
func (d Dot) PerStep() int {
	if d.Relaxed {
		return 4
	}
	return 2
}

// TableBytes returns the size of ConvArgs.Table for n positions.
func (d Dot) TableBytes(n int) int {
	return (n+d.Positions-1)*entryBytes + d.Positions*Group
}

// WideBytes returns the size of ConvArgs.Wide for a span.
func WideBytes(span int) int { return 2 * ((span+15)/16*16 + 16) }

// BlockTiles is how many tiles of vectors a search holds against a panel: they stay in the first-level cache.
const BlockTiles = 16

// SIMD128 returns the module simd128.
func SIMD128() []byte {
	m := newModule()
	emitConv(m, "conv16", dot16)
	emitNearest(m, "nearest16", dot16)
	emitPeak(m, "peak16", dot16)
	return m.Bytes()
}

// Relaxed returns the module relaxed.
func Relaxed() []byte { return RelaxedWith(dot8) }

// RelaxedWith returns the module relaxed with another tile, for measurements.
func RelaxedWith(d Dot) []byte {
	m := newModule()
	emitConv(m, "conv8", d)
	emitNearest(m, "nearest8", d)
	emitPeak(m, "peak8", d)
	return m.Bytes()
}

func newModule() *asm.Module {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		panic("kernels: modules are emitted on 64-bit machines")
	}
	m := asm.NewModule()
	m.ImportMemory("go", "mem")
	return m
}

// field turns an offset into what asm takes.
func field(offset uintptr) int32 { return int32(offset) }

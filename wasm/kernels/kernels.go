// Package kernels emits the kernel modules of the browser tiers. They import the memory of the Go instance that calls them
// ("go" "mem") and export functions that do a whole operation of core/engine in one call; each takes the address of a struct of args.go.
//
//	simd128   conv16, nearest16, max_pool, local_mean, peak16: WebAssembly 2.0 (i32x4.dot_i16x8_s)
//	relaxed   conv8, nearest8, peak8: relaxed SIMD on top (i32x4.relaxed_dot_i8x16_i7x16_add_s),
//	          and the same with the suffix _chained (i16x8.relaxed_dot_i8x16_i7x16_s); probe tells which of the two is faster
//
// Shape of a convolution: x is read in place (implicit im2col: a table holds the address of each output position), w is packed into panels of
// 8 channels, a register tile of Positions x 8 accumulators runs over all runs of a window and is requantised before it is stored. conv16 reads x widened
// to int16 by a first pass. All panels go over a block of positions before the next block, so that a block of x and a panel stay in the first-level cache.
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
// whole steps of weights. A step holds Dot.PerStep weights of each channel, zero behind the run's end, as quads or pairs: [Chain][Group][4]int8 or
// [Group][2]int16.
const (
	headBytes = 4 * Group
	quadBytes = 32 // of the weights that one load of x meets
	loadBytes = 4  // of x
)

// Instruction is what stands at the bottom of a kernel.
type Instruction int

const (
	// Int16 is i32x4.dot_i16x8_s.
	Int16 Instruction = iota
	// Quad is i32x4.relaxed_dot_i8x16_i7x16_add_s, one machine instruction where the machine has such a thing (sdot, vpdpbusd).
	Quad
	// Chained is for machines where Quad becomes five instructions (vpmaddubsw and help). It adds Dot.Chain results of i16x8.relaxed_dot_i8x16_i7x16_s in int16 before it
	// widens the sum: of three instructions for one product, two are paid once. The sum fits when the weights of an int16 lane that have one sign reach no more
	// than ChainLimit together.
	Chained
)

// Dot is an instruction with the tile around it.
type Dot struct {
	Instruction Instruction
	Positions   int // of a tile
	Unroll      int // steps
	Chain       int // quads of a step, 1 where it does not matter
}

// Tiles that were fastest in Chromium, see docs/performance.md: larger ones run out of vector registers.
var (
	dot16   = Dot{Instruction: Int16, Positions: 5, Unroll: 4, Chain: 1}
	dot8    = Dot{Instruction: Quad, Positions: 6, Unroll: 4, Chain: 1}
	chained = Dot{Instruction: Chained, Positions: 4, Unroll: 2, Chain: 3}
	// Two weights of a pair that are embeddings never go beyond ChainLimit; three could.
	chainedSearch = Dot{Instruction: Chained, Positions: 5, Unroll: 2, Chain: 2}
)

// DotOf returns the tile of an instruction in convolutions.
func DotOf(i Instruction) Dot { return [...]Dot{dot16, dot8, chained}[i] }

// SearchDotOf returns the tile of an instruction in searches.
func SearchDotOf(i Instruction) Dot { return [...]Dot{dot16, dot8, chainedSearch}[i] }

// PerStep returns how many values of x a step takes.
func (d Dot) PerStep() int {
	if d.Instruction == Int16 {
		return 2
	}
	return 4 * d.Chain
}

// BytesPerValue returns the size of a value of x as the tile reads it.
func (d Dot) BytesPerValue() int { return d.xBytes() / d.PerStep() }

// StepBytes returns the size of the weights of a step.
func (d Dot) StepBytes() int { return quadBytes * d.Chain }

// xBytes returns how many bytes of x a step reads.
func (d Dot) xBytes() int { return loadBytes * d.Chain }

// WeightAt returns where weight i of a channel's run lies in the steps of a panel.
func (d Dot) WeightAt(i, slot int) int {
	if d.Instruction == Int16 {
		return i/2*quadBytes + 4*slot + 2*(i%2)
	}
	return i/4*quadBytes + 4*slot + i%4
}

// TileBytes returns the size of a tile's entries in ConvArgs.Table.
func (d Dot) TileBytes() int { return d.Positions * entryBytes }

// TableBytes returns the size of ConvArgs.Table for n positions.
func (d Dot) TableBytes(n int) int {
	return (n+d.Positions-1)*entryBytes + d.Positions*Group
}

// WideBytes returns the size of ConvArgs.Wide for a span.
func WideBytes(span int) int { return 2 * ((span+15)/16*16 + 16) }

// SIMD128 returns the module simd128.
func SIMD128() []byte { return SIMD128With(dot16) }

// SIMD128With returns the module simd128 with another tile, for measurements.
func SIMD128With(d Dot) []byte {
	m := newModule()
	emitConv(m, "conv16", d)
	emitNearest(m, "nearest16", d)
	emitMaxPool(m)
	emitMean(m)
	emitPeak(m, "peak16", d)
	return m.Bytes()
}

// Relaxed returns the module relaxed.
func Relaxed() []byte { return RelaxedWith(dot8, chained, chainedSearch) }

// RelaxedWith returns the module relaxed with other tiles, for measurements.
func RelaxedWith(quad, chained, search Dot) []byte {
	m := newModule()
	emitConv(m, "conv8", quad)
	emitNearest(m, "nearest8", quad)
	emitPeak(m, "peak8", quad)
	emitConv(m, "conv8_chained", chained)
	emitNearest(m, "nearest8_chained", search)
	emitPeak(m, "peak8_chained", chained)
	emitProbe(m)
	return m.Bytes()
}

// emitProbe emits what tells machines apart: the sum of four products that the relaxed dot leaves open. With its first vector 127 and its second 255, which is not
// 7 bits, vpmaddubsw saturates in between (SaturatedProbe), vpdpbusd and sdot do not.
func emitProbe(m *asm.Module) {
	f := m.Func("probe", 1)
	args := f.Param(0)
	f.StoreV128(args.I32, 32, args.LoadV128(0).RelaxedDotI8x16I7x16AddS(args.LoadV128(16), args.LoadV128(32)))
}

// SaturatedProbe is what probe adds to each i32 when the machine has no dot instruction: two saturated int16.
const SaturatedProbe = 2 * 32767

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

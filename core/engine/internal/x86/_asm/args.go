package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Byte offsets of the fields of x86.Stream and x86.Tile; package x86 checks them when it is compiled.
const (
	streamBase = 0  // unsafe.Pointer
	streamAt   = 8  // [8]int
	streamOff  = 72 // int
	streamStep = 80 // int
	streamSize = 88

	in       = 0 * streamSize
	out      = 1 * streamSize
	res      = 2 * streamSize
	factor   = 3 * streamSize
	tiles    = 4 * streamSize
	weight   = tiles + 8
	rows     = tiles + 16
	run      = tiles + 24
	rowSkip  = tiles + 32
	passes   = tiles + 40
	left     = tiles + 48
	first    = tiles + 56
	bias     = tiles + 64
	scale    = tiles + 72
	resScale = tiles + 80 // float32s from here
	low      = tiles + 84
	high     = tiles + 88
)

// args is the register that points to the arguments.
type args struct{ reg.Register }

func (a args) at(offset int) Mem { return Mem{Base: a.Register, Disp: offset} }

// start returns the address of a stream for the current tile, in a register that the caller owns.
func (a args) start(stream int) reg.GPVirtual {
	p := GP64()
	MOVQ(a.at(stream+streamBase), p)
	ADDQ(a.at(stream+streamOff), p)
	return p
}

// place returns the address of position i of a stream, given what start returned.
func (a args) place(stream, i int, base reg.GPVirtual) reg.GPVirtual {
	p := GP64()
	MOVQ(a.at(stream+streamAt+8*i), p)
	ADDQ(base, p)
	return p
}

// advance moves a stream to the next tile.
func (a args) advance(stream int) {
	t := GP64()
	MOVQ(a.at(stream+streamStep), t)
	ADDQ(t, a.at(stream+streamOff))
}

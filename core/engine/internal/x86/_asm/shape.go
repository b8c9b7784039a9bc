package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// registers are the vector registers; AsY and AsX give their lower parts.
var registers = []reg.VecPhysical{
	reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
	reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
}

// vector returns register i as a vector of a width in bytes.
func vector(i, width int) reg.Register {
	switch width {
	case 64:
		return registers[i]
	case 32:
		return registers[i].AsY()
	}
	return registers[i].AsX()
}

// shape is a register tile: positions x channels. columns are the vectors of 32-bit accumulators that hold the channels of a position, in bytes.
// Accumulators take the first registers, position by position; the rest are for others.
type shape struct {
	isa       isa
	positions int
	columns   []int
}

// isa is an instruction set.
type isa struct {
	name  string
	wide  bool // 32 registers of 64 bytes
	weigh bool // weights of a step are loaded into registers first
}

var (
	avx2 = isa{name: "AVX2"}
	vnni = isa{name: "VNNI", wide: true, weigh: true}
)

func (s shape) String() string { return fmt.Sprintf("%dx%d%s", s.positions, s.channels(), s.isa.name) }

func (s shape) channels() int { return s.channel(len(s.columns)) }

// channel returns the first channel of column c.
func (s shape) channel(c int) int {
	n := 0
	for _, w := range s.columns[:c] {
		n += w / 4
	}
	return n
}

// acc returns the accumulators of column c of position p.
func (s shape) acc(p, c int) reg.Register { return vector(p*len(s.columns)+c, s.columns[c]) }

// free returns the i-th register that holds no accumulators.
func (s shape) free(i, width int) reg.Register { return vector(s.positions*len(s.columns)+i, width) }

// all calls f for every accumulator.
func (s shape) all(f func(p, c int)) {
	for p := range s.positions {
		for c := range s.columns {
			f(p, c)
		}
	}
}

// widest returns the widest column, in bytes.
func (s shape) widest() int { return s.columns[0] }

// start sets the accumulators of every position to the values at m.
func (s shape) start(m reg.GPVirtual) {
	s.all(func(p, c int) {
		if p == 0 {
			VMOVUPS(Mem{Base: m, Disp: 4 * s.channel(c)}, s.acc(p, c))
		} else {
			VMOVAPS(s.acc(0, c), s.acc(p, c))
		}
	})
}

// ones is the constant that sums pairs of 16-bit lanes without VNNI. It takes the last free register.
func (s shape) ones() reg.Register { return reg.Y15 }

// prepare sets up constants of step.
func (s shape) prepare() {
	if !s.isa.wide {
		VPCMPEQW(s.ones(), s.ones(), s.ones())
		VPSRLW(Imm(15), s.ones(), s.ones())
	}
}

// step adds four products for every accumulator: four u8 values of each position, at pos[p] + idx, times four int8 weights of each channel, at b.
func (s shape) step(b, idx reg.GPVirtual, pos []reg.GPVirtual) {
	weight := func(c int) Op { return Mem{Base: b, Disp: 4 * s.channel(c)} }
	spare := 0
	if s.isa.weigh {
		for c, w := range s.columns {
			VMOVUPS(weight(c), s.free(c, w))
		}
		spare = len(s.columns)
	}
	values := 32 - s.positions*len(s.columns) - spare
	for p := range pos {
		if s.isa.wide {
			i := spare + p%values
			VPBROADCASTD(Mem{Base: pos[p], Index: idx, Scale: 1}, s.free(i, s.widest()))
			for c, w := range s.columns {
				VPDPBUSD(s.free(c, w), s.free(i, w), s.acc(p, c))
			}
			continue
		}
		VPBROADCASTD(Mem{Base: pos[p], Index: idx, Scale: 1}, s.free(0, 32))
		for c := range s.columns {
			product := s.free(1+(p*len(s.columns)+c)%2, 32)
			VPMADDUBSW(weight(c), s.free(0, 32), product)
			VPMADDWD(s.ones(), product, product)
			VPADDD(product, s.acc(p, c), s.acc(p, c))
		}
	}
}

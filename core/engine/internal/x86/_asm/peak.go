package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// peak writes a loop of dot products on registers alone: the most that the instruction set can do.
func peak(s shape) {
	TEXT("peak"+s.isa.name, NOSPLIT, "func(n int)")
	Doc("peak" + s.isa.name + " does n steps of a register tile without memory.")
	n := Load(Param("n"), GP64())
	s.prepare()
	Label("step")
	s.all(func(p, c int) {
		if s.isa.wide {
			VPDPBUSD(s.free(0, s.columns[c]), s.free(1, s.columns[c]), s.acc(p, c))
			return
		}
		product := s.free(1+(p*len(s.columns)+c)%2, 32)
		VPMADDUBSW(s.free(0, 32), s.free(0, 32), product)
		VPMADDWD(s.ones(), product, product)
		VPADDD(product, s.acc(p, c), s.acc(p, c))
	})
	DECQ(n)
	JNZ(LabelRef("step"))
	VZEROUPPER()
	RET()
}

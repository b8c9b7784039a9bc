package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// requantise turns the accumulators into bytes and stores them: the formulas of engine.Conv, each float32 operation rounded on its own.
func requantise(s shape, a args) {
	scales := GP64()
	MOVQ(a.at(scale), scales)
	outBase, resBase, factors := a.start(out), GP64(), GP64()
	MOVQ(a.at(res+streamBase), resBase)
	MOVQ(a.at(factor+streamBase), factors)
	for p := range s.positions {
		for c := range s.columns {
			VCVTDQ2PS(s.acc(p, c), s.acc(p, c))
			VMULPS(Mem{Base: scales, Disp: 4 * s.channel(c)}, s.acc(p, c), s.acc(p, c))
		}
		scaleByFactor(s, a, p)
		addResidual(s, a, p)
		at := a.place(out, p, outBase)
		for c, w := range s.columns {
			s.clamp(a, p, c)
			VCVTPS2DQ(s.acc(p, c), s.acc(p, c)) // rounds half to even, the mode that Go programs run in
			s.pack(p, c)
			x := vector(p*len(s.columns)+c, 16)
			if m := (Mem{Base: at, Disp: s.channel(c)}); w == 64 {
				VMOVUPS(x, m)
			} else {
				VMOVQ(x, m)
			}
		}
	}
}

// scaleByFactor multiplies position p by its factor, if there are factors.
func scaleByFactor(s shape, a args, p int) {
	skip := fmt.Sprint("unscaled", p)
	base := GP64()
	MOVQ(a.at(factor+streamBase), base)
	TESTQ(base, base)
	JZ(LabelRef(skip))
	ADDQ(a.at(factor+streamOff), base)
	ADDQ(a.at(factor+streamAt+8*p), base)
	v := s.free(0, s.widest())
	VBROADCASTSS(Mem{Base: base}, v)
	for c, w := range s.columns {
		VMULPS(s.free(0, w), s.acc(p, c), s.acc(p, c))
	}
	Label(skip)
}

// addResidual adds the residual of position p, if there is one. Signed extension serves u7 as well.
func addResidual(s shape, a args, p int) {
	skip := fmt.Sprint("unadded", p)
	base := GP64()
	MOVQ(a.at(res+streamBase), base)
	TESTQ(base, base)
	JZ(LabelRef(skip))
	ADDQ(a.at(res+streamOff), base)
	ADDQ(a.at(res+streamAt+8*p), base)
	VBROADCASTSS(a.at(resScale), s.free(0, s.widest()))
	for c, w := range s.columns {
		v := s.free(1, w)
		VPMOVSXBD(Mem{Base: base, Disp: s.channel(c)}, v)
		VCVTDQ2PS(v, v)
		VMULPS(s.free(0, w), v, v)
		VADDPS(v, s.acc(p, c), s.acc(p, c))
	}
	Label(skip)
}

// clamp limits an accumulator to low..high, in float32.
func (s shape) clamp(a args, p, c int) {
	w, v := s.columns[c], s.acc(p, c)
	if s.isa.wide {
		if p == 0 && c == 0 {
			VBROADCASTSS(a.at(low), s.free(2, w))
			VBROADCASTSS(a.at(high), s.free(3, w))
		}
		VMAXPS(s.free(2, w), v, v)
		VMINPS(s.free(3, w), v, v)
		return
	}
	if c == 0 {
		VBROADCASTSS(a.at(low), s.free(0, w))
		VBROADCASTSS(a.at(high), s.free(1, w))
	}
	VMAXPS(s.free(0, w), v, v)
	VMINPS(s.free(1, w), v, v)
}

// pack gathers the low bytes of the lanes, which are within -127..127, in the lowest part of the register.
func (s shape) pack(p, c int) {
	v, x := s.acc(p, c), vector(p*len(s.columns)+c, 16)
	if s.isa.wide {
		VPMOVDB(v, x)
		return
	}
	upper := s.free(2, 16)
	VEXTRACTI128(Imm(1), v, upper)
	VPACKSSDW(upper, x, x)
	VPACKSSWB(x, x, x)
}

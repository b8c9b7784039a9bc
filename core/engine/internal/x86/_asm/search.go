package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Byte offsets of the fields of x86.Scan.
const (
	scanVectors = 0  // *uint8
	scanDepth   = 8  // int
	scanRows    = 16 // *int8
	scanStart   = 24 // *int32
	scanPanels  = 32 // int
	scanBest    = 40 // *int32
)

// search writes the kernel that compares a tile of vectors with panels of rows and keeps maxima by lane.
func search(s shape) {
	TEXT("scan"+s.String(), NOSPLIT, "func(s *byte)")
	Doc("scan" + s.String() + " compares vectors with panels of rows.")
	a := args{Load(Param("s"), GP64())}
	s.prepare()
	b, start, best, panels, idx, depth := GP64(), GP64(), GP64(), GP64(), GP64(), GP64()
	for _, f := range []struct {
		offset int
		r      reg.GPVirtual
	}{{scanRows, b}, {scanStart, start}, {scanBest, best}, {scanPanels, panels}, {scanDepth, depth}} {
		MOVQ(a.at(f.offset), f.r)
	}
	pos := make([]reg.GPVirtual, s.positions)
	for p := range pos {
		if pos[p] = GP64(); p == 0 {
			MOVQ(a.at(scanVectors), pos[p])
		} else {
			LEAQ(Mem{Base: pos[p-1], Index: depth, Scale: 1}, pos[p])
		}
	}
	Label("panel")
	if s.isa.wide {
		s.start(start)
	} else {
		s.all(func(p, c int) { VPXOR(s.acc(p, c), s.acc(p, c), s.acc(p, c)) })
	}
	XORQ(idx, idx)
	Label("step")
	s.step(b, idx, pos)
	ADDQ(I32(4*s.channels()), b)
	ADDQ(Imm(4), idx)
	CMPQ(idx, depth)
	JNE(LabelRef("step"))
	keep(s, start, best)
	ADDQ(I32(4*s.channels()), start)
	DECQ(panels)
	JNZ(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

// keep merges the accumulators of a panel into the maxima. With VNNI they hold 2 e.r - |r|^2 already; with AVX2 they hold half of the product.
func keep(s shape, start, best reg.GPVirtual) {
	for p := range s.positions {
		for c := range s.columns {
			v := s.acc(p, c)
			if !s.isa.wide {
				VPADDD(v, v, v)
				VPADDD(Mem{Base: start, Disp: 4 * s.channel(c)}, v, v)
			}
			if c > 0 {
				VPMAXSD(v, s.acc(p, 0), s.acc(p, 0))
			}
		}
		m := Mem{Base: best, Disp: p * s.widest()}
		VPMAXSD(m, s.acc(p, 0), s.acc(p, 0))
		VMOVUPS(s.acc(p, 0), m)
	}
}

// encode writes the conversion of int8 vectors to unsigned values, e + 64 or twice that, and the sum of their squares. n is a multiple of 16.
func encode(name string, double bool) {
	TEXT(name, NOSPLIT, "func(dst *byte, src *int8, n int) int32")
	Doc(name + " converts an embedding, n a multiple of 16, and returns the sum of its squares.")
	dst, src, n, t := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64()), GP64()
	sum, wide, bytes, offset := YMM(), YMM(), XMM(), XMM()
	VPXOR(sum, sum, sum)
	MOVQ(I32(0x40404040), t)
	VMOVQ(t, offset)
	VPBROADCASTD(offset, offset)
	Label("chunk")
	VMOVUPS(Mem{Base: src}, bytes)
	VPMOVSXBW(bytes, wide)
	VPMADDWD(wide, wide, wide)
	VPADDD(wide, sum, sum)
	VPADDB(offset, bytes, bytes)
	if double {
		VPADDB(bytes, bytes, bytes)
	}
	VMOVUPS(bytes, Mem{Base: dst})
	ADDQ(Imm(16), src)
	ADDQ(Imm(16), dst)
	SUBQ(Imm(16), n)
	JNZ(LabelRef("chunk"))
	high := XMM()
	VEXTRACTI128(Imm(1), sum, high)
	VPADDD(high, sum.AsX(), sum.AsX())
	VPSHUFD(Imm(0x4e), sum.AsX(), high)
	VPADDD(high, sum.AsX(), sum.AsX())
	VPSHUFD(Imm(0xb1), sum.AsX(), high)
	VPADDD(high, sum.AsX(), sum.AsX())
	result := GP32()
	VMOVD(sum.AsX(), result)
	VZEROUPPER()
	Store(result, ReturnIndex(0))
	RET()
}

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// passShift is the weight of the first of two passes: 1 << passShift.
const passShift = 6

// conv writes the kernel of one register tile.
func conv(s shape) {
	TEXT("conv"+s.String(), NOSPLIT, "func(t *byte)")
	Doc("conv" + s.String() + " computes tiles of positions x channels.")
	a := args{Load(Param("t"), GP64())}
	s.prepare()

	Label("tile")
	init := GP64()
	MOVQ(a.at(first), init)
	s.start(init)
	MOVQ(a.at(passes), init)
	MOVQ(init, a.at(left))
	multiply(s, a)
	requantise(s, a)
	for _, stream := range []int{in, out, res, factor} {
		a.advance(stream)
	}
	DECQ(a.at(tiles))
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// multiply adds the products of all runs, in one pass or two. Between two passes the sums are shifted and the bias is added.
func multiply(s shape, a args) {
	b, idx, end, row := GP64(), GP64(), GP64(), GP64()
	pos := make([]reg.GPVirtual, s.positions)
	MOVQ(a.at(weight), b)
	base := a.start(in)
	for p := range pos {
		pos[p] = a.place(in, p, base)
	}
	Label("pass")
	XORQ(idx, idx)
	MOVQ(a.at(rows), row)
	Label("row")
	MOVQ(a.at(run), end)
	ADDQ(idx, end)
	Label("step")
	s.step(b, idx, pos)
	ADDQ(I32(4*s.channels()), b)
	ADDQ(Imm(4), idx)
	CMPQ(idx, end)
	JNE(LabelRef("step"))
	ADDQ(a.at(rowSkip), idx)
	DECQ(row)
	JNZ(LabelRef("row"))
	DECQ(a.at(left))
	JZ(LabelRef("requantise"))
	add := GP64()
	MOVQ(a.at(bias), add)
	s.all(func(p, c int) {
		VPSLLD(Imm(passShift), s.acc(p, c), s.acc(p, c))
		VPADDD(Mem{Base: add, Disp: 4 * s.channel(c)}, s.acc(p, c), s.acc(p, c))
	})
	JMP(LabelRef("pass"))
	Label("requantise")
}

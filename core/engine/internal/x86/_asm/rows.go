package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// chunks calls body for i = 0, 16, ... and at last for n - 16, so that n need only be at least 16. Where chunks overlap, values are computed twice.
func chunks(label string, n reg.Register, body func(i reg.GPVirtual)) {
	i, last := GP64(), GP64()
	MOVQ(n, last)
	SUBQ(Imm(16), last)
	XORQ(i, i)
	Label(label)
	body(i)
	CMPQ(i, last)
	JEQ(LabelRef(label + "done"))
	ADDQ(Imm(16), i)
	CMPQ(i, last)
	CMOVQGT(last, i)
	JMP(LabelRef(label))
	Label(label + "done")
}

// sums writes the additions of rows: of three u8 rows, of three u16 rows, and 3 a + b of u16 rows.
func sums() {
	load := func(m string, size uint8, i reg.GPVirtual) reg.VecVirtual {
		v, base := YMM(), Load(Param(m), GP64())
		if size == 1 {
			VPMOVZXBW(Mem{Base: base, Index: i, Scale: 1}, v)
		} else {
			VMOVUPS(Mem{Base: base, Index: i, Scale: 2}, v)
		}
		return v
	}
	for _, f := range []struct {
		name, signature, doc string
		size                 uint8
		blend                bool
	}{
		{"Add3", "func(dst *uint16, a, b, c *uint8, n int)", "Add3 writes a + b + c; n is at least 16.", 1, false},
		{"Add3Wide", "func(dst, a, b, c *uint16, n int)", "Add3Wide is Add3 for sums.", 2, false},
		{"Blend", "func(dst, a, b *uint16, n int)", "Blend writes 3 a + b; n is at least 16.", 2, true},
	} {
		TEXT(f.name, NOSPLIT, f.signature)
		Doc(f.doc)
		dst := Load(Param("dst"), GP64())
		chunks("chunk", Load(Param("n"), GP64()), func(i reg.GPVirtual) {
			a, b := load("a", f.size, i), load("b", f.size, i)
			VPADDW(a, b, b)
			if f.blend {
				VPADDW(a, a, a)
				VPADDW(a, b, b)
			} else {
				VPADDW(load("c", f.size, i), b, b)
			}
			VMOVUPS(b, Mem{Base: dst, Index: i, Scale: 2})
		})
		VZEROUPPER()
		RET()
	}
}

// requantiseRow writes the requantisation of sums.
func requantiseRow() {
	TEXT("Requantise", NOSPLIT, "func(dst *uint8, step int, sums *uint16, scale *float32, channels, n int)")
	Doc("Requantise turns sums, [n][channels], into u7 values, step bytes from position to position; channels is at least 16.")
	dst, src, scale := Load(Param("dst"), GP64()), Load(Param("sums"), GP64()), Load(Param("scale"), GP64())
	channels, n := Load(Param("channels"), GP64()), Load(Param("n"), GP64())
	step := Load(Param("step"), GP64())
	zero, high, t := YMM(), YMM(), GP64()
	VPXOR(zero, zero, zero)
	MOVQ(I32(0x42fe0000), t) // 127
	VMOVQ(t, high.AsX())
	VPBROADCASTD(high.AsX(), high)
	Label("position")
	chunks("chunk", channels, func(i reg.GPVirtual) {
		half := [2]reg.VecVirtual{YMM(), YMM()}
		for h, v := range half {
			VPMOVZXWD(Mem{Base: src, Index: i, Scale: 2, Disp: 16 * h}, v)
			VCVTDQ2PS(v, v)
			VMULPS(Mem{Base: scale, Index: i, Scale: 4, Disp: 32 * h}, v, v)
			VMAXPS(zero, v, v)
			VMINPS(high, v, v)
			VCVTPS2DQ(v, v)
		}
		v, upper := half[0], XMM()
		VPACKSSDW(half[1], v, v)
		VPERMQ(Imm(0xd8), v, v)
		VEXTRACTI128(Imm(1), v, upper)
		VPACKSSWB(upper, v.AsX(), v.AsX())
		VMOVUPS(v.AsX(), Mem{Base: dst, Index: i, Scale: 1})
	})
	ADDQ(step, dst)
	LEAQ(Mem{Base: src, Index: channels, Scale: 2}, src)
	DECQ(n)
	JNZ(LabelRef("position"))
	VZEROUPPER()
	RET()
}

// maximum3 writes the maximum over windows of 3 x 3, for n positions.
func maximum3() {
	TEXT("Maximum3", NOSPLIT, "func(dst, src *uint8, channels, rowStep, colStep, dstStep, srcStep, n int)")
	Doc("Maximum3 writes the maximum over windows of 3 x 3 for n positions; channels is at least 16.")
	dst, src, channels := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("channels"), GP64())
	rowStep, colStep, n := Load(Param("rowStep"), GP64()), Load(Param("colStep"), GP64()), Load(Param("n"), GP64())
	Label("position")
	chunks("chunk", channels, func(i reg.GPVirtual) {
		row, best := GP64(), XMM()
		LEAQ(Mem{Base: src, Index: i, Scale: 1}, row)
		for y := range 3 {
			if y == 0 {
				VMOVUPS(Mem{Base: row}, best)
			} else {
				ADDQ(rowStep, row)
				VPMAXUB(Mem{Base: row}, best, best)
			}
			VPMAXUB(Mem{Base: row, Index: colStep, Scale: 1}, best, best)
			VPMAXUB(Mem{Base: row, Index: colStep, Scale: 2}, best, best)
		}
		VMOVUPS(best, Mem{Base: dst, Index: i, Scale: 1})
	})
	step := GP64()
	Load(Param("dstStep"), step)
	ADDQ(step, dst)
	Load(Param("srcStep"), step)
	ADDQ(step, src)
	DECQ(n)
	JNZ(LabelRef("position"))
	RET()
}

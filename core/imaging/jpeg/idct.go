package jpeg

import "encoding/binary"

// The inverse DCT of Loeffler, Ligtenberg and Moschytz ("Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP
// 1989), in 32-bit integers with the constants, the shifts and the rounding of Go 1.26's image/jpeg: the results are equal bit by
// bit, overflow of hostile files included. What is faster here is only what is left out because it is zero.

// The constants in fixed point: the first pass has more fraction bits than the second.
const (
	rowHalf, rowCos6, rowSin6 = 181, 70936, 171254    // 1/sqrt 2 (8 bits); cos and sin of 6 pi/16 over sqrt 2 (18 bits)
	colHalf, colCos6, colSin6 = 11585, 1108, 2676     // the same with 14 and 12 bits
	cos3, sin3, cos1, sin1    = 3406, 2276, 4017, 799 // of 3 pi/16 and pi/16 (12 bits)
)

// firstColumn is the bits of coefficients without horizontal frequency.
const firstColumn = 0x0101010101010101

// idct transforms b, writes the samples to dst and leaves b all zero. A coefficient whose bit in nonzero is not set must be
// zero.
func idct(b *block, nonzero uint64, out *[64]uint8, dst []uint8, stride int) {
	if nonzero <= 1 {
		v := sample((b[0]<<17 + 1<<19) >> 20)
		b[0] = 0
		for range 8 {
			binary.LittleEndian.PutUint64(dst, firstColumn*uint64(v))
			dst = dst[min(stride, len(dst)):]
		}
		return
	}
	if nonzero&^firstColumn == 0 { // all columns are alike
		for i := 0; i < 64; i += 8 {
			b[i] <<= 17
		}
		columns(b, out, 1)
		for i := 0; i < 64; i += 8 {
			b[i] = 0
			binary.LittleEndian.PutUint64(dst, firstColumn*uint64(out[i]))
			dst = dst[min(stride, len(dst)):]
		}
		return
	}
	for i := 0; i < 64; i += 8 {
		x := (*[8]int32)(b[i:])
		switch m := nonzero >> uint(i) & 255; {
		case m == 0:
		case m == 1:
			v := x[0] << 17
			x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7] = v, v, v, v, v, v, v, v
		case m < 16:
			rowLow(x)
		default:
			row(x)
		}
	}
	if nonzero>>32 == 0 {
		columnsLow(b, out)
	} else {
		columns(b, out, 8)
		clear8((*[8]int32)(b[32:]))
		clear8((*[8]int32)(b[40:]))
		clear8((*[8]int32)(b[48:]))
		clear8((*[8]int32)(b[56:]))
	}
	clear8((*[8]int32)(b[:]))
	clear8((*[8]int32)(b[8:]))
	clear8((*[8]int32)(b[16:]))
	clear8((*[8]int32)(b[24:]))
	for i := 0; i < 64; i += 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(out[i:]))
		dst = dst[min(stride, len(dst)):]
	}
}

// clear8 spares the call that clearing a larger array is in wasm.
func clear8(x *[8]int32) {
	x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7] = 0, 0, 0, 0, 0, 0, 0, 0
}

// sample shifts by 128 and clamps.
func sample(v int32) uint8 {
	v += 128
	if uint32(v) > 255 {
		v = ^(v >> 31)
	}
	return uint8(v)
}

// row is the first pass over one row.
func row(x *[8]int32) {
	x0, x7, x2, x5, x1, x6, x3, x4 := x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]

	x0, x1 = x0<<17+x1<<17, x0<<17-x1<<17
	t := rowCos6 * (x2 + x3)
	x2, x3 = t-(rowSin6+rowCos6)*x3, t+(rowSin6-rowCos6)*x2
	x1, x2 = x1+x2, x1-x2
	x0, x3 = x0+x3, x0-x3

	x7, x4 = x7<<7+x4<<7, x7<<7-x4<<7
	x6, x5 = x6*rowHalf, x5*rowHalf
	x7, x5 = (x7+x5)>>2, (x7-x5)>>2
	x4, x6 = (x4+x6)>>2, (x4-x6)>>2
	t = cos3 * (x4 + x7)
	x4, x7 = t-(sin3+cos3)*x7, t+(sin3-cos3)*x4
	t = cos1 * (x5 + x6)
	x5, x6 = t-(sin1+cos1)*x6, t+(sin1-cos1)*x5

	x[0], x[7] = x0+x7, x0-x7
	x[1], x[6] = x1+x6, x1-x6
	x[2], x[5] = x2+x5, x2-x5
	x[3], x[4] = x3+x4, x3-x4
}

// rowLow is row where the upper four are zero.
func rowLow(x *[8]int32) {
	x0, x7, x2, x5 := x[0]<<17, x[1]<<7, x[2], x[3]*rowHalf

	x3 := x2 * rowSin6
	x2 *= rowCos6
	x1 := x0 + x2
	x2 = x0 - x2
	x0, x3 = x0+x3, x0-x3

	x4 := x7 >> 2
	x7, x5 = (x7+x5)>>2, (x7-x5)>>2
	t := cos1 * (x5 + x4)
	x5, x6 := t-(sin1+cos1)*x4, t+(sin1-cos1)*x5
	t = cos3 * (x4 + x7)
	x4, x7 = t-(sin3+cos3)*x7, t+(sin3-cos3)*x4

	x[0], x[7] = x0+x7, x0-x7
	x[1], x[6] = x1+x6, x1-x6
	x[2], x[5] = x2+x5, x2-x5
	x[3], x[4] = x3+x4, x3-x4
}

// columns is the second pass over the first n columns; it leaves the samples in out.
func columns(b *block, out *[64]uint8, n int) {
	for i := range min(n, 8) {
		x0, x7, x2, x5, x1, x6, x3, x4 := b[i], b[i+8], b[i+16], b[i+24], b[i+32], b[i+40], b[i+48], b[i+56]
		x0 += 1 << 19

		x0, x1 = (x0+x1)>>2, (x0-x1)>>2
		x2, x3 = x2>>13, x3>>13
		t := colCos6 * (x2 + x3)
		x2, x3 = t-(colSin6+colCos6)*x3, t+(colSin6-colCos6)*x2
		x1, x2 = x1+x2, x1-x2
		x0, x3 = x0+x3, x0-x3

		x7, x4 = x7+x4, x7-x4
		x5, x6 = (x5>>13)*colHalf, (x6>>13)*colHalf
		x7, x5 = (x7+x5)>>14, (x7-x5)>>14
		x4, x6 = (x4+x6)>>14, (x4-x6)>>14
		t = cos3 * (x4 + x7)
		x4, x7 = t-(sin3+cos3)*x7, t+(sin3-cos3)*x4
		t = cos1 * (x5 + x6)
		x5, x6 = t-(sin1+cos1)*x6, t+(sin1-cos1)*x5

		out[i], out[i+56] = sample((x0+x7)>>18), sample((x0-x7)>>18)
		out[i+8], out[i+48] = sample((x1+x6)>>18), sample((x1-x6)>>18)
		out[i+16], out[i+40] = sample((x2+x5)>>18), sample((x2-x5)>>18)
		out[i+24], out[i+32] = sample((x3+x4)>>18), sample((x3-x4)>>18)
	}
}

// columnsLow is columns for a block whose rows 4 to 7 are zero.
func columnsLow(b *block, out *[64]uint8) {
	for i := range 8 {
		x0, x7, x2, x5 := b[i], b[i+8], b[i+16], b[i+24]

		x0 = (x0 + 1<<19) >> 2
		x2 >>= 13
		x3 := x2 * colSin6
		x2 *= colCos6
		x1 := x0 + x2
		x2 = x0 - x2
		x0, x3 = x0+x3, x0-x3

		x4 := x7 >> 14
		x5 = (x5 >> 13) * colHalf
		x7, x5 = (x7+x5)>>14, (x7-x5)>>14
		t := cos1 * (x5 + x4)
		x5, x6 := t-(sin1+cos1)*x4, t+(sin1-cos1)*x5
		t = cos3 * (x4 + x7)
		x4, x7 = t-(sin3+cos3)*x7, t+(sin3-cos3)*x4

		out[i], out[i+56] = sample((x0+x7)>>18), sample((x0-x7)>>18)
		out[i+8], out[i+48] = sample((x1+x6)>>18), sample((x1-x6)>>18)
		out[i+16], out[i+40] = sample((x2+x5)>>18), sample((x2-x5)>>18)
		out[i+24], out[i+32] = sample((x3+x4)>>18), sample((x3-x4)>>18)
	}
}

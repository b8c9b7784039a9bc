package asm

import (
	"encoding/binary"
	"math"
)

// I32 is an i32 expression; as an address it is a place in the memory.
type I32 struct{ code []byte }

// F32 is an f32 expression.
type F32 struct{ code []byte }

// Const is i32.const.
func Const(v int32) I32 { return I32{appendInt([]byte{0x41}, v)} }

// ConstF32 is f32.const.
func ConstF32(v float32) F32 {
	return F32{binary.LittleEndian.AppendUint32([]byte{0x43}, math.Float32bits(v))}
}

// join concatenates operands and an instruction.
func join(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	b := make([]byte, 0, n)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func (a I32) op(code byte, b I32) I32 { return I32{join(a.code, b.code, []byte{code})} }

// Arithmetic and comparisons, named after i32 instructions.

// Add is i32.add.
func (a I32) Add(b I32) I32 { return a.op(0x6a, b) }

// Sub is i32.sub.
func (a I32) Sub(b I32) I32 { return a.op(0x6b, b) }

// Mul is i32.mul.
func (a I32) Mul(b I32) I32 { return a.op(0x6c, b) }

// And is i32.and.
func (a I32) And(b I32) I32 { return a.op(0x71, b) }

// Shl is i32.shl.
func (a I32) Shl(n int32) I32 { return a.op(0x74, Const(n)) }

// ShrU is i32.shr_u.
func (a I32) ShrU(n int32) I32 { return a.op(0x76, Const(n)) }

// Eq is i32.eq.
func (a I32) Eq(b I32) I32 { return a.op(0x46, b) }

// LtS is i32.lt_s.
func (a I32) LtS(b I32) I32 { return a.op(0x48, b) }

// LtU is i32.lt_u.
func (a I32) LtU(b I32) I32 { return a.op(0x49, b) }

// NonZero returns a itself: conditions are numbers.
func (a I32) NonZero() I32 { return a }

// Select is select: a when cond is not 0, else b.
func (a I32) Select(b, cond I32) I32 { return I32{join(a.code, b.code, cond.code, []byte{0x1b})} }

// MinS returns the smaller of two expressions, which are evaluated twice.
func (a I32) MinS(b I32) I32 { return a.Select(b, a.LtS(b)) }

// MaxS returns the larger of two expressions, which are evaluated twice.
func (a I32) MaxS(b I32) I32 { return b.Select(a, a.LtS(b)) }

// access returns an access with its alignment, as a power of two, and offset. Kernels promise no alignment, so it is that of a byte.
func access(op []byte, offset int32) []byte { return appendUint(append(op, 0), uint32(offset)) }

// Load is i32.load.
func (a I32) Load(offset int32) I32 { return I32{join(a.code, access([]byte{0x28}, offset))} }

// Bits is i32.reinterpret_f32.
func (a F32) Bits() I32 { return I32{join(a.code, []byte{0xbc})} }

// Load8S is i32.load8_s.
func (a I32) Load8S(offset int32) I32 { return I32{join(a.code, access([]byte{0x2c}, offset))} }

// Load8U is i32.load8_u.
func (a I32) Load8U(offset int32) I32 { return I32{join(a.code, access([]byte{0x2d}, offset))} }

// StoreI32 is i32.store.
func (f *Func) StoreI32(at I32, offset int32, v I32) {
	f.emit(at.code, v.code, access([]byte{0x36}, offset))
}

// Store8 is i32.store8.
func (f *Func) Store8(at I32, offset int32, v I32) {
	f.emit(at.code, v.code, access([]byte{0x3a}, offset))
}

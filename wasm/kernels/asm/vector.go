package asm

// V128 is a v128 expression. Methods carry the lane shape of the instruction in their names.
type V128 struct{ code []byte }

// simd returns a vector opcode.
func simd(op uint32) []byte { return appendUint([]byte{0xfd}, op) }

func (a V128) unary(op uint32) V128 { return V128{join(a.code, simd(op))} }

func (a V128) binary(op uint32, b V128) V128 { return V128{join(a.code, b.code, simd(op))} }

func (a I32) loadV128(op uint32, offset int32) V128 {
	return V128{join(a.code, access(simd(op), offset))}
}

// Loads.

// LoadV128 is v128.load.
func (a I32) LoadV128(offset int32) V128 { return a.loadV128(0x00, offset) }

// Load8x8S is v128.load8x8_s.
func (a I32) Load8x8S(offset int32) V128 { return a.loadV128(0x01, offset) }

// Load8x8U is v128.load8x8_u.
func (a I32) Load8x8U(offset int32) V128 { return a.loadV128(0x02, offset) }

// Load32Splat is v128.load32_splat.
func (a I32) Load32Splat(offset int32) V128 { return a.loadV128(0x09, offset) }

// StoreV128 is v128.store.
func (f *Func) StoreV128(at I32, offset int32, v V128) {
	f.emit(at.code, v.code, access(simd(0x0b), offset))
}

// Store64Lane is v128.store64_lane.
func (f *Func) Store64Lane(at I32, offset int32, v V128, lane byte) {
	f.emit(at.code, v.code, access(simd(0x5b), offset), []byte{lane})
}

// Splats, constants and lanes.

// SplatI8x16 is i8x16.splat.
func (a I32) SplatI8x16() V128 { return V128{join(a.code, simd(0x0f))} }

// SplatI16x8 is i16x8.splat.
func (a I32) SplatI16x8() V128 { return V128{join(a.code, simd(0x10))} }

// SplatI32x4 is i32x4.splat.
func (a I32) SplatI32x4() V128 { return V128{join(a.code, simd(0x11))} }

// ExtractI32x4 is i32x4.extract_lane.
func (a V128) ExtractI32x4(lane byte) I32 { return I32{join(a.code, simd(0x1b), []byte{lane})} }

// Integer instructions.

// AddI8x16 is i8x16.add.
func (a V128) AddI8x16(b V128) V128 { return a.binary(0x6e, b) }

// MaxU8x16 is i8x16.max_u.
func (a V128) MaxU8x16(b V128) V128 { return a.binary(0x79, b) }

// NarrowI16x8S is i8x16.narrow_i16x8_s.
func (a V128) NarrowI16x8S(b V128) V128 { return a.binary(0x65, b) }

// NarrowI32x4S is i16x8.narrow_i32x4_s.
func (a V128) NarrowI32x4S(b V128) V128 { return a.binary(0x85, b) }

// ExtendLowI8x16S is i16x8.extend_low_i8x16_s.
func (a V128) ExtendLowI8x16S() V128 { return a.unary(0x87) }

// ExtendHighI8x16S is i16x8.extend_high_i8x16_s.
func (a V128) ExtendHighI8x16S() V128 { return a.unary(0x88) }

// ExtendLowI8x16U is i16x8.extend_low_i8x16_u.
func (a V128) ExtendLowI8x16U() V128 { return a.unary(0x89) }

// ExtendHighI8x16U is i16x8.extend_high_i8x16_u.
func (a V128) ExtendHighI8x16U() V128 { return a.unary(0x8a) }

// AddI16x8 is i16x8.add.
func (a V128) AddI16x8(b V128) V128 { return a.binary(0x8e, b) }

// MulI16x8 is i16x8.mul.
func (a V128) MulI16x8(b V128) V128 { return a.binary(0x95, b) }

// ExtendLowI16x8S is i32x4.extend_low_i16x8_s.
func (a V128) ExtendLowI16x8S() V128 { return a.unary(0xa7) }

// ExtendHighI16x8S is i32x4.extend_high_i16x8_s.
func (a V128) ExtendHighI16x8S() V128 { return a.unary(0xa8) }

// ShlI32x4 is i32x4.shl.
func (a V128) ShlI32x4(n int32) V128 { return V128{join(a.code, Const(n).code, simd(0xab))} }

// AddI32x4 is i32x4.add.
func (a V128) AddI32x4(b V128) V128 { return a.binary(0xae, b) }

// SubI32x4 is i32x4.sub.
func (a V128) SubI32x4(b V128) V128 { return a.binary(0xb1, b) }

// MinI32x4S is i32x4.min_s.
func (a V128) MinI32x4S(b V128) V128 { return a.binary(0xb6, b) }

// DotI16x8S is i32x4.dot_i16x8_s: sums of the products of neighbours.
func (a V128) DotI16x8S(b V128) V128 { return a.binary(0xba, b) }

// RelaxedDotI8x16I7x16AddS is i32x4.relaxed_dot_i8x16_i7x16_add_s: sums of four products of a with b, added to c. It is exact, and the same on
// every machine, as long as b is 0..127 wherever a is not 0.
func (a V128) RelaxedDotI8x16I7x16AddS(b, c V128) V128 {
	return V128{join(a.code, b.code, c.code, simd(0x113))}
}

// RelaxedDotI8x16I7x16S is i16x8.relaxed_dot_i8x16_i7x16_s: sums of two products, exact under the same condition when they fit int16.
func (a V128) RelaxedDotI8x16I7x16S(b V128) V128 { return a.binary(0x112, b) }

// Float instructions.

// AddF32x4 is f32x4.add.
func (a V128) AddF32x4(b V128) V128 { return a.binary(0xe4, b) }

// MulF32x4 is f32x4.mul.
func (a V128) MulF32x4(b V128) V128 { return a.binary(0xe6, b) }

// PminF32x4 is f32x4.pmin: b where b < a, else a.
func (a V128) PminF32x4(b V128) V128 { return a.binary(0xea, b) }

// PmaxF32x4 is f32x4.pmax: b where a < b, else a.
func (a V128) PmaxF32x4(b V128) V128 { return a.binary(0xeb, b) }

// ConvertI32x4S is f32x4.convert_i32x4_s.
func (a V128) ConvertI32x4S() V128 { return a.unary(0xfa) }

package asm

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

func TestLEB128(t *testing.T) {
	for v, want := range map[uint32][]byte{0: {0}, 127: {0x7f}, 128: {0x80, 1}, 624485: {0xe5, 0x8e, 0x26}, math.MaxUint32: {0xff, 0xff, 0xff, 0xff, 0x0f}} {
		assert.Equal(t, want, appendUint(nil, v), "%d", v)
	}
	for v, want := range map[int32][]byte{0: {0}, 63: {0x3f}, 64: {0xc0, 0}, -1: {0x7f}, -64: {0x40}, -65: {0xbf, 0x7f}, -123456: {0xc0, 0xbb, 0x78},
		math.MinInt32: {0x80, 0x80, 0x80, 0x80, 0x78}} {
		assert.Equal(t, want, appendInt(nil, v), "%d", v)
	}
}

// TestEncodings holds instructions against bytes written out from the specification, appendix "Index of Instructions".
func TestEncodings(t *testing.T) {
	f := NewModule().Func("", 2)
	p, q := f.Param(0), f.Param(1)
	v := f.V128()
	for _, c := range []struct {
		name string
		got  []byte
		want []byte
	}{
		{"i32.add", p.Add(q.I32).code, []byte{0x20, 0, 0x20, 1, 0x6a}},
		{"i32.lt_u", p.LtU(Const(-1)).code, []byte{0x20, 0, 0x41, 0x7f, 0x49}},
		{"i32.load", p.Load(128).code, []byte{0x20, 0, 0x28, 0, 0x80, 1}},
		{"f32.const", ConstF32(1).code, []byte{0x43, 0, 0, 0x80, 0x3f}},
		{"v128.load32_splat", p.Load32Splat(4).code, []byte{0x20, 0, 0xfd, 9, 0, 4}},
		{"i8x16.max_u", v.MaxU8x16(v.V128).code, []byte{0x20, 2, 0x20, 2, 0xfd, 0x79}},
		{"i32x4.dot_i16x8_s", v.DotI16x8S(v.V128).code, []byte{0x20, 2, 0x20, 2, 0xfd, 0xba, 1}},
		{"f32x4.pmin", v.PminF32x4(v.V128).code, []byte{0x20, 2, 0x20, 2, 0xfd, 0xea, 1}},
		{"i16x8.relaxed_dot_i8x16_i7x16_s", v.RelaxedDotI8x16I7x16S(v.V128).code, []byte{0x20, 2, 0x20, 2, 0xfd, 0x92, 2}},
		{"i32x4.relaxed_dot_i8x16_i7x16_add_s", v.RelaxedDotI8x16I7x16AddS(v.V128, v.V128).code, []byte{0x20, 2, 0x20, 2, 0x20, 2, 0xfd, 0x93, 2}},
	} {
		assert.Equal(t, c.want, c.got, c.name)
	}
	f.Store64Lane(p.I32, 8, v.V128, 1)
	assert.Equal(t, []byte{0x20, 0, 0x20, 2, 0xfd, 0x5b, 0, 8, 1}, f.body, "v128.store64_lane")
}

// TestModuleBytes holds a whole module against bytes written by hand.
func TestModuleBytes(t *testing.T) {
	m := NewModule()
	m.ImportMemory("go", "mem")
	f := m.Func("f", 1)
	f.Loop(func(again Label) { f.BranchIf(again, f.Param(0).NonZero()) })
	f.V128()
	assert.Equal(t, []byte("\x00asm\x01\x00\x00\x00"+
		"\x01\x08\x02\x60\x00\x00\x60\x01\x7f\x00"+ // types () and (i32)
		"\x02\x0b\x01\x02go\x03mem\x02\x00\x00"+ // memory of at least 0 pages
		"\x03\x02\x01\x01"+
		"\x07\x05\x01\x01f\x00\x00"+
		"\x0a\x0d\x01\x0b\x01\x01\x7b\x03\x40\x20\x00\x0d\x00\x0b\x0b"), m.Bytes())
}

// start runs a module in wazero, which validates it.
func start(t *testing.T, m *Module) api.Module {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { require.NoError(t, r.Close(ctx)) })
	mod, err := r.Instantiate(ctx, m.Bytes())
	require.NoError(t, err)
	return mod
}

func call(t *testing.T, mod api.Module, name string, args ...uint64) {
	t.Helper()
	_, err := mod.ExportedFunction(name).Call(context.Background(), args...)
	require.NoError(t, err)
}

// TestControl nests what can be nested and leaves it from everywhere.
func TestControl(t *testing.T) {
	m := NewModule()
	m.OwnMemory("mem", 1)
	store := m.Func("", 2)
	store.StoreI32(store.Param(0).I32, 0, store.Param(1).I32)
	// collatz stores how many steps n takes to 1, and gives up at 1,000.
	f := m.Func("collatz", 2)
	at, n, steps := f.Param(0), f.Param(1), f.I32()
	f.Block(func(leave Label) {
		f.Loop(func(again Label) {
			f.BranchIf(leave, n.Eq(Const(1)))
			f.IfElse(n.And(Const(1)), func() { n.Set(n.Mul(Const(3)).Add(Const(1))) }, func() { n.Set(n.ShrU(1)) })
			steps.Increase(1)
			f.If(steps.LtS(Const(1000)), func() { f.Branch(again) })
		})
	})
	f.Call(store, at.I32, steps.I32)

	mod := start(t, m)
	for n, want := range map[uint64]uint32{1: 0, 2: 1, 7: 16, 27: 111, 0: 1000} {
		call(t, mod, "collatz", 64, n)
		got, _ := mod.Memory().ReadUint32Le(64)
		assert.Equal(t, want, got, "%d", n)
	}
}

// TestInstructions runs every instruction that wazero has on two vectors, a at 0 and b at 16, against plain Go.
func TestInstructions(t *testing.T) {
	var in [32]byte
	for i := range in {
		in[i] = byte(37*i + 11)
	}
	i8 := func(i int) int { return int(int8(in[i])) }
	i16 := func(i int) int { return int(int16(binary.LittleEndian.Uint16(in[2*i:]))) }
	i32 := func(i int) int { return int(int32(binary.LittleEndian.Uint32(in[4*i:]))) }
	type lanes struct {
		bytes int
		at    func(i int) int
	}
	sat := func(v, low, high int) int { return min(max(v, low), high) }
	for _, c := range []struct {
		name string
		emit func(a, b V128) V128
		want lanes
	}{
		{"AddI8x16", V128.AddI8x16, lanes{1, func(i int) int { return i8(i) + i8(16+i) }}},
		{"MaxU8x16", V128.MaxU8x16, lanes{1, func(i int) int { return int(max(in[i], in[16+i])) }}},
		{"AddI16x8", V128.AddI16x8, lanes{2, func(i int) int { return i16(i) + i16(8+i) }}},
		{"MulI16x8", V128.MulI16x8, lanes{2, func(i int) int { return i16(i) * i16(8+i) }}},
		{"AddI32x4", V128.AddI32x4, lanes{4, func(i int) int { return i32(i) + i32(4+i) }}},
		{"SubI32x4", V128.SubI32x4, lanes{4, func(i int) int { return i32(i) - i32(4+i) }}},
		{"MinI32x4S", V128.MinI32x4S, lanes{4, func(i int) int { return min(i32(i), i32(4+i)) }}},
		{"DotI16x8S", V128.DotI16x8S, lanes{4, func(i int) int { return i16(2*i)*i16(8+2*i) + i16(2*i+1)*i16(9+2*i) }}},
		{"NarrowI16x8S", V128.NarrowI16x8S, lanes{1, func(i int) int { return sat(i16(i), -128, 127) }}},
		{"NarrowI32x4S", V128.NarrowI32x4S, lanes{2, func(i int) int { return sat(i32(i), -32768, 32767) }}},
		{"ExtendLowI8x16S", func(a, _ V128) V128 { return a.ExtendLowI8x16S() }, lanes{2, i8}},
		{"ExtendHighI8x16S", func(a, _ V128) V128 { return a.ExtendHighI8x16S() }, lanes{2, func(i int) int { return i8(8 + i) }}},
		{"ExtendLowI8x16U", func(a, _ V128) V128 { return a.ExtendLowI8x16U() }, lanes{2, func(i int) int { return int(in[i]) }}},
		{"ExtendHighI8x16U", func(a, _ V128) V128 { return a.ExtendHighI8x16U() }, lanes{2, func(i int) int { return int(in[8+i]) }}},
		{"ExtendLowI16x8S", func(a, _ V128) V128 { return a.ExtendLowI16x8S() }, lanes{4, i16}},
		{"ExtendHighI16x8S", func(a, _ V128) V128 { return a.ExtendHighI16x8S() }, lanes{4, func(i int) int { return i16(4 + i) }}},
		{"ShlI32x4", func(a, _ V128) V128 { return a.ShlI32x4(3) }, lanes{4, func(i int) int { return i32(i) << 3 }}},
		{"Load8x8S", func(_, _ V128) V128 { return Const(0).Load8x8S(3) }, lanes{2, func(i int) int { return i8(3 + i) }}},
		{"Load8x8U", func(_, _ V128) V128 { return Const(0).Load8x8U(3) }, lanes{2, func(i int) int { return int(in[3+i]) }}},
		{"Load32Splat", func(_, _ V128) V128 { return Const(0).Load32Splat(4) }, lanes{4, func(int) int { return i32(1) }}},
		{"SplatI8x16", func(_, _ V128) V128 { return Const(200).SplatI8x16() }, lanes{1, func(int) int { return 200 }}},
		{"SplatI16x8", func(_, _ V128) V128 { return Const(-2).SplatI16x8() }, lanes{2, func(int) int { return -2 }}},
		{"SplatI32x4", func(a, _ V128) V128 { return a.ExtractI32x4(2).SplatI32x4() }, lanes{4, func(int) int { return i32(2) }}},
		{"ConvertI32x4S", func(a, _ V128) V128 { return a.ConvertI32x4S() }, lanes{4, func(i int) int { return int(math.Float32bits(float32(i32(i)))) }}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := NewModule()
			m.OwnMemory("mem", 1)
			f := m.Func("f", 0)
			f.StoreV128(Const(32), 0, c.emit(f.LetV128(Const(0).LoadV128(0)).V128, f.LetV128(Const(0).LoadV128(16)).V128))
			mod := start(t, m)
			require.True(t, mod.Memory().Write(0, in[:]))
			call(t, mod, "f")
			got, _ := mod.Memory().Read(32, 16)
			for i := range 16 / c.want.bytes {
				var v uint64
				switch at := got[i*c.want.bytes:]; c.want.bytes {
				case 1:
					v = uint64(at[0])
				case 2:
					v = uint64(binary.LittleEndian.Uint16(at))
				case 4:
					v = uint64(binary.LittleEndian.Uint32(at))
				}
				mask := uint64(1)<<(8*c.want.bytes) - 1
				assert.Equal(t, uint64(c.want.at(i))&mask, v, "lane %d", i)
			}
		})
	}
}

// TestFloats does the same for float instructions.
func TestFloats(t *testing.T) {
	a, b := [4]float32{1.5, -2.25, 1e9, -0.5}, [4]float32{3, -7, 0.125, 2}
	for name, c := range map[string]struct {
		emit func(a, b V128) V128
		want func(a, b float32) float32
	}{
		"AddF32x4":  {V128.AddF32x4, func(a, b float32) float32 { return a + b }},
		"MulF32x4":  {V128.MulF32x4, func(a, b float32) float32 { return a * b }},
		"PminF32x4": {V128.PminF32x4, func(a, b float32) float32 { return min(a, b) }},
		"PmaxF32x4": {V128.PmaxF32x4, func(a, b float32) float32 { return max(a, b) }},
	} {
		m := NewModule()
		m.OwnMemory("mem", 1)
		f := m.Func("f", 0)
		f.StoreV128(Const(32), 0, c.emit(Const(0).LoadV128(0), Const(16).LoadV128(0)))
		mod := start(t, m)
		for i := range 4 {
			mod.Memory().WriteFloat32Le(uint32(4*i), a[i])
			mod.Memory().WriteFloat32Le(uint32(16+4*i), b[i])
		}
		call(t, mod, "f")
		for i := range 4 {
			got, _ := mod.Memory().ReadFloat32Le(uint32(32 + 4*i))
			assert.Equal(t, c.want(a[i], b[i]), got, "%s lane %d", name, i)
		}
	}
}

func TestCallWithWrongArguments(t *testing.T) {
	m := NewModule()
	f, g := m.Func("", 2), m.Func("", 0)
	assert.Panics(t, func() { g.Call(f, Const(1)) })
}

func Example() {
	m := NewModule()
	m.OwnMemory("mem", 1)
	f := m.Func("sum", 2) // of n numbers, written behind them
	at, n, sum := f.Param(0), f.Param(1), f.I32()
	f.Loop(func(again Label) {
		sum.Set(sum.Add(at.Load(0)))
		at.Increase(4)
		n.Increase(-1)
		f.BranchIf(again, n.NonZero())
	})
	f.StoreI32(at.I32, 0, sum.I32)

	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	mod, err := r.Instantiate(ctx, m.Bytes())
	if err != nil {
		panic(err)
	}
	for i := range uint32(10) {
		mod.Memory().WriteUint32Le(4*i, i+1)
	}
	if _, err := mod.ExportedFunction("sum").Call(ctx, 0, 10); err != nil {
		panic(err)
	}
	v, _ := mod.Memory().ReadUint32Le(40)
	fmt.Println(v)
	// Output: 55
}

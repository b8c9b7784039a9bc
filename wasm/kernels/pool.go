package kernels

import (
	"unsafe"

	"anomnet/wasm/kernels/asm"
)

// MinPoolChannels and MinMeanChannels are the fewest channels that max_pool and local_mean take: a vector of them. The last vector of a pixel overlaps
// the one before when the channels are no multiple.
const (
	MinPoolChannels = 16
	MinMeanChannels = 8
)

// Offsets of PoolArgs.
const (
	poolIn      = int32(unsafe.Offsetof(PoolArgs{}.In))
	poolOut     = int32(unsafe.Offsetof(PoolArgs{}.Out))
	poolH       = int32(unsafe.Offsetof(PoolArgs{}.H))
	poolW       = int32(unsafe.Offsetof(PoolArgs{}.W))
	poolC       = int32(unsafe.Offsetof(PoolArgs{}.C))
	poolKernel  = int32(unsafe.Offsetof(PoolArgs{}.Kernel))
	poolInRow   = int32(unsafe.Offsetof(PoolArgs{}.InRow))
	poolInCol   = int32(unsafe.Offsetof(PoolArgs{}.InCol))
	poolOutRow  = int32(unsafe.Offsetof(PoolArgs{}.OutRow))
	poolOutCol  = int32(unsafe.Offsetof(PoolArgs{}.OutCol))
	poolRowStep = int32(unsafe.Offsetof(PoolArgs{}.RowStep))
	poolColStep = int32(unsafe.Offsetof(PoolArgs{}.ColStep))
)

// times emits a loop of n turns, which are at least one; body gets the index.
func times(f *asm.Func, n asm.I32, body func(i asm.LocalI32)) {
	i := f.Let(asm.Const(0))
	f.Loop(func(again asm.Label) {
		body(i)
		i.Increase(1)
		f.BranchIf(again, i.LtS(n))
	})
}

// chunks emits a loop over n values, at least size, in pieces of size: the last piece ends with the last value.
func chunks(f *asm.Func, n asm.I32, size int32, body func(at asm.LocalI32)) {
	last, at := f.Let(n.Sub(asm.Const(size))), f.Let(asm.Const(0))
	f.Loop(func(again asm.Label) {
		body(at)
		f.If(at.LtS(last.I32), func() {
			at.Increase(size)
			at.Set(at.MinS(last.I32))
			f.Branch(again)
		})
	})
}

// emitMaxPool emits max_pool.
func emitMaxPool(m *asm.Module) {
	f := m.Func("max_pool", 1)
	args := f.Param(0)
	field := func(offset int32) asm.I32 { return args.Load(offset) }
	in, out, row, col := f.I32(), f.I32(), f.I32(), f.I32()
	most := f.V128()
	times(f, field(poolH), func(y asm.LocalI32) {
		in.Set(field(poolIn).Add(y.Mul(field(poolInRow))))
		out.Set(field(poolOut).Add(y.Mul(field(poolOutRow))))
		times(f, field(poolW), func(asm.LocalI32) {
			chunks(f, field(poolC), 16, func(c asm.LocalI32) {
				row.Set(in.Add(c.I32))
				most.Set(row.LoadV128(0))
				times(f, field(poolKernel), func(asm.LocalI32) {
					col.Set(row.I32)
					times(f, field(poolKernel), func(asm.LocalI32) {
						most.Set(most.MaxU8x16(col.LoadV128(0)))
						col.Set(col.Add(field(poolColStep)))
					})
					row.Set(row.Add(field(poolRowStep)))
				})
				f.StoreV128(out.Add(c.I32), 0, most.V128)
			})
			in.Set(in.Add(field(poolInCol)))
			out.Set(out.Add(field(poolOutCol)))
		})
	})
}

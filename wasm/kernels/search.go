package kernels

import (
	"unsafe"

	"anomnet/wasm/kernels/asm"
)

// Offsets of NearestArgs.
var nearestAt = struct {
	e, panels, d2, scratch, n, d, groups, panelBytes, mainBytes, restBytes, stride, best int32
}{
	e: field(unsafe.Offsetof(NearestArgs{}.E)), panels: field(unsafe.Offsetof(NearestArgs{}.Panels)), d2: field(unsafe.Offsetof(NearestArgs{}.D2)),
	scratch: field(unsafe.Offsetof(NearestArgs{}.Scratch)), n: field(unsafe.Offsetof(NearestArgs{}.N)), d: field(unsafe.Offsetof(NearestArgs{}.D)),
	groups: field(unsafe.Offsetof(NearestArgs{}.Groups)), panelBytes: field(unsafe.Offsetof(NearestArgs{}.PanelBytes)),
	mainBytes: field(unsafe.Offsetof(NearestArgs{}.MainBytes)), restBytes: field(unsafe.Offsetof(NearestArgs{}.RestBytes)),
	stride: field(unsafe.Offsetof(NearestArgs{}.Stride)), best: field(unsafe.Offsetof(NearestArgs{}.Best)),
}

// Far is the norm of rows that do not exist: farther than any, and far enough from overflow.
const Far = 1 << 30

// RowNorm returns what a panel of a search holds for a row: |row|^2, and for the relaxed kernel, which sees e+Shift instead of e, 2*Shift*sum(row) with it,
// as -2 e.row = -2 (e+Shift).row + 2*Shift*sum(row).
func (d Dot) RowNorm(row []int8) int32 {
	var square, sum int32
	for _, v := range row {
		square += int32(v) * int32(v)
		sum += int32(v)
	}
	if d.Instruction != Int16 {
		return square + 2*shift*sum
	}
	return square
}

// shift makes embeddings of -63..63 the 1..127 that the relaxed dot takes.
const shift = 64

// Stride returns the bytes of a vector of n values as a search prepares it.
func (d Dot) Stride(n int) int { return (n + d.PerStep() - 1) / d.PerStep() * d.xBytes() }

// blockVectors is how many vectors a search prepares and holds against all panels: they stay in the first-level cache.
const blockVectors = 96

// NearestBest returns where the running minima begin in the scratch of a search. The last tile of a block may reach over its end.
func (d Dot) NearestBest(n int) int { return ((blockVectors+maxPositions)*d.Stride(n) + 47) / 16 * 16 }

// NearestScratch returns the bytes of scratch that a search needs for vectors of n values.
func (d Dot) NearestScratch(n int) int {
	return d.NearestBest(n) + (blockVectors+maxPositions)*bestBytes
}

// maxPositions is no smaller than the Positions of any tile.
const maxPositions = 8

// bestBytes is the size of a running minimum: one lane for every fourth row.
const bestBytes = 16

// emitNearest emits nearest8 or nearest16: blocks of vectors are prepared, held against all panels, and finished.
func emitNearest(m *asm.Module, name string, d Dot) {
	prepare, tile, finish := emitPrepare(m, d), emitNearestTile(m, d), emitFinish(m)
	f := m.Func(name, 1)
	args := f.Param(0)
	left, e, d2 := f.Let(args.Load(nearestAt.n)), f.Let(args.Load(nearestAt.e)), f.Let(args.Load(nearestAt.d2))
	count, x, best, group, panel := f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	end := f.I32()
	f.Loop(func(nextBlock asm.Label) {
		count.Set(left.MinS(asm.Const(blockVectors)))
		f.Call(prepare, args.I32, e.I32, count.I32)
		group.Set(args.Load(nearestAt.groups))
		panel.Set(args.Load(nearestAt.panels))
		f.Loop(func(nextPanel asm.Label) {
			x.Set(args.Load(nearestAt.scratch))
			best.Set(x.Add(args.Load(nearestAt.best)))
			end.Set(best.Add(count.Mul(asm.Const(bestBytes))))
			f.Loop(func(nextTile asm.Label) {
				f.Call(tile, args.I32, panel.I32, x.I32, best.I32)
				x.Set(x.Add(args.Load(nearestAt.stride).Mul(asm.Const(int32(d.Positions)))))
				best.Increase(int32(d.Positions * bestBytes))
				f.BranchIf(nextTile, best.LtU(end.I32))
			})
			panel.Set(panel.Add(args.Load(nearestAt.panelBytes)))
			group.Increase(-1)
			f.BranchIf(nextPanel, group.NonZero())
		})
		f.Call(finish, args.I32, e.I32, d2.I32, count.I32)
		e.Set(e.Add(count.Mul(args.Load(nearestAt.d))))
		d2.Set(d2.Add(count.Shl(2)))
		left.Set(left.Sub(count.I32))
		f.BranchIf(nextBlock, left.NonZero())
	})
}

// emitPrepare emits the function that copies count vectors to the scratch, as e+shift or as int16, and resets their minima.
func emitPrepare(m *asm.Module, d Dot) *asm.Func {
	f := m.Func("", 3)
	args, e, count := f.Param(0), f.Param(1), f.Param(2)
	row := f.Let(args.Load(nearestAt.scratch))
	best := f.Let(row.Add(args.Load(nearestAt.best)))
	from, to, end, v := f.I32(), f.I32(), f.I32(), f.V128()
	f.Loop(func(next asm.Label) {
		from.Set(e.I32)
		to.Set(row.I32)
		e.Set(e.Add(args.Load(nearestAt.d)))
		row.Set(row.Add(args.Load(nearestAt.stride)))
		end.Set(row.I32)
		f.Loop(func(again asm.Label) { // writes up to 31 bytes too many, which the next vector overwrites
			v.Set(from.LoadV128(0))
			if d.Instruction != Int16 {
				f.StoreV128(to.I32, 0, v.AddI8x16(asm.Const(shift).SplatI8x16()))
				to.Increase(16)
			} else {
				f.StoreV128(to.I32, 0, v.ExtendLowI8x16S())
				f.StoreV128(to.I32, 16, v.ExtendHighI8x16S())
				to.Increase(32)
			}
			from.Increase(16)
			f.BranchIf(again, to.LtU(end.I32))
		})
		f.StoreV128(best.I32, 0, asm.Const(Far).SplatI32x4())
		best.Increase(bestBytes)
		count.Increase(-1)
		f.BranchIf(next, count.NonZero())
	})
	return f
}

// emitNearestTile emits the function of one tile: its parameters are the arguments, a panel, the first prepared vector and its minimum.
func emitNearestTile(m *asm.Module, d Dot) *asm.Func {
	f := m.Func("", 4)
	args, panel, x, best := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	t := newTile(f, d)
	stride := f.Let(args.Load(nearestAt.stride))
	for p := range t.x {
		t.x[p].Set(x.I32)
		x.Set(x.Add(stride.I32))
		for _, acc := range t.acc[p] {
			acc.Set(asm.Const(0).SplatI32x4())
		}
	}
	t.w.Set(panel.Add(asm.Const(headBytes)))
	t.run(args.Load(nearestAt.mainBytes), args.Load(nearestAt.restBytes))
	for j := range vectors {
		t.b[j].Set(panel.LoadV128(int32(16 * j))) // norms
	}
	for p, acc := range t.acc {
		v := best.LoadV128(int32(p * bestBytes))
		for j := range acc {
			v = v.MinI32x4S(t.b[j].SubI32x4(acc[j].ShlI32x4(1)))
		}
		f.StoreV128(best.I32, int32(p*bestBytes), v)
	}
	return f
}

// emitFinish emits the function that turns minima into squared distances: + |e|^2, and lower what is in d2.
func emitFinish(m *asm.Module) *asm.Func {
	f := m.Func("", 4)
	args, e, d2, count := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	best := f.Let(args.Load(nearestAt.scratch).Add(args.Load(nearestAt.best)))
	vectorEnd, end, value, square := f.I32(), f.I32(), f.I32(), f.I32()
	sum, half := f.V128(), f.V128()
	least := func() {
		for lane := range byte(4) {
			v := best.Load(int32(4 * lane))
			value.Set(value.MinS(v))
		}
	}
	f.Loop(func(next asm.Label) {
		end.Set(e.Add(args.Load(nearestAt.d)))
		vectorEnd.Set(e.Add(args.Load(nearestAt.d).And(asm.Const(-8))))
		sum.Set(asm.Const(0).SplatI32x4())
		f.If(e.LtU(vectorEnd.I32), func() {
			f.Loop(func(again asm.Label) {
				half.Set(e.Load8x8S(0))
				sum.Set(sum.AddI32x4(half.DotI16x8S(half.V128)))
				e.Increase(8)
				f.BranchIf(again, e.LtU(vectorEnd.I32))
			})
		})
		square.Set(sum.ExtractI32x4(0).Add(sum.ExtractI32x4(1)).Add(sum.ExtractI32x4(2)).Add(sum.ExtractI32x4(3)))
		f.If(e.LtU(end.I32), func() {
			f.Loop(func(again asm.Label) {
				value.Set(e.Load8S(0))
				square.Set(square.Add(value.Mul(value.I32)))
				e.Increase(1)
				f.BranchIf(again, e.LtU(end.I32))
			})
		})
		value.Set(asm.Const(Far))
		least()
		value.Set(value.Add(square.I32))
		f.StoreI32(d2.I32, 0, value.MinS(d2.Load(0)))
		d2.Increase(4)
		best.Increase(bestBytes)
		count.Increase(-1)
		f.BranchIf(next, count.NonZero())
	})
	return f
}

package kernels

import (
	"unsafe"

	"anomnet/wasm/kernels/asm"
)

// Offsets of ConvArgs.
var convAt = struct {
	in, out, res, panels, factor, table, wide, h, w, inRow, inCol, outRow, outCol, resRow, resCol, span, channels, panelBytes, rows, mainBytes, restBytes,
	advance, residual, low, high, residualScale, magic, rowStep, excess, excessEnds, blockBytes int32
}{
	in: field(unsafe.Offsetof(ConvArgs{}.In)), out: field(unsafe.Offsetof(ConvArgs{}.Out)), res: field(unsafe.Offsetof(ConvArgs{}.Res)),
	panels: field(unsafe.Offsetof(ConvArgs{}.Panels)), factor: field(unsafe.Offsetof(ConvArgs{}.Factor)),
	table: field(unsafe.Offsetof(ConvArgs{}.Table)), wide: field(unsafe.Offsetof(ConvArgs{}.Wide)),
	h: field(unsafe.Offsetof(ConvArgs{}.H)), w: field(unsafe.Offsetof(ConvArgs{}.W)),
	inRow: field(unsafe.Offsetof(ConvArgs{}.InRow)), inCol: field(unsafe.Offsetof(ConvArgs{}.InCol)),
	outRow: field(unsafe.Offsetof(ConvArgs{}.OutRow)), outCol: field(unsafe.Offsetof(ConvArgs{}.OutCol)),
	resRow: field(unsafe.Offsetof(ConvArgs{}.ResRow)), resCol: field(unsafe.Offsetof(ConvArgs{}.ResCol)),
	span: field(unsafe.Offsetof(ConvArgs{}.Span)), channels: field(unsafe.Offsetof(ConvArgs{}.Channels)),
	panelBytes: field(unsafe.Offsetof(ConvArgs{}.PanelBytes)), rows: field(unsafe.Offsetof(ConvArgs{}.Rows)),
	mainBytes: field(unsafe.Offsetof(ConvArgs{}.MainBytes)), restBytes: field(unsafe.Offsetof(ConvArgs{}.RestBytes)),
	advance: field(unsafe.Offsetof(ConvArgs{}.Advance)), residual: field(unsafe.Offsetof(ConvArgs{}.Residual)),
	low: field(unsafe.Offsetof(ConvArgs{}.Low)), high: field(unsafe.Offsetof(ConvArgs{}.High)),
	rowStep: field(unsafe.Offsetof(ConvArgs{}.RowStep)), excess: field(unsafe.Offsetof(ConvArgs{}.Excess)),
	blockBytes:    field(unsafe.Offsetof(ConvArgs{}.BlockBytes)),
	excessEnds:    field(unsafe.Offsetof(ConvArgs{}.ExcessEnds)),
	residualScale: field(unsafe.Offsetof(ConvArgs{}.ResidualScale)), magic: field(unsafe.Offsetof(ConvArgs{}.Magic)),
}

// An entry of the table of positions: addresses of its window, its outputs and its residual, and its factor.
const (
	entryIn     = 0
	entryOut    = 4
	entryRes    = 8
	entryFactor = 12
	entryBytes  = 16
)

// epilogue says what happens to accumulators before they are clamped.
type epilogue struct{ factor, residual bool }

// emitConv emits conv8 or conv16 and its tiles. A function for each kind of epilogue keeps branches and spills out of the tiles, and a function for each tile
// lets the browser switch to optimised code in the middle of the first call.
func emitConv(m *asm.Module, name string, d Dot) {
	plain := emitConvTile(m, d, epilogue{})
	factor := emitConvTile(m, d, epilogue{factor: true})
	residual := emitConvTile(m, d, epilogue{factor: true, residual: true})
	table := emitTable(m, d)
	var widen *asm.Func
	if d.Instruction == Int16 {
		widen = emitWiden(m)
	}
	f := m.Func(name, 1)
	args := f.Param(0)
	if widen != nil {
		f.Call(widen, args.I32)
	}
	f.Call(table, args.I32)
	first := f.Let(args.Load(convAt.table))
	last := f.Let(first.Add(args.Load(convAt.h).Mul(args.Load(convAt.w)).Mul(asm.Const(entryBytes))))
	panel, channel, entry, end := f.I32(), f.I32(), f.I32(), f.I32()
	call := func(tile *asm.Func) func() {
		return func() { f.Call(tile, args.I32, panel.I32, entry.I32, channel.I32) }
	}
	f.Loop(func(nextBlock asm.Label) {
		end.Set(first.Add(args.Load(convAt.blockBytes)).MinS(last.I32))
		panel.Set(args.Load(convAt.panels))
		channel.Set(asm.Const(0))
		f.Loop(func(nextPanel asm.Label) {
			entry.Set(first.I32)
			f.Loop(func(nextTile asm.Label) {
				f.IfElse(args.Load(convAt.residual), call(residual), func() {
					f.IfElse(args.Load(convAt.factor), call(factor), call(plain))
				})
				entry.Increase(int32(d.TileBytes()))
				f.BranchIf(nextTile, entry.LtU(end.I32))
			})
			panel.Set(panel.Add(args.Load(convAt.panelBytes)))
			channel.Increase(Group)
			f.BranchIf(nextPanel, channel.LtS(args.Load(convAt.channels)))
		})
		first.Set(entry.I32)
		f.BranchIf(nextBlock, first.LtU(last.I32))
	})
}

// emitWiden emits the first pass of conv16: the span of x as int16.
func emitWiden(m *asm.Module) *asm.Func {
	f := m.Func("", 1)
	args := f.Param(0)
	from, to := f.Let(args.Load(convAt.in)), f.Let(args.Load(convAt.wide))
	end := f.Let(from.Add(args.Load(convAt.span)))
	x := f.V128()
	f.Loop(func(again asm.Label) {
		x.Set(from.LoadV128(0))
		f.StoreV128(to.I32, 0, x.ExtendLowI8x16U())
		f.StoreV128(to.I32, 16, x.ExtendHighI8x16U())
		from.Increase(16)
		to.Increase(32)
		f.BranchIf(again, from.LtU(end.I32))
	})
	return f
}

// emitTable emits the function that fills the table of positions up to whole tiles: the last tile repeats the last position.
func emitTable(m *asm.Module, d Dot) *asm.Func {
	f := m.Func("", 1)
	args := f.Param(0)
	scale := int32(0) // conv16 reads the widened x
	rowIn, rowOut, rowRes := f.Let(args.Load(convAt.in)), f.Let(args.Load(convAt.out)), f.Let(args.Load(convAt.res))
	if d.Instruction == Int16 {
		scale = 1
		rowIn.Set(args.Load(convAt.wide))
	}
	factor, entry := f.Let(args.Load(convAt.factor)), f.Let(args.Load(convAt.table))
	one := asm.ConstF32(1).Bits()
	in, out, res, x, y, value := f.I32(), f.I32(), f.I32(), f.I32(), f.Let(args.Load(convAt.h)), f.Let(one)
	write := func() {
		f.StoreI32(entry.I32, entryIn, in.I32)
		f.StoreI32(entry.I32, entryOut, out.I32)
		f.StoreI32(entry.I32, entryRes, res.I32)
		f.StoreI32(entry.I32, entryFactor, value.I32)
		entry.Increase(entryBytes)
	}
	step := func(l asm.LocalI32, offset, shift int32) { l.Set(l.Add(args.Load(offset).Shl(shift))) }
	f.Loop(func(nextRow asm.Label) {
		in.Set(rowIn.I32)
		out.Set(rowOut.I32)
		res.Set(rowRes.I32)
		x.Set(args.Load(convAt.w))
		f.Loop(func(next asm.Label) {
			f.If(factor.NonZero(), func() {
				value.Set(factor.Load(0))
				factor.Increase(4)
			})
			write()
			x.Increase(-1)
			f.If(x.NonZero(), func() { // not past the last position, which is repeated
				step(in, convAt.inCol, scale)
				step(out, convAt.outCol, 0)
				step(res, convAt.resCol, 0)
				f.Branch(next)
			})
		})
		step(rowIn, convAt.inRow, scale)
		step(rowOut, convAt.outRow, 0)
		step(rowRes, convAt.resRow, 0)
		y.Increase(-1)
		f.BranchIf(nextRow, y.NonZero())
	})
	for range d.Positions - 1 {
		write()
	}
	return f
}

// emitConvTile emits the function of one tile: its parameters are the arguments, the panel, the first entry and the first channel.
func emitConvTile(m *asm.Module, d Dot, e epilogue) *asm.Func {
	f := m.Func("", 4)
	args, panel, entry, channel := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	t := newTile(f, d)
	for p, x := range t.x {
		x.Set(entry.Load(int32(p*entryBytes + entryIn)))
		for j, acc := range t.acc[p] {
			acc.Set(panel.LoadV128(int32(16 * j))) // biases
		}
	}
	t.w.Set(panel.Add(asm.Const(2 * headBytes)))
	rows := f.Let(args.Load(convAt.rows))
	f.Loop(func(nextRun asm.Label) {
		t.run(args.Load(convAt.mainBytes), args.Load(convAt.restBytes))
		for _, x := range t.x {
			x.Set(x.Add(args.Load(convAt.advance)))
		}
		rows.Increase(-1)
		f.BranchIf(nextRun, rows.NonZero())
	})
	if d.Instruction == Chained {
		t.addExcess(args, entry, channel)
	}
	q := requantiser{f: f, low: f.LetV128(args.Load32Splat(convAt.low)), high: f.LetV128(args.Load32Splat(convAt.high)),
		magic: f.LetV128(args.Load32Splat(convAt.magic))}
	for p := range t.acc {
		t.scale(p, e, args, panel, entry, channel, q)
	}
	t.store(args, entry, channel)
	return f
}

// addExcess emits the products of the quads that do not fit into chains: 1.3 % of the default backbone's.
func (t *tile) addExcess(args, entry, channel asm.LocalI32) {
	f := t.f
	ends := f.Let(args.Load(convAt.excessEnds).Add(channel.ShrU(1))) // 4 bytes for 8 channels
	t.w.Set(args.Load(convAt.excess).Add(ends.Load(0)))
	t.stop.Set(args.Load(convAt.excess).Add(ends.Load(4)))
	at := f.I32()
	f.If(t.w.LtU(t.stop.I32), func() {
		f.Loop(func(again asm.Label) {
			at.Set(t.w.Load(excessRun).Mul(args.Load(convAt.rowStep)).Add(t.w.Load(excessAt)))
			for j := range vectors {
				t.b[j].Set(t.w.LoadV128(excessWeights + int32(16*j)))
			}
			for p := range t.acc {
				t.a.Set(entry.Load(int32(p*entryBytes + entryIn)).Add(at.I32).Load32Splat(0))
				for j, acc := range t.acc[p] {
					acc.Set(acc.AddI32x4(t.b[j].RelaxedDotI8x16I7x16S(t.a.V128).DotI16x8S(t.ones.V128)))
				}
			}
			t.w.Increase(excessBytes)
			f.BranchIf(again, t.w.LtU(t.stop.I32))
		})
	})
}

// Offsets of Excess.
const (
	excessRun     = int32(unsafe.Offsetof(Excess{}.Run))
	excessAt      = int32(unsafe.Offsetof(Excess{}.At))
	excessWeights = int32(unsafe.Offsetof(Excess{}.Weights))
	excessBytes   = int32(unsafe.Sizeof(Excess{}))
)

// requantiser clamps and rounds.
type requantiser struct {
	f                *asm.Func
	low, high, magic asm.LocalV128
}

// whole returns clamp(roundHalfToEven(v), low, high) as i32x4. Clamping first gives the same and keeps the sum in range.
func (q requantiser) whole(v asm.V128) asm.V128 {
	return v.PmaxF32x4(q.low.V128).PminF32x4(q.high.V128).AddF32x4(q.magic.V128).SubI32x4(q.magic.V128)
}

// scale emits the way from accumulators to whole outputs of position p, in the order of core/engine/kernels.go; acc[p][0] becomes i16x8.
func (t *tile) scale(p int, e epilogue, args, panel, entry, channel asm.LocalI32, q requantiser) {
	at := int32(p * entryBytes)
	res := t.a
	if e.residual { // u7 is the same as int8 bits
		res.Set(entry.Load(at + entryRes).Add(channel.I32).Load8x8S(0))
	}
	for j, acc := range t.acc[p] {
		v := acc.ConvertI32x4S().MulF32x4(panel.LoadV128(int32(headBytes + 16*j)))
		if e.factor {
			v = v.MulF32x4(entry.Load32Splat(at + entryFactor))
		}
		if e.residual {
			r := res.ExtendLowI16x8S()
			if j == 1 {
				r = res.ExtendHighI16x8S()
			}
			v = v.AddF32x4(r.ConvertI32x4S().MulF32x4(args.Load32Splat(convAt.residualScale)))
		}
		acc.Set(q.whole(v))
	}
	t.acc[p][0].Set(t.acc[p][0].NarrowI32x4S(t.acc[p][1].V128))
}

// store emits the stores of a tile: Group bytes for each position, or fewer in the last panel.
func (t *tile) store(args, entry, channel asm.LocalI32) {
	f := t.f
	left := f.Let(args.Load(convAt.channels).Sub(channel.I32))
	bytes := func(p int) asm.V128 { return t.acc[p][0].NarrowI16x8S(t.acc[p][0].V128) }
	f.IfElse(left.LtS(asm.Const(Group)), func() {
		// Through memory behind the table.
		spill := f.Let(args.Load(convAt.table).Add(tableEnd(args, t.dot)))
		for p := range t.acc {
			f.Store64Lane(spill.I32, int32(p*Group), bytes(p), 0)
		}
		i, out := f.I32(), f.I32()
		for p := range t.acc {
			out.Set(entry.Load(int32(p*entryBytes + entryOut)).Add(channel.I32))
			i.Set(asm.Const(0))
			f.Loop(func(again asm.Label) {
				f.Store8(out.Add(i.I32), 0, spill.Add(i.I32).Load8U(int32(p*Group)))
				i.Increase(1)
				f.BranchIf(again, i.LtS(left.I32))
			})
		}
	}, func() {
		for p := range t.acc {
			f.Store64Lane(entry.Load(int32(p*entryBytes+entryOut)).Add(channel.I32), 0, bytes(p), 0)
		}
	})
}

// tableEnd returns the size of the table as it is written: Positions-1 entries more than positions.
func tableEnd(args asm.LocalI32, d Dot) asm.I32 {
	return args.Load(convAt.h).Mul(args.Load(convAt.w)).Add(asm.Const(int32(d.Positions - 1))).Mul(asm.Const(entryBytes))
}

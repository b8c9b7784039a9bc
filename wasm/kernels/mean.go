package kernels

import (
	"unsafe"

	"anomnet/wasm/kernels/asm"
)

// Offsets of MeanArgs.
const (
	meanIn      = int32(unsafe.Offsetof(MeanArgs{}.In))
	meanOut     = int32(unsafe.Offsetof(MeanArgs{}.Out))
	meanScale   = int32(unsafe.Offsetof(MeanArgs{}.Scale))
	meanScratch = int32(unsafe.Offsetof(MeanArgs{}.Scratch))
	meanH       = int32(unsafe.Offsetof(MeanArgs{}.H))
	meanW       = int32(unsafe.Offsetof(MeanArgs{}.W))
	meanC       = int32(unsafe.Offsetof(MeanArgs{}.C))
	meanInRow   = int32(unsafe.Offsetof(MeanArgs{}.InRow))
	meanInCol   = int32(unsafe.Offsetof(MeanArgs{}.InCol))
	meanOutRow  = int32(unsafe.Offsetof(MeanArgs{}.OutRow))
	meanOutCol  = int32(unsafe.Offsetof(MeanArgs{}.OutCol))
	meanUp      = int32(unsafe.Offsetof(MeanArgs{}.Up))
	meanZeros   = int32(unsafe.Offsetof(MeanArgs{}.Zeros))
	meanLow     = int32(unsafe.Offsetof(MeanArgs{}.Low))
	meanHigh    = int32(unsafe.Offsetof(MeanArgs{}.High))
	meanMagic   = int32(unsafe.Offsetof(MeanArgs{}.Magic))
)

// spareRows is how many rows of int16 lie in the scratch before the sums.
const spareRows = 4

// mean is local_mean while it is emitted. Sums are at most 127*144 = 18,288 and stay in int16 until they are scaled.
type mean struct {
	f     *asm.Func
	args  asm.LocalI32
	w, c  asm.LocalI32
	bytes asm.LocalI32 // of a row of int16
	spare asm.LocalI32 // one such row
	sums  asm.LocalI32 // all rows, with Up
	q     requantiser
}

// emitMean emits local_mean.
func emitMean(m *asm.Module) {
	f := m.Func("local_mean", 1)
	args := f.Param(0)
	k := &mean{f: f, args: args, w: f.Let(args.Load(meanW)), c: f.Let(args.Load(meanC)), spare: f.Let(args.Load(meanScratch)),
		q: requantiser{f: f, low: f.LetV128(args.Load32Splat(meanLow)), high: f.LetV128(args.Load32Splat(meanHigh)), magic: f.LetV128(args.Load32Splat(meanMagic))}}
	k.bytes = f.Let(k.w.Mul(k.c.I32).Shl(1))
	k.sums = f.Let(k.spare.Add(k.bytes.Mul(asm.Const(spareRows))))
	h := f.Let(args.Load(meanH))
	times(f, h.I32, func(y asm.LocalI32) {
		k.columnSums(y, h)
		f.IfElse(args.Load(meanUp), func() { k.boxSums(y) }, func() { k.means(y) })
	})
	f.If(args.Load(meanUp), func() {
		times(f, h.Shl(1), func(y asm.LocalI32) {
			k.between(y, h)
			k.upsampled(y)
		})
	})
}

// columnSums fills the spare row with sums over rows y-1..y+1.
func (k *mean) columnSums(y, h asm.LocalI32) {
	row := func(i asm.I32) asm.LocalI32 { return k.f.Let(k.args.Load(meanIn).Add(i.Mul(k.args.Load(meanInRow)))) }
	up, mid, down := row(before(y)), row(y.I32), row(after(y, h))
	first, last := k.counts(y, asm.Const(0)), k.counts(y, h.Sub(asm.Const(1)))
	to := k.f.Let(k.spare.I32)
	times(k.f, k.w.I32, func(asm.LocalI32) {
		chunks(k.f, k.c.I32, 8, func(c asm.LocalI32) {
			at := func(row asm.LocalI32) asm.V128 { return row.Add(c.I32).Load8x8U(0) }
			k.f.StoreV128(to.Add(c.Shl(1)), 0, at(up).MulI16x8(first.V128).AddI16x8(at(mid)).AddI16x8(at(down).MulI16x8(last.V128)))
		})
		to.Set(to.Add(k.c.Shl(1)))
		for _, r := range []asm.LocalI32{up, mid, down} {
			r.Set(r.Add(k.args.Load(meanInCol)))
		}
	})
}

// counts returns how often the neighbour outside counts when i is end: 0 when zeros lie there, 1 when the edge is repeated and everywhere else.
func (k *mean) counts(i asm.LocalI32, end asm.I32) asm.LocalV128 {
	return k.f.LetV128(asm.Const(1).Sub(k.args.Load(meanZeros).And(i.Eq(end))).SplatI16x8())
}

// acrossSum returns a func for the sum of three neighbours of the spare row at position x.
func (k *mean) acrossSum(x asm.LocalI32) func(c asm.LocalI32) asm.V128 {
	pixel := func(i asm.I32) asm.LocalI32 { return k.f.Let(k.spare.Add(i.Mul(k.c.I32).Shl(1))) }
	l, m, r := pixel(before(x)), pixel(x.I32), pixel(after(x, k.w))
	first, last := k.counts(x, asm.Const(0)), k.counts(x, k.w.Sub(asm.Const(1)))
	return func(c asm.LocalI32) asm.V128 {
		at := func(p asm.LocalI32) asm.V128 { return p.Add(c.Shl(1)).LoadV128(0) }
		return at(l).MulI16x8(first.V128).AddI16x8(at(m)).AddI16x8(at(r).MulI16x8(last.V128))
	}
}

// boxSums keeps the sums of row y.
func (k *mean) boxSums(y asm.LocalI32) {
	to := k.f.Let(k.sums.Add(y.Mul(k.bytes.I32)))
	times(k.f, k.w.I32, func(x asm.LocalI32) {
		sum := k.acrossSum(x)
		chunks(k.f, k.c.I32, 8, func(c asm.LocalI32) { k.f.StoreV128(to.Add(c.Shl(1)), 0, sum(c)) })
		to.Set(to.Add(k.c.Shl(1)))
	})
}

// means writes row y of the output.
func (k *mean) means(y asm.LocalI32) {
	out := k.outRow(y)
	times(k.f, k.w.I32, func(x asm.LocalI32) {
		sum := k.acrossSum(x)
		chunks(k.f, k.c.I32, 8, func(c asm.LocalI32) { k.requantise(out, c, sum(c)) })
		out.Set(out.Add(k.args.Load(meanOutCol)))
	})
}

// between fills the spare row for row y of the doubled output: three times the nearer row of sums, and the farther one.
func (k *mean) between(y, h asm.LocalI32) {
	row := func(i asm.I32) asm.LocalI32 { return k.f.Let(k.sums.Add(i.Mul(k.bytes.I32))) }
	near, far := row(y.ShrU(1)), row(farther(k.f, y, h))
	chunks(k.f, k.w.Mul(k.c.I32), 8, func(i asm.LocalI32) {
		at := func(row asm.LocalI32) asm.V128 { return row.Add(i.Shl(1)).LoadV128(0) }
		k.f.StoreV128(k.spare.Add(i.Shl(1)), 0, threeAndOne(at(near), at(far)))
	})
}

// upsampled writes row y of the doubled output.
func (k *mean) upsampled(y asm.LocalI32) {
	out := k.outRow(y)
	pixel := func(i asm.I32) asm.LocalI32 { return k.f.Let(k.spare.Add(i.Mul(k.c.I32).Shl(1))) }
	times(k.f, k.w.Shl(1), func(x asm.LocalI32) {
		near, far := pixel(x.ShrU(1)), pixel(farther(k.f, x, k.w))
		chunks(k.f, k.c.I32, 8, func(c asm.LocalI32) {
			at := func(p asm.LocalI32) asm.V128 { return p.Add(c.Shl(1)).LoadV128(0) }
			k.requantise(out, c, threeAndOne(at(near), at(far)))
		})
		out.Set(out.Add(k.args.Load(meanOutCol)))
	})
}

func (k *mean) outRow(y asm.LocalI32) asm.LocalI32 {
	return k.f.Let(k.args.Load(meanOut).Add(y.Mul(k.args.Load(meanOutRow))))
}

// requantise writes 8 channels from their sums.
func (k *mean) requantise(out, c asm.LocalI32, sums asm.V128) {
	s := k.f.LetV128(sums)
	scale := k.f.Let(k.args.Load(meanScale).Add(c.Shl(2)))
	low := k.q.whole(s.ExtendLowI16x8S().ConvertI32x4S().MulF32x4(scale.LoadV128(0)))
	high := k.q.whole(s.ExtendHighI16x8S().ConvertI32x4S().MulF32x4(scale.LoadV128(16)))
	s.Set(low.NarrowI32x4S(high))
	k.f.Store64Lane(out.Add(c.I32), 0, s.NarrowI16x8S(s.V128), 0)
}

// threeAndOne returns 3a + b.
func threeAndOne(a, b asm.V128) asm.V128 {
	return a.MulI16x8(asm.Const(3).SplatI16x8()).AddI16x8(b)
}

// before returns max(i-1, 0), after min(i+1, n-1).
func before(i asm.LocalI32) asm.I32 { return i.Sub(asm.Const(1)).MaxS(asm.Const(0)) }

func after(i, n asm.LocalI32) asm.I32 { return i.Add(asm.Const(1)).MinS(n.Sub(asm.Const(1))) }

// farther returns the second source of doubled position p: the one before for even p, the one after for odd.
func farther(f *asm.Func, p, n asm.LocalI32) asm.I32 {
	i := f.Let(p.ShrU(1).Add(p.And(asm.Const(1)).Shl(1)).Sub(asm.Const(1)))
	return i.MaxS(asm.Const(0)).MinS(n.Sub(asm.Const(1)))
}

package kernels

import "anomnet/wasm/kernels/asm"

// vectors is how many vectors the accumulators of a position are.
const vectors = Group / 4

// tile is the inner loop of a kernel while it is emitted: accumulators of Positions x Group, and where they read.
type tile struct {
	dot  Dot
	f    *asm.Func
	x    []asm.LocalI32 // by position
	w    asm.LocalI32
	acc  [][vectors]asm.LocalV128
	a    asm.LocalV128 // the x of the moment
	b    [vectors]asm.LocalV128
	stop asm.LocalI32
}

func newTile(f *asm.Func, d Dot) *tile {
	t := &tile{dot: d, f: f, w: f.I32(), stop: f.I32(), x: make([]asm.LocalI32, d.Positions), acc: make([][vectors]asm.LocalV128, d.Positions)}
	for p := range t.x {
		t.x[p] = f.I32()
	}
	for p := range t.acc {
		for j := range t.acc[p] {
			t.acc[p][j] = f.V128()
		}
	}
	t.a = f.V128()
	for j := range t.b {
		t.b[j] = f.V128()
	}
	return t
}

// run emits the steps of one run: mainBytes of weights in turns of Unroll steps, then restBytes in single ones.
func (t *tile) run(mainBytes, restBytes asm.I32) {
	t.steps(mainBytes, t.dot.Unroll)
	t.steps(restBytes, 1)
}

// steps emits a loop over n bytes of weights, which may be 0.
func (t *tile) steps(n asm.I32, unroll int) {
	t.stop.Set(t.w.Add(n))
	t.f.If(t.w.LtU(t.stop.I32), func() {
		t.f.Loop(func(again asm.Label) {
			for s := range unroll {
				t.step(s)
			}
			for _, x := range t.x {
				x.Increase(int32(unroll * xStep))
			}
			t.w.Increase(int32(unroll * StepBytes))
			t.f.BranchIf(again, t.w.LtU(t.stop.I32))
		})
	})
}

// step emits the products of one step: PerStep values of x for each position with those of Group channels.
func (t *tile) step(s int) {
	for j := range t.b {
		t.b[j].Set(t.w.LoadV128(int32(s*StepBytes + 16*j)))
	}
	for p, x := range t.x {
		t.a.Set(x.Load32Splat(int32(s * xStep)))
		for j, acc := range t.acc[p] {
			acc.Set(t.dot.addTo(acc.V128, t.b[j].V128, t.a.V128))
		}
	}
}

// addTo returns acc + w.x.
func (d Dot) addTo(acc, w, x asm.V128) asm.V128 {
	if d.Relaxed {
		return w.RelaxedDotI8x16I7x16AddS(x, acc)
	}
	return acc.AddI32x4(w.DotI16x8S(x))
}

// emitPeak emits the inner instructions alone, n turns of Unroll steps on registers: the speed limit that kernels are held against.
func emitPeak(m *asm.Module, name string, d Dot) {
	f := m.Func(name, 1)
	args := f.Param(0)
	n := f.Let(args.Load(0))
	t := newTile(f, d)
	t.a.Set(args.LoadV128(16))
	for j := range t.b {
		t.b[j].Set(args.LoadV128(int32(32 + 16*j)))
	}
	f.Loop(func(again asm.Label) {
		for range d.Unroll {
			for p := range t.acc {
				for j, acc := range t.acc[p] {
					acc.Set(d.addTo(acc.V128, t.b[j].V128, t.a.V128))
				}
			}
		}
		n.Set(n.Sub(asm.Const(1)))
		f.BranchIf(again, n.NonZero())
	})
	for p := range t.acc {
		for _, acc := range t.acc[p] {
			f.StoreV128(args.I32, 16, args.LoadV128(16).AddI32x4(acc.V128))
		}
	}
}

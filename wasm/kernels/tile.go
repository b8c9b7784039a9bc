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
	a    asm.LocalV128   // the x of the moment
	b    []asm.LocalV128 // weights
	ones asm.LocalV128
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
	for range max(vectors, d.Chain) {
		t.b = append(t.b, f.V128())
	}
	if d.Instruction == Chained {
		t.ones = f.LetV128(asm.Const(1).SplatI16x8())
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
				x.Increase(int32(unroll * t.dot.xBytes()))
			}
			t.w.Increase(int32(unroll * t.dot.StepBytes()))
			t.f.BranchIf(again, t.w.LtU(t.stop.I32))
		})
	})
}

// step emits the products of one step: PerStep values of x for each position with those of Group channels.
func (t *tile) step(s int) {
	if t.dot.Instruction == Chained {
		t.chainedStep(s)
		return
	}
	for j := range vectors {
		t.b[j].Set(t.w.LoadV128(int32(s*quadBytes + 16*j)))
	}
	for p, x := range t.x {
		t.a.Set(x.Load32Splat(int32(s * loadBytes)))
		for j, acc := range t.acc[p] {
			acc.Set(t.product(acc.V128, t.b[j].V128, t.a.V128))
		}
	}
}

// product returns acc + w.x.
func (t *tile) product(acc, w, x asm.V128) asm.V128 {
	if t.dot.Instruction == Quad {
		return w.RelaxedDotI8x16I7x16AddS(x, acc)
	}
	return acc.AddI32x4(w.DotI16x8S(x))
}

// chainedStep loads x again for the second vector of channels: that is cheaper than the registers to keep it.
func (t *tile) chainedStep(s int) {
	s *= t.dot.Chain
	for j := range vectors {
		for i := range t.dot.Chain {
			t.b[i].Set(t.w.LoadV128(int32((s+i)*quadBytes + 16*j)))
		}
		for p, x := range t.x {
			t.acc[p][j].Set(t.chainedProduct(t.acc[p][j].V128, func(i int) asm.V128 { return x.Load32Splat(int32((s + i) * loadBytes)) }))
		}
	}
}

// chainedProduct returns acc + b[0].x(0) + b[1].x(1) + ..., summed in int16 first.
func (t *tile) chainedProduct(acc asm.V128, x func(i int) asm.V128) asm.V128 {
	sum := t.b[0].RelaxedDotI8x16I7x16S(x(0))
	for i := 1; i < t.dot.Chain; i++ {
		sum = sum.AddI16x8(t.b[i].RelaxedDotI8x16I7x16S(x(i)))
	}
	return acc.AddI32x4(sum.DotI16x8S(t.ones.V128))
}

// emitPeak emits the inner instructions alone, n turns of Unroll steps on registers: the speed limit that kernels are held against.
func emitPeak(m *asm.Module, name string, d Dot) {
	f := m.Func(name, 1)
	args := f.Param(0)
	n := f.Let(args.Load(0))
	t := newTile(f, d)
	for i := range t.b {
		t.b[i].Set(args.LoadV128(int32(16 + 16*i))) // all different, or the compiler would make one product of two
	}
	f.Loop(func(again asm.Label) {
		for range d.Unroll {
			for p := range t.acc {
				for j, acc := range t.acc[p] { // with itself, or the compiler would see that the products are all the same
					if d.Instruction == Chained {
						acc.Set(t.chainedProduct(acc.V128, func(int) asm.V128 { return acc.V128 }))
					} else {
						acc.Set(t.product(acc.V128, t.b[j].V128, acc.V128))
					}
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

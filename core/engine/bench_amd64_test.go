package engine_test

import (
	"fmt"
	"testing"
	"time"

	"anomnet/core/engine"
	"anomnet/core/engine/internal/x86"
)

type layer struct{ size, in, out, kernel, stride int }

func BenchmarkConv(b *testing.B) {
	for _, l := range []layer{{256, 3, 24, 3, 2}, {128, 24, 48, 3, 2}, {64, 48, 48, 3, 1}, {64, 48, 96, 3, 2}, {32, 96, 96, 3, 1}, {32, 96, 192, 3, 2},
		{16, 192, 192, 3, 1}, {64, 64, 64, 3, 1}, {32, 288, 128, 1, 1},
		{64, 64, 128, 3, 2}, {32, 128, 128, 3, 1}, {16, 256, 256, 3, 1}, {64, 64, 256, 1, 1}, {64, 256, 64, 1, 1}, {16, 1024, 256, 1, 1}, {64, 37, 40, 3, 1}} {
		for _, k := range engine.Tiers()[2:] {
			b.Run(fmt.Sprintf("%s/%dx%d-%d-k%ds%d", k.Name(), l.size, l.in, l.out, l.kernel, l.stride), func(b *testing.B) { benchConv(b, k, l) })
		}
	}
}

func benchConv(b *testing.B, k engine.Kernels, l layer) {
	c := &engine.Conv{Out: l.out, Rows: l.kernel, Run: l.kernel * l.in, Weight: make([]int8, l.out*l.kernel*l.kernel*l.in), Bias: make([]int32, l.out),
		Scale: make([]float32, l.out), High: 127}
	conv, err := k.NewConv(c)
	if err != nil {
		b.Fatal(err)
	}
	n, row := l.size/l.stride, (l.size+2)*l.in
	call := &engine.ConvCall{H: n, W: n, RowStep: row, In: engine.Plane{Data: make([]uint8, row*(l.size+2)+16), Row: l.stride * row, Col: l.stride * l.in},
		Out: engine.Plane{Data: make([]uint8, n*n*l.out), Row: n * l.out, Col: l.out}}
	call.Scratch = make([]uint8, conv.Scratch(call))
	isa := x86.VNNI
	if k.Name() == "avx2" {
		isa = x86.AVX2
	}
	peak, ours := time.Hour, time.Hour // the shortest: others use the machine too
	steps, macs := n*n*l.out*l.kernel*l.kernel*l.in/isa.Peak(1), n*n*l.out*l.kernel*l.kernel*l.in
	for b.Loop() {
		start := time.Now()
		conv.Run(call)
		mid := time.Now()
		isa.Peak(steps)
		ours, peak = min(ours, mid.Sub(start)), min(peak, time.Since(mid))
	}
	gops := func(d time.Duration) float64 { return 2 * float64(macs) / float64(d.Nanoseconds()) }
	b.ReportMetric(float64(ours.Nanoseconds())/1000, "us")
	b.ReportMetric(gops(ours), "GOP/s")
	b.ReportMetric(100*gops(ours)/gops(peak), "%peak")
}

func BenchmarkSearch(b *testing.B) {
	for _, k := range engine.Tiers()[1:] {
		for _, n := range []int{1, 1024} {
			for _, rows := range []int{1, 2048} {
				b.Run(fmt.Sprintf("%s/%dx%dx128", k.Name(), n, rows), func(b *testing.B) {
					s, err := k.NewSearch(128)
					if err != nil {
						b.Fatal(err)
					}
					for range rows {
						s.Append(make([]int8, 128))
					}
					e, d2 := make([]int8, n*128), make([]int32, n)
					best := time.Hour
					for b.Loop() {
						start := time.Now()
						s.Nearest(e, n, 0, d2)
						best = min(best, time.Since(start))
					}
					b.ReportMetric(float64(best.Nanoseconds())/1000, "us")
					b.ReportMetric(2*float64(n*rows*128)/float64(best.Nanoseconds()), "GOP/s")
				})
			}
		}
	}
}

func BenchmarkMean(b *testing.B) {
	for _, k := range engine.Tiers()[1:] {
		for _, v := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
			up, zeros := v[0], v[1]
			b.Run(fmt.Sprintf("%s/up=%v/zeros=%v", k.Name(), up, zeros), func(b *testing.B) {
				size, c := 32, 96
				if up {
					size, c = 16, 192
				}
				call := engine.MeanCall{H: size, W: size, C: c, In: engine.Plane{Data: make([]uint8, size*size*c+16), Row: size * c, Col: c},
					Out: engine.Plane{Data: make([]uint8, 32*32*288), Row: 32 * 288, Col: 288}, Up: up, Zeros: zeros, Scale: make([]float32, c),
					Scratch: make([]uint16, engine.MeanScratch(size, size, c))}
				best := time.Hour
				for b.Loop() {
					start := time.Now()
					k.LocalMean(&call)
					best = min(best, time.Since(start))
				}
				b.ReportMetric(float64(best.Nanoseconds())/1000, "us")
			})
		}
	}
}

func BenchmarkPool(b *testing.B) {
	for _, k := range engine.Tiers()[1:] {
		b.Run(k.Name(), func(b *testing.B) {
			row := 130 * 64
			call := engine.PoolCall{H: 64, W: 64, C: 64, Kernel: 3, RowStep: row, ColStep: 64, In: engine.Plane{Data: make([]uint8, 130*row), Row: 2 * row, Col: 128},
				Out: engine.Plane{Data: make([]uint8, 64*64*64), Row: 64 * 64, Col: 64}}
			best := time.Hour
			for b.Loop() {
				start := time.Now()
				k.MaxPool(&call)
				best = min(best, time.Since(start))
			}
			b.ReportMetric(float64(best.Nanoseconds())/1000, "us")
		})
	}
}

// BenchmarkBackbone has the shapes of the default backbone.
func BenchmarkBackbone(b *testing.B) {
	g := &engine.Graph{Input: engine.InputU7, Taps: []string{"5", "8"}}
	for i, l := range []layer{{0, 3, 24, 3, 2}, {0, 24, 48, 3, 2}, {0, 48, 48, 3, 1}, {0, 48, 96, 3, 2}, {0, 96, 96, 3, 1}, {0, 96, 96, 3, 1}, {0, 96, 192, 3, 2},
		{0, 192, 192, 3, 1}, {0, 192, 192, 3, 1}} {
		op := engine.Op{Name: fmt.Sprint(i), Kind: engine.KindConv, Input: fmt.Sprint(i - 1), In: l.in, Out: l.out, Kernel: 3, Stride: l.stride, Pad: 1,
			Weight: make([]int8, 9*l.in*l.out), Bias: make([]int32, l.out), Scale: make([]float32, l.out)}
		if i == 0 {
			op.Input = engine.ImageInput
		}
		for o := range op.Scale {
			op.Scale[o], op.Bias[o] = 1, 50
		}
		g.Ops = append(g.Ops, op)
	}
	for _, k := range engine.Tiers()[1:] {
		b.Run(k.Name(), func(b *testing.B) {
			n, err := engine.NewNet(g, k)
			if err != nil {
				b.Fatal(err)
			}
			r, err := engine.NewRunner(n, 256, 256, nil)
			if err != nil {
				b.Fatal(err)
			}
			pix := make([]uint8, 256*256*3)
			load, steps := time.Hour, make([]time.Duration, len(g.Ops))
			best := time.Hour
			for b.Loop() {
				start := time.Now()
				_ = r.Load(pix)
				load = min(load, time.Since(start))
				for i := range g.Ops {
					t := time.Now()
					r.Step(i)
					if d := time.Since(t); steps[i] == 0 || d < steps[i] {
						steps[i] = d
					}
				}
				best = min(best, time.Since(start))
			}
			b.ReportMetric(float64(best.Nanoseconds())/1000, "us")
			b.ReportMetric(2*float64(g.MultiplyAdds(256, 256))/float64(best.Nanoseconds()), "GOP/s")
			b.Log(load, steps)
		})
	}
}

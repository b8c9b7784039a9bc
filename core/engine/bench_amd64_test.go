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
		{16, 192, 192, 3, 1}, {64, 64, 64, 3, 1}, {32, 288, 128, 1, 1}} {
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

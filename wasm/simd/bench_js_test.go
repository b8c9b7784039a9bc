//go:build js && wasm

package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/wasm/kernels"
)

// measure runs f and reports GOP/s, two operations to a multiply-add: the mean, and the best of samples that are long enough for a browser's coarse clock. On a machine
// with other load the best is what compares.
func measure(b *testing.B, macs int, f func()) {
	const sample = 4 * time.Millisecond
	rate := func(n int, d time.Duration) float64 { return 2 * float64(macs) * float64(n) / d.Seconds() / 1e9 }
	for warm := time.Now(); time.Since(warm) < 100*time.Millisecond; {
		f()
	}
	time.Sleep(300 * time.Millisecond) // for the optimising compiler, which needs a core
	best, n, from := 0.0, 0, time.Now()
	b.ResetTimer()
	for range b.N {
		f()
		n++
		if d := time.Since(from); d >= sample {
			best, n, from = max(best, rate(n, d)), 0, time.Now()
		}
	}
	b.ReportMetric(rate(b.N, b.Elapsed()), "GOP/s")
	b.ReportMetric(best, "best-GOP/s")
}

// BenchmarkPeak is the dot instruction on registers alone, in the tile's shape.
func BenchmarkPeak(b *testing.B) {
	for i, name := range []string{"int16", "quad", "chained"} {
		k := newTier(name, kernels.Instruction(i))
		b.Run(name, func(b *testing.B) {
			const turns = 200000 // 2 ms
			measure(b, Peak(k, 1)/2*turns, func() { Peak(k, turns) })
		})
	}
}

// shape is a convolution to time.
type shape struct {
	size, in, out, kernel, stride int
	wide, residual                bool
}

func (s shape) String() string {
	return fmt.Sprintf("%dx%dx%d-%d_k%ds%d_wide=%v_res=%v", s.size, s.size, s.in, s.out, s.kernel, s.stride, s.wide, s.residual)
}

// BenchmarkConv times single layers; the size is that of the input.
func BenchmarkConv(b *testing.B) {
	for _, s := range []shape{
		{size: 256, in: 3, out: 24, kernel: 3, stride: 2},
		{size: 256, in: 3, out: 64, kernel: 7, stride: 2, wide: true},
		{size: 128, in: 24, out: 48, kernel: 3, stride: 2},
		{size: 64, in: 48, out: 48, kernel: 3, stride: 1},
		{size: 32, in: 96, out: 96, kernel: 3, stride: 1},
		{size: 32, in: 96, out: 96, kernel: 3, stride: 1, residual: true},
		{size: 16, in: 192, out: 192, kernel: 3, stride: 1},
		{size: 32, in: 288, out: 128, kernel: 1, stride: 1},
		{size: 64, in: 64, out: 64, kernel: 3, stride: 1},
		{size: 16, in: 256, out: 256, kernel: 3, stride: 1},
	} {
		for _, k := range bound() {
			b.Run(k.Name()+"/"+s.String(), func(b *testing.B) { benchConv(b, k, s) })
		}
	}
}

func benchConv(b *testing.B, k engine.Kernels, s shape) {
	rng := rand.New(rand.NewPCG(1, 1))
	n := s.kernel * s.kernel * s.in
	c := engine.Conv{Out: s.out, Rows: s.kernel, Run: s.kernel * s.in, Bias: make([]int32, s.out), Scale: make([]float32, s.out), High: 127}
	if s.wide {
		c.Weight16 = make([]int16, n*s.out)
	} else {
		c.Weight = make([]int8, n*s.out)
		for i := range c.Weight {
			c.Weight[i] = int8(min(max(rng.NormFloat64()*127/4, -127), 127)) // like trained ones: uniform ones would be hard on Chained
		}
	}
	for i := range c.Scale {
		c.Scale[i] = 0.001
	}
	row, size := (s.size+s.kernel-1)*s.in, s.size/s.stride
	call := engine.ConvCall{H: size, W: size, RowStep: row,
		In:  engine.Plane{Data: make([]uint8, (s.size+s.kernel)*row+engine.ReadSlack), Row: s.stride * row, Col: s.stride * s.in},
		Out: engine.Plane{Data: make([]uint8, size*size*s.out), Row: size * s.out, Col: s.out}}
	for i := range call.In.Data {
		call.In.Data[i] = uint8(rng.IntN(128))
	}
	if s.residual {
		c.Residual, c.ResidualScale = engine.ResidualU7, 0.5
		call.Res = engine.Plane{Data: make([]uint8, size*size*s.out+engine.ReadSlack), Row: size * s.out, Col: s.out}
	}
	conv, err := k.NewConv(&c)
	require.NoError(b, err)
	call.Scratch = make([]uint8, conv.Scratch(&call))
	measure(b, size*size*n*s.out, func() { conv.Run(&call) })
}

// BenchmarkSearch is the search of the default part's size.
func BenchmarkSearch(b *testing.B) {
	const n, rows, d = 1024, 2048, 128
	rng := rand.New(rand.NewPCG(1, 1))
	for _, k := range bound() {
		b.Run(k.Name(), func(b *testing.B) {
			s, err := k.NewSearch(d)
			require.NoError(b, err)
			row := make([]int8, d)
			for range rows {
				for i := range row {
					row[i] = int8(rng.IntN(2*engine.EmbeddingMax+1) - engine.EmbeddingMax)
				}
				s.Append(row)
			}
			e, d2 := make([]int8, n*d+engine.ReadSlack), make([]int32, n)
			measure(b, n*rows*d, func() { s.Nearest(e, n, 0, d2) })
		})
	}
}

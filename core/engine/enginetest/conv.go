package enginetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"anomnet/core/engine"
)

// Fill says how a case chooses values.
type Fill int

// Random values, or each at the end of its range in alternating rows.
const (
	Random Fill = iota
	Extreme
)

// ConvCase is a convolution over an H x W image of In channels, or a matrix product (Kernel 1).
type ConvCase struct {
	H, W, In, Out  int
	Kernel, Stride int
	Wide           bool // int16 weights on 0..255
	Signed         bool
	Factor         bool
	Residual       engine.Residual
	Fill           Fill
}

// String names the case.
func (c ConvCase) String() string {
	return fmt.Sprintf("%dx%dx%d-%d/k%ds%d/wide=%v/signed=%v/factor=%v/res=%d/fill=%d", c.H, c.W, c.In, c.Out, c.Kernel, c.Stride, c.Wide, c.Signed,
		c.Factor, c.Residual, c.Fill)
}

// ConvCases stand at the edges of tiles: channels around 4, 8, 12, 16, 32, 48, positions around 6, 8, 12, rows shorter than a tile.
func ConvCases() []ConvCase {
	var all []ConvCase
	for _, out := range []int{1, 3, 4, 7, 8, 9, 12, 13, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 64, 96, 97} {
		all = append(all, ConvCase{H: 4, W: 6, In: 8, Out: out, Kernel: 3, Stride: 1})
	}
	for _, in := range []int{1, 2, 3, 4, 5, 7, 8, 11, 12, 16, 31, 33, 64, 65, 130} {
		all = append(all, ConvCase{H: 4, W: 4, In: in, Out: 17, Kernel: 3, Stride: 1}, ConvCase{H: 3, W: 5, In: in, Out: 9, Kernel: 1, Stride: 1})
	}
	for _, w := range []int{1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 24, 25} {
		all = append(all, ConvCase{H: 1, W: w, In: 12, Out: 10, Kernel: 1, Stride: 1}, ConvCase{H: 3, W: w, In: 4, Out: 50, Kernel: 3, Stride: 1})
	}
	for _, k := range []int{1, 3, 5, 7} {
		for _, s := range []int{1, 2} {
			all = append(all, ConvCase{H: 8, W: 12, In: 3, Out: 20, Kernel: k, Stride: s}, ConvCase{H: 8, W: 12, In: 3, Out: 20, Kernel: k, Stride: s, Wide: true})
		}
	}
	all = append(all, ConvCase{H: 2, W: 64, In: 288, Out: 128, Kernel: 1, Stride: 1, Signed: true, Factor: true},
		ConvCase{H: 6, W: 6, In: 3, Out: 64, Kernel: 7, Stride: 2, Wide: true}, ConvCase{H: 4, W: 4, In: 192, Out: 192, Kernel: 3, Stride: 1})
	return withKinds(all)
}

// withKinds gives every third case a residual, a sign or a factor, and adds an extreme twin to each.
func withKinds(all []ConvCase) []ConvCase {
	for i := range all {
		c := &all[i]
		c.Signed = c.Signed || i%3 == 1
		c.Factor = c.Factor || i%4 == 2
		if !c.Factor {
			c.Residual = engine.Residual(i % 3)
		}
	}
	for _, c := range all[:len(all):len(all)] {
		c.Fill = Extreme
		all = append(all, c)
	}
	return all
}

// problem is a case with its data. What lies around the values is random, so that a kernel that uses it is found out.
type problem struct {
	conv engine.Conv
	call engine.ConvCall
}

// make fills a case. The same generator state gives the same problem.
func (c ConvCase) make(rng *rand.Rand) *problem {
	pad := c.Kernel / 2
	k := c.Kernel * c.Kernel * c.In
	p := &problem{conv: engine.Conv{Out: c.Out, Rows: c.Kernel, Run: c.Kernel * c.In, Bias: make([]int32, c.Out), Scale: make([]float32, c.Out), High: 127,
		Residual: c.Residual}}
	if c.Signed {
		p.conv.Low, p.conv.High = -engine.EmbeddingMax, engine.EmbeddingMax
	}
	maxIn, maxW := 127, 127
	if c.Wide {
		maxIn, maxW = 255, 2047
		p.conv.Weight16 = make([]int16, k*c.Out)
		for i := range p.conv.Weight16 {
			p.conv.Weight16[i] = int16(c.weight(rng, i/k, maxW))
		}
	} else {
		p.conv.Weight = make([]int8, k*c.Out)
		for i := range p.conv.Weight {
			p.conv.Weight[i] = int8(c.weight(rng, i/k, maxW))
		}
	}
	reach := 200.0 // output steps of the largest accumulator; a result beyond its range would hide a fault
	if c.Fill == Extreme {
		reach = 30
	}
	for o := range c.Out {
		p.conv.Bias[o] = int32(rng.IntN(20001) - 10000)
		p.conv.Scale[o] = float32(reach/(float64(maxIn*maxW)*float64(k))) * (1 + 3*rng.Float32())
	}
	row, h, w := (c.W+2*pad)*c.In, c.H/c.Stride, c.W/c.Stride
	if c.Stride == 1 {
		h, w = c.H, c.W
	}
	h, w = max(h, 1), max(w, 1)
	in := c.values(rng, (c.H+2*pad)*row+engine.ReadSlack, maxIn)
	outRow := (w + 1) * (c.Out + 3)
	p.call = engine.ConvCall{H: h, W: w, RowStep: row, In: engine.Plane{Data: in, Row: c.Stride * row, Col: c.Stride * c.In},
		Out: engine.Plane{Data: noise(rng, h*outRow+64), At: 32, Row: outRow, Col: c.Out + 3}}
	if c.Residual != engine.NoResidual {
		p.conv.ResidualScale = 0.37
		p.call.Res = engine.Plane{Data: c.values(rng, h*w*c.Out+64, 127), At: 7, Row: w * c.Out, Col: c.Out}
		if c.Residual == engine.ResidualI8 {
			for i, v := range p.call.Res.Data {
				p.call.Res.Data[i] = uint8(int8(int(v)*2 - 127))
			}
		}
	}
	if c.Factor {
		p.call.Factor = make([]float32, h*w)
		for i := range p.call.Factor {
			p.call.Factor[i] = 0.5 + rng.Float32()
		}
	}
	return p
}

func (c ConvCase) weight(rng *rand.Rand, row, limit int) int {
	switch {
	case c.Fill == Extreme && row%2 == 0:
		return limit
	case c.Fill == Extreme:
		return -limit
	}
	return rng.IntN(2*limit+1) - limit
}

func (c ConvCase) values(rng *rand.Rand, n, limit int) []uint8 {
	v := make([]uint8, n)
	for i := range v {
		if v[i] = uint8(limit); c.Fill == Random {
			v[i] = uint8(rng.IntN(limit + 1))
		}
	}
	return v
}

func noise(rng *rand.Rand, n int) []uint8 {
	v := make([]uint8, n)
	for i := range v {
		v[i] = uint8(rng.Uint32())
	}
	return v
}

// run executes the problem and returns the whole output buffer.
func (p *problem) run(tb testing.TB, k engine.Kernels) []uint8 {
	tb.Helper()
	conv, err := k.NewConv(&p.conv)
	if err != nil {
		tb.Fatalf("%s: %v", k.Name(), err)
	}
	call := p.call
	call.Out.Data = bytes.Clone(p.call.Out.Data)
	call.Scratch = make([]uint8, conv.Scratch(&call))
	conv.Run(&call)
	return call.Out.Data
}

// CheckConv compares a tier with the definition on one case.
func CheckConv(tb testing.TB, k engine.Kernels, c ConvCase, seed uint64) {
	tb.Helper()
	p := c.make(rand.New(rand.NewPCG(seed, 1)))
	same(tb, k, c.String(), p.run(tb, engine.Ref()), p.run(tb, k))
}

// same fails unless two buffers are equal; it names the first difference.
func same[T uint8 | int32](tb testing.TB, k engine.Kernels, what string, want, got []T) {
	tb.Helper()
	for i := range want {
		if want[i] != got[i] {
			tb.Errorf("%s: %s: value %d is %d, want %d", k.Name(), what, i, got[i], want[i])
			return
		}
	}
}

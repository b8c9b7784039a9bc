package enginetest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"anomnet/core/engine"
)

// SearchCase looks for the nearest of K rows of D values, for N vectors.
type SearchCase struct {
	N, K, D, From int
	Fill          Fill
}

// SearchCases stand at the edges of tiles.
func SearchCases() []SearchCase {
	var all []SearchCase
	for _, fill := range []Fill{Random, Extreme} {
		for _, k := range []int{1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 48, 65, 129} {
			all = append(all, SearchCase{N: 7, K: k, D: 32, From: k / 3, Fill: fill})
		}
		for _, n := range []int{1, 2, 5, 6, 7, 8, 9, 12, 13, 63, 64, 65, 130} {
			all = append(all, SearchCase{N: n, K: 20, D: 16, Fill: fill})
		}
		for _, d := range []int{1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 128, 130, 288, 1023, 1024, 1025} {
			all = append(all, SearchCase{N: 9, K: 19, D: d, Fill: fill})
		}
		all = append(all, SearchCase{N: 3, K: 10, D: 8, From: 10, Fill: fill}, SearchCase{N: 3, D: 8, Fill: fill})
	}
	return all
}

// CheckSearch compares a tier with the definition: from From on the result is bounded by the definition over all rows and over those.
func CheckSearch(tb testing.TB, k engine.Kernels, c SearchCase, seed uint64) {
	tb.Helper()
	rng := rand.New(rand.NewPCG(seed, 2))
	rows, e := signed(rng, c.K*c.D, 127, c.Fill), signed(rng, c.N*c.D, engine.EmbeddingMax, c.Fill)
	if c.K > 2 && c.N > 0 {
		copy(rows[(c.K-1)*c.D:], e[:c.D]) // a distance of 0, and rows within reach of the vectors
	}
	ref, err := engine.Ref().NewSearch(c.D)
	fast, err2 := k.NewSearch(c.D)
	if err != nil || err2 != nil {
		tb.Fatalf("%s: %v, %v", k.Name(), err, err2)
	}
	name := fmt.Sprintf("search %+v", c)
	for j := range c.K {
		ref.Append(rows[j*c.D : (j+1)*c.D])
		fast.Append(rows[j*c.D : (j+1)*c.D])
		if j == c.K/2 { // rows may come after a search
			fast.Nearest(e, c.N, 0, fullDistances(c.N))
		}
	}
	all, some, got := fullDistances(c.N), fullDistances(c.N), fullDistances(c.N)
	ref.Nearest(e, c.N, 0, all)
	ref.Nearest(e, c.N, c.From, some)
	fast.Nearest(e, c.N, c.From, got)
	for i := range got {
		if got[i] < all[i] || got[i] > some[i] {
			tb.Errorf("%s: %s: vector %d: %d, want %d to %d", k.Name(), name, i, got[i], all[i], some[i])
			return
		}
	}
	fast.Nearest(e, c.N, 0, got)
	same(tb, k, name, all, got)
	if n := fast.Len(); n != c.K {
		tb.Errorf("%s: %s: %d rows", k.Name(), name, n)
	}
	zero := make([]int32, c.N+1)
	fast.Nearest(e, c.N, 0, zero[:c.N])
	if slices.ContainsFunc(zero, func(d int32) bool { return d != 0 }) {
		tb.Errorf("%s: %s: a distance was raised", k.Name(), name)
	}
}

func fullDistances(n int) []int32 {
	d := make([]int32, n)
	for i := range d {
		d[i] = math.MaxInt32
	}
	return d
}

func signed(rng *rand.Rand, n, limit int, fill Fill) []int8 {
	v := make([]int8, n)
	for i := range v {
		if v[i] = int8(rng.IntN(2*limit+1) - limit); fill == Extreme {
			v[i] = int8(limit * (1 - 2*rng.IntN(2)))
		}
	}
	return v
}

// CheckPool compares a tier's maximum with the definition.
func CheckPool(tb testing.TB, k engine.Kernels, h, w, c, kernel, stride int, seed uint64) {
	tb.Helper()
	rng := rand.New(rand.NewPCG(seed, 3))
	row := (w*stride + kernel) * c
	call := engine.PoolCall{H: h, W: w, C: c, Kernel: kernel, RowStep: row, ColStep: c,
		In:  engine.Plane{Data: ConvCase{}.values(rng, (h*stride+kernel)*row+engine.ReadSlack, 127), Row: stride * row, Col: stride * c},
		Out: engine.Plane{Data: noise(rng, h*(w+1)*(c+1)+32), At: 16, Row: (w + 1) * (c + 1), Col: c + 1}}
	want := call
	want.Out.Data = bytes.Clone(call.Out.Data)
	engine.Ref().MaxPool(&want)
	k.MaxPool(&call)
	same(tb, k, fmt.Sprintf("pool %dx%dx%d/k%ds%d", h, w, c, kernel, stride), want.Out.Data, call.Out.Data)
}

// CheckMean compares a tier's local mean with the definition.
func CheckMean(tb testing.TB, k engine.Kernels, h, w, c int, up, zeros bool, fill Fill, seed uint64) {
	tb.Helper()
	rng := rand.New(rand.NewPCG(seed, 4))
	row, n := (w+2)*c, 1
	if up {
		n = 2
	}
	col := c + 5
	call := engine.MeanCall{H: h, W: w, C: c, Up: up, Zeros: zeros, Scale: make([]float32, c), Scratch: make([]uint16, engine.MeanScratch(h, w, c)),
		In:  engine.Plane{Data: ConvCase{Fill: fill}.values(rng, h*row+engine.ReadSlack+c, 127), At: c, Row: row, Col: c},
		Out: engine.Plane{Data: noise(rng, n*n*h*w*col+32), At: 3, Row: n * w * col, Col: col}}
	for i := range call.Scale {
		call.Scale[i] = rng.Float32() * 127 / float32(n*n*n*n*9*100)
	}
	want := call
	want.Out.Data, want.Scratch = bytes.Clone(call.Out.Data), slices.Clone(call.Scratch)
	engine.Ref().LocalMean(&want)
	k.LocalMean(&call)
	same(tb, k, fmt.Sprintf("mean %dx%dx%d up=%v zeros=%v fill=%d", h, w, c, up, zeros, fill), want.Out.Data, call.Out.Data)
}

package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/imaging"
)

// TestEmbedFewPatches: the embedding of a patch does not depend on how many come with it, whatever the tiles of a tier.
func TestEmbedFewPatches(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const in, out, all = 40, 70, 600
	a := Adapter{In: in, Out: out, Weight: make([]int8, in*out), Scale: make([]float32, out)}
	for i := range a.Weight {
		a.Weight[i] = int8(rng.IntN(255) - 127)
	}
	x := make([]uint8, all*in)
	for i := range x {
		x[i] = uint8(rng.IntN(128))
	}
	for _, a.L2 = range []bool{false, true} {
		for i := range a.Scale {
			a.Scale[i] = 0.002
			if a.L2 {
				a.Scale[i] = 0.5
			}
		}
		ref, err := NewEmbedder(&a, engine.Tiers()[0])
		require.NoError(t, err)
		want := make([]int8, all*out)
		ref.Embed(x, all, want)
		for _, k := range engine.Tiers() {
			t.Run(fmt.Sprintf("%s/l2=%v", k.Name(), a.L2), func(t *testing.T) {
				em, err := NewEmbedder(&a, k)
				require.NoError(t, err)
				got := make([]int8, all*out)
				for _, n := range []int{all, 1, 5, 24, 63, 64, 255, 257, 300} { // the long one first: it leaves values behind
					em.Embed(x, n, got)
					require.Equal(t, want[:n*out], got[:n*out], "%d patches", n)
				}
			})
		}
	}
}

// TestAdapterAndCentroidsRefuse what a model file may not hold, one step beyond what it may.
func TestAdapterAndCentroidsRefuse(t *testing.T) {
	adapter := func(in, out int, weight int8, scale float32) error {
		a := &Adapter{In: in, Out: out, Weight: make([]int8, in*out), Scale: make([]float32, out)}
		for i := range a.Scale {
			a.Scale[i] = 1
		}
		a.Weight[0], a.Scale[out-1] = weight, scale
		return a.Validate()
	}
	assert.NoError(t, adapter(8192, 2, -127, 1e20))
	assert.NoError(t, adapter(2, 1024, 127, 1e-40))
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for i, err := range []error{adapter(8193, 1, 0, 1), adapter(1, 1025, 0, 1), adapter(2, 2, -128, 1), adapter(2, 2, 0, 0), adapter(2, 2, 0, -1),
		adapter(2, 2, 0, 1.1e20), adapter(2, 2, 0, nan), adapter(2, 2, 0, inf)} {
		assert.Error(t, err, i)
	}
	centroids := func(k, d int, v int8) error {
		c := &Centroids{K: k, D: d, Data: make([]int8, k*d)}
		c.Data[k*d-1] = v
		return c.Validate()
	}
	assert.NoError(t, centroids(1<<20, 1, -63))
	assert.NoError(t, centroids(2, 1024, 63))
	for i, err := range []error{centroids(1<<20+1, 1, 0), centroids(1, 1025, 0), centroids(2, 2, 64), centroids(2, 2, -64), (&Centroids{K: 2, D: 2, Data: make([]int8, 3)}).Validate(), (&Centroids{}).Validate(), (&Adapter{}).Validate()} {
		assert.Error(t, err, i)
	}
}

// TestExtractorRefuses images of another size and scales of another number.
func TestExtractorRefuses(t *testing.T) {
	op := engine.Op{Name: "a", Kind: engine.KindConv, Input: engine.ImageInput, In: 3, Out: 4, Kernel: 1, Stride: 2, Weight: make([]int8, 12), Bias: make([]int32, 4),
		Scale: []float32{1, 1, 1, 1}}
	pool := func(name, in string) engine.Op {
		return engine.Op{Name: name, Kind: engine.KindMaxPool, Input: in, In: 4, Out: 4, Kernel: 1, Stride: 2}
	}
	net, err := engine.NewNet(&engine.Graph{Input: engine.InputU7, Taps: []string{"c"}, Ops: []engine.Op{op, pool("b", "a"), pool("c", "b")}}, engine.Generic())
	require.NoError(t, err)
	x, err := NewExtractor(net, 32, 64, true, []float32{1, 1, 1, 1}, nil)
	require.NoError(t, err)
	dst := make([]uint8, x.Grid().Patches()*x.Grid().C)
	assert.NoError(t, x.Extract(imaging.NewRGB(64, 32), dst))
	assert.ErrorContains(t, x.Extract(imaging.NewRGB(32, 64), dst), "image of 32 x 64, want 64 x 32")
	for _, scale := range [][]float32{nil, {1, 1, 1}, {1, 1, 1, 1, 1}} {
		_, err = NewExtractor(net, 32, 64, true, scale, []float32{1, 1, 1})
		assert.ErrorContains(t, err, "feature scales for 4 channels")
	}
}

package detect

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
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

package engine

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPlaceKeepsLiveTensorsApart draws random lives and looks for two that share a byte at the same time.
func TestPlaceKeepsLiveTensorsApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 300 {
		var lives []*life
		sum := 0
		for range 1 + rng.IntN(30) {
			from := rng.IntN(20)
			l := &life{t: &Tensor{H: 1 + rng.IntN(9), W: 1 + rng.IntN(9), C: 1 + rng.IntN(64), Border: rng.IntN(2)}, from: from, to: from + rng.IntN(6)}
			lives, sum = append(lives, l), sum+l.t.bytes()+alignment
		}
		size := place(lives)
		require.LessOrEqual(t, size, sum)
		for i, a := range lives {
			require.Zero(t, a.at%alignment)
			require.LessOrEqual(t, a.at+a.t.bytes(), size)
			for _, b := range lives[:i] {
				together := a.from <= b.to && b.from <= a.to
				overlap := a.at < b.at+b.t.bytes() && b.at < a.at+a.t.bytes()
				require.False(t, together && overlap, "%+v %+v", a, b)
			}
		}
	}
}

// TestArenaUsesMemoryAgain: a chain of layers needs the largest two neighbours, not all.
func TestArenaUsesMemoryAgain(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	g := &Graph{Input: InputU7, Taps: []string{"last"}}
	in, c := ImageInput, 3
	for _, name := range []string{"a", "b", "c", "d", "e", "last"} {
		stride := 1
		if c == 3 || name == "b" || name == "last" {
			stride = 2
		}
		g.Ops = append(g.Ops, randomConv(rng, Op{Name: name, Input: in, In: c, Out: 16, Kernel: 3, Stride: stride}, false, false))
		in, c = name, 16
	}
	require.NoError(t, g.Validate())
	lean, err := newPlan(g, 256, 256, false)
	require.NoError(t, err)
	kept, err := newPlan(g, 256, 256, true)
	require.NoError(t, err)
	assert.Less(t, lean.arena, 258*258*3+130*130*16+66*66*16+300, "no more than three in a row")
	assert.Greater(t, kept.arena, lean.arena)
}

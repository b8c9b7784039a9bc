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

// TestTapsStayUntilTheEnd: layers behind a tap do not take its memory.
func TestTapsStayUntilTheEnd(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	g := &Graph{Input: InputU7, Taps: []string{"c"}}
	in, c := ImageInput, 3
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		op := Op{Name: name, Input: in, In: c, Out: 16, Kernel: 3, Pad: 1, Stride: 1}
		if name <= "c" {
			op.Stride = 2
		}
		g.Ops = append(g.Ops, randomConv(rng, op, false, false))
		in, c = name, 16
	}
	n, err := NewNet(g, Generic())
	require.NoError(t, err)
	var taps [][]uint8
	for _, keep := range []bool{true, false} {
		r, err := NewRunner(n, 64, 64, &RunnerOptions{Keep: keep})
		require.NoError(t, err)
		pix := make([]uint8, 64*64*3)
		for i := range pix {
			pix[i] = uint8(i * i >> 3)
		}
		require.NoError(t, r.Run(pix))
		var tap []uint8
		for y := range 8 {
			tap = append(tap, r.Taps()[0].Row(y)...)
		}
		taps = append(taps, tap)
	}
	assert.Equal(t, taps[0], taps[1])
}

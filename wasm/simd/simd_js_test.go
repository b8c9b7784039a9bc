//go:build js && wasm

package simd

import (
	"math"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/engine/enginetest"
	"anomnet/wasm/kernels"
)

// all returns every tier of this build: that which the browser would not choose for its machine is tested too.
func all(t *testing.T) []engine.Kernels {
	t.Helper()
	n := available()
	require.NotZero(t, n, "the program was started without kernel modules, see testdata/exec.mjs")
	tiers := append(engine.Tiers()[1:], newTier("simd128", kernels.Int16))
	if n > 1 {
		tiers = append(tiers, newTier("relaxed-quad", kernels.Quad), newTier("relaxed-chained", kernels.Chained))
	}
	return tiers
}

// TestTiersGiveTheSameBits runs the exactness suite over every tier of this build.
func TestTiersGiveTheSameBits(t *testing.T) {
	for _, k := range all(t) {
		t.Run(k.Name(), func(t *testing.T) { enginetest.RunAll(t, k) })
	}
}

// TestRandomShapes does what the fuzz targets do, for the tiers that they cannot reach.
func TestRandomShapes(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	any8 := func() uint8 { return uint8(rng.Uint32()) }
	for range 150 {
		conv, search := fuzzConv(any8(), any8(), any8(), any8(), any8(), any8()), fuzzSearch(any8(), any8(), any8(), any8(), any8()&1 == 1)
		for _, k := range all(t) {
			enginetest.CheckConv(t, k, conv, rng.Uint64())
			enginetest.CheckSearch(t, k, search, rng.Uint64())
		}
	}
}

// TestSearchOfEmbeddings has rows that all fit into chains, unlike the suite's, with blocks of vectors and panels that are not full.
func TestSearchOfEmbeddings(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, d := range []int{1, 7, 8, 9, 16, 20, 128} {
		for _, n := range []int{1, 5, 6, 95, 96, 97, 101, 193} {
			e := make([]int8, n*d+engine.ReadSlack)
			fillEmbeddings(rng, e)
			rows := make([]int8, 19*d)
			fillEmbeddings(rng, rows)
			nearest := func(k engine.Kernels) []int32 {
				s, err := k.NewSearch(d)
				require.NoError(t, err)
				for i := range 19 {
					s.Append(rows[i*d : (i+1)*d])
				}
				d2 := slices.Repeat([]int32{math.MaxInt32}, n)
				s.Nearest(e, n, 0, d2)
				return d2
			}
			want := nearest(engine.Ref())
			for _, k := range all(t) {
				assert.Equal(t, want, nearest(k), "%s d=%d n=%d", k.Name(), d, n)
			}
		}
	}
}

// TestSelfCheck: what the browser offers passes its check, quickly.
func TestSelfCheck(t *testing.T) {
	from := time.Now()
	tiers, err := Tiers()
	t.Logf("%v", time.Since(from))
	require.NoError(t, err)
	require.Len(t, tiers, int(available()))
}

// TestSearchAtTheEndOfMemory: no vector is read beyond the end of memory, where a slice of its size ends when the heap has just grown for it.
func TestSearchAtTheEndOfMemory(t *testing.T) {
	const d, arena = 8, 512 << 10
	old := debug.SetGCPercent(-1)
	defer debug.SetGCPercent(old)
	for _, k := range all(t) {
		s, err := k.NewSearch(d)
		require.NoError(t, err)
		s.Append(make([]int8, d))
		d2 := make([]int32, arena/d)
		for range 40 {
			s.Nearest(make([]int8, arena), arena/d, 0, d2)
		}
	}
}

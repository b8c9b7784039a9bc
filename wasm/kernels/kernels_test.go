package kernels

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// TestModules has wazero read and validate the module simd128. It knows no relaxed SIMD: the module relaxed must be refused for that, as browsers without it must refuse it,
// and is validated by Chromium in cmd/e2e.
func TestModules(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2))
	defer func() { require.NoError(t, r.Close(ctx)) }()
	m, err := r.CompileModule(ctx, SIMD128())
	require.NoError(t, err)
	var names []string
	for name, f := range m.ExportedFunctions() {
		names = append(names, name)
		assert.Equal(t, []api.ValueType{api.ValueTypeI32}, f.ParamTypes(), name)
		assert.Empty(t, f.ResultTypes(), name)
	}
	assert.ElementsMatch(t, []string{"conv16", "nearest16", "max_pool", "local_mean", "peak16"}, names)
	require.Len(t, m.ImportedMemories(), 1)

	_, err = r.CompileModule(ctx, Relaxed())
	require.Error(t, err)
	for name, module := range map[string][]byte{"simd128": SIMD128(), "relaxed": Relaxed()} {
		assert.Less(t, len(module), 32<<10, name)
	}
}

// TestEmissionIsDeterministic: the same source makes the same site.
func TestEmissionIsDeterministic(t *testing.T) {
	assert.Equal(t, SIMD128(), SIMD128())
	assert.Equal(t, Relaxed(), Relaxed())
}

// TestTakeExcess: what stays fits into int16 for every x, and nothing is lost.
func TestTakeExcess(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for chain := 1; chain <= 4; chain++ {
		d := Dot{Instruction: Chained, Chain: chain}
		moved := 0
		for range 1000 {
			limit := 1 + rng.IntN(127)
			step := make([]byte, chain*quadBytes)
			for i := range step {
				step[i] = byte(int8(rng.IntN(2*limit+1) - limit))
			}
			before := append([]byte(nil), step...)
			excess := make([]Excess, chain)
			d.TakeExcess(step, func(quad int) *Excess {
				moved++
				return &excess[quad]
			})
			for i := range step {
				require.Equal(t, int(int8(before[i])), int(int8(step[i]))+int(excess[i/quadBytes].Weights[i%quadBytes]))
			}
			for at := 0; at < quadBytes; at += 2 {
				for _, sign := range []int{1, -1} {
					reach := 0
					for i := range chain {
						reach += part(step[i*quadBytes+at], sign) + part(step[i*quadBytes+at+1], sign)
					}
					require.LessOrEqual(t, 127*reach, 32767)
				}
			}
		}
		assert.Equal(t, chain > 1, moved > 0, "%d", chain)
	}
}

// TestFits agrees with TakeExcess on a step that holds the row in one slot.
func TestFits(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	d := SearchDotOf(Chained)
	seen := map[bool]int{}
	for range 2000 {
		row, step := make([]int8, 1+rng.IntN(8)), make([]byte, d.StepBytes())
		for i := range row {
			row[i] = int8(rng.IntN(255) - 127)
			step[d.WeightAt(i, 3)] = byte(row[i])
		}
		took := false
		d.TakeExcess(step, func(int) *Excess {
			took = true
			return &Excess{}
		})
		fits := d.Fits(row)
		assert.Equal(t, !fits, took, "%v", row)
		seen[fits]++
	}
	assert.Len(t, seen, 2)
	assert.False(t, d.Fits(append(make([]int8, 8), 127, 0, 0, 0, 127, 127)), "in a later step")
	assert.True(t, d.Fits([]int8{64, 64, 64, 64, 64, 64, 64, 64}))
}

package report

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/calibrate"
)

// accepted makes records with given scores, all of them OK.
func accepted(scores []float32) []Record {
	records := make([]Record, len(scores))
	for i, s := range scores {
		records[i] = Record{Verdict: calibrate.OK, Raw: s, Limit: 1000, Review: 900}
	}
	return records
}

// TestMannWhitney has cases worked by hand. The second: 19 of 24 pairs, ties of three 2s and three 5s, variance 24/12 (11 - 48/90),
// z = 7 / 4.57529.
func TestMannWhitney(t *testing.T) {
	shift, p := MannWhitney([]float32{1, 2, 3, 4, 5}, []float32{6, 7, 8, 9})
	assert.Equal(t, 1.0, shift)
	assert.InDelta(t, 0.014305878, p, 1e-8)
	shift, p = MannWhitney([]float32{1, 2, 2, 3, 5, 5}, []float32{2, 5, 6, 7})
	assert.InDelta(t, 19/24.0, shift, 1e-15)
	assert.InDelta(t, 0.126028, p, 1e-6)
	shift, p = MannWhitney([]float32{2, 2}, []float32{2, 2})
	assert.Equal(t, []float64{0.5, 1}, []float64{shift, p})
	_, p = MannWhitney(nil, []float32{1})
	assert.Equal(t, 1.0, p)
}

// TestDriftFalseAlarms simulates sessions without drift: 4,000 of five blocks each, with continuous scores and with scores of 12 values.
// At the stated rate 20 of 20,000 blocks warn, with a standard deviation of 4.5, or somewhat more as the blocks of a session share their
// reference. Measured: 25 and 17. The test allows 44.
func TestDriftFalseAlarms(t *testing.T) {
	for name, draw := range map[string]func(*rand.Rand) float32{
		"continuous": func(r *rand.Rand) float32 { return float32(20 + 3*r.NormFloat64() + 2*r.ExpFloat64()) },
		"tied":       func(r *rand.Rand) float32 { return float32(r.IntN(12)) },
	} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(11, 12))
			blocks, warnings := 0, 0
			for range 4000 {
				scores := make([]float32, DriftReference+5*DriftBlock)
				for i := range scores {
					scores[i] = draw(rng)
				}
				for _, d := range Drift(accepted(scores), nil) {
					blocks++
					if d.Warning {
						warnings++
					}
				}
			}
			t.Logf("%d of %d blocks warn", warnings, blocks)
			assert.Equal(t, 20_000, blocks)
			assert.Less(t, warnings, 44)
			assert.Positive(t, warnings, "a test that never warns would pass too")
		})
	}
}

// TestDriftIsFound: a shift of one standard deviation is found in nearly every block, one of half of it in about a fifth.
func TestDriftIsFound(t *testing.T) {
	for shift, least := range map[float64]int{1: 185, -1: 185, 0.5: 25} {
		rng := rand.New(rand.NewPCG(13, 14))
		found := 0
		for range 200 {
			scores := make([]float32, DriftReference+DriftBlock)
			for i := range scores {
				scores[i] = float32(100 + rng.NormFloat64())
				if i >= DriftReference {
					scores[i] += float32(shift)
				}
			}
			d := Drift(accepted(scores), nil)
			require.Len(t, d, 1)
			if d[0].Warning {
				found++
				assert.Equal(t, shift > 0, d[0].Shift > 0.5)
			}
		}
		t.Logf("shift %v: %d of 200", shift, found)
		assert.GreaterOrEqual(t, found, least)
	}
}

func TestDriftTakesAcceptedPartsOfTheSameLimits(t *testing.T) {
	scores := make([]float32, 400)
	rng := rand.New(rand.NewPCG(15, 16))
	for i := range scores {
		scores[i] = float32(rng.NormFloat64())
	}
	records := accepted(scores)
	assert.Len(t, Drift(records, nil), 6)
	assert.Nil(t, Drift(records[:149], nil))
	assert.Len(t, Drift(records[:50], scores[:60]), 1)
	assert.Nil(t, Drift(records, scores[:10]), "too small a reference")
	for i := range 200 {
		switch {
		case i%4 == 0:
			records[i].Verdict = calibrate.NG
		case i%4 == 1:
			records[i].Override = &Override{Verdict: calibrate.NG}
		case i%4 == 2:
			records[i].Limit = 500
		default:
			records[i] = Record{Err: &Failure{Code: "corrupt"}}
		}
	}
	d := Drift(records, nil)
	require.Len(t, d, 2)
	assert.Equal(t, []int{300, 349, 350, 399}, []int{d[0].From, d[0].To, d[1].From, d[1].To})
}

package calibrate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shape is a distribution of scores: draw one, and the exact share of scores above a limit.
type shape struct {
	name  string
	draw  func(*rand.Rand) float32
	above func(limit float64) float64
}

var shapes = []shape{
	{"uniform", func(r *rand.Rand) float32 { return r.Float32() }, func(l float64) float64 { return max(0, 1-l) }},
	{"exponential", func(r *rand.Rand) float32 { return 2 + float32(r.ExpFloat64()) }, func(l float64) float64 { return math.Exp(2 - l) }},
	{"normal", func(r *rand.Rand) float32 { return max(0, 10+float32(r.NormFloat64())) }, func(l float64) float64 { return math.Erfc((l-10)/math.Sqrt2) / 2 }},
	{"heavy", func(r *rand.Rand) float32 { return float32(math.Exp(0.5 * r.NormFloat64())) }, func(l float64) float64 { return math.Erfc(math.Log(l)/0.5/math.Sqrt2) / 2 }},
}

// simulate calibrates many times and returns, over the draws, the mean real false-reject rate and the share of draws whose real
// rate lies inside Interval(0.9).
func simulate(t *testing.T, s shape, n, draws int, frr float64) (mean, inside float64) {
	rng := rand.New(rand.NewPCG(uint64(n), 42))
	scores := make([]float32, n)
	var lo, hi float64 // depend on n and frr only
	for d := range draws {
		for i := range scores {
			scores[i] = s.draw(rng)
		}
		c, err := New(scores, nil, frr)
		require.NoError(t, err)
		if d == 0 {
			lo, hi = c.Interval(0.9)
		}
		real := s.above(float64(c.Limit))
		mean += real / float64(draws)
		if lo <= real && real <= hi {
			inside += 1 / float64(draws)
		}
	}
	return mean, inside
}

// TestRatesThatBinaryRoundsDown count in full.
func TestRatesThatBinaryRoundsDown(t *testing.T) {
	for _, c := range []struct {
		n    int
		frr  float64
		want int
	}{{99, 0.29, 29}, {48, 1.0 / 49, 1}, {97, 1.0 / 98, 1}, {99, 0.01, 1}, {98, 0.01, 0}, {19, 0.05, 1}, {18, 0.05, 0}, {9, 0.5, 5}} {
		assert.Equal(t, c.want, rejected(c.n, c.frr), "n = %d, rate %v", c.n, c.frr)
	}
}

// TestPromise: with exchangeable scores of any shape the mean real false-reject rate is r/(n+1), r = floor((n+1) frr): the target
// itself where (n+1) frr is whole, never above it; and Interval covers as often as it says. Bands are four standard errors.
func TestPromise(t *testing.T) {
	const draws = 4000
	for _, c := range []struct {
		n   int
		frr float64
	}{
		{10, 0.1}, {10, 1.0 / 11}, {20, 0.05}, {20, 1.0 / 21}, {20, 0.2}, {50, 0.05}, {50, 2.0 / 51}, {200, 0.01}, {200, 2.0 / 201}, {200, 0.05},
	} {
		for _, s := range shapes {
			t.Run(fmt.Sprintf("n=%d/frr=%.3f/%s", c.n, c.frr, s.name), func(t *testing.T) {
				mean, inside := simulate(t, s, c.n, draws, c.frr)
				r, m := float64(rejected(c.n, c.frr)), float64(c.n+1)
				want := r / m
				require.GreaterOrEqual(t, r, 1.0)
				assert.LessOrEqual(t, want, c.frr+1e-12)
				assert.Less(t, c.frr-want, 1/m)
				se := math.Sqrt(want * (1 - want) / (m + 1) / draws) // of the mean of Beta(r, n+1-r)
				assert.InDelta(t, want, mean, 4*se)
				assert.InDelta(t, 0.9, inside, 4*math.Sqrt(0.09/draws))
			})
		}
	}
}

// TestExtrapolation shows what the extrapolated limit gives where nothing can be promised.
func TestExtrapolation(t *testing.T) {
	const draws, frr = 4000, 0.01
	for _, n := range []int{5, 10, 20, 50} {
		for _, s := range shapes {
			t.Run(fmt.Sprintf("n=%d/%s", n, s.name), func(t *testing.T) {
				mean, _ := simulate(t, s, n, draws, frr)
				t.Logf("mean real rate %.4f, limit at the maximum %.4f", mean, 1/float64(n+1))
				assert.Less(t, mean, 1/float64(n+1))
				if n >= 20 {
					assert.Less(t, mean, 1.5*frr) // as documented at extrapolate
				}
			})
		}
	}
}

// TestTheIntervalHolds is the bar for what is shown to people: with exchangeable scores the real false-reject rate lies within
// Interval(0.95) in at least 94 % of 2,000 draws from each of the shapes, for targets that can be promised and for those that cannot.
// What is inside does not depend on the shape, so the shapes are counted together: 94 % is then four standard errors below 95 %.
func TestTheIntervalHolds(t *testing.T) {
	const draws = 2000
	for _, n := range []int{10, 20, 50, 200} {
		for _, frr := range []float64{0.01, 0.05} {
			inside := 0
			for i, s := range shapes {
				inside += insideInterval(t, s, rand.New(rand.NewPCG(uint64(n), uint64(i))), n, draws, frr)
			}
			assert.GreaterOrEqual(t, inside, len(shapes)*draws*94/100, "n = %d, rate %v", n, frr)
		}
	}
}

func insideInterval(t *testing.T, s shape, rng *rand.Rand, n, draws int, frr float64) (inside int) {
	scores := make([]float32, n)
	for range draws {
		for i := range scores {
			scores[i] = s.draw(rng)
		}
		c, err := New(scores, nil, frr)
		require.NoError(t, err)
		lo, hi := c.Interval(0.95)
		if real := s.above(float64(c.Limit)); lo <= real && real <= hi {
			inside++
		}
	}
	return inside
}

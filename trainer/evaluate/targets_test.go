package evaluate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/calibrate"
	"anomnet/core/inspect"
	"anomnet/trainer/dataset"
)

// TestTargetsByHand: 199 held-out scores 1..199. For 1 % the limit is the 198th (k = ceil(200 x 0.99)), for 5 % the 190th.
func TestTargetsByHand(t *testing.T) {
	held := make([]float32, 199)
	for i := range held {
		held[i] = float32(i + 1)
	}
	cal, err := calibrate.New(held, nil, 0.02)
	require.NoError(t, err)
	item := func(label string, raw float32) Scored {
		return Scored{Item: dataset.Item{Label: label}, Result: &inspect.Result{Raw: raw}}
	}
	nan := float32(math.NaN())
	got := Targets([]Scored{item("good", 190), item("good", 191), item("good", 199), item("good", nan), item("crack", 198), item("crack", 500)}, cal)
	require.Len(t, got, 2)
	one, five := got[0], got[1]
	assert.Equal(t, []any{0.01, float32(198), 2, 4, 0.5, true}, []any{one.Rate, one.Limit, one.Rejected, one.Good, one.Recall, one.Promised})
	assert.Equal(t, []any{0.05, float32(190), 3, 4, 1.0, true}, []any{five.Rate, five.Limit, five.Rejected, five.Good, five.Recall, five.Promised})
	assert.Equal(t, 0.75, five.Real())
	low, high := cal.WithRate(0.01).Interval(calibrate.Confidence)
	assert.Equal(t, []float64{low, high}, []float64{one.Low, one.High})
	assert.Less(t, one.Chance, 0.01, "two of four at a rate of some per cent")
	assert.Equal(t, 0.02, cal.FalseRejectRate, "the calibration stays as it is")
}

func TestChanceByHand(t *testing.T) {
	assert.InDelta(t, 0.75, atLeast(1, 2, 0.5), 1e-12)
	assert.InDelta(t, 0.25, atLeast(2, 2, 0.5), 1e-12)
	assert.InDelta(t, 1-math.Pow(0.98, 41), atLeast(1, 41, 0.02), 1e-12)
	assert.Equal(t, 1.0, atLeast(0, 5, 0))
	assert.Equal(t, 0.0, atLeast(1, 5, 0))
	assert.Equal(t, 1.0, atLeast(3, 5, 1))
}

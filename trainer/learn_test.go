package trainer

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// smallInput is a valid input of 64 patches in 4 dimensions, projected to 2.
func smallInput() *AdapterInput {
	in := &AdapterInput{Dim: 4, Out: 2, Init: []float32{1, 0, 0, 0, 0, 1, 0, 0}}
	for i := range 64 {
		in.Real = append(in.Real, uint8(i), uint8(127-i), uint8(i*7%128), 5)
	}
	return in
}

func TestBadInputIsAnError(t *testing.T) {
	tests := []struct {
		name string
		bend func(in *AdapterInput)
		want string
	}{
		{"out", func(in *AdapterInput) { in.Out = 5 }, "dimensions 4 to 5"},
		{"dim", func(in *AdapterInput) { in.Dim = 0 }, "dimensions 0 to 2"},
		{"real", func(in *AdapterInput) { in.Real = in.Real[1:] }, "real: 255 bytes"},
		{"few", func(in *AdapterInput) { in.Real = in.Real[:31*4] }, "31 patches, want at least 32"},
		{"fake", func(in *AdapterInput) { in.Fake = []uint8{1, 2, 3} }, "fake: 3 bytes"},
		{"init", func(in *AdapterInput) { in.Init = in.Init[1:] }, "init: 7 weights, want 2 x 4"},
		{"nan", func(in *AdapterInput) { in.Init[3] = float32(math.NaN()) }, "weight 3 is NaN"},
		{"u7", func(in *AdapterInput) { in.Real[9] = 128 }, "real: value 128 at 9, want 0..127"},
		{"u7 fake", func(in *AdapterInput) { in.Fake = []uint8{0, 0, 255, 0} }, "fake: value 255 at 2"},
		{"centroids", func(in *AdapterInput) { in.Centroids = -1 }, "-1 centroids"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := smallInput()
			tt.bend(in)
			_, err := LearnAdapter(context.Background(), in, nil)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	_, err := LearnAdapter(context.Background(), nil, nil)
	assert.ErrorContains(t, err, "no input")
	_, err = LearnAdapter(context.Background(), smallInput(), &LearnOptions{Batch: -1})
	assert.ErrorContains(t, err, "batch -1")
	_, err = LearnAdapter(context.Background(), smallInput(), &LearnOptions{Rate: math.Inf(1)})
	assert.ErrorContains(t, err, "rate is +Inf")
}

func TestCancelledBeforeTheStart(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := LearnAdapter(ctx, smallInput(), nil)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestOptionsDefaults(t *testing.T) {
	o, err := (*LearnOptions)(nil).resolve()
	require.NoError(t, err)
	assert.Equal(t, 100, o.Steps1)
	assert.Equal(t, 4096, o.Batch)
	assert.Equal(t, 0.003, o.Rate)
	given := &LearnOptions{Steps1: -1, Identity: -1, Length: 3}
	o, err = given.resolve()
	require.NoError(t, err)
	assert.Zero(t, o.Steps1, "negative switches off")
	assert.Zero(t, o.Identity)
	assert.Equal(t, 3.0, o.Length)
	assert.Equal(t, -1, given.Steps1, "the caller's options stay")
}

func TestGapRadii(t *testing.T) {
	c := []float32{0, 0, 8, 0, 0, 3}
	assert.Equal(t, float32(3), medianGap(c, 2), "gaps 3, 8, 3")
	assert.Zero(t, medianGap(c[:2], 2))
	assert.Equal(t, []float32{2, 5, 2}, radii(3, []int{0, 1, 1}, []float32{1, 5, 3}, 2))
}

func TestWorstTenthAndVariance(t *testing.T) {
	v := make([]float32, 20)
	for i := range v {
		v[i] = float32((i * 7) % 20)
	}
	assert.Equal(t, 18.5, worstTenth(v))
	assert.Equal(t, 3.0, worstTenth([]float32{3, 1}))
	assert.InDelta(t, 5, rms([]float32{5, -5, 1, 7}), 1e-9)
	assert.InDelta(t, 1+4, variance([]float32{1, 0, 3, 4}, 2), 1e-9)
}

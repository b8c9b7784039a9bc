package trainer

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func someCheckpoint() *Checkpoint {
	return &Checkpoint{Plan: "p", Stage: 2, Step: 7, Param: []float32{1, -2.5}, Mean: []float32{0, 3}, Square: []float32{4, 5}, Centres: []float32{6}, Moved: 2,
		Curve: []Step{{Stage: 1, Step: 1, Steps: 9, Loss: map[string]float64{"total": 0.5}}}}
}

func TestCheckpointTravels(t *testing.T) {
	data, err := someCheckpoint().Encode()
	require.NoError(t, err)
	got, err := DecodeCheckpoint(data)
	require.NoError(t, err)
	assert.Equal(t, someCheckpoint(), got)
	for want, bend := range map[string]func(c *Checkpoint){
		"stage 3":        func(c *Checkpoint) { c.Stage = 3 },
		"step 0":         func(c *Checkpoint) { c.Step = 0 },
		"with 2, 1 and":  func(c *Checkpoint) { c.Mean = c.Mean[:1] },
		"a value is NaN": func(c *Checkpoint) { c.Square[1] = float32(math.NaN()) },
	} {
		c := someCheckpoint()
		bend(c)
		data, err := c.Encode()
		require.NoError(t, err)
		_, err = DecodeCheckpoint(data)
		assert.ErrorContains(t, err, want)
	}
	_, err = DecodeCheckpoint(nil)
	assert.ErrorContains(t, err, "trainer: checkpoint")
}

func FuzzDecodeCheckpoint(f *testing.F) {
	data, err := someCheckpoint().Encode()
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := DecodeCheckpoint(data)
		if err == nil {
			assert.NoError(t, c.check())
		}
	})
}

// TestPlan: the digest changes with whatever the course depends on, and not with what it does not.
func TestPlan(t *testing.T) {
	in, o := smallInput(), &LearnOptions{Seed: 1}
	want, err := plan(in, o)
	require.NoError(t, err)
	same := *o
	same.Device, same.Progress, same.CheckpointEvery = "cpu", func(Step) {}, 9
	got, err := plan(in, &same)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	for _, bend := range []func(in *AdapterInput, o *LearnOptions){
		func(in *AdapterInput, _ *LearnOptions) { in.Real[5]++ }, func(in *AdapterInput, _ *LearnOptions) { in.L2 = true },
		func(_ *AdapterInput, o *LearnOptions) { o.Seed = 2 }, func(_ *AdapterInput, o *LearnOptions) { o.Steps2 = 5 },
		func(in *AdapterInput, _ *LearnOptions) { in.Init[0] = 0.5 },
	} {
		in, o := smallInput(), &LearnOptions{Seed: 1}
		bend(in, o)
		got, err := plan(in, o)
		require.NoError(t, err)
		assert.NotEqual(t, want, got)
	}
}

// TestUsageAndReseed by hand: of four centres two are used, three times and once: H = -(3/4 log 3/4 + 1/4 log 1/4) / log 4.
func TestUsageAndReseed(t *testing.T) {
	entropy, unused := usage(4, []int{0, 0, 2, 0})
	assert.InDelta(t, 0.5623351/math.Log(4), entropy, 1e-6)
	assert.Equal(t, []int{1, 3}, unused)
	entropy, unused = usage(1, []int{0})
	assert.Equal(t, 1.0, entropy)
	assert.Empty(t, unused)

	e := []float32{0, 1, 10, 12} // rows of one dimension
	c := []float32{0.5, 90, 80}
	assert.Equal(t, 2, reseed(c, e, 1, 1))
	assert.Equal(t, []float32{0.5, 12, 10}, c, "the farthest row first, then what is farthest from that too")
	assert.Zero(t, reseed([]float32{0, 11}, e, 1, 1))
}

//go:build torch

package trainer

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/trainer/torch"
)

// learnBy runs a learner that the test can look into.
func learnBy(t *testing.T, in *AdapterInput, o *LearnOptions, set func(l *learner)) *learner {
	t.Helper()
	o, err := o.resolve()
	require.NoError(t, err)
	l := &learner{in: in, o: o, out: &Learned{}, rng: rand.New(rand.NewPCG(uint64(o.Seed), 0x616e6f6d))}
	set(l)
	require.NoError(t, torch.Do(func() error { return l.run(context.Background()) }))
	return l
}

// Between two steps of a log line nothing crosses between Go's memory and the device. At a log line the losses come in one copy, and the
// choices of the next steps go in one (stage 1: rows) or two (stage 2: rows and lengths).
func TestStepsCopyNothing(t *testing.T) {
	for _, without := range []bool{false, true} {
		in, o := sheetInput(false), quick(1)
		if without {
			in.Fake = nil
		}
		o.Steps1, o.Steps2, o.Batch, in.Centroids = 60, 80, 32, 16
		var l *learner
		var last torch.Copies
		var lines, steps [3]int
		o.Progress = func(s Step) {
			now := l.copies
			crossed := torch.Copies{Up: now.Up - last.Up, Down: now.Down - last.Down}
			last = now
			assert.Nil(t, s.Loss)
			switch {
			case s.Step == 1: // the stage's own preparation comes before it
				lines[s.Stage]++
			case crossed == torch.Copies{}:
				steps[s.Stage]++
			default:
				lines[s.Stage]++
				assert.Equal(t, torch.Copies{Up: s.Stage, Down: 1}, crossed, "stage %d, step %d", s.Stage, s.Step)
			}
		}
		l = learnBy(t, in, o, func(made *learner) { l = made })
		assert.Equal(t, [3]int{0, 57, 76}, steps)
		assert.Equal(t, [3]int{0, 3, 4}, lines, "a line ends after 25 steps and, with checkpoints every 50, at them")
		assert.Len(t, l.out.Curve, 140)
		for _, s := range l.out.Curve {
			assert.Contains(t, s.Loss, "total")
		}
	}
}

// Patches that do not fit on the device are gathered in Go's memory in each step, with the same result.
func TestPatchesInGoMemoryLearnTheSame(t *testing.T) {
	o := quick(2)
	o.Steps1, o.Steps2, o.Batch = 8, 30, 64
	on := learnBy(t, sheetInput(true), o, func(*learner) {})
	off := learnBy(t, sheetInput(true), o, func(l *learner) { l.stepwise = true })
	assert.Equal(t, on.out.Weight, off.out.Weight)
	assert.Equal(t, on.out.Curve, off.out.Curve)
	assert.Greater(t, off.copies.Up, on.copies.Up+2*30)
}

// A loss that leaves the finite numbers within a log line ends the curve before that step, and no checkpoint holds what came after.
func TestCollapseWithinALogLine(t *testing.T) {
	in, o := sheetInput(false), quick(1)
	o.Steps1, o.Steps2, o.CheckpointEvery = 5, 60, 5
	o.Rate, o.Identity = 1e30, -1
	var kept []int
	o.Checkpoint = func(c *Checkpoint) error {
		require.NoError(t, c.check())
		kept = append(kept, c.Stage)
		return nil
	}
	got, err := LearnAdapter(t.Context(), in, o)
	require.NoError(t, err)
	assert.True(t, got.Collapsed)
	assert.Contains(t, got.Reason, "stage 2, step")
	assert.Equal(t, in.Init, got.Weight)
	assert.Less(t, len(got.Curve), 5+5)
	assert.Equal(t, []int{1}, kept)
}

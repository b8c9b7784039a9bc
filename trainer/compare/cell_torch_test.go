//go:build torch

package compare

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
	"anomnet/core/teach"
	"anomnet/trainer/dataset"
	"anomnet/trainer/evaluate"
	"anomnet/trainer/torch"
)

// TestCellIsTimedAlone: what a cell waits for libtorch while other cells have it is none of its own time, neither in training nor in scoring.
func TestCellIsTimedAlone(t *testing.T) {
	const busy = time.Second
	d := &Data{Name: "four", Set: &teach.Set{C: 4}, pre: imaging.Preprocess{Width: 16, Height: 16}}
	d.masks = evaluate.NewMasks(d.pre)
	for i := range 3 {
		x := make([]uint8, 4*d.Set.C)
		for k := range x {
			x[k] = uint8(k + 3*i)
		}
		d.Set.Features = append(d.Set.Features, &teach.Features{X: x})
		d.Test = append(d.Test, Test{dataset.Item{Label: []string{dataset.GoodLabel, "dent", "dent"}[i]}, x})
	}
	// other has libtorch for a while, from when it says so.
	other := func(said chan<- struct{}) {
		assert.NoError(t, torch.Do(func() error {
			close(said)
			time.Sleep(busy)
			return nil
		}))
	}
	for _, name := range []string{CFA, SimpleNet} {
		k, o := Key{Method: name}, Options{Device: "cpu", Steps: 1}
		said := make(chan struct{})
		go other(said)
		<-said
		start := time.Now()
		c, err := d.cell(t.Context(), k, o)
		require.NoError(t, err)
		assert.Greater(t, time.Since(start).Seconds()-c.TrainSeconds, (busy / 2).Seconds(), name)

		var waited time.Duration
		det, err := d.train(t.Context(), k, o, &waited)
		require.NoError(t, err)
		said, c = make(chan struct{}), &Cell{}
		go other(said)
		<-said
		start, waited = time.Now(), 0
		require.NoError(t, d.measure(t.Context(), det, c, &waited))
		assert.Greater(t, waited, busy/2, name)
		assert.Less(t, c.ScoreMS*float64(len(d.Test)), float64((time.Since(start)-waited).Microseconds())/1000, name)
	}
}

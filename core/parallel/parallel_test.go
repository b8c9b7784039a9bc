package parallel

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunVisitsAllOnceAndCounts(t *testing.T) {
	for _, workers := range []int{-1, 1, 3, 99} {
		const n = 50
		var seen [n]atomic.Int32
		last := 0
		states, err := Run(t.Context(), n, workers, func(done, total int) {
			assert.Equal(t, last+1, done)
			assert.Equal(t, n, total)
			last = done
		}, func() (*int, error) { return new(int), nil }, func(s *int, i int) error {
			*s++
			seen[i].Add(1)
			return nil
		})
		require.NoError(t, err)
		sum := 0
		for _, s := range states {
			sum += *s
		}
		assert.Equal(t, n, sum)
		assert.Equal(t, n, last)
		assert.Len(t, states, min(max(1, workers), n))
		for i := range seen {
			assert.EqualValues(t, 1, seen[i].Load(), i)
		}
	}
}

func TestRunStops(t *testing.T) {
	broken := errors.New("broken")
	state := func() (int, error) { return 0, nil }
	calls := 0
	_, err := Run(t.Context(), 9, 1, nil, state, func(int, int) error { calls++; return broken })
	assert.ErrorIs(t, err, broken)
	assert.Equal(t, 1, calls)
	_, err = Run(t.Context(), 9, 1, nil, func() (int, error) { return 0, broken }, func(int, int) error { return nil })
	assert.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Run(ctx, 9, 2, nil, state, func(int, int) error { calls++; return nil })
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, calls, "nothing is begun when the context has ended")
	states, err := Run(t.Context(), 0, 2, nil, state, func(int, int) error { return broken })
	require.NoError(t, err)
	assert.Empty(t, states)
}

// TestAnErrorStopsTheOthers: what was begun is finished, nothing else is begun.
func TestAnErrorStopsTheOthers(t *testing.T) {
	broken, failed := errors.New("broken"), make(chan struct{})
	var others atomic.Int32
	_, err := Run(t.Context(), 1000, 2, nil, func() (int, error) { return 0, nil }, func(_, i int) error {
		if i == 0 {
			close(failed)
			return broken
		}
		<-failed
		time.Sleep(time.Millisecond)
		others.Add(1)
		return nil
	})
	assert.ErrorIs(t, err, broken)
	assert.Less(t, others.Load(), int32(500))
}

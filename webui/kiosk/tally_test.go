package kiosk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"anomnet/core/report"
)

func TestCountersOfTheDayAndShift(t *testing.T) {
	w := newWorld(t, nil, Served{})
	w.k.SetCamera(true)
	w.page.CameraRuns(640, 480, nil)
	shoot := func(n int) {
		for range n {
			w.k.Shoot()
			w.work()
		}
	}
	shoot(8)
	assert.Equal(t, report.Counts{OK: 6, NG: 2}, w.k.tally.Counts)
	w.milli++
	w.k.NewShift()
	assert.Zero(t, w.k.tally.Inspected())
	w.milli++
	shoot(2)
	assert.Equal(t, 2, w.k.tally.Inspected())
	w.k.EndShift()
	assert.Equal(t, 10, w.k.tally.Inspected())
	w.milli += 24 * 3600_000
	w.tick()
	assert.Zero(t, w.k.tally.Inspected(), "a new day")
	shoot(1)
	w = newWorld(t, w, Served{})
	assert.Equal(t, 1, w.k.tally.Inspected())
	assert.Len(t, w.k.Strip, 11)
}

// TestADayOnWhichTheClockChanges has 23 hours, or 25: what was inspected in the last hour of the day before stays there, and what was in the first hour of the day is counted.
func TestADayOnWhichTheClockChanges(t *testing.T) {
	for _, c := range []struct{ before, after int }{{0, 60}, {60, 0}} {
		w := newWorld(t, nil, Served{})
		w.summer = c.before
		w.k.SetCamera(true)
		w.page.CameraRuns(640, 480, nil)
		midnight := time.Date(2026, 3, 29, 0, 0, 0, 0, time.FixedZone("", 60*(60+c.before))).UnixMilli()
		at := func(minutes int64, n int) {
			w.milli = midnight + minutes*60_000
			w.tick()
			for range n {
				w.k.Shoot()
				w.work()
			}
		}
		at(-30, 2)
		at(30, 3)
		assert.Equal(t, 3, w.k.tally.Inspected())
		w.summer = c.after
		at(4*60, 1)
		assert.Equal(t, 4, w.k.tally.Inspected(), "from %d to %d minutes", c.before, c.after)
	}
}

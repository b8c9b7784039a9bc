package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/calibrate"
)

func TestTallyAndYield(t *testing.T) {
	b := example()
	c := Tally(b.Records)
	assert.Equal(t, Counts{OK: 3, NG: 1, Failed: 2}, c)
	assert.Equal(t, 0.75, c.Yield())
	assert.Zero(t, Counts{Failed: 3}.Yield())
	hours := Yield(b.Records, false)
	require.Len(t, hours, 2)
	assert.Equal(t, Period{noon(0), Counts{OK: 1}}, hours[0])
	assert.Equal(t, Period{noon(60), Counts{OK: 1, NG: 1, Failed: 1}}, hours[1])
	days := Yield(b.Records, true)
	require.Len(t, days, 1)
	assert.Equal(t, "2026-05-04T00:00:00.000+00:00", days[0].Start.String())
}

// TestYieldWhenSummerTimeEnds: 2:30 comes twice on 25 October 2026 in Berlin.
func TestYieldWhenSummerTimeEnds(t *testing.T) {
	r := example().Records[0]
	var records []Record
	for _, s := range []string{"2026-10-25T02:30:00.000+02:00", "2026-10-25T02:30:00.000+01:00", "2026-10-25T00:10:00.000+02:00", "2026-10-25T23:50:00.000+01:00"} {
		at, err := ParseTime(s)
		require.NoError(t, err)
		r.Time = at
		records = append(records, r)
	}
	var hours []string
	for _, p := range Yield(records, false) {
		hours = append(hours, p.Start.String())
	}
	assert.Equal(t, []string{"2026-10-25T00:00:00.000+02:00", "2026-10-25T02:00:00.000+02:00", "2026-10-25T02:00:00.000+01:00", "2026-10-25T23:00:00.000+01:00"}, hours)
	assert.Equal(t, 4, Yield(records, true)[0].OK)
}

func TestConfuse(t *testing.T) {
	b := example()
	c := Confuse(b.Records)
	assert.Equal(t, Confusion{Good: Counts{OK: 1}, Defect: Counts{NG: 1}, AUROC: 1, Both: true}, c)
	b.Records[1].Override = &Override{Verdict: calibrate.OK}
	b.Records[2].Label, b.Records[3].Label = Good, Defect
	c = Confuse(b.Records)
	assert.Equal(t, Confusion{Good: Counts{OK: 1, Review: 1}, Defect: Counts{NG: 1, Failed: 1}, AUROC: 1, Both: true}, c)
	assert.Equal(t, 3, c.Labelled())
	assert.Equal(t, []int{1, 1, 1, 0}, func() []int { m := c.Binary(true); return []int{m.TP, m.FP, m.TN, m.FN} }())
	assert.Equal(t, []int{1, 0, 2, 0}, func() []int { m := c.Binary(false); return []int{m.TP, m.FP, m.TN, m.FN} }())
	assert.False(t, Confuse(nil).Both)
}

func TestHistogram(t *testing.T) {
	h, err := NewHistogram([]float64{-1, 0, 0.49, 0.5, 0.999999999999999999, 1, 7, 0.25}, 0, 1, 2)
	require.NoError(t, err)
	assert.Equal(t, &Histogram{Low: 0, High: 1, Bins: []int{3, 1}, Under: 1, Over: 3}, h)
	assert.Equal(t, 3, h.Highest())
	for _, c := range []struct{ low, high float64 }{{1, 1}, {2, 1}} {
		_, err := NewHistogram(nil, c.low, c.high, 2)
		assert.Error(t, err)
	}
	_, err = NewHistogram(nil, 0, 1, 0)
	assert.Error(t, err)
}

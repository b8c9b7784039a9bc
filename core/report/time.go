package report

import (
	"fmt"
	"time"
)

// Time is a moment and the local time of the place: milliseconds since 1970 in UTC, and minutes to add for the clock on the wall. The
// zero value means unknown. Times with the same fields are equal, which time.Time does not offer.
type Time struct {
	Milli  int64
	Offset int
}

const (
	timeLayout = "2006-01-02T15:04:05.000-07:00"
	maxOffset  = 14 * 60
	maxMilli   = 253402300799999 - maxOffset*60_000 // so that the local year has four digits
)

// At is the Time of t in its location.
func At(t time.Time) Time {
	_, offset := t.Zone()
	return Time{t.UnixMilli(), offset / 60}
}

// Wall is the time.Time whose fields show the local time.
func (t Time) Wall() time.Time {
	return time.UnixMilli(t.Milli).In(time.FixedZone("", t.Offset*60))
}

// String is RFC 3339 with milliseconds and a numeric offset, 2026-05-04T13:30:00.250+02:00.
func (t Time) String() string { return t.Wall().Format(timeLayout) }

// ParseTime reads what String writes, and nothing else.
func ParseTime(s string) (Time, error) {
	t, err := parseTime(s)
	if err != nil {
		return Time{}, fmt.Errorf("report: %w", err)
	}
	return t, nil
}

func parseTime(s string) (Time, error) {
	if w, err := time.Parse(timeLayout, s); err == nil {
		if t := At(w); t.check() == nil && t.String() == s {
			return t, nil
		}
	}
	return Time{}, fmt.Errorf("time %.40q, want the form %s", s, timeLayout)
}

func (t Time) check() error {
	if t.Milli < 0 || t.Milli > maxMilli || t.Offset < -maxOffset || t.Offset > maxOffset {
		return fmt.Errorf("time %d %+d min is out of range", t.Milli, t.Offset)
	}
	return nil
}

// known tells whether t is there.
func (t Time) known() bool { return t != Time{} }

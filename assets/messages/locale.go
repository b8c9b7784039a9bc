package messages

import (
	"strconv"
	"strings"
	"time"
)

// Locale writes numbers and times in the way of a language and region.
type Locale interface {
	// Number writes f with so many digits after the decimal mark.
	Number(f float64, digits int) string
	// Time writes what the clock on t's wall shows, in t's own zone.
	Time(t time.Time, style Style) string
}

// Style is how much of a time is written.
type Style int

// The styles: a moment to the second, to the minute, a day, a day of a known year, the time of a known day.
const (
	Second Style = iota
	Minute
	Day
	MonthDay
	Clock
)

// Plain is the Locale where there is no browser: ISO 8601 times, numbers with the decimal mark that it is made of.
type Plain string

// Number implements Locale.
func (p Plain) Number(f float64, digits int) string {
	return strings.Replace(strconv.FormatFloat(f, 'f', digits, 64), ".", string(p), 1)
}

// Time implements Locale.
func (p Plain) Time(t time.Time, style Style) string {
	return t.Format([...]string{Second: "2006-01-02 15:04:05", Minute: "2006-01-02 15:04", Day: "2006-01-02", MonthDay: "01-02", Clock: "15:04"}[style])
}

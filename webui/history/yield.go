package history

import (
	"strconv"

	"anomnet/assets/messages"
	"anomnet/core/report"
	"anomnet/webui/chart"
)

// The chart's measures, in units of its view box. No more bars than maxBars: the latest ones.
const (
	chartWidth  = 640
	chartHeight = 120
	chartTop    = 18
	maxBars     = 31
)

// Bar is an hour or a day: parts by verdict, stacked from the bottom.
type Bar struct {
	Key, Label, Share, Title string
	X, Width, Mid            string
	OK, Review, NG           Piece
	report.Counts
}

// Piece is a part of a bar.
type Piece struct{ Y, Height string }

// SetDaily chooses days or hours.
func (c *History) SetDaily(on bool) { c.daily = on }

// Pressed is aria-pressed of the buttons for hours and days.
func (c *History) Pressed(daily bool) string { return strconv.FormatBool(c.daily == daily) }

// Bars are the last hours or days with inspections.
func (c *History) Bars() []Bar {
	v := c.now()
	if is := [2]any{c.Page.Text.Lang, c.daily}; v.barsFor != is {
		v.bars, v.barsFor = c.draw(v.records), is
	}
	return v.bars
}

func (c *History) draw(records []report.Record) []Bar {
	periods := report.Yield(records, c.daily)
	periods = periods[max(len(periods)-maxBars, 0):]
	highest := 1
	for _, p := range periods {
		highest = max(highest, p.Inspected())
	}
	axis := chart.Axis{Low: 0, High: float64(highest), From: chartTop + chartHeight, To: chartTop}
	step := float64(chartWidth) / float64(max(len(periods), 12))
	out := make([]Bar, len(periods))
	for i, p := range periods {
		b := &out[i]
		x := float64(i) * step
		b.Counts, b.Key, b.X, b.Width, b.Mid = p.Counts, p.Start.String(), chart.Num(x+step*0.1), chart.Num(step*0.8), chart.Num(x+step/2)
		style := messages.Clock
		if c.daily {
			style = messages.MonthDay
		}
		b.Label = c.Page.Text.Time(p.Start.Wall(), style)
		if p.Inspected() > 0 {
			b.Share = c.Page.Text.Share(p.Yield())
		}
		stacked := 0
		piece := func(n int) Piece {
			bottom := axis.At(float64(stacked))
			stacked += n
			top := axis.At(float64(stacked))
			return Piece{chart.Num(top), chart.Num(bottom - top)}
		}
		b.OK, b.Review, b.NG = piece(p.OK), piece(p.Review), piece(p.NG)
		b.Title = c.name(b, p.Start)
	}
	return out
}

// name describes a bar in words.
func (c *History) name(b *Bar, start report.Time) string {
	style := messages.Minute
	if c.daily {
		style = messages.Day
	}
	t := c.Page.Text
	return t.T("history.bar", "time", t.Time(start.Wall(), style), "yield", b.Share, "ok", t.Count(b.Counts.OK), "review", t.Count(b.Counts.Review),
		"ng", t.Count(b.Counts.NG), "failed", t.Count(b.Failed))
}

// Labelled tells whether bar i has room for its label.
func (c *History) Labelled(i, n int) bool { return n <= 12 || i%3 == (n-1)%3 }

// Sum says how many were inspected in the chosen days, and the yield.
func (c *History) Sum() string {
	n := report.Tally(c.now().records)
	if n.Inspected() == 0 {
		return ""
	}
	t := c.Page.Text
	return t.T("history.sum", "n", t.Count(n.Inspected()), "yield", t.Apart(100*n.Yield(), 1, 0, 100), "ok", t.Count(n.OK), "review", t.Count(n.Review),
		"ng", t.Count(n.NG), "failed", t.Count(n.Failed))
}

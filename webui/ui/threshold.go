package ui

import (
	"math"
	"strconv"
	"strings"

	"github.com/vugu/vugu"
	vjs "github.com/vugu/vugu/js"

	"anomnet/core/calibrate"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/chart"
)

// The threshold panel's chart, in units of its view box.
const (
	chartWidth  = 336
	chartHeight = 148
	chartBins   = 40
	chartMost   = 2.0  // times the model's limit, the end of the axis at most; higher scores are in the last bin
	limitStep   = 0.01 // of an arrow key, in the same unit
	limitPage   = 0.1
	// tallyEvery is how often at most all images are counted again while a batch runs, in milliseconds.
	tallyEvery = 250
)

var chartY = chart.Axis{From: chartHeight - 20, To: 34}

// axis goes from below the good scores to three times as far above the limit, in times the model's limit.
func (p *Page) axis() chart.Axis {
	low := 0.0
	if s := p.Part.Scores; len(s) > 0 {
		low = min(max(math.Floor(ratio(s[0], p.Part.Limit)*10-1)/10, 0), 0.8)
	}
	return chart.Axis{Low: low, High: min(1+3*(1-low), chartMost), From: 8, To: chartWidth - 14}
}

// tally is what the panel counts over all images, kept while nothing has changed.
type tally struct {
	key       tallyKey
	at        float64
	rest      *chart.Bins // images that are not known to be defective
	defect    *chart.Bins
	scored    int
	defects   int
	confusion report.Confusion
	labelled  []report.Record // its memory, used again
}

type tallyKey struct {
	list                        *List
	all, ok, review, ng, failed int
	limits                      Limits
}

// count returns the tally.
func (p *Page) count() *tally {
	l := p.List
	key := tallyKey{l, len(l.all), l.counts[protocol.VerdictOK], l.counts[protocol.VerdictReview], l.counts[protocol.VerdictNG], l.counts[FilterFailed], p.Limits()}
	t := &p.tally
	same := t.rest != nil && t.key == key
	soon := t.rest != nil && t.key.list == key.list && t.key.limits == key.limits && p.Busy() && p.back.Now() < t.at+tallyEvery
	if same || soon {
		return t
	}
	x := p.axis()
	*t = tally{key: key, at: p.back.Now(), rest: x.Bins(chartBins), defect: x.Bins(chartBins), labelled: t.labelled[:0]}
	for _, it := range l.all {
		if it.State == Done {
			t.scored++
			bins := t.rest
			if it.Label == string(report.Defect) {
				bins = t.defect
				t.defects++
			}
			bins.Add(ratio(it.Result.Raw, p.Part.Limit))
		}
		if it.Label != "" && (it.State == Done || it.State == Failed) {
			t.labelled = append(t.labelled, record(it))
		}
	}
	t.confusion = report.Confuse(t.labelled)
	return t
}

// record is as much of an item as Confuse looks at.
func record(it *Item) report.Record {
	r := report.Record{Label: report.Label(it.Label)}
	if it.State == Failed {
		r.Err = &report.Failure{Code: it.Err.Code}
		return r
	}
	r.Raw, r.Verdict = it.Result.Raw, calibrate.Verdict(it.Result.Verdict)
	return r
}

// Threshold is the panel that shows the scores of all images, and moves the limits.
type Threshold struct{ Page *Page }

// Known tells whether the part has what the panel shows.
func (c *Threshold) Known() bool { return c.Page.Part.Limit > 0 }

// Good is the outline of the calibration's scores.
func (c *Threshold) Good() string {
	b := c.good()
	return b.Area(b.Top(), chartY)
}

func (c *Threshold) good() *chart.Bins {
	b := c.Page.axis().Bins(chartBins)
	for _, s := range c.Page.Part.Scores {
		b.Add(ratio(s, c.Page.Part.Limit))
	}
	return b
}

func (t *tally) top() int {
	top := 1
	for i, n := range t.rest.N {
		top = max(top, n+t.defect.N[i])
	}
	return top
}

// Bars are the scores of the images, and Defects those known to be defective, on top of them.
func (c *Threshold) Bars() string {
	t := c.Page.count()
	return t.rest.Bars(t.top(), chartY, 3, nil)
}

// Defects are the scores of images known to be defective.
func (c *Threshold) Defects() string {
	t := c.Page.count()
	return t.defect.Bars(t.top(), chartY, 3, t.rest)
}

// HasDefects tells whether there are any.
func (c *Threshold) HasDefects() bool { return c.Page.count().defects > 0 }

// Tick is a mark on the axis.
type Tick struct{ X, Y, Text, Anchor string }

// Ticks of the axis.
func (c *Threshold) Ticks() []Tick {
	var out []Tick
	x := c.Page.axis()
	values := x.Ticks(6)
	for i, v := range values {
		k := Tick{X: chart.Num(x.At(v)), Y: chart.Num(chartHeight - 5), Text: c.Page.Text.Number(v, 1), Anchor: "middle"}
		switch {
		case i == len(values)-1 && v >= x.High-1e-9:
			k.Text, k.Anchor = "≥ "+k.Text, "end"
		case i == 0 && v > 0 && v <= x.Low+1e-9:
			k.Text, k.Anchor = "< "+k.Text, "start"
		}
		out = append(out, k)
	}
	return out
}

// Handle is a line that can be dragged. The names stand at the two ends of the chart, where they never meet.
type Handle struct {
	Name, Class, Label, Transform, Now, Least, Most, Says, Short, Anchor, TextX, Knob, GripX string
}

// Handles are the limits, REVIEW below NG.
func (c *Threshold) Handles() []Handle {
	l := c.Page.Limits()
	review, limit, x := c.rel(l.Review), c.rel(l.Limit), c.Page.axis()
	num := func(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
	handle := func(name, key string, v float64, most float64, says string) Handle {
		h := Handle{Name: name, Class: "handle " + name, Label: c.Page.t(key), Transform: "translate(" + chart.Num(x.At(v)) + " 0)", Now: num(v), Least: num(min(x.Low, v)), Most: num(max(most, v)),
			Says: says, Short: c.Page.t(key) + " " + c.Page.Text.Number(v, 2), Anchor: "end", TextX: chart.Num(chartWidth - x.At(v)),
			Knob: "M-1 20h12v8l-12 7z", GripX: "-2"}
		if name == "review" {
			h.Anchor, h.TextX, h.Knob, h.GripX = "start", chart.Num(-x.At(v)), "M1 20h-12v8l12 7z", "-22"
		}
		return h
	}
	return []Handle{
		handle("review", "limits.review", review, limit, c.Page.t("limits.says", "ratio", c.Page.Text.Number(review, 2), "raw", c.Page.Raw(l.Review),
			"effect", c.Page.Text.N("limits.says.review", c.Page.List.Count(protocol.VerdictReview)))),
		handle("limit", "limits.limit", limit, x.High, c.Page.t("limits.says", "ratio", c.Page.Text.Number(limit, 2), "raw", c.Page.Raw(l.Limit),
			"effect", c.Page.Text.N("limits.says.ng", c.Page.List.Count(protocol.VerdictNG))+". "+c.Promise())),
	}
}

// rel is a score relative to the model's limit.
func (c *Threshold) rel(v float32) float64 { return ratio(v, c.Page.Part.Limit) }

// Listen takes the pointer's events of the chart.
func (c *Threshold) Listen(el vjs.Value) { c.Page.back.Limits(el) }

// DragLimit moves a limit to a place of the chart, 0..1 of its width.
func (p *Page) DragLimit(name string, at float64) { p.setLimit(name, p.axis().Value(at*chartWidth)) }

// setLimit moves a limit to so many times the model's limit, in steps; the model's own limits catch.
func (p *Page) setLimit(name string, v float64) {
	own := Limits{p.Part.Review, p.Part.Limit}
	l := p.wanted()
	at := func(v float64, own float32) float32 {
		if d := v - ratio(own, p.Part.Limit); d > -limitStep/2 && d < limitStep/2 {
			return own
		}
		steps := float64(int(v/limitStep + 0.5))
		return float32(steps * limitStep * float64(p.Part.Limit))
	}
	x := p.axis()
	v = min(max(v, x.Low), x.High)
	if name == "review" {
		l.Review = min(at(v, own.Review), l.Limit)
	} else {
		l.Limit = at(max(v, limitStep), own.Limit)
	}
	p.SetLimits(l)
}

// Key moves a limit by a key.
func (c *Threshold) Key(name string, event vugu.DOMEvent) {
	if c.Page.LimitKey(name, event.PropString("key")) {
		event.PreventDefault()
	}
}

// LimitKey moves a limit by a key; it returns whether the key has a meaning.
func (p *Page) LimitKey(name, key string) bool {
	l := p.Limits()
	v := ratio(l.Limit, p.Part.Limit)
	if name == "review" {
		v = ratio(l.Review, p.Part.Limit)
	}
	switch key {
	case "ArrowRight", "ArrowUp":
		v += limitStep
	case "ArrowLeft", "ArrowDown":
		v -= limitStep
	case "PageUp":
		v += limitPage
	case "PageDown":
		v -= limitPage
	case "Home":
		v = p.axis().Low
	case "End":
		v = p.axis().High
	default:
		return false
	}
	p.setLimit(name, v)
	return true
}

// Promise says how many good parts the limit rejects.
func (c *Threshold) Promise() string {
	p := c.Page
	cal := p.calibration()
	n := p.Text.Count(len(p.Part.Scores))
	if len(p.Part.Scores) == 0 {
		return p.t("limits.nothing")
	}
	if !p.LimitsMoved() {
		lo, hi := cal.Interval(calibrate.Confidence)
		if !cal.Promised() {
			return p.t("limits.aimed", "rate", p.Share(cal.FalseRejectRate), "hi", p.Share(hi), "n", n)
		}
		return p.t("limits.promised", "rate", p.Share(cal.FalseRejectRate), "lo", p.Share(lo), "hi", p.Share(hi), "n", n)
	}
	rate, lo, hi := cal.RateAt(cal.Limit, calibrate.Confidence)
	above := int(rate*float64(len(p.Part.Scores)+1)+0.5) - 1
	return p.t("limits.moved", "above", p.Text.Count(above), "n", n, "lo", p.Share(lo), "hi", p.Share(hi))
}

// Reset takes the model's limits again.
func (c *Threshold) Reset() { c.Page.ResetLimits() }

// Effect counts the verdicts under the limits in force.
func (c *Threshold) Effect() string {
	n := func(v string) string { return c.Page.Verdict(v) + " " + c.Page.Text.Count(c.Page.List.Count(v)) }
	return n(protocol.VerdictNG) + " · " + n(protocol.VerdictReview) + " · " + n(protocol.VerdictOK)
}

// Describe says for screen readers what the chart shows.
func (c *Threshold) Describe() string {
	t := c.Page.count()
	s := c.Page.Part.Scores
	out := c.Page.Text.N("limits.chart", t.scored)
	if len(s) > 0 {
		out += " " + c.Page.t("limits.chart.good", "n", c.Page.Text.Count(len(s)), "from", c.Page.Text.Number(c.rel(s[0]), 2),
			"middle", c.Page.Text.Number(c.rel(s[len(s)/2]), 2), "to", c.Page.Text.Number(c.rel(s[len(s)-1]), 2))
	}
	return out
}

// Series is a line of the legend.
type Series struct{ Class, Text string }

// Legend names the series.
func (c *Threshold) Legend() []Series {
	t := c.Page.count()
	out := []Series{{"good", c.Page.Text.N("limits.good", len(c.Page.Part.Scores))}, {"bar", c.Page.Text.N("limits.batch", t.scored-t.defects)}}
	if t.defects > 0 {
		out = append(out, Series{"defect", c.Page.Text.N("limits.defects", t.defects)})
	}
	return out
}

// Labelled tells whether there are images with a label.
func (c *Threshold) Labelled() bool { return c.Page.count().confusion.Labelled() > 0 }

// Cell is a number of the confusion table that filters the list.
type Cell struct{ Key, Text, Label, Pressed, Class string }

// Line is a row of the confusion table.
type Line struct {
	Name  string
	Cells []Cell
}

// Columns are the verdicts, from best to worst.
func (c *Threshold) Columns() []string {
	return []string{c.Page.Verdict(protocol.VerdictOK), c.Page.Verdict(protocol.VerdictReview), c.Page.Verdict(protocol.VerdictNG)}
}

// Lines are the rows of the confusion table.
func (c *Threshold) Lines() []Line {
	t := c.Page.count().confusion
	line := func(label report.Label, name string, n report.Counts) Line {
		l := Line{Name: name}
		for i, v := range []string{protocol.VerdictOK, protocol.VerdictReview, protocol.VerdictNG} {
			key := string(label) + "/" + v
			cell := Cell{Key: key, Text: strconv.Itoa([]int{n.OK, n.Review, n.NG}[i]), Pressed: strconv.FormatBool(c.Page.List.Filter == key),
				Label: name + ", " + c.Page.Verdict(v) + ": " + strconv.Itoa([]int{n.OK, n.Review, n.NG}[i])}
			if label == report.Good && v == protocol.VerdictNG && n.NG > 0 || label == report.Defect && v == protocol.VerdictOK && n.OK > 0 {
				cell.Class = "wrong"
			}
			l.Cells = append(l.Cells, cell)
		}
		return l
	}
	return []Line{line(report.Good, c.Page.t("limits.known.good"), t.Good), line(report.Defect, c.Page.t("limits.known.defect"), t.Defect)}
}

// Figures are what the labels say about the verdicts.
func (c *Threshold) Figures() []Cell {
	t := c.Page.count().confusion
	var out []Cell
	add := func(key, filter string, n int) {
		out = append(out, Cell{Key: filter, Text: c.Page.Text.N(key, n), Pressed: strconv.FormatBool(c.Page.List.Filter == filter)})
	}
	if t.Defect.Inspected() > 0 {
		add("limits.missed", "defect/OK", t.Defect.OK)
	}
	if t.Good.Inspected() > 0 {
		add("limits.alarms", "good/NG", t.Good.NG)
	}
	return out
}

// AUROC is the figure of the scores without a limit, "" while images of one kind are missing.
func (c *Threshold) AUROC() string {
	t := c.Page.count().confusion
	if !t.Both {
		return ""
	}
	return c.Page.t("limits.auroc", "value", c.Page.Text.Number(t.AUROC, 4))
}

// FilterName says what a filter of the confusion table shows; "" for any other.
func (c *Threshold) FilterName() string {
	label, verdict, ok := strings.Cut(c.Page.List.Filter, "/")
	if !ok {
		return ""
	}
	name := map[string]string{"good": "limits.known.good", "defect": "limits.known.defect"}[label]
	return c.Page.t("limits.only", "label", c.Page.t(name), "verdict", c.Page.Verdict(verdict))
}

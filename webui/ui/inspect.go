package ui

import (
	"strconv"

	"github.com/vugu/vugu"

	"anomnet/webui/dom/vdom"
)

// Inspect is the view of the images: the welcome, or the selected image over the list. Its three parts are kept apart, so that
// scrolling and results that arrive build only the list.
type Inspect struct {
	Page                                   *Page
	welcome, verdict, viewer, facts, strip *vdom.Keep
}

// inspectView is the view as the header knows it.
func inspectView(p *Page) View {
	c := &Inspect{Page: p}
	c.welcome = p.keep("welcome", &Welcome{Page: p}, nil)
	c.verdict = p.keep("verdict", &Verdict{Page: p}, nil)
	c.viewer = p.keep("viewer", &Viewer{Page: p}, p.lookStamp)
	c.facts = p.keep("facts", &Facts{Page: p}, nil)
	c.strip = p.keep("strip", &Strip{Page: p}, p.listStamp)
	return View{ID: inspectID, Body: c, Key: p.key, Class: c.class, Keys: inspectKeys(), Stamp: func() any { return [3]any{p.rev, p.listStamp(), p.lookStamp()} }}
}

// listStamp changes with all that the list shows, apart from what Touch tells.
func (p *Page) listStamp() any {
	return [4]any{p.List, p.List.rev, p.batch, p.SecondsLeft()}
}

// lookStamp changes with what only the pictures show.
func (p *Page) lookStamp() any { return p.Look.rev }

func (c *Inspect) class() string {
	if c.Page.HasItems() {
		return "inspect"
	}
	return "welcome"
}

// Welcome returns what is shown while there are no images.
func (c *Inspect) Welcome() vugu.Builder { return c.welcome }

// Stacked tells that there are images on a narrow screen. Its order is verdict, picture, list, facts, in the document as to the eye: the keyboard and screen
// readers follow the document. On a wide screen the verdict stands above the facts, and the list comes last.
func (c *Inspect) Stacked() bool { return c.Page.HasItems() && c.Page.Narrow }

// Verdict returns the verdict on the selected image where it stands apart from the facts.
func (c *Inspect) Verdict() vugu.Builder { return c.verdict }

// Viewer returns the picture of the selected image.
func (c *Inspect) Viewer() vugu.Builder { return c.viewer }

// Facts returns the numbers beside the image.
func (c *Inspect) Facts() vugu.Builder { return c.facts }

// Strip returns the list.
func (c *Inspect) Strip() vugu.Builder { return c.strip }

func inspectKeys() []Shortcut {
	return []Shortcut{
		{"J / K", "keys.move"}, {"← → ↑ ↓", "keys.arrows"}, {"Home / End", "keys.ends"}, {"Page ↑ / Page ↓", "keys.page"},
		{"1 2 3", "keys.filter"}, {"M", "keys.map"}, {"B", "keys.blink"}, {"R", "keys.review"}, {"E", "keys.export"},
		{"+ / - / 0", "keys.zoom"}, {"S", "keys.beside"}, {"C", "keys.compare"},
	}
}

// Facts shows the numbers of the selected image, on a wide screen below its verdict.
type Facts struct{ Page *Page }

// Done tells whether the selected item has a result.
func (c *Facts) Done() bool {
	it := c.Page.Selected()
	return it != nil && it.State == Done
}

// Mapped tells whether the selected item has a map, or can have it again.
func (c *Facts) Mapped() bool { return c.Done() && !c.Page.Selected().absent }

// Name of the selected file.
func (c *Facts) Name() string {
	if it := c.Page.Selected(); it != nil {
		return it.Src.Name()
	}
	return ""
}

// Truth says what is known about a sample.
func (c *Facts) Truth() string {
	it := c.Page.Selected()
	if it == nil || it.Label == "" {
		return ""
	}
	return c.Page.t("facts.label." + it.Label)
}

// GaugeLabel describes the gauge for screen readers.
func (c *Facts) GaugeLabel() string {
	it := c.Page.Selected()
	return c.Page.t("facts.gauge", "ratio", c.Page.Ratio(it), "verdict", c.Page.Verdict(it.Result.Verdict))
}

func (c *Facts) reviewX() float64 {
	r := c.Page.Selected().Result
	return gaugeX(float64(r.Review) / float64(r.Limit))
}

// ReviewX is where REVIEW begins on the gauge.
func (c *Facts) ReviewX() string { return num(c.reviewX()) }

// ReviewWidth is how wide REVIEW is.
func (c *Facts) ReviewWidth() string { return num(max(gaugeX(1)-c.reviewX(), 0)) }

// Needle is the pointer at the score; beyond the end of the gauge it points to the right.
func (c *Facts) Needle() string {
	r := c.Page.Selected().Result.Ratio
	x := gaugeX(r)
	if r > gaugeMax {
		return "M312 2l8 6l-8 6z"
	}
	return "M" + num(x) + " 13l-5-9h10z"
}

// Known tells whether there is anything to say about limits.
func (c *Facts) Known() bool { return c.Page.Part.Limit > 0 && c.Page.List.selected != nil }

// Rows of the table of numbers.
func (c *Facts) Rows() []Fact {
	r := c.Page.Selected().Result
	return []Fact{
		{"facts.raw", "facts.raw.tip", c.Page.Raw(r.Raw)},
		{"facts.limit", "facts.limit.tip", c.Page.Raw(r.Limit)},
		{"facts.p", "facts.p.tip", c.Page.PValue(r.PValue)},
		{"facts.picture", "facts.picture.tip", size(r.Width, r.Height)},
		{"facts.time", "facts.time.tip", c.Page.Text.Number(r.Millis, 0) + " ms"},
		{"facts.sha", "facts.sha.tip", Short(r.SHA256)},
		{"facts.entry", "facts.entry.tip", c.entry()},
	}
}

// entry is the image's number in the history.
func (c *Facts) entry() string {
	if n := c.Page.Selected().Recorded; n > 0 {
		return strconv.FormatInt(n, 10)
	}
	return c.Page.t("facts.entry.none")
}

// OpacityValue is the slider's position.
func (c *Facts) OpacityValue() string { return strconv.Itoa(c.Page.Look.Opacity) }

// Stops are the legend's colours.
func (c *Facts) Stops() []stop { return legendStops() }

// LimitX is where the limit is on the legend.
func (c *Facts) LimitX() string { return num(legendX(c.Page.Selected())) }

// LimitAnchor is where the limit's name stands: inside the legend.
func (c *Facts) LimitAnchor() string {
	switch x := legendX(c.Page.Selected()); {
	case x < legendRoom:
		return "start"
	case x > gaugeWidth-legendRoom:
		return "end"
	}
	return "middle"
}

// legendRoom is what the limit's name needs at either end of the legend; the end's own label makes room for it.
const legendRoom = 72

// LowLabel is the low end of the legend relative to the limit.
func (c *Facts) LowLabel() string {
	if c.LimitAnchor() == "start" {
		return ""
	}
	return c.relative(c.Page.Selected().Result.MapLow)
}

// HighLabel is the high end of the legend relative to the limit.
func (c *Facts) HighLabel() string {
	if c.LimitAnchor() == "end" {
		return ""
	}
	return c.relative(c.Page.Selected().Result.MapHigh)
}

func (c *Facts) relative(v float32) string {
	return c.Page.Text.Number(float64(v)/float64(c.Page.Selected().Result.Limit), 2)
}

package ui

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vugu/vugu"
	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
)

// Tip is a text with an explanation that shows on hover and focus.
type Tip struct {
	Page             *Page
	Key, Text, Class string // Key is the catalogue key of the explanation
	Href             string // where the text leads, if anywhere
}

// ID of the explanation, for aria-describedby.
func (c *Tip) ID() string { return "tip-" + strings.ReplaceAll(c.Key, ".", "-") }

// Picker is a button that opens the file chooser.
type Picker struct {
	Page        *Page
	Text, Class string
}

// Ways are the buttons for folders and the camera; Small is not empty for icons without words.
type Ways struct {
	Page  *Page
	Small string
}

// Class of the buttons.
func (c *Ways) Class() string {
	if c.Small != "" {
		return "button small bare"
	}
	return "button"
}

// Text of a button, nothing where the icon stands alone.
func (c *Ways) Text(key string) string {
	if c.Small != "" {
		return ""
	}
	return c.Page.t(key)
}

// Welcome is what a first visit shows.
type Welcome struct{ Page *Page }

// PickerClass makes choosing files the main action where there are no samples.
func (c *Welcome) PickerClass() string {
	if len(c.Page.Samples) == 0 {
		return "primary"
	}
	return ""
}

// Bar shows the page's notice.
type Bar struct{ Page *Page }

// Class of the notice.
func (c *Bar) Class() string {
	return "notice " + [...]string{"loading", "loaded", "refused", "loading", "loaded", "refused"}[c.Page.Notice.Kind]
}

// Is tells whether the notice is of a kind.
func (c *Bar) Is(k NoticeKind) bool { return c.Page.Notice.Kind == k }

// Plain tells whether the notice is a text, not about a part.
func (c *Bar) Plain() bool { return c.Page.Notice.Kind >= NoticeBusy }

// Role of a plain notice: only problems interrupt.
func (c *Bar) Role() any {
	if c.Is(NoticeProblem) {
		return "alert"
	}
	return nil
}

// Title says what happened.
func (c *Bar) Title() string {
	n := c.Page.Notice
	switch n.Kind {
	case NoticeLoaded:
		return c.Page.t("notice.loaded", "part", n.Name)
	case NoticeRefused:
		return c.Page.t("notice.refused", "name", n.Name)
	}
	return c.Page.t("notice.loading", "name", n.Name)
}

// Kept says what became of the images of the part before.
func (c *Bar) Kept() string {
	if n := c.Page.Notice; n.Kept > 0 {
		return c.Page.Text.N("notice.kept", n.Kept, "part", n.Other)
	}
	return ""
}

// BackText is the way back to the part before, "" when there is none.
func (c *Bar) BackText() string {
	if n := c.Page.Notice; n.other >= 0 {
		return c.Page.t("notice.back", "part", n.Other)
	}
	return ""
}

// refusals are the error codes that mean something else for a dropped model than for an image or the site's own part.
func refusals() []string {
	return []string{protocol.CodeModelCorrupt, protocol.CodeModelMismatch, protocol.CodeCrashed, protocol.CodeUnreadable}
}

// Why says why a model was refused, and what to do.
func (c *Bar) Why() string {
	e := c.Page.Notice.Err
	if e.Code == protocol.CodeSignature {
		return c.Page.TrustWhy(e.Hint)
	}
	if slices.Contains(refusals(), e.Code) {
		return c.Page.t("refused."+e.Code) + " " + c.Page.t("refused."+e.Code+".do")
	}
	return c.Page.What(e) + ". " + c.Page.Do(e)
}

// Stays says which part is in use after a refusal.
func (c *Bar) Stays() string {
	if n := c.Page.Notice; n.Other != "" {
		return c.Page.t("notice.stays", "part", n.Other)
	}
	return ""
}

// Fact is a row of a table of facts: catalogue keys of its name and explanation ("" for none), and its value.
type Fact struct{ Key, Tip, Value string }

// Row shows one Fact.
type Row struct {
	Page *Page
	Fact Fact
}

// About lists what is known about the loaded part.
type About struct{ Page *Page }

// Rows of the list.
func (c *About) Rows() []Fact {
	p, t := c.Page.Part, c.Page.Text
	rate := "part.rate.promised"
	if !p.Promised {
		rate = "part.rate.aimed"
	}
	facts := []Fact{
		{"part.calibration", "part.calibration.tip", t.T("part.calibration.value", "n", t.Count(p.Calibration))},
		{rate, rate + ".tip", t.T("part.rate.value", "percent", c.Page.Percent(p.FalseRejectRate))},
		{"part.centroids", "part.centroids.tip", t.Count(p.Centroids)},
		{"part.method", "part.method.tip", p.Method},
		{"part.size", "part.size.tip", size(p.Width, p.Height)},
		{"part.head", "part.head.tip", Short(p.HeadDigest)},
		{"part.backbone", "part.backbone.tip", Short(p.BackboneDigest)},
		{"trust.fact", "trust.fact.tip", c.Page.TrustLine(c.Page.TrustOf(p.HeadDigest))},
	}
	if p.ROI != "" {
		facts = append(facts, Fact{"roi.title", "roi.tip", c.Page.RegionText(c.Page.mask())})
	}
	return facts
}

// Mark is the shape of a verdict or state; Kind is what Item.Kind returns.
type Mark struct{ Kind string }

// marks are outline and sign on a field of 24 x 24: every kind has its own outline, so that colour is never needed.
var marks = map[string][2]string{
	"ok":      {"M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20z", "M7.2 12.4l3.3 3.4l6.4-7"},
	"review":  {"M12 1L23 12L12 23L1 12z", "M9.4 9.6a2.6 2.6 0 1 1 4.1 2.1c-1 .7-1.5 1.2-1.5 2.3M12 17.2v.1"},
	"ng":      {"M7.9 2h8.2L22 7.9v8.2L16.1 22H7.9L2 16.1V7.9z", "M8.2 8.2l7.6 7.6M15.8 8.2l-7.6 7.6"},
	"failed":  {"M12 2L23 21.5H1z", "M12 9v5.4M12 18v.1"},
	"working": {"", "M12 4a8 8 0 1 1-8 8"},
	"waiting": {"", "M6 12v.1M12 12v.1M18 12v.1"},
}

// Shape is the outline as an SVG path.
func (c *Mark) Shape() string { return marks[c.Kind][0] }

// Sign is the inner sign as an SVG path.
func (c *Mark) Sign() string { return marks[c.Kind][1] }

// Kind names the look of an item: ok, review, ng, failed, working or waiting.
func (it *Item) Kind() string {
	switch it.State {
	case Done:
		return strings.ToLower(it.Result.Verdict)
	case Failed:
		return "failed"
	case Working:
		return "working"
	}
	return "waiting"
}

// Judged is the mark of a person's verdict.
func (it *Item) Judged() string { return strings.ToLower(string(it.Override.Verdict)) }

// ElementID is the item's id in the document.
func (it *Item) ElementID() string { return "item-" + strconv.Itoa(it.ID) }

// RawBits is the raw score for the data attribute that tests read; nil leaves it out.
func (it *Item) RawBits() any {
	if it.State != Done {
		return nil
	}
	return it.Result.RawBits
}

// VerdictAttr is the verdict for the data attribute.
func (it *Item) VerdictAttr() any {
	if it.State != Done {
		return nil
	}
	return it.Result.Verdict
}

// ErrorAttr is the error code for the data attribute.
func (it *Item) ErrorAttr() any {
	if it.State != Failed {
		return nil
	}
	return it.Err.Code
}

// PhaseName is the phase as an attribute: loading, ready or broken.
func (p *Page) PhaseName() string { return [...]string{"loading", "ready", "broken"}[p.Phase] }

// HasItems tells whether the list, not the welcome, is shown.
func (p *Page) HasItems() bool { return len(p.List.all) > 0 }

// Picked takes the files chosen in the event's input.
func (p *Page) Picked(event vugu.DOMEvent) { p.back.Pick(event.JSEventTarget()) }

// Thumb draws a small picture of an item into a canvas.
func (p *Page) Thumb(el vjs.Value, slot int, it *Item) { p.back.Thumb(el, slot, it) }

// SampleThumb draws a small picture of a sample.
func (p *Page) SampleThumb(el vjs.Value, s Sample) { p.back.Sample(el, s.Src) }

// DrawPicture draws the selected item's picture.
func (p *Page) DrawPicture(el vjs.Value) { p.back.Picture(el, p.Selected()) }

// DrawHeat draws the selected item's heat map.
func (p *Page) DrawHeat(el vjs.Value) {
	p.back.Heat(el, p.Selected())
	p.back.Opacity(el, p.Look.HeatOpacity())
}

// What says what happened.
func (p *Page) What(e protocol.Error) string { return p.t("error." + e.Code) }

// Trust is who vouches for the part in use.
func (c *Header) Trust() protocol.Trust { return c.Page.TrustOf(c.Page.Part.HeadDigest) }

// TrustClass is the look of that.
func (c *Header) TrustClass() string { return "chip trust " + TrustMood(c.Trust()) }

// Do says what a person can do about an error.
func (p *Page) Do(e protocol.Error) string { return p.t("error." + e.Code + ".do") }

package ui

import (
	"math"
	"slices"
	"strconv"
	"strings"

	vjs "github.com/vugu/vugu/js"

	"anomnet/core/regions"
	"anomnet/wasm/protocol"
)

// regionRows is how many regions are listed; all are outlined.
const regionRows = 8

// regionText describes a region of an item.
func (p *Page) regionText(it *Item, i int) string {
	r := p.Found(it).Regions[i]
	return p.t("regions.one", "n", strconv.Itoa(i+1), "area", p.Text.Number(float64(r.Area), 0), "share", p.Share(r.Share),
		"ratio", p.Text.Apart(float64(r.Peak)/float64(it.Result.Limit), 2, 1))
}

// Share writes a part of a whole in percent; a small one is not called nothing.
func (p *Page) Share(v float64) string {
	switch {
	case v > 0 && v < 0.0001:
		return "<\u00a0" + p.Text.Percent(0.0001, 2)
	case v < 0.1:
		return p.Text.Percent(v, 2)
	}
	return p.Text.Percent(v, 1)
}

// Findings lists what was found in the selected image: its regions, and the spot that decided.
type Findings struct{ Page *Page }

// RegionRow is a region in the list.
type RegionRow struct {
	N, Class, Area, Share, Ratio, Label string
	n                                   int
}

func (c *Findings) item() *Item { return c.Page.Selected() }

// Explained tells whether it is known what decided; of an earlier result only the score is.
func (c *Findings) Explained() bool { return c.item().Result.MapW > 0 }

// Known tells whether the map is there, without which nothing is known about regions.
func (c *Findings) Known() bool { return len(c.item().Map) > 0 }

// Title counts the regions, or says what is shown instead.
func (c *Findings) Title() string {
	f := c.Page.Found(c.item())
	if f.Edge < c.item().Result.Limit && len(f.Regions) > 0 {
		return c.Page.t("regions.highest")
	}
	return c.Page.Text.N("regions.title", len(f.Regions)+f.More)
}

// Regions are the rows.
func (c *Findings) Regions() []RegionRow {
	it := c.item()
	var out []RegionRow
	for i, r := range c.Page.Found(it).Regions {
		if i == regionRows {
			break
		}
		row := RegionRow{n: i + 1, N: strconv.Itoa(i + 1), Class: "region", Area: c.Page.Text.Number(float64(r.Area), 0) + " px", Share: c.Page.Share(r.Share),
			Ratio: c.Page.Text.Apart(float64(r.Peak)/float64(it.Result.Limit), 2, 1)}
		row.Label = row.N + " " + row.Area + " " + row.Share + " " + row.Ratio + " ×: " + c.Page.t("regions.go") // what is seen, then what it does
		if c.Page.Look.Hot == i+1 {
			row.Class = "region hot"
		}
		out = append(out, row)
	}
	return out
}

// More says how many regions are not listed.
func (c *Findings) More() string {
	f := c.Page.Found(c.item())
	if n := len(f.Regions) + f.More - regionRows; n > 0 {
		return c.Page.Text.N("regions.more", n)
	}
	return ""
}

// Point shows a region in the picture, and Go zooms to it.
func (c *Findings) Point(r RegionRow) { c.Page.ShowRegion(r.n) }

// Go zooms to a region.
func (c *Findings) Go(r RegionRow) { c.Page.GoToRegion(r.n) }

// maxSimilar is how many answers are kept.
const maxSimilar = 64

// similar is what is known about spots of good images that are like the one that decided.
type similar struct {
	asked bool // the answer is on its way
	good  []Good
	r     protocol.SimilarResult
	err   string
}

// spots keeps answers by item.
type spots struct {
	by    map[int]*similar
	order []int
}

// SetSimilar shows or hides the most similar good spot.
func (p *Page) SetSimilar(open bool) {
	p.Look.Similar = open
	p.seek()
}

// seek asks for the good spot that is most like that of the selected image, when a person wants to see it and nothing else is to be done.
func (p *Page) seek() {
	it := p.Selected()
	if !p.Look.Similar || it == nil || it.State != Done || it.Gone || p.Phase != Ready || p.loading || p.Busy() {
		return
	}
	good := p.Good()
	if s := p.spots.by[it.ID]; s != nil && (len(s.good) > 0 || len(good) == 0) {
		return
	}
	slices.SortStableFunc(good, func(a, b Good) int { return strings.Compare(a.label(), b.label()) }) // known ones first
	good = good[:min(len(good), protocol.MaxSimilar)]
	s := &similar{good: good}
	if p.spots.by == nil {
		p.spots.by = map[int]*similar{}
	}
	p.spots.by[it.ID] = s
	p.spots.order = append(p.spots.order, it.ID)
	for len(p.spots.order) > maxSimilar {
		delete(p.spots.by, p.spots.order[0])
		p.spots.order = p.spots.order[1:]
	}
	if len(good) == 0 {
		return
	}
	s.asked = true
	srcs := make([]Source, len(good))
	for i, g := range good {
		srcs[i] = g.Src
	}
	p.back.Similar(it.ID, it.Src, srcs)
}

func (g Good) label() string {
	if g.Item == nil || g.Item.Label == "good" {
		return ""
	}
	return "found"
}

// SimilarFound is the answer of Backend.Similar; code is why there is none, or "".
func (p *Page) SimilarFound(id int, r protocol.SimilarResult, code string) {
	s := p.spots.by[id]
	if s == nil || !s.asked {
		return
	}
	s.asked = false
	if code == "" && len(r.Good) != len(s.good) {
		code = protocol.CodeBadMessage
	}
	s.r, s.err = r, code
}

// forgetSpots makes the next look ask again: other images, another part or other verdicts may have other good spots.
func (p *Page) forgetSpots() { p.spots = spots{} }

// Spot is the good spot that is most like the one that decided.
type Spot struct {
	Src  Source
	ID   int
	Name string
	Box  [4]float64 // left, top, right, bottom in fractions of the picture
	Own  [4]float64 // the same of the inspected image
}

// nearest finds the nearest of the answers.
func (s *similar) nearest() int {
	at := -1
	for i, g := range s.r.Good {
		if g.Distance >= 0 && (at < 0 || g.Distance < s.r.Good[at].Distance) {
			at = i
		}
	}
	return at
}

// SpotState is none, asked, failed or found; "" while nothing was asked.
func (c *Findings) SpotState() string {
	c.Page.seek()
	s := c.Page.spots.by[c.item().ID]
	switch {
	case !c.Page.Look.Similar:
		return ""
	case s == nil || s.asked:
		return "asked"
	case len(s.good) == 0:
		return "none"
	case s.err != "" || s.nearest() < 0:
		return "failed"
	}
	return "found"
}

// SpotText says what there is to say about the good spot.
func (c *Findings) SpotText() string {
	switch c.SpotState() {
	case "asked":
		if c.Page.Busy() {
			return c.Page.t("similar.later")
		}
		return c.Page.t("similar.asked")
	case "none":
		return c.Page.t("similar.none")
	case "failed":
		return c.Page.t("similar.failed")
	}
	s := c.Page.spots.by[c.item().ID]
	g := s.r.Good[s.nearest()]
	return c.Page.Text.N("similar.found", len(s.good), "distance", c.Page.Text.Number(float64(g.Distance), 1),
		"reference", c.Page.Text.Number(float64(s.r.Worst.Distance), 1))
}

// spotSize is the side of what is shown of a spot, in patches.
const spotSize = 5

// Spot returns the good spot; only in the state found.
func (c *Findings) Spot() Spot {
	it := c.item()
	s := c.Page.spots.by[it.ID]
	at := s.nearest()
	g := s.good[at]
	out := Spot{Src: g.Src, ID: g.ID, Name: g.Src.Name()}
	r := it.Result
	frame := c.Page.frame(r)
	out.Own = around(frame, s.r.Worst, s.r)
	if g.Item != nil && g.Item.State == Done {
		frame = c.Page.frame(g.Item.Result)
	}
	out.Box = around(frame, s.r.Good[at], s.r)
	return out
}

// around is a square of patches around one, in fractions of the picture; it stays inside.
func around(f regions.Frame, at protocol.Spot, r protocol.SimilarResult) [4]float64 {
	const half = spotSize / 2
	left, top, _, _ := f.Spot(at.X-half, at.Y-half, r.MapW, r.MapH)
	_, _, right, bottom := f.Spot(at.X+half, at.Y+half, r.MapW, r.MapH)
	w, h := float64(f.Width), float64(f.Height)
	return [4]float64{left / w, top / h, right / w, bottom / h}
}

// Expanded is aria-expanded of the good spot.
func (c *Findings) Expanded() string { return strconv.FormatBool(c.Page.Look.Similar) }

// CropOwn draws the spot that decided, and CropGood the good one.
func (c *Findings) CropOwn(el vjs.Value) {
	it := c.item()
	c.Page.back.Crop(el, it.ID, it.Src, c.Spot().Own)
}

// CropGood draws the good spot.
func (c *Findings) CropGood(el vjs.Value) {
	s := c.Spot()
	c.Page.back.Crop(el, s.ID, s.Src, s.Box)
}

// Compare puts the image with the good spot beside the selected one.
func (c *Findings) Compare() { c.Page.SetGolden(strconv.Itoa(c.Spot().ID)) }

// Rows explain the score.
func (c *Findings) Rows() []Fact {
	r := c.item().Result
	p := c.Page
	worst := p.Text.Number(float64(r.Worst), 1) + " (" + p.Text.Apart(ratio(r.Worst, r.Limit), 2, 1) + " × " + p.t("map.limit") + ")"
	return []Fact{{"facts.worst", "facts.worst.tip", worst}, {"facts.patches", "facts.patches.tip", p.t("facts.patches.value", "k", strconv.Itoa(p.Part.TopK),
		"n", strconv.Itoa(p.patches(&r)))}}
}

// ratio is a value relative to a limit, 0 where there is none.
func ratio(v, limit float32) float64 {
	if q := float64(v) / float64(limit); !math.IsNaN(q) && !math.IsInf(q, 0) {
		return q
	}
	return 0
}

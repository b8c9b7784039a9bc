package ui

import (
	"strconv"

	"anomnet/core/regions"
	"anomnet/wasm/protocol"
	"anomnet/webui/chart"
)

// Beside is what is shown next to the selected image.
type Beside string

// What can be shown beside an image.
const (
	BesideNone   Beside = ""
	BesidePlain  Beside = "plain"  // itself, without the map
	BesideGolden Beside = "golden" // a good image
)

// Look is how the selected image is looked at.
type Look struct {
	MapOn   bool
	Blink   bool // the map is hidden while a key is held
	Opacity int  // percent
	Zoom    Zoom // of all panes
	Beside  Beside
	Hot     int // region that is pointed at, from 1; 0 for none
	Similar bool

	pane   Size
	seen   Size // of the picture while the image has no result
	golden int  // item that was chosen to compare with, 0 for any
	rev    int  // changes of what only the pictures show
	found  findings
}

// findings are the regions of an item, kept until the item or the limit is another.
type findings struct {
	id    int
	limit float32
	*regions.Found
	paths []string
}

// SetOpacity takes the slider's value in percent.
func (l *Look) SetOpacity(v string) {
	if n, err := strconv.Atoi(v); err == nil {
		l.Opacity = min(max(n, 0), 100)
	}
}

// HeatOpacity is how much of the map is seen now, 0..1.
func (l *Look) HeatOpacity() float64 {
	if !l.MapOn || l.Blink {
		return 0
	}
	return float64(l.Opacity) / 100
}

// Resized tells how large the panes are. It returns whether that is new.
func (l *Look) Resized(w, h float64) bool {
	if l.pane == (Size{w, h}) {
		return false
	}
	l.pane = Size{w, h}
	l.rev++
	return true
}

// Decoded tells how large a picture is that has no result yet.
func (l *Look) Decoded(w, h int) { l.seen = Size{float64(w), float64(h)} }

// Pane is the size of a pane.
func (l *Look) Pane() Size { return l.pane }

// PictureSize is that of an item's picture, as far as it is known.
func (p *Page) PictureSize(it *Item) Size {
	if it != nil && it.State == Done {
		return Size{float64(it.Result.Width), float64(it.Result.Height)}
	}
	return p.Look.seen
}

// ZoomBy zooms around a point of a pane.
func (p *Page) ZoomBy(factor, x, y float64) {
	p.zoomed(p.Look.Zoom.By(factor, x, y, p.Look.pane, p.size()))
}

// PanBy drags the picture by pixels of a pane.
func (p *Page) PanBy(dx, dy float64) { p.zoomed(p.Look.Zoom.Move(dx, dy, p.Look.pane, p.size())) }

// ZoomStep zooms around the middle: in, out or, with 0, back to the whole picture.
func (p *Page) ZoomStep(d int) {
	factor := 0.0
	switch {
	case d > 0:
		factor = zoomStep
	case d < 0:
		factor = 1 / zoomStep
	}
	p.ZoomBy(factor, p.Look.pane.W/2, p.Look.pane.H/2)
}

func (p *Page) size() Size { return p.PictureSize(p.Selected()) }

func (p *Page) zoomed(z Zoom) {
	if z != p.Look.Zoom {
		p.Look.Zoom = z
		p.Look.rev++
	}
}

// PanKey moves the picture by an arrow key that was pressed on it, and zooms; it returns whether the key has a meaning there.
func (p *Page) PanKey(key string) bool {
	switch key {
	case "ArrowLeft":
		p.PanBy(panStep, 0)
	case "ArrowRight":
		p.PanBy(-panStep, 0)
	case "ArrowUp":
		p.PanBy(0, panStep)
	case "ArrowDown":
		p.PanBy(0, -panStep)
	default:
		return p.zoomKey(key)
	}
	return true
}

func (p *Page) zoomKey(key string) bool {
	switch key {
	case "+", "=":
		p.ZoomStep(1)
	case "-", "_":
		p.ZoomStep(-1)
	case "0":
		p.ZoomStep(0)
	default:
		return false
	}
	return true
}

// lookKey handles the keys that concern the picture.
func (p *Page) lookKey(key string) bool {
	switch key {
	case "s", "S":
		p.SetBeside(BesidePlain)
	case "c", "C":
		p.SetBeside(BesideGolden)
	default:
		return p.zoomKey(key)
	}
	return true
}

// SetBeside shows something beside the image, or nothing when it is there already.
func (p *Page) SetBeside(b Beside) {
	if p.Look.Beside == b {
		b = BesideNone
	}
	p.Look.Beside = b
	p.Look.rev++
}

// Good is an image that is known or found to be good: an item, or a sample that is not in the list.
type Good struct {
	ID   int // of the item; below 0 for a sample
	Src  Source
	Item *Item // nil for a sample
}

// maxGood is how many good images are offered.
const maxGood = 50

// Good returns images to compare with: those with the label good, then those without a label that are OK, in order of the list, then good samples.
// None is called NG, and the selected one is not among them.
func (p *Page) Good() []Good {
	var known, found, samples []Good
	for _, it := range p.List.all {
		if len(known) == maxGood {
			break
		}
		if it.State != Done || it == p.List.selected || it.Result.Verdict == protocol.VerdictNG {
			continue
		}
		switch {
		case it.Label == "good":
			known = append(known, Good{it.ID, it.Src, it})
		case it.Label == "" && it.Result.Verdict == protocol.VerdictOK && len(found) < maxGood:
			found = append(found, Good{it.ID, it.Src, it})
		}
	}
	if len(known)+len(found) == 0 {
		for i, s := range p.Samples {
			if s.Label == "good" {
				samples = append(samples, Good{-1 - i, s.Src, nil})
			}
		}
	}
	all := append(append(known, found...), samples...)
	return all[:min(len(all), maxGood)]
}

// Golden is the good image that is shown beside the selected one; false when there is none.
func (p *Page) Golden() (Good, bool) {
	good := p.Good()
	for _, g := range good {
		if g.ID == p.Look.golden {
			return g, true
		}
	}
	if len(good) == 0 {
		return Good{}, false
	}
	return good[0], true
}

// SetGolden compares with a good image, by the number that Good has for it.
func (p *Page) SetGolden(id string) {
	if n, err := strconv.Atoi(id); err == nil {
		p.Look.golden, p.Look.Beside = n, BesideGolden
		p.Look.rev++
	}
}

// Found returns the regions of an item by the limit in force; none while it has no map.
func (p *Page) Found(it *Item) *regions.Found {
	f := &p.Look.found
	if it == nil || it.State != Done || len(it.Map) == 0 {
		return &regions.Found{}
	}
	r := it.Result
	if f.Found == nil || f.id != it.ID || f.limit != r.Limit {
		*f = findings{id: it.ID, limit: r.Limit, Found: p.mark(it)}
	}
	return f.Found
}

// mark looks for the regions of an item that has a map.
func (p *Page) mark(it *Item) *regions.Found {
	r := it.Result
	return regions.Mark(it.Map, r.MapW, r.MapH, r.Limit, r.Verdict == protocol.VerdictNG, p.frame(r))
}

func (p *Page) frame(r protocol.ScoreResult) regions.Frame {
	return regions.Frame{Width: r.Width, Height: r.Height, InputW: p.Part.Width, InputH: p.Part.Height, Mode: p.Part.Mode, ROI: p.Region(&r)}
}

// contours are the outlines of an item's regions as paths in pixels of the picture.
func (p *Page) contours(it *Item) []string {
	found := p.Found(it)
	f := &p.Look.found
	if len(f.paths) == 0 {
		for i := range found.Regions {
			var path chart.Path
			for _, loop := range found.Outline(i) {
				path.Loop(len(loop), func(i int) (x, y float64) { return loop[i].X, loop[i].Y })
			}
			f.paths = append(f.paths, path.String())
		}
	}
	return f.paths[:len(found.Regions)]
}

// ShowRegion points at a region of the selected image, from 1; 0 at none.
func (p *Page) ShowRegion(n int) {
	if p.Look.Hot != n {
		p.Look.Hot = n
		p.Look.rev++
	}
}

// GoToRegion zooms to a region of the selected image, from 1.
func (p *Page) GoToRegion(n int) {
	if rs := p.Found(p.Selected()).Regions; n >= 1 && n <= len(rs) {
		r := rs[n-1]
		p.zoomed(p.Look.Zoom.To(float64(r.Left), float64(r.Top), float64(r.Right), float64(r.Bottom), p.Look.pane, p.size()))
	}
}

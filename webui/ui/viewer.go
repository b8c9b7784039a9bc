package ui

import (
	"strconv"
	"strings"

	vjs "github.com/vugu/vugu/js"

	"anomnet/webui/chart"
)

// Viewer shows the selected image large.
type Viewer struct{ Page *Page }

// Item is the selected item, or nil.
func (c *Viewer) Item() *Item { return c.Page.Selected() }

// ShowPicture tells whether there is an item that is not failed.
func (c *Viewer) ShowPicture() bool { return c.Item() != nil && c.Item().State != Failed }

// Failed tells whether the selected item failed.
func (c *Viewer) Failed() bool { return c.Item() != nil && c.Item().State == Failed }

// PictureLabel names the picture for screen readers.
func (c *Viewer) PictureLabel() string { return c.Page.t("map.picture", "name", c.Item().Src.Name()) }

// HeatLabel describes the heat map for screen readers.
func (c *Viewer) HeatLabel() string {
	it := c.Item()
	if it.State != Done {
		return ""
	}
	return c.Page.t("map.overlay", "name", it.Src.Name(), "verdict", c.Page.Verdict(it.Result.Verdict),
		"relative", c.Page.t("facts.relative.long", "ratio", c.Page.Ratio(it)))
}

// HeatHidden hides a map that cannot be seen from screen readers too.
func (c *Viewer) HeatHidden() any {
	if c.Item().State != Done || c.Page.Look.HeatOpacity() == 0 {
		return "true"
	}
	return nil
}

// Note is a line over the picture.
func (c *Viewer) Note() string {
	switch it := c.Item(); {
	case it.State == Working:
		return c.Page.t("facts.working")
	case it.State == Waiting:
		return c.Page.t("facts.waiting")
	case it.absent:
		return c.Page.t("map.absent")
	case it.Gone:
		return c.Page.t("map.gone")
	case it.again:
		return c.Page.t("map.again")
	case it.Prepared:
		return c.Page.t("map.prepared")
	}
	return ""
}

// Detail is the error in the program's own words, for people who debug.
func (c *Viewer) Detail() string {
	e := c.Item().Err
	return strings.TrimSpace(e.Message + " " + e.Hint)
}

// Pane is one of the pictures that are shown.
type Pane struct {
	N      int // 0 for the image that is inspected
	Key    string
	Name   string // over the picture, where there are two
	Label  string // for screen readers
	Hidden bool   // nothing to show
}

// Panes are the pictures that are shown.
func (c *Viewer) Panes() []Pane {
	it := c.Item()
	panes := []Pane{{Key: "stage", Label: c.PictureLabel()}}
	switch c.Page.Look.Beside {
	case BesidePlain:
		panes[0].Name = c.Page.t("look.map")
		panes = append(panes, Pane{N: 1, Key: "plain", Name: c.Page.t("look.plain"), Label: c.PictureLabel()})
	case BesideGolden:
		panes[0].Name = it.Src.Name()
		beside := Pane{N: 1, Key: "golden", Name: c.Page.t("look.nogood"), Hidden: true}
		if g, ok := c.Page.Golden(); ok {
			beside.Name, beside.Hidden = c.Page.t("look.good", "name", g.Src.Name()), false
			beside.Label = c.Page.t("map.picture", "name", g.Src.Name())
		}
		panes = append(panes, beside)
	}
	return panes
}

// Zoomed tells whether only a part of the picture is seen.
func (c *Viewer) Zoomed() bool { return c.Page.Look.Zoom != Zoom{} }

// StagesClass is the style of the panes.
func (c *Viewer) StagesClass() string {
	class := "stages"
	if c.Page.Look.Beside != BesideNone {
		class += " two"
	}
	if c.Zoomed() {
		class += " zoomed"
	}
	return class
}

// WholeLabel names the button that shows the scale, which is part of the name for people who say what they see.
func (c *Viewer) WholeLabel() string { return c.Percent() + ": " + c.Page.t("look.whole") }

// Percent is the scale of the picture, in percent of its own size.
func (c *Viewer) Percent() string {
	pic := c.Page.size()
	if !pic.known() || !c.Page.Look.pane.known() {
		return ""
	}
	return c.Page.Text.Percent(c.Page.Look.Zoom.Place(c.Page.Look.pane, pic).S, 0)
}

// Draw draws the picture of a pane.
func (c *Viewer) Draw(el vjs.Value, n int) {
	if n == 0 {
		c.Page.DrawPicture(el)
		return
	}
	switch it := c.Item(); {
	case c.Page.Look.Beside == BesidePlain:
		c.Page.back.Beside(el, it.ID, it.Src, it)
	default:
		if g, ok := c.Page.Golden(); ok {
			c.Page.back.Beside(el, g.ID, g.Src, g.Item)
		}
	}
}

// Listen takes the pointer's and the keyboard's events of a pane.
func (c *Viewer) Listen(el vjs.Value) { c.Page.back.Stage(el) }

// Overlay tells whether marks are drawn over a pane.
func (c *Viewer) Overlay(n int) bool {
	it := c.Item()
	return it.State == Done && it.Result.MapW > 0 && c.Page.Look.pane.known() && (n == 0 && c.Page.Look.HeatOpacity() > 0)
}

// Transform places the marks over the picture.
func (c *Viewer) Transform() string {
	a := c.Page.Look.Zoom.Place(c.Page.Look.pane, c.Page.size())
	f := func(v float64) string { return strconv.FormatFloat(v, 'g', 8, 64) }
	return "matrix(" + f(a.S) + " 0 0 " + f(a.S) + " " + f(a.X) + " " + f(a.Y) + ")"
}

// Contour is the outline of a region.
type Contour struct {
	N           int // from 1
	Path, Class string
	Title       string
}

// Contours are the outlines over the picture.
func (c *Viewer) Contours() []Contour {
	it := c.Item()
	var out []Contour
	for i, path := range c.Page.contours(it) {
		k := Contour{N: i + 1, Path: path, Class: "contour", Title: c.Page.regionText(it, i)}
		if c.Page.Look.Hot == k.N {
			k.Class += " hot"
		}
		out = append(out, k)
	}
	return out
}

// Worst is a square around the patch that weighs most in the score.
func (c *Viewer) Worst() string {
	r := c.Item().Result
	left, top, right, bottom := c.Page.frame(r).Spot(r.WorstX, r.WorstY, r.MapW, r.MapH)
	var p chart.Path
	p.Loop(4, func(i int) (x, y float64) {
		return [4]float64{left, right, right, left}[i], [4]float64{top, top, bottom, bottom}[i]
	})
	return p.String()
}

// Pressed is aria-pressed of a choice of what is shown beside the image.
func (c *Viewer) Pressed(b string) string { return strconv.FormatBool(string(c.Page.Look.Beside) == b) }

// SetBeside takes a choice.
func (c *Viewer) SetBeside(b string) { c.Page.SetBeside(Beside(b)) }

// Golden is the number of the good image that is compared with.
func (c *Viewer) Golden() string {
	g, _ := c.Page.Golden()
	return strconv.Itoa(g.ID)
}

// Choices are the good images.
func (c *Viewer) Choices() []Good {
	if c.Page.Look.Beside != BesideGolden {
		return nil
	}
	return c.Page.Good()
}

// Key is the value of a choice.
func (g Good) Key() string { return strconv.Itoa(g.ID) }

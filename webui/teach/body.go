package teach

import (
	"math"
	"strconv"

	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
)

// Body is what the view shows: three steps on one page.
type Body struct{ *View }

func itoa(n int) string { return strconv.Itoa(n) }

// T is a text of the catalogue.
func (v *View) T(key string, args ...string) string { return v.Page.Text.T(key, args...) }

// Images is the step in which images are given.
type Images struct{ *View }

// Learn is the step in which they are learned.
type Learn struct{ *View }

// Outcome is the step that shows what was learned.
type Outcome struct{ *View }

// shownAtFirst is how many images are in the document until a person asks for all.
const shownAtFirst = 120

// Tiles are the images that are shown.
func (v *View) Tiles(bad bool) []*Shot {
	var out []*Shot
	for _, s := range v.shots {
		if s.Bad == bad {
			out = append(out, s)
		}
	}
	if !v.all && len(out) > shownAtFirst {
		out = out[:shownAtFirst]
	}
	return out
}

// Count is how many images count as good or bad.
func (v *View) Count(bad bool) int {
	n := 0
	for _, s := range v.live() {
		if s.Bad == bad && s.State != Failed {
			n++
		}
	}
	return n
}

// More is how many images are not shown.
func (v *View) More() int {
	n := 0
	for _, s := range v.shots {
		if !s.Bad {
			n++
		}
	}
	if v.all {
		return 0
	}
	return max(n-shownAtFirst, 0)
}

// ShowAll shows all images.
func (v *View) ShowAll() { v.all = true }

// TileClass is the look of an image.
func (v *View) TileClass(s *Shot) string {
	switch {
	case s.Out:
		return "shot out"
	case s.State == Failed:
		return "shot failed"
	case s.State == Waiting:
		return "shot waiting"
	}
	return "shot"
}

// TileNote says what is to be said about an image, "" for nothing.
func (v *View) TileNote(s *Shot) string {
	switch {
	case s.State == Failed:
		return v.Page.What(s.Err)
	case s.Out:
		return v.T("teach.shot.out")
	}
	return ""
}

// Thumb draws an image.
func (v *View) Thumb(el vjs.Value, s *Shot) {
	if s.State == Done {
		v.back.Thumb(el, v.id, s)
	}
}

// ThumbKey changes when the small picture of an image can be drawn.
func (v *View) ThumbKey(s *Shot) string { return itoa(s.ID) + "-" + itoa(int(s.State)) }

// Notes are sentences about the images: copies that were left out, sizes that differ.
func (v *View) Notes() []string {
	var out []string
	if v.copies > 0 {
		out = append(out, v.Page.Text.N("teach.copies", v.copies))
	}
	failed, seen := 0, aspects{}
	for _, s := range v.live() {
		switch {
		case s.State == Failed:
			failed++
		case s.State == Done && s.H > 0:
			seen.add(s.W, s.H)
		}
	}
	if failed > 0 {
		out = append(out, v.Page.Text.N("teach.failed", failed))
	}
	if seen.high > seen.low*sameAspect {
		out = append(out, v.T("teach.aspects"))
	}
	if v.volatile {
		out = append(out, v.T("teach.volatile"))
	}
	return out
}

// sameAspect is how far proportions may be apart.
const sameAspect = 1.1

// aspects are the narrowest and the widest proportions of some images, 0 of none.
type aspects struct{ low, high float64 }

func (a *aspects) add(w, h int) {
	aspect := float64(w) / float64(h)
	if a.high == 0 {
		a.low = aspect
	}
	a.low, a.high = min(a.low, aspect), max(a.high, aspect)
}

// Missing says how many good images are missing, "" for none.
func (v *View) Missing() string {
	if v.Ready() {
		return ""
	}
	return v.Page.Text.N("teach.missing", MinImages-v.Count(false))
}

// Sides are the choices of the head's size.
func Sides() []int { return []int{128, 192, 256, 320, 384, 512} }

// Sides are the choices of the head's size.
func (c *Learn) Sides() []int { return Sides() }

// Modes are how images come to that size.
func (c *Learn) Modes() []string {
	return []string{protocol.ModeStretch, protocol.ModeFit, protocol.ModeCrop}
}

// ModeName writes a mode.
func (c *Learn) ModeName(mode string) string {
	return c.T(map[string]string{protocol.ModeStretch: "teach.mode.stretch", protocol.ModeFit: "teach.mode.fit", protocol.ModeCrop: "teach.mode.crop"}[mode])
}

// SetSide takes a size.
func (c *Learn) SetSide(s string) {
	if n, err := strconv.Atoi(s); err == nil {
		shape := c.Shape
		shape.Width, shape.Height = n, n
		c.SetShape(shape)
	}
}

// SetMode takes a mode.
func (c *Learn) SetMode(mode string) {
	shape := c.Shape
	shape.Mode = mode
	c.SetShape(shape)
}

// SetGray takes whether only brightness counts.
func (c *Learn) SetGray(on bool) {
	shape := c.Shape
	shape.Gray = on
	c.SetShape(shape)
}

// SetUpright takes whether the part always lies the same way.
func (v *View) SetUpright(on bool) {
	if on != v.Upright && v.fit == nil {
		v.Upright = on
		v.touched()
	}
}

// Fitting tells whether a head is learned.
func (v *View) Fitting() bool { return v.fit != nil }

// Busy tells whether there is progress to show.
func (v *View) Busy() bool { return v.fit != nil || v.Computing() }

// ProgressMax is the end of what is in progress.
func (v *View) ProgressMax() int {
	if v.Computing() {
		return max(v.computed.total, 1)
	}
	return max(v.fit.total, 1)
}

// ProgressValue is how far that is.
func (v *View) ProgressValue() int {
	if v.Computing() {
		return v.computed.done
	}
	return v.fit.done
}

// ProgressText says what is in progress.
func (v *View) ProgressText() string {
	if v.Computing() {
		s := v.T("teach.computing", "done", itoa(v.computed.done), "total", itoa(v.computed.total))
		if left := v.secondsLeft(); left > 0 {
			s += ", " + v.T("list.left", "seconds", itoa(left))
		}
		return s
	}
	return v.T(v.stageKey())
}

// stageKey is the text of the stage of a fit.
func (v *View) stageKey() string {
	switch s := v.fit.stage; {
	case s == "reading":
		return "teach.stage.reading"
	case s == "calibration":
		return "teach.stage.calibration"
	case s == "centroids":
		return "teach.stage.centroids"
	}
	return "teach.stage.other"
}

func (v *View) secondsLeft() int {
	b := v.computed
	if b.done < 3 || b.done >= b.total {
		return 0
	}
	s := int(math.Ceil((v.back.Now() - b.start) / float64(b.done) * float64(b.total-b.done) / 1000))
	if s < 3 {
		return 0
	}
	return s
}

// Cancel ends what is in progress.
func (v *View) Cancel() {
	if v.fit != nil {
		v.StopFit()
		return
	}
	v.StopComputing()
}

// TeachText is on the button.
func (v *View) TeachText() string {
	if v.result != nil {
		return v.T("teach.again")
	}
	return v.T("teach.start")
}

// Problem says what went wrong, "" for nothing.
func (v *View) Problem() string {
	if v.problem == nil {
		return ""
	}
	return v.Page.What(*v.problem) + ". " + v.Page.Do(*v.problem)
}

// Detail is the problem in the program's own words.
func (v *View) Detail() string {
	if v.problem == nil {
		return ""
	}
	return v.problem.Message
}

// UnfinishedText describes a draft.
func (c *Body) UnfinishedText(d store.Draft) string {
	return c.describe("teach.unfinished", d, len(d.Good))
}

// Discarded says what was discarded and can be brought back, "" for nothing.
func (c *Body) Discarded() string {
	if c.discarded == nil {
		return ""
	}
	return c.describe("teach.discarded", c.discarded.Draft, c.discarded.images)
}

// describe names a draft in a sentence.
func (v *View) describe(key string, d store.Draft, images int) string {
	name := d.Name
	if name == "" {
		name = v.T("teach.unnamed")
	}
	return v.T(key, "part", name, "images", v.Page.Text.N("live.images", images))
}

// Unfinished lists teaching of earlier visits.
func (c *Body) Unfinished() []store.Draft { return c.drafts }

// Further says which part is taught further, "" for a new one.
func (c *Body) Further() string {
	if c.parent == nil || c.saved != nil {
		return ""
	}
	return c.T("teach.further", "part", c.parent.Name, "n", itoa(c.parent.Use))
}

// SideValue is the choice of the size.
func (c *Learn) SideValue() string { return itoa(c.Shape.Width) }

// SideName writes a size.
func (c *Learn) SideName(n int) string { return itoa(n) + " × " + itoa(n) }

// OptionsText says what the options do, or why they cannot change.
func (c *Learn) OptionsText() string {
	if c.Locked() && c.fit == nil {
		return c.T("teach.locked")
	}
	return c.T("teach.options.text")
}

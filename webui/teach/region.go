package teach

import (
	"math"
	"strconv"
	"strings"

	"github.com/vugu/vugu"
	vjs "github.com/vugu/vugu/js"

	"anomnet/core/roi"
	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
)

// stride is how many pixels of the model's input a patch covers in each direction.
const stride = 8

// Tool is what draws the region of interest.
type Tool string

// The tools. Shapes join corners of patches; brush and eraser go over patches.
const (
	Rectangle Tool = "rect"
	Polygon   Tool = "polygon"
	Brush     Tool = "brush"
	Eraser    Tool = "eraser"
)

// region is the region of interest and its editor.
type region struct {
	mask       roi.Mask // nil for the whole picture
	undo, redo []roi.Mask
	open       bool
	tool       Tool
	size       int         // of brush and eraser, in patches
	cursor     roi.Point   // a corner of the grid, or a patch
	points     []roi.Point // of what is being drawn
	held       bool        // a pointer is down
	shot       int         // picture behind it, among the good ones
}

// What the editor keeps and offers.
const (
	maxUndo   = 64
	brushSize = 3
	bigStep   = 4 // of an arrow key with shift
)

// Region is the editor of the region of interest.
type Region struct{ *View }

func (r *region) freehand() bool { return r.tool == Brush || r.tool == Eraser }

// grid is how many patches there are in each direction.
func (v *View) grid() (w, h int) { return v.Shape.Width / stride, v.Shape.Height / stride }

// bringRegion takes a mask that was kept; one of another grid is none.
func (v *View) bringRegion(text string) {
	w, h := v.grid()
	if m, err := roi.Parse(text); err == nil && m.Validate(w*h) == nil {
		v.region.mask = m
	}
}

// reshape follows a change of the shape. Another mode puts other places under the same patches, so the region begins anew.
func (r *region) reshape(w, h, toW, toH int, sameMode bool) {
	m := r.mask.Resize(w, h, toW, toH).Canonical()
	if !sameMode || m.Count(1) == 0 {
		m = nil
	}
	*r = region{mask: m, open: r.open, tool: r.tool, size: r.size}
}

// setMask takes a mask that was drawn.
func (v *View) setMask(m roi.Mask) {
	r := &v.region
	if m.Count(1) == 0 {
		v.Page.Live = v.T("roi.empty")
		return
	}
	r.undo, r.redo = append(r.undo, r.mask), nil
	if len(r.undo) > maxUndo {
		r.undo = r.undo[1:]
	}
	v.useMask(m.Canonical())
}

func (v *View) useMask(m roi.Mask) {
	v.region.mask = m
	v.Page.Live = v.T("roi.title") + ": " + v.Page.RegionText(m)
	v.touched()
}

// step goes from one stack to the other.
func (v *View) step(from, to *[]roi.Mask) {
	v.region.points = nil
	if n := len(*from); n > 0 {
		*to = append(*to, v.region.mask)
		m := (*from)[n-1]
		*from = (*from)[:n-1]
		v.useMask(m)
	}
}

// Undo takes the last change back, Redo does it again.
func (v *View) Undo() { v.step(&v.region.undo, &v.region.redo) }

// Redo is the reverse of Undo.
func (v *View) Redo() { v.step(&v.region.redo, &v.region.undo) }

// Whole inspects everything.
func (v *View) Whole() {
	v.region.points = nil
	if v.region.mask != nil {
		v.region.undo, v.region.redo = append(v.region.undo, v.region.mask), nil
		v.useMask(nil)
	}
}

// stroke is the mask of what is being drawn.
func (v *View) stroke() roi.Mask {
	r := &v.region
	w, h := v.grid()
	switch {
	case r.freehand():
		return roi.Stroke(r.points, r.size, w, h)
	case r.tool == Rectangle:
		return roi.Polygon(roi.Rectangle(r.points[0], r.cursor), w, h, w, h)
	}
	return roi.Polygon(r.points, w, h, w, h)
}

// finish draws what was begun.
func (v *View) finish() {
	r := &v.region
	m := v.stroke()
	r.points, r.held = nil, false
	if m.Count(0) > 0 {
		v.setMask(r.mask.Paint(m, r.tool == Eraser))
	}
}

// place puts a point where the cursor is.
func (v *View) place() {
	r := &v.region
	n := len(r.points)
	switch {
	case n == 0:
	case r.freehand() || r.tool == Rectangle && r.cursor != r.points[0]:
		v.finish()
		return
	case r.cursor == r.points[n-1] || r.cursor == r.points[0]:
		v.Close()
		return
	}
	r.points = append(r.points, r.cursor)
	v.Page.Live = v.T("roi.point", "n", itoa(n+1))
}

// Close closes the polygon.
func (v *View) Close() {
	if len(v.region.points) >= 3 {
		v.finish()
	}
}

// move moves the cursor; what is drawn freehand goes along. It returns whether that is new.
func (v *View) move(to roi.Point) bool {
	r := &v.region
	w, h := v.grid()
	if r.freehand() {
		w, h = w-1, h-1
	}
	to = roi.Point{X: min(max(to.X, 0), w), Y: min(max(to.Y, 0), h)}
	if r.cursor == to {
		return false
	}
	r.cursor = to
	if r.freehand() && len(r.points) > 0 {
		r.points = append(r.points, to)
	}
	return true
}

// PointRegion follows a pointer: pointerdown, pointermove, or another event for its end. x and y are fractions of the picture. It returns whether there is something to draw.
func (v *View) PointRegion(event string, x, y float64) bool {
	r := &v.region
	w, h := v.grid()
	at := roi.Point{X: int(math.Round(x * float64(w))), Y: int(math.Round(y * float64(h)))}
	if r.freehand() {
		at = roi.Point{X: int(math.Floor(x * float64(w))), Y: int(math.Floor(y * float64(h)))}
	}
	switch event {
	case "pointerdown":
		v.move(at)
		r.held = true
		if !r.freehand() || len(r.points) == 0 {
			v.place()
		}
		return true
	case "pointermove":
		return (r.held || len(r.points) > 0 && !r.freehand()) && v.move(at)
	}
	if r.held && len(r.points) > 0 && (r.freehand() || r.tool == Rectangle && r.cursor != r.points[0]) {
		v.finish() // a rectangle that was not dragged waits for its other corner
	}
	r.held = false
	return true
}

// PressRegion does what a key means in the editor, and returns whether it means something.
func (v *View) PressRegion(key string, shift, ctrl bool) bool {
	r := &v.region
	d := 1
	if shift {
		d = bigStep
	}
	to := r.cursor
	switch {
	case ctrl && (key == "y" || shift && key == "Z"):
		v.Redo()
	case ctrl && key == "z":
		v.Undo()
	case ctrl:
		return false
	case key == "ArrowLeft":
		to.X -= d
	case key == "ArrowRight":
		to.X += d
	case key == "ArrowUp":
		to.Y -= d
	case key == "ArrowDown":
		to.Y += d
	case key == "Enter" || key == " ":
		v.place()
	case key == "Backspace" && len(r.points) > 0:
		r.points = r.points[:len(r.points)-1]
	case key == "Escape" && len(r.points) > 0:
		r.points = nil
	default:
		return false
	}
	if v.move(to) {
		w, h := v.grid()
		v.Page.Live = v.T("roi.at", "x", itoa(r.cursor.X), "w", itoa(w), "y", itoa(r.cursor.Y), "h", itoa(h))
	}
	return true
}

// OpenRegion hears that the editor was opened or closed.
func (v *View) OpenRegion(event vugu.DOMEvent) { v.region.open = event.PropBool("target", "open") }

// RegionOpen tells whether the editor is there.
func (v *View) RegionOpen() bool { return v.region.open }

// HasGood tells whether there is a picture to draw on.
func (v *View) HasGood() bool { return len(v.pick(false)) > 0 }

// RegionTitle says what is inspected.
func (v *View) RegionTitle() string {
	return v.T("roi.title") + ": " + v.Page.RegionText(v.region.mask)
}

// Tools are the tools in their order.
func (c *Region) Tools() []Tool { return []Tool{Rectangle, Polygon, Brush, Eraser} }

// ToolName writes a tool.
func (c *Region) ToolName(t Tool) string {
	return c.T(map[Tool]string{Rectangle: "roi.rect", Polygon: "roi.polygon", Brush: "roi.brush", Eraser: "roi.eraser"}[t])
}

// Pressed is aria-pressed of a tool.
func (c *Region) Pressed(t Tool) string { return strconv.FormatBool(c.region.tool == t) }

// Use takes a tool.
func (c *Region) Use(t Tool) {
	c.region.tool, c.region.points = t, nil
	c.move(c.region.cursor)
}

// Freehand tells whether the tool has a size.
func (c *Region) Freehand() bool { return c.region.freehand() }

// Sizes are those of brush and eraser, in patches.
func (c *Region) Sizes() []int { return []int{1, 3, 5, 9} }

// SizeValue is the size in use.
func (c *Region) SizeValue() string { return itoa(c.region.size) }

// SetSize takes a size.
func (c *Region) SetSize(s string) {
	if n, err := strconv.Atoi(s); err == nil {
		c.region.size = n
	}
}

// CanUndo tells whether something was drawn.
func (c *Region) CanUndo() bool { return len(c.region.undo) > 0 }

// CanRedo tells whether something was taken back.
func (c *Region) CanRedo() bool { return len(c.region.redo) > 0 }

// Drawn tells whether not everything is inspected.
func (c *Region) Drawn() bool { return c.region.mask != nil }

// Closable tells whether a polygon can be closed.
func (c *Region) Closable() bool { return c.region.tool == Polygon && len(c.region.points) >= 3 }

// Hint says how the tool is used.
func (c *Region) Hint() string {
	hint := c.T("roi.hint.brush")
	switch c.region.tool {
	case Rectangle:
		hint = c.T("roi.hint.rect")
	case Polygon:
		hint = c.T("roi.hint.polygon")
	}
	return hint + " " + c.T("roi.keys")
}

// Behind is the picture behind the region, nil while there is none.
func (c *Region) Behind() *Shot {
	if good := c.pick(false); len(good) > 0 {
		return good[c.region.shot%len(good)]
	}
	return nil
}

// Other shows another picture.
func (c *Region) Other() { c.region.shot++ }

// BehindKey changes with the picture.
func (c *Region) BehindKey() string { return c.ThumbKey(c.Behind()) }

// Draw draws the picture.
func (c *Region) Draw(el vjs.Value) { c.back.Whole(el, c.id, c.Behind()) }

// Listen takes pointer and keys.
func (c *Region) Listen(el vjs.Value) { c.back.Pad(el) }

// RegionAspect is the proportion of the pictures behind the region: those of an image that is stretched, else those of the model's input.
func (v *View) RegionAspect(s *Shot) (w, h float64) {
	if v.Shape.Mode == protocol.ModeStretch && s.W > 0 && s.H > 0 {
		return float64(s.W), float64(s.H)
	}
	return float64(v.Shape.Width), float64(v.Shape.Height)
}

// ViewBox is the grid.
func (c *Region) ViewBox() string {
	w, h := c.grid()
	return "0 0 " + itoa(w) + " " + itoa(h)
}

// shown is the mask with what is being drawn freehand.
func (c *Region) shown() roi.Mask {
	if r := &c.region; r.freehand() && len(r.points) > 0 {
		return r.mask.Paint(c.stroke(), r.tool == Eraser)
	}
	return c.region.mask
}

// Outside is what is not inspected, as a path.
func (c *Region) Outside() string {
	m := c.shown()
	var b strings.Builder
	w, _ := c.grid()
	for i := 0; i < len(m); i++ {
		from := i
		for i < len(m) && i/w == from/w && m[i] == 0 {
			i++
		}
		if i > from {
			b.WriteString("M" + itoa(from%w) + " " + itoa(from/w) + "h" + itoa(i-from) + "v1h-" + itoa(i-from) + "z")
			i--
		}
	}
	return b.String()
}

// Border is the outline of the region, "" for the whole picture.
func (c *Region) Border() string {
	m := c.shown()
	if m == nil {
		return ""
	}
	w, h := c.grid()
	return ui.RegionBorder(m, w, h, func(x, y int) (float64, float64) { return float64(x), float64(y) })
}

// Sketch is the shape that is being drawn.
func (c *Region) Sketch() string {
	r := &c.region
	if len(r.points) == 0 || r.freehand() {
		return ""
	}
	points := append(r.points[:len(r.points):len(r.points)], r.cursor)
	if r.tool == Rectangle {
		points = roi.Rectangle(r.points[0], r.cursor)
		points = append(points, points[0])
	}
	var b strings.Builder
	for i, p := range points {
		b.WriteByte("ML"[min(i, 1)])
		b.WriteString(itoa(p.X) + " " + itoa(p.Y))
	}
	return b.String()
}

// Cursor is where the next point would be: a cross, or the circle of the brush.
func (c *Region) Cursor() string {
	r := &c.region
	if r.freehand() {
		half, d := num(float64(r.size)/2), itoa(r.size)
		arc := "a" + half + " " + half + " 0 1 0 "
		return "M" + num(float64(r.cursor.X)+0.5-float64(r.size)/2) + " " + num(float64(r.cursor.Y)+0.5) + arc + d + " 0" + arc + "-" + d + " 0z"
	}
	x, y := itoa(r.cursor.X), itoa(r.cursor.Y)
	return "M" + x + " " + y + "m-.6 0h1.2m-.6 -.6v1.2"
}

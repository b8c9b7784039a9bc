package teach

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/roi"
	"anomnet/wasm/protocol"
	"anomnet/webui/store"
)

// drawing is a view with images and the editor, on a grid of 32 x 32.
func drawing(t *testing.T) (*View, *fakeBackend, *Region) {
	v, b, _ := newView(t)
	v.Take(sources(0, 6))
	answer(v, b)
	return v, b, &Region{v}
}

func rect(x0, y0, x1, y1 int) roi.Mask {
	return roi.Polygon(roi.Rectangle(roi.Point{X: x0, Y: y0}, roi.Point{X: x1, Y: y1}), 32, 32, 32, 32)
}

// at is the fraction of the picture where a corner of the grid is, and within where the middle of a patch is.
func at(n int) float64     { return float64(n) / 32 }
func within(n int) float64 { return (float64(n) + 0.5) / 32 }

func (v *View) keys(keys ...string) {
	for _, k := range keys {
		v.PressRegion(k, false, false)
	}
}

func TestRectangles(t *testing.T) {
	v, b, c := drawing(t)
	assert.Equal(t, "Region of interest: whole image", v.RegionTitle())
	assert.False(t, c.Drawn())
	assert.True(t, v.PointRegion("pointerdown", at(2)+0.004, at(3)), "corners are those of patches")
	assert.True(t, v.PointRegion("pointermove", at(9), at(8)))
	assert.False(t, v.PointRegion("pointermove", at(9)+0.004, at(8)), "nothing new")
	assert.Equal(t, "M2 3L9 3L9 8L2 8L2 3", c.Sketch())
	v.PointRegion("pointerup", at(9), at(8))
	assert.Equal(t, rect(2, 3, 9, 8), v.region.mask)
	assert.Empty(t, c.Sketch())
	assert.False(t, v.PointRegion("pointermove", at(5), at(5)), "a pointer that only passes by")
	assert.Equal(t, "Region of interest: 3 % of the image", v.Page.Live)
	assert.Equal(t, rect(2, 3, 9, 8).String(), b.drafts[len(b.drafts)-1].ROI, "kept at once")

	v.PointRegion("pointerdown", at(9), at(3)) // two clicks, and it grows
	v.PointRegion("pointerup", at(9), at(3))
	v.PointRegion("pointermove", at(12), at(8))
	v.PointRegion("pointerdown", at(12), at(8))
	v.PointRegion("pointerup", at(12), at(8))
	assert.Equal(t, rect(2, 3, 12, 8), v.region.mask)
	v.Undo()
	assert.Equal(t, rect(2, 3, 9, 8), v.region.mask)
	v.Undo()
	assert.Nil(t, v.region.mask)
	assert.False(t, c.CanUndo())
	v.Redo()
	v.Redo()
	v.Redo()
	assert.Equal(t, rect(2, 3, 12, 8), v.region.mask)
	assert.False(t, c.CanRedo())
	v.Whole()
	assert.Nil(t, v.region.mask)
	v.Undo()
	assert.Equal(t, rect(2, 3, 12, 8), v.region.mask)
	v.PointRegion("pointerdown", 0, 0)
	v.PointRegion("pointerup", 1.4, 1.4)
	assert.Equal(t, rect(2, 3, 12, 8), v.region.mask, "a click, no drag")
	v.PointRegion("pointerdown", 1.4, 1.4)
	assert.Nil(t, v.region.mask, "all of the picture is no region")
	for range 2 * maxUndo {
		v.setMask(rect(1, 1, 2, 2))
	}
	assert.Len(t, v.region.undo, maxUndo)
}

func TestKeys(t *testing.T) {
	v, _, c := drawing(t)
	v.keys("ArrowRight", "ArrowRight", "ArrowDown")
	assert.Equal(t, "2 of 32 across, 1 of 32 down", v.Page.Live)
	v.keys("Enter")
	assert.Equal(t, "Point 1 set", v.Page.Live)
	assert.True(t, v.PressRegion("ArrowDown", true, false))
	assert.True(t, v.PressRegion("ArrowRight", true, false))
	v.keys(" ")
	assert.Equal(t, rect(2, 1, 6, 5), v.region.mask)
	assert.True(t, v.PressRegion("z", false, true))
	assert.Nil(t, v.region.mask)
	assert.True(t, v.PressRegion("Z", true, true))
	assert.Equal(t, rect(2, 1, 6, 5), v.region.mask)
	v.PressRegion("z", false, true)
	v.PressRegion("y", false, true)
	assert.Equal(t, rect(2, 1, 6, 5), v.region.mask)
	for _, key := range []string{"Escape", "Backspace", "g", "Tab"} {
		assert.False(t, v.PressRegion(key, false, false), "%s belongs to the page", key)
	}
	assert.False(t, v.PressRegion("s", false, true))

	c.Use(Polygon)
	v.keys("Enter", "ArrowRight", "ArrowRight", "Enter", "Enter")
	assert.Len(t, v.region.points, 2, "two corners are no polygon")
	v.keys("ArrowDown", "ArrowDown", "Enter")
	assert.True(t, c.Closable())
	v.keys("Backspace", "Enter", "ArrowLeft", "ArrowLeft", "Enter", "ArrowUp", "ArrowUp", "Enter")
	assert.Empty(t, v.region.points, "back at the first corner it closes")
	assert.Equal(t, rect(2, 1, 6, 5).Paint(rect(6, 5, 8, 7), false), v.region.mask)
	v.keys("Enter", "ArrowLeft", "Enter", "ArrowDown", "Enter", "Escape")
	assert.Empty(t, v.region.points)

	c.Use(Brush)
	c.SetSize("1")
	v.keys("Enter", "ArrowUp", "ArrowUp")
	assert.True(t, c.shown().In(3*32+v.region.cursor.X), "seen while it is drawn")
	v.keys("Enter")
	x := v.region.cursor.X
	for y := 3; y <= 5; y++ {
		assert.True(t, v.region.mask.In(y*32+x))
	}
}

func TestBrushAndEraser(t *testing.T) {
	v, _, c := drawing(t)
	c.Use(Eraser)
	c.SetSize("3")
	v.PointRegion("pointerdown", within(0), within(0))
	v.PointRegion("pointermove", within(5), within(0))
	assert.Contains(t, c.Outside(), "M0 0h7v1h-7z")
	v.PointRegion("pointerup", within(5), within(0))
	assert.Equal(t, 1024-14, v.region.mask.Count(1024))
	assert.NotEmpty(t, c.Border())
	c.Use(Brush)
	c.SetSize("5")
	v.PointRegion("pointerdown", within(2), within(0))
	v.PointRegion("pointercancel", within(2), within(0))
	assert.Greater(t, v.region.mask.Count(1024), 1024-14)
	assert.Contains(t, c.Cursor(), "a2.5 2.5")
	assert.Contains(t, c.Hint(), "Draw over")
	c.SetSize("x")
	assert.Equal(t, "5", c.SizeValue())

	c.Use(Eraser)
	c.SetSize("9")
	for range 2 {
		v.setMask(rect(3, 3, 5, 5))
	}
	v.PointRegion("pointerdown", within(4), within(4))
	v.PointRegion("pointerup", within(4), within(4))
	assert.Equal(t, rect(3, 3, 5, 5), v.region.mask, "something must be inspected")
	assert.Contains(t, v.Page.Live, "Nothing would be inspected")
	v.PointRegion("pointerdown", 3, 3)
	assert.Equal(t, roi.Point{X: 31, Y: 31}, v.region.cursor, "a patch, not a corner")
	v.PointRegion("pointerup", 3, 3)
}

// TestRegionTravels: into the fit, the draft, the version, and along with another size.
func TestRegionTravels(t *testing.T) {
	v, b, c := drawing(t)
	v.setMask(rect(4, 4, 12, 20))
	v.Teach()
	require.Len(t, b.fits, 1)
	assert.Equal(t, rect(4, 4, 12, 20).String(), b.fits[0].Req.ROI)
	v.Fitted(v.lastFit, fitResult(6, 0))
	v.setMask(rect(4, 4, 12, 12))
	assert.True(t, v.stale, "the result is of another region")

	s := v.Shape
	s.Width, s.Height = 128, 128
	v.SetShape(s)
	assert.Equal(t, roi.Polygon(roi.Rectangle(roi.Point{X: 4, Y: 4}, roi.Point{X: 12, Y: 12}), 32, 32, 16, 16), v.region.mask)
	assert.Equal(t, "0 0 16 16", c.ViewBox())
	s.Gray = true
	v.SetShape(s)
	assert.NotNil(t, v.region.mask)
	s.Mode = protocol.ModeCrop
	v.SetShape(s)
	assert.Nil(t, v.region.mask, "other places of the picture")
	w, h := v.RegionAspect(&Shot{Shot: store.Shot{W: 640, H: 480}})
	assert.Equal(t, []float64{128, 128}, []float64{w, h})

	d := store.Draft{ID: "d", Shape: defaultShape(), ROI: rect(1, 1, 3, 3).String(), Good: []store.Shot{{Key: "k", Name: "k.png", W: 640, H: 480}}}
	v.Resume(d)
	assert.Equal(t, rect(1, 1, 3, 3), v.region.mask)
	assert.Equal(t, "k.png", c.Behind().Name)
	w, h = v.RegionAspect(c.Behind())
	assert.Equal(t, []float64{640, 480}, []float64{w, h})
	for _, bad := range []string{"AAE=", "?", roi.Mask(make([]uint8, 1024)).String()} {
		d.ROI = bad
		v.Resume(d)
		assert.Nil(t, v.region.mask, bad)
	}
	p := &store.Part{ID: "p", Name: "P", Use: 1, Shape: defaultShape(), Shots: d.Good, Versions: []store.Version{{N: 1, Head: "h", Good: []string{"k"}, ROI: rect(1, 1, 3, 3).String()}}}
	v.Again(p)
	assert.Equal(t, rect(1, 1, 3, 3), v.region.mask)
}

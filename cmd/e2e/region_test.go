//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"os"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/roi"
	"anomnet/core/teach"
)

// spoiled is a picture with a dark and bright square.
func spoiled(t *testing.T, path string, x, y int) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	img, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, image.Point{}, draw.Src)
	for k, c := range []color.Color{color.Black, color.White} {
		draw.Draw(out, image.Rect(x+36*k, y, x+36*k+36, y+72), image.NewUniform(c), image.Point{}, draw.Src)
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, out, &jpeg.Options{Quality: 95}))
	return b.Bytes()
}

// region opens the editor and waits for its picture.
func (p *tab) region() {
	p.t.Helper()
	p.click("#roi > summary")
	p.waitFor(`document.querySelector("#roi-pad canvas")?.dataset.drawn`)
	p.str(`document.querySelector("#roi-pad").scrollIntoView({block: "center", behavior: "instant"})`)
}

// corner is where a corner of the grid of 32 x 32 patches is on the screen.
func (p *tab) corner(x, y int) place {
	p.t.Helper()
	at := func(js string) float64 {
		return p.number(`(() => { const r = document.querySelector("#roi-pad").getBoundingClientRect(); return ` + js + `; })()`)
	}
	return place{at(fmt.Sprintf("r.left + r.width * %d / 32", x)), at(fmt.Sprintf("r.top + r.height * %d / 32", y))}
}

func (p *tab) inspected(want string) {
	p.t.Helper()
	p.waitFor(fmt.Sprintf(`document.querySelector("#roi > summary")?.textContent === "Region of interest: %s"`, want))
}

// touchRegion rubs out a bit with a finger on a phone, and takes it back.
func (p *tab) touchRegion() {
	p.t.Helper()
	p.look(look{width: 390, height: 844, mobile: true})
	p.str(`document.querySelector("#roi-pad").scrollIntoView({block: "center", behavior: "instant"})`)
	top := p.str(`scrollY`)
	touch := func(kind input.DispatchTouchEventType, at ...place) {
		points := []*input.TouchPoint{}
		for _, a := range at {
			points = append(points, &input.TouchPoint{X: a.x, Y: a.y})
		}
		call(p, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
	}
	touch(input.DispatchTouchEventTypeTouchStart, p.corner(4, 5))
	for _, y := range []int{7, 9, 11, 13} {
		touch(input.DispatchTouchEventTypeTouchMove, p.corner(4, y))
	}
	touch(input.DispatchTouchEventTypeTouchEnd)
	p.inspected("13 % of the image")
	assert.Equal(p.t, top, p.str(`scrollY`), "the finger draws, and does not scroll")
	p.click("#roi-undo")
	p.inspected("16 % of the image")
}

// TestRegionOfInterest draws a rectangle, teaches, and inspects what is spoiled inside and outside; then it changes the region without the images.
func TestRegionOfInterest(t *testing.T) {
	t.Parallel()
	good, _ := brackets(t, 12, 0)
	write := writer(t)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("teach")
	p.fill("#teach-name", "Bracket")
	p.choose(good...)
	p.waitFor(`document.querySelectorAll(".shot").length === 12 && !document.querySelector(".shot.waiting")`)
	p.region()
	p.pull(p.corner(2, 3), p.corner(16, 15))
	p.inspected("16 % of the image")
	p.click("#roi-undo")
	p.inspected("whole image")
	p.click("#roi-redo")
	p.inspected("16 % of the image")
	p.click("#roi-eraser")
	p.waitFor(`document.querySelector("#roi-size")`) // it moves the buttons behind it
	p.click("#roi-other")
	p.waitFor(`document.querySelector("#roi-pad canvas")?.dataset.drawn === "good-001.jpg"`)
	for name, l := range looks() {
		p.look(l)
		p.str(`document.querySelector(".roi-edit").scrollIntoView({block: "start", behavior: "instant"})`)
		p.shot("region-edit-" + name)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), name)
	}
	p.touchRegion()
	p.look(desktop)
	p.click("#teach-start")
	p.waitFor(`document.querySelector("#teach-result")`)
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	course, _ := nativeCourse(t, good)
	first := nativeRegion(t, course, roi.Rectangle(roi.Point{X: 2, Y: 3}, roi.Point{X: 16, Y: 15}))
	assert.True(t, fmt.Sprintf("%x", first.File) == p.storedHead(), "the head of a native session with the same region, byte for byte")

	p.click("#teach-inspect")
	p.waitFor(`document.querySelector(".notice.loaded")`)
	p.choose(write("inside.jpg", spoiled(t, good[4], 130, 130)), write("outside.jpg", spoiled(t, good[4], 430, 430)))
	verdicts := map[string]string{}
	for _, r := range p.results(2) {
		verdicts[r.Name] = r.Verdict
	}
	assert.Equal(t, map[string]string{"inside.jpg": "NG", "outside.jpg": "OK"}, verdicts)
	p.click(`#items [data-name="inside.jpg"]`)
	p.waitFor(`document.querySelector(".marks .roi") && document.querySelector(".marks .contour")`)
	for name, l := range looks() {
		p.look(l)
		p.shot("region-inspect-" + name)
	}
	p.look(desktop)
	p.requireClean()

	p.reload()
	p.show("models")
	p.click(".models article[data-part=Bracket] .further")
	p.waitFor(`document.querySelector("#roi > summary")`)
	p.inspected("16 % of the image")
	p.region()
	p.pull(p.corner(16, 3), p.corner(20, 15))
	p.inspected("21 % of the image")
	p.click("#teach-start")
	p.waitFor(`document.querySelector("#teach-result")`)
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")?.textContent.includes("v2")`)
	course.Keep(first)
	second := nativeRegion(t, course, roi.Rectangle(roi.Point{X: 2, Y: 3}, roi.Point{X: 20, Y: 15}))
	assert.True(t, fmt.Sprintf("%x", second.File) == p.storedHead(), "another region is a version more, from what is kept")
	assert.Empty(t, p.problemList())
}

// nativeRegion fits a session with a region.
func nativeRegion(t *testing.T, course *teach.Session, shape []roi.Point) *teach.Taught {
	t.Helper()
	require.NoError(t, course.SetROI(roi.Polygon(shape, 32, 32, 32, 32)))
	out, err := course.Fit(t.Context(), teach.FitOptions{Part: "Bracket", FalseRejectRate: 0.01}, nil)
	require.NoError(t, err)
	return out
}

// TestRegionByKeyboard draws with keys only, hears what happens, and finds the region again after a reload.
func TestRegionByKeyboard(t *testing.T) {
	good, _ := brackets(t, 3, 0)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("teach")
	p.choose(good...)
	p.waitFor(`document.querySelectorAll(".shot").length === 3 && !document.querySelector(".shot.waiting")`)
	p.tabTo("#roi > summary")
	p.press(kb.Enter)
	p.tabTo("#roi-polygon")
	p.press(" ")
	p.waitFor(`document.querySelector("#roi-polygon").ariaPressed === "true"`)
	p.tabTo("#roi-pad")
	said := func(want string) {
		p.waitFor(fmt.Sprintf(`document.querySelector("[data-key=live]").textContent.includes(%q)`, want))
	}
	repeat := func(key string, n int) {
		for range n {
			p.press(key)
		}
	}
	repeat(kb.ArrowRight, 8)
	repeat(kb.ArrowDown, 4)
	said("8 of 32 across, 4 of 32 down")
	p.press(kb.Enter)
	said("Point 1 set")
	repeat(kb.ArrowRight, 16)
	p.press(kb.Enter)
	repeat(kb.ArrowDown, 8)
	p.press(kb.Enter)
	said("Point 3 set")
	repeat(kb.ArrowLeft, 16)
	p.press(kb.Enter)
	p.press(kb.Enter)
	said("Region of interest: 12 % of the image")
	p.inspected("12 % of the image")
	p.shot("region-keyboard-1280-light")
	p.press(kb.Enter)
	p.press(kb.Escape)
	p.inspected("12 % of the image")
	p.reload()
	p.waitFor(`document.querySelector(".resume-go")`)
	p.click(".resume-go")
	p.inspected("12 % of the image")
	assert.Empty(t, p.problemList())
}

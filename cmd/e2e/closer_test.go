//go:build e2e

package e2e

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/calibrate"
	"anomnet/core/regions"
)

// place is a point in the window.
type place struct{ x, y float64 }

func (p *tab) mouse(kind input.DispatchMouseEventType, at place, buttons int64) {
	p.t.Helper()
	call(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: at.x, Y: at.y, Button: input.MouseButtonLeft, Buttons: buttons, ClickCount: 1})
}

// pull drags with the mouse, in steps.
func (p *tab) pull(from, to place) {
	p.t.Helper()
	p.mouse(input.DispatchMouseEventTypeMouseMoved, from, 0)
	p.mouse(input.DispatchMouseEventTypeMousePressed, from, 1)
	for i := 1; i <= 4; i++ {
		f := float64(i) / 4
		p.mouse(input.DispatchMouseEventTypeMouseMoved, place{from.x + (to.x-from.x)*f, from.y + (to.y-from.y)*f}, 1)
	}
	p.mouse(input.DispatchMouseEventTypeMouseReleased, to, 0)
}

// middle is the middle of an element.
func (p *tab) middle(css string) place {
	p.t.Helper()
	at := func(side, size string) float64 {
		return p.number(fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return r.%s + r.%s / 2; })()`, css, side, size))
	}
	return place{at("left", "width"), at("top", "height")}
}

func (p *tab) number(js string) float64 {
	p.t.Helper()
	f, err := strconv.ParseFloat(p.str(js), 64)
	require.NoError(p.t, err, js)
	return f
}

// samples inspects the samples and shows one.
func (p *tab) samples(name string) {
	p.t.Helper()
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	p.str(fmt.Sprintf(`document.querySelector('#items [data-name=%q]').click()`, name))
	p.waitFor(fmt.Sprintf(`document.querySelector(".filename").textContent.includes(%q) && document.querySelector(".contour")`, name))
	p.waitFor(`document.querySelector(".picture").dataset.shown === document.querySelector("#items [aria-selected=true]").id.replace("item-", "")`)
}

const (
	zoomOf = `Number(document.querySelector(".picture").dataset.zoom)`
	matrix = `document.querySelector(".marks > g").getAttribute("transform")`
)

// TestZoomAndPan looks closer by wheel, mouse, buttons, keys and two fingers.
func TestZoomAndPan(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	p.samples("chip.jpg")
	whole := p.number(zoomOf)
	stage := p.middle(".stage")

	call(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseWheel, X: stage.x, Y: stage.y, DeltaX: 1e-3, DeltaY: -240})
	p.waitFor(fmt.Sprintf(`%s > %v * 1.5`, zoomOf, whole))
	before := p.str(matrix)
	p.pull(stage, place{stage.x + 60, stage.y + 40})
	p.waitFor(matrix + ` !== "` + before + `"`)
	p.shot("zoomed-1280-light")
	p.press("0")
	p.waitFor(fmt.Sprintf(`Math.abs(%s - %v) < 1e-4`, zoomOf, whole))
	p.press("+")
	p.waitFor(fmt.Sprintf(`Math.abs(%s - %v * 1.5) < 1e-3`, zoomOf, whole))
	p.press("-")
	p.waitFor(fmt.Sprintf(`Math.abs(%s - %v) < 1e-3`, zoomOf, whole))

	p.click("#zoom-in")
	p.click("#zoom-in")
	p.waitFor(fmt.Sprintf(`Math.abs(%s - %v * 2.25) < 1e-3`, zoomOf, whole))
	p.str(`document.querySelector(".stage").focus()`)
	before = p.str(matrix)
	selected := p.str(`document.querySelector("[aria-selected=true]").id`)
	p.press(kb.ArrowLeft)
	p.waitFor(matrix + ` !== "` + before + `"`)
	assert.Equal(t, selected, p.str(`document.querySelector("[aria-selected=true]").id`), "arrows move the picture, not the list")
	p.click("#zoom-whole")
	p.waitFor(fmt.Sprintf(`Math.abs(%s - %v) < 1e-3`, zoomOf, whole))

	p.look(look{width: 390, height: 844, mobile: true})
	p.waitFor(fmt.Sprintf(`Math.abs(%s - %v) > 1e-3`, zoomOf, whole))
	narrow := p.number(zoomOf)
	at := p.middle(".stage")
	one, two := 1.0, 2.0
	touch := func(kind input.DispatchTouchEventType, d float64) {
		call(p, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: []*input.TouchPoint{{X: at.x - d, Y: at.y, ID: &one}, {X: at.x + d, Y: at.y, ID: &two}}})
	}
	touch(input.DispatchTouchEventTypeTouchStart, 30)
	for d := 40.0; d <= 90; d += 10 {
		touch(input.DispatchTouchEventTypeTouchMove, d)
	}
	call(p, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}})
	p.waitFor(fmt.Sprintf(`%s > %v * 1.8`, zoomOf, narrow))
	p.shot("zoomed-390-light")
	p.requireClean()
}

// TestRegions compares the regions on the page with those that core finds on the host.
func TestRegions(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	p.samples("chip.jpg")
	data, err := os.ReadFile(filepath.Join(siteDir(t), "samples", "chip.jpg"))
	require.NoError(t, err)
	in := inspector(t, siteDir(t))
	res, err := in.Inspect(data)
	require.NoError(t, err)
	frame := regions.Frame{Width: res.Width, Height: res.Height, InputW: in.Info().Width, InputH: in.Info().Height, Mode: string(in.Info().Mode)}
	require.Equal(t, res.Regions, regions.Find(res.Map, res.MapW, res.MapH, res.Limit, frame).Regions)
	assert.Equal(t, strconv.Itoa(len(res.Regions)), p.str(`document.querySelectorAll(".contour").length`))
	for i, r := range res.Regions[:min(8, len(res.Regions))] {
		label := p.str(fmt.Sprintf(`document.querySelectorAll(".region")[%d].querySelector(".area").textContent.replace(/\D/g, "")`, i))
		assert.Equal(t, strconv.Itoa(r.Area), label, "region %d", i+1)
	}
	p.str(`document.querySelector(".region").focus()`)
	p.waitFor(`document.querySelector(".contour.hot")`)
	whole := p.number(zoomOf)
	p.press(kb.Enter)
	p.waitFor(fmt.Sprintf(`%s > %v * 1.2`, zoomOf, whole))
	p.shot("region-1280-light")
	p.requireClean()
}

// TestBeside shows an image beside itself and beside a good one, with one zoom for both, and a good spot like the one that decided.
func TestBeside(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	p.samples("scratch.jpg")
	p.press("s")
	p.waitFor(`document.querySelectorAll(".picture[data-shown]").length === 2`)
	p.press("+")
	p.waitFor(`document.querySelectorAll(".picture")[0].dataset.zoom === document.querySelectorAll(".picture")[1].dataset.zoom`)
	p.shot("beside-1280-light")
	p.press("c")
	p.waitFor(`document.querySelectorAll("figcaption")[1].textContent === "Good: good-1.jpg" && document.querySelectorAll(".picture[data-shown]").length === 2`)
	p.waitFor(`new Set([...document.querySelectorAll(".picture")].map((c) => c.dataset.zoom)).size === 1`)
	assert.NotEqual(t, p.str(`document.querySelectorAll(".picture")[0].dataset.shown`), p.str(`document.querySelectorAll(".picture")[1].dataset.shown`))
	p.click("#similar")
	p.waitFor(`document.querySelectorAll(".crop[data-drawn]").length === 2`)
	assert.Contains(t, p.str(`document.querySelector(".similar").textContent`), "3 good images here")
	p.str(`document.querySelector("#similar-compare").click()`)
	p.waitFor(`document.querySelectorAll("figcaption")[1].textContent === "Good: " + document.querySelectorAll(".spots figcaption")[1].textContent`)
	p.str(`document.querySelector(".spots").scrollIntoView({block: "center"})`)
	for name, l := range map[string]look{"1280-light": desktop, "1280-dark": {width: 1280, height: 800, dark: true}, "390-dark": {width: 390, height: 844, dark: true, mobile: true}} {
		p.look(l)
		p.shot("golden-" + name)
		assert.Equal(t, strconv.FormatInt(l.width, 10), p.str(`document.documentElement.scrollWidth`), "nothing is wider than the window at "+name)
	}
	p.look(desktop)
	p.press("c")
	p.waitFor(`document.querySelectorAll(".picture").length === 1`)
	p.requireClean()
}

// TestLimits drags a limit with the mouse and moves it with keys, and counts what core would say.
func TestLimits(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	p.samples("chip.jpg")
	in := inspector(t, siteDir(t))
	own := in.Calibration()
	count := func(limit, review float32) [3]int {
		c := calibrate.Calibration{Limit: limit, Review: review}
		var n [3]int
		for _, r := range p.results(8) {
			bits, err := strconv.ParseUint(r.RawBits, 10, 32)
			require.NoError(t, err)
			n[map[calibrate.Verdict]int{calibrate.OK: 0, calibrate.Review: 1, calibrate.NG: 2}[c.Verdict(math.Float32frombits(uint32(bits)))]]++
		}
		return n
	}
	shown := func() [3]int {
		var n [3]int
		for i, v := range []string{"OK", "REVIEW", "NG"} {
			n[i] = int(p.number(fmt.Sprintf(`document.querySelectorAll('#items [data-verdict="%s"]').length`, v)))
		}
		return n
	}
	assert.Equal(t, count(own.Limit, own.Review), shown())
	p.str(`document.querySelector(".scores").scrollIntoView({block: "center"})`)
	p.shot("limits-1280-light")
	knob := p.middle(`[data-limit=limit] .knob`)
	width := p.number(`document.querySelector(".scores").getBoundingClientRect().width`)
	low, high := p.number(`document.querySelector("[data-limit=limit]").ariaValueMin`), p.number(`document.querySelector("[data-limit=limit]").ariaValueMax`)
	// The axis is 314 of the chart's 336 units wide.
	p.pull(knob, place{knob.x - 0.06/(high-low)*314*width/336, knob.y})
	p.waitFor(`document.querySelector("#limits-reset")`)
	moved := p.number(`document.querySelector("[data-limit=limit]").ariaValueNow`)
	assert.InDelta(t, 0.94, moved, 0.011)
	limit := float32(float64(int(moved/0.01+0.5)) * 0.01 * float64(own.Limit))
	assert.Equal(t, count(limit, min(own.Review, limit)), shown())
	assert.Contains(t, p.str(`document.querySelector(".effect").textContent`), fmt.Sprintf("NG %d", shown()[2]))
	p.shot("limits-moved-1280-light")

	assert.Equal(t, "limit", p.str(`document.activeElement.dataset.limit`), "what was dragged has the focus")
	p.press(kb.ArrowRight)
	p.waitFor(fmt.Sprintf(`Math.abs(document.querySelector("[data-limit=limit]").ariaValueNow - %v) < 0.001`, moved+0.01))
	p.press(kb.End)
	p.waitFor(`document.querySelector("[data-limit=limit]").ariaValueNow === document.querySelector("[data-limit=limit]").ariaValueMax`)
	assert.Equal(t, count(float32(high)*own.Limit, own.Review), shown())
	assert.Contains(t, p.str(`document.querySelector("[data-limit=limit]").ariaValueText`), fmt.Sprintf("of %d held-out good images are above this limit", len(own.Scores)))
	for name, l := range map[string]look{"1280-dark": {width: 1280, height: 800, dark: true}, "390-light": {width: 390, height: 844, mobile: true}, "390-dark": {width: 390, height: 844, dark: true, mobile: true}} {
		p.look(l)
		p.str(`document.querySelector(".scores").scrollIntoView({block: "center"})`)
		p.shot("limits-" + name)
	}
	p.look(desktop)
	p.click("#limits-reset")
	p.waitFor(`!document.querySelector("#limits-reset")`)
	assert.Equal(t, count(own.Limit, own.Review), shown())

	missed := p.str(`document.querySelector('[data-filter="defect/OK"]').textContent`)
	p.click(`[data-filter="defect/OK"]`)
	p.waitFor(`document.querySelector(".confusion").textContent.includes("Shown: Defective")`)
	assert.Equal(t, missed, p.str(`document.querySelectorAll("#items [data-name]").length`)+" missed")
	p.requireClean()
}

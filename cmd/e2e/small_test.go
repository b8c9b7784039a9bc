//go:build e2e

package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/stretchr/testify/assert"
)

// speak changes the language of the page.
func (p *tab) speak(lang string) {
	p.t.Helper()
	p.str(`(() => { const s = document.querySelector(".language"); s.value = "` + lang + `"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	p.waitFor(`document.documentElement.lang === "` + lang + `"`)
}

// TestNarrowWindow: at 320 pixels nothing is wider than the window, in the languages with the longest words; nor are explanations on a phone.
func TestNarrowWindow(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	p.look(look{width: 320, height: 568})
	for _, lang := range []string{"de", "es", "en"} {
		p.speak(lang)
		assert.Equal(t, "320", p.str(`document.documentElement.scrollWidth`), lang)
	}
	p.look(look{width: 390, height: 844, mobile: true})
	assert.Equal(t, "", p.str(`[...document.querySelectorAll(".term")].filter((e) => {
		e.focus({ focusVisible: true });
		return e.checkVisibility() && (document.documentElement.scrollWidth > 390 || !document.activeElement.nextElementSibling.checkVisibility());
	}).map((e) => e.textContent).join(", ")`))
}

// TestForcedColours: what is pressed and where one is can be seen without the page's colours.
func TestForcedColours(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}})
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	p.click("#rows")
	p.click("#beside-plain")
	p.click(".cell")
	p.waitFor(`document.querySelectorAll("[aria-pressed=true]").length === 3`)
	p.shot("forced-colours")
	assert.Equal(t, "", p.str(`[...document.querySelectorAll("[aria-pressed=true]")].filter((e) => getComputedStyle(e).outlineStyle !== "solid").map((e) => e.id + e.className).join(", ")`))
	assert.Equal(t, "underline none", p.str(`["[aria-current]", ":not([aria-current])"].map((css) => getComputedStyle(document.querySelector(".views a" + css)).textDecorationLine).join(" ")`))
}

// TestKioskOnASmallScreen: nothing of the verdict is cut off, and everything can be hit with a glove.
func TestKioskOnASmallScreen(t *testing.T) {
	p := kiosk(t, station(t, "null"), desktop)
	p.click("#kiosk-menu")
	p.click("#kiosk-folder")
	p.put("a", 8)
	p.waitFor(counted + ` === 8`)
	const small = `[...document.querySelectorAll(".kiosk button, .kiosk select, .kiosk label, .kiosk input:not([type=checkbox], [type=file])")]
		.filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44).map((e) => e.id || e.textContent).join(", ")`
	assert.Equal(t, "", p.str(small))
	p.click("#kiosk-close")
	p.waitFor(`!document.querySelector("#kiosk-settings").open`)
	assert.Equal(t, "", p.str(small))
	for _, l := range []look{{width: 640, height: 400}, {width: 320, height: 568}, {width: 800, height: 480}, {width: 1024, height: 600}, desktop} {
		p.look(l)
		p.shot("kiosk-small-" + p.str(`innerWidth`))
		assert.Equal(t, "true", p.str(`(() => { const v = document.querySelector("#kiosk-verdict"); return v.scrollHeight <= v.clientHeight && v.scrollWidth <= v.clientWidth; })()`), "%v", l)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), "%v", l)
	}
}

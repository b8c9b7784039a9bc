//go:build e2e

package e2e

import (
	"testing"

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

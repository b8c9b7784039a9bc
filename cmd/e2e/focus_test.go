//go:build e2e

package e2e

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
)

// enter presses a button by the keyboard, and returns once the page has answered: when done holds.
func (p *tab) enter(css, done string) {
	p.t.Helper()
	p.waitFor(`document.querySelector(` + strconv.Quote(css) + `)`)
	p.str(`document.querySelector(` + strconv.Quote(css) + `).focus()`)
	p.press(kb.Enter)
	p.waitFor(done)
}

// TestFocusStays: what a key has pressed goes, or is disabled while it works, and the keyboard still is where it was.
func TestFocusStays(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	has := func(css string) {
		t.Helper()
		p.waitFor(`document.activeElement !== document.body`)
		assert.Equal(t, "true", p.str(`document.activeElement.matches(`+strconv.Quote(css)+`)`), "%s has the focus, not %s", css, p.str(`document.activeElement.outerHTML.slice(0, 120)`))
	}
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	p.show("history")
	p.recorded(8)
	p.enter("#verify", `document.querySelector("#finding") && !document.querySelector("#verify").disabled`)
	has("#verify")

	good, _ := brackets(t, 9, 0)
	p.show("teach")
	p.fill("#teach-name", "Bracket")
	p.choose(good...)
	p.waitFor(`document.querySelectorAll(".shot").length === 9 && !document.querySelector(".shot.waiting")`)
	p.enter("#teach-start", `document.querySelector("#teach-result, #teach-problem") && !document.querySelector("#teach-start").disabled`)
	has("#teach-start")
	p.enter(".shot:nth-child(2) .shot-button", `document.querySelector(".shot .undo")`)
	has(".shot:nth-child(2) .undo")
	p.enter(".shot .undo", `!document.querySelector(".shot .undo")`)
	p.enter("#teach-save", `document.querySelector("#teach-saved")`)
	p.saidOnce("Saved on this device: Bracket v1.")

	p.show("models")
	p.enter(".models .rename", `document.activeElement.matches(".rename-field")`)
	p.fill(".rename-field", "Angle")
	p.press(kb.Enter)
	p.waitFor(`document.querySelector(".models article[data-part=Angle]") && !document.querySelector(".rename-field")`)
	has(".models article[data-part=Angle] *")
	p.enter(".models .delete", `document.activeElement.matches(".delete-yes")`)
	p.enter(".ask .button:not(.delete-yes)", `!document.querySelector(".ask")`)
	has(".models article[data-part=Angle] .button")
	p.enter(".models .delete", `document.activeElement.matches(".delete-yes")`)
	p.press(kb.Enter)
	p.waitFor(`!document.querySelector(".models article[data-part=Angle]")`)
	has(".models *")
	p.saidOnce("Angle is deleted.")
	p.enter("#offers-look", `document.querySelector("#offers-none") && !document.querySelector("#offers-look").disabled`)
	has("#offers-look")
	p.str(`location.hash = "#/privacy"`)
	p.enter("#look", `document.querySelector("#looked")?.textContent && !document.querySelector("#look").disabled`)
	has("#look")
	p.saidOnce("This is the newest version.")
}

// saidOnce looks how many live regions hold a sentence.
func (p *tab) saidOnce(text string) {
	p.t.Helper()
	p.waitFor(`document.querySelector("p[aria-live]").textContent === ` + strconv.Quote(text))
	assert.Equal(p.t, "1", p.str(`[...document.querySelectorAll("[role=status], [role=alert], [aria-live]")].filter((e) => e.textContent === `+strconv.Quote(text)+`).length`))
}

//go:build e2e

package e2e

import (
	"strconv"
	"strings"
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
	t.Parallel()
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

// parts is in which part of Inspect the focus is.
const parts = `["verdict", "viewer", "facts", "strip"].find((name) => document.activeElement.closest("." + name))`

// tabbed presses Tab from the heading of Inspect to its end, and returns the parts in which the focus was, in order.
func (p *tab) tabbed() string {
	p.t.Helper()
	p.str(`document.querySelector("#view-title").focus()`)
	var out []string
	for range 80 {
		p.press(kb.Tab)
		part := p.str(parts)
		if part == "undefined" {
			break
		}
		if len(out) == 0 || out[len(out)-1] != part {
			out = append(out, part)
		}
	}
	return strings.Join(out, " ")
}

// TestTabFollowsTheEye: on a narrow screen the list comes before the facts, for the keyboard as for the eye; on a wide one after them. When the window
// changes, what has the focus and the picture stay.
func TestTabFollowsTheEye(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	assert.Equal(t, "viewer verdict facts strip", p.tabbed())
	p.str(`(document.querySelector("#search").focus(), globalThis.canvas = document.querySelector(".picture"))`)
	for _, width := range []int64{800, 801, 640, 1280, 390} {
		p.look(look{width: width, height: 800})
		p.waitFor(`document.querySelector(".inspect .view").firstElementChild.matches(".verdict") === ` + strconv.FormatBool(width <= 800))
		assert.Equal(t, "true", p.str(`document.activeElement.id === "search" && document.querySelector(".picture") === canvas`), "at %d", width)
		assert.Equal(t, "true", p.str(`(() => {
			const y = (css) => document.querySelector(css).getBoundingClientRect().top;
			return innerWidth > 800 || y(".verdict") < y(".viewer") && y(".viewer") < y(".strip") && y(".strip") < y(".facts");
		})()`), "at %d", width)
	}
	assert.Equal(t, "verdict viewer strip facts", p.tabbed())
	p.requireClean()
}

// TestBackToModels: people who were asked whether a part shall be deleted, and went elsewhere, are not on "Delete" when they come back.
func TestBackToModels(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.importFiles(writer(t)("bracket.anomnet", taught(t)))
	p.waitFor(`document.querySelector("[data-part=Bracket]")`)
	p.click("[data-part=Bracket] .delete")
	p.waitFor(`document.activeElement.matches(".delete-yes")`)
	p.show("history")
	p.show("models")
	p.async(`new Promise((r) => setTimeout(r, 300, ""))`)
	assert.Equal(t, "false", p.str(`document.activeElement.matches(".delete-yes")`))
	p.press(kb.Enter)
	p.waitFor(`document.querySelector("[data-part=Bracket] .delete")`)
}

//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reload loads the page once more.
func (p *tab) reload() {
	p.t.Helper()
	p.mu.Lock()
	p.ready = false
	p.mu.Unlock()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.Reload()))
	p.waitFor(`document.documentElement?.dataset.state === "ready"`)
}

// TestHelp opens the help by key and by button, and switches the single-letter keys off; that, the look and the language last over a reload.
func TestHelp(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.choose(sample, sample, sample)
	p.results(3)
	p.str(`document.querySelector("#map-on").focus()`)
	p.press("?")
	p.waitFor(`document.querySelector("#help").open && document.querySelector("#letters")`)
	assert.Contains(t, p.str(`document.querySelector("#help").textContent`), "J / K")
	assert.Equal(t, "true", p.str(`document.querySelector("#help").contains(document.activeElement)`))
	for name, l := range map[string]look{"1280-light": desktop, "1280-dark": {width: 1280, height: 800, dark: true},
		"390-light": {width: 390, height: 844, mobile: true}, "390-dark": {width: 390, height: 844, dark: true, mobile: true}} {
		p.look(l)
		p.shot("help-" + name)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), name)
	}
	p.look(desktop)
	p.press(kb.Escape)
	p.waitFor(`!document.querySelector("#help").open && !document.querySelector("#letters")`)
	assert.Equal(t, "map-on", p.str(`document.activeElement.id`), "the focus comes back")

	p.click("#help-open")
	p.waitFor(`document.querySelector("#letters")`)
	p.click("#letters")
	p.str(`(() => { const s = document.querySelector("#theme"); s.value = "dark"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	p.waitFor(`getComputedStyle(document.body).backgroundColor === "rgb(16, 19, 24)"`)
	p.click("#help-close")
	p.waitFor(`!document.querySelector("#help").open`)
	p.str(`document.activeElement.blur()`)
	p.press("m")
	p.press("?")
	p.str(`document.querySelector("#items").focus()`)
	p.press("j")
	p.waitFor(`document.querySelector("#items [aria-selected=true]").ariaPosInSet === "2"`)
	assert.Equal(t, "true", p.str(`document.querySelector("#map-on").checked`))
	assert.Equal(t, "false", p.str(`document.querySelector("#help").open`))

	p.str(`(() => { const s = document.querySelector(".language"); s.value = "de"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	p.waitFor(`document.documentElement.lang === "de"`)
	p.requireClean()
	p.reload()
	p.waitFor(`document.documentElement.lang === "de" && document.documentElement.dataset.theme === "dark"`)
	p.choose(sample)
	p.results(1)
	p.str(`document.activeElement.blur()`)
	p.press("m")
	p.press("?")
	assert.Equal(t, "true", p.str(`document.querySelector("#map-on").checked && !document.querySelector("#help").open`))
}

// TestViews goes through all views by their links, by the back button and by their addresses.
func TestViews(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	p.choose(sample, sample)
	p.results(2)
	p.press("j")
	p.waitFor(`document.querySelector("#items [aria-selected=true]").ariaPosInSet === "2"`)
	var ids []string
	for _, id := range []string{"inspect", "teach", "history", "models"} {
		if p.str(`Boolean(document.querySelector(".views a[href='#/`+id+`']"))`) == "true" {
			ids = append(ids, id)
		}
	}
	require.Greater(t, len(ids), 1, "views in the header")
	is := func(id string) {
		t.Helper()
		p.waitFor(`document.querySelector("main").dataset.view === "` + id + `" && document.querySelector(".views [aria-current=page]").hash === "#/` + id + `"`)
		p.waitFor(`document.activeElement.id === "view-title"`)
		assert.Equal(t, p.str(`document.querySelector(".views [aria-current]").textContent`), p.str(`document.querySelector("#view-title").textContent`))
		assert.Equal(t, p.str(`document.querySelector("#view-title").textContent`)+" – AnomNet", p.str(`document.title`))
		assert.Equal(t, "1", p.str(`document.querySelectorAll("main").length`))
	}
	for _, id := range ids[1:] {
		p.click(`.views a[href="#/` + id + `"]`)
		is(id)
		for name, l := range map[string]look{"1280-light": desktop, "1280-dark": {width: 1280, height: 800, dark: true},
			"390-light": {width: 390, height: 844, mobile: true}, "390-dark": {width: 390, height: 844, dark: true, mobile: true}} {
			p.look(l)
			p.shot("view-" + id + "-" + name)
			assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), "%s %s", id, name)
		}
		p.look(desktop)
	}
	for i := len(ids) - 2; i > 0; i-- {
		p.str(`history.back()`)
		is(ids[i])
	}
	p.str(`history.back()`) // to the address without a view
	is(ids[0])
	p.waitFor(`document.querySelector("#items [aria-selected=true]").ariaPosInSet === "2" && document.querySelector(".picture").dataset.shown === "2"`)
	p.str(`location.hash = "#/nonsense"`)
	p.waitFor(`document.querySelector("main").dataset.view === "inspect"`)
	last := ids[len(ids)-1]
	p.str(`location.hash = "#/` + last + `"`)
	is(last)
	p.drag(true, sample)
	if last != "teach" {
		p.waitFor(`document.querySelector("main").dataset.view === "inspect"`)
		require.Len(t, p.results(3), 3, "what is dropped on a view without use for it is inspected")
		p.str(`location.hash = "#/` + last + `"`)
		is(last)
	}
	p.requireClean()
	p.reload()
	assert.Equal(t, last, p.str(`document.querySelector("main").dataset.view`), "the address leads there")
}

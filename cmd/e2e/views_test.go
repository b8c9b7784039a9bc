//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
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
	p.toFirst(2)
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
	p.toFirst(2)
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

// TestTour shows the hints of a first visit, by keyboard, and that they never come back.
func TestTour(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	first := func() {
		p.str(`localStorage["anomnet-settings"] = "{}"`)
		p.reload()
		p.waitFor(`document.querySelector("#samples")`)
		assert.Equal(t, "null", p.str(`document.querySelector("#tour")`), "not before there is a result")
		p.click("#samples")
		p.waitFor(`document.querySelector("#tour")`)
		p.waitFor(`document.querySelectorAll("#items .working, #items .waiting").length === 0`)
	}
	first()
	for name, l := range looks() {
		p.look(l)
		p.shot("tour-" + name)
		assert.Equal(t, "true", p.str(`(() => { const r = document.querySelector("#tour").getBoundingClientRect(), v = document.querySelector(".verdict").getBoundingClientRect();
			return r.left >= 0 && r.right <= innerWidth && (r.top >= v.bottom || r.bottom <= v.top || r.right <= v.left); })()`), "the hint leaves the verdict alone at %s", name)
	}
	p.look(desktop)
	seen := map[string]bool{}
	p.str(`document.querySelector("#tour-next").focus()`)
	for range 3 {
		text := p.str(`document.querySelector("#tour p").textContent`)
		seen[text] = true
		p.press(kb.Enter)
		p.waitFor(`document.querySelector("#tour p")?.textContent !== ` + strconv.Quote(text))
	}
	assert.Len(t, seen, 3)
	p.waitFor(`!document.querySelector("#tour")`)
	p.reload()
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	assert.Equal(t, "null", p.str(`document.querySelector("#tour")`), "not on a second visit")

	first()
	p.press(kb.Escape)
	p.waitFor(`!document.querySelector("#tour")`)
	assert.Contains(t, p.str(`localStorage["anomnet-settings"]`), `"toured":true`)
}

// TestLanguages shows every view in every language: no text is a key, nothing is wider than the window, and no request is made for it.
func TestLanguages(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	p.press("1")
	for _, lang := range []string{"de", "zh", "ja", "es"} {
		p.str(`(() => { const s = document.querySelector(".language"); s.value = "` + lang + `"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
		p.waitFor(`document.documentElement.lang.startsWith("` + lang + `")`)
		assert.Equal(t, "true", p.str(`document.querySelector(".top").offsetHeight < 60`), "%s: the header is one line", lang)
		for _, view := range []string{"inspect", "teach", "history", "models"} {
			p.show(view)
			p.str(`document.querySelectorAll("details").forEach((e) => e.open = true)`)
			for name, l := range looks() {
				p.look(l)
				p.shot(lang + "-" + view + "-" + name)
				assert.Equal(t, strconv.FormatInt(l.width, 10), p.str(`document.documentElement.scrollWidth`), "%s %s %s is wider than the window", lang, view, name)
			}
			p.look(desktop)
			assert.NotRegexp(t, `\b(page|welcome|part|facts|map|look|regions|similar|limits|list|help|export|judge|history|teach|models)(\.[a-z]+)+\b|\{[a-z]+\}`,
				p.str(`document.body.innerText`), "%s %s", lang, view)
		}
	}
	p.show("history")
	assert.Regexp(t, `\d{1,2} \p{L}{3,4} \d{4}`, p.str(`document.querySelector(".entries time, .entries .t").textContent`), "a date in the Spanish form")
	p.requireClean()
}

// TestPrint prints Inspect and a view from a dark page: the paper is light, and has what matters and nothing to click.
func TestPrint(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), look{width: 1280, height: 800, dark: true})
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	p.press("1")
	p.waitFor(`document.querySelector(".facts .verdict.ng")`)
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	visible := func(css string) string {
		return p.str(`[...document.querySelectorAll("` + css + `")].some((e) => e.checkVisibility())`)
	}
	for _, css := range []string{".verdict", ".picture", ".heat", ".rows", ".filter", ".partname"} {
		assert.Equal(t, "true", visible(css), css)
	}
	for _, css := range []string{".button", "select", "input", ".views", ".items", ".tour"} {
		assert.Equal(t, "false", visible(css), css)
	}
	assert.Equal(t, "rgb(23, 27, 34)", p.str(`getComputedStyle(document.body).color`), "ink on paper")
	if dir := os.Getenv("SHOTS"); dir != "" {
		res, err := chromedp.Call(p.ctx, page.PrintToPDF, page.PrintToPDFParams{})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "inspect.pdf"), res.Data, 0o644))
	}
}

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const axeVersion = "4.14.1"

// axeSource is axe-core, installed below .build with npm where it is missing.
func axeSource(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../.build/axe-" + axeVersion)
	require.NoError(t, err)
	file := filepath.Join(dir, "node_modules/axe-core/axe.min.js")
	if _, err := os.Stat(file); err != nil {
		cmd := exec.CommandContext(t.Context(), "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir, "axe-core@"+axeVersion)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("SKIPPED, NOT TESTED: accessibility needs axe-core from npm: %v\n%s", err, out)
		}
	}
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(src)
}

// audit fails on every serious or critical finding of axe-core in what is shown, at every size, light and dark.
func (p *tab) audit(where string) {
	p.t.Helper()
	for name, l := range looks() {
		p.look(l)
		p.waitFor(`document.getAnimations().every((a) => a.playState !== "running" || a.effect.getComputedTiming().iterations === Infinity)`)
		p.shot("axe-" + where + "-" + name)
		found := p.async(`(async () => {
			const r = await axe.run(document, {resultTypes: ["violations"]});
			return r.violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => v.id + " (" + v.impact + "): " + v.help +
				v.nodes.map((n) => "\n    " + n.target.join(" ") + ": " + [...n.any, ...n.all, ...n.none].map((c) => c.message).join("; ")).join("")).join("\n  ");
		})()`)
		assert.Empty(p.t, found, "%s %s", where, name)
		assert.Equal(p.t, strconv.FormatInt(l.width, 10), p.str(`document.documentElement.scrollWidth`), "%s %s is wider than the window", where, name)
	}
	p.look(desktop)
}

// TestAccessibility runs axe-core over every view and dialog. It puts axe into the page through the debugger, which the page's security
// policy does not concern.
func TestAccessibility(t *testing.T) {
	t.Parallel()
	axe := axeSource(t)
	p := open(t, serve(t, siteDir(t)), desktop)
	inject := func() { p.str(`(() => { ` + axe + `; return 1; })()`) }
	inject()
	p.waitFor(`document.querySelector("#samples")`)
	p.audit("empty")
	p.click("#samples")
	p.results(8)
	p.audit("results")
	p.press("1")
	p.waitFor(`document.querySelector(".facts .verdict.ng")`)
	p.str(`document.querySelectorAll("details").forEach((e) => e.open = true)`)
	p.audit("ng-open")
	p.press("s")
	p.waitFor(`document.querySelectorAll(".pane").length === 2`)
	p.audit("beside")
	p.press("s")
	p.click("#rows")
	p.audit("rows")
	p.click("#rows")
	p.str(`document.activeElement.blur()`)
	p.press("?")
	p.waitFor(`document.querySelector("#help").open`)
	p.audit("help")
	p.press(kb.Escape)
	p.waitFor(`!document.querySelector("#help").open`)
	p.click("#export-open")
	p.waitFor(`document.querySelector("#export").open`)
	p.audit("export")
	p.click("#export-close")
	p.fill("#judge-reason", "a shadow, no dent")
	p.click("#judge-ok")
	p.waitFor(`document.querySelector("#judge-save").ariaDisabled === "false"`)
	p.click("#judge-save")
	p.waitFor(`document.querySelector("#withdraw")`)
	p.audit("judged")
	write := writer(t)
	p.choose(write("empty.png", nil))
	p.results(9)
	p.press("1")
	p.click(`#items [data-name="empty.png"]`)
	p.waitFor(`document.querySelector(".viewer .failure")`)
	p.audit("broken-file")

	p.show("history")
	p.recorded(9)
	p.str(`document.querySelectorAll("details").forEach((e) => e.open = true)`)
	p.audit("history")

	good, bad := brackets(t, 8, 2)
	p.show("teach")
	p.audit("teach-empty")
	p.choose(good...)
	p.waitFor(`document.querySelector("#teach-start") && !document.querySelector("#teach-start").disabled`)
	p.waitFor(`document.querySelector("#roi") && !document.querySelector(".shot.waiting")`)
	p.str(`document.querySelectorAll("details").forEach((e) => e.open = true)`)
	p.waitFor(`document.querySelector("#roi-pad canvas")?.dataset.drawn`)
	p.click("#roi-brush") // which has a size, too
	p.audit("teach-images")
	p.teachPart("Bracket", nil)
	p.upload("#teach-bad", bad...)
	p.waitFor(`document.querySelector("#teach-stale")`)
	p.audit("teach-result")
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	p.audit("teach-saved")

	p.show("models")
	p.waitFor(`document.querySelector(".models article[data-part=Bracket]")`)
	p.str(`document.querySelectorAll("details").forEach((e) => e.open = true)`)
	p.audit("models")
	p.click(".models .delete")
	p.waitFor(`document.querySelector(".ask")`)
	p.audit("models-delete")
	p.click(".requests a.term")
	p.waitFor(`document.querySelector(".privacy [data-count=own]")`)
	p.audit("privacy")
}

// TestAccessibilityOfTrouble is TestAccessibility for a refused part and a refused camera.
func TestAccessibilityOfTrouble(t *testing.T) {
	axe := axeSource(t)
	p := open(t, serve(t, siteDir(t)), desktop, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("deny-permission-prompts", true))
	p.str(`(() => { ` + axe + `; return 1; })()`)
	p.choose(writer(t)("bad.anomnet", []byte("no model")))
	p.waitFor(`document.querySelector(".notice.refused")`)
	p.audit("refused-part")
	p.click("#camera-open")
	p.waitFor(`document.querySelector("#camera .failure")`)
	p.audit("refused-camera")
}

// tabTo presses Tab until the focus is on an element, and fails when it never comes there.
func (p *tab) tabTo(css string) {
	p.t.Helper()
	for range 60 {
		if p.str(`Boolean(document.activeElement?.matches(`+fmt.Sprintf("%q", css)+`))`) == "true" {
			assert.Equal(p.t, "true", p.str(`(() => { const r = (document.activeElement.closest("label.button") ?? document.activeElement).getBoundingClientRect();
				return r.width > 4 && r.top >= 0 && r.bottom <= innerHeight + 1; })()`), "%s has the focus and can be seen", css)
			return
		}
		p.press(kb.Tab)
	}
	require.Fail(p.t, "Tab does not lead to "+css, "the focus is on %s", p.str(`document.activeElement.outerHTML.slice(0, 200)`))
}

// TestMainJobByKeyboard does the main job with keys only: open, inspect the samples, go to the next NG, give a verdict of one's own, export the table.
func TestMainJobByKeyboard(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	dir := p.downloads()
	p.waitFor(`document.querySelector("#samples")`)
	p.press(kb.Tab)
	assert.Equal(t, "true", p.str(`document.activeElement.matches(".skip")`), "the first Tab offers to skip the header")
	p.press(kb.Enter)
	p.waitFor(`document.activeElement.id === "view-title"`)
	p.tabTo("#samples")
	p.press(kb.Enter)
	p.results(8)

	p.press("1") // only NG
	p.waitFor(`document.querySelector(".filter.ng")?.ariaPressed === "true" && document.querySelector(".facts .verdict.ng")`)
	p.toFirst(8)
	first := p.str(`document.querySelector("#items [aria-selected=true]").dataset.name`)
	p.press("j") // the next NG
	p.waitFor(`document.querySelector("#items [aria-selected=true]").dataset.name !== ` + fmt.Sprintf("%q", first))
	name := p.str(`document.querySelector("#items [aria-selected=true]").dataset.name`)
	p.waitFor(`document.querySelector("#items [aria-selected=true]").dataset.verdict === "NG"`)

	p.tabTo("#judge-open")
	p.press(kb.Enter)
	p.waitFor(`document.querySelector("#judge-ok").checkVisibility()`)
	p.press(kb.Tab)
	p.waitFor(`document.activeElement.name === "judge"`)
	p.press(" ")
	p.waitFor(`document.querySelector("#judge-ok").checked`)
	p.press(kb.ArrowRight) // the arrows are those of the choice, not of the list
	p.waitFor(`document.querySelector("#judge-ng").checked`)
	p.press(kb.ArrowLeft)
	p.waitFor(`document.querySelector("#judge-ok").checked`)
	p.tabTo("#judge-reason")
	p.press("dust")
	p.press(kb.Enter)
	p.waitFor(`document.querySelector("#withdraw")`)

	p.str(`document.activeElement.blur()`)
	p.press("e")
	p.waitFor(`document.querySelector("#export").open && document.querySelector("#export-csv")`)
	p.tabTo("#export-csv")
	p.press(kb.Enter)
	_, data := p.downloaded(dir, "results.csv")
	require.Contains(t, string(data), name)
	for line := range strings.SplitSeq(string(data), "\n") {
		if strings.Contains(line, name) {
			assert.Contains(t, line, "dust", "the own verdict is in the table")
		}
	}
	p.waitFor(`!document.querySelector("#export").open`)
	p.requireClean()
}

//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// queue gives n copies of a sample under names of their own and returns when at least one is finished.
func (p *tab) queue(n int) {
	p.t.Helper()
	p.dropMany()
	p.str(fmt.Sprintf(`(prepare(%d), drop())`, n))
	p.waitFor(finished + ` >= 1`)
}

// inHistory waits for n images in the history and checks that each is there once, in an unbroken chain. It returns their times.
func (p *tab) inHistory(n int) (times []string, back int64) {
	p.t.Helper()
	p.waitForAsync(fmt.Sprintf(`anomnet.history.last().then((e) => e.seq >= %d)`, n+2)) // session and part are the first
	sum, list := verdicts(p.t, p.history())
	seen := map[string]bool{}
	for _, v := range list {
		assert.Empty(p.t, v.Error, v.Path)
		seen[v.Path] = true
		times = append(times, v.Time)
	}
	assert.Len(p.t, list, n)
	assert.Len(p.t, seen, n)
	return times, sum.ClockBack
}

// TestHistorySurvivesAWorker ends the worker that is about to chain the last entries: another one does it, and nobody has to press anything.
func TestHistorySurvivesAWorker(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.str(`(() => { globalThis.ended = 0; for (const w of workers) {
		const post = w.postMessage;
		w.postMessage = function (m, ...rest) {
			if (m.op !== "append" || ended++ > 0) return post.call(this, m, ...rest);
			setTimeout(() => this.dispatchEvent(new ErrorEvent("error", {message: "out of memory", cancelable: true})));
		};
	} })()`)
	p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
	p.results(1)
	p.waitFor(`ended >= 1`)
	p.inHistory(1)
	assert.Equal(t, "null", p.str(`document.querySelector(".notice.refused")`))
	assert.Empty(t, p.problemList())
}

// TestFrozenTab freezes the page in the middle of a queue, as browsers do with tabs that nobody looks at, and hides it: it goes on and loses nothing.
func TestFrozenTab(t *testing.T) {
	const n = 40
	p := open(t, serve(t, siteDir(t)), desktop)
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: false})
	p.queue(n)
	state := func(s page.SetWebLifecycleStateState) {
		call(p, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: s})
	}
	state(page.SetWebLifecycleStateStateFrozen)
	p.waitFor(`document.visibilityState === "hidden"`)
	time.Sleep(time.Second) // nothing can be waited for
	state(page.SetWebLifecycleStateStateActive)
	p.inHistory(n) // still hidden: no frame is drawn
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	p.waitFor(`document.visibilityState === "visible"`)
	p.results(n)
	p.requireClean()
}

// TestClockJumps sets the clock of the machine a day forth and two back in the middle of queues: the history stays in order and says so, and nothing that is
// shown is negative.
func TestClockJumps(t *testing.T) {
	const n, day = 12, 24 * time.Hour
	p := blank(t, serve(t, siteDir(t)), desktop)
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `globalThis.skew = 0; const Real = Date;
		globalThis.Date = class extends Real { constructor(...args) { super(...args.length ? args : [Real.now() + skew]); } static now() { return Real.now() + skew; } };`})
	p.navigate()
	p.waitFor(`document.documentElement.dataset.state === "ready"`)
	skews := []time.Duration{0, day, -day, 0}
	for i, skew := range skews {
		p.queue(n)
		p.str(fmt.Sprintf(`(() => { skew = %d; })()`, skew.Milliseconds()))
		p.results((i + 1) * n)
	}
	all := len(skews) * n
	p.waitForAsync(fmt.Sprintf(`anomnet.history.last().then((e) => e.seq >= %d)`, all+2))
	sum, list := verdicts(t, p.history())
	require.Len(t, list, all)
	assert.EqualValues(t, 1, sum.ClockBack)
	days := map[string]bool{}
	for _, v := range list {
		days[v.Time[:len("2006-01-02")]] = true
	}
	assert.Len(t, days, 3)
	p.show("history")
	p.waitFor(`document.querySelectorAll(".entries tbody tr").length === ` + fmt.Sprint(all+2))
	p.click("#verify")
	p.waitFor(`document.querySelector("#finding.ok")`)
	says := p.str(`document.querySelector("#finding").textContent`)
	assert.Contains(t, says, fmt.Sprintf("%d entries, all in order", all+2))
	assert.Contains(t, says, "clock")
	assert.Empty(t, p.problemList())
}

// quota sets how many bytes this origin may keep; 0 gives the browser's own limit back.
func (p *tab) quota(bytes float64) {
	p.t.Helper()
	params := storage.OverrideQuotaForOriginParams{Origin: p.srv.URL}
	if bytes > 0 {
		params.QuotaSize = &bytes
	}
	call(p, storage.OverrideQuotaForOrigin, params)
}

// TestQuota leaves no room by the browser's own quota while a queue is inspected, its history written and a part saved: the page inspects on, says so, keeps
// nothing half, and goes on when there is room. Chromium looks at the quota before the first write of a database and then for 30 s no more, so it is taken away
// before.
func TestQuota(t *testing.T) {
	const n = 30
	p := open(t, serve(t, siteDir(t)), desktop)
	p.quota(1)
	p.queue(n)
	p.waitFor(`document.querySelector(".notice.refused")?.textContent.includes("There is no room on this device")`)
	p.results(n)
	p.shot("quota-history-1280-light")
	assert.Empty(t, p.history(), "all or nothing")

	good, _ := brackets(t, 5, 0)
	p.show("teach")
	p.teachPart("Bracket", good)
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-full")`)
	p.shot("quota-part-1280-light")
	assert.Equal(t, "0", p.async(`(async () => { let n = 0; const root = await navigator.storage.getDirectory();
		const walk = async (d) => { for await (const h of d.values()) h.kind === "file" ? n++ : await walk(h); };
		await walk(await root.getDirectoryHandle("models").catch(() => root)); return String(n); })()`))

	p.quota(0)
	p.show("history")
	p.click("#retry")
	p.waitFor(`!document.querySelector("#unstored")`)
	p.show("teach")
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	_, list := verdicts(t, p.history())
	assert.Len(t, list, n)
	assert.Empty(t, p.problemList())
}

// TestFullDevice loads the page without its server and without room for a byte more: all that it needs is here.
func TestFullDevice(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	p.quota(1)
	srv.Close()
	for range 2 {
		p.reload()
		p.choose(filepath.Join(siteDir(t), "samples", firstSample(t)))
		assert.NotEmpty(t, p.results(1)[0].Verdict)
	}
	assert.Equal(t, buildOf(t, siteDir(t)), p.swState("build"))
}

// TestPlainHTTP teaches a part on a page that is not secure, as of another machine without TLS, where browsers leave out half of what they have.
func TestPlainHTTP(t *testing.T) {
	srv := serve(t, siteDir(t))
	srv.URL = strings.Replace(srv.URL, "127.0.0.1", "anomnet.test", 1)
	p := open(t, srv, desktop, chromedp.Flag("host-resolver-rules", "MAP anomnet.test 127.0.0.1"))
	require.Equal(t, "false", p.str(`isSecureContext`))
	good, _ := brackets(t, 5, 0)
	p.show("teach")
	p.teachPart("Bracket", good)
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	p.reload()
	p.waitFor(`[...document.querySelectorAll(".parts option")].some((o) => o.textContent.includes("Bracket"))`)
}

// TestDeleteBesideADownload deletes a part while a chunk is being written, whose file no record can name.
func TestDeleteBesideADownload(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.importFiles(writer(t)("bracket.anomnet", taught(t)))
	p.waitFor(`document.querySelector('[data-part="Bracket"]')`)
	p.later(`await (async () => { const root = await navigator.storage.getDirectory(), dir = await root.getDirectoryHandle("chunks", { create: true });
		globalThis.out = await (await dir.getFileHandle("aa", { create: true })).createWritable(); await out.write("bytes"); })()`)
	p.click(`[data-part="Bracket"] .delete`)
	p.click(`[data-part="Bracket"] .delete-yes`)
	p.waitFor(`document.querySelector("#models-problem") || document.querySelector("#models-said")?.textContent.includes("deleted")`)
	assert.Equal(t, "undefined", p.str(problem))
	assert.Equal(t, "null", p.str(`document.querySelector('[data-part="Bracket"]')`))
}

// TestWrongTypes: a host that sends modules as plain bytes runs none of the page's code, and the page says so by itself.
func TestWrongTypes(t *testing.T) {
	srv := serve(t, siteDir(t))
	site := srv.Config.Handler
	srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Ext(r.URL.Path) != ".mjs" {
			site.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeFile(w, r, filepath.Join(siteDir(t), filepath.FromSlash(path.Clean(r.URL.Path))))
	})
	p := load(t, srv, look{width: 390, height: 844, mobile: true})
	const shown = `getComputedStyle(document.querySelector(".shell-late")).visibility`
	for _, motion := range []string{"no-preference", "reduce"} {
		call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: motion}}})
		p.navigate()
		p.waitFor(shown + ` === "hidden"`)
		p.str(`document.getAnimations().find((a) => a.animationName === "shell-late").finish()`) // after 20 s
		p.waitFor(shown + ` === "visible"`)
	}
	p.shot("wrong-types-390")
}

//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/audit"
	"anomnet/core/audit/payload"
)

var sizes = map[string]look{
	"1280-light": desktop, "1280-dark": {width: 1280, height: 800, dark: true},
	"390-light": {width: 390, height: 844, mobile: true}, "390-dark": {width: 390, height: 844, dark: true, mobile: true},
}

// recorded waits until n entries are stored; it reads the store itself, not the view.
func (p *tab) recorded(n int) {
	p.t.Helper()
	p.str(`(() => { globalThis.lastEntry = async () => { globalThis.entries = (await anomnet.history.last()).seq; }; })()`)
	p.waitFor(fmt.Sprintf(`lastEntry() && globalThis.entries >= %d`, n))
}

// countVerdicts counts results by verdict.
func countVerdicts(results []result) map[string]int {
	n := map[string]int{}
	for _, r := range results {
		n[r.Verdict]++
	}
	return n
}

// TestHistory inspects, overrides, exports; the history lasts over a reload and is what anomnet audit verify expects.
func TestHistory(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	dir := p.downloads()
	p.click(`a[href="#/history"]`)
	p.waitFor(`document.querySelector(".history .blank")`)
	p.shot("history-empty-1280-light")
	p.waitFor(`document.activeElement.id === "view-title"`) // a new view takes the focus
	for _, part := range []string{"E", "va ", "Müller\r"} { // renders between keys lose none
		require.NoError(t, chromedp.Do(p.ctx, chromedp.SendKeys(chromedp.CSS("#operator"), part)))
		p.str(`(async () => { dispatchEvent(new Event("hashchange")); for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame); })()`)
	}
	p.click(`a[href="#/inspect"]`)
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	ng := countVerdicts(p.results(8))["NG"]
	p.recorded(10) // session, part, eight images
	p.waitFor(`[...document.querySelectorAll(".facts .rows dt")].some((e) => e.textContent.includes("History entry") && e.nextElementSibling.textContent === "3")`)
	p.str(`document.querySelector(".judge details").open = true`)
	p.click("#judge-ng")
	require.NoError(t, chromedp.Do(p.ctx, chromedp.SendKeys(chromedp.CSS("#judge-reason"), "burr\r")))
	p.waitFor(`document.querySelector(".said")`)
	p.recorded(11)
	p.click("#export-open")
	p.waitFor(`document.querySelector("#export-csv")`)
	p.click("#export-csv")
	p.downloaded(dir, "results.csv")
	p.recorded(12)
	p.requireClean()

	p.mu.Lock()
	p.ready = false
	p.mu.Unlock()
	require.NoError(t, chromedp.Do(p.ctx, chromedp.Navigate(srv.URL+"/?again#/history")))
	p.waitFor(`document.documentElement.dataset.state === "ready" && document.querySelectorAll(".entries tbody tr").length === 12`)
	p.mu.Lock()
	p.ready, p.requests = true, nil
	p.mu.Unlock()
	p.hits = srv.hits.Load()
	text := p.str(`document.querySelector(".history").innerText`)
	for _, s := range []string{"Eva Müller", "burr", "Exported", "Table (CSV), 8 records", "yield 37.5 %", "Washer (demo)"} {
		assert.Contains(t, text, s)
	}
	p.str(`(() => { const s = document.querySelector("#history-filter"); s.value = "NG"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	p.waitFor(fmt.Sprintf(`document.querySelectorAll(".entries tbody tr").length === %d`, ng))
	p.str(`(() => { const s = document.querySelector("#history-filter"); s.value = ""; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)
	p.click("#verify")
	p.waitFor(`document.querySelector("#finding.ok")?.textContent.includes("12 entries, all in order")`)
	hash := p.str(`document.querySelector("#last-hash").textContent`)
	for name, l := range sizes {
		p.look(l)
		p.str(`scrollTo(0, 0)`)
		p.shot("history-" + name)
		p.str(`document.querySelector("#verify-title").scrollIntoView()`)
		p.shot("history-verify-" + name)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), name)
	}
	p.look(desktop)

	p.click("#history-save")
	_, file := p.downloaded(dir, "history.jsonl")
	sum, err := audit.Verify(bytes.NewReader(file), &audit.Options{Head: hash})
	require.NoError(t, err)
	assert.EqualValues(t, 12, sum.Entries)
	assert.Equal(t, map[string]int64{payload.Opened: 1, payload.Model: 1, payload.Inspected: 8, payload.Override: 1, payload.Exported: 1}, sum.Kinds)
	saved := writer(t)("history.jsonl", file)
	out, err := exec.Command("go", "run", "../anomnet", "audit", "verify", "--head", hash, saved).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "ok, 12 entries")

	// A change in the store is found, in the page too.
	p.str(`(() => { const r = indexedDB.open("anomnet-history"); r.onsuccess = () => { const s = r.result.transaction("lines", "readwrite").objectStore("lines");
		s.get(5).onsuccess = (e) => { s.put(e.target.result.replace('"verdict":"', '"verdict":"X'), 5).onsuccess = () => { globalThis.tampered = true; }; }; }; })()`)
	p.waitFor(`globalThis.tampered`)
	p.click("#verify")
	p.waitFor(`document.querySelector("#finding.ng")?.textContent.includes("Entry 5: it was changed.")`)
	p.shot("history-broken-1280-light")
	p.requireClean()
}

// second opens another tab of the same browser on the page.
func (p *tab) second() *tab {
	p.t.Helper()
	ctx, end := chromedp.NewContext(p.ctx)
	p.t.Cleanup(end)
	require.NoError(p.t, chromedp.Do(ctx))
	q := &tab{t: p.t, ctx: ctx, srv: p.srv}
	q.leaveServiceWorkers()
	q.navigate()
	q.waitFor(`document.documentElement.dataset.state === "ready"`)
	return q
}

// TestTwoTabs lets two tabs inspect at the same time: one unbroken chain.
func TestTwoTabs(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	q := p.second()
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	files := make([]string, 12)
	for i := range files {
		files[i] = sample
	}
	for range 2 {
		p.choose(files...)
		q.choose(files...)
	}
	p.recorded(52) // twice session and part, 48 images
	q.click(`a[href="#/history"]`)
	q.waitFor(`document.querySelector("#verify")`)
	q.click("#verify")
	q.waitFor(`document.querySelector("#finding.ok")?.textContent.includes("52 entries, all in order")`)
	q.waitFor(`document.querySelectorAll(".entries tbody tr").length === 52`)
	p.choose(sample) // the other tab is told
	q.waitFor(`document.querySelectorAll(".entries tbody tr").length === 53`)
}

// TestFullStorage lets the browser refuse to store: inspection goes on, and what waits is stored later.
func TestFullStorage(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	p.str(`(() => { globalThis.full = IDBObjectStore.prototype.add;
		IDBObjectStore.prototype.add = function () { this.transaction.abort(); throw new DOMException("no room", "QuotaExceededError"); }; })()`)
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	p.results(8)
	p.waitFor(`document.querySelector(".notice.refused")?.textContent.includes("There is no room on this device")`)
	p.shot("history-full-1280-light")
	p.click(`a[href="#/history"]`)
	p.waitFor(`document.querySelector("#unstored")?.textContent.includes("10 entries are not stored")`)
	p.str(`(() => { IDBObjectStore.prototype.add = globalThis.full; })()`)
	p.click("#retry")
	p.recorded(10)
	p.waitFor(`!document.querySelector("#unstored")`)
	p.requireClean()
}

// y4m is a film of a grey picture with a dark square, of which a browser plays the frames again and again.
func y4m(w, h int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n", w, h)
	for range 2 {
		b.WriteString("FRAME\n")
		for y := range h {
			for x := range w {
				v := byte(160)
				if x > w/4 && x < w/2 && y > h/4 && y < h/2 {
					v = 40
				}
				b.WriteByte(v)
			}
		}
		b.Write(bytes.Repeat([]byte{128}, w*h/2))
	}
	return b.Bytes()
}

func TestCamera(t *testing.T) {
	film := writer(t)("film.y4m", y4m(320, 240))
	p := open(t, serve(t, siteDir(t)), desktop, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", film))
	p.waitFor(`document.querySelector("#camera-open")`)
	p.click("#camera-open")
	p.waitFor(`document.querySelector("#shutter")`)
	p.click("#shutter")
	p.results(1)
	p.holdSpace()
	res := p.results(2)
	for _, r := range res {
		assert.NotEmpty(t, r.Verdict, r.Error)
		assert.True(t, strings.HasPrefix(r.Name, "camera-") && strings.HasSuffix(r.Name, ".png"), r.Name)
	}
	p.waitFor(`document.querySelector(".taken").textContent.includes("2 pictures taken")`)
	assert.Contains(t, p.str(`document.querySelector("#camera").textContent`), "320 × 240")
	assert.Contains(t, p.str(`document.querySelector("#camera").textContent`), "what the browser delivers")
	for name, l := range sizes {
		p.look(l)
		p.shot("camera-" + name)
	}
	p.look(desktop)
	p.str(`document.querySelector("#finder").srcObject.getVideoTracks()[0].dispatchEvent(new Event("ended"))`)
	p.waitFor(`document.querySelector("#camera .failure")?.textContent.includes("The camera has stopped")`)
	p.shot("camera-unplugged-1280-light")
	p.click("#camera-again")
	p.waitFor(`document.querySelector("#shutter")`)
	p.str(`(() => { globalThis.track = document.querySelector("#finder").srcObject.getVideoTracks()[0]; })()`)
	p.click("#camera-close")
	p.waitFor(`!document.querySelector("#camera").open && globalThis.track.readyState === "ended"`)
	p.results(2)
	p.requireClean()
}

// holdSpace is a finger that stays on the key.
func (p *tab) holdSpace() {
	p.t.Helper()
	for i := range 10 {
		again := i > 0
		call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: " ", Code: "Space", Text: " ", WindowsVirtualKeyCode: 32, AutoRepeat: &again})
	}
	call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: " ", Code: "Space", WindowsVirtualKeyCode: 32})
}

// TestCameraByKeyboard: Space takes a picture at once, one however long it is held, and on another button it presses that.
func TestCameraByKeyboard(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true))
	p.str(`document.querySelector("#camera-open").focus()`)
	p.press(" ")
	p.waitFor(`document.activeElement.id === "shutter"`)
	p.holdSpace()
	p.results(1)
	p.str(`document.activeElement.blur()`)
	p.holdSpace()
	p.results(2)
	assert.Contains(t, p.str(`document.querySelector(".taken").textContent`), "2 pictures taken")
	p.str(`document.querySelector("#camera-close").focus()`)
	p.press(" ")
	p.waitFor(`!document.querySelector("#camera").open`)
	assert.Len(t, p.results(2), 2)
	p.requireClean()
}

// TestTeachByCamera opens the camera in Teach and takes a series: the pictures are good images of the part, and none is inspected.
func TestTeachByCamera(t *testing.T) {
	t.Parallel()
	film := writer(t)("film.y4m", y4m(320, 240))
	p := open(t, serve(t, siteDir(t)), desktop, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", film))
	p.show("teach")
	p.click(".teach #camera-open")
	p.waitFor(`document.querySelector("#series")`)
	p.click("#series")
	p.waitFor(`document.querySelector(".taken").textContent.includes("10 pictures taken") && document.querySelector("#series").textContent.includes("10")`)
	p.click("#camera-close")
	p.waitFor(`!document.querySelector(".shot.waiting") && document.querySelector("#teach-count").textContent`)
	assert.Equal(t, "0", p.str(`document.querySelectorAll("#items li").length`))
	p.shot("teach-camera-1280-light")
	p.requireClean()
}

func TestCameraRefused(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("deny-permission-prompts", true))
	p.waitFor(`document.querySelector("#camera-open")`)
	p.click("#camera-open")
	p.waitFor(`document.querySelector("#camera .failure")?.textContent.includes("The camera was refused")`)
	p.shot("camera-refused-1280-light")
	p.str(`(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("none", "NotFoundError")); })()`)
	p.click("#camera-again")
	p.waitFor(`document.querySelector("#camera .failure")?.textContent.includes("No camera was found")`)
	p.requireClean()
}

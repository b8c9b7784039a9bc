//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/trainer/synth"
)

// hold makes a save stop for good, in the middle of a file or before its record, and says so in globalThis.held.
var hold = map[string]string{
	"file": `FileSystemWritableFileStream.prototype.close = function () { globalThis.held = true; return new Promise(() => {}); }`,
	"record": `(() => { const put = IDBObjectStore.prototype.put; IDBObjectStore.prototype.put = function (v, k) {
		if (!String(k).startsWith("part")) return put.call(this, v, k);
		globalThis.held = true;
		(function on(store) { store.get("").onsuccess = () => on(store); })(this); // a transaction that does not end
	}; })()`,
}

// TestTabKilledWhileSaving closes the tab, or crashes its renderer, in the middle of a save: nothing is half kept, and another tab goes on with the teaching.
func TestTabKilledWhileSaving(t *testing.T) {
	t.Parallel()
	good, _ := brackets(t, 5, 0)
	for _, c := range []struct {
		hold string
		kill func(q *tab, cancel context.CancelFunc)
	}{
		{"file", func(_ *tab, cancel context.CancelFunc) { cancel() }},
		{"record", func(q *tab, _ context.CancelFunc) {
			go func() { _, _ = chromedp.Call(q.ctx, page.Crash, cdp.Empty{}) }()
		}},
	} {
		t.Run(c.hold, func(t *testing.T) {
			p := open(t, serve(t, siteDir(t)), desktop)
			ctx, cancel := chromedp.NewContext(p.ctx)
			t.Cleanup(cancel)
			q := &tab{t: t, ctx: ctx, srv: p.srv}
			require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(p.srv.URL+"/#/teach")))
			q.waitFor(`document.documentElement.dataset.state === "ready"`)
			q.teachPart("Bracket", good)
			q.str(hold[c.hold])
			q.click("#teach-save")
			q.waitFor(`globalThis.held`)
			c.kill(q, cancel)

			p.waitForAsync(`navigator.locks.query().then((l) => l.held.length === 0 && l.pending.length === 0)`)
			p.reload()
			p.show("models")
			p.waitFor(`document.querySelector(".models")`)
			assert.Equal(t, "null", p.str(`document.querySelector(".models article[data-part]")`), "no part is half kept")
			p.waitForAsync(`(async () => { let n = 0; const root = await navigator.storage.getDirectory();
				try { for await (const _ of (await root.getDirectoryHandle("models")).keys()) n++; } catch {} return n === 0; })()`)
			p.show("teach")
			p.click(".resume-go")
			p.waitFor(`document.querySelector("#teach-name").value === "Bracket"`)
			assert.Equal(t, "5 good images.", p.str(`document.querySelector("#teach-count").textContent`))
			p.click("#teach-start")
			p.waitFor(`document.querySelector("#teach-result")`)
			p.click("#teach-save")
			p.waitFor(`document.querySelector("#teach-saved")`)
			assert.True(t, fmt.Sprintf("%x", nativeHead(t, "Bracket", good)) == p.storedHead(), "as if nothing had happened")
		})
	}
}

// waitForAsync waits until a promise gives true.
func (p *tab) waitForAsync(js string) {
	p.t.Helper()
	p.waitFor(`(globalThis.waited ??= 0, (` + js + `).then((ok) => { globalThis.waited = ok; }, () => {}), globalThis.waited === true && (globalThis.waited = undefined, true))`)
}

// TestWarningsAboutGoodImages gives two parts mixed, among them a picture twice and small ones, and then copies of one picture only.
func TestWarningsAboutGoodImages(t *testing.T) {
	t.Parallel()
	write := writer(t)
	files, _ := brackets(t, 8, 0)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	var same []string
	for i := range 5 { // other bytes, the same picture
		same = append(same, write(fmt.Sprintf("same-%d.jpg", i), append(data[:len(data):len(data)], byte(i))))
	}
	for i := range 4 {
		jpg, err := synth.EncodeJPEG(synth.Good(synth.Options{Kind: "washer", Size: 128}, i), 90)
		require.NoError(t, err)
		files = append(files, write(fmt.Sprintf("washer-%d.jpg", i), jpg))
	}
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("teach")
	p.teachPart("Bracket", append(files, same[0]))
	assert.Contains(t, p.str(`document.querySelector("#teach-groups").textContent`), "two different parts")
	assert.Contains(t, p.str(`document.querySelector("#teach-sizes").textContent`), "4 images have a very different size or shape, such as washer-0.jpg")
	assert.Contains(t, p.str(`document.querySelector("#teach-same").textContent`), "good-000.jpg and same-0.jpg")
	p.shot("teach-warnings-1280-light")
	p.look(look{width: 390, height: 844, dark: true, mobile: true})
	p.shot("teach-warnings-390-dark")
	p.look(desktop)

	p.reload()
	p.choose(same...)
	p.waitFor(`document.querySelector("#teach-start") && !document.querySelector("#teach-start").disabled`)
	p.click("#teach-start")
	p.waitFor(`document.querySelector("#teach-problem")`)
	assert.Contains(t, p.str(`document.querySelector("#teach-problem").textContent`), "The good images are all the same")
	assert.Empty(t, p.problemList())
}

// TestTaughtFurtherInVain: images that were given for a further version, which nobody wanted after all, leave nothing on the device.
func TestTaughtFurtherInVain(t *testing.T) {
	good, _ := brackets(t, 8, 0)
	p := open(t, serve(t, siteDir(t)), desktop)
	p.show("teach")
	p.teachPart("Bracket", good[:5])
	p.click("#teach-save")
	p.waitFor(`document.querySelector("#teach-saved")`)
	const stored = `(async () => {
		let n = 0, bytes = 0;
		const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("features");
		for await (const dir of root.values()) for await (const f of dir.values()) { n++; bytes += (await f.getFile()).size; }
		return n + " files, " + bytes + " bytes";
	})()`
	p.waitForAsync(stored + `.then((s) => s.startsWith("15 "))`) // features and two pictures of each
	before := p.later("await " + stored)
	p.show("models")
	p.click("[data-part=Bracket] .further")
	p.waitFor(`document.querySelectorAll(".shot").length === 5`)
	p.choose(good...)
	p.waitFor(`document.querySelectorAll(".shot").length === 8 && !document.querySelector(".shot.waiting, .view.teach .running")`)
	p.waitForAsync(stored + `.then((s) => s.startsWith("24 "))`)
	t.Logf("of 5 images %s, of 8 %s", before, p.later("await "+stored))
	p.click("#teach-clear")
	p.waitForAsync(stored + `.then((s) => s === ` + strconv.Quote(before) + `)`)
	assert.Empty(t, p.problemList())
}

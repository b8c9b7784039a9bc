//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/site"
	"anomnet/core/policy"
	"anomnet/core/policy/pin"
)

// picker puts folders of the origin's private file system into the place of those that a person would choose: headless Chromium has no dialog, and the
// handles are used through the same interface. A folder's permission can be taken away by globalThis.denied.
const picker = `globalThis.showDirectoryPicker = async ({ id }) => (await navigator.storage.getDirectory()).getDirectoryHandle(id, { create: true });
	globalThis.denied = false;
	FileSystemHandle.prototype.queryPermission = async () => denied ? "prompt" : "granted";
	FileSystemHandle.prototype.requestPermission = async () => { denied = false; return "granted"; };`

// station serves the site as anomnet kiosk does, with a policy or "null".
func station(t *testing.T, policyText string) *server {
	t.Helper()
	s, h := &server{}, site.Handler(os.DirFS(siteDir(t)))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.count(r)
		if r.URL.Path == "/policy.json" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, policyText)
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func encoded(t *testing.T, p *policy.Policy) string {
	t.Helper()
	text, err := p.Encode()
	require.NoError(t, err)
	return string(text)
}

// kiosk opens the page in the kiosk.
func kiosk(t *testing.T, srv *server, l look, flags ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	p := blank(t, srv, l, flags...)
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: picker})
	p.goTo("/?kiosk")
	return p
}

// goTo loads an address of the site and waits until the page is ready.
func (p *tab) goTo(path string) {
	p.t.Helper()
	p.mu.Lock()
	p.ready = false
	p.mu.Unlock()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.Navigate(p.srv.URL+path)))
	p.waitFor(`document.documentElement.dataset.state === "ready"`)
	p.mu.Lock()
	p.ready, p.requests = true, nil
	p.mu.Unlock()
	p.hits = p.srv.hits.Load()
}

// put writes the samples into the watched folder, under names that begin with prefix.
func (p *tab) put(prefix string, n int) {
	p.t.Helper()
	p.run(fmt.Sprintf(`const samples = await anomnet.samples, root = await navigator.storage.getDirectory(), dir = await root.getDirectoryHandle("anomnet-watch", { create: true });
		for (let i = 0; i < %d; i++) {
			const s = samples[i %% samples.length], out = await (await dir.getFileHandle(%q + String(i).padStart(4, "0") + "-" + s.name, { create: true })).createWritable();
			await out.write(s.blob);
			await out.close();
		}`, n, prefix))
}

// run runs statements and waits for their end.
func (p *tab) run(js string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](`(async () => {`+js+`; return null; })()`, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err, js)
}

// counted is how many images the kiosk has counted.
const counted = `["ok", "review", "ng", "failed"].reduce((n, k) => n + Number(document.querySelector("#count-" + k + " dd")?.textContent ?? 0), 0)`

// TestKiosk does a shift: a watched folder, an operator, the counters, the PIN, a reload, a permission that is lost.
func TestKiosk(t *testing.T) {
	hash, err := pin.New("4711", []byte("0123456789abcdef"), policy.MinRounds)
	require.NoError(t, err)
	pol := policy.Default()
	pol.Name, pol.Operator, pol.PIN = "Line 4", true, hash
	p := kiosk(t, station(t, encoded(t, pol)), desktop)
	p.waitFor(`document.querySelector("#kiosk")?.dataset.kind === "blocked"`)
	assert.Equal(t, "0", p.str(`document.querySelectorAll("header").length`))
	p.shot("kiosk-operator-1280-light")
	p.click("#kiosk-operator")
	p.waitFor(`document.querySelector("#kiosk-name").open`)
	require.NoError(t, chromedp.Do(p.ctx, chromedp.SendKeys(chromedp.CSS("#kiosk-operator-name"), "Eva Müller\r")))
	p.waitFor(`document.querySelector("#kiosk").dataset.kind === "idle"`)
	p.shot("kiosk-idle-1280-light")

	p.str(`location.hash = "#/history"`) // no way round the PIN
	p.waitFor(`location.hash === "#/kiosk" && document.querySelector("#kiosk")`)
	p.unlock("4712")
	p.waitFor(`document.querySelector("#kiosk-pin-says").textContent.includes("wrong")`)
	p.shot("kiosk-pin-1280-light")
	axe := axeSource(t)
	p.str(`(() => { ` + axe + `; return 1; })()`)
	p.audit("kiosk-pin")
	p.str(`document.querySelector("#kiosk-lock").close()`)
	p.waitFor(`!document.querySelector("#kiosk-pin")`) // the page knows it
	p.unlock("4711")
	p.waitFor(`document.querySelector("#kiosk-settings").open`)
	p.audit("kiosk-menu")
	p.click("#kiosk-folder")
	p.waitFor(`document.querySelector("#kiosk-watching")`)
	p.put("a", 8)
	p.waitFor(counted + ` === 8`)
	p.click("#kiosk-close")
	p.waitFor(`!document.querySelector("#kiosk-settings").open`)
	p.requireClean()
	p.audit("kiosk-verdict")
	for name, l := range map[string]look{"1280-light": desktop, "1280-dark": {width: 1280, height: 800, dark: true}, "1920-light": {width: 1920, height: 1080},
		"1920-dark": {width: 1920, height: 1080, dark: true}, "390-light": {width: 390, height: 844, mobile: true}, "390-dark": {width: 390, height: 844, mobile: true, dark: true}} {
		p.look(l)
		p.shot("kiosk-verdict-" + name)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), name)
	}
	p.look(desktop)
	assert.Equal(t, "true", p.str(`parseFloat(getComputedStyle(document.querySelector("#kiosk-word")).fontSize) >= 0.12 * Math.min(innerWidth, innerHeight)`))

	p.goTo("/") // with no ?kiosk: it was left in the kiosk
	p.waitFor(`document.querySelector("#kiosk-watching") && ` + counted + ` === 8`)
	assert.Equal(t, "8", p.str(`document.querySelectorAll(".kiosk-strip li").length`))
	p.put("b", 4)
	p.waitFor(counted + ` === 12`)
	p.str(`denied = true`)
	p.waitFor(`document.querySelector("#trouble-folder")`)
	p.shot("kiosk-denied-1280-light")
	p.put("c", 3)
	p.click("#trouble-folder button")
	p.waitFor(`!document.querySelector("#trouble-folder") && ` + counted + ` === 15`)
	p.requireClean()
}

// unlock asks for the menu and gives a PIN.
func (p *tab) unlock(pin string) {
	p.t.Helper()
	p.click("#kiosk-menu")
	p.waitFor(`document.querySelector("#kiosk-lock").open && document.querySelector("#kiosk-pin")`)
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.SendKeys(chromedp.CSS("#kiosk-pin"), pin+"\r")))
}

// TestKioskExport lets the policy write results into a folder, and sees that the screen stays on and tones are played.
func TestKioskExport(t *testing.T) {
	pol := policy.Default()
	pol.Sound = true
	pol.Export = &policy.Export{CSV: true, JSON: true, Pictures: true, Images: 4}
	p := blank(t, station(t, encoded(t, pol)), desktop)
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: picker + `
		globalThis.awake = 0; globalThis.notes = 0;
		WakeLock.prototype.request = async () => { awake++; return { release: async () => { awake--; } }; };
		const create = AudioContext.prototype.createOscillator; AudioContext.prototype.createOscillator = function () { notes++; return create.call(this); };`})
	p.goTo("/?kiosk")
	p.waitFor(`document.querySelector("#trouble-export") && awake > 0`)
	p.click("#trouble-export button")
	p.waitFor(`!document.querySelector("#trouble-export")`)
	p.click("#kiosk-full")
	p.waitFor(`document.fullscreenElement && document.querySelector("#kiosk-full").textContent === "End full screen"`)
	p.click("#kiosk-full")
	p.waitFor(`!document.fullscreenElement`)

	// By keyboard: into the menu, to the folder, and out again.
	p.str(`document.querySelector("#view-title").focus()`)
	p.tabTo("#kiosk-menu")
	p.press("\r")
	p.waitFor(`document.querySelector("#kiosk-settings").open`)
	p.tabTo("#kiosk-folder")
	p.press("\r")
	p.waitFor(`document.querySelector("#kiosk-watching")`)
	p.put("a", 8)
	p.waitFor(counted + ` === 8`)
	p.tabTo("#kiosk-close")
	p.press("\r")
	p.waitFor(`!document.querySelector("#kiosk-settings").open && document.activeElement.id === "view-title"`)

	const outlet = `(globalThis.files ??= {}, navigator.storage.getDirectory().then((r) => r.getDirectoryHandle("anomnet-export")).then(async (d) => {
		for await (const [name, h] of d.entries()) { const f = await h.getFile(); files[name] = f.size && (/png$/.test(name) ? "png" : await f.text()); } }).catch(() => {}), Object.entries(files))`
	p.waitFor(outlet + `.filter(([n, v]) => v === "png").length === 8`)
	p.waitFor(`(` + outlet + `, Object.entries(files).filter(([n]) => /json$/.test(n)).reduce((n, [, v]) => n + (v ? JSON.parse(v).records.length : 0), 0) >= 4)`)
	p.waitFor(`(` + outlet + `, Object.keys(files).some((n) => /^Washer--demo_.*_results_0000.*csv$/.test(n)))`)
	p.waitFor(`notes >= 8`)
	require.Empty(t, p.problemList()) // the full screen lets Chromium ask for the icon again, so requests are TestKiosk's business

	p.tabTo("#kiosk-menu")
	p.press("\r")
	p.waitFor(`document.querySelector("#kiosk-leave")`)
	p.click("#kiosk-leave")
	p.waitFor(`document.querySelector("header.top") && location.hash !== "#/kiosk" && awake === 0`)
	p.goTo("/")
	p.waitFor(`document.querySelector("header.top") && !document.querySelector("#kiosk")`)
}

// TestKioskOffline takes the server away: the station comes up again with its policy, and goes on.
func TestKioskOffline(t *testing.T) {
	pol := policy.Default()
	pol.Name = "Line 4"
	srv := station(t, encoded(t, pol))
	p := kiosk(t, srv, desktop)
	p.click("#kiosk-menu")
	p.waitFor(`document.querySelector("#kiosk-folder")`)
	p.click("#kiosk-folder")
	p.waitFor(`document.querySelector("#kiosk-watching")`)
	srv.Close()
	p.goTo("/?kiosk")
	p.waitFor(`document.querySelector("#kiosk-watching")`)
	p.put("a", 2)
	p.waitFor(counted + ` === 2`)
	p.click("#kiosk-menu")
	p.waitFor(`document.querySelector("#kiosk-policy-name")?.textContent === "Line 4"`)
}

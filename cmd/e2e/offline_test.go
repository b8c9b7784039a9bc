//go:build e2e

package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/site"
)

// swState is what the service worker says of itself.
func (p *tab) swState(field string) string {
	p.t.Helper()
	return p.later(`(await anomnet.offline.status())?.` + field)
}

// later evaluates an expression that waits, to a string.
func (p *tab) later(js string) string {
	p.t.Helper()
	return p.async(`(async () => String(` + js + `))()`)
}

// arrives waits for a condition of a page that may load again meanwhile.
func (p *tab) arrives(js string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		yes, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](`Boolean(`+js+`)`))
		return err == nil && yes
	}, 90*time.Second, 50*time.Millisecond, js)
}

// buildOf is the name of a site's build.
func buildOf(t *testing.T, dir string) string {
	t.Helper()
	worker, err := os.ReadFile(filepath.Join(dir, site.WorkerName))
	require.NoError(t, err)
	m := regexp.MustCompile(`const BUILD = "([0-9a-f]{64})"`).FindSubmatch(worker)
	require.NotNil(t, m)
	return string(m[1])
}

// variant is a copy of the site with a changed file, under a name of its own.
func variant(t *testing.T, path, old, with string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(siteDir(t))))
	name := filepath.Join(dir, filepath.FromSlash(path))
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Contains(t, string(data), old)
	data = bytes.Replace(data, []byte(old), []byte(with), 1)
	files, err := site.Relist(os.DirFS(dir), map[string][]byte{path: data}, "")
	require.NoError(t, err)
	files[path] = data
	for name, data := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o644))
		for _, suffix := range []string{".br", ".gz"} {
			os.Remove(filepath.Join(dir, filepath.FromSlash(name)+suffix)) // a stale form would win
		}
	}
	require.NotEqual(t, buildOf(t, siteDir(t)), buildOf(t, dir))
	return dir
}

// swap is a server whose site can be changed while it runs.
type swap struct {
	*server
	site atomic.Value // http.Handler
}

func serveSwap(t *testing.T, dir string) *swap {
	t.Helper()
	s := &swap{server: serve(t, dir)}
	s.put(dir)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.count(r)
		s.site.Load().(http.Handler).ServeHTTP(w, r)
	})
	return s
}

func (s *swap) put(dir string) {
	s.site.Store(http.HandlerFunc(site.Handler(os.DirFS(dir)).ServeHTTP))
}

// TestOffline takes the server away: the page loads again, inspects the samples, teaches a part, and has it after one more reload.
func TestOffline(t *testing.T) {
	srv := serve(t, siteDir(t))
	p := open(t, srv, desktop)
	require.Equal(t, buildOf(t, siteDir(t)), p.swState("current"), "everything is on the device when the page is ready")
	native := inspector(t, siteDir(t))
	p.requireClean()
	srv.Close()

	p.reload()
	assert.Equal(t, "0", p.swState("seen.site"), "nothing was asked of the network")
	p.waitFor(`document.querySelector("#samples")`)
	p.click("#samples")
	for _, r := range p.results(8) {
		data, err := os.ReadFile(filepath.Join(siteDir(t), "samples", r.Name))
		require.NoError(t, err)
		want, err := native.Inspect(data)
		require.NoError(t, err)
		assert.Equal(t, rawBits(want), r.RawBits, r.Name)
	}
	good, _ := brackets(t, 6, 0)
	p.show("teach")
	p.teachPart("Offline bracket", good)
	p.click("#teach-save")
	p.waitFor(`[...document.querySelectorAll(".parts option")].some((o) => o.textContent.includes("Offline bracket"))`)
	p.reload()
	p.waitFor(`[...document.querySelectorAll(".parts option")].some((o) => o.textContent.includes("Offline bracket"))`)

	p.click(".requests a.term")
	p.waitFor(`document.querySelector(".privacy #build")?.textContent.length === 64`)
	assert.Equal(t, buildOf(t, siteDir(t)), p.str(`document.querySelector("#build").textContent`))
	assert.Equal(t, "yes, from this device", p.str(`document.querySelector("#offline").textContent`))
	for _, key := range []string{"page", "other", "site"} {
		assert.Equal(t, "0", p.str(`document.querySelector("[data-count=`+key+`] dd").textContent`), key)
	}
	for name, l := range looks() {
		p.look(l)
		p.shot("privacy-" + name)
		assert.Equal(t, "true", p.str(`document.documentElement.scrollWidth <= innerWidth`), name)
	}
	require.Empty(t, p.problemList())
}

// TestOfflineModels is TestOffline for a site with a packed folder, whose models are no part of the build: those that were loaded are kept.
func TestOfflineModels(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join(edgeDir(t).dir, "site"))
	require.NoError(t, err)
	srv := serve(t, dir)
	p := open(t, srv, desktop)
	p.requireClean()
	srv.Close()
	sample := filepath.Join(siteDir(t), "samples", firstSample(t))
	for range 2 {
		p.reload()
		p.choose(sample)
		assert.NotEmpty(t, p.results(1)[0].Verdict)
	}
}

// TestUpdate serves a second version: it is offered, waits while a batch runs, and comes when it is taken; a page keeps the version that it was
// loaded with.
func TestUpdate(t *testing.T) {
	t.Parallel()
	a, b := siteDir(t), variant(t, "assets/css/app.css", "/* One file", "/* A second version. One file")
	srv := serveSwap(t, a)
	p := open(t, srv.server, desktop)
	srv.put(b)
	p.str(`location.hash = "#/privacy"`)
	p.waitFor(`document.querySelector("#look")`)
	assert.Equal(t, "null", p.str(`document.querySelector("#newer")`))
	p.click("#look")
	p.waitFor(`document.querySelector("#newer") && document.querySelector("#looked").textContent.includes("There is a new version")`)
	p.shot("newer-1280-light")
	assert.Equal(t, buildOf(t, b), p.swState("next"))

	p.reload()
	assert.Equal(t, buildOf(t, a), p.swState("build"), "a reload alone does not change the version")
	p.show("inspect")
	sample := filepath.Join(a, "samples", firstSample(t))
	many := make([]string, 40)
	for i := range many {
		many[i] = sample
	}
	p.choose(many...)
	p.waitFor(`document.querySelector("#newer").disabled`)
	p.click("#cancel")
	p.waitFor(`!document.querySelector("#newer").disabled`)
	other := p.second()
	other.waitFor(`document.documentElement?.dataset.state === "ready"`)
	p.click("#newer")
	p.arrives(`document.documentElement?.dataset.state === "ready" && !document.querySelector("#newer") && !document.querySelector("#items")`)
	assert.Equal(t, buildOf(t, b), p.swState("build"))
	assert.Equal(t, buildOf(t, a), other.swState("build"), "the other tab goes on with what it was loaded with")
	other.choose(sample)
	assert.NotEmpty(t, other.results(1)[0].Verdict)
	require.NoError(t, chromedp.Cancel(other.ctx))
	srv.Close()
	p.reload()
	assert.Equal(t, buildOf(t, b), p.swState("build"))
	assert.Equal(t, "1", p.later(`(await caches.keys()).filter((n) => /^anomnet-[0-9a-f]{64}$/.test(n)).length`), "the old version is gone")
}

// TestUpdateOnAFullDevice: the page says that the new version could not be taken, and takes it when there is room.
func TestUpdateOnAFullDevice(t *testing.T) {
	a, b := siteDir(t), variant(t, "assets/css/app.css", "/* One file", "/* A second version. One file")
	srv := serveSwap(t, a)
	p := open(t, srv.server, desktop)
	srv.put(b)
	p.str(`location.hash = "#/privacy"`)
	p.click("#look")
	p.waitFor(`document.querySelector("#newer")`)
	p.quota(1)
	p.click("#newer")
	p.waitFor(`document.querySelector(".notice.refused")?.textContent.includes("The new version could not be taken")`)
	assert.Equal(t, buildOf(t, a), p.swState("build"))
	p.quota(0)
	p.click("#newer")
	p.arrives(`document.documentElement?.dataset.state === "ready" && !document.querySelector("#newer")`)
	assert.Equal(t, buildOf(t, b), p.swState("build"))
}

// TestTabOpensDuringAnUpdate opens another tab while a version is on its way, which takes minutes on a slow line: it comes whole all the same.
func TestTabOpensDuringAnUpdate(t *testing.T) {
	const path = "assets/css/app.css"
	a, b := siteDir(t), variant(t, path, "/* One file", "/* A second version. One file")
	srv := serveSwap(t, a)
	p := open(t, srv.server, desktop)
	asked, answer := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h := site.Handler(os.DirFS(b))
	srv.site.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/"+path {
			once.Do(func() { close(asked) })
			<-answer
		}
		h.ServeHTTP(w, r)
	}))
	p.str(`(globalThis.looked = anomnet.offline.look(), 1)`)
	<-asked
	q := p.second()
	close(answer)
	p.later(`await looked`)
	p.waitFor(`document.querySelector("#newer")`)
	srv.Close()
	p.click("#newer")
	p.arrives(`document.documentElement?.dataset.state === "ready" && !document.querySelector("#newer")`)
	assert.Equal(t, buildOf(t, b), p.swState("build"))
	require.NoError(t, chromedp.Cancel(q.ctx))
}

// TestUpdateBesideWork brings a version while the service worker in use has something to do, so that the browser keeps the new one waiting: it can
// be taken all the same. A page that loads while the new one takes over gets its version whole.
func TestUpdateBesideWork(t *testing.T) {
	const path = "assets/css/app.css"
	a, b := siteDir(t), variant(t, path, "/* One file", "/* A second version. One file")
	srv := serveSwap(t, a)
	p := open(t, srv.server, desktop)
	asked, answer := make(chan struct{}), make(chan struct{})
	end := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(end)
	h := site.Handler(os.DirFS(b))
	srv.site.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/models/slow.anomnet" {
			close(asked)
			<-answer
		}
		h.ServeHTTP(w, r)
	}))
	p.str(`navigator.serviceWorker.controller.postMessage({ op: "keep", args: [new URL("models/slow.anomnet", document.baseURI).href] }, [new MessageChannel().port1])`)
	<-asked
	p.later(`await anomnet.offline.look()`)
	require.Equal(t, "installed", p.later(`(await navigator.serviceWorker.getRegistration()).waiting?.state`))
	p.waitFor(`document.querySelector("#newer")`)
	p.click("#newer")
	p.arrives(`document.documentElement?.dataset.state === "ready" && !document.querySelector("#newer")`)
	assert.Equal(t, buildOf(t, b), p.swState("build"))
	end()
	srv.Close()
	p.reload() // while the new worker takes over
	assert.Equal(t, buildOf(t, b), p.swState("build"))
}

// TestOldTabIsDamaged takes a file from the version of a tab that has not taken the new one: the new one stays.
func TestOldTabIsDamaged(t *testing.T) {
	const path = "assets/css/app.css"
	a, b := siteDir(t), variant(t, path, "/* One file", "/* A second version. One file")
	srv := serveSwap(t, a)
	p := open(t, srv.server, desktop)
	srv.put(b)
	p.later(`await anomnet.offline.look()`)
	p.waitFor(`document.querySelector("#newer")`)
	q := p.second()
	p.click("#newer")
	p.arrives(`document.documentElement?.dataset.state === "ready" && !document.querySelector("#newer")`)
	q.later(`await (await caches.open("anomnet-` + buildOf(t, a) + `")).delete(new URL("` + path + `", document.baseURI).href)`)
	assert.Equal(t, "failed", q.later(`await fetch("`+path+`").then(() => "a mixture", () => "failed")`))
	require.NoError(t, chromedp.Cancel(q.ctx))
	srv.Close()
	p.reload()
	assert.Equal(t, buildOf(t, b), p.swState("build"))
}

// TestDamagedUpdate serves a version in which one byte of one file is wrong: nothing of it is taken.
func TestDamagedUpdate(t *testing.T) {
	a, b := siteDir(t), variant(t, "assets/css/app.css", "/* One file", "/* A second version. One file")
	name := filepath.Join(b, "samples", firstSample(t))
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	require.NoError(t, os.WriteFile(name, data, 0o644))
	os.Remove(name + ".br")
	// The picture is unchanged in the list, so it would come from the old version; in the new one its name differs.
	files, err := site.Relist(os.DirFS(b), map[string][]byte{"samples/new.jpg": data}, "")
	require.NoError(t, err)
	for n, d := range files {
		require.NoError(t, os.WriteFile(filepath.Join(b, n), d, 0o644))
	}
	data[1000] ^= 1
	require.NoError(t, os.WriteFile(filepath.Join(b, "samples", "new.jpg"), data, 0o644))

	srv := serveSwap(t, a)
	p := open(t, srv.server, desktop)
	srv.put(b)
	p.str(`location.hash = "#/privacy"`)
	p.waitFor(`document.querySelector("#look")`)
	p.click("#look")
	p.waitFor(`document.querySelector("#looked").textContent !== ""`)
	assert.Contains(t, p.str(`document.querySelector("#looked").textContent`), "This version stays")
	assert.Equal(t, "null", p.str(`document.querySelector("#newer")`))
	assert.Equal(t, "1", p.later(`(await caches.keys()).filter((n) => /^anomnet-[0-9a-f]{64}$/.test(n)).length`), "no half of a version stays")
	srv.Close()
	p.reload()
	assert.Equal(t, buildOf(t, a), p.swState("build"))
}

// TestRollback takes a version that does not start: after two attempts the page is back at the one before, by itself, and offers the other again.
func TestRollback(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"throws":        {`const texts = `, `throw new Error("broken"); const texts = `},
		"cannot parse":  {`const texts = `, `const const texts = `},
		"program fails": {`const go = new Go();`, `const go = new Go(); go.importObject = {};`},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := siteDir(t), variant(t, "assets/js/boot.mjs", change[0], change[1])
			srv := serveSwap(t, a)
			p := open(t, srv.server, desktop)
			srv.put(b)
			p.later(`await anomnet.offline.look()`)
			p.waitFor(`document.querySelector("#newer")`)
			p.click("#newer")
			p.arrives(`document.documentElement?.dataset.state === "ready" && document.querySelector("#newer")?.title.includes("did not start")`)
			assert.Equal(t, buildOf(t, a), p.swState("build"))
			assert.Equal(t, buildOf(t, b), p.swState("failed"))
			sample := filepath.Join(a, "samples", firstSample(t))
			p.choose(sample)
			assert.NotEmpty(t, p.results(1)[0].Verdict)
		})
	}
}

// TestEviction deletes what the service worker keeps: with the server it comes back, without it the page says what happened.
func TestEviction(t *testing.T) {
	srv := serveSwap(t, siteDir(t))
	p := open(t, srv.server, desktop)
	build := buildOf(t, siteDir(t))
	p.later(`await (await caches.open("anomnet-` + build + `")).delete(new URL("wasm_exec.js", document.baseURI).href)`)
	p.reload()
	assert.Equal(t, "true", p.later(`Boolean(await (await caches.open("anomnet-`+build+`")).match(new URL("wasm_exec.js", document.baseURI).href))`), "one file is mended")
	p.later(`await Promise.all((await caches.keys()).map((n) => caches.delete(n)))`)
	p.reload()
	assert.Equal(t, build, p.swState("current"), "all of them come back")
	p.later(`await Promise.all((await caches.keys()).map((n) => caches.delete(n)))`)
	srv.Close()
	require.NoError(t, chromedp.Do(p.ctx, chromedp.Reload()))
	p.arrives(`document.querySelector("h1")?.textContent === "AnomNet is not on this device any more"`)
	p.shot("evicted")
}

// TestInstallable asks the browser whether it would offer to install the page.
func TestInstallable(t *testing.T) {
	p := open(t, serve(t, siteDir(t)), desktop)
	text := p.later(`await (await fetch(document.querySelector("link[rel=manifest]").href)).text()`)
	for _, m := range regexp.MustCompile(`"src": "([^"]+\.png)", "sizes": "(\d+)x`).FindAllStringSubmatch(text, -1) {
		assert.Equal(t, m[2], p.later(`await new Promise((ok) => { const i = new Image(); i.onload = () => ok(i.naturalWidth); i.onerror = () => ok("missing"); i.src = "assets/icons/`+m[1]+`"; })`), m[1])
	}
	assert.Equal(t, 3, strings.Count(text, "image/png"))
}

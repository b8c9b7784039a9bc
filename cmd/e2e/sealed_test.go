//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/site"
)

var sealedBuild = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs(filepath.Join("..", "..", ".build", "sealed-e2e")) // a browser takes files by absolute paths only
	if err != nil {
		return "", err
	}
	return dir, site.Build(context.Background(), dir, &site.Options{Version: "e2e", Sealed: true, NoCompress: true})
})

// TestSealed inspects with a sealed site and then tries to send something to the page's own site, which the normal page may.
func TestSealed(t *testing.T) {
	t.Parallel()
	sealed, err := sealedBuild()
	require.NoError(t, err)
	for name, dir := range map[string]string{"sealed": sealed, "normal": siteDir(t)} {
		t.Run(name, func(t *testing.T) {
			srv := serve(t, dir)
			p := open(t, srv, desktop)
			p.click("#samples")
			for _, r := range p.results(8) {
				assert.Empty(t, r.Error, r.Name)
				assert.NotEmpty(t, r.Verdict, r.Name)
			}
			p.requireClean()
			for _, a := range []struct {
				name, js, sealed, normal string // the directive that blocks it
			}{
				{"fetch", `await fetch(to)`, "connect-src", ""},
				{"XMLHttpRequest", `await new Promise((r) => { const x = new XMLHttpRequest(); x.onloadend = r; x.open("GET", to); x.send() })`, "connect-src", ""},
				{"sendBeacon", `navigator.sendBeacon(to, "secret")`, "connect-src", ""},
				{"WebSocket", `new WebSocket(to.replace("http", "ws"))`, "connect-src", ""},
				{"image", `await new Promise((r) => { const i = new Image(); i.onload = i.onerror = r; i.src = to })`, "img-src", ""},
				{"import()", `await import(to)`, "script-src-elem", ""},
				{"style sheet", `const l = document.createElement("link"); l.rel = "stylesheet"; l.href = to; document.head.append(l)`, "style-src-elem", ""},
				{"prefetch", `const l = document.createElement("link"); l.rel = "prefetch"; l.href = to; document.head.append(l)`, "default-src", ""},
			} {
				before, want := srv.hits.Load(), a.normal
				if name == "sealed" {
					want = a.sealed
				}
				said := p.exfiltrate(a.js, srv.URL+"/nothing?secret-"+a.name, want != "")
				if name == "sealed" {
					assert.Equal(t, before, srv.hits.Load(), a.name)
				}
				if want == "" {
					assert.Empty(t, said, a.name)
				} else {
					assert.Contains(t, strings.Fields(want), said, a.name)
				}
			}
			if name == "normal" {
				assert.Eventually(t, func() bool { return srv.hits.Load() > p.hits }, 10*time.Second, 20*time.Millisecond, "the normal page can reach its own site")
				return
			}
			p.str(`location.hash = "#/privacy"`)
			p.waitFor(`document.querySelector(".reasons")?.textContent.includes("sealed")`)
			p.show("models")
			assert.Equal(t, "true", p.str(`document.querySelector("#offers-look") === null`), "a page that can fetch nothing offers no models of its server")
			p.show("inspect")
			p.str(`workers[0].dispatchEvent(new ErrorEvent("error", {message: "out of memory", cancelable: true}))`)
			p.choose(filepath.Join(dir, "samples", firstSample(t)))
			assert.NotEmpty(t, p.results(9)[8].Verdict, "another worker has taken the place of one that is gone")
			srv.Close()
			p.reload()
			p.choose(filepath.Join(dir, "samples", firstSample(t)))
			assert.NotEmpty(t, p.results(1)[0].Verdict, "a sealed site works offline too")
		})
	}
}

// TestChangedModules flips a byte of each module: a station and a sealed site do not run it, and say so.
func TestChangedModules(t *testing.T) {
	t.Parallel()
	sealed, err := sealedBuild()
	require.NoError(t, err)
	for _, c := range []struct{ name, dir, query, file string }{
		{"station, program", siteDir(t), "?kiosk", "anomnet.wasm"},
		{"station, kernels", siteDir(t), "?kiosk", "kernels-simd128.wasm"},
		{"sealed, program", sealed, "", "anomnet.wasm"},
		{"sealed, kernels", sealed, "", "kernels-relaxed.wasm"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(c.dir)))
			file := filepath.Join(dir, c.file)
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			data[len(data)*3/4] ^= 1
			require.NoError(t, os.WriteFile(file, data, 0o644))
			for _, suffix := range []string{".br", ".gz"} {
				os.Remove(file + suffix)
			}
			srv := serve(t, dir)
			p := blank(t, srv, desktop)
			require.NoError(t, chromedp.Do(p.ctx, chromedp.Navigate(srv.URL+"/"+c.query)))
			p.waitFor(`document.documentElement?.dataset.state === "failed"`)
			assert.Contains(t, p.str(`document.querySelector(".shell[role=alert]").textContent`), "is not the one that was built")
			assert.Contains(t, p.str(`document.querySelector(".shell pre").textContent`), c.file)
			p.shot("changed-module")
		})
	}
}

// TestChangedScript flips a byte of a script that a sealed page names in its index.html: the browser does not run it.
func TestChangedScript(t *testing.T) {
	sealed, err := sealedBuild()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(sealed)))
	file := filepath.Join(dir, "assets", "js", "files.mjs")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(data, "globalThis.slipped = true;\n"...), 0o644))
	p := load(t, serve(t, dir), desktop)
	p.waitFor(`document.readyState === "complete"`)
	require.Eventually(t, func() bool { return strings.Contains(p.problemList(), "integrity") }, 20*time.Second, 50*time.Millisecond)
	assert.Equal(t, "undefined", p.str(`globalThis.slipped`))
	assert.Equal(t, "undefined", p.str(`globalThis.anomnet`), "what imports it does not run either")
}

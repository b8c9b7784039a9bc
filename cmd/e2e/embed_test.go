//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/regions"
)

// serveEmbedded serves the page of docs/embed.md as its own site with ours in a folder below it, and the files given, under the policy that the document asks for.
func serveEmbedded(t *testing.T, files map[string][]byte) *server {
	t.Helper()
	srv := serve(t, siteDir(t))
	own, site := http.FileServerFS(os.DirFS("../../docs/embed")), srv.Config.Handler
	srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if data, ok := files[r.URL.Path]; ok {
			srv.count(r)
			_, _ = w.Write(data)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/anomnet/") {
			http.StripPrefix("/anomnet", site).ServeHTTP(w, r)
			return
		}
		srv.count(r)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self'; style-src 'self'")
		if strings.HasSuffix(r.URL.Path, ".mjs") {
			w.Header().Set("Content-Type", "text/javascript")
		}
		own.ServeHTTP(w, r)
	})
	return srv
}

// embedded opens the page of docs/embed.md and waits until it can take pictures.
func embedded(t *testing.T, srv *server, query string) *tab {
	t.Helper()
	p := blank(t, srv, desktop)
	require.NoError(t, chromedp.Do(p.ctx, chromedp.Navigate(srv.URL+"/"+query)))
	p.waitFor(`document.querySelector("#part").textContent !== "Loading…"`)
	p.mu.Lock()
	p.ready = true
	p.mu.Unlock()
	p.hits = srv.hits.Load()
	return p
}

// TestEmbed: the example of docs/embed.md gives the scores of native code, says what is no picture, and makes no request once it has loaded.
func TestEmbed(t *testing.T) {
	t.Parallel()
	head := taught(t)
	srv := serveEmbedded(t, map[string][]byte{"/bracket.anomnet": head, "/broken.anomnet": head[:len(head)-1]})
	backbone, _ := modelFiles(t, siteDir(t))
	samples, err := filepath.Glob(filepath.Join(siteDir(t), "samples", "*.jpg"))
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	broken := filepath.Join(t.TempDir(), "broken.png")
	require.NoError(t, os.WriteFile(broken, []byte("no picture"), 0o600))

	for _, c := range []struct {
		query string
		in    *inspect.Inspector
	}{{"", inspector(t, siteDir(t))}, {"?model=/bracket.anomnet", must(inspect.Open([][]byte{backbone, head}, nil))}} {
		p := embedded(t, srv, c.query)
		p.choose(append(samples, broken)...)
		p.waitFor(fmt.Sprintf(`[...document.querySelectorAll("#verdicts li")].filter((l) => !l.textContent.endsWith("…")).length === %d`, len(samples)+1))
		for i, path := range samples {
			r, err := c.in.Inspect(must(os.ReadFile(path)))
			require.NoError(t, err)
			line := fmt.Sprintf(`document.querySelectorAll("#verdicts li")[%d]`, i)
			p.waitFor(line + `.querySelector("canvas")`)
			assert.Equal(t, rawBits(r), p.str(line+`.dataset.bits`), path)
			assert.Equal(t, fmt.Sprintf("%s: %s, %.2f × limit", filepath.Base(path), r.Verdict, r.Ratio), p.str(line+`.textContent`))
		}
		assert.Contains(t, p.str(`document.querySelectorAll("#verdicts li")[`+fmt.Sprint(len(samples))+`].textContent`), "broken.png: not_image. ")
		p.shot("embed-1280-light")
		p.requireClean()
	}
	doc := string(must(os.ReadFile("../../docs/embed.md")))
	for _, path := range srv.since(0) {
		if file := strings.TrimPrefix(path, "GET /"); strings.Contains(file, "/") && !strings.HasSuffix(file, ".anomnet") && !strings.HasPrefix(file, "assets/icons/") {
			assert.True(t, strings.Contains(doc, "`"+file+"`"), "%s is fetched, and docs/embed.md does not name it", file)
		}
	}
	p := embedded(t, srv, "?model=/broken.anomnet")
	assert.Contains(t, p.str(`document.querySelector("#part").textContent`), "cannot be inspected")
}

// TestEmbedWorkers: what waits can be given up, a worker that ends fails its own image only, and nothing waits for an inspector that is closed.
func TestEmbedWorkers(t *testing.T) {
	t.Parallel()
	srv := serveEmbedded(t, nil)
	p := embedded(t, srv, "")
	said := p.async(`(async () => {
		const { load, overlay } = await import("./anomnet/assets/js/inspector.mjs");
		workers.length = 0;
		const inspector = await load({ workers: 2 });
		const canvas = new OffscreenCanvas(300, 200);
		canvas.getContext("2d").fillRect(0, 0, 300, 200);
		const how = (promise) => promise.then((r) => r.verdict, (e) => e.name === "AbortError" ? e.name : e.code);
		const first = await inspector.inspect(canvas);
		const heat = overlay(first);
		const [failing] = workers, post = failing.postMessage;
		failing.postMessage = (m) => {
			post.call(failing, m);
			setTimeout(() => failing.dispatchEvent(new ErrorEvent("error", { message: "out of memory", cancelable: true })));
		};
		const stop = new AbortController(), all = Array.from({ length: 6 }, (_, i) => how(inspector.inspect(canvas, { signal: i === 4 ? stop.signal : undefined })));
		stop.abort();
		const ended = await Promise.all(all);
		const again = await how(inspector.inspect(await canvas.convertToBlob()));
		const late = how(inspector.inspect(canvas));
		inspector.close();
		return [ended.toSorted().join(" "), again, await late, await how(inspector.inspect(canvas)), workers.length,
			heat.width === first.mapW, JSON.stringify(first.mapBox), inspector.part.part].join("; ");
	})()`)
	assert.Equal(t, `AbortError NG NG NG NG crashed; NG; cancelled; cancelled; 3; true; {"x":0,"y":0,"width":300,"height":200}; Washer (demo)`, said)
	assert.Empty(t, p.problemList())
}

// TestEmbedBox: the map lies on the picture where core/regions says.
func TestEmbedBox(t *testing.T) {
	t.Parallel()
	heads := map[string][]byte{}
	for _, mode := range []imaging.Mode{imaging.Fit, imaging.Crop} {
		heads["/"+string(mode)+".anomnet"] = taughtIn(t, mode)
	}
	p := embedded(t, serveEmbedded(t, heads), "")
	for _, mode := range []string{regions.Fit, regions.Crop} {
		kx, ky := regions.Frame{Width: 300, Height: 200, InputW: tinySize, InputH: tinySize, Mode: mode}.Cover()
		w, h := 300/kx, 200/ky
		want := fmt.Sprintf("%.6f %.6f %.6f %.6f", (300-w)/2, (200-h)/2, w, h)
		assert.Equal(t, want, p.async(`(async () => {
			const { load } = await import("./anomnet/assets/js/inspector.mjs"), inspector = await load({ model: "`+mode+`.anomnet", workers: 1 });
			const { mapBox: { x, y, width, height } } = await inspector.inspect(new OffscreenCanvas(300, 200).getContext("2d").canvas);
			inspector.close();
			return [x, y, width, height].map((v) => v.toFixed(6)).join(" ");
		})()`), mode)
	}
	assert.Empty(t, p.problemList())
}

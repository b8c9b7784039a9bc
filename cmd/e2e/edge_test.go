//go:build e2e

package e2e

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/headers"
	"anomnet/cmd/internal/modelstore/storetest"
	"anomnet/core/catalogue"
	"anomnet/core/inspect"
	"anomnet/core/signature"
)

// testFolder is what wrangler deploys, with the files of the conformance test in the place of the models.
func testFolder(t *testing.T, models bool) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(edgeDir(t).dir)))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "site", "models")))
	if models {
		storetest.Write(t, filepath.Join(dir, "site", "models"))
	}
	return dir
}

// TestEdgeConformance holds the worker in Cloudflare's runtime against the table that cmd/internal/modelstore passes in Go.
func TestEdgeConformance(t *testing.T) {
	script := wrangler(t)
	t.Run("static files", func(t *testing.T) { storetest.Run(t, workerd(t, testFolder(t, true))) })
	t.Run("bucket", func(t *testing.T) {
		dir, objects, state := testFolder(t, false), t.TempDir(), t.TempDir()
		storetest.Write(t, objects)
		require.NoError(t, filepath.WalkDir(objects, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(objects, path)
			require.NoError(t, err)
			out, err := nodeCommand(t.Context(), dir, script, "r2", "object", "put", "anomnet-models/"+filepath.ToSlash(name), "--file", path, "--local",
				"--persist-to", state, "--env", "r2").CombinedOutput()
			require.NoError(t, err, "%s", out)
			return nil
		}))
		storetest.Run(t, workerd(t, dir, "--env", "r2", "--persist-to", state))
	})
}

// request is what a recorder has seen of a request.
type request struct {
	method, path string
	body         int64
}

// recorder stands before a server and notes every request with the bytes of its body.
type recorder struct {
	mu   sync.Mutex
	seen []request
}

func (rec *recorder) serve(t *testing.T, base string) *server {
	t.Helper()
	target, err := url.Parse(base)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.count(r)
		n, _ := io.Copy(io.Discard, r.Body)
		r.Body = http.NoBody
		rec.mu.Lock()
		rec.seen = append(rec.seen, request{r.Method, r.URL.RequestURI(), n})
		rec.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (rec *recorder) paths() map[string]bool {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	paths := map[string]bool{}
	for _, r := range rec.seen {
		paths[r.path] = true
	}
	return paths
}

// fetch gets a file of the site.
func fetch(t *testing.T, base, path string) []byte {
	t.Helper()
	res, err := http.Get(base + path)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode, path)
	data, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return data
}

// getSigned trusts the key of the server and gets its signed model.
func (p *tab) getSigned() {
	p.t.Helper()
	p.lookAtOffers()
	p.waitFor(`document.querySelector("#pin-yes")`)
	p.click("#pin-yes")
	p.waitFor(`document.querySelector("#offers-trust")?.textContent.includes("counter 5")`)
	p.click(`[data-name="default.anomnet"] .offer-get`)
	p.waitFor(`document.querySelector("[data-part=\"Washer (demo)\"] .trust")?.textContent.startsWith("Signed: ")`)
}

// TestEdgePage opens the page from Cloudflare's runtime, which has a signed catalogue, scores an image and gets a signed model. A proxy between the two
// notes what the browser sends: nothing but GETs without a body, and none at all once the page is ready, until a person asks for models.
func TestEdgePage(t *testing.T) {
	e := edgeDir(t)
	base := workerd(t, e.dir)
	rec := &recorder{}
	srv := rec.serve(t, base)

	index := fetch(t, base, "/models/index.json")
	c, res := catalogue.Open(index, fetch(t, base, "/models/index.json.minisig"), &signature.Check{Kind: signature.Catalogue, Keys: []signature.Key{e.key}, Now: time.Now()})
	require.Equal(t, signature.Signed, res.State, res.Detail)
	var files [][]byte // the backbone first
	for _, m := range []*catalogue.Model{c.Find(c.Backbone[len(catalogue.BlobDir):]), c.Find(c.Head[len(catalogue.BlobDir):])} {
		var chunks [][]byte
		for _, k := range m.Chunks {
			chunks = append(chunks, fetch(t, base, "/models/"+catalogue.Blob(k.SHA256)))
		}
		data, err := m.Join(chunks)
		require.NoError(t, err)
		files = append(files, data)
	}
	native, err := inspect.Open(files, nil)
	require.NoError(t, err)

	p := open(t, srv, desktop)
	assert.Equal(t, "true", p.str(`crossOriginIsolated`))
	paths := rec.paths()
	for _, want := range []string{"/", "/anomnet.wasm", "/models/index.json", "/models/" + c.Backbone, "/models/" + c.Head} {
		assert.True(t, paths[want], "the page has fetched %s", want)
	}
	image, err := filepath.Abs("../../assets/samples/scratch.jpg")
	require.NoError(t, err)
	data, err := os.ReadFile(image)
	require.NoError(t, err)
	want, err := native.Inspect(data)
	require.NoError(t, err)
	p.choose(image)
	got := p.results(1)[0]
	assert.Equal(t, rawBits(want), got.RawBits)
	assert.Equal(t, string(want.Verdict), got.Verdict)
	p.requireClean()
	p.getSigned()
	time.Sleep(time.Second) // for what would come late
	rec.mu.Lock()
	defer rec.mu.Unlock()
	for _, r := range rec.seen {
		assert.Equal(t, http.MethodGet, r.method, r.path)
		assert.Zero(t, r.body, r.path)
		assert.NotContains(t, r.path, "scratch")
	}
	t.Logf("%d requests, all of them GET without a body", len(rec.seen))
}

// TestEdgeStaticFiles asks for what Cloudflare serves without our program: the headers come from the file _headers.
func TestEdgeStaticFiles(t *testing.T) {
	base := workerd(t, edgeDir(t).dir)
	for path, kind := range map[string]string{"/": "text/html; charset=utf-8", "/anomnet.wasm": "application/wasm", "/assets/js/boot.mjs": "text/javascript; charset=utf-8"} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			req, err := http.NewRequestWithContext(t.Context(), method, base+path, nil)
			require.NoError(t, err)
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			res.Body.Close()
			if method != "GET" && method != "HEAD" {
				assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, method+path)
				continue
			}
			require.Equal(t, http.StatusOK, res.StatusCode, method+path)
			assert.Equal(t, kind, res.Header.Get("Content-Type"), path)
			assert.Equal(t, headers.NoCache, res.Header.Get("Cache-Control"), path)
			assert.NotEmpty(t, res.Header.Get("ETag"), path)
			for k, v := range headers.All() {
				assert.Equal(t, v, res.Header.Get(k), path)
			}
		}
	}
	res, err := http.Get(base + "/nothing")
	require.NoError(t, err)
	res.Body.Close()
	assert.Equal(t, http.StatusNotFound, res.StatusCode)
	assert.Equal(t, headers.CSP, res.Header.Get("Content-Security-Policy"))
}

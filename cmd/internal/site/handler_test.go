package site

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testSite() fstest.MapFS {
	return fstest.MapFS{
		"index.html":         {Data: []byte("<!doctype html>")},
		"index.html.gz":      {Data: []byte("gz")},
		"anomnet.wasm":       {Data: []byte("wasm raw")},
		"anomnet.wasm.br":    {Data: []byte("br")},
		"anomnet.wasm.gz":    {Data: []byte("gzip")},
		"assets/js/boot.mjs": {Data: []byte("js")},
		"models/a.anomnet":   {Data: []byte("model")},
	}
}

func do(t *testing.T, method, target string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	Handler(testSite()).ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(b)
}

func TestHandlerVariants(t *testing.T) {
	for _, c := range []struct {
		target, accept              string
		status                      int
		contentType, encoding, body string
	}{
		{"/", "", 200, "text/html; charset=utf-8", "", "<!doctype html>"},
		{"/index.html", "br, gzip", 200, "text/html; charset=utf-8", "gzip", "gz"},
		{"/anomnet.wasm", "gzip, deflate, br", 200, "application/wasm", "br", "br"},
		{"/anomnet.wasm", "gzip;q=1.0, br;q=0", 200, "application/wasm", "gzip", "gzip"},
		{"/anomnet.wasm", "brotli", 200, "application/wasm", "", "wasm raw"},
		{"/assets/js/boot.mjs", "br", 200, "text/javascript; charset=utf-8", "", "js"},
		{"/models/a.anomnet", "br", 200, "application/octet-stream", "", "model"},
		{"/assets", "", 404, "text/plain; charset=utf-8", "", "not found\n"},
		{"/nothing", "br", 404, "text/plain; charset=utf-8", "", "not found\n"},
		{"/../../etc/passwd", "", 404, "text/plain; charset=utf-8", "", "not found\n"},
		{"/assets/js/../../anomnet.wasm", "", 200, "application/wasm", "", "wasm raw"},
	} {
		r := do(t, "GET", "http://x"+c.target, map[string]string{"Accept-Encoding": c.accept})
		name := c.target + " " + c.accept
		assert.Equal(t, c.status, r.StatusCode, name)
		assert.Equal(t, c.contentType, r.Header.Get("Content-Type"), name)
		assert.Equal(t, c.encoding, r.Header.Get("Content-Encoding"), name)
		assert.Equal(t, c.body, body(t, r), name)
		assert.Contains(t, r.Header.Get("Content-Security-Policy"), "require-trusted-types-for 'script'; trusted-types anomnet", name)
		assert.Equal(t, "same-origin", r.Header.Get("Cross-Origin-Opener-Policy"), name)
		assert.Equal(t, "require-corp", r.Header.Get("Cross-Origin-Embedder-Policy"), name)
		assert.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"), name)
	}
}

func TestHandlerMethods(t *testing.T) {
	for _, m := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		r := do(t, m, "http://x/", nil)
		assert.Equal(t, http.StatusMethodNotAllowed, r.StatusCode, m)
		assert.Equal(t, "GET, HEAD", r.Header.Get("Allow"))
	}
	r := do(t, "HEAD", "http://x/anomnet.wasm", map[string]string{"Accept-Encoding": "br"})
	assert.Equal(t, 200, r.StatusCode)
	assert.Equal(t, "2", r.Header.Get("Content-Length"))
	assert.Empty(t, body(t, r))
}

func TestHandlerETag(t *testing.T) {
	plain := do(t, "GET", "http://x/anomnet.wasm", nil).Header.Get("ETag")
	br := do(t, "GET", "http://x/anomnet.wasm", map[string]string{"Accept-Encoding": "br"}).Header.Get("ETag")
	assert.Regexp(t, `^"[0-9a-f]{32}"$`, plain)
	assert.NotEqual(t, plain, br, "each variant has its own")
	r := do(t, "GET", "http://x/anomnet.wasm", map[string]string{"Accept-Encoding": "br", "If-None-Match": br})
	assert.Equal(t, http.StatusNotModified, r.StatusCode)
	assert.Empty(t, body(t, r))
}

func TestHandlerSeesANewBuild(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "anomnet.wasm")
	h := Handler(os.DirFS(dir))
	get := func(target, etag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "http://x"+target, nil)
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	require.NoError(t, os.WriteFile(name, []byte("old"), 0o644))
	old := get("/anomnet.wasm", "").Header().Get("ETag")
	require.Equal(t, http.StatusNotModified, get("/anomnet.wasm", old).Code)
	require.NoError(t, os.WriteFile(name, []byte("new"), 0o644))
	w := get("/anomnet.wasm", old)
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "new", w.Body.String())

	for _, target := range []string{"/anomnet.wasm/x", "/" + strings.Repeat("a", 300), "/a%00b", "/%2e%2e/%2e%2e/etc/passwd"} {
		assert.Equal(t, http.StatusNotFound, get(target, "").Code, target)
	}
}

func TestHandlerRanges(t *testing.T) {
	for _, c := range []struct {
		accept, rang  string
		status        int
		contentLength string
		body          string
	}{
		{"", "bytes=1-3", 206, "3", "asm"},
		{"br", "bytes=1-", 206, "1", "r"},
		{"gzip", "bytes=-2", 206, "2", "ip"},
	} {
		r := do(t, "GET", "http://x/anomnet.wasm", map[string]string{"Accept-Encoding": c.accept, "Range": c.rang})
		assert.Equal(t, c.status, r.StatusCode, c)
		assert.Equal(t, c.contentLength, r.Header.Get("Content-Length"), c)
		assert.Equal(t, c.body, body(t, r), c)
	}
	r := do(t, "GET", "http://x/anomnet.wasm", map[string]string{"Accept-Encoding": "br", "Range": "bytes=9-"})
	assert.Equal(t, http.StatusRequestedRangeNotSatisfiable, r.StatusCode)
	assert.Empty(t, r.Header.Get("Content-Encoding"))
}

func TestCompressFile(t *testing.T) {
	dir := t.TempDir()
	long := []byte(strings.Repeat("same again ", 400))
	name := filepath.Join(dir, "a.css")
	require.NoError(t, os.WriteFile(name, long, 0o644))
	require.NoError(t, compressFile(name))
	br, err := os.ReadFile(name + ".br")
	require.NoError(t, err)
	got, err := io.ReadAll(brotli.NewReader(bytes.NewReader(br)))
	require.NoError(t, err)
	assert.Equal(t, long, got)
	gz, err := os.ReadFile(name + ".gz")
	require.NoError(t, err)
	zr, err := gzip.NewReader(bytes.NewReader(gz))
	require.NoError(t, err)
	got, err = io.ReadAll(zr)
	require.NoError(t, err)
	assert.Equal(t, long, got)

	short := filepath.Join(dir, "b.css")
	require.NoError(t, os.WriteFile(short, []byte("a"), 0o644))
	require.NoError(t, compressFile(short))
	assert.NoFileExists(t, short+".br")
	assert.NoFileExists(t, short+".gz")
}

func TestReplaceKeepsHiddenFiles(t *testing.T) {
	dir := t.TempDir()
	out, tmp := filepath.Join(dir, "site"), filepath.Join(dir, "tmp")
	for name, text := range map[string]string{"site/.keep": "", "site/old.txt": "old", "site/same/a": "old", "tmp/same/a": "new", "tmp/b": "b"} {
		p := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
		require.NoError(t, os.WriteFile(p, []byte(text), 0o644))
	}
	require.NoError(t, replace(out, tmp))
	assert.FileExists(t, filepath.Join(out, ".keep"))
	assert.NoFileExists(t, filepath.Join(out, "old.txt"))
	b, err := os.ReadFile(filepath.Join(out, "same", "a"))
	require.NoError(t, err)
	assert.Equal(t, "new", string(b))
}

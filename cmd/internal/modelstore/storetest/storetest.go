// Package storetest is the conformance test of servers of models: one table for the handler in this process and for the same handler in
// Cloudflare's runtime. Only tests import it.
package storetest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/headers"
	"anomnet/cmd/internal/modelstore"
	"anomnet/core/catalogue"
)

// Large is the content of a blob of three chunks' size; Small of one in the index.
var (
	Large = bytes.Repeat([]byte("0123456789abcdef"), 3*catalogue.ChunkBytes/16)
	Small = []byte("a small model")
)

const keyText = "untrusted comment: a key\n"

const signatureText = "untrusted comment: not checked here\n"

// Write makes a packed folder for the test.
func Write(t *testing.T, dir string) {
	t.Helper()
	files := map[string][]byte{
		catalogue.IndexName: index(t), catalogue.SignatureName: []byte(signatureText), catalogue.KeyName: []byte(keyText),
		catalogue.Blob(catalogue.Digest(Large)): Large, catalogue.Blob(catalogue.Digest(Small)): Small, "sha256/other": []byte("not offered"), "secret.key": []byte("secret"),
	}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o644))
	}
}

func index(t *testing.T) []byte {
	t.Helper()
	m := catalogue.Model{Name: "small", Part: "p", Digest: catalogue.Digest(nil)}
	m.Split(Small)
	data, err := (&catalogue.Catalogue{Counter: 1, Date: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Models: []catalogue.Model{m}}).Encode()
	require.NoError(t, err)
	return data
}

// Run asks a server at base, "http://127.0.0.1:1234", that serves what Write wrote.
func Run(t *testing.T, base string) {
	small, large, missing := catalogue.Digest(Small), catalogue.Digest(Large), catalogue.Digest([]byte("missing"))
	indexTag := `"` + catalogue.Digest(index(t)) + `"`
	const never, always, errorCache = headers.NoCache, headers.Immutable, "no-store"
	for _, c := range []struct {
		method, path string
		header       string // name and value, or nothing
		status       int
		body         []byte
		tag, cache   string
		kind         string
	}{
		{"GET", "/healthz", "", 200, []byte("ok\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"HEAD", "/healthz", "", 200, nil, "", errorCache, "text/plain; charset=utf-8"},
		{"GET", "/models/index.json", "", 200, index(t), indexTag, never, "application/json"},
		{"HEAD", "/models/index.json", "", 200, nil, indexTag, never, "application/json"},
		{"GET", "/models/index.json", "If-None-Match: " + indexTag, 304, nil, indexTag, never, ""},
		{"GET", "/models/index.json", "If-None-Match: \"x\", W/" + indexTag, 304, nil, indexTag, never, ""},
		{"GET", "/models/index.json", "If-None-Match: \"x\"", 200, index(t), indexTag, never, "application/json"},
		{"GET", "/models/index.json?x=1", "", 200, index(t), indexTag, never, "application/json"},
		{"GET", "/models/index.json.minisig", "", 200, []byte(signatureText), `"` + catalogue.Digest([]byte(signatureText)) + `"`, never, "text/plain; charset=utf-8"},
		{"GET", "/models/index.json.pub", "", 200, []byte(keyText), `"` + catalogue.Digest([]byte(keyText)) + `"`, never, "text/plain; charset=utf-8"},
		{"GET", "/models/sha256/" + small, "", 200, Small, `"` + small + `"`, always, "application/octet-stream"},
		{"HEAD", "/models/sha256/" + small, "", 200, nil, `"` + small + `"`, always, "application/octet-stream"},
		{"GET", "/models/sha256/" + small, "If-None-Match: \"" + small + "\"", 304, nil, `"` + small + `"`, always, ""},
		{"GET", "/models/sha256/" + small, "Range: bytes=0-3", 200, Small, `"` + small + `"`, always, "application/octet-stream"},
		{"GET", "/models/sha256/" + large, "", 200, Large, `"` + large + `"`, always, "application/octet-stream"},
		{"GET", "/models/sha256/" + missing, "", 404, []byte("not found\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"GET", "/models/sha256/" + missing, "If-None-Match: *", 404, []byte("not found\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"GET", "/models/sha256/" + small, "If-None-Match: *", 304, nil, `"` + small + `"`, always, ""},
		{"GET", "/models/index.json", "If-None-Match: *", 304, nil, indexTag, never, ""},
		{"GET", "/models/sha256/other", "", 404, []byte("not found\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"GET", "/models/sha256/" + strings.ToUpper(small), "", 404, []byte("not found\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"GET", "/models/sha256/" + small + "/x", "", 404, []byte("not found\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"GET", "/models/sha256/%2e%2e%2fsecret.key", "", 404, []byte("not found\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"POST", "/models/index.json", "", 405, []byte("method not allowed\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"PUT", "/models/sha256/" + small, "", 405, []byte("method not allowed\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"DELETE", "/models/sha256/" + small, "", 405, []byte("method not allowed\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"OPTIONS", "/models/index.json", "", 405, []byte("method not allowed\n"), "", errorCache, "text/plain; charset=utf-8"},
		{"POST", "/healthz", "", 405, []byte("method not allowed\n"), "", errorCache, "text/plain; charset=utf-8"},
	} {
		t.Run(strings.NewReplacer(small, "SMALL", large, "LARGE", missing, "MISSING", indexTag, "TAG").Replace(fmt.Sprint(c.method, c.path, " ", c.header)), func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), c.method, base+c.path, nil)
			require.NoError(t, err)
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				req.Header.Set(name, value)
			}
			res, err := http.DefaultTransport.RoundTrip(req)
			require.NoError(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, c.status, res.StatusCode)
			assert.True(t, bytes.Equal(c.body, body), "body: %.80q (%d bytes), want %.80q (%d)", body, len(body), c.body, len(c.body))
			assert.Equal(t, c.tag, res.Header.Get("ETag"))
			assert.Equal(t, c.cache, res.Header.Get("Cache-Control"))
			if c.kind != "" {
				assert.Equal(t, c.kind, res.Header.Get("Content-Type"))
			}
			if c.status == 405 {
				assert.Equal(t, "GET, HEAD", res.Header.Get("Allow"))
			}
			for k, v := range headers.All() {
				assert.Equal(t, v, res.Header.Get(k), k)
			}
		})
	}
}

var _ modelstore.Store = modelstore.Files{}

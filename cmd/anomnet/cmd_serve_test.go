package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/modelstore/storetest"
)

func TestPageURL(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080/", "[::1]:8080": "http://[::1]:8080/", "192.0.2.7:80": "http://192.0.2.7:80/",
		":8080": "http://127.0.0.1:8080/", "0.0.0.0:8080": "http://127.0.0.1:8080/", "[::]:8080": "http://127.0.0.1:8080/",
	} {
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		require.NoError(t, err)
		if tcp.IP == nil { // what net.Listen makes of it
			tcp.IP = net.IPv6unspecified
		}
		assert.Equal(t, want, pageURL(tcp), addr)
	}
}

// TestServeModels runs the conformance test of the model store against the handler of serve, beside the page.
func TestServeModels(t *testing.T) {
	dir := t.TempDir()
	storetest.Write(t, dir)
	f := &serveFlags{models: dir}
	srv := httptest.NewServer(f.handler(fstest.MapFS{"index.html": {Data: []byte("page")}, "models/default.anomnet": {}}))
	defer srv.Close()
	storetest.Run(t, srv.URL)
	for path, want := range map[string]int{"/": http.StatusOK, "/models/default.anomnet": http.StatusNotFound, "/models": http.StatusNotFound} {
		res, err := http.Get(srv.URL + path)
		require.NoError(t, err)
		res.Body.Close()
		assert.Equal(t, want, res.StatusCode, path)
	}
}

// TestServeChecksModels refuses a folder that the page could not use.
func TestServeChecksModels(t *testing.T) {
	dir := t.TempDir()
	page := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(page, "index.html"), nil, 0o644))
	code, _, stderr := cli(t, "serve", "--addr", "127.0.0.1:0", "--site", page, "--models", dir)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "index.json")
	storetest.Write(t, dir) // its small model is none
	code, _, stderr = cli(t, "serve", "--addr", "127.0.0.1:0", "--site", page, "--models", dir)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "small")
	code, _, _ = cli(t, "serve", "--models", dir, "--model", "x")
	assert.Equal(t, exitUsage, code)
}

// TestForeignHostIsRefused asks a loopback listener under the names that it has, and under one that another site points at it.
func TestForeignHostIsRefused(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })
	loopback, everywhere := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2), Port: 8080}, &net.TCPAddr{IP: net.IPv6unspecified, Port: 8080}
	for _, c := range []struct {
		listen net.Addr
		flag   string
		host   string
		want   int
	}{
		{loopback, "127.0.0.2:8080", "localhost:8080", http.StatusOK},
		{loopback, "127.0.0.2:8080", "LOCALHOST", http.StatusOK},
		{loopback, "127.0.0.2:8080", "127.0.0.1:1", http.StatusOK},
		{loopback, "127.0.0.2:8080", "[::1]:8080", http.StatusOK},
		{loopback, "127.0.0.2:8080", "[::1]", http.StatusOK},
		{loopback, "127.0.0.2:8080", "127.0.0.2:8080", http.StatusOK},
		{loopback, "inspector.local:8080", "inspector.local", http.StatusOK},
		{loopback, "127.0.0.2:8080", "evil.example:8080", http.StatusForbidden},
		{loopback, "127.0.0.2:8080", "localhost.evil.example", http.StatusForbidden},
		{loopback, "127.0.0.2:8080", "127.0.0.3:8080", http.StatusForbidden},
		{loopback, "127.0.0.2:8080", "", http.StatusForbidden},
		{everywhere, ":8080", "inspector.example:8080", http.StatusOK},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		(&serveFlags{addr: c.flag}).guard(c.listen, page).ServeHTTP(w, r)
		assert.Equal(t, c.want, w.Code, "%s under %q", c.flag, c.host)
		if c.want == http.StatusForbidden {
			assert.NotContains(t, w.Body.String(), "page")
			assert.Contains(t, w.Header().Get("Content-Type"), "text/plain")
		}
	}
}

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/modelstore/storetest"
	"anomnet/cmd/internal/site"
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

// barePage is a folder with as much of the site as serve looks at.
func barePage(t *testing.T) string {
	t.Helper()
	page := t.TempDir()
	for name, text := range map[string]string{"index.html": "page", "models/default.anomnet": "old", "samples/index.json": "old",
		"site.json": `{"version":"x","files":{"index.html":["` + strings.Repeat("0", 64) + `",4],"models/default.anomnet":["old",3]}}`,
		"sw.js":     "const BUILD = \"" + strings.Repeat("0", 64) + "\";\n"} {
		p := filepath.Join(page, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
		require.NoError(t, os.WriteFile(p, []byte(text), 0o644))
	}
	return page
}

// TestServeListsWhatItServes: with another part the page's list of files, which its service worker checks, names the files that are served.
func TestServeListsWhatItServes(t *testing.T) {
	page := barePage(t)
	f := &serveFlags{dir: page, head: filepath.Join("..", "..", "assets", "models", "default.anomnet")}
	files, err := f.files()
	require.NoError(t, err)
	list, err := fs.ReadFile(files, site.ListName)
	require.NoError(t, err)
	l := &site.List{}
	require.NoError(t, json.Unmarshal(list, l))
	for _, name := range []string{"models/index.json", "models/backbone.anomnet", "models/default.anomnet", "samples/index.json"} {
		data, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		assert.Equal(t, site.File{SHA256: fmt.Sprintf("%x", sha256.Sum256(data)), Bytes: int64(len(data))}, l.Files[name], name)
	}
	worker, err := fs.ReadFile(files, site.WorkerName)
	require.NoError(t, err)
	assert.Contains(t, string(worker), fmt.Sprintf("%x", sha256.Sum256(list)))
}

// TestServeEndsBesideASilentClient: SIGTERM ends the server with 0, also when somebody has connected and says nothing.
func TestServeEndsBesideASilentClient(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- (&serveFlags{}).serve(ctx, l, fstest.MapFS{"index.html": {Data: []byte("page")}}) }()
	silent, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer silent.Close()
	res, err := http.Get("http://" + l.Addr().String()) // the silent one came before and has been accepted
	require.NoError(t, err)
	res.Body.Close()
	stop()
	assert.NoError(t, <-done)
	_, err = silent.Read(make([]byte, 1))
	assert.Error(t, err, "hung up on")
}

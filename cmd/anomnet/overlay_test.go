package main

import (
	"io/fs"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/site"
)

// TestOverlayHidesPrecompressedForms is what a browser asks of serve --model: it takes br and gzip.
func TestOverlayHidesPrecompressedForms(t *testing.T) {
	under := fstest.MapFS{}
	for _, name := range []string{"a.json", "a.json.br", "a.json.gz", "b.json", "b.json.gz"} {
		under[name] = &fstest.MapFile{Data: []byte("old " + name)}
	}
	o := overlay{under, map[string][]byte{"a.json": []byte("new")}}
	for path, want := range map[string]string{"/a.json": "new", "/b.json": "old b.json.gz"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Encoding", "br, gzip")
		w := httptest.NewRecorder()
		site.Handler(o).ServeHTTP(w, r)
		assert.Equal(t, want, w.Body.String(), path)
	}
	_, err := fs.ReadFile(o, "a.json.br")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

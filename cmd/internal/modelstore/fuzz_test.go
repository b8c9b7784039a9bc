package modelstore

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/core/catalogue"
)

// asked is a store that remembers what it was asked for.
type asked struct{ names []string }

func (a *asked) Get(_ context.Context, name string) (*Object, error) {
	a.names = append(a.names, name)
	if name == catalogue.IndexName {
		return &Object{io.NopCloser(strings.NewReader("{}")), 2}, nil
	}
	return nil, fs.ErrNotExist
}

// FuzzRequest: whatever is asked for, the store is asked only for names that a packed folder can have, and the answer is one of six.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/models/index.json", "", "")
	f.Add("HEAD", "/models/blobs/"+strings.Repeat("ab", 32), `W/"a", "b"`, "bytes=0-1")
	f.Add("POST", "/models/../../etc/passwd", "*", "bytes=-")
	f.Add("GET", "/models/blobs/%2e%2e%2findex.json", `"`, "")
	f.Fuzz(func(t *testing.T, method, path, tag, span string) {
		a := &asked{}
		r := &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{"If-None-Match": {tag}, "Range": {span}}}
		w := httptest.NewRecorder()
		Handler(a).ServeHTTP(w, r.WithContext(context.Background()))
		require.Contains(t, []int{200, 304, 404, 405, 500, 503}, w.Code)
		for _, name := range a.names {
			digest, blob := strings.CutPrefix(name, catalogue.BlobDir)
			require.True(t, blob && catalogue.IsDigest(digest) || name == catalogue.IndexName || name == catalogue.SignatureName || name == catalogue.KeyName, name)
		}
		if method != http.MethodGet && method != http.MethodHead {
			require.Equal(t, 405, w.Code)
		}
	})
}

package site

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/cmd/internal/pack"
	"anomnet/core/catalogue"
)

// TestOnlyWhatIsOfferedIsPublished: a secret key that was left in a packed folder does not become a file of the site.
func TestOnlyWhatIsOfferedIsPublished(t *testing.T) {
	files, err := pack.Collect(fstest.MapFS{"backbone.anomnet": {Data: assets.Backbone()}})
	require.NoError(t, err)
	p, err := pack.Build(files, &pack.Options{Counter: 1, Date: time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	dir, out := t.TempDir(), t.TempDir()
	all := map[string][]byte{catalogue.IndexName: p.Index, catalogue.KeyName: []byte("key"), "line4.key": []byte("secret"), "sha256/line4.key": []byte("secret"),
		".DS_Store": nil, "index.json~": nil}
	for name, data := range p.Blobs {
		all[name] = data
	}
	for name, data := range all {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o644))
	}
	b, err := newBuilder(&Options{Models: dir})
	require.NoError(t, err)
	require.NoError(t, b.models(t.Context(), out))
	var got []string
	for name := range all {
		if _, err := os.Stat(filepath.Join(out, "models", filepath.FromSlash(name))); err == nil {
			got = append(got, name)
		}
	}
	assert.Len(t, got, 2+len(p.Blobs), "%v", got)
	assert.NotContains(t, got, "line4.key")
}

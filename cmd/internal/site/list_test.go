package site

import (
	"bytes"
	"encoding/json"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const workerText = "// a worker\nconst BUILD = \"0000000000000000000000000000000000000000000000000000000000000000\"; // x\nrest\n"

// listed makes a small site with its list.
func listed(t *testing.T) (dir string, files map[string][]byte) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{"index.html": "page", "assets/js/sw.js": workerText, "assets/js/a.mjs": "a", "models/index.json": "{}",
		"models/m": "model", "_headers": "none"} {
		p := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
		require.NoError(t, os.WriteFile(p, []byte(text), 0o644))
	}
	b := &builder{Options{Version: "v", Log: &bytes.Buffer{}}}
	require.NoError(t, b.list(t.Context(), dir))
	files = map[string][]byte{}
	for _, name := range []string{ListName, WorkerName} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		files[name] = data
	}
	return dir, files
}

func TestList(t *testing.T) {
	dir, files := listed(t)
	l := &List{}
	require.NoError(t, json.Unmarshal(files[ListName], l))
	assert.Equal(t, "v", l.Version)
	assert.Equal(t, digest([]byte(workerText)), l.Worker)
	assert.Equal(t, map[string]File{"index.html": fileOf([]byte("page")), "assets/js/a.mjs": fileOf([]byte("a")),
		"models/index.json": fileOf([]byte("{}")), "models/m": fileOf([]byte("model"))}, l.Files)
	assert.Equal(t, strings.Replace(workerText, strings.Repeat("0", 64), digest(files[ListName]), 1), string(files[WorkerName]))
	assert.NoFileExists(t, filepath.Join(dir, "assets", "js", "sw.js"), "its scope would be its folder")
	_, again := listed(t)
	assert.Equal(t, files, again, "the same files make the same bytes")
}

func TestRelist(t *testing.T) {
	dir, files := listed(t)
	same, err := Relist(os.DirFS(dir), nil, "")
	require.NoError(t, err)
	assert.Equal(t, files, same)

	other, err := Relist(os.DirFS(dir), map[string][]byte{"samples/index.json": []byte("[]"), "index.html": []byte("new")}, "models")
	require.NoError(t, err)
	l := &List{}
	require.NoError(t, json.Unmarshal(other[ListName], l))
	assert.Equal(t, map[string]File{"index.html": fileOf([]byte("new")), "assets/js/a.mjs": fileOf([]byte("a")), "samples/index.json": fileOf([]byte("[]"))}, l.Files)
	assert.Contains(t, string(other[WorkerName]), digest(other[ListName]))

	none, err := Relist(fstest.MapFS{}, nil, "")
	require.NoError(t, err)
	assert.Empty(t, none, "a site of an earlier build has no list")
	for name, fsys := range map[string]fs.FS{
		"no json":   fstest.MapFS{ListName: {Data: []byte("x")}},
		"no worker": fstest.MapFS{ListName: {Data: []byte("{}")}},
		"no line":   fstest.MapFS{ListName: {Data: []byte("{}")}, WorkerName: {Data: []byte("x")}},
		"no pair":   fstest.MapFS{ListName: {Data: []byte(`{"files":{"a":["x"]}}`)}, WorkerName: {Data: []byte(workerText)}},
	} {
		_, err := Relist(fsys, nil, "")
		assert.Error(t, err, name)
	}
}

// TestIcons: the ground fills a maskable icon to its corners, and its drawing keeps within the middle 80 %.
func TestIcons(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "assets", "icons"), 0o755))
	require.NoError(t, icons(t.Context(), dir))
	for name, want := range map[string]struct {
		size   int
		corner uint32
	}{"icon-192.png": {192, 0}, "icon-512.png": {512, 0}, "maskable-512.png": {512, 0xffff}} {
		data, err := os.ReadFile(filepath.Join(dir, "assets", "icons", name))
		require.NoError(t, err)
		m, err := png.Decode(bytes.NewReader(data))
		require.NoError(t, err)
		assert.Equal(t, want.size, m.Bounds().Dx(), name)
		_, _, _, a := m.At(0, 0).RGBA()
		assert.Equal(t, want.corner, a, name)
		assert.Equal(t, iconOdd, color.NRGBAModel.Convert(m.At(want.size/2, want.size/2)), name)
	}
	m := icon(256, 0.75, 0)
	for y := range 256 {
		for x := range 256 {
			if dx, dy := float64(x)-127.5, float64(y)-127.5; dx*dx+dy*dy > 0.4*0.4*256*256 {
				require.Equal(t, iconGround, m.NRGBAAt(x, y), "%d, %d lies outside of the safe zone", x, y)
			}
		}
	}
}

func TestSealIndex(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.mjs"), []byte("a"), 0o644))
	page := "<link rel=\"icon\" href=\"i.svg\">\n<link rel=\"modulepreload\" href=\"a.mjs\">\n<script type=\"module\" src=\"a.mjs\"></script>"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte(page), 0o644))
	require.NoError(t, sealIndex(dir))
	got, err := os.ReadFile(filepath.Join(dir, "index.html"))
	require.NoError(t, err)
	const sum = ` integrity="sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="` // printf a | openssl dgst -sha256 -binary | base64
	assert.Equal(t, strings.ReplaceAll(page, `"a.mjs"`, `"a.mjs"`+sum), string(got))
	require.NoError(t, os.Remove(filepath.Join(dir, "a.mjs")))
	assert.Error(t, sealIndex(dir))
}

package assets_test

import (
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/model"
)

// defaults are the files of the built-in part.
func defaults(t *testing.T) map[string][]byte {
	t.Helper()
	head, err := os.ReadFile("models/default.anomnet")
	require.NoError(t, err)
	return map[string][]byte{"backbone": assets.Backbone(), "head": head}
}

func TestTheBuiltInPartBelongsToTheBuiltInBackbone(t *testing.T) {
	files := defaults(t)
	b, err := model.Decode(files["backbone"])
	require.NoError(t, err)
	h, err := model.Decode(files["head"])
	require.NoError(t, err)
	require.NotNil(t, h.Head)
	assert.NoError(t, h.Head.Fits(b.Backbone))
}

// TestEveryChangedByteIsRefused makes 1,000 random single-byte changes to each file that ships.
func TestEveryChangedByteIsRefused(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, seed))
	for name, data := range defaults(t) {
		t.Run(name, func(t *testing.T) {
			changed := append([]byte(nil), data...)
			for range 1000 {
				at := rng.IntN(len(data))
				changed[at] ^= byte(1 + rng.IntN(255))
				_, err := model.Decode(changed)
				require.ErrorIs(t, err, model.ErrCorrupt, "byte %d", at)
				changed[at] = data[at]
			}
		})
	}
}

// TestIndexNamesEveryModule: what the page's scripts import stands in index.html, so that it is fetched at once, and so that a sealed site has its digest.
func TestIndexNamesEveryModule(t *testing.T) {
	page, err := os.ReadFile("../index.html")
	require.NoError(t, err)
	named := map[string]bool{}
	var todo []string
	for _, m := range regexp.MustCompile(`<(?:script type="module" src|link rel="modulepreload" href)="([^"]+)"`).FindAllSubmatch(page, -1) {
		named[string(m[1])] = true
		todo = append(todo, string(m[1]))
	}
	imports, seen := regexp.MustCompile(`(?m)^(?:import|export) (?:.* from )?"(\.[^"]+)";`), 0
	for _, from := range todo {
		if path.Dir(from) != "assets/js" || path.Base(from) == "hashes.mjs" { // wasm_exec.js is Go's; hashes.mjs is written with the site
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(from)))
		require.NoError(t, err)
		for _, m := range imports.FindAllSubmatch(text, -1) {
			seen++
			assert.True(t, named[path.Join(path.Dir(from), string(m[1]))], "%s imports %s", from, m[1])
		}
	}
	assert.Greater(t, seen, 8)
}

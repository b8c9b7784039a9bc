package ui

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets/messages"
	"anomnet/core/imaging"
	"anomnet/wasm/protocol"
)

// textKey finds catalogue keys in sources: quoted, dotted, lower case before the first dot.
var textKey = regexp.MustCompile(`"([a-z]+(?:\.[A-Za-z_]+)+)"`)

// usedKeys collects every key that the page can ask for.
func usedKeys(t *testing.T) map[string]bool {
	t.Helper()
	used := map[string]bool{"format.decimal": true, "format.percent": true}
	for _, c := range protocol.Codes() {
		used["error."+c], used["error."+c+".do"] = true, true
	}
	for _, c := range refusals() {
		used["refused."+c], used["refused."+c+".do"] = true, true
	}
	for _, r := range protocol.TrustReasons() {
		used["trust.why."+r] = true
	}
	for _, v := range []string{protocol.VerdictOK, protocol.VerdictReview, protocol.VerdictNG} {
		used["verdict."+v], used["verdict."+v+".text"] = true, true
	}
	for _, l := range []string{"good", "defect"} {
		used["facts.label."+l] = true
	}
	for id := range viewIDs(t) {
		used["view."+id] = true
	}
	for _, k := range []string{"part.rate.promised", "part.rate.aimed"} {
		used[k+".tip"] = true
	}
	var sources []string
	for _, pattern := range []string{"../*/*.go", "../*/*.vugu", "../../core/report/*.go"} {
		m, err := filepath.Glob(pattern)
		require.NoError(t, err)
		sources = append(sources, m...)
	}
	for _, f := range sources {
		if strings.HasSuffix(f, "_gen.go") || strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range textKey.FindAllStringSubmatch(string(b), -1) {
			used[m[1]] = true
		}
	}
	return used
}

// viewIDs finds the views that packages below webui make.
func viewIDs(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../*/*.go")
	require.NoError(t, err)
	ids := map[string]bool{inspectID: true}
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range viewID.FindAllSubmatch(b, -1) {
			ids[string(m[1])] = true
		}
	}
	return ids
}

// viewID finds the ids of views in sources.
var viewID = regexp.MustCompile(`ui\.View\{ID: "([a-z]+)"`)

func TestCataloguesHaveExactlyTheKeysInUse(t *testing.T) {
	used := usedKeys(t)
	for _, lang := range messages.Languages() {
		c, err := messages.Load(lang)
		require.NoError(t, err)
		for _, k := range c.Keys() {
			counted := false
			for _, form := range messages.Forms(lang) {
				counted = counted || strings.HasSuffix(k, "."+form) && used[strings.TrimSuffix(k, "."+form)]
			}
			assert.True(t, used[k] || counted, "%s: key %s is not used", lang, k)
		}
		for k := range used {
			missing := slices.DeleteFunc(messages.Forms(lang), func(form string) bool { return c.Has(k + "." + form) })
			assert.True(t, c.Has(k) || len(missing) == 0, "%s: key %s is missing", lang, k)
		}
	}
}

func TestCataloguesAgreeOnPlaceholders(t *testing.T) {
	hole := regexp.MustCompile(`\{[^{}]*\}`)
	en, err := messages.Load("en")
	require.NoError(t, err)
	for _, lang := range messages.Languages() {
		c, err := messages.Load(lang)
		require.NoError(t, err)
		for _, k := range c.Keys() {
			want, got := hole.FindAllString(en.T(k), -1), hole.FindAllString(c.T(k), -1)
			slices.Sort(want)
			slices.Sort(got)
			assert.Equal(t, want, got, "%s %s", lang, k)
			assert.NotEmpty(t, c.T(k), "%s %s", lang, k)
		}
	}
}

func TestTextsNameTheRealLimits(t *testing.T) {
	for lang, thousands := range map[string]string{"en": ",", "de": ".", "zh": ",", "ja": ",", "es": "."} {
		c, err := messages.Load(lang)
		require.NoError(t, err)
		says := c.T("error.too_large.do")
		assert.Contains(t, says, fmt.Sprintf(" %d ", imaging.DefaultMaxPixels>>20), lang)
		assert.Contains(t, says, fmt.Sprintf("%d%s%03d ", imaging.DefaultMaxSide/1000, thousands, imaging.DefaultMaxSide%1000), lang)
	}
}

func TestGeneratedFilesAreFresh(t *testing.T) {
	if runtime.GOOS == "js" {
		t.Skip("needs the go command")
	}
	dir := filepath.Join(t.TempDir(), "ui")
	require.NoError(t, os.Mkdir(dir, 0o755))
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "_gen.go") || f.IsDir() {
			continue
		}
		b, err := os.ReadFile(f.Name())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name()), b, 0o644))
	}
	out, err := exec.Command("go", "run", "anomnet/cmd/internal/vugugen", "-skip-go-mod", dir).CombinedOutput()
	require.NoError(t, err, string(out))
	made, err := filepath.Glob(filepath.Join(dir, "*_gen.go"))
	require.NoError(t, err)
	here, err := filepath.Glob("*_gen.go")
	require.NoError(t, err)
	require.Len(t, here, len(made))
	for _, f := range made {
		want, err := os.ReadFile(f)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Base(f))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s: run go generate ./webui/ui", filepath.Base(f))
	}
}

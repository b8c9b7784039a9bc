package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const markup = `<div class="a" title="say &quot;hi&quot; \ now">
  <p>text</p> <b :class='c.Name' id="b" @click='c.Do()'>x</b>
  <main:Other vg-if='c.Name != ""' Kind="k"></main:Other>
  <svg viewBox="0 0 1 1"><path d="M0 0"></path></svg>
</div>
`

// TestSlimKnowsWhatVugugenWrites makes a component: a new version of Vugu that writes something else is seen here, not in the size.
func TestSlimKnowsWhatVugugenWrites(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "thing.vugu"), []byte(strings.ReplaceAll(markup, "main:Other", "x:Other")), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "thing.go"), []byte("package x\n\ntype Thing struct{ Name string }\n\nfunc (c *Thing) Do() {}\n"), 0o644))
	out, err := exec.Command("go", "tool", "vugugen", "-skip-go-mod", dir).CombinedOutput()
	require.NoError(t, err, string(out))
	src, err := os.ReadFile(filepath.Join(dir, "thing_gen.go"))
	require.NoError(t, err)
	got := string(Slim(src))
	for _, want := range []string{
		`vgn = slim.El(vgparent, "", "p")`, `vgn = slim.El(vgparent, "", "b\x00id\x00b")`, `slim.Text(vgparent, "\n  ")`,
		`slim.On(vgn, "click", func(event vugu.DOMEvent) { c.Do() })`, `vgcomp := slim.Use[Other](vgin, vgcompKey)`, `slim.Put(vgout, vgparent, vgcomp)`,
		`import "anomnet/webui/dom/slim"`,
	} {
		assert.Contains(t, got, want)
	}
	for _, left := range []string{"log", "CachedComponent", "vgparent.AppendChild", "DOMEventHandlerSpecList = append"} {
		assert.NotContains(t, got, left)
	}
	assert.Equal(t, got, string(Slim([]byte(got))), "once is enough")
}

func TestSlimLeavesWhatItDoesNotKnow(t *testing.T) {
	for _, s := range []string{
		"", "package x\n", "vgn = &vugu.VGNode{Type: vugu.VGNodeType(3), Namespace: \"\", Data: \"p\", Attr: []vugu.VGAttribute{other()}}\n\tvgparent.AppendChild(vgn)",
	} {
		assert.Equal(t, s, string(Slim([]byte(s))))
	}
}

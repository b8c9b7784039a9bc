package ui

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
	"anomnet/webui/dom/vdom"
)

// TestMarkupInNamesStaysText: names of files and of the part, and messages, come from outside. What looks like markup is shown as it is.
func TestMarkupInNamesStaysText(t *testing.T) {
	const evil = `<img src=x onerror=alert(1)>`
	p, _ := readyPage(t, 3)
	p.Part.Part = evil
	p.Add(fakeFile(evil+".png"), fakeFile("b&lt;b&gt;.png"), fakeFile("c.png"))
	p.Scored(1, score("NG", 2), nil)
	p.Scored(2, score("OK", 0.5), nil)
	p.Failed(3, protocol.Error{Code: protocol.CodeNotImage, Message: evil, Hint: evil})
	p.Select(1)
	tree := newView(t, p).tree()
	assert.Contains(t, text(tree), evil+".png")
	assert.Contains(t, text(tree), "b&lt;b&gt;.png", "nothing is decoded either")
	walk(tree, func(n *vdom.Node) {
		for _, a := range n.Attrs {
			assert.False(t, strings.HasPrefix(strings.ToLower(a.Key), "on"), "<%s %s>", n.Tag, a.Key)
		}
		assert.False(t, n.Tag == "img" && attrOf(n, "src") == "x")
	})
}

// TestIDsAreThereOnce: the header and the dialogs are in the document together with every view.
func TestIDsAreThereOnce(t *testing.T) {
	files, err := filepath.Glob("../*/*.vugu")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	seen := map[string]string{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllSubmatch(data, -1) {
			id := string(m[1])
			assert.Empty(t, seen[id], "%s in %s", id, f)
			seen[id] = f
		}
	}
}

package ui

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

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

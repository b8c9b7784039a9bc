package ui

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vugu/vugu"
	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
)

func noValue() vjs.Value { return vjs.Value{} }

// counter is a view that shows what it was told.
type counter struct {
	seen, built int
}

func (c *counter) Build(*vugu.BuildIn) *vugu.BuildOut {
	c.built++
	n := &vugu.VGNode{Type: vugu.ElementNode, Data: "div"}
	n.AppendChild(&vugu.VGNode{Type: vugu.TextNode, Data: string(rune('0' + c.seen))})
	return &vugu.BuildOut{Out: []*vugu.VGNode{n}}
}

func TestViews(t *testing.T) {
	p, _ := readyPage(t, 2)
	assert.Empty(t, find(newView(t, p).tree(), "class", "views"), "one view needs no links")

	c, shown, taken := &counter{}, 0, 0
	p.Register(View{ID: "second", Body: c, Shown: func() { shown++ }, Take: func(images []Source) bool { taken += len(images); return len(images) < 3 }})
	p.Watch(Watcher{Inspected: func(_ protocol.LoadResult, it *Item) { c.seen++ }})
	v := newView(t, p)
	nav := find(v.tree(), "class", "views")
	require.Len(t, nav, 1)
	links := nav[0].Kids
	require.Len(t, links, 2)
	assert.Equal(t, []string{"#/inspect", "page", "#/second", ""},
		[]string{attrOf(links[0], "href"), attrOf(links[0], "aria-current"), attrOf(links[1], "href"), attrOf(links[1], "aria-current")})
	assert.Zero(t, c.built, "a view that is not shown is not built")

	p.Show(ViewID("#/second"))
	assert.Equal(t, "second", p.View().ID)
	assert.True(t, p.FocusView)
	main := find(v.tree(), "id", "main")[0]
	assert.Equal(t, "document", attrOf(main, "class"))
	assert.Equal(t, 1, shown)
	p.Show("second")
	assert.Equal(t, 1, shown, "nothing to do")
	assert.False(t, p.Press("m", true, false), "the keys of another view do nothing here")
	assert.True(t, p.Press("?", true, false))
	p.SetHelp(false)

	p.Give(nil, []Source{fakeFile("a")})
	assert.Equal(t, 1, taken)
	assert.Empty(t, p.Items())
	p.Give(nil, []Source{fakeFile("a"), fakeFile("b"), fakeFile("c")})
	assert.Equal(t, "inspect", p.View().ID, "what the view refuses is inspected")
	p.Show("second")
	v.tree()
	built := c.built
	p.Scored(1, score("OK", 1), nil)
	assert.Contains(t, text(v.amended()), "1", "it shows what it was told")
	assert.Equal(t, built+1, c.built)
	v.amended()
	assert.Equal(t, built+1, c.built, "and is not built without an event")
	p.Show(ViewID("#/unknown"))
	assert.Equal(t, "inspect", p.View().ID)
}

// TestResultsBuildOnlyTheList lets results come in that nobody looks at.
func TestResultsBuildOnlyTheList(t *testing.T) {
	p, _ := readyPage(t, 9)
	p.Add(fakeFile("a"), fakeFile("b"), fakeFile("c"))
	p.Scored(1, score("OK", 0.5), nil)
	v := newView(t, p)
	v.tree()
	rev := p.rev
	p.Scored(2, score("NG", 2), nil)
	assert.Equal(t, rev, p.rev)
	tree := v.amended()
	assert.Equal(t, "NG", attrOf(find(tree, "role", "option")[1], "data-verdict"))
	assert.Contains(t, text(find(tree, "class", "running")[0]), "2 of 3")
}

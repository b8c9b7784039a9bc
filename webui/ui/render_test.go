package ui

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vugu/vugu"
	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/dom/vdom"
)

// view builds the page as the renderer would.
type view struct {
	t    *testing.T
	root *Root
	page *Page
	env  *vugu.BuildEnv
}

func newView(t *testing.T, p *Page) *view {
	t.Helper()
	env, err := vugu.NewBuildEnv()
	require.NoError(t, err)
	return &view{t, NewRoot(p), p, env}
}

func (v *view) tree() *vdom.Node {
	v.t.Helper()
	v.page.Touch() // as the renderer does before every event
	return v.amended()
}

// amended builds the page after a change that tells itself what it changes.
func (v *view) amended() *vdom.Node {
	v.t.Helper()
	n, err := vdom.Flatten(v.env.RunBuild(v.root))
	require.NoError(v.t, err)
	return n
}

func attrOf(n *vdom.Node, key string) string {
	for _, a := range n.Attrs {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// find returns the nodes whose attribute has the word.
func find(n *vdom.Node, key, word string) []*vdom.Node {
	var out []*vdom.Node
	for _, w := range strings.Fields(attrOf(n, key)) {
		if w == word {
			out = append(out, n)
		}
	}
	for _, k := range n.Kids {
		out = append(out, find(k, key, word)...)
	}
	return out
}

func text(n *vdom.Node) string {
	s := n.Text
	for _, k := range n.Kids {
		s += " " + text(k)
	}
	return strings.Join(strings.Fields(s), " ")
}

func walk(n *vdom.Node, f func(*vdom.Node)) {
	f(n)
	for _, k := range n.Kids {
		walk(k, f)
	}
}

// fakeEvent carries a target's value.
type fakeEvent struct {
	vugu.DOMEvent
	value   string
	checked bool
}

func (e fakeEvent) PropString(...string) string { return e.value }
func (e fakeEvent) PropBool(...string) bool     { return e.checked }
func (e fakeEvent) JSEventTarget() vjs.Value    { return vjs.Value{} }

func fire(t *testing.T, n *vdom.Node, typ string, e fakeEvent) {
	t.Helper()
	for _, h := range n.On {
		if h.EventType == typ {
			h.Func(e)
			return
		}
	}
	require.Fail(t, "no handler", "%s on <%s>", typ, n.Tag)
}

func TestFirstVisit(t *testing.T) {
	p, _ := newPage(t, 1)
	v := newView(t, p)
	tree := v.tree()
	assert.Contains(t, text(tree), "Loading the model")
	assert.Empty(t, find(tree, "id", "samples"))

	p, b := readyPage(t, 1)
	v = newView(t, p)
	tree = v.tree()
	assert.Contains(t, text(tree), "Part Washer")
	assert.Contains(t, text(tree), "0 requests since load")
	assert.Contains(t, text(tree), "False rejects aimed at")
	fire(t, find(tree, "id", "samples")[0], "click", fakeEvent{})
	assert.Equal(t, []int{1}, b.scoring)
	assert.Len(t, find(v.tree(), "role", "option"), 2)
}

func TestBrokenShowsWhy(t *testing.T) {
	p, _ := newPage(t, 1)
	p.Fail(protocol.Error{Code: protocol.CodeModelMismatch, Message: "digests differ"})
	s := text(newView(t, p).tree())
	assert.Contains(t, s, "The model could not be loaded")
	assert.Contains(t, s, "The model files do not belong together")
	assert.Contains(t, s, "digests differ")
}

func TestResultIsShownInEveryWay(t *testing.T) {
	p, b := readyPage(t, 1)
	v := newView(t, p)
	p.Add(fakeFile("part.png"))
	assert.Contains(t, text(v.tree()), "Inspecting")
	p.Scored(1, score("NG", 1.37), []float32{1, 2, 3, 4})
	tree := v.tree()
	facts := find(tree, "class", "facts")[0]
	for _, want := range []string{"NG", "1.37 × limit", "2.74", "0.250", "640 × 480", "12 ms", "abcdefabcdef"} {
		assert.Contains(t, text(facts), want)
	}
	item := find(tree, "role", "option")[0]
	assert.Equal(t, "part.png", attrOf(item, "data-name"))
	assert.Equal(t, "1076845609", attrOf(item, "data-raw-bits"))
	assert.Equal(t, "NG", attrOf(item, "data-verdict"))
	assert.Equal(t, "true", attrOf(item, "aria-selected"))
	assert.Equal(t, "1.37 part.png: NG", attrOf(item, "aria-label"))
	assert.Equal(t, "part.png: NG, 1.37 times the limit.", text(find(tree, "aria-live", "polite")[0]))
	walk(tree, func(n *vdom.Node) {
		if n.Create != nil {
			n.Create.JSValueHandle(vjs.Value{})
		}
		if n.Populate != nil {
			n.Populate.JSValueHandle(vjs.Value{})
		}
	})
	assert.Equal(t, []string{"stage", "picture1", "heat1", "opacity0.65", "thumb1part.png"}, b.drawn)
}

func TestFailedImageSaysWhatToDo(t *testing.T) {
	p, _ := readyPage(t, 1)
	p.Add(fakeFile("a.txt"))
	p.Failed(1, protocol.Error{Code: protocol.CodeNotImage, Message: "imaging: no known signature", Hint: "use PNG"})
	tree := newView(t, p).tree()
	s := text(find(tree, "class", "failure")[0])
	for _, want := range []string{"This is not an image", "a.txt", "Use PNG, JPEG", "The other images are not affected", "no known signature"} {
		assert.Contains(t, s, want)
	}
	assert.Equal(t, "not_image", attrOf(find(tree, "role", "option")[0], "data-error"))
	assert.Empty(t, find(tree, "class", "picture"))
}

func TestControls(t *testing.T) {
	p, b := readyPage(t, 1)
	v := newView(t, p)
	b.picked = func() { p.Give(nil, []Source{fakeFile("x"), fakeFile("y")}) }
	fire(t, find(v.tree(), "type", "file")[0], "change", fakeEvent{})
	require.Len(t, p.Items(), 2)
	fire(t, find(v.tree(), "id", "cancel")[0], "click", fakeEvent{})
	require.Len(t, p.Items(), 1)
	p.Scored(1, score("OK", 0.5), nil)
	tree := v.tree()
	fire(t, find(tree, "id", "opacity")[0], "input", fakeEvent{value: "40"})
	assert.Equal(t, 0.4, p.Look.HeatOpacity())
	fire(t, find(tree, "id", "map-on")[0], "change", fakeEvent{checked: false})
	assert.Zero(t, p.Look.HeatOpacity())
	fire(t, find(tree, "class", "filter")[1], "click", fakeEvent{})
	assert.Contains(t, text(v.tree()), "No image has this verdict")
	fire(t, find(v.tree(), "class", "language")[0], "change", fakeEvent{value: "de"})
	assert.Contains(t, text(v.tree()), "Leeren")
	fire(t, find(v.tree(), "id", "clear")[0], "click", fakeEvent{})
	assert.Empty(t, p.Items())
}

// TestMarkupRules checks what a strict policy and screen readers need, in every state of the page.
func TestMarkupRules(t *testing.T) {
	p, _ := readyPage(t, 2)
	v := newView(t, p)
	check := func() {
		ids := map[string]bool{}
		tree := v.tree()
		walk(tree, func(n *vdom.Node) {
			for _, a := range n.Attrs {
				assert.NotEqual(t, "style", a.Key, "style attributes are blocked by the policy")
				assert.False(t, strings.HasPrefix(a.Key, "on"), a.Key)
				if a.Key == "id" {
					assert.False(t, ids[a.Val], "id %s twice", a.Val)
					ids[a.Val] = true
				}
			}
			switch n.Tag {
			case "button", "summary":
				assert.NotEmpty(t, text(n)+attrOf(n, "aria-label"), "<%s> without a name", n.Tag)
			case "select", "section", "ul":
				named := attrOf(n, "aria-label") + attrOf(n, "aria-labelledby") + attrOf(n, "aria-hidden")
				assert.NotEmpty(t, named, "<%s class=%q> without a name", n.Tag, attrOf(n, "class"))
			}
		})
		walk(tree, func(n *vdom.Node) {
			for _, key := range []string{"aria-describedby", "aria-labelledby", "aria-activedescendant"} {
				if ref := attrOf(n, key); ref != "" {
					assert.True(t, ids[ref], "%s=%s points nowhere", key, ref)
				}
			}
		})
	}
	check()
	p.Add(fakeFile("a"), fakeFile("b"), fakeFile("c"), fakeFile("d"))
	check()
	p.Scored(1, score("NG", 2.5), []float32{1})
	p.Failed(2, protocol.Error{Code: protocol.CodeCorrupt, Message: "m"})
	check()
	p.Select(2)
	check()
	p.Dragging = true
	p.SetFilter("OK")
	check()
}

func TestMarksDifferInShape(t *testing.T) {
	seen := map[string]string{}
	for _, kind := range []string{"ok", "review", "ng", "failed"} {
		m := &Mark{Kind: kind}
		require.NotEmpty(t, m.Shape(), kind)
		for _, d := range []string{m.Shape(), m.Sign()} {
			assert.Empty(t, seen[d], "%s looks like %s", kind, seen[d])
			seen[d] = kind
		}
	}
}

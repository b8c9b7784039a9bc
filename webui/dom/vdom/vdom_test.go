package vdom

import (
	"fmt"
	"html"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vugu/vugu"
	"github.com/vugu/vugu/js"
)

// fakeHost is a tree that checks every rule of Host.
type fakeHost struct {
	t     require.TestingT
	nodes map[Ref]*fakeNode
	last  Ref
	made  int
	moves int
	sets  int
	calls int
}

type fakeNode struct {
	tag, text string
	attrs     map[string]string
	props     map[string]string
	on        []string
	kids      []Ref
	parent    Ref
}

const root = Ref(-1)

func newFake(t require.TestingT) *fakeHost {
	return &fakeHost{t: t, nodes: map[Ref]*fakeNode{root: {tag: "root"}}}
}

func (f *fakeHost) get(r Ref) *fakeNode {
	n := f.nodes[r]
	require.NotNil(f.t, n, "ref %d is not alive", r)
	return n
}

func (f *fakeHost) add(n *fakeNode) Ref {
	f.last++
	f.made++
	f.nodes[f.last] = n
	return f.last
}

func (f *fakeHost) CreateElement(ns, tag string) Ref {
	if ns != "" {
		tag = ns + ":" + tag
	}
	return f.add(&fakeNode{tag: tag, attrs: map[string]string{}, props: map[string]string{}})
}
func (f *fakeHost) CreateText(s string) Ref           { return f.add(&fakeNode{text: s}) }
func (f *fakeHost) SetText(r Ref, s string)           { f.sets++; f.get(r).text = s }
func (f *fakeHost) SetAttr(r Ref, k, v string)        { f.sets++; f.get(r).attrs[k] = v }
func (f *fakeHost) RemoveAttr(r Ref, k string)        { f.sets++; delete(f.get(r).attrs, k) }
func (f *fakeHost) SetProp(r Ref, k string, b []byte) { f.sets++; f.get(r).props[k] = string(b) }
func (f *fakeHost) Call(r Ref, h vugu.JSValueHandler) {
	f.get(r)
	f.calls++
	h.JSValueHandle(js.Value{})
}
func (f *fakeHost) Forget(r Ref) { f.get(r); delete(f.nodes, r) }
func (f *fakeHost) Remove(r Ref) { f.detach(r) }
func (f *fakeHost) Listen(r Ref, on []vugu.DOMEventHandlerSpec) {
	n := f.get(r)
	n.on = nil
	for _, h := range on {
		n.on = append(n.on, h.EventType)
	}
}

func (f *fakeHost) detach(r Ref) {
	n := f.get(r)
	if n.parent == 0 {
		return
	}
	p := f.get(n.parent)
	p.kids = slices.DeleteFunc(p.kids, func(k Ref) bool { return k == r })
	n.parent = 0
}

func (f *fakeHost) Insert(parent, child, before Ref) {
	require.Zero(f.t, f.get(child).parent, "a mounted child is inserted")
	f.place(parent, child, before)
}

func (f *fakeHost) Move(parent, child, before Ref) {
	require.Equal(f.t, parent, f.get(child).parent, "a child moves among its siblings")
	f.moves++
	f.detach(child)
	f.place(parent, child, before)
}

func (f *fakeHost) place(parent, child, before Ref) {
	p := f.get(parent)
	at := len(p.kids)
	if before != 0 {
		at = slices.Index(p.kids, before)
		require.GreaterOrEqual(f.t, at, 0, "before is not a child")
	}
	p.kids = slices.Insert(p.kids, at, child)
	f.get(child).parent = parent
}

func (f *fakeHost) html(r Ref) string {
	n := f.get(r)
	if n.tag == "" {
		return html.EscapeString(n.text)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<%s", n.tag)
	for _, m := range []map[string]string{n.attrs, n.props} {
		keys := []string{}
		for k := range m {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			fmt.Fprintf(&b, " %s=%q", k, m[k])
		}
	}
	fmt.Fprintf(&b, " on=%v>", n.on)
	for _, k := range n.kids {
		b.WriteString(f.html(k))
	}
	fmt.Fprintf(&b, "</%s>", n.tag)
	return b.String()
}

func el(tag, key string, kids ...*Node) *Node {
	n := &Node{Tag: tag, Key: key, Kids: kids}
	if key != "" {
		n.Attrs = []vugu.VGAttribute{{Key: KeyAttr, Val: key}}
	}
	return n
}

func list(keys string) *Node {
	n := el("ul", "")
	for _, k := range keys {
		n.Kids = append(n.Kids, el("li", string(k), &Node{Text: string(k)}))
	}
	return n
}

// fresh renders n on its own, the truth to compare a patched tree with.
func fresh(t require.TestingT, n *Node) string {
	f := newFake(t)
	Mount(f, n, root, 0)
	return f.html(root)
}

func TestKeyedListsMoveTheFewest(t *testing.T) {
	for _, c := range []struct {
		from, to          string
		made, moved, gone int
	}{
		{"abc", "abc", 0, 0, 0},
		{"abc", "abcd", 1, 0, 0},
		{"abc", "xabc", 1, 0, 0},
		{"abc", "axbc", 1, 0, 0},
		{"abc", "ac", 0, 0, 1},
		{"abc", "", 0, 0, 3},
		{"", "abc", 3, 0, 0},
		{"abcdef", "fabcde", 0, 1, 0},
		{"abcdef", "bcdefa", 0, 1, 0},
		{"abcdef", "fedcba", 0, 5, 0},
		{"abcdef", "axcyez", 3, 0, 3},
		{"abcd", "badc", 0, 2, 0},
		{"abc", "xyz", 3, 0, 3},
	} {
		f := newFake(t)
		old := list(c.from)
		Mount(f, old, root, 0)
		made, before := f.made, len(f.nodes)
		refs := map[string]Ref{}
		for _, k := range old.Kids {
			refs[k.Key] = k.Ref
		}
		n := list(c.to)
		Patch(f, old, n, root)
		name := c.from + " to " + c.to
		assert.Equal(t, fresh(t, list(c.to)), f.html(root), name)
		assert.Equal(t, 2*c.made, f.made-made, "made: "+name)
		assert.Equal(t, c.moved, f.moves, "moved: "+name)
		assert.Equal(t, before+2*c.made-2*c.gone, len(f.nodes), "alive: "+name)
		for _, k := range n.Kids {
			if r, ok := refs[k.Key]; ok {
				assert.Equal(t, r, k.Ref, "identity of "+k.Key+": "+name)
			}
		}
	}
}

func TestNothingChangedTouchesNothing(t *testing.T) {
	f := newFake(t)
	build := func() *Node {
		n := list("abc")
		n.Attrs = []vugu.VGAttribute{{Key: "class", Val: "x"}}
		n.Props = []vugu.VGProperty{{Key: "title", JSONVal: []byte(`"t"`)}}
		return n
	}
	old := build()
	Mount(f, old, root, 0)
	f.sets, f.made = 0, 0
	Patch(f, old, build(), root)
	assert.Zero(t, f.sets+f.made+f.moves)
}

func TestTypedValuesAreAlwaysSet(t *testing.T) {
	f := newFake(t)
	build := func() *Node {
		return &Node{Tag: "input", Props: []vugu.VGProperty{{Key: "value", JSONVal: []byte(`"v"`)}}}
	}
	old := build()
	Mount(f, old, root, 0)
	f.get(old.Ref).props["value"] = `"typed"`
	n := build()
	Patch(f, old, n, root)
	assert.Equal(t, `"v"`, f.get(n.Ref).props["value"])
}

func TestHandlersFollowTheNode(t *testing.T) {
	f := newFake(t)
	h := func(typ string) []vugu.DOMEventHandlerSpec { return []vugu.DOMEventHandlerSpec{{EventType: typ}} }
	old := &Node{Tag: "p", Kids: []*Node{{Tag: "b", On: h("click")}, {Tag: "b", On: h("input")}}}
	Mount(f, old, root, 0)
	n := &Node{Tag: "p", Kids: []*Node{{Tag: "b", On: h("input")}}} // the first one went: no ghost of "click" may remain
	Patch(f, old, n, root)
	assert.Equal(t, []string{"input"}, f.get(n.Kids[0].Ref).on)
	Patch(f, n, &Node{Tag: "p", Kids: []*Node{{Tag: "b"}}}, root)
	assert.Empty(t, f.get(n.Kids[0].Ref).on)
}

func TestCreateOncePopulateAlways(t *testing.T) {
	f := newFake(t)
	build := func() *Node {
		return &Node{Tag: "p", Create: vugu.JSValueFunc(func(js.Value) {}), Populate: vugu.JSValueFunc(func(js.Value) {})}
	}
	old := build()
	Mount(f, old, root, 0)
	assert.Equal(t, 2, f.calls)
	Patch(f, old, build(), root)
	assert.Equal(t, 3, f.calls)
}

// randomTree makes trees whose siblings share tags and keys often, as real pages do.
func randomTree(r *rand.Rand, depth int) *Node {
	if depth == 0 || r.IntN(5) == 0 {
		return &Node{Text: string(rune('a' + r.IntN(4)))}
	}
	n := &Node{Tag: []string{"p", "b", "i"}[r.IntN(3)]}
	if r.IntN(4) == 0 {
		n.NS = "svg"
	}
	for _, k := range []string{"class", "id", "title"} {
		if r.IntN(3) == 0 {
			n.Attrs = append(n.Attrs, vugu.VGAttribute{Key: k, Val: string(rune('a' + r.IntN(3)))})
		}
	}
	if r.IntN(4) == 0 {
		n.On = []vugu.DOMEventHandlerSpec{{EventType: []string{"click", "input"}[r.IntN(2)]}}
	}
	used := map[string]bool{}
	for range r.IntN(7) {
		k := randomTree(r, depth-1)
		if key := string(rune('A' + r.IntN(8))); k.Tag != "" && r.IntN(2) == 0 && !used[key] {
			used[key], k.Key = true, key
		}
		n.Kids = append(n.Kids, k)
	}
	return n
}

func TestRandomTreesPatchToFresh(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		f := newFake(t)
		old := randomTree(r, 4)
		Mount(f, old, root, 0)
		for step := range 6 {
			n := randomTree(r, 4)
			Patch(f, old, n, root)
			require.Equal(t, fresh(t, clone(n)), f.html(root), "seed %d step %d", seed, step)
			require.Equal(t, count(n)+1, len(f.nodes), "forgotten nodes, seed %d step %d", seed, step)
			old = n
		}
	}
}

func clone(n *Node) *Node {
	c := *n
	c.Kids = nil
	for _, k := range n.Kids {
		c.Kids = append(c.Kids, clone(k))
	}
	return &c
}

func count(n *Node) int {
	c := 1
	for _, k := range n.Kids {
		c += count(k)
	}
	return c
}

func TestParseStatic(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"a &lt; b &amp; c":             "a &lt; b &amp; c",
		"Static <b>bold</b> end":       `Static <b on=[]>bold</b> end`,
		`<img src="a.png"/><br/>x`:     `<img src="a.png" on=[]></img><br on=[]></br>x`,
		"\n  <p>x</p>\n":               `<p on=[]>x</p>`,
		`<a title="&#34;q&#34;">t</a>`: `<a title="\"q\"" on=[]>t</a>`,
		`<svg viewBox="0 0 1 1"><path d="M0 0"></path></svg>`: `<svg:svg viewBox="0 0 1 1" on=[]><svg:path d="M0 0" on=[]></svg:path></svg:svg>`,
	} {
		kids, err := ParseStatic(in, "")
		require.NoError(t, err, in)
		got := fresh(t, &Node{Tag: "x", Kids: kids})
		assert.Equal(t, "<root on=[]><x on=[]>"+want+"</x></root>", got, in)
	}
	for in, want := range map[string]string{
		"<p>":                      "<p> is not closed",
		"</p>":                     "unexpected end tag",
		"<p></b>":                  "unexpected end tag",
		"<p x=1></p>":              "no quoted value",
		`<p x="1></p>`:             "not closed",
		"<script>x</script>":       "not allowed",
		`<p onclick="x()"></p>`:    "not allowed",
		"<":                        "tag name expected",
		"<p\tx></p>":               "malformed",
		strings.Repeat("<b>", 100): "nested deeper",
	} {
		_, err := ParseStatic(in, "")
		assert.ErrorContains(t, err, want, in)
	}
}

func FuzzParseStatic(f *testing.F) {
	f.Add(`<p class="a">x<br/>&amp;</p><svg><path d=""></path></svg>`)
	f.Add("<b")
	f.Fuzz(func(t *testing.T, s string) {
		kids, err := ParseStatic(s, "")
		if err == nil {
			fresh(t, &Node{Tag: "x", Kids: kids})
		}
	})
}

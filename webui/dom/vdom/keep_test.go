package vdom

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vugu/vugu"
	"github.com/vugu/vugu/js"
)

// part is a component that counts how often it is built.
type part struct {
	text          string
	built, filled int
	inner         *Keep
}

func (c *part) Build(*vugu.BuildIn) *vugu.BuildOut {
	c.built++
	n := &vugu.VGNode{Type: vugu.ElementNode, Data: "p", JSPopulateHandler: vugu.JSValueFunc(func(js.Value) { c.filled++ })}
	n.AppendChild(&vugu.VGNode{Type: vugu.TextNode, Data: c.text})
	out := &vugu.BuildOut{Out: []*vugu.VGNode{n}}
	if c.inner != nil {
		n.AppendChild(&vugu.VGNode{Component: c.inner})
		out.Components = append(out.Components, c.inner)
	}
	return out
}

// frame is a component with Keeps, in an order.
type frame struct{ keeps []*Keep }

func (c *frame) Build(*vugu.BuildIn) *vugu.BuildOut {
	root := &vugu.VGNode{Type: vugu.ElementNode, Data: "div"}
	out := &vugu.BuildOut{Out: []*vugu.VGNode{root}}
	for _, k := range c.keeps {
		root.AppendChild(&vugu.VGNode{Component: k})
		out.Components = append(out.Components, k)
	}
	return out
}

// mounted renders a component again and again.
type mounted struct {
	t    *testing.T
	host *fakeHost
	env  *vugu.BuildEnv
	root vugu.Builder
	tree *Node
}

func mount(t *testing.T, root vugu.Builder) *mounted {
	t.Helper()
	env, err := vugu.NewBuildEnv()
	require.NoError(t, err)
	m := &mounted{t: t, host: newFake(t), env: env, root: root}
	m.render()
	return m
}

func (m *mounted) render() string {
	m.t.Helper()
	n, err := Flatten(m.env.RunBuild(m.root))
	require.NoError(m.t, err)
	if m.tree == nil {
		Mount(m.host, n, root, 0)
	} else {
		Patch(m.host, m.tree, n, root)
	}
	m.tree = n
	require.Equal(m.t, count(n)+1, len(m.host.nodes), "nodes alive")
	return m.host.html(root)
}

func TestKeepIsBuiltOnlyWhenItsStampChanges(t *testing.T) {
	stamp, inner := 1, 1
	b := &part{text: "inner"}
	a := &part{text: "one", inner: NewKeep("b", b, func() any { return inner })}
	m := mount(t, &frame{[]*Keep{NewKeep("a", a, func() any { return stamp })}})
	require.Equal(t, []int{1, 1, 1, 1}, []int{a.built, a.filled, b.built, b.filled})
	a.text, b.text = "two", "changed"
	m.host.sets, m.host.made = 0, 0
	assert.Contains(t, m.render(), "one")
	assert.Equal(t, []int{1, 1, 1, 1, 0, 0}, []int{a.built, a.filled, b.built, b.filled, m.host.sets, m.host.made}, "nothing is touched")
	stamp = 2
	html := m.render()
	assert.Contains(t, html, "two")
	assert.Contains(t, html, "inner", "an inner one has a stamp of its own")
	assert.Equal(t, []int{2, 2, 1, 1, 1, 0}, []int{a.built, a.filled, b.built, b.filled, m.host.sets, m.host.made})
	inner = 2
	assert.Contains(t, m.render(), "inner", "what is inside changes only with what is around it")
	stamp = 3
	assert.Contains(t, m.render(), "changed")
}

func TestKeepInTwoPlacesPanicsAndTheNextMountIsWhole(t *testing.T) {
	k := NewKeep("a", &part{text: "one"}, func() any { return 0 })
	f := &frame{[]*Keep{k}}
	m := mount(t, f)
	f.keeps = []*Keep{k, k}
	n, err := Flatten(m.env.RunBuild(f))
	require.NoError(t, err)
	assert.PanicsWithValue(t, "vdom: a Keep is in two places", func() { Patch(m.host, m.tree, n, root) })
	f.keeps, m.tree, m.host = []*Keep{k}, nil, newFake(t) // as the renderer does after a panic
	assert.Contains(t, m.render(), "one")
}

// TestKeepsComeAndGo shows, hides, reorders and changes kept parts at random and compares with a fresh render.
func TestKeepsComeAndGo(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 11))
		parts, stamps, keeps := make([]*part, 5), make([]int, 5), make([]*Keep, 5)
		for i := range parts {
			parts[i] = &part{text: fmt.Sprint(i)}
			keeps[i] = NewKeep(fmt.Sprint(i), parts[i], func() any { return stamps[i] })
		}
		f := &frame{keeps}
		m := mount(t, f)
		for step := range 12 {
			f.keeps = nil
			for _, i := range r.Perm(5)[:r.IntN(6)] {
				f.keeps = append(f.keeps, keeps[i])
			}
			if i := r.IntN(5); r.IntN(2) == 0 {
				stamps[i]++
				parts[i].text = fmt.Sprint(i, " ", stamps[i])
			}
			want := &Node{Tag: "div"}
			for _, k := range f.keeps {
				p := k.inner.(*part)
				want.Kids = append(want.Kids, &Node{Tag: "p", Kids: []*Node{{Text: p.text}}})
			}
			require.Equal(t, fresh(t, want), m.render(), "seed %d step %d", seed, step)
		}
	}
}

//go:build js && wasm

package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"syscall/js"

	"github.com/vugu/vugu"

	"anomnet/webui/dom"
	"anomnet/webui/dom/vdom"
)

// random is a component that builds another tree for every seed: siblings share tags and keys, move, come and go. The list and the field are
// always there, among changing siblings.
type random struct {
	seed  uint64
	keeps []*vdom.Keep
	done  chan struct{}
}

func newRandom() *random {
	c := &random{done: make(chan struct{}, 1)}
	for i := range 3 {
		c.keeps = append(c.keeps, vdom.NewKeep(strconv.Itoa(i), &kept{c, i}, func() any { return c.version(i) }))
	}
	return c
}

// version is the stamp of a kept part; most steps leave it as it is.
func (c *random) version(i int) uint64 { return (c.seed + uint64(i)*3) / 5 }

type kept struct {
	of *random
	i  int
}

func (k *kept) Build(*vugu.BuildIn) *vugu.BuildOut {
	v := k.of.version(k.i)
	return &vugu.BuildOut{Out: []*vugu.VGNode{tree(rand.New(rand.NewPCG(v, uint64(k.i))), 3, "section")}}
}

// Build implements vugu.Builder.
func (c *random) Build(*vugu.BuildIn) *vugu.BuildOut {
	r := rand.New(rand.NewPCG(c.seed, 5))
	var kids []*vugu.VGNode
	out := &vugu.BuildOut{}
	for _, i := range r.Perm(3)[:r.IntN(4)] {
		kids = append(kids, &vugu.VGNode{Component: c.keeps[i]})
		out.Components = append(out.Components, c.keeps[i])
	}
	for range r.IntN(5) {
		kids = append(kids, tree(r, 3, "div"))
	}
	list := el("ul", "data-key=list", nil)
	for _, i := range r.Perm(9)[:2+r.IntN(7)] {
		list.AppendChild(el("li", "data-key="+strconv.Itoa(i), nil, text(strconv.Itoa(i)), el("input", "type=checkbox", nil)))
	}
	kids = append(kids, list, el("p", "data-key=fixed", nil, el("input", "id=held", nil), text("held")))
	r.Shuffle(len(kids), func(i, j int) { kids[i], kids[j] = kids[j], kids[i] })
	out.Out = []*vugu.VGNode{el("div", "", nil, kids...)}
	return out
}

// tree makes a random tree with attributes, properties, handlers, an SVG now and then.
func tree(r *rand.Rand, depth int, tag string) *vugu.VGNode {
	n := el(tag, "", nil)
	for _, k := range []string{"class", "title", "aria-label"} {
		if r.IntN(3) == 0 {
			n.Attr = append(n.Attr, vugu.VGAttribute{Key: k, Val: "a&<" + strconv.Itoa(r.IntN(3))})
		}
	}
	if tag == "input" {
		n.Prop = append(n.Prop, vugu.VGProperty{Key: "value", JSONVal: []byte(strconv.Quote(strconv.Itoa(r.IntN(9))))})
		return n
	}
	for range r.IntN(4) {
		switch {
		case depth == 0 || r.IntN(3) == 0:
			n.AppendChild(text("t" + strconv.Itoa(r.IntN(5))))
		case r.IntN(6) == 0:
			svg := el("svg", "class=icon", nil)
			svg.Namespace = "svg"
			path := el("path", "class=p"+strconv.Itoa(r.IntN(4)), nil)
			path.Namespace = "svg"
			svg.AppendChild(path)
			n.AppendChild(svg)
		default:
			n.AppendChild(tree(r, depth-1, []string{"b", "i", "span", "input"}[r.IntN(4)]))
		}
	}
	return n
}

// mountIn renders c into a new element and waits for it.
func mountIn(id string, c *random) (*dom.Page, js.Value) {
	doc := js.Global().Get("document")
	box := doc.Call("createElement", "div")
	box.Set("id", id)
	doc.Get("body").Call("appendChild", box)
	page, err := dom.Mount("#"+id, c, &dom.Options{After: func() { c.done <- struct{}{} }, Panic: func(err error) { report("panic: " + err.Error()) }})
	if err != nil {
		panic(err)
	}
	<-c.done
	return page, box
}

func report(s string) { js.Global().Call("fuzzReport", s) }

// fuzz renders steps random trees, each on top of the one before and each from nothing, and reports every difference.
func fuzz(seed, steps int) {
	c := newRandom()
	page, box := mountIn("incremental", c)
	look := js.Global().Get("fuzzLook")
	held := js.Global().Get("document").Call("getElementById", "held")
	held.Call("focus")
	held.Set("value", "typed")
	held.Call("setSelectionRange", 1, 3)
	for i := range steps {
		page.Update(func() { c.seed = uint64(seed + i) })
		<-c.done
		f := newRandom()
		f.seed = c.seed
		_, from := mountIn("fresh", f)
		if got, want := look.Invoke(box).String(), look.Invoke(from).String(); got != want {
			report(fmt.Sprintf("seed %d: got\n%s\nwant\n%s", c.seed, got, want))
		}
		from.Call("remove")
		if doc := js.Global().Get("document"); !doc.Get("activeElement").Equal(held) {
			report(fmt.Sprintf("seed %d: the focus is lost", c.seed))
			held.Call("focus")
		}
		if s, e := held.Get("selectionStart").Int(), held.Get("selectionEnd").Int(); s != 1 || e != 3 {
			report(fmt.Sprintf("seed %d: the selection is %d to %d", c.seed, s, e))
			held.Call("setSelectionRange", 1, 3)
		}
	}
	report("done")
}

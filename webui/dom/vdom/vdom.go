// Package vdom turns Vugu build results into a plain tree and computes how to change a mounted tree into the next one.
//
// The changes go through Host, which the browser implements on the DOM (package dom) and tests implement on a fake tree, so
// everything that can be wrong about diffing is tested on the host.
//
// Children match by Key where they have one (attribute data-key) and otherwise by tag, in order. Elements that stay keep
// their identity; of those that change places the fewest are moved, so focus, selection and canvases survive.
package vdom

import (
	"bytes"

	"github.com/vugu/vugu"
)

// Ref names a mounted node for its Host; 0 is no node.
type Ref int

// Host holds the mounted tree. Refs are given out by Create and CreateText and are dead after Remove or Replace.
type Host interface {
	// CreateElement makes an element in the namespace ("" for HTML, "svg", "math"), not yet inserted.
	CreateElement(ns, tag string) Ref
	CreateText(text string) Ref
	SetText(r Ref, text string)
	SetAttr(r Ref, key, val string)
	RemoveAttr(r Ref, key string)
	// SetProp sets a JavaScript property to a JSON value.
	SetProp(r Ref, key string, json []byte)
	// Insert puts a new child into parent before the given sibling, or last when before is 0. Move does so with a mounted child, whose
	// focus, selection and state must survive.
	Insert(parent, child, before Ref)
	Move(parent, child, before Ref)
	// Remove takes the node out of its parent; Forget tells that r and its handlers will not be used again.
	Remove(r Ref)
	Forget(r Ref)
	// Listen replaces the event handlers of r.
	Listen(r Ref, on []vugu.DOMEventHandlerSpec)
	// Call runs a vg-js handler with the node's JavaScript value.
	Call(r Ref, h vugu.JSValueHandler)
}

// Node is an element, or a text when Tag is empty.
type Node struct {
	NS, Tag  string
	Key      string
	Text     string
	Attrs    []vugu.VGAttribute
	Props    []vugu.VGProperty
	On       []vugu.DOMEventHandlerSpec
	Create   vugu.JSValueHandler // called once, before the children exist
	Populate vugu.JSValueHandler // called after every render in which the node was built
	Kids     []*Node

	Ref   Ref  // 0 while not mounted
	still bool // the patch that is under way left it as it is
}

// Mount creates n and its children below parent, before the given sibling.
func Mount(h Host, n *Node, parent, before Ref) {
	detach(n)
	create(h, n)
	h.Insert(parent, n.Ref, before)
	populate(h, n)
}

// Patch changes the mounted tree old into n, in place below parent. When the roots cannot match, old is replaced.
func Patch(h Host, old, n *Node, parent Ref) {
	if !same(old, n) {
		create(h, n)
		h.Insert(parent, n.Ref, old.Ref)
		remove(h, old)
	} else {
		patch(h, old, n)
	}
	populate(h, n)
}

// same tells whether b may take over the mounted node of a.
func same(a, b *Node) bool { return a.Tag == b.Tag && a.NS == b.NS && a.Key == b.Key }

// detach drops the refs that kept nodes have from a document which is gone.
func detach(n *Node) {
	n.Ref = 0
	for _, k := range n.Kids {
		detach(k)
	}
}

func create(h Host, n *Node) {
	if n.Ref != 0 {
		panic("vdom: a Keep is in two places")
	}
	if n.Tag == "" {
		n.Ref = h.CreateText(n.Text)
		return
	}
	n.Ref = h.CreateElement(n.NS, n.Tag)
	for _, a := range n.Attrs {
		h.SetAttr(n.Ref, a.Key, a.Val)
	}
	if len(n.On) > 0 {
		h.Listen(n.Ref, n.On)
	}
	if n.Create != nil {
		h.Call(n.Ref, n.Create)
	}
	for _, k := range n.Kids {
		create(h, k)
		h.Insert(n.Ref, k.Ref, 0)
	}
	// After the children: the value of a select depends on its options.
	for _, p := range n.Props {
		h.SetProp(n.Ref, p.Key, p.JSONVal)
	}
}

func populate(h Host, n *Node) {
	if n.still {
		n.still = false
		return
	}
	for _, k := range n.Kids {
		populate(h, k)
	}
	if n.Populate != nil {
		h.Call(n.Ref, n.Populate)
	}
}

func remove(h Host, n *Node) {
	h.Remove(n.Ref)
	forget(h, n)
}

func forget(h Host, n *Node) {
	h.Forget(n.Ref)
	n.Ref = 0
	for _, k := range n.Kids {
		forget(h, k)
	}
}

func patch(h Host, old, n *Node) {
	if old == n {
		n.still = true
		return
	}
	n.Ref = old.Ref
	if n.Tag == "" {
		if n.Text != old.Text {
			h.SetText(n.Ref, n.Text)
		}
		return
	}
	patchAttrs(h, old, n)
	if len(n.On) > 0 || len(old.On) > 0 {
		h.Listen(n.Ref, n.On)
	}
	patchKids(h, old.Kids, n.Kids, n.Ref)
	for _, p := range n.Props {
		// What people type changes these two behind our back, so they are always set.
		live := p.Key == "value" || p.Key == "checked"
		if was := prop(old.Props, p.Key); live || was == nil || !bytes.Equal(was, p.JSONVal) {
			h.SetProp(n.Ref, p.Key, p.JSONVal)
		}
	}
}

func patchAttrs(h Host, old, n *Node) {
	for _, a := range n.Attrs {
		if v, ok := attr(old.Attrs, a.Key); !ok || v != a.Val {
			h.SetAttr(n.Ref, a.Key, a.Val)
		}
	}
	for _, a := range old.Attrs {
		if _, ok := attr(n.Attrs, a.Key); !ok {
			h.RemoveAttr(n.Ref, a.Key)
		}
	}
}

func attr(as []vugu.VGAttribute, key string) (string, bool) {
	for i := range as {
		if as[i].Key == key {
			return as[i].Val, true
		}
	}
	return "", false
}

func prop(ps []vugu.VGProperty, key string) []byte {
	for i := range ps {
		if ps[i].Key == key {
			return ps[i].JSONVal
		}
	}
	return nil
}

// patchKids makes the children of parent equal to kids. Common ends are matched first, which is all there is to do for most
// renders; the rest is matched by key and tag.
func patchKids(h Host, old, kids []*Node, parent Ref) {
	lo := 0
	for lo < len(old) && lo < len(kids) && same(old[lo], kids[lo]) {
		patch(h, old[lo], kids[lo])
		lo++
	}
	oldHi, hi := len(old), len(kids)
	for oldHi > lo && hi > lo && same(old[oldHi-1], kids[hi-1]) {
		oldHi, hi = oldHi-1, hi-1
		patch(h, old[oldHi], kids[hi])
	}
	from := match(h, old[lo:oldHi], kids[lo:hi])
	keep := increasing(from)
	next := Ref(0)
	if hi < len(kids) {
		next = kids[hi].Ref
	}
	for i := hi - 1; i >= lo; i-- {
		switch k := kids[i]; {
		case from[i-lo] < 0:
			create(h, k)
			h.Insert(parent, k.Ref, next)
		case !keep[i-lo]:
			h.Move(parent, k.Ref, next)
		}
		next = kids[i].Ref
	}
}

// identity is what makes two siblings the same.
type identity struct{ ns, tag, key string }

// match patches each new node that has an old partner and removes the old nodes that have none. It returns, for each new
// node, the index of its partner, or -1.
func match(h Host, old, kids []*Node) []int {
	waiting := map[identity][]int{}
	for i, o := range old {
		id := identity{o.NS, o.Tag, o.Key}
		waiting[id] = append(waiting[id], i)
	}
	from := make([]int, len(kids))
	used := make([]bool, len(old))
	for i, k := range kids {
		id := identity{k.NS, k.Tag, k.Key}
		from[i] = -1
		if w := waiting[id]; len(w) > 0 {
			from[i], waiting[id] = w[0], w[1:]
			used[w[0]] = true
		}
	}
	for i, o := range old {
		if !used[i] {
			remove(h, o)
		}
	}
	for i, k := range kids {
		if from[i] >= 0 {
			patch(h, old[from[i]], k)
		}
	}
	return from
}

// increasing marks a longest increasing subsequence of the non-negative entries: the nodes that need not move.
func increasing(from []int) []bool {
	tails := []int{} // tails[k] is the position in from of the smallest end of a run of length k+1
	prev := make([]int, len(from))
	for i, v := range from {
		prev[i] = -1
		if v < 0 {
			continue
		}
		lo, hi := 0, len(tails)
		for lo < hi {
			if m := (lo + hi) / 2; from[tails[m]] < v {
				lo = m + 1
			} else {
				hi = m
			}
		}
		if lo > 0 {
			prev[i] = tails[lo-1]
		}
		if lo == len(tails) {
			tails = append(tails, i)
		} else {
			tails[lo] = i
		}
	}
	keep := make([]bool, len(from))
	if len(tails) > 0 {
		for i := tails[len(tails)-1]; i >= 0; i = prev[i] {
			keep[i] = true
		}
	}
	return keep
}

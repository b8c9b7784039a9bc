// Package slim holds what generated components repeat for every element. cmd/internal/vugugen puts calls of it where vugugen writes the
// same statements hundreds of times, which makes the page's program 1 MB smaller.
package slim

import (
	"strings"

	"github.com/vugu/vugu"
)

// El appends an element to parent. spec is its tag, then names and values of its attributes, all separated by zero bytes.
//
//go:noinline
func El(parent *vugu.VGNode, namespace, spec string) *vugu.VGNode {
	tag, rest, more := strings.Cut(spec, "\x00")
	n := &vugu.VGNode{Type: vugu.ElementNode, Namespace: namespace, Data: tag}
	if more {
		n.Attr = make([]vugu.VGAttribute, 0, (strings.Count(rest, "\x00")+1)/2)
	}
	for more {
		var key, value string
		key, rest, _ = strings.Cut(rest, "\x00")
		value, rest, more = strings.Cut(rest, "\x00")
		n.Attr = append(n.Attr, vugu.VGAttribute{Key: key, Val: value})
	}
	parent.AppendChild(n)
	return n
}

// Text appends a text to parent.
//
//go:noinline
func Text(parent *vugu.VGNode, s string) *vugu.VGNode {
	n := &vugu.VGNode{Type: vugu.TextNode, Data: s}
	parent.AppendChild(n)
	return n
}

// On adds a handler of events.
//
//go:noinline
func On(n *vugu.VGNode, event string, f func(vugu.DOMEvent)) {
	n.DOMEventHandlerSpecList = append(n.DOMEventHandlerSpecList, vugu.DOMEventHandlerSpec{EventType: event, Func: f})
}

// Use returns the component that was at a place before, or a new one.
func Use[T any, P interface {
	*T
	vugu.Builder
}](in *vugu.BuildIn, key vugu.CompKey) P {
	c, _ := in.BuildEnv.CachedComponent(key).(P)
	if c == nil {
		c = new(T)
		in.BuildEnv.WireComponent(c)
	}
	in.BuildEnv.UseComponent(key, c)
	return c
}

// Put appends a component to parent.
//
//go:noinline
func Put(out *vugu.BuildOut, parent *vugu.VGNode, c vugu.Builder) *vugu.VGNode {
	out.Components = append(out.Components, c)
	n := &vugu.VGNode{Component: c}
	parent.AppendChild(n)
	return n
}

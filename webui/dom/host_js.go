//go:build js && wasm

package dom

import (
	"encoding/json"
	"syscall/js"

	"github.com/vugu/vugu"
	vjs "github.com/vugu/vugu/js"

	"anomnet/webui/dom/vdom"
)

// refProp is the property by which an element names its Ref.
const refProp = "__anomnetRef"

var namespaces = map[string]string{"svg": "http://www.w3.org/2000/svg", "math": "http://www.w3.org/1998/Math/MathML"}

// host is vdom.Host on the document.
type host struct {
	doc      js.Value
	mount    js.Value
	nodes    map[vdom.Ref]js.Value
	handlers map[vdom.Ref][]vugu.DOMEventHandlerSpec
	canvases map[vdom.Ref]bool
	last     vdom.Ref
	types    map[string]bool // event types with a listener on mount
	listener js.Func
}

func newHost(mount js.Value, dispatch func(js.Value)) *host {
	return &host{
		doc: js.Global().Get("document"), mount: mount,
		nodes: map[vdom.Ref]js.Value{rootRef: mount}, handlers: map[vdom.Ref][]vugu.DOMEventHandlerSpec{},
		canvases: map[vdom.Ref]bool{}, types: map[string]bool{},
		listener: js.FuncOf(func(_ js.Value, args []js.Value) any {
			dispatch(args[0])
			return nil
		}),
	}
}

// reset empties the mount element and forgets every node.
func (h *host) reset() {
	h.mount.Call("replaceChildren")
	for r := range h.canvases {
		h.Forget(r)
	}
	h.nodes = map[vdom.Ref]js.Value{rootRef: h.mount}
	h.handlers = map[vdom.Ref][]vugu.DOMEventHandlerSpec{}
}

func (h *host) add(v js.Value) vdom.Ref {
	h.last++
	h.nodes[h.last] = v
	return h.last
}

func (h *host) CreateElement(ns, tag string) vdom.Ref {
	if uri := namespaces[ns]; uri != "" {
		return h.add(h.doc.Call("createElementNS", uri, tag))
	}
	r := h.add(h.doc.Call("createElement", tag))
	if tag == "canvas" {
		h.canvases[r] = true
	}
	return r
}

func (h *host) CreateText(s string) vdom.Ref           { return h.add(h.doc.Call("createTextNode", s)) }
func (h *host) SetText(r vdom.Ref, s string)           { h.nodes[r].Set("data", s) }
func (h *host) SetAttr(r vdom.Ref, k, v string)        { h.nodes[r].Call("setAttribute", k, v) }
func (h *host) RemoveAttr(r vdom.Ref, k string)        { h.nodes[r].Call("removeAttribute", k) }
func (h *host) Remove(r vdom.Ref)                      { h.nodes[r].Call("remove") }
func (h *host) Insert(parent, child, b vdom.Ref)       { h.insert(h.nodes[parent], h.nodes[child], b) }
func (h *host) Call(r vdom.Ref, f vugu.JSValueHandler) { f.JSValueHandle(vjs.Value(h.nodes[r])) }

// Move keeps the focus, which a browser takes from an element that is inserted again. Newer browsers can move an element with all its state.
func (h *host) Move(parent, child, before vdom.Ref) {
	to, el := h.nodes[parent], h.nodes[child]
	if to.Get("moveBefore").Type() == js.TypeFunction {
		next := js.Null()
		if before != 0 {
			next = h.nodes[before]
		}
		to.Call("moveBefore", el, next)
		return
	}
	active := h.doc.Get("activeElement")
	h.insert(to, el, before)
	if active.Truthy() && el.Call("contains", active).Bool() {
		active.Call("focus", map[string]any{"preventScroll": true})
	}
}

func (h *host) insert(parent, child js.Value, before vdom.Ref) {
	if before == 0 {
		parent.Call("appendChild", child)
		return
	}
	parent.Call("insertBefore", child, h.nodes[before])
}

// SetProp writes only a changed value: writing the same value into a field would move the caret.
func (h *host) SetProp(r vdom.Ref, key string, raw []byte) {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return
	}
	el, val := h.nodes[r], js.ValueOf(v)
	if !el.Get(key).Equal(val) {
		el.Set(key, val)
	}
}

// Forget drops a node. The browser frees it when Go's collector has seen that nothing holds its value any more, which can take many minutes; a canvas gives its
// pixels back at once, because there can be megabytes of them, which neither collector counts.
func (h *host) Forget(r vdom.Ref) {
	if h.canvases[r] {
		h.nodes[r].Set("width", 0)
		h.nodes[r].Set("height", 0)
		delete(h.canvases, r)
	}
	delete(h.nodes, r)
	delete(h.handlers, r)
}

// Listen keeps the handlers in a table; the one listener per event type on mount finds them by the element's ref.
func (h *host) Listen(r vdom.Ref, on []vugu.DOMEventHandlerSpec) {
	if len(on) == 0 {
		delete(h.handlers, r)
		return
	}
	if _, ok := h.handlers[r]; !ok {
		h.nodes[r].Set(refProp, int(r))
	}
	h.handlers[r] = on
	for _, s := range on {
		if !h.types[s.EventType] {
			h.types[s.EventType] = true
			// Capture also sees events that do not bubble, such as focus.
			h.mount.Call("addEventListener", s.EventType, h.listener, map[string]any{"capture": true, "passive": s.Passive})
		}
	}
}

// find returns the handlers of an element for an event type.
func (h *host) find(el js.Value, typ string) []func(vugu.DOMEvent) {
	id := el.Get(refProp)
	if id.Type() != js.TypeNumber {
		return nil
	}
	var fs []func(vugu.DOMEvent)
	for _, s := range h.handlers[vdom.Ref(id.Int())] {
		if s.EventType == typ {
			fs = append(fs, s.Func)
		}
	}
	return fs
}

//go:build js && wasm

package app

import "syscall/js"

// focus is what had the focus last. When that goes, or cannot have it for a while, the browser gives it to nobody: the keyboard would start at the
// top again, and a screen reader would say nothing.
type focus struct {
	el     js.Value // undefined when nothing had it
	off    bool     // el is disabled
	around []place  // where el was, the nearest first
}

// place is an element and how many controls in it come before the one that had the focus.
type place struct {
	in     js.Value
	before int
}

// controls are what Tab leads to, but for explanations.
const controls = `a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), summary, [tabindex="0"]:not(.term)`

func (f *focus) took(el js.Value) {
	*f = focus{el: el}
	index, body := js.Global().Get("Array").Get("prototype").Get("indexOf"), js.Global().Get("document").Get("body")
	for in := el.Get("parentElement"); in.Truthy() && !in.Equal(body); in = in.Get("parentElement") {
		f.around = append(f.around, place{in, max(index.Call("call", in.Call("querySelectorAll", controls), el).Int(), 0)})
	}
}

// keepFocus runs after every render.
func (a *app) keepFocus() {
	f := &a.focus
	switch {
	case !f.el.Truthy():
	case !f.el.Get("isConnected").Bool():
		around := f.around
		*f = focus{}
		if a.unfocused() {
			a.focusNear(around)
		}
	case f.el.Get("disabled").Truthy():
		f.off = true
	case f.off:
		if f.off = false; a.unfocused() {
			focusOn(f.el)
		}
	}
}

func (a *app) unfocused() bool {
	active := a.doc.Get("activeElement")
	return !active.Truthy() || active.Equal(a.doc.Get("body"))
}

// focusNear gives the focus to the control that is now where the other one was; in Inspect to the list. A view that has the whole page takes it itself:
// the next key may be a pedal's, which must press nothing.
func (a *app) focusNear(around []place) {
	if !a.doc.Call("querySelector", "dialog[open]").Truthy() {
		css := "#items, #samples"
		if a.page.IsBare() {
			css = "#view-title"
		}
		if el := a.doc.Call("querySelector", css); el.Truthy() {
			focusOn(el)
			return
		}
	}
	for _, p := range around {
		if !p.in.Get("isConnected").Bool() {
			continue
		}
		found, at := p.in.Call("querySelectorAll", controls), js.Undefined()
		for i := range found.Length() {
			if el := found.Index(i); el.Call("checkVisibility").Bool() {
				if at = el; i >= p.before {
					break
				}
			}
		}
		if at.Truthy() {
			focusOn(at)
			return
		}
	}
}

func focusOn(el js.Value) { el.Call("focus", map[string]any{"preventScroll": true}) }

// focusSoon is for an element that is not in the document yet.
func focusSoon(el js.Value) {
	js.Global().Call("setTimeout", el.Get("focus").Call("bind", el), 0)
}

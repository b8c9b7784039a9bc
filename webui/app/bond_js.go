//go:build js && wasm

package app

import (
	"slices"
	"syscall/js"
)

// bond is what listens to an element that comes and goes. Go holds a js.Func until it is released, and through it the element with
// the whole tree that it stood in; so bonds are released after the render that took their element away.
type bond struct {
	el       js.Value
	funcs    []js.Func
	observer js.Value // of sizes, or undefined
}

// bind begins a bond with an element that is about to be inserted.
func (a *app) bind(el js.Value) *bond {
	b := &bond{el: el}
	a.bonds = append(a.bonds, b)
	return b
}

// on adds a listener.
func (b *bond) on(typ string, f func(ev js.Value), options map[string]any) {
	listener := js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
	b.funcs = append(b.funcs, listener)
	b.el.Call("addEventListener", typ, listener, options)
}

// sized calls f at once, and after every change of the element's size.
func (b *bond) sized(f func()) {
	listener := js.FuncOf(func(js.Value, []js.Value) any {
		f()
		return nil
	})
	b.funcs = append(b.funcs, listener)
	b.observer = js.Global().Get("ResizeObserver").New(listener)
	b.observer.Call("observe", b.el)
}

// unbind releases the bonds of elements that have gone.
func (a *app) unbind() {
	a.bonds = slices.DeleteFunc(a.bonds, func(b *bond) bool {
		if b.el.Get("isConnected").Bool() {
			return false
		}
		if b.observer.Truthy() {
			b.observer.Call("disconnect")
		}
		for _, f := range b.funcs {
			f.Release()
		}
		return true
	})
}

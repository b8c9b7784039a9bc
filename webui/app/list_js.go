//go:build js && wasm

package app

import (
	"strconv"
	"syscall/js"

	vjs "github.com/vugu/vugu/js"

	"anomnet/webui/ui"
)

// lister joins the list of images with the element that scrolls it.
type lister struct {
	el       js.Value
	observer js.Value
	onScroll js.Func
}

func (l *lister) init(a *app) {
	l.onScroll = js.FuncOf(func(js.Value, []js.Value) any {
		left, top := l.el.Get("scrollLeft").Float(), l.el.Get("scrollTop").Float()
		if a.page.List.Scrolled(left, top) {
			a.view.Amend(func() {})
		}
		return nil
	})
	l.observer = js.Global().Get("ResizeObserver").New(js.FuncOf(func(js.Value, []js.Value) any {
		a.view.Amend(func() { a.page.List.Resized(l.el.Get("clientWidth").Float(), l.el.Get("clientHeight").Float()) })
		return nil
	}))
}

// Lay implements ui.Canvas.
func (a *app) Lay(el vjs.Value, lay ui.Lay) {
	l, list := &a.list, js.Value(el)
	style := list.Get("style")
	style.Call("setProperty", "--before", px(lay.Before))
	style.Call("setProperty", "--after", px(lay.After))
	fresh := !list.Equal(l.el)
	if fresh {
		l.el = list
		list.Call("addEventListener", "scroll", l.onScroll, map[string]any{"passive": true})
	}
	if fresh || !a.page.List.Measured() {
		l.observer.Call("disconnect")
		l.observer.Call("observe", list) // answers at once, and after every change
	}
	if fresh || lay.Move {
		side := "scrollLeft"
		if lay.Grid {
			side = "scrollTop"
		}
		list.Set(side, lay.To)
	}
}

func px(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) + "px" }

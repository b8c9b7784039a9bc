//go:build js && wasm

package main

import (
	"syscall/js"

	vjs "github.com/vugu/vugu/js"

	"anomnet/webui/ui"
)

// file is a File or Blob of the browser.
type file struct {
	name string
	blob js.Value
}

// Name of the file, without a path.
func (f file) Name() string { return f.name }

// files turns a FileList into sources.
func files(list js.Value) []ui.Source {
	if !list.Truthy() {
		return nil
	}
	var out []ui.Source
	for i := range list.Length() {
		f := list.Index(i)
		out = append(out, file{name: f.Get("name").String(), blob: f})
	}
	return out
}

// Files implements ui.Backend. The input is emptied so that the same file can be chosen again.
func (a *app) Files(input vjs.Value) []ui.Source {
	el := js.Value(input)
	out := files(el.Get("files"))
	el.Set("value", "")
	return out
}

// Now implements ui.Backend.
func (a *app) Now() float64 { return js.Global().Get("performance").Call("now").Float() }

// listen installs what belongs to the whole window: drop, paste and keys.
func (a *app) listen() {
	window := js.Global()
	on := func(typ string, f func(ev js.Value)) {
		window.Call("addEventListener", typ, js.FuncOf(func(_ js.Value, args []js.Value) any {
			f(args[0])
			return nil
		}))
	}
	on("dragover", func(ev js.Value) {
		if !hasFiles(ev) {
			return
		}
		ev.Call("preventDefault")
		ev.Get("dataTransfer").Set("dropEffect", "copy")
		a.dragging(true)
	})
	on("dragleave", func(ev js.Value) {
		if ev.Get("relatedTarget").IsNull() { // left the window, not just an element
			a.dragging(false)
		}
	})
	on("drop", func(ev js.Value) {
		if !hasFiles(ev) {
			return
		}
		ev.Call("preventDefault")
		a.add(files(ev.Get("dataTransfer").Get("files")))
	})
	on("paste", func(ev js.Value) {
		if d := ev.Get("clipboardData"); d.Truthy() {
			a.add(files(d.Get("files")))
		}
	})
	on("keydown", func(ev js.Value) { a.key(ev, true) })
	on("keyup", func(ev js.Value) { a.key(ev, false) })
	on("blur", func(js.Value) { // a key let go in another window is never seen
		if a.page.Blink {
			a.view.Update(func() { a.page.Blink = false })
		}
	})
}

func hasFiles(ev js.Value) bool {
	d := ev.Get("dataTransfer")
	return d.Truthy() && d.Get("types").Call("includes", "Files").Bool()
}

func (a *app) dragging(on bool) {
	if a.page.Dragging != on {
		a.view.Update(func() { a.page.Dragging = on })
	}
}

func (a *app) add(srcs []ui.Source) {
	a.view.Update(func() {
		a.page.Dragging = false
		a.page.Add(srcs...)
	})
}

// key gives a key to the page unless it belongs to a field or a shortcut of the browser.
func (a *app) key(ev js.Value, down bool) {
	for _, mod := range []string{"ctrlKey", "metaKey", "altKey", "isComposing", "defaultPrevented"} {
		if ev.Get(mod).Truthy() {
			return
		}
	}
	key, target := ev.Get("key").String(), ev.Get("target")
	if key == "Escape" && down { // lets people dismiss an explanation that covers something
		if el := a.doc.Get("activeElement"); el.Truthy() && el.Get("classList").Call("contains", "term").Bool() {
			el.Call("blur")
		}
		return
	}
	switch tag := target.Get("tagName"); {
	case tag.Type() != js.TypeString:
	case tag.String() == "SELECT" || tag.String() == "TEXTAREA":
		return
	case tag.String() == "INPUT" && target.Get("type").String() == "range" && len(key) > 1: // arrows move the slider
		return
	}
	a.view.Update(func() {
		if a.page.Key(key, down) {
			ev.Call("preventDefault")
		}
	})
}

// rendered runs after every render: it keeps the selected item in view, the language known and the focus somewhere useful.
func (a *app) rendered() {
	root := a.doc.Get("documentElement")
	if lang := a.page.Text.Lang; root.Get("lang").String() != lang {
		root.Set("lang", lang)
	}
	if has := a.page.HasItems(); has != a.hadItems {
		a.hadItems = has
		// The button that was pressed has gone with its view; without this the keyboard would start at the top again.
		if active := a.doc.Get("activeElement"); !active.Truthy() || active.Equal(a.doc.Get("body")) {
			if el := a.doc.Call("querySelector", "#items, #samples"); el.Truthy() {
				el.Call("focus", map[string]any{"preventScroll": true})
			}
		}
	}
	if it := a.page.Selected(); it != nil && it.ID != a.lastSelected {
		a.lastSelected = it.ID
		a.reveal(it)
	}
}

// reveal scrolls the list, and only the list, to an item.
func (a *app) reveal(it *ui.Item) {
	el, list := a.doc.Call("getElementById", it.ElementID()), a.doc.Call("getElementById", "items")
	if !el.Truthy() || !list.Truthy() {
		return
	}
	left, width := el.Get("offsetLeft").Float(), el.Get("offsetWidth").Float()
	at, view := list.Get("scrollLeft").Float(), list.Get("clientWidth").Float()
	if left < at || left+width > at+view {
		list.Set("scrollLeft", left-(view-width)/2)
	}
}

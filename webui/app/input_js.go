//go:build js && wasm

package app

import (
	"strings"
	"syscall/js"

	"anomnet/assets/messages"
	"anomnet/webui/ui"
)

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
		ev.Call("preventDefault") // a browser would go to the address of a dropped link, and the results would be lost
		if !hasFiles(ev) {
			ev.Get("dataTransfer").Set("dropEffect", "none")
			return
		}
		ev.Get("dataTransfer").Set("dropEffect", "copy")
		a.dragging(true)
	})
	on("dragleave", func(ev js.Value) {
		if ev.Get("relatedTarget").IsNull() { // left the window, not just an element
			a.dragging(false)
		}
	})
	on("drop", func(ev js.Value) {
		ev.Call("preventDefault")
		if !hasFiles(ev) {
			return
		}
		a.dragging(false)
		a.dropped(ev.Get("dataTransfer"))
	})
	on("paste", func(ev js.Value) {
		if d := ev.Get("clipboardData"); d.Truthy() {
			a.take(gift{files: files(d.Get("files"))})
		}
	})
	narrow := window.Call("matchMedia", ui.NarrowScreen)
	a.page.Narrow = narrow.Get("matches").Bool()
	narrow.Call("addEventListener", "change", js.FuncOf(func(_ js.Value, args []js.Value) any {
		a.view.Update(func() { a.page.Narrow = args[0].Get("matches").Bool() })
		return nil
	}))
	on("hashchange", func(js.Value) { a.navigated() })
	on("popstate", func(js.Value) { a.navigated() })
	on("focusin", func(ev js.Value) { a.focus.took(ev.Get("target")) })
	on("keydown", func(ev js.Value) { a.key(ev, true) })
	on("keyup", func(ev js.Value) { a.key(ev, false) })
	on("blur", func(js.Value) { // a key let go in another window is never seen
		if a.page.Look.Blink {
			a.view.Update(func() { a.page.Look.Blink = false })
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

// scrolls are the keys that scroll the page, and move in the list only where the focus is in it.
var scrolls = map[string]bool{"ArrowUp": true, "ArrowDown": true, "Home": true, "End": true, "PageUp": true, "PageDown": true}

// key gives a key to the page unless it belongs to a field or a shortcut of the browser.
func (a *app) key(ev js.Value, down bool) {
	for _, mod := range []string{"ctrlKey", "metaKey", "altKey", "isComposing", "defaultPrevented"} {
		if down && ev.Get(mod).Truthy() { // a key that was pressed alone may be let go with others
			return
		}
	}
	key, target := ev.Get("key").String(), ev.Get("target")
	if key == "Escape" && down { // lets people dismiss an explanation that covers something
		if el := a.doc.Get("activeElement"); el.Truthy() && el.Get("classList").Call("contains", "term").Bool() {
			el.Call("blur")
			return
		}
	}
	switch tag := target.Get("tagName"); {
	case tag.Type() != js.TypeString:
	case tag.String() == "SELECT" || tag.String() == "TEXTAREA":
		return
	case tag.String() == "INPUT" && (target.Get("type").String() == "range" || target.Get("type").String() == "radio") && len(key) > 1: // arrows move the slider, or the choice
		return
	case tag.String() == "INPUT" && strings.Contains("search text number password", target.Get("type").String()):
		return
	}
	if a.page.IsBare() || a.page.Camera.Open {
		if tag := target.Get("tagName"); tag.Type() == js.TypeString && strings.Contains("BUTTON A SUMMARY", tag.String()) {
			return // a pedal that says Space must not press what has the focus by chance, nor may a person who means the button take a picture
		}
		if ev.Get("repeat").Truthy() && (key == " " || a.page.IsBare()) { // one picture, however long the pedal is held
			ev.Call("preventDefault")
			return
		}
	}
	inList := target.Get("closest").Truthy() && target.Call("closest", "#items").Truthy()
	if scrolls[key] && !inList {
		return
	}
	a.view.Update(func() {
		if a.page.Press(key, down, inList) {
			ev.Call("preventDefault")
		}
	})
}

// rendered runs after every render: it keeps the selected item in view, the language known and the focus somewhere useful.
func (a *app) rendered() {
	root := a.doc.Get("documentElement")
	if lang := messages.Tag(a.page.Text.Lang); root.Get("lang").String() != lang {
		root.Set("lang", lang)
	}
	a.keepFocus()
	if d := root.Get("dataset"); d.Get("theme").Type() != js.TypeString || d.Get("theme").String() != a.page.Settings.Theme {
		d.Set("theme", a.page.Settings.Theme)
	}
	a.follow()
	a.unbind()
}

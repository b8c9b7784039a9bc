//go:build js && wasm

package app

import (
	"encoding/json"
	"syscall/js"

	vjs "github.com/vugu/vugu/js"

	"anomnet/webui/ui"
)

// settingsKey is the name of the settings in the browser's storage.
const settingsKey = "anomnet-settings"

// loadSettings reads the settings of an earlier visit; without any, or where the browser keeps nothing, they are empty.
func loadSettings() (s ui.Settings) {
	defer func() { _ = recover() }() // access to the storage may be denied
	if v := js.Global().Get("localStorage").Call("getItem", settingsKey); v.Type() == js.TypeString {
		if json.Unmarshal([]byte(v.String()), &s) != nil {
			return ui.Settings{}
		}
	}
	return s
}

// Save implements ui.Backend. Where the browser keeps nothing, the settings last as long as the page.
func (a *app) Save(s ui.Settings) {
	defer func() { _ = recover() }()
	merged := s.Merge(a.saved, loadSettings())
	a.saved = s
	if raw, err := json.Marshal(merged); err == nil {
		js.Global().Get("localStorage").Call("setItem", settingsKey, string(raw))
	}
}

// Dialog implements ui.Canvas. The browser keeps the focus inside an open dialog and gives it back at its end.
func (a *app) Dialog(el vjs.Value, open bool) {
	switch is := el.Get("open").Bool(); {
	case open && !is:
		el.Call("showModal")
	case !open && is:
		el.Call("close")
	}
}

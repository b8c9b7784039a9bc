//go:build js && wasm

package app

import (
	"syscall/js"

	"anomnet/webui/ui"
)

// views lists the views behind Inspect, in the order of the header. Each is made by a function of its own file.
func (a *app) views() []ui.View {
	history, log, keeper := a.historyView()
	a.log = log
	return []ui.View{a.teachView(), history, a.modelsView(), a.kioskView(log, keeper), a.offline.privacyView()}
}

// hash is the address's part that names the view.
func hash() string { return js.Global().Get("location").Get("hash").String() }

// navigated follows the address, after a link, the back button or an edit.
func (a *app) navigated() {
	a.view.Update(func() { a.page.Show(ui.ViewID(hash())) })
}

// follow brings address, title and focus to the view that is shown. It runs after every render.
func (a *app) follow() {
	v := a.page.View()
	if title := a.page.Text.T("view."+v.ID) + " – AnomNet"; a.doc.Get("title").String() != title {
		a.doc.Set("title", title)
	}
	if id := ui.ViewID(hash()); id != v.ID && (id != "" || a.page.Views()[0].ID != v.ID) {
		js.Global().Get("history").Call("pushState", js.Null(), "", v.Address())
	}
	if a.page.FocusView {
		a.page.FocusView = false
		if el := a.doc.Call("getElementById", "view-title"); el.Truthy() {
			el.Call("focus", map[string]any{"preventScroll": true})
		}
		js.Global().Call("scrollTo", 0, 0)
	}
}

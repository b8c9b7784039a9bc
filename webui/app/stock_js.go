//go:build js && wasm

package app

import (
	"errors"
	"syscall/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/ui"
)

// stock joins the library of parts with the page: it knows what is kept, and offers it in the part selector.
type stock struct {
	app     *app
	disk    device
	lib     *store.Library
	parts   []store.Part
	usage   store.Usage
	looked  bool   // the library has been read once
	turn    int    // of the latest refresh that has begun
	shown   int    // and of the one whose end is shown
	own     string // digest of the site's backbone, "" until its part is loaded
	secures bool   // secure is at work
	rescued chan struct{}
	watched []func() // run, with the page's state locked, when what is kept has changed
}

func newStock(a *app) *stock {
	s := &stock{app: a, disk: device{a.boot.Get("store")}, rescued: make(chan struct{})}
	s.lib = store.NewLibrary(s.disk)
	return s
}

// begin reads what is kept, clears up after an earlier visit, and listens to other tabs.
func (s *stock) begin() {
	if err := s.lib.Sweep(); err != nil {
		js.Global().Get("console").Call("warn", err.Error())
	}
	_, _ = await(s.app.boot.Get("files").Call("tidy")) // there may be no such storage, and then there is nothing
	s.rescue()
	s.refresh()
	s.disk.js.Call("changed", js.FuncOf(func(js.Value, []js.Value) any {
		go func() {
			s.app.trust.refresh() // another tab may have pinned a key, or removed one
			s.refresh()
		}()
		return nil
	}))
}

// refresh reads what is kept. It blocks. One that takes longer than a later one has nothing to say.
func (s *stock) refresh() {
	s.turn++
	turn := s.turn
	parts, err := s.lib.Parts()
	if err != nil {
		js.Global().Get("console").Call("warn", err.Error())
		return
	}
	usage := s.disk.usage()
	offers := make([]ui.Offer, 0, len(parts))
	gone := 0
	for i := range parts {
		v := parts[i].Current()
		sources, err := s.sources(parts[i].Name, v)
		if err != nil {
			if errors.Is(err, store.ErrGone) {
				gone++
			}
			continue
		}
		o := ui.Offer{Part: parts[i].Name, Head: v.Head, Backbone: v.Backbone, Models: sources}
		for _, v := range parts[i].Versions {
			o.Heads = append(o.Heads, v.Head)
		}
		offers = append(offers, o)
	}
	s.app.view.Update(func() {
		if turn < s.shown {
			return
		}
		s.parts, s.usage, s.shown = parts, usage, turn
		s.missed(gone, len(parts))
		s.app.page.Offer(offers)
		for _, f := range s.watched {
			f()
		}
	})
}

// changed is refresh after a change of this tab; the others hear of it.
func (s *stock) changed() {
	s.refresh()
	s.disk.js.Call("tell")
}

// sources are the files of a version, for ui.Page. It blocks.
func (s *stock) sources(name string, v *store.Version) ([]ui.Source, error) {
	head, backbone, err := s.lib.Files(v)
	if err != nil {
		return nil, err
	}
	vouched := v.Trust
	switch {
	case v.Origin != store.Imported || v.Why != "":
		vouched = &protocol.Trust{State: ui.TrustHere}
	case vouched == nil:
		vouched = &protocol.Trust{State: protocol.TrustUnsigned}
	}
	out := []ui.Source{file{name: name, blob: head.(js.Value), trust: vouched}}
	if backbone != nil && v.Backbone != s.own {
		out = append(out, file{name: name, blob: backbone.(js.Value), trust: vouched})
	}
	return out, nil
}

// Kept implements teach.Corrector.
func (s *stock) Kept(head string) *store.Part {
	for i := range s.parts {
		if s.parts[i].Current().Head == head {
			return &s.parts[i]
		}
	}
	return nil
}

// part returns a part by its id, or nil.
func (s *stock) part(id string) *store.Part {
	for i := range s.parts {
		if s.parts[i].ID == id {
			return &s.parts[i]
		}
	}
	return nil
}

// persist asks the browser not to clear what is kept. Some ask the person.
func (s *stock) persist() { _, _ = s.disk.call("persist") }

// download gives the person a file.
func (s *stock) download(blob js.Value, name string) { s.disk.js.Call("download", blob, name) }

// storeError is an error of the library as the page knows errors.
func storeError(err error) protocol.Error {
	code := protocol.CodeInternal
	switch {
	case errors.Is(err, store.ErrFull):
		code = protocol.CodeStorageFull
	case errors.Is(err, store.ErrGone):
		code = protocol.CodeGone
	}
	return protocol.Error{Code: code, Message: err.Error()}
}

// asBlob wraps an ArrayBuffer.
func asBlob(buf js.Value) js.Value {
	return js.Global().Get("Blob").New(js.Global().Get("Array").New(buf))
}

// revise returns a head with another name or rate. It blocks.
func (s *stock) revise(head js.Value, part string, rate float64) (js.Value, protocol.Model, protocol.Error) {
	m, bufs, e := ask[protocol.Model](s.app, protocol.OpRevise, protocol.ReviseRequest{Part: part, Rate: rate}, head)
	if e.Code != "" {
		return head, m, e
	}
	return asBlob(bufs.Index(0)), m, e
}

// versionOf describes a head for the library.
func versionOf(m protocol.Model, head js.Value, origin store.Origin) store.Version {
	return store.Version{Head: m.Head, Backbone: m.Backbone, Bytes: head.Get("size").Float(), Made: clock(), Origin: origin, Parent: m.Parent,
		Revision: m.Revision, Images: m.Images, Rate: m.Rate, ROI: m.ROI, Checked: []string{}}
}

// missed tells a person once that the browser has cleared what was kept: the files of parts, or everything. The settings, which are kept in another
// place, know how many parts there were.
func (s *stock) missed(gone, parts int) {
	page := s.app.page
	if before := page.Settings.Parts; parts == 0 && before > 0 && !s.looked {
		gone = before
	}
	s.expect(parts)
	if gone > 0 && !s.looked {
		s.app.trust.view.Cleared(gone)
	}
	s.looked = true
}

// expect keeps how many parts the next visit will find. When one is deleted this comes first: the tab may be closed in the middle.
func (s *stock) expect(parts int) {
	if page := s.app.page; page.Settings.Parts != parts {
		page.Settings.Parts = parts
		s.app.Save(page.Settings)
	}
}

package ui

import (
	"strings"

	"github.com/vugu/vugu"

	"anomnet/wasm/protocol"
	"anomnet/webui/dom/vdom"
)

// View is one of the pages that the header leads to. Each is a component with a state of its own, in its own package; what it
// needs of the page it gets from Page. The header shows the views that are registered, in that order.
type View struct {
	// ID is the view's address (#/history) and the key of its name in the catalogue (view.history).
	ID string
	// Aside keeps the view out of the header's links; something else leads to it.
	Aside bool
	// Body is built while the view is shown, at most once a frame.
	Body vugu.Builder
	// Class is the style of <main>. Default: "document", a column of text under a visible heading.
	Class func() string
	// Key takes a key that was pressed or let go outside of fields; it returns whether the key has a meaning.
	Key func(key string, down bool) bool
	// Keys are for the help.
	Keys []Shortcut
	// Shown runs when people come to the view.
	Shown func()
	// Left runs when people leave the view.
	Left func()
	// Take may take files that were dropped on the view; what it refuses goes to be inspected.
	Take func(images []Source) bool
	// Bare tells that the view has the whole page: no header, no notices, and no keys but its own.
	Bare func() bool
	// Stamp tells whether Body must be built again, for a view that does not want to be built after every event (vdom.Keep).
	Stamp func() any
}

// Shortcut is a line of the help: keys as they are written on a keyboard, and the catalogue key of what they do.
type Shortcut struct{ Keys, Does string }

// Watcher is told what happens, so that views can keep records. Any function may be nil.
type Watcher struct {
	// Inspected runs for every image that got a verdict or an error, with the part that it was compared with.
	Inspected func(part protocol.LoadResult, it *Item)
	// Recorded runs when an image stands in the history.
	Recorded func(it *Item)
	// Switched runs when a part has come into use.
	Switched func(part protocol.LoadResult)
	// Overridden runs when a person has given a verdict, or taken it back.
	Overridden func(part protocol.LoadResult, it *Item)
	// Exported runs when results have left, with their form and number.
	Exported func(form string, n int)
	// Taught runs when a version of a part was taught and kept, Deleted when a version was deleted, or a whole part: then N is 0.
	Taught, Deleted func(v Kept)
}

// Kept names a version of a part that is kept on this device.
type Kept struct {
	Part, Head string
	N          int // from 1
	Images     int // good ones that it was taught from
}

// inspectID is the view that shows the images.
const inspectID = "inspect"

// Register adds views to the header. It is called before the page is mounted.
func (p *Page) Register(views ...View) {
	for _, v := range views {
		if v.Class == nil {
			v.Class = func() string { return "document" }
		}
		p.views = append(p.views, v)
	}
}

// Watch adds a watcher.
func (p *Page) Watch(w Watcher) { p.watchers = append(p.watchers, w) }

// Taught tells the watchers of a version that was taught and is kept.
func (p *Page) Taught(v Kept) {
	for _, w := range p.watchers {
		if w.Taught != nil {
			w.Taught(v)
		}
	}
}

// Deleted tells the watchers of a version or a part that is gone.
func (p *Page) Deleted(v Kept) {
	for _, w := range p.watchers {
		if w.Deleted != nil {
			w.Deleted(v)
		}
	}
}

// Views returns the registered views.
func (p *Page) Views() []View { return p.views }

// View returns the view that is shown.
func (p *Page) View() View { return p.views[p.view] }

// Show goes to a view by its id; an unknown one is the first.
func (p *Page) Show(id string) {
	to := 0
	for i, v := range p.views {
		if v.ID == id {
			to = i
		}
	}
	if to == p.view || p.Guard != nil && !p.Guard(p.views[to].ID) {
		return
	}
	if left := p.View().Left; left != nil {
		left()
	}
	p.view, p.FocusView = to, true
	p.Look.Blink = false
	if shown := p.views[to].Shown; shown != nil {
		shown()
	}
}

// Address is the hash that leads to a view, such as "#/history".
func (v View) Address() string { return "#/" + v.ID }

// ViewID reads the id of a view from a hash.
func ViewID(hash string) string { return strings.TrimPrefix(hash, "#/") }

// Touch tells that anything may have changed; it comes before every event.
func (p *Page) Touch() { p.rev++ }

// Stamp changes after Touch, and with what only the picture shows: for a view that shows it.
func (p *Page) Stamp() any { return [2]int{p.rev, p.Look.rev} }

// keep wraps a component so that it is built only after Touch, or when more is different.
func (p *Page) keep(name string, c vugu.Builder, more func() any) *vdom.Keep {
	type stamp struct {
		rev  int
		more any
	}
	return vdom.NewKeep(name, c, func() any {
		s := stamp{rev: p.rev}
		if more != nil {
			s.more = more()
		}
		return s
	})
}

// inspected tells the watchers. Views without a stamp of their own may show what they noted.
func (p *Page) inspected(it *Item) {
	for _, w := range p.watchers {
		if w.Inspected != nil {
			w.Inspected(p.Part, it)
		}
	}
	if p.View().Stamp == nil {
		p.Touch()
	}
}

// IsBare tells whether the view that is shown has the whole page.
func (p *Page) IsBare() bool {
	bare := p.View().Bare
	return bare != nil && bare()
}

// Recorded tells that an item stands in the history, under a number.
func (p *Page) Recorded(it *Item, seq int64) {
	it.Recorded = seq
	for _, w := range p.watchers {
		if w.Recorded != nil {
			w.Recorded(it)
		}
	}
}

func (p *Page) switched() {
	for _, w := range p.watchers {
		if w.Switched != nil {
			w.Switched(p.Part)
		}
	}
}

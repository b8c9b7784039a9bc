package ui

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"anomnet/wasm/protocol"
)

// Selected returns the item that is shown large, or nil.
func (p *Page) Selected() *Item { return p.List.selected }

// Item returns an item by its id, or nil.
func (p *Page) Item(id int) *Item { return p.byID[id] }

// Items returns the whole list.
func (p *Page) Items() []*Item { return p.List.all }

// SetFilter shows the items of one verdict, or all when it is set twice. The selection moves into view.
func (p *Page) SetFilter(f string) {
	if p.List.Filter == f {
		f = ""
	}
	p.narrow(f, p.List.Search, p.List.Order)
}

// SetSearch shows the items whose name contains a text, in whatever case.
func (p *Page) SetSearch(s string) {
	p.Typed = s
	p.narrow(p.List.Filter, strings.ToLower(strings.TrimSpace(s)), p.List.Order)
}

// SetOrder sorts the list.
func (p *Page) SetOrder(o string) {
	if slices.Contains(Orders(), Order(o)) {
		p.narrow(p.List.Filter, p.List.Search, Order(o))
	}
}

// ShowAll ends filter and search.
func (p *Page) ShowAll() {
	p.Typed = ""
	p.narrow("", "", p.List.Order)
}

func (p *Page) narrow(filter, search string, order Order) {
	l := p.List
	l.narrow(filter, search, order)
	if l.index() < 0 && len(l.shown) > 0 {
		p.Select(l.shown[0].ID)
	}
	if len(l.shown) == 0 && len(l.all) > 0 {
		p.Live = p.none()
	}
	l.reveal()
}

// Select shows an item large and says its verdict.
func (p *Page) Select(id int) {
	it := p.byID[id]
	if it == nil || !slices.Contains(p.List.all, it) { // a tile of the part before, which is in the document until the next frame
		return
	}
	p.List.selected = it
	p.List.reveal()
	p.Live = p.spoken(it)
	if it.dropped {
		p.Reload(id)
	}
}

// Move selects the shown item d places further, stopping at the ends.
func (p *Page) Move(d int) {
	l := p.List
	if len(l.shown) == 0 {
		return
	}
	at := l.index()
	if at < 0 {
		at, d = 0, 0
	}
	p.Select(l.shown[min(max(at+d, 0), len(l.shown)-1)].ID)
}

// Press handles a key that was pressed or let go outside of fields; it returns whether the key has a meaning. inList tells that the
// focus is in the list, where letters work even when they are switched off.
func (p *Page) Press(key string, down, inList bool) bool {
	if p.IsBare() {
		return p.View().Key(key, down)
	}
	letter := utf8.RuneCountInString(key) == 1
	if p.Camera.Open {
		if key == " " && down {
			p.Shoot()
		}
		return key == " "
	}
	if p.Help || p.Outlet.Open || letter && p.Settings.NoLetters && !inList {
		return false
	}
	if key == "?" && down {
		p.Help = true
		return true
	}
	v := p.View()
	if key == "Escape" && down && v.ID == inspectID && p.Touring() {
		p.EndTour()
		return true
	}
	return v.Key != nil && v.Key(key, down)
}

// key handles the keys of the view Inspect.
func (p *Page) key(key string, down bool) bool {
	if key == "b" || key == "B" {
		p.Look.Blink = down
		return true
	}
	if down && p.panelKey(key) {
		return true
	}
	if !down || len(p.List.all) == 0 {
		return false
	}
	if d := p.List.step(key); d != 0 {
		p.Move(d)
		return true
	}
	switch key {
	case "m", "M":
		p.Look.MapOn = !p.Look.MapOn
	case "e", "E":
		p.SetExport(true)
	case "r", "R":
		p.MarkForReview()
	case "1":
		p.SetFilter(protocol.VerdictNG)
	case "2":
		p.SetFilter(protocol.VerdictReview)
	case "3":
		p.SetFilter(protocol.VerdictOK)
	default:
		return p.lookKey(key)
	}
	return true
}

// step is how far a key moves in the list, 0 when it does not.
func (l *List) step(key string) int {
	switch key {
	case "j", "J", "ArrowRight":
		return 1
	case "k", "K", "ArrowLeft":
		return -1
	case "ArrowDown":
		return l.win.lanes
	case "ArrowUp":
		return -l.win.lanes
	case "PageDown":
		return l.page()
	case "PageUp":
		return -l.page()
	case "Home":
		return -len(l.all)
	case "End":
		return len(l.all)
	}
	return 0
}

// Busy tells whether images wait or are being inspected.
func (p *Page) Busy() bool { return p.batch.total > 0 }

// Progress returns how many images of the running batch are done, and of how many.
func (p *Page) Progress() (done, total int) { return p.batch.done, p.batch.total }

// SecondsLeft estimates the rest of the batch; 0 means not worth saying.
func (p *Page) SecondsLeft() int { return p.secondsLeft(p.batch.start, p.batch.done, p.batch.total) }

// secondsLeft estimates the rest of work that began at a time of Clock.
func (p *Page) secondsLeft(begun float64, done, total int) int {
	if done < 2 || done >= total {
		return 0
	}
	per := (p.back.Now() - begun) / float64(done)
	s := int(math.Ceil(per * float64(total-done) / 1000))
	if s < 3 {
		return 0
	}
	return s
}

// HowFar says how much of some work is done, and how long the rest will take where that is worth saying.
func (p *Page) HowFar(begun float64, done, total int) string {
	s := p.t("list.progress", "done", p.Text.Count(done), "total", p.Text.Count(total))
	if left := p.secondsLeft(begun, done, total); left > 0 {
		s += ", " + p.t("list.left", "seconds", p.Text.Count(left))
	}
	return s
}

// Clock is a clock in milliseconds.
func (p *Page) Clock() float64 { return p.back.Now() }

// Has tells whether an item is still in the list.
func (p *Page) Has(id int) bool { return p.byID[id] != nil }

package ui

import (
	"math"
	"strconv"

	"anomnet/wasm/protocol"
)

// FilterFailed shows images without a verdict; the other filters are the verdicts, and "" shows all.
const FilterFailed = "failed"

// Selected returns the item that is shown large, or nil.
func (p *Page) Selected() *Item { return p.byID[p.selected] }

// Items returns the whole list.
func (p *Page) Items() []*Item { return p.items }

// Shown returns the items that pass the filter, in order.
func (p *Page) Shown() []*Item {
	if p.Filter == "" {
		return p.items
	}
	var out []*Item
	for _, it := range p.items {
		if it.passes(p.Filter) {
			out = append(out, it)
		}
	}
	return out
}

func (it *Item) passes(filter string) bool {
	switch filter {
	case "":
		return true
	case FilterFailed:
		return it.State == Failed
	}
	return it.State == Done && it.Result.Verdict == filter
}

// Count returns how many items pass a filter.
func (p *Page) Count(filter string) int {
	n := 0
	for _, it := range p.items {
		if it.passes(filter) {
			n++
		}
	}
	return n
}

// SetFilter shows the items of one verdict, or all when it is set twice. The selection moves into view.
func (p *Page) SetFilter(f string) {
	if p.Filter == f {
		f = ""
	}
	p.Filter = f
	if it := p.Selected(); it != nil && it.passes(f) {
		return
	}
	if shown := p.Shown(); len(shown) > 0 {
		p.Select(shown[0].ID)
	}
}

// Select shows an item large and says its verdict.
func (p *Page) Select(id int) {
	if it := p.byID[id]; it != nil {
		p.selected = id
		p.Live = p.spoken(it)
	}
}

// Move selects the shown item d places further, stopping at the ends.
func (p *Page) Move(d int) {
	shown := p.Shown()
	if len(shown) == 0 {
		return
	}
	at := -1
	for i, it := range shown {
		if it.ID == p.selected {
			at = i
		}
	}
	if at < 0 {
		p.Select(shown[0].ID)
		return
	}
	p.Select(shown[min(max(at+d, 0), len(shown)-1)].ID)
}

// Key handles a key that was pressed or let go outside of fields; it returns whether the key has a meaning.
func (p *Page) Key(key string, down bool) bool {
	if key == "b" || key == "B" {
		p.Blink = down
		return true
	}
	if !down || len(p.items) == 0 {
		return false
	}
	switch key {
	case "j", "J", "ArrowRight", "ArrowDown":
		p.Move(1)
	case "k", "K", "ArrowLeft", "ArrowUp":
		p.Move(-1)
	case "Home":
		p.Move(-len(p.items))
	case "End":
		p.Move(len(p.items))
	case "m", "M":
		p.MapOn = !p.MapOn
	case "1":
		p.SetFilter(protocol.VerdictNG)
	case "2":
		p.SetFilter(protocol.VerdictReview)
	case "3":
		p.SetFilter(protocol.VerdictOK)
	default:
		return false
	}
	return true
}

// SetOpacity takes the slider's value in percent.
func (p *Page) SetOpacity(v string) {
	if n, err := strconv.Atoi(v); err == nil {
		p.Opacity = min(max(n, 0), 100)
	}
}

// HeatOpacity is how much of the map is seen now, 0..1.
func (p *Page) HeatOpacity() float64 {
	if !p.MapOn || p.Blink {
		return 0
	}
	return float64(p.Opacity) / 100
}

// Busy tells whether images wait or are being inspected.
func (p *Page) Busy() bool { return p.batch.total > 0 }

// Progress returns how many images of the running batch are done, and of how many.
func (p *Page) Progress() (done, total int) { return p.batch.done, p.batch.total }

// SecondsLeft estimates the rest of the batch; 0 means not worth saying.
func (p *Page) SecondsLeft() int {
	b := p.batch
	if b.done < 2 || b.over() {
		return 0
	}
	per := (p.back.Now() - b.start) / float64(b.done)
	s := int(math.Ceil(per * float64(b.total-b.done) / 1000))
	if s < 3 {
		return 0
	}
	return s
}

// Has tells whether an item is still in the list.
func (p *Page) Has(id int) bool { return p.byID[id] != nil }

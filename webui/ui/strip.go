package ui

import (
	"strconv"
	"strings"

	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
)

// Strip is the list of all images with filters and progress.
type Strip struct{ Page *Page }

// Filter is one button over the list.
type Filter struct {
	Key, Value, Kind, Word, Pressed string
	Count                           int
}

// Filters are all, the verdicts from worst to best, and the failed ones when there are any.
func (c *Strip) Filters() []Filter {
	p := c.Page
	fs := []Filter{{Key: "all", Kind: "all", Word: p.t("list.all")}}
	for _, v := range []string{protocol.VerdictNG, protocol.VerdictReview, protocol.VerdictOK} {
		fs = append(fs, Filter{Key: v, Value: v, Kind: strings.ToLower(v), Word: p.Verdict(v)})
	}
	if p.List.Count(FilterFailed) > 0 {
		fs = append(fs, Filter{Key: FilterFailed, Value: FilterFailed, Kind: "failed", Word: p.t("list.failed")})
	}
	for i := range fs {
		fs[i].Count = p.List.Count(fs[i].Value)
		fs[i].Pressed = strconv.FormatBool(fs[i].Value == p.List.Filter)
	}
	return fs
}

// Total of the running batch.
func (c *Strip) Total() int { return max(c.Page.batch.total, 1) }

// DoneCount of the running batch.
func (c *Strip) DoneCount() int { return c.Page.batch.done }

// ProgressText says how far the batch is, and how long it will take.
func (c *Strip) ProgressText() string {
	done, total := c.Page.Progress()
	return c.Page.HowFar(c.Page.batch.start, done, total)
}

// Tile is an item of the list with its place, from 1. Slot is its element: that of a tile which leaves the window is taken by one that comes
// in, so scrolling makes no elements.
type Tile struct {
	*Item
	Place, Slot int
}

// Shape is the outer path of the item's mark.
func (t Tile) Shape() string { return marks[t.Kind()][0] }

// Sign is the inner one.
func (t Tile) Sign() string { return marks[t.Kind()][1] }

// Tiles are the items that must be in the document.
func (c *Strip) Tiles() []Tile {
	from, to := c.Page.List.Window()
	slots := c.Page.List.slots()
	out := make([]Tile, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, Tile{c.Page.List.shown[i], i + 1, i % slots})
	}
	return out
}

// Shown is how many items pass filter and search.
func (c *Strip) Shown() int { return len(c.Page.List.shown) }

// ActiveID is the element of the selected item, as long as it is in the document.
func (c *Strip) ActiveID() any {
	i := c.Page.List.index()
	if from, to := c.Page.List.Window(); i < from || i >= to {
		return nil
	}
	return c.Page.Selected().ElementID()
}

// Class of the list.
func (c *Strip) Class() string {
	if c.Page.List.Grid {
		return "items grid"
	}
	return "items"
}

// Lay makes room for the tiles that are not in the document.
func (c *Strip) Lay(el vjs.Value) { c.Page.back.Lay(el, c.Page.List.Lay()) }

// None says why no image is shown.
func (c *Strip) None() string { return c.Page.none() }

func (p *Page) none() string {
	if p.List.Search != "" {
		return p.t("list.notfound")
	}
	return p.t("list.empty")
}

// Orders are the choices of the order.
func (c *Strip) Orders() []Order { return Orders() }

// OrderName is the name of an order.
func (c *Strip) OrderName(o Order) string {
	return c.Page.t(map[Order]string{ByArrival: "list.order.arrival", ByWorst: "list.order.worst", ByName: "list.order.name"}[o])
}

// GridPressed is aria-pressed of the button that shows rows.
func (c *Strip) GridPressed() string { return strconv.FormatBool(c.Page.List.Grid) }

// IsSelected is the value of aria-selected.
func (c *Strip) IsSelected(it *Item) string { return strconv.FormatBool(it == c.Page.List.selected) }

// Label is an item for screen readers: what is to be seen, in that order, then the verdict in words.
func (c *Strip) Label(it *Item) string {
	if now := (telling{c.Page.Text, it.State, it.Result.Ratio, it.Result.Verdict}); it.told != now {
		it.told, it.label = now, c.Value(it)+" "+it.Src.Name()+c.verdict(it)
	}
	return it.label
}

// verdict of an item, after its name.
func (c *Strip) verdict(it *Item) string {
	if it.State != Done {
		return ""
	}
	return ": " + c.Page.Verdict(it.Result.Verdict)
}

// Value is the short text on an item's badge.
func (c *Strip) Value(it *Item) string {
	switch it.State {
	case Done:
		return c.Page.Ratio(it)
	case Failed:
		return c.Page.t("list.failed.one")
	case Working:
		return c.Page.t("list.working")
	}
	return c.Page.t("list.waiting")
}

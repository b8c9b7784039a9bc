package ui

import (
	"cmp"
	"slices"
	"strings"
)

// FilterFailed shows images without a verdict; the other filters are the verdicts, and "" shows all.
const FilterFailed = "failed"

// Order is how a list is sorted.
type Order string

// The orders. Worst has the highest score relative to the limit first, and what has none at the end.
const (
	ByArrival Order = ""
	ByWorst   Order = "worst"
	ByName    Order = "name"
)

// Orders returns all orders, the default first.
func Orders() []Order { return []Order{ByArrival, ByWorst, ByName} }

// List is the images of a part: all of them, those that pass filter and search in their order, and the one that is selected.
// What is shown follows each change of an item at once, so nothing is sorted while a batch runs.
type List struct {
	Filter string
	Search string
	Order  Order
	Grid   bool
	Hidden int // images given since the filter was set that do not pass it

	all      []*Item
	shown    []*Item
	counts   map[string]int // by Item.group
	selected *Item
	waiting  int // all before this place in the list have been started
	since    int // id of the last image when the filter was set
	win      window
	rev      int // changes with everything that the list's look depends on
}

func newList() *List { return &List{counts: map[string]int{}, win: window{lanes: 1}} }

// Selected returns the item that is shown large, or nil.
func (l *List) Selected() *Item { return l.selected }

// Items returns the whole list.
func (l *List) Items() []*Item { return l.all }

// Shown returns the items that pass filter and search, in order.
func (l *List) Shown() []*Item { return l.shown }

// Count returns how many items pass a filter, whatever the search.
func (l *List) Count(filter string) int {
	if filter == "" {
		return len(l.all)
	}
	return l.counts[filter]
}

// group is the filter that an item passes, "" while it has neither verdict nor error.
func (it *Item) group() string {
	switch it.State {
	case Done:
		return it.Result.Verdict
	case Failed:
		return FilterFailed
	}
	return ""
}

// Narrowed tells whether a filter or a search hides images.
func (l *List) Narrowed() bool { return l.Filter != "" || l.Search != "" }

func (l *List) fits(it *Item) bool {
	if l.Filter != "" && it.group() != l.Filter && !it.confused(l.Filter) {
		return false
	}
	return l.Search == "" || strings.Contains(it.fold, l.Search)
}

// compare is a total order, so that an item is found by it.
func (l *List) compare(a, b *Item) int {
	d := 0
	switch l.Order {
	case ByWorst:
		d = cmp.Compare(b.rank(), a.rank())
	case ByName:
		d = natural(a.fold, b.fold)
	}
	if d == 0 {
		d = cmp.Compare(a.ID, b.ID)
	}
	return d
}

// rank is the score for the order ByWorst; failed images come behind those with a verdict, before those that wait.
func (it *Item) rank() float64 {
	switch it.State {
	case Done:
		return it.Result.Ratio
	case Failed:
		return -1
	}
	return -2
}

// place finds an item among those shown, or where it belongs.
func (l *List) place(it *Item) (int, bool) { return slices.BinarySearchFunc(l.shown, it, l.compare) }

func (l *List) add(it *Item) {
	it.fold = strings.ToLower(it.Src.Name())
	l.all = append(l.all, it)
	l.counts[it.group()]++
	l.rev++
	switch {
	case l.fits(it):
		l.insert(it)
	case l.Narrowed():
		l.Hidden++
	}
}

func (l *List) insert(it *Item) {
	at, _ := l.place(it)
	l.shown = slices.Insert(l.shown, at, it)
}

// change lets f change an item, and keeps the list in order around what a person looks at.
func (l *List) change(it *Item, f func()) {
	l.rev++
	hold := l.hold()
	at, was := l.place(it)
	was = was && l.shown[at] == it
	l.counts[it.group()]--
	f()
	l.counts[it.group()]++
	now := l.fits(it)
	if was && now && l.Order != ByWorst {
		return
	}
	if was {
		l.shown = slices.Delete(l.shown, at, at+1)
	}
	if now {
		l.insert(it)
	}
	switch {
	case it.ID <= l.since:
	case was && !now:
		l.Hidden++
	case now && !was:
		l.Hidden--
	}
	l.restore(hold)
}

// remove takes items out.
func (l *List) remove(gone func(*Item) bool) {
	l.all = slices.DeleteFunc(l.all, func(it *Item) bool {
		if !gone(it) {
			return false
		}
		l.counts[it.group()]--
		if it == l.selected {
			l.selected = nil
		}
		return true
	})
	l.waiting = 0
	l.rebuild()
}

// rebuild filters and sorts from the start.
func (l *List) rebuild() {
	l.rev++
	hold := l.hold()
	l.shown, l.Hidden = nil, 0
	for _, it := range l.all {
		if l.fits(it) {
			l.shown = append(l.shown, it)
		} else if it.ID > l.since {
			l.Hidden++
		}
	}
	if l.Order != ByArrival {
		slices.SortFunc(l.shown, l.compare)
	}
	l.restore(hold)
}

// narrow sets filter, search and order, and forgets what they hid.
func (l *List) narrow(filter, search string, order Order) {
	l.Filter, l.Search, l.Order, l.since = filter, search, order, 0
	if n := len(l.all); n > 0 {
		l.since = l.all[n-1].ID
	}
	l.rebuild()
}

// index is the place of the selected item among those shown, or -1.
func (l *List) index() int {
	if l.selected == nil {
		return -1
	}
	if at, ok := l.place(l.selected); ok {
		return at
	}
	return -1
}

// next returns the first item that waits, or nil.
func (l *List) next() *Item {
	for ; l.waiting < len(l.all); l.waiting++ {
		if it := l.all[l.waiting]; it.State == Waiting {
			return it
		}
	}
	return nil
}

// natural compares names so that numbers in them are in their order: part-2 before part-10.
func natural(a, b string) int {
	for a != "" && b != "" {
		da, db := digits(a), digits(b)
		if da > 0 && db > 0 {
			x, y := strings.TrimLeft(a[:da], "0"), strings.TrimLeft(b[:db], "0")
			if d := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); d != 0 {
				return d
			}
			a, b = a[da:], b[db:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

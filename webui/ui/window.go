package ui

import "math"

// Size of a tile with the gap behind it, in pixels; app.css has the same numbers.
const (
	tileWidth  = 120
	tileHeight = 140
	listPad    = 24 // before the first tile of a line
)

// Lines of tiles that stand ready beyond each end of what is seen, for lines of one tile and of several.
const (
	overscan     = 6
	overscanGrid = 1
)

// defaultSize is the length of the list until it is measured.
const defaultSize = 1280

// window is what is seen of a list: tiles in one line that scrolls sideways, or in lines of several that scroll down. Only
// those tiles are in the document.
type window struct {
	at    float64 // where it is scrolled to
	size  float64 // its length in that direction, 0 until measured
	width float64
	lanes int // tiles in a line across the direction
	moved bool
}

// Lay is the room that tiles outside of the window would take, and where to scroll when Move is set.
type Lay struct {
	Before, After, To float64
	Move, Grid        bool
}

func (l *List) pitch() float64 {
	if l.Grid {
		return tileHeight
	}
	return tileWidth
}

func (l *List) size() float64 {
	if l.win.size > 0 {
		return l.win.size
	}
	return defaultSize
}

// lines is how many lines n tiles take.
func (l *List) lines(n int) int { return (n + l.win.lanes - 1) / l.win.lanes }

// Window returns the tiles that must be in the document, as a range of Shown.
func (l *List) Window() (from, to int) {
	over := overscan
	if l.Grid {
		over = overscanGrid
	}
	first := max(int(l.win.at/l.pitch())-over, 0)
	last := int(math.Ceil((l.win.at+l.size())/l.pitch())) + over
	n := len(l.shown)
	return min(first*l.win.lanes, l.lines(n)*l.win.lanes), min(last*l.win.lanes, n)
}

// slots is how many elements the window needs at most.
func (l *List) slots() int {
	over := overscan
	if l.Grid {
		over = overscanGrid
	}
	return (int(math.Ceil(l.size()/l.pitch())) + 2*over + 1) * l.win.lanes
}

// Lay returns the layout and takes note that it was followed.
func (l *List) Lay() Lay {
	from, to := l.Window()
	out := Lay{Grid: l.Grid, To: l.win.at, Move: l.win.moved,
		Before: float64(l.lines(from)) * l.pitch(), After: float64(l.lines(len(l.shown))-l.lines(to)) * l.pitch()}
	l.win.moved = false
	return out
}

// Scrolled tells where the list was scrolled to; it returns whether other tiles are needed.
func (l *List) Scrolled(left, top float64) bool {
	at := left
	if l.Grid {
		at = top
	}
	before, last := l.Window()
	l.win.at = max(at, 0)
	from, to := l.Window()
	if from == before && to == last {
		return false
	}
	l.rev++
	return true
}

// Resized tells the inner size of the list.
func (l *List) Resized(width, height float64) {
	first := l.win.size == 0
	l.win.width, l.win.size = width, width
	if l.Grid {
		l.win.size = height
	}
	l.setLanes()
	l.rev++
	if first {
		l.reveal()
	}
}

// Measured tells whether Resized came since the list was last laid out differently.
func (l *List) Measured() bool { return l.win.size > 0 }

func (l *List) setLanes() {
	lanes := 1
	if l.Grid && l.win.width > 0 {
		lanes = max(int((l.win.width-2*listPad+8)/tileWidth), 1)
	}
	l.win.lanes = lanes
}

// SetGrid changes between one line and rows. The list is measured anew.
func (l *List) SetGrid(on bool) {
	if l.Grid == on {
		return
	}
	l.Grid, l.win.at, l.win.size = on, 0, 0
	l.setLanes()
	l.rev++
}

// page is how many tiles are seen at once.
func (l *List) page() int { return max(int(l.size()/l.pitch()), 1) * l.win.lanes }

// position is where the line of a place in Shown begins.
func (l *List) position(i int) float64 { return float64(i/l.win.lanes) * l.pitch() }

func (l *List) seen(i int) bool {
	x := l.position(i)
	return x+l.pitch() > l.win.at && x < l.win.at+l.size()
}

func (l *List) scroll(to float64) {
	end := float64(l.lines(len(l.shown)))*l.pitch() + listPad - l.size()
	to = max(min(to, end), 0)
	if to != l.win.at {
		l.win.at, l.win.moved = to, true
		l.rev++
	}
}

// reveal scrolls so that the selected item is seen: as little as possible for a neighbour, to the middle for one far away.
func (l *List) reveal() {
	i := l.index()
	if i < 0 || l.win.size == 0 {
		return
	}
	x, p, s := l.position(i), l.pitch(), l.size()
	switch at := l.win.at; {
	case x >= at && x+p+listPad/2 <= at+s:
	case x < at && x > at-2*p:
		l.scroll(x)
	case x+p > at+s && x < at+s+2*p:
		l.scroll(x + p + listPad/2 - s)
	default:
		l.scroll(x - (s-p)/2)
	}
}

// hold is an item and where it is seen, which is to stay there while others come and go.
type hold struct {
	it     *Item
	offset float64
}

// hold takes the selected item if it is seen, or the first one that is. At the start of the list nothing is held: there new
// images push in.
func (l *List) hold() hold {
	if i := l.index(); i >= 0 && l.seen(i) {
		return hold{l.selected, l.position(i) - l.win.at}
	}
	if i := int(l.win.at/l.pitch()) * l.win.lanes; l.win.at > 0 && i < len(l.shown) {
		return hold{l.shown[i], l.position(i) - l.win.at}
	}
	return hold{}
}

func (l *List) restore(h hold) {
	if h.it == nil {
		return
	}
	if i, ok := l.place(h.it); ok {
		l.scroll(l.position(i) - h.offset)
	}
}

package ui

import (
	"slices"

	vjs "github.com/vugu/vugu/js"

	"anomnet/assets/messages"
	"anomnet/wasm/protocol"
)

// Source is a file that a person gave, not yet read.
type Source interface {
	Name() string
}

// Backend is what the page needs from the browser and the workers. Calls return at once; answers come back through the
// methods of Page, never from inside a call.
type Backend interface {
	// Score inspects a source; the answer is Page.Scored or Page.Failed with the same id, also for an item that is forgotten.
	Score(id int, src Source)
	// Load puts another part into use, from model files or, without any, the site's own. No job runs meanwhile. The answer is
	// Page.Switched or Page.Refused.
	Load(models []Source)
	// Forget releases what is held for an item: bitmaps, previews, canvases.
	Forget(id int)
	// Pick takes the files that were chosen in an input element and empties it. The answer is Page.Give.
	Pick(input vjs.Value)
	// Now is a clock in milliseconds.
	Now() float64
	Canvas
}

// Canvas draws on the page's canvas elements.
type Canvas interface {
	// Thumb draws a small picture of the source once it can; id is 0 for pictures that belong to no item.
	Thumb(el vjs.Value, id int, src Source)
	// Picture and Heat draw the item large; they are called after every render and do nothing when nothing changed.
	Picture(el vjs.Value, it *Item)
	Heat(el vjs.Value, it *Item)
	// Opacity sets how much of the heat map is seen, 0..1.
	Opacity(el vjs.Value, opacity float64)
}

// Phase is how far the page has come.
type Phase int

// The phases in order; Broken is the end of a failed start.
const (
	Loading Phase = iota
	Ready
	Broken
)

// State is how far an item has come.
type State int

// The states in order. Failed has Item.Err, Done has Item.Result.
const (
	Waiting State = iota
	Working
	Done
	Failed
)

// Item is one image in the list.
type Item struct {
	ID     int
	Src    Source
	Label  string // "good" or "defect" for samples, else ""
	State  State
	Result protocol.ScoreResult
	Map    []float32
	Err    protocol.Error
	// Prepared is set by the Canvas when only the picture as scored can be shown.
	Prepared bool
}

// Sample is an image that comes with the site.
type Sample struct {
	Src   Source
	Label string // "good", "defect" or ""
}

// Page is the state of the whole page. Its methods must not run at the same time.
type Page struct {
	Text     *messages.Catalogue
	Phase    Phase
	Problem  protocol.Error // why Phase is Broken
	Part     protocol.LoadResult
	Samples  []Sample
	Settled  bool // all that is fetched is here, or was given up
	Requests int  // network requests since Settled
	Dragging bool // files are held over the window
	MapOn    bool
	Blink    bool // the map is hidden while a key is held
	Opacity  int  // percent
	Filter   string
	Live     string // what a screen reader is told
	Notice   *Notice

	back     Backend
	slots    int // jobs that may run at once
	items    []*Item
	byID     map[int]*Item
	lastID   int
	selected int // id, 0 is none
	running  int
	batch    batch

	parts   []*shelf
	at      int    // the part in use
	drops   []drop // wait for a part to load
	loading bool   // Backend.Load has the first of drops
}

// New returns a page in the Loading phase. slots is the number of jobs that the backend runs at once.
func New(back Backend, text *messages.Catalogue, slots int) *Page {
	return &Page{Text: text, MapOn: true, Opacity: 65, back: back, slots: max(slots, 1), byID: map[int]*Item{}}
}

// Loaded tells that the model is ready. The samples may follow.
func (p *Page) Loaded(part protocol.LoadResult) {
	p.Phase = Ready
	p.parts = []*shelf{{part: part, items: p.items, selected: p.selected, filter: p.Filter}}
	p.Part = part
	p.Live = p.Text.T("live.ready", "part", part.Part)
	p.dispatch()
}

// Settle tells, after Loaded, that nothing is fetched any more. The samples that came, if any, show the site's own part.
func (p *Page) Settle(samples []Sample) {
	p.Settled = true
	p.parts[0].samples = samples
	p.Samples = p.parts[p.at].samples
}

// Fail tells that there will be no model. Waiting items fail with the same error.
func (p *Page) Fail(e protocol.Error) {
	p.Phase, p.Problem, p.batch = Broken, e, batch{}
	for _, it := range p.byID {
		if it.State == Waiting {
			it.State, it.Err = Failed, e
		}
	}
	if p.loading {
		p.refuse(e)
	}
	p.proceed()
}

// SetLanguage changes all texts.
func (p *Page) SetLanguage(lang string) {
	if c, err := messages.Load(lang); err == nil {
		p.Text = c
	}
}

// Add appends images to the list and starts on them as soon as a model is there.
func (p *Page) Add(srcs ...Source) {
	p.addAll(srcs)
	p.dispatch()
}

func (p *Page) addAll(srcs []Source) {
	for _, s := range srcs {
		p.add(s, "")
	}
}

// InspectSamples adds the images that come with the site.
func (p *Page) InspectSamples() {
	for _, s := range p.Samples {
		p.add(s.Src, s.Label)
	}
	p.dispatch()
}

func (p *Page) add(src Source, label string) {
	p.lastID++
	it := &Item{ID: p.lastID, Src: src, Label: label}
	p.items = append(p.items, it)
	p.byID[it.ID] = it
	if p.Phase == Broken {
		it.State, it.Err = Failed, p.Problem
		return
	}
	p.batch.begin(p.back.Now())
	p.batch.total++
}

// dispatch keeps the workers busy, unless a part is to be loaded.
func (p *Page) dispatch() {
	p.proceed()
	if p.Phase != Ready || len(p.drops) > 0 {
		return
	}
	for _, it := range p.items {
		if p.running >= p.slots {
			return
		}
		if it.State == Waiting {
			it.State = Working
			p.running++
			p.back.Score(it.ID, it.Src)
		}
	}
}

// Scored is the answer of Backend.Score. Answers for items that are gone are dropped.
func (p *Page) Scored(id int, r protocol.ScoreResult, heat []float32) {
	if it := p.end(id); it != nil {
		it.State, it.Result, it.Map = Done, r, heat
		p.finished(it)
	}
}

// Failed is the other answer of Backend.Score.
func (p *Page) Failed(id int, e protocol.Error) {
	if it := p.end(id); it != nil {
		it.State, it.Err = Failed, e
		p.finished(it)
	}
}

// end books that a running job is over; nil when its item was removed meanwhile.
func (p *Page) end(id int) *Item {
	p.running = max(p.running-1, 0)
	it := p.byID[id]
	if it == nil || it.State != Working {
		p.dispatch()
		return nil
	}
	return it
}

func (p *Page) finished(it *Item) {
	p.batch.done++
	if p.selected == 0 {
		p.selected = it.ID
	}
	if it.ID == p.selected {
		p.Live = p.spoken(it)
	}
	if p.batch.over() {
		if p.batch.total > 1 {
			p.Live = p.summary()
		}
		p.batch = batch{}
	}
	p.dispatch()
}

// Cancel drops the images that wait. Running jobs take one image each and are let finish.
func (p *Page) Cancel() {
	p.remove(func(it *Item) bool { return it.State == Waiting })
	p.batch.total = p.batch.done
	for _, it := range p.items {
		if it.State == Working { // p.running also counts jobs of images that were cleared
			p.batch.total++
		}
	}
	if p.selected == 0 && len(p.items) > 0 {
		p.selected = p.items[0].ID
	}
	if p.batch.over() {
		p.batch = batch{}
	}
	p.Live = p.Text.T("live.cancelled")
}

// Clear empties the list. Answers of running jobs will be dropped.
func (p *Page) Clear() {
	p.remove(func(*Item) bool { return true })
	p.batch = batch{}
	p.Filter, p.Live = "", ""
}

func (p *Page) remove(gone func(*Item) bool) {
	p.items = slices.DeleteFunc(p.items, func(it *Item) bool {
		if !gone(it) {
			return false
		}
		delete(p.byID, it.ID)
		p.back.Forget(it.ID)
		if p.selected == it.ID {
			p.selected = 0
		}
		return true
	})
}

// batch counts the images added since the page was last idle.
type batch struct {
	total, done int
	start       float64 // Backend.Now at the first image
}

func (b *batch) begin(now float64) {
	if b.total == 0 {
		b.start = now
	}
}

func (b *batch) over() bool { return b.done >= b.total }

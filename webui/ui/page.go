package ui

import (
	"slices"

	vjs "github.com/vugu/vugu/js"

	"anomnet/assets/messages"
	"anomnet/core/policy"
	"anomnet/core/report"
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
	// Save keeps the settings on the device.
	Save(s Settings)
	// Pick takes the files that were chosen in an input element and empties it. The answer is Page.Give.
	Pick(input vjs.Value)
	// Now is a clock in milliseconds.
	Now() float64
	Canvas
	Lens
	Carrier
}

// Carrier moves files between the page and the person.
type Carrier interface {
	// Wall is the time of day.
	Wall() report.Time
	// Download gives a file to the person.
	Download(name, mime string, data []byte)
	// Results writes a batch in a form; page is for protocol.FormHTML only. answer runs like a method of Page.
	Results(req protocol.ResultsRequest, b *report.Batch, page *protocol.Page, answer func(data []byte, err error))
	// Pictures gives an archive of annotated pictures of items, with the batch's table and results. It tells Page.Saving, ends early when
	// Page.Stopped, and answers with Page.Saved.
	Pictures(name string, items []*Item, b *report.Batch)
	// Thumbs brings the thumbnails of items as data: addresses, "" for those without; answer runs like a method of Page.
	Thumbs(items []*Item, answer func(thumbs []string))
	// Film shows a camera's picture in a video element until EndFilm. The answers are Page.CameraRuns and Page.CameraFails. It is called
	// after every render and does nothing when nothing changed.
	Film(el vjs.Value, device string)
	EndFilm()
	// Shutter gives the focus to the button that takes a picture, unless a person is somewhere else in the dialog by now.
	Shutter(el vjs.Value)
	// Shoot takes the picture that Film shows. The answer is Page.Give.
	Shoot()
	// Series calls Page.NextOfSeries, now and then twice a second, until that returns false.
	Series()
}

// Canvas draws on the page's canvas elements.
type Canvas interface {
	// Thumb draws a small picture of an item once it can, on the element of a slot, and is called after every render of the list. Sample draws
	// one that belongs to no item.
	Thumb(el vjs.Value, slot int, it *Item)
	Sample(el vjs.Value, src Source)
	// Lay makes room in the list for the tiles that are not in the document, and scrolls it. The answers are List.Scrolled and
	// List.Resized.
	Lay(el vjs.Value, lay Lay)
	// Dialog opens or closes a dialog.
	Dialog(el vjs.Value, open bool)
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

// Sample is an image that comes with the site.
type Sample struct {
	Src   Source
	Label string // "good", "defect" or ""
}

// Page is the state of the whole page: what all views share, and the images that are inspected. Its methods must not run at
// the same time.
type Page struct {
	Text     *messages.Catalogue
	Locale   func(lang string) messages.Locale // nil: messages.Plain
	Settings Settings
	Phase    Phase
	Problem  protocol.Error // why Phase is Broken
	Part     protocol.LoadResult
	Samples  []Sample
	Settled  bool // all that the page shows is here, or was given up
	Counted  bool // see Count
	Requests int  // network requests since Count
	Newer    Newer
	Dragging bool // files are held over the window
	Narrow   bool // see NarrowScreen
	Workers  int  // how many inspect at a time
	Help     bool // the help is open
	// FocusView asks for the focus on the view's heading; whoever moves it there sets it back.
	FocusView bool
	Typed     string // in the field of the search
	Live      string
	Notice    *Notice
	List      *List // the images of the part in use
	Look      Look
	region    region
	Software  string // name and version, for exports
	Build     string // SHA-256 that names the build of the site, "" when it has none
	Outlet    Outlet
	Camera    CameraState
	// Today says what an earlier judgement about a signature is worth now; nil: what it was.
	Today func(protocol.Trust) protocol.Trust

	// Policy is what this station may do, nil without one.
	Policy *policy.Policy
	// Guard tells whether a view may be shown now; nil allows all.
	Guard func(id string) bool

	back     Backend
	views    []View
	tour     int // the hint that is shown, see Touring
	view     int
	watchers []Watcher
	panels   []Panel
	rev      int // see Touch

	slots   int // jobs that may run at once
	byID    map[int]*Item
	lastID  int
	running int
	batch   batch
	maps    []*Item // those with a map, the oldest first
	again   []*Item // wait to be scored once more

	limits map[*List]Limits // those that a person has moved
	tally  tally
	spots  spots

	parts   []*shelf
	at      int                        // the part in use
	resumed bool                       // the part of the last visit was looked for
	drops   []drop                     // wait for a part to load
	loading bool                       // Backend.Load has the first of drops
	taker   func(images []Source) bool // that of the view which took the last gift, nil for Inspect
	stop    bool                       // see Stop
	judging judging
	absent  map[string][]*Item        // items without a file, by the file's digest
	trusted map[string]protocol.Trust // by head, see Vouch
}

// New returns a page in the Loading phase that shows the view Inspect. slots is the number of jobs that the backend runs at once.
func New(back Backend, text *messages.Catalogue, slots int) *Page {
	p := &Page{Text: text, List: newList(), Look: Look{MapOn: true, Opacity: 65}, back: back, slots: max(slots, 1), byID: map[int]*Item{}}
	p.Register(inspectView(p))
	return p
}

// Loaded tells that the model is ready. The samples may follow.
func (p *Page) Loaded(part protocol.LoadResult) {
	p.Phase = Ready
	p.parts = []*shelf{{part: part, list: p.List}}
	p.Part = part
	p.Live = p.Text.T("live.ready", "part", part.Part)
	p.switched()
	p.dispatch()
}

// Settle tells, after Loaded, which samples came, if any; they show the site's own part.
func (p *Page) Settle(samples []Sample) {
	p.Settled = true
	p.parts[0].samples = samples
	p.Samples = p.parts[p.at].samples
}

// Count tells, after Settle, that nothing is fetched any more: requests are counted from now on.
func (p *Page) Count() { p.Counted = true }

// Fail tells that there will be no model. Waiting items fail with the same error.
func (p *Page) Fail(e protocol.Error) {
	p.Phase, p.Problem, p.batch = Broken, e, batch{}
	lists := []*List{p.List}
	for _, s := range p.parts {
		if s.list != p.List {
			lists = append(lists, s.list)
		}
	}
	for _, l := range lists {
		for it := l.next(); it != nil; it = l.next() {
			l.change(it, func() { it.State, it.Err = Failed, e })
		}
	}
	if p.loading {
		p.refuse(e)
	}
	p.proceed()
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
	if label == "" {
		label = labelOf(src)
	}
	it := &Item{ID: p.lastID, Src: src, Label: label}
	p.byID[it.ID] = it
	if p.Phase == Broken {
		it.State, it.Err = Failed, p.Problem
	}
	p.List.add(it)
	if p.Phase != Broken {
		p.batch.begin(p.back.Now)
		p.batch.total++
	}
}

// dispatch keeps the workers busy, unless a part is to be loaded. What a person waits to see comes first.
func (p *Page) dispatch() {
	p.proceed()
	if p.Phase != Ready || len(p.drops) > 0 {
		return
	}
	for p.running < p.slots {
		it := p.nextJob()
		if it == nil {
			return
		}
		p.running++
		p.back.Score(it.ID, it.Src)
	}
}

func (p *Page) nextJob() *Item {
	if len(p.again) > 0 {
		it := p.again[0]
		p.again = p.again[1:]
		return it
	}
	it := p.List.next()
	if it != nil {
		p.List.change(it, func() { it.State = Working })
	}
	return it
}

// Scored is the answer of Backend.Score. Answers for items that are gone are dropped.
func (p *Page) Scored(id int, r protocol.ScoreResult, heat []float32) {
	it, again := p.end(id)
	if it == nil {
		return
	}
	if again {
		p.keepMap(it, heat)
		p.Touch()
		p.dispatch()
		return
	}
	r.Name = it.Src.Name() // one copy of the name
	p.List.change(it, func() {
		it.State, it.Result, it.Time = Done, r, p.back.Wall()
		it.own, it.Map, it.Gone = r.Regions, heat, false
		p.judge(it)
	})
	p.keepMap(it, heat)
	if len(p.absent) > 0 {
		p.link(it)
	}
	p.finished(it)
}

// Failed is the other answer of Backend.Score.
func (p *Page) Failed(id int, e protocol.Error) {
	it, again := p.end(id)
	if it == nil {
		return
	}
	if again {
		it.Gone = e.Code != protocol.CodeCrashed && e.Code != protocol.CodeCancelled // else it may be tried again
		p.Touch()
		p.dispatch()
		return
	}
	p.List.change(it, func() { it.State, it.Err, it.Time = Failed, e, p.back.Wall() })
	p.finished(it)
}

// end books that a running job is over, and tells whether it was one of Reload. The item is nil when it was removed meanwhile.
func (p *Page) end(id int) (it *Item, again bool) {
	p.running = max(p.running-1, 0)
	it = p.byID[id]
	if it == nil || it.State != Working && !it.again {
		p.dispatch()
		return nil, false
	}
	again, it.again = it.again, false
	return it, again
}

func (p *Page) finished(it *Item) {
	p.batch.done++
	if p.List.selected == nil {
		p.List.selected = it
		p.Touch()
	}
	if it == p.List.selected {
		p.Live = p.spoken(it)
		p.Touch()
	}
	if p.batch.over() {
		if p.batch.total > 1 {
			p.Live = p.summary()
		}
		p.batch = batch{}
		p.Touch()
	}
	p.inspected(it)
	p.dispatch()
}

// Cancel drops the images that wait. Running jobs take one image each and are let finish.
func (p *Page) Cancel() {
	p.remove(func(it *Item) bool { return it.State == Waiting })
	p.batch.total = p.batch.done
	for _, it := range p.List.all {
		if it.State == Working { // p.running also counts jobs of images that were cleared
			p.batch.total++
		}
	}
	if p.List.selected == nil && len(p.List.all) > 0 {
		p.List.selected = p.List.all[0]
	}
	if p.batch.over() {
		p.batch = batch{}
	}
	p.Live = p.Text.T("live.cancelled")
}

// Trim forgets the oldest finished items, but for the last n of the list.
func (p *Page) Trim(n int) {
	over := len(p.List.all) - n
	if over <= 0 {
		return
	}
	old := map[*Item]bool{}
	for _, it := range p.List.all[:over] {
		old[it] = it.State >= Done && it != p.List.selected
	}
	p.remove(func(it *Item) bool { return old[it] })
}

func (p *Page) remove(gone func(*Item) bool) {
	p.List.remove(func(it *Item) bool {
		if !gone(it) {
			return false
		}
		delete(p.byID, it.ID)
		p.back.Forget(it.ID)
		return true
	})
	there := func(it *Item) bool { return p.byID[it.ID] == nil }
	p.maps, p.again = slices.DeleteFunc(p.maps, there), slices.DeleteFunc(p.again, there)
}

// maxMaps is how many anomaly maps are kept, of about 4 KB each. Older ones are computed again when somebody looks.
const maxMaps = 512

// keepMap keeps the map of an item and drops the oldest one.
func (p *Page) keepMap(it *Item, heat []float32) {
	it.Map, it.dropped = heat, false
	if len(heat) == 0 {
		return
	}
	p.maps = append(p.maps, it)
	for len(p.maps) > maxMaps {
		old := p.maps[0]
		p.maps = p.maps[1:]
		if old == p.List.selected { // looked at: as if it were new
			p.maps = append(p.maps, old)
			continue
		}
		old.Map, old.dropped = nil, true
	}
}

// Reload scores an item of the part in use once more, for the map and the picture that were not kept.
func (p *Page) Reload(id int) {
	if it := p.byID[id]; it != nil && it.State == Done && !it.again && !it.Gone && slices.Contains(p.List.all, it) {
		it.again = true
		p.again = append(p.again, it)
		p.dispatch()
	}
}

// batch counts the images added since the page was last idle.
type batch struct {
	total, done int
	start       float64 // Backend.Now at the first image
}

// begin asks for the time only once, since it comes from the browser.
func (b *batch) begin(now func() float64) {
	if b.total == 0 {
		b.start = now()
	}
}

func (b *batch) over() bool { return b.done >= b.total }

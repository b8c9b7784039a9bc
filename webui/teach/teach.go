package teach

import (
	"slices"
	"strings"

	"github.com/vugu/vugu"
	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/ui"
)

// Backend is what the view needs from the workers and the device. Calls return at once; answers come back through the methods of View, never from
// inside a call.
type Backend interface {
	// Compute makes the features of an image and keeps them for a draft; the answer is Computed or NotComputed.
	Compute(id int, src ui.Source, draft string, req protocol.FeaturesRequest)
	// Drop cancels Compute. It is answered all the same.
	Drop(id int)
	// Fit learns a head from features that are kept; the answers are any number of Reported, then Fitted or NotFitted, with the id of the fit. StopFit
	// cancels the last one.
	Fit(f Fit)
	StopFit()
	// KeepDraft keeps unfinished teaching, EndDraft forgets it with the features of its images, by their keys.
	KeepDraft(d store.Draft)
	EndDraft(id string, keys []string)
	// Reopen reads a draft; the answer is Resume, or Drafts when it is not there any more.
	Reopen(id string)
	// Part returns a part that is kept, or nil: a draft with its id goes on from there.
	Part(id string) *store.Part
	// Save keeps a fitted head as a version of a part; the answer is Saved or NotSaved.
	Save(s Save)
	// Download gives the person the head that was fitted last, under a name and with a rate.
	Download(name string, rate float64)
	// Thumb draws a small picture of an image that was computed, Whole a large one of all that the model sees.
	Thumb(el vjs.Value, draft string, s *Shot)
	Whole(el vjs.Value, draft string, s *Shot)
	// Pad gives pointer and keys of an element to PointRegion and PressRegion.
	Pad(el vjs.Value)
	// Fresh is a new id; Clock the time of day and Now a clock, in milliseconds.
	Fresh() string
	Clock() float64
	Now() float64
}

// Fit is what a head is learned from.
type Fit struct {
	ID        int
	Draft     string
	Req       protocol.FitRequest
	Good, Bad []string // keys
}

// Save is a head to keep, and the images as it has learned them: those of the view may be computed at another size by now.
type Save struct {
	Draft     string
	Name      string
	Rate      float64
	Result    *Result
	Good, Bad []store.Shot
	Unbad     []string // keys of images that the part may have as bad ones, and that are none
}

// State is how far an image is.
type State int

// The states.
const (
	Waiting State = iota
	Done
	Failed
)

// Shot is an image that a person gave.
type Shot struct {
	store.Shot
	ID    int
	Src   ui.Source // nil for one of an earlier visit
	State State
	Err   protocol.Error
	Bad   bool // known to be bad: not learned from, but checked with
	Out   bool // taken out; it can be brought back

	asked protocol.Copies // of the features that are on their way; those of Shot are here
}

// here tells whether the image has features, perhaps while others are computed.
func (s *Shot) here() bool { return s.Key != "" && s.State != Failed }

// View is the view's state.
type View struct {
	Page  *ui.Page
	Name  string
	Shape protocol.Shape
	Rate  int // place in Rates
	// Upright says that the part always lies the same way: turned and mirrored copies of good images are not good.
	Upright bool

	back     Backend
	id       string // of the draft; also of the part that will come of it
	parent   *store.Part
	own      string // digest of the site's backbone: new parts are taught on that
	backbone string // of the part that is taught
	shots    []*Shot
	lastID   int
	first    int  // ids up to this one are of earlier teaching, whose answers may still come
	lastFit  int  // the only one whose answers count
	toBad    bool // the images that come are bad ones
	all      bool // all images are shown, not only the first
	copies   int  // files that were there already
	computed batch
	fit      *running
	result   *Result
	stale    bool // the result is not of the images as they are now
	problem  *protocol.Error
	saving   bool
	saved    *store.Part
	drafted  bool // there is a draft on the device
	changed  bool // something since Save that is not in what is being saved
	full     bool
	volatile bool
	drafts   []store.Draft
	// discarded can be brought back until other teaching begins.
	discarded *discarded
	region    region
}

// batch is the images that are computed since the view was idle.
type batch struct {
	done, total int
	start       float64
}

// running is a fit.
type running struct {
	stage       string
	done, total int
	start       float64
	refit       bool
	anew        bool // features that were gone have been computed again for it
}

// New returns the view and what it is registered as.
func New(p *ui.Page, back Backend) (*View, ui.View) {
	v := &View{Page: p, Rate: defaultRate, back: back}
	v.reset()
	p.Watch(ui.Watcher{Switched: v.switched})
	return v, ui.View{ID: "teach", Body: &Body{v}, Take: v.Take, Left: v.forget}
}

// defaultShape is that of `anomnet teach`.
func defaultShape() protocol.Shape {
	return protocol.Shape{Width: 256, Height: 256, Mode: protocol.ModeStretch}
}

func (v *View) reset() {
	*v = View{Page: v.Page, Rate: v.Rate, back: v.back, Shape: defaultShape(), id: v.back.Fresh(), own: v.own, backbone: v.own, lastID: v.lastID, first: v.lastID,
		lastFit: v.lastFit + 1, drafts: v.drafts, discarded: v.discarded,
		region: region{tool: Rectangle, size: brushSize}}
}

// switched learns the backbone of the site's own part, which comes first; parts are taught on that.
func (v *View) switched(part protocol.LoadResult) {
	if v.own != "" {
		return
	}
	v.own = part.BackboneDigest
	if v.backbone != "" { // that of unfinished teaching
		return
	}
	v.backbone = v.own
	for _, s := range v.shots {
		v.compute(s)
	}
}

// Take takes images that were dropped or chosen while the view is open.
func (v *View) Take(images []ui.Source) bool {
	v.forget()
	images = slices.Clone(images)
	slices.SortStableFunc(images, func(a, b ui.Source) int { return strings.Compare(ui.PathOf(a), ui.PathOf(b)) })
	if len(v.live()) == 0 {
		v.copies = 0
	}
	from := len(v.shots)
	for _, src := range images {
		v.lastID++
		s := &Shot{ID: v.lastID, Src: src, Bad: v.toBad || ui.LabelOf(src) == "defect"}
		s.Name = src.Name()
		v.shots = append(v.shots, s)
	}
	for _, s := range slices.Clone(v.shots[from:]) { // when all are counted
		v.compute(s)
	}
	v.toBad, v.stale = false, v.result != nil
	v.unsaved()
	v.keep() // the draft first: files that no record names are swept away
	v.Page.Live = v.Page.Text.N("teach.live.added", len(images))
	return true
}

// compute asks for the features of an image.
func (v *View) compute(s *Shot) {
	if v.backbone == "" || s.Src == nil {
		return
	}
	if v.computed.total == 0 {
		v.computed.start = v.back.Now()
	}
	v.computed.total++
	s.State, s.Err, s.asked = Waiting, protocol.Error{}, v.copiesOf(s)
	v.back.Compute(s.ID, s.Src, v.id, protocol.FeaturesRequest{Name: s.Name, Backbone: v.backbone, Shape: v.Shape, Copies: s.asked})
}

// copiesOf is what copies the features of an image shall hold: none when it is bad, and as few as the number of good images calls for.
func (v *View) copiesOf(s *Shot) protocol.Copies {
	if s.Bad {
		return protocol.CopiesNone
	}
	n := 0
	for _, o := range v.live() {
		if !o.Bad && o.State != Failed {
			n++
		}
	}
	return protocol.CopiesFor(n, v.Upright)
}

func (v *View) shot(id int) *Shot {
	for _, s := range v.shots {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// Computed is an answer of Backend.Compute. volatile tells that the device had no room and the features last as long as the page.
func (v *View) Computed(id int, r protocol.FeaturesResult, shape protocol.Shape, volatile bool) {
	s := v.end(id)
	if s == nil || shape != v.Shape {
		return
	}
	v.volatile = v.volatile || volatile
	key := store.Key(r.SHA256)
	if v.twice(s, key) { // the same file again
		v.drop(s)
		v.settled()
		return
	}
	s.State = Done
	s.Shot = store.Shot{Key: key, SHA: r.SHA256, Name: s.Name, W: r.Width, H: r.Height, Copies: s.asked}
	v.keep()
	v.settled()
}

// NotComputed is the other answer.
func (v *View) NotComputed(id int, e protocol.Error) {
	s := v.end(id)
	if s == nil {
		return
	}
	switch {
	case e.Code == protocol.CodeCancelled && s.Key != "": // it has features, with fewer copies
		s.State = Done
	case e.Code == protocol.CodeCancelled:
		v.shots = slices.DeleteFunc(v.shots, func(x *Shot) bool { return x == s })
	case v.outdated(e):
		v.renew(e)
		return
	default:
		s.State, s.Err = Failed, e
	}
	v.settled()
}

// outdated tells whether what is stored of unfinished teaching, or its backbone, is of no use any more.
func (v *View) outdated(e protocol.Error) bool {
	stored := func(s *Shot) bool { return s.Src == nil && s.State == Done }
	return e.Code == protocol.CodeStale && v.own != "" && (v.backbone != v.own || slices.ContainsFunc(v.shots, stored))
}

// renew begins anew with the site's backbone: that of unfinished teaching is not on this device, what is stored of images was made by another version of the program, or
// it is gone with the part, which another tab perhaps has deleted. Images of an earlier visit must be given again.
func (v *View) renew(e protocol.Error) {
	v.backbone, v.fit, v.problem = v.own, nil, &e
	for _, s := range v.shots {
		if s.Src == nil {
			s.State, s.Err = Failed, e
		} else {
			v.lastID++ // answers that are on their way are of the other backbone
			s.ID, s.Key = v.lastID, ""
			v.compute(s)
		}
	}
	v.touched()
}

// end books an answer, and returns the image that waits for it, if any.
func (v *View) end(id int) *Shot {
	if id <= v.first {
		return nil
	}
	v.computed.done++
	if v.computed.done >= v.computed.total {
		v.computed = batch{}
	}
	if s := v.shot(id); s != nil && s.State == Waiting {
		return s
	}
	return nil
}

// settled goes on with a fit that waits for the last image.
func (v *View) settled() {
	if v.fit != nil && v.fit.stage == stageFeatures && !v.Computing() {
		v.startFit()
	}
}

// live lists the images that count.
func (v *View) live() []*Shot {
	var out []*Shot
	for _, s := range v.shots {
		if !s.Out {
			out = append(out, s)
		}
	}
	return out
}

// pick lists the finished images that are good or bad, in the order in which they are learned.
func (v *View) pick(bad bool) []*Shot {
	var out []*Shot
	for _, s := range v.shots {
		if !s.Out && s.State == Done && s.Bad == bad {
			out = append(out, s)
		}
	}
	return out
}

// Computing tells whether features are still computed.
func (v *View) Computing() bool { return v.computed.total > 0 }

// StopComputing gives up on the images that wait.
func (v *View) StopComputing() {
	for _, s := range v.shots {
		if s.State == Waiting {
			v.back.Drop(s.ID)
		}
	}
	if v.fit != nil && v.fit.stage == stageFeatures {
		v.fit = nil
	}
}

// Remove takes an image out, Restore brings it back.
func (v *View) Remove(s *Shot) {
	if s.State == Waiting {
		v.back.Drop(s.ID)
		if !s.here() {
			return
		}
	}
	v.setOut(s, true)
	v.Page.Live = v.Page.Text.T("teach.live.removed", "name", s.Name)
}

// Restore brings an image back that was taken out, unless the same file has been given again meanwhile.
func (v *View) Restore(s *Shot) {
	if v.twice(s, s.Key) {
		v.drop(s)
		return
	}
	v.setOut(s, false)
}

// drop leaves out an image that is there already.
func (v *View) drop(s *Shot) {
	n := len(v.shots)
	v.shots = slices.DeleteFunc(v.shots, func(x *Shot) bool { return x == s })
	v.copies += n - len(v.shots)
}

// twice tells whether another image that counts has a key.
func (v *View) twice(s *Shot, key string) bool {
	return key != "" && slices.ContainsFunc(v.shots, func(o *Shot) bool { return o != s && !o.Out && o.State == Done && o.Key == key })
}

func (v *View) setOut(s *Shot, out bool) {
	if s.State == Failed && out {
		v.shots = slices.DeleteFunc(v.shots, func(x *Shot) bool { return x == s })
		return
	}
	s.Out = out
	v.touched()
}

// touched notes that the result is not of these images any more.
func (v *View) touched() {
	v.stale = v.result != nil
	v.unsaved()
	v.keep()
}

// SetShape changes how images come to the head's size; all that are at hand are computed again.
func (v *View) SetShape(s protocol.Shape) {
	if s == v.Shape || v.Locked() {
		return
	}
	w, h := v.grid()
	sameMode := s.Mode == v.Shape.Mode
	v.Shape = s
	toW, toH := v.grid()
	v.region.reshape(w, h, toW, toH, sameMode)
	for _, shot := range v.shots {
		if shot.State == Waiting {
			v.back.Drop(shot.ID)
		}
		shot.ID = 0
	}
	for _, shot := range v.shots { // new ids: answers that are on their way are for the old shape
		v.lastID++
		shot.ID, shot.Key = v.lastID, ""
		v.compute(shot)
	}
	v.touched()
}

// Locked tells that the shape cannot change, since images of an earlier visit are not at hand.
func (v *View) Locked() bool {
	return v.fit != nil || slices.ContainsFunc(v.shots, func(s *Shot) bool { return s.Src == nil })
}

// unsaved notes that what is shown is not what was saved, nor what is being saved.
func (v *View) unsaved() { v.saved, v.changed = nil, true }

// leave ends what runs for this teaching, and begins anew.
func (v *View) leave() {
	for _, s := range v.shots {
		if s.State == Waiting {
			v.back.Drop(s.ID)
		}
	}
	if v.fit != nil {
		v.back.StopFit()
	}
	v.reset()
}

// SetName takes the part's name.
func (v *View) SetName(s string) {
	v.Name = s
	v.keep()
}

// PickBad takes chosen files as images that are known to be bad.
func (v *View) PickBad(event vugu.DOMEvent) {
	v.toBad = true
	v.Page.Picked(event)
}

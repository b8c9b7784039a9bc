package teach

import (
	"slices"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/ui"
)

// Corrector changes parts that are kept. Calls return at once; answers come back through the methods of Panel.
type Corrector interface {
	// Kept returns the part that has a head, or nil.
	Kept(head string) *store.Part
	// Learn teaches a part further with images that are good; the answer is Learned, Left or NotLearned. The new version comes into use.
	Learn(p store.Part, items []*ui.Item)
	// Mark keeps an image as bad, and whether the version in use calls it NG; the answer is Marked or NotMarked.
	Mark(p store.Part, it *ui.Item, caught bool)
	// Undo takes the version before the last lesson into use again; the answer is Chosen, Left or NotLearned.
	Undo(id string, n int)
}

// Panel is "this one is good" and "this one is bad" beside the inspected image.
type Panel struct {
	Page *ui.Page

	back    Corrector
	waiting []*ui.Item // good ones that wait for a fit to end
	busy    bool
	coming  *coming // waits to come into use
	about   string  // id of the part that the rest is about
	said    string  // what was done last
	undo    *version
	problem *protocol.Error
}

// version is one to go back to.
type version struct {
	id string
	n  int
}

// coming is a version that is on its way into use.
type coming struct {
	head string
	said string
	undo *version
}

// NewPanel adds the panel to Inspect.
func NewPanel(p *ui.Page, back Corrector) *Panel {
	c := &Panel{Page: p, back: back}
	p.AddPanel(ui.Panel{Body: c, Key: c.key, Keys: []ui.Shortcut{{Keys: "G", Does: "keys.good"}}})
	p.Watch(ui.Watcher{Switched: c.switched})
	return c
}

// switched ends a change, and forgets what was said about another part.
func (c *Panel) switched(part protocol.LoadResult) {
	if n := c.coming; n != nil {
		c.coming, c.busy = nil, false
		if n.head == part.HeadDigest {
			c.said, c.undo, c.Page.Live = n.said, n.undo, n.said
			if p := c.part(); p != nil {
				c.begin(p)
			}
			return
		}
	}
	c.waiting = nil // they are images of another part
	c.turn(c.part())
}

// turn forgets what was said about another part.
func (c *Panel) turn(p *store.Part) {
	id := ""
	if p != nil {
		id = p.ID
	}
	if id != c.about {
		c.about, c.said, c.undo, c.problem = id, "", nil, nil
	}
}

func (c *Panel) key(key string) bool {
	if key != "g" && key != "G" || !c.Shown() {
		return false
	}
	c.Good()
	return true
}

func (c *Panel) part() *store.Part { return c.back.Kept(c.Page.Part.HeadDigest) }

// Shown tells whether the selected image has a verdict to correct.
func (c *Panel) Shown() bool {
	it := c.Page.Selected()
	return it != nil && (it.State == ui.Done || c.busy || c.said != "")
}

// Able tells whether the part in use can learn.
func (c *Panel) Able() bool {
	p, it := c.part(), c.Page.Selected()
	return p != nil && p.Teachable() && it != nil && it.State == ui.Done
}

// Why says why it cannot, "" when it can.
func (c *Panel) Why() string {
	switch p := c.part(); {
	case p == nil:
		return c.Page.Text.T("correct.unkept")
	case !p.Teachable():
		return c.Page.Text.T("correct.imported")
	}
	return ""
}

// Good teaches the part that the selected image is good.
func (c *Panel) Good() {
	p, it := c.part(), c.Page.Selected()
	if p == nil || !c.Able() || slices.Contains(c.waiting, it) {
		return
	}
	c.turn(p)
	if key := store.Key(it.Result.SHA256); slices.Contains(p.Current().Good, key) {
		c.said, c.undo = c.Page.Text.T("correct.known", "name", it.Src.Name()), nil
		c.Page.Live = c.said
		return
	}
	c.waiting = append(c.waiting, it)
	c.begin(p)
}

func (c *Panel) begin(p *store.Part) {
	if c.busy || len(c.waiting) == 0 {
		return
	}
	c.busy, c.problem, c.said, c.undo = true, nil, "", nil
	items := c.waiting
	c.waiting = nil
	c.back.Learn(*p, items)
}

// Bad keeps the selected image as one that must be found. Whether it is found now is a matter of the version, not of a limit that was moved.
func (c *Panel) Bad() {
	p, it := c.part(), c.Page.Selected()
	if p == nil || !c.Able() {
		return
	}
	c.turn(p)
	c.problem = nil
	caught := it.Result.Verdict == protocol.VerdictNG
	if c.Page.LimitsMoved() {
		caught = it.Result.Raw > c.Page.Part.Limit
	}
	c.back.Mark(*p, it, caught)
}

// Learned is the answer of Learn: the part has a new version, made with n images more, which comes into use.
func (c *Panel) Learned(p *store.Part, n int) {
	c.coming = &coming{head: p.Current().Head, said: c.Page.Text.N("correct.learned", n, "part", p.Name, "version", itoa(p.Use))}
	if before := p.Before(); before != nil {
		c.coming.undo = &version{p.ID, before.N}
	}
}

// Left is the answer of Learn and Undo when the version is kept, but a person has gone to another part meanwhile.
func (c *Panel) Left() {
	c.busy = false
	if p := c.part(); p != nil {
		c.begin(p)
	}
}

// NotLearned is the other answer, about the part with an id.
func (c *Panel) NotLearned(id string, e protocol.Error) {
	c.busy, c.waiting = false, nil
	c.fail(id, e)
}

func (c *Panel) fail(id string, e protocol.Error) {
	if id == c.about {
		c.problem = &e
	} else { // a person has gone to another part meanwhile
		c.Page.Warn(c.Page.What(e), c.Page.Do(e), e.Message)
	}
}

// NotMarked is the other answer of Mark. Perhaps the part learns at the same time.
func (c *Panel) NotMarked(id string, e protocol.Error) { c.fail(id, e) }

// Marked is the answer of Mark.
func (c *Panel) Marked(p *store.Part, name string) {
	if p.ID != c.about {
		return
	}
	c.said, c.undo = c.Page.Text.T("correct.marked", "name", name), nil
	c.Page.Live = c.said
}

// Chosen is the answer of Undo.
func (c *Panel) Chosen(p *store.Part) {
	c.coming = &coming{head: p.Current().Head, said: c.Page.Text.T("correct.back", "part", p.Name, "version", itoa(p.Use))}
}

// Undo goes back to the version before.
func (c *Panel) Undo() {
	if c.undo != nil && !c.busy {
		u := c.undo
		c.busy, c.undo, c.said = true, nil, ""
		c.back.Undo(u.id, u.n)
	}
}

// CanUndo tells whether there is a way back.
func (c *Panel) CanUndo() bool { return c.undo != nil && !c.busy }

// Busy tells whether the part learns. A version that the workers refuse never comes into use.
func (c *Panel) Busy() bool {
	if n := c.Page.Notice; c.coming != nil && n != nil && n.Kind == ui.NoticeRefused {
		c.coming, c.busy = nil, false
	}
	return c.busy
}

// Said is what was done last.
func (c *Panel) Said() string {
	if c.Busy() {
		return c.Page.Text.T("correct.busy")
	}
	return c.said
}

// Recall says how many of the bad images are found, "" when the version was checked with none.
func (c *Panel) Recall() string {
	p := c.part()
	if p == nil {
		return ""
	}
	caught, all := p.Recall()
	if all == 0 {
		return ""
	}
	return c.Page.Text.T("correct.recall", "found", itoa(caught), "all", itoa(all))
}

// Shape says that the image has other proportions than the good ones of the part, by more than Teach allows among these: it is brought to one size with them, so what it
// shows is stretched or cut in another way. Only parts that are taught on this device know their images.
func (c *Panel) Shape() string {
	p, it := c.part(), c.Page.Selected()
	if p == nil || it == nil || it.State != ui.Done || it.Result.Height == 0 {
		return ""
	}
	var good aspects
	for _, s := range p.Shots {
		if s.H > 0 && !slices.Contains(p.Bad, s.Key) {
			good.add(s.W, s.H)
		}
	}
	if aspect := float64(it.Result.Width) / float64(it.Result.Height); good.high == 0 || aspect <= good.high*sameAspect && aspect*sameAspect >= good.low {
		return ""
	}
	return c.Page.Text.T("correct.shape", "part", p.Name)
}

// Problem says what went wrong.
func (c *Panel) Problem() string {
	if c.problem == nil {
		return ""
	}
	if c.problem.Code == protocol.CodeStorageFull {
		return c.Page.Text.T("correct.full")
	}
	return c.Page.What(*c.problem) + ". " + c.Page.Do(*c.problem)
}

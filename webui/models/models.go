package models

import (
	"slices"
	"strconv"
	"strings"

	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/trust"
	"anomnet/webui/ui"
)

// Backend is what the view needs from the workers and the device. Calls return at once; answers come back through the methods of View.
type Backend interface {
	// Choose takes a version into use and inspects with it. The answer is Changed or Failed.
	Choose(id string, n int)
	Rename(id, name string)
	Delete(id string)
	DeleteVersion(id string, n int)
	// Export gives the person the file of a version.
	Export(p store.Part, n int)
	// Import keeps the part in the files that were chosen in an input, Keep the part in files that are loaded.
	Import(input vjs.Value)
	Keep(files []ui.Source)
	// Describe reads what a head tells of itself; the answer is Described.
	Describe(p store.Part, n int)
	// TeachFurther opens a part in the view Teach.
	TeachFurther(p store.Part)
	// Compare asks two models about images; the answers are Compared for each, then ComparedAll.
	Compare(a, b Side, images []ui.Source)
	StopCompare()
	// Persist asks the browser to keep what is stored; the answer is Kept.
	Persist()
	// Focus gives an element the focus.
	Focus(el vjs.Value)
	// Date writes a time in milliseconds in a language.
	Date(lang string, ms float64) string
	Vault
}

// Side is one of two models that are compared: a version of a kept part, or, with Part "", the part that came with the site.
type Side struct {
	Part string
	N    int
}

// View is the view's state.
type View struct {
	Page   *ui.Page
	Sealed bool // the page can ask its server for nothing

	back     Backend
	parts    []store.Part
	usage    store.Usage
	asked    string // id of the part whose deletion is to be confirmed
	renaming string
	newName  string
	cards    map[string]protocol.Model // by head
	busy     string                    // id that something is done to
	problem  *protocol.Error
	said     string
	compare  comparison
	keys     []trust.Key
	pin      *trust.Key // a person is asked whether to trust it
	undo     func()     // takes the last action back
	offers   offers
	gone     int // parts that the browser has cleared
}

// New returns the view and what it is registered as.
func New(p *ui.Page, back Backend) (*View, ui.View) {
	v := &View{Page: p, back: back, cards: map[string]protocol.Model{}}
	return v, ui.View{ID: "models", Body: &Body{v}, Left: v.left}
}

// left closes what was asked: the keyboard would be on "Delete" when people come back. What went wrong was read.
func (v *View) left() { v.asked, v.renaming, v.problem = "", "", nil }

// Changed tells what is kept now.
func (v *View) Changed(parts []store.Part, usage store.Usage) {
	v.parts, v.usage = parts, usage
	if !slices.ContainsFunc(parts, func(p store.Part) bool { return p.ID == v.asked }) {
		v.asked = ""
	}
	v.compare.check(v)
}

// Done ends an action; said is for the person.
func (v *View) Done(said string) {
	v.busy, v.problem, v.said, v.undo = "", nil, said, nil
	v.Page.Live = said
}

// Failed ends an action that did not work.
func (v *View) Failed(e protocol.Error) { v.busy, v.problem, v.said, v.undo = "", &e, "", nil }

func (v *View) begin(id string) { v.busy, v.problem, v.said, v.undo = id, nil, "", nil }

// Cleared tells that parts are gone which the browser had not promised to keep.
func (v *View) Cleared(parts int) {
	v.gone = parts
	v.Page.Warn(v.GoneText(), "", "")
}

// GoneText says so, "" when nothing is gone.
func (v *View) GoneText() string {
	if v.gone == 0 {
		return ""
	}
	return v.Page.Text.N("models.gone", v.gone)
}

// Use takes a version into use.
func (v *View) Use(p store.Part, n int) {
	v.begin(p.ID)
	v.back.Choose(p.ID, n)
}

// Ask asks whether a part shall be deleted, the one thing that cannot be undone.
func (v *View) Ask(p store.Part) { v.asked = p.ID }

// Keep is the answer no.
func (v *View) Keep() { v.asked = "" }

// Delete is the answer yes.
func (v *View) Delete(p store.Part) {
	if v.asked == p.ID {
		v.asked = ""
		v.begin(p.ID)
		v.back.Delete(p.ID)
	}
}

// StartRename shows the field for a new name.
func (v *View) StartRename(p store.Part) { v.renaming, v.newName = p.ID, p.Name }

// StopRename closes it.
func (v *View) StopRename() { v.renaming = "" }

// SetName takes what is typed.
func (v *View) SetName(s string) { v.newName = s }

// Rename gives a part another name, as a new version.
func (v *View) Rename(p store.Part) {
	name := strings.TrimSpace(v.newName)
	v.renaming = ""
	if name == "" || name == p.Name {
		return
	}
	v.begin(p.ID)
	v.back.Rename(p.ID, name)
}

// Open reads the model card of the version in use, once it is looked at.
func (v *View) Open(p store.Part) {
	if _, ok := v.cards[p.Current().Head]; !ok {
		v.back.Describe(p, p.Use)
	}
}

// Described is what a head tells of itself.
func (v *View) Described(m protocol.Model) { v.cards[m.Head] = m }

// Body is what the view shows.
type Body struct{ *View }

// T is a text of the catalogue.
func (v *View) T(key string, args ...string) string { return v.Page.Text.T(key, args...) }

// Parts lists what is kept.
func (c *Body) Parts() []store.Part { return c.parts }

// Others lists parts that are loaded and not kept: the site's own, and those from files.
func (c *Body) Others() []ui.Loaded {
	return slices.DeleteFunc(c.Page.AllLoaded(), func(l ui.Loaded) bool { return l.Kept })
}

// OriginName writes where a version came from.
func (v *View) OriginName(ver *store.Version) string {
	switch {
	case ver.Why == "renamed":
		return v.T("models.origin.renamed")
	case ver.Why == "good":
		return v.T("models.origin.corrected")
	case ver.Origin == store.Imported:
		return v.T("models.origin.imported")
	}
	return v.T("models.origin.taught")
}

// Line says what a part is.
func (c *Body) Line(p *store.Part) string {
	now := p.Current()
	s := c.T("models.line", "n", strconv.Itoa(now.N), "origin", c.OriginName(now), "date", c.back.Date(c.Page.Text.Lang, now.Made),
		"images", c.Page.Text.N("live.images", now.Images), "size", c.Size(now.Bytes))
	if caught, all := p.Recall(); all > 0 {
		s += " · " + c.T("correct.recall", "found", strconv.Itoa(caught), "all", strconv.Itoa(all))
	}
	return s
}

// VersionLine says what a version is.
func (c *Body) VersionLine(ver *store.Version) string {
	return c.T("models.line", "n", strconv.Itoa(ver.N), "origin", c.OriginName(ver), "date", c.back.Date(c.Page.Text.Lang, ver.Made),
		"images", c.Page.Text.N("live.images", ver.Images), "size", c.Size(ver.Bytes))
}

// Trust is who vouches for a version.
func (c *Body) Trust(ver *store.Version) protocol.Trust {
	if ver.Trust == nil && ver.Origin != store.Imported || ver.Why != "" {
		return protocol.Trust{State: ui.TrustHere}
	}
	return c.trustOf(ver.Head, ver.Trust)
}

// LoadedTrust is who vouches for a part that is loaded and not kept.
func (c *Body) LoadedTrust(l ui.Loaded) protocol.Trust { return c.Page.TrustOf(l.Part.HeadDigest) }

// Size writes a number of bytes.
func (v *View) Size(bytes float64) string {
	for _, u := range []struct {
		unit  float64
		key   string
		digit int
	}{{1e9, "GB", 1}, {1e6, "MB", 1}, {1e3, "KB", 0}} {
		if bytes >= u.unit {
			return v.Page.Text.Number(bytes/u.unit, u.digit) + " " + u.key
		}
	}
	return v.Page.Text.Number(bytes, 0) + " B"
}

// InUse tells whether images are inspected with a part.
func (v *View) InUse(p *store.Part) bool { return v.Page.Part.HeadDigest == p.Current().Head }

// Versions of a part, the latest first.
func (c *Body) Versions(p *store.Part) []*store.Version {
	var out []*store.Version
	for i := len(p.Versions) - 1; i >= 0; i-- {
		out = append(out, &p.Versions[i])
	}
	return out
}

// IsUse tells whether a version is the one in use of its part.
func (c *Body) IsUse(p *store.Part, ver *store.Version) bool { return p.Current().N == ver.N }

// BackText is the one click back, "" when there is nothing before.
func (c *Body) BackText(p *store.Part) string {
	if b := p.Before(); b != nil {
		return c.T("models.back", "n", strconv.Itoa(b.N))
	}
	return ""
}

// Back goes to the version before.
func (c *Body) Back(p store.Part) {
	if b := p.Before(); b != nil {
		c.Use(p, b.N)
	}
}

// Asked tells whether a part's deletion is to be confirmed.
func (c *Body) Asked(p *store.Part) bool { return c.asked == p.ID }

// AskText is the question.
func (c *Body) AskText(p *store.Part) string {
	return c.Page.Text.N("models.delete.ask", len(p.Versions), "part", p.Name)
}

// Renaming tells whether a part's name is being changed.
func (c *Body) Renaming(p *store.Part) bool { return c.renaming == p.ID }

// NewName is what is typed.
func (c *Body) NewName() string { return c.newName }

// Busy tells whether something is done to a part.
func (c *Body) Busy(p *store.Part) bool { return c.busy == p.ID }

// Said is what was done last.
func (c *Body) Said() string { return c.said }

// Problem says what went wrong.
func (c *Body) Problem() string {
	if c.problem == nil {
		return ""
	}
	e := *c.problem
	switch e.Code {
	case protocol.CodeModelCorrupt:
		return c.T("refused.model_corrupt") + " " + c.T("refused.model_corrupt.do")
	case protocol.CodeSignature:
		return c.Page.TrustWhy(e.Hint)
	case protocol.CodeModelMismatch:
		return c.T("refused.model_mismatch") + " " + c.T("refused.model_mismatch.do")
	}
	return c.Page.What(e) + ". " + c.Page.Do(e)
}

// Detail is the problem in the program's own words.
func (c *Body) Detail() string {
	if c.problem == nil {
		return ""
	}
	return c.problem.Message
}

// Card lists what the version in use tells of itself.
func (c *Body) Card(p *store.Part) []ui.Fact {
	m, ok := c.cards[p.Current().Head]
	if !ok {
		return nil
	}
	rate := "part.rate.promised"
	if !m.Promised {
		rate = "part.rate.aimed"
	}
	fs := []ui.Fact{
		{Key: "part.calibration", Tip: "part.calibration.tip", Value: c.T("part.calibration.value", "n", c.Page.Text.Count(m.HeldOut))},
		{Key: rate, Tip: rate + ".tip", Value: c.T("part.rate.value", "percent", c.Page.Percent(m.Rate))},
		{Key: "part.centroids", Tip: "part.centroids.tip", Value: c.Page.Text.Count(m.Centroids)},
		{Key: "part.method", Tip: "part.method.tip", Value: m.Method},
		{Key: "part.size", Tip: "part.size.tip", Value: strconv.Itoa(m.Shape.Width) + " × " + strconv.Itoa(m.Shape.Height)},
		{Key: "models.software", Value: m.Software},
		{Key: "models.seed", Value: strconv.FormatInt(m.Seed, 10)},
		{Key: "part.head", Tip: "part.head.tip", Value: ui.Short(m.Head)},
		{Key: "trust.fact", Tip: "trust.fact.tip", Value: c.Page.TrustLine(c.Trust(p.Current()))},
		{Key: "part.backbone", Tip: "part.backbone.tip", Value: ui.Short(m.Backbone)},
	}
	if m.ROI != "" {
		fs = append(fs, ui.Fact{Key: "roi.title", Tip: "roi.tip", Value: c.Page.RegionText(ui.ParseRegion(m.ROI))})
	}
	if m.Parent != "" {
		fs = append(fs, ui.Fact{Key: "models.parent", Tip: "models.parent.tip", Value: ui.Short(m.Parent)})
	}
	if m.DataSHA256 != "" {
		fs = append(fs, ui.Fact{Key: "models.data", Tip: "models.data.tip", Value: ui.Short(m.DataSHA256)})
	}
	return fs
}

// CardText is the text of the model card.
func (c *Body) CardText(p *store.Part) string { return c.cards[p.Current().Head].Card }

// Engine tells what inspects on this device.
func (c *Body) Engine() []ui.Fact {
	return []ui.Fact{{Key: "page.tier", Tip: "page.tier.tip", Value: c.Page.Part.Tier}, {Key: "models.workers", Tip: "models.workers.tip", Value: c.Page.Text.Count(c.Page.Workers)}}
}

// UsageText says how much is stored.
func (c *Body) UsageText() string {
	return c.T("models.usage", "used", c.Size(c.usage.Used), "quota", c.Size(c.usage.Quota))
}

// PersistedText says whether the browser keeps it.
func (c *Body) PersistedText() string {
	if c.usage.Persisted {
		return c.T("models.persisted")
	}
	return c.T("models.unpersisted")
}

// Persisted tells whether the browser has promised to keep what is stored.
func (c *Body) Persisted() bool { return c.usage.Persisted }

// Focus brings the keyboard to the question, since the button that asked it is gone.
func (c *Body) Focus(el vjs.Value) { c.back.Focus(el) }

// AskPersist asks the browser to promise it.
func (c *Body) AskPersist() { c.back.Persist() }

// Further opens a part in the view Teach.
func (c *Body) Further(p store.Part) { c.back.TeachFurther(p) }

package privacy

import (
	"strconv"

	"anomnet/webui/ui"
)

// Backend is what the view needs from the service worker.
type Backend interface {
	// Watch is called when the view is shown; the answers are View.Saw, again and again until the view is left.
	Watch()
	// Look asks the site for a new version. The answer is View.Looked.
	Look()
}

// Seen is what the service worker knows of the requests that pass it.
type Seen struct {
	On     bool   // it serves this page
	Why    string // why not
	Sealed bool
	Build  string // of this page, the SHA-256 of site.json
	Device int    // requests of this page and its workers that it answered from this device
	Site   int    // that went to the page's own site
	Other  int    // to any other address
	Own    int    // its own, for the files of the site
	Last   []string
}

// View is the view's state.
type View struct {
	Page    *ui.Page
	back    Backend
	seen    Seen
	looking bool
	said    string // key of the catalogue
}

// New returns the view and what it is registered as.
func New(p *ui.Page, back Backend) (*View, ui.View) {
	v := &View{Page: p, back: back}
	return v, ui.View{ID: "privacy", Aside: true, Body: &Body{v}, Shown: v.shown}
}

func (v *View) shown() {
	v.said = ""
	v.back.Watch()
}

// Saw tells what was counted.
func (v *View) Saw(s Seen) { v.seen = s }

// Seen is what was counted last.
func (v *View) Seen() Seen { return v.seen }

// Look asks for a new version.
func (v *View) Look() {
	v.looking, v.said = true, ""
	v.back.Look()
}

// Looked tells how that ended.
func (v *View) Looked(err error) {
	v.looking = false
	switch {
	case err != nil:
		v.said = "privacy.look.failed"
	case v.Page.Newer.There:
		v.said = "privacy.look.found"
	default:
		v.said = "privacy.look.none"
	}
	v.Page.Live = v.T(v.said)
}

// T is a text of the catalogue.
func (v *View) T(key string, args ...string) string { return v.Page.Text.T(key, args...) }

// Body shows the view.
type Body struct{ *View }

// Row is a line of the table.
type Row struct{ Key, Label, Value string }

// Counts are the numbers that are counted now.
func (c *Body) Counts() []Row {
	rows := []Row{{"page", c.T("privacy.page"), strconv.Itoa(c.Page.Requests)}}
	if !c.seen.On {
		return rows
	}
	return append(rows,
		Row{"other", c.T("privacy.other"), strconv.Itoa(c.seen.Other)},
		Row{"site", c.T("privacy.site"), strconv.Itoa(c.seen.Site)},
		Row{"device", c.T("privacy.device"), strconv.Itoa(c.seen.Device)},
		Row{"own", c.T("privacy.own"), strconv.Itoa(c.seen.Own)})
}

// Reasons are the catalogue keys of what keeps images here.
func (c *Body) Reasons() []string {
	keys := []string{"privacy.why.local", "privacy.why.policy", "privacy.why.server", "privacy.why.test"}
	if c.seen.Sealed {
		keys = append(keys, "privacy.why.sealed")
	}
	return keys
}

// Limits are the catalogue keys of what the page cannot promise.
func (c *Body) Limits() []string {
	return []string{"privacy.limit.server", "privacy.limit.browser", "privacy.limit.leave", "privacy.limit.update"}
}

// Hash names the build.
func (c *Body) Hash() string {
	if c.seen.Build == "" {
		return "–"
	}
	return c.seen.Build
}

// Offline says whether the page works without its server.
func (c *Body) Offline() string {
	if c.seen.On {
		return c.T("privacy.offline.yes")
	}
	return c.T("privacy.offline.no")
}

// Looking tells that a new version is looked for.
func (c *Body) Looking() bool { return c.looking }

// Said is how that ended.
func (c *Body) Said() string {
	if c.said == "" {
		return ""
	}
	return c.T(c.said)
}

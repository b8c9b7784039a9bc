package history

import (
	"slices"
	"strings"

	"anomnet/core/audit/payload"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
)

const (
	maxLoaded = 20_000 // entries that the view reads; all of them are verified and saved
	perPage   = 100
)

// Filters of the list beside "", which shows all entries.
const (
	filterFailed   = "failed"
	filterOverride = "override"
	filterOther    = "other"
)

// Filters returns all filters, the default first.
func Filters() []string {
	return []string{"", protocol.VerdictNG, protocol.VerdictReview, protocol.VerdictOK, filterFailed, filterOverride, filterOther}
}

// History is the view.
type History struct {
	Page *ui.Page
	Log  *Log

	back    Backend
	loaded  bool
	loading bool
	late    []string // lines that were stored while others were read
	missed  bool     // another tab has stored some meanwhile
	err     error
	entries []Entry // in order
	total   int64

	filter, search, from, to string
	typed                    string // the operator's name, not yet finished
	typing                   bool
	at                       int // page, 0 for the newest entries
	daily                    bool
	head                     string // to look for

	verifying bool
	verified  *protocol.VerifyResult
	failed    error // of verifying or saving

	rev   int // changes with entries and filter
	found view
}

// view is what was computed from entries.
type view struct {
	rev     int
	head    string
	rows    []*Entry // newest first
	records []report.Record
	drift   *report.DriftResult
	driftAt report.Time
	bars    []Bar
	barsFor [2]any // language and days, "" and nil without bars
}

// New makes the view and begins to keep the log.
func New(p *ui.Page, back Backend) ui.View {
	c := &History{Page: p, back: back, rev: 1}
	c.Log = &Log{page: p, back: back, stored: c.stored}
	p.Watch(c.Log.watch())
	return ui.View{ID: "history", Body: c, Shown: c.Reload}
}

// stored takes new entries of this tab.
func (c *History) stored(lines []string) {
	if c.loading {
		c.late = append(c.late, lines...)
		return
	}
	if !c.loaded {
		return
	}
	for _, l := range lines {
		e := Parse(l)
		switch n := len(c.entries); {
		case n > 0 && e.Seq <= c.entries[n-1].Seq: // it was read with the others
			continue
		case n > 0 && e.Seq > c.entries[n-1].Seq+1: // another tab was in between
			c.Reload()
			return
		}
		c.entries = append(c.entries, e)
		c.total = e.Seq
	}
	if over := len(c.entries) - maxLoaded - perPage; over > 0 {
		c.entries = slices.Delete(c.entries, 0, over)
	}
	c.rev++
}

// Reload reads the entries again.
func (c *History) Reload() {
	if c.loading {
		c.missed = true
		return
	}
	c.loading, c.missed, c.late = true, false, nil
	c.back.Load(maxLoaded, func(lines []string, last int64, err error) {
		c.loading, c.loaded, c.err = false, err == nil, err
		if err == nil {
			c.entries = make([]Entry, len(lines))
			for i, l := range lines {
				c.entries[i] = Parse(l)
			}
			c.total = last
			c.rev++
			c.stored(c.late)
		}
		if c.missed {
			c.Reload()
		}
	})
}

// now computes what is shown, when something has changed.
func (c *History) now() *view {
	head := c.Page.Part.HeadDigest
	if c.found.rev == c.rev && c.found.head == head {
		return &c.found
	}
	v := view{rev: c.rev, head: head}
	for i := len(c.entries) - 1; i >= 0; i-- {
		if e := &c.entries[i]; c.shows(e) {
			v.rows = append(v.rows, e)
		}
	}
	// An override counts with the image, whenever it was given.
	v.records = slices.DeleteFunc(Records(c.entries, ""), func(r report.Record) bool { return !c.inSpan(r.Time) })
	own := Records(c.entries, head)
	for _, d := range report.Drift(own, nil) {
		if d.Warning {
			v.drift, v.driftAt = &d, own[d.From].Time
		} else {
			v.drift = nil // it has gone back
		}
	}
	c.found = v
	c.at = min(c.at, max((len(v.rows)-1)/perPage, 0))
	return &c.found
}

// shows tells whether an entry passes the filter.
func (c *History) shows(e *Entry) bool {
	if !c.inSpan(e.Time) {
		return false
	}
	inspected := e.Kind == payload.Inspected
	switch c.filter {
	case "":
	case filterFailed:
		if !inspected || e.Error == "" {
			return false
		}
	case filterOverride:
		if e.Kind != payload.Override {
			return false
		}
	case filterOther:
		if inspected || e.Kind == payload.Override {
			return false
		}
	default:
		if !inspected || e.Verdict != c.filter {
			return false
		}
	}
	search := strings.ToLower(strings.TrimSpace(c.search))
	return search == "" || strings.Contains(strings.ToLower(e.Path+" "+e.Operator+" "+e.Reason+" "+e.Part), search)
}

// inSpan tells whether a time is of the chosen days, on the clock of the place.
func (c *History) inSpan(t report.Time) bool {
	if c.from == "" && c.to == "" {
		return true
	}
	day := t.String()[:len("2006-01-02")]
	return (c.from == "" || day >= c.from) && (c.to == "" || day <= c.to)
}

// SetFilter and the following take what a person chose.
func (c *History) SetFilter(v string) { c.filter = v; c.changed() }

// SetSearch takes a text as it is typed.
func (c *History) SetSearch(v string) { c.search = v; c.changed() }

// Operator returns the name in the field: what is typed there, else the one in use. A render may come between two keys.
func (c *History) Operator() string {
	if c.typing {
		return c.typed
	}
	return c.Page.Settings.Operator
}

// TypeOperator takes a name while it is typed; no entry has it before it is finished.
func (c *History) TypeOperator(v string) { c.typed, c.typing = v, true }

// SetOperator takes a name that is finished.
func (c *History) SetOperator(v string) {
	c.typed, c.typing = "", false
	c.Page.SetOperator(v)
}

// SetFrom takes the first day, "" for no bound.
func (c *History) SetFrom(v string) { c.from = v; c.changed() }

// SetTo takes the last day, "" for no bound.
func (c *History) SetTo(v string) { c.to = v; c.changed() }

func (c *History) changed() {
	c.at = 0
	c.rev++
}

// Older turns the page.
func (c *History) Older() { c.at++ }

// Newer turns the page back.
func (c *History) Newer() { c.at = max(c.at-1, 0) }

// IsOldest tells whether there is no older page.
func (c *History) IsOldest() bool { return (c.at+1)*perPage >= len(c.now().rows) }

// Rows are the entries of the page.
func (c *History) Rows() []*Entry {
	rows := c.now().rows
	from := min(c.at*perPage, len(rows))
	return rows[from:min(from+perPage, len(rows))]
}

// Place says which entries of how many are shown.
func (c *History) Place() string {
	rows := c.now().rows
	from := min(c.at*perPage+1, len(rows))
	return c.Page.Text.T("history.place", "from", c.Page.Text.Count(from), "to", c.Page.Text.Count(min(from+perPage-1, len(rows))),
		"n", c.Page.Text.Count(len(rows)))
}

// Limited says that not all entries are shown, "" when they are.
func (c *History) Limited() string {
	if int64(len(c.entries)) >= c.total {
		return ""
	}
	return c.Page.Text.T("history.limited", "n", c.Page.Text.Count(len(c.entries)), "all", c.Page.Text.Count(int(c.total)))
}

// FilterName is the name of a filter.
func (c *History) FilterName(f string) string {
	switch key := map[string]string{"": "history.all", filterFailed: "list.failed", filterOverride: "history.overrides", filterOther: "history.other"}[f]; key {
	case "":
		return c.Page.Verdict(f)
	default:
		return c.Page.Text.T(key)
	}
}

// Verify checks the whole history.
func (c *History) Verify() {
	c.verifying, c.verified, c.failed = true, nil, nil
	head := c.head
	c.back.Verify(head, func(r protocol.VerifyResult, err error) {
		c.verifying, c.failed = false, err
		if err == nil && head == c.head {
			c.verified = &r
			c.Page.Live = c.Finding()
		}
	})
}

// SetHead takes the hash that must be there. What was found of another says nothing about it.
func (c *History) SetHead(v string) {
	if v = strings.ToLower(strings.TrimSpace(v)); v != c.head {
		c.head, c.verified = v, nil
	}
}

// Save gives the history to the person.
func (c *History) Save() {
	name := ui.FileName("anomnet", c.back.Wall(), "history"+".jsonl")
	n := int(c.total)
	c.back.Save(name, func(err error) {
		c.failed = err
		if err == nil {
			c.Page.Tell(c.Page.Text.T("export.done", "name", name), "")
			c.Log.note(payload.Exported, payload.Exporting(wholeHistory, n), nil)
		}
	})
}

// Retry stores what waits.
func (c *History) Retry() { c.Log.flush() }

// Filter and the following are what a person chose.
func (c *History) Filter() string { return c.filter }

// Filters are the choices.
func (c *History) Filters() []string { return Filters() }

// Search is the text.
func (c *History) Search() string { return c.search }

// From is the first day.
func (c *History) From() string { return c.from }

// To is the last day.
func (c *History) To() string { return c.to }

// Head is the hash that must be there.
func (c *History) Head() string { return c.head }

// IsNewest tells whether there is no newer page.
func (c *History) IsNewest() bool { return c.at == 0 }

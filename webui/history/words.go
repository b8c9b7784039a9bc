package history

import (
	"slices"
	"strconv"
	"strings"

	"anomnet/assets/messages"
	"anomnet/core/audit/payload"
	"anomnet/core/report"
	"anomnet/webui/ui"
)

// wholeHistory is the form of an export that is the history itself, beside ui.Forms.
const wholeHistory = "history"

// Loaded tells whether the entries are there.
func (c *History) Loaded() bool { return c.loaded }

// Empty tells whether there is nothing yet.
func (c *History) Empty() bool { return c.loaded && len(c.entries) == 0 }

// Failure says why the history cannot be read, "" when it can.
func (c *History) Failure() string {
	if c.err != nil {
		return c.err.Error()
	}
	return ""
}

// Unstored says how many entries wait, "" when none does that should not.
func (c *History) Unstored() string {
	t, parts := c.Page.Text, []string(nil)
	if c.Log.Problem != nil {
		parts = append(parts, t.N("history.waiting", c.Log.Waiting()), t.T(c.Log.why()))
	}
	if c.Log.Lost > 0 {
		parts = append(parts, t.N("history.lost", c.Log.Lost))
	}
	return strings.Join(parts, " ")
}

// When writes a time for people.
func (c *History) When(t report.Time) string { return c.Page.Text.Time(t.Wall(), messages.Second) }

// Stamp is a time for machines.
func (c *History) Stamp(e *Entry) string { return e.Time.String() }

// Kind is the mark of an entry, "" for none.
func (c *History) Kind(e *Entry) string {
	switch {
	case e.Kind == payload.Override:
		return strings.ToLower(e.To)
	case e.Kind != payload.Inspected:
		return ""
	case e.Error != "":
		return "failed"
	}
	return strings.ToLower(e.Verdict)
}

// Word is the verdict of an entry, or what happened.
func (c *History) Word(e *Entry) string {
	t := c.Page.Text
	switch {
	case e.Kind == payload.Override:
		return c.Page.Verdict(e.To)
	case e.Kind == payload.Inspected && e.Error != "":
		return t.T("list.failed")
	case e.Kind == payload.Inspected:
		return c.Page.Verdict(e.Verdict)
	}
	key := map[string]string{payload.Opened: "history.opened", payload.Model: "history.model", payload.Threshold: "history.threshold",
		payload.Taught: "history.taught", payload.Deleted: "history.deleted", payload.Exported: "history.exported"}[e.Kind]
	if key == "" {
		return e.Kind
	}
	return t.T(key)
}

// What is what an entry is about.
func (c *History) What(e *Entry) string {
	t := c.Page.Text
	switch e.Kind {
	case payload.Model:
		return e.Part
	case payload.Taught, payload.Deleted:
		if e.N == 0 {
			return e.Part
		}
		return t.T("history.version", "part", e.Part, "n", strconv.Itoa(e.N))
	case payload.Opened:
		return e.Version
	case payload.Exported:
		form := e.Form
		if form == wholeHistory {
			form = t.T("view.history")
		} else if slices.Contains(ui.Forms(), form) {
			form = t.T("export." + form)
		}
		return form + ", " + t.N("history.records", e.Records)
	}
	return e.Path
}

// Note is the score, the error or the reason.
func (c *History) Note(e *Entry) string {
	t := c.Page.Text
	switch {
	case e.Kind == payload.Override && e.Withdrawn():
		return t.T("history.withdrawn")
	case e.Kind == payload.Override && e.To == e.From:
		return t.T("history.confirmed", "reason", e.Reason)
	case e.Kind == payload.Override:
		return t.T("history.instead", "verdict", c.Page.Verdict(e.From), "reason", e.Reason)
	case e.Kind == payload.Inspected && e.Error != "":
		return t.T("error." + e.Error)
	case e.Kind == payload.Inspected:
		return t.T("facts.relative", "ratio", t.Apart(e.Ratio(), 2, 1))
	case e.Kind == payload.Model:
		return c.Page.TrustSaid(e.Signed)
	case e.Kind == payload.Taught:
		return t.N("history.images", e.Images)
	case e.Kind == payload.Threshold:
		return t.T("report.limits.text", "review", c.Page.Raw(e.Review), "limit", c.Page.Raw(e.Limit))
	}
	return ""
}

// Warning says that scores have moved, "" when they have not.
func (c *History) Warning() string {
	v := c.now()
	if v.drift == nil {
		return ""
	}
	t := c.Page.Text
	key := "history.drift.up"
	if v.drift.Shift < 0.5 {
		key = "history.drift.down"
	}
	return t.T(key, "part", c.Page.Part.Part, "time", c.When(v.driftAt), "n", strconv.Itoa(report.DriftReference))
}

// findings say what is wrong with a history.
var findings = map[string]string{
	"empty": "history.is.empty", "unreadable": "history.is.unreadable", "unfinished": "history.is.unfinished", "changed": "history.is.changed",
	"cut_start": "history.is.cut_start", "missing": "history.is.missing", "reordered": "history.is.reordered", "repeated": "history.is.repeated",
	"unlinked": "history.is.unlinked", "cut_end": "history.is.cut_end",
}

// Checked tells whether there is a finding.
func (c *History) Checked() bool { return c.verified != nil }

// Checking tells whether the history is being checked.
func (c *History) Checking() bool { return c.verifying }

// Broken tells whether the finding is a fault.
func (c *History) Broken() bool { return c.verified != nil && c.verified.Reason != "" }

// Verdict is the mark of the finding.
func (c *History) Verdict() string {
	if c.Broken() {
		return "ng"
	}
	return "ok"
}

// Finding says what was found.
func (c *History) Finding() string {
	r, t := c.verified, c.Page.Text
	if r.Reason == "" {
		s := t.N("history.whole", int(r.Entries))
		if r.HeadSeq > 0 {
			s += " " + t.T("history.whole.head", "n", strconv.FormatInt(r.HeadSeq, 10))
		}
		if r.ClockBack > 0 {
			s += " " + t.N("history.clock", int(r.ClockBack))
		}
		return s
	}
	return t.T("history.broken", "line", strconv.FormatInt(r.Line, 10), "what", t.T(findings[r.Reason]), "n", strconv.FormatInt(r.Entries, 10))
}

// Detail is the finding in the program's words.
func (c *History) Detail() string { return c.verified.Detail }

// Hash is that of the last entry in order.
func (c *History) Hash() string { return c.verified.Hash }

// Trouble says why checking or saving failed, "" when it did not.
func (c *History) Trouble() string {
	if c.failed != nil {
		return c.failed.Error()
	}
	return ""
}

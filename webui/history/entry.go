package history

import (
	"encoding/json"

	"anomnet/core/audit/payload"
	"anomnet/core/calibrate"
	"anomnet/core/report"
)

// Entry is a line of the history as far as the view shows it. It is not checked: that is what Backend.Verify is for.
type Entry struct {
	Seq      int64
	Time     report.Time
	Operator string
	Kind     string
	Content
}

// Content is the payload, whatever its kind.
type Content struct {
	Path    string  `json:"path"`
	SHA256  string  `json:"sha256"`
	Head    string  `json:"head_sha256"`
	Verdict string  `json:"verdict"`
	Raw     float32 `json:"raw"`
	Limit   float32 `json:"limit"`
	Review  float32 `json:"review"`
	PValue  float64 `json:"p_value"`
	Error   string  `json:"error"`
	From    string  `json:"from"`
	To      string  `json:"to"`
	Reason  string  `json:"reason"`
	Part    string  `json:"part"`
	Form    string  `json:"form"`
	Records int     `json:"records"`
	Version string  `json:"software"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	// Backbone is of a part that came into use.
	Backbone string `json:"backbone_sha256"`
	Signed   string `json:"signature"`
	// N is the number of the version that was taught or deleted, 0 for a whole part; Images is what it was taught from.
	N      int `json:"version"`
	Images int `json:"images"`
}

// Parse reads a line. One that cannot be read has the number 0.
func Parse(line string) Entry {
	var l struct {
		Seq      int64   `json:"seq"`
		Time     string  `json:"time"`
		Operator string  `json:"operator"`
		Kind     string  `json:"kind"`
		Payload  Content `json:"payload"`
	}
	if json.Unmarshal([]byte(line), &l) != nil {
		return Entry{}
	}
	t, err := report.ParseTime(l.Time)
	if err != nil {
		return Entry{}
	}
	return Entry{Seq: l.Seq, Time: t, Operator: l.Operator, Kind: l.Kind, Content: l.Payload}
}

// Ratio is the score relative to the limit.
func (e *Entry) Ratio() float64 {
	if e.Limit == 0 {
		return 0
	}
	return float64(e.Raw) / float64(e.Limit)
}

// Withdrawn tells whether an override was taken back: a verdict that a person gives has a reason, also where it is the program's.
func (e *Entry) Withdrawn() bool { return e.Reason == "" }

// Records are the inspections among entries, with the verdicts that people gave later, for counts, yield and drift. head is a part's digest,
// "" for all parts.
func Records(entries []Entry, head string) []report.Record {
	type key struct{ path, sum string }
	at := map[key]int{}
	var out []report.Record
	for i := range entries {
		e := &entries[i]
		switch e.Kind {
		case payload.Inspected:
			if head != "" && e.Head != head {
				continue
			}
			r := report.Record{Path: e.Path, Time: e.Time, SHA256: e.SHA256}
			if e.Error != "" {
				r.Err = &report.Failure{Code: e.Error}
			} else {
				r.Verdict, r.Raw, r.Limit, r.Review, r.PValue = calibrate.Verdict(e.Verdict), e.Raw, e.Limit, e.Review, e.PValue
				r.Width, r.Height = e.Width, e.Height
				at[key{e.Path, e.SHA256}] = len(out)
			}
			out = append(out, r)
		case payload.Override:
			if i, ok := at[key{e.Path, e.SHA256}]; ok {
				r := &out[i]
				r.Override = nil
				if !e.Withdrawn() {
					r.Override = &report.Override{Verdict: calibrate.Verdict(e.To), Reason: e.Reason, Operator: e.Operator, Time: e.Time}
				}
			}
		}
	}
	return out
}

package ui

import (
	"strings"
	"unicode"

	"anomnet/core/calibrate"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
)

// HeaderOf is what records of a part have in common. Limits are those of a result, since they may have been moved.
func (p *Page) HeaderOf(part protocol.LoadResult) report.Header {
	return report.Header{Part: part.Part, HeadSHA256: part.HeadDigest, BackboneSHA256: part.BackboneDigest, Software: p.Software, Tier: part.Tier,
		Operator: p.Settings.Operator, Signature: clip(TrustToken(p.TrustOf(part.HeadDigest)), report.MaxText), FalseRejectRate: part.FalseRejectRate, Promised: part.Promised, Calibration: part.Calibration}
}

// Record is an item that has a result or an error, in the form of the exports.
func (it *Item) Record() report.Record {
	r := report.Record{Path: clip(PathOf(it.Src), report.MaxPath), Time: it.Time, Label: report.Label(it.Label)}
	if it.State == Failed {
		e := it.Err
		r.Err = &report.Failure{Code: e.Code, Message: clip(e.Message, report.MaxText), Hint: clip(e.Hint, report.MaxText)}
		return r
	}
	s := it.Result
	r.Verdict, r.Raw, r.Limit, r.Review, r.PValue = calibrate.Verdict(s.Verdict), s.Raw, s.Limit, s.Review, s.PValue
	r.SHA256, r.Width, r.Height, r.Override = s.SHA256, s.Width, s.Height, it.Override
	for _, g := range s.Regions {
		r.Regions = append(r.Regions, report.Region{Area: g.Area, Share: g.Share})
	}
	return r
}

func clip(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "") }

// Batch is the items that are finished, as a batch for core/report. Limits are those of the last result. A limit that a person has moved
// promises nothing: it was chosen by looking.
func (p *Page) Batch(items []*Item) *report.Batch {
	b := &report.Batch{Header: p.HeaderOf(p.Part)}
	h := &b.Header
	if p.LimitsMoved() {
		h.FalseRejectRate, _, _ = p.calibration().RateAt(p.Limits().Limit, calibrate.Confidence)
		h.Promised = false
	}
	for _, it := range items {
		if it.State != Done && it.State != Failed {
			continue
		}
		r := it.Record()
		if r.Err == nil {
			h.Limit, h.Review = r.Limit, r.Review
		}
		if t := r.Time; t != (report.Time{}) {
			if h.Started == (report.Time{}) || t.Milli < h.Started.Milli {
				h.Started = t
			}
			if t.Milli > h.Ended.Milli {
				h.Ended = t
			}
		}
		b.Records = append(b.Records, r)
	}
	return b
}

// maxNamePart is how many characters of a part's name are in a file name.
const maxNamePart = 60

// FileName names an export after part and local time; no system refuses it.
func FileName(part string, t report.Time, what string) string {
	return FileStem(part) + "_" + t.Wall().Format("2006-01-02_15-04-05") + "_" + what
}

// FileStem makes a file name of a part's or image's name; no system refuses it.
func FileStem(part string) string {
	var s strings.Builder
	n := 0
	for _, r := range part {
		if n++; n > maxNamePart {
			break
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || r == '_' {
			s.WriteRune(r)
		} else {
			s.WriteByte('-')
		}
	}
	name := strings.Trim(s.String(), "-")
	if name == "" {
		name = "part"
	}
	return name
}

// Override gives a person's verdict on an item, with a reason. It stands beside the program's, which stays.
func (p *Page) Override(id int, verdict, reason string) {
	it, reason := p.byID[id], strings.TrimSpace(reason)
	if it == nil || it.State != Done || reason == "" || verdict != protocol.VerdictOK && verdict != protocol.VerdictNG {
		return
	}
	p.say(it, verdict, reason)
}

// MarkForReview notes that somebody shall look at the selected image again, or takes the mark back. It needs one key and no reason; a verdict with a reason stays.
func (p *Page) MarkForReview() {
	switch it := p.Selected(); {
	case it == nil || it.State != Done:
	case it.Override == nil:
		p.say(it, protocol.VerdictReview, p.t("judge.marked"))
	case it.Override.Verdict == calibrate.Review:
		p.Withdraw(it.ID)
	}
}

func (p *Page) say(it *Item, verdict, reason string) {
	it.Override = &report.Override{Verdict: calibrate.Verdict(verdict), Reason: clip(reason, maxReason), Operator: p.Settings.Operator, Time: p.back.Wall()}
	p.Live = p.t("judge.said", "verdict", p.Verdict(verdict), "name", it.Src.Name())
	p.overridden(it)
}

// maxReason is how many bytes of a reason are kept: what the field takes, 400 characters of any script.
const maxReason = 1200

// Withdraw takes a person's verdict back.
func (p *Page) Withdraw(id int) {
	if it := p.byID[id]; it != nil && it.Override != nil {
		it.Override = nil
		p.overridden(it)
	}
}

func (p *Page) overridden(it *Item) {
	p.List.rev++
	for _, w := range p.watchers {
		if w.Overridden != nil {
			w.Overridden(p.Part, it)
		}
	}
}

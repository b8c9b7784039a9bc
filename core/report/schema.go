package report

import (
	"fmt"
)

// Version is the version of the JSON form.
const Version = 1

// members is one JSON object while it is written or read: the functions below name each key once, for both directions. A key is in the
// file when has says so, or when nobody asked has.
type members interface {
	has(key string, present bool) bool
	text(key string, v *string)
	number(key string, v *float64)
	single(key string, v *float32)
	whole(key string, v *int64)
	truth(key string, v *bool)
	object(key string, f func(members))
	list(key string, n, limit int, grow func(), f func(i int, m members))
	check(err error) // what was read cannot be
}

func (b *Batch) members(m members) {
	version := int64(Version)
	m.whole("anomnet_report", &version)
	if version != Version {
		m.check(fmt.Errorf("anomnet_report: version %d, want %d", version, Version))
		return
	}
	m.object("header", b.Header.members)
	m.list("records", len(b.Records), MaxRecords, func() { b.Records = append(b.Records, Record{}) }, func(i int, m members) { b.Records[i].members(m) })
}

func (h *Header) members(m members) {
	m.text("part", &h.Part)
	m.text("head_sha256", &h.HeadSHA256)
	m.text("backbone_sha256", &h.BackboneSHA256)
	m.text("software", &h.Software)
	m.text("tier", &h.Tier)
	if m.has("operator", h.Operator != "") {
		m.text("operator", &h.Operator)
	}
	if m.has("signature", h.Signature != "") {
		m.text("signature", &h.Signature)
	}
	m.single("limit", &h.Limit)
	m.single("review", &h.Review)
	m.number("false_reject_rate", &h.FalseRejectRate)
	m.truth("promised", &h.Promised)
	integer(m, "calibration", &h.Calibration)
	moment(m, "started", &h.Started)
	moment(m, "ended", &h.Ended)
	m.check(h.Validate())
}

func (r *Record) members(m members) {
	m.text("path", &r.Path)
	moment(m, "time", &r.Time)
	if m.has("label", r.Label != "") {
		m.text("label", (*string)(&r.Label))
	}
	if m.has("error", r.Err != nil) {
		if m.has("sha256", r.SHA256 != "") {
			m.text("sha256", &r.SHA256)
		}
		if r.Err == nil {
			r.Err = &Failure{}
		}
		m.object("error", r.Err.members)
	} else {
		r.scored(m)
	}
	m.check(r.Validate())
}

func (r *Record) scored(m members) {
	m.text("verdict", (*string)(&r.Verdict))
	m.single("raw", &r.Raw)
	m.single("limit", &r.Limit)
	m.single("review", &r.Review)
	ratio, bits := r.Ratio(), int64(r.RawBits())
	m.number("ratio", &ratio)
	m.whole("raw_bits", &bits)
	m.number("p_value", &r.PValue)
	m.text("sha256", &r.SHA256)
	integer(m, "width", &r.Width)
	integer(m, "height", &r.Height)
	if m.has("regions", len(r.Regions) > 0) {
		m.list("regions", len(r.Regions), MaxRegions, func() { r.Regions = append(r.Regions, Region{}) }, func(i int, m members) { r.Regions[i].members(m) })
	}
	if m.has("override", r.Override != nil) {
		if r.Override == nil {
			r.Override = &Override{}
		}
		m.object("override", r.Override.members)
	}
	if bits != int64(r.RawBits()) {
		m.check(fmt.Errorf("raw_bits %d, but raw %v has %d", bits, r.Raw, r.RawBits()))
	}
	if ratio != r.Ratio() && r.Limit > 0 {
		m.check(fmt.Errorf("ratio %v, but raw / limit is %v", ratio, r.Ratio()))
	}
}

func (g *Region) members(m members) {
	integer(m, "area", &g.Area)
	m.number("share", &g.Share)
}

func (o *Override) members(m members) {
	m.text("verdict", (*string)(&o.Verdict))
	m.text("reason", &o.Reason)
	m.text("operator", &o.Operator)
	moment(m, "time", &o.Time)
}

func (f *Failure) members(m members) {
	m.text("code", &f.Code)
	m.text("message", &f.Message)
	m.text("hint", &f.Hint)
}

// moment is a Time as text, absent when unknown.
func moment(m members, key string, t *Time) {
	if !m.has(key, t.known()) {
		return
	}
	s := t.String()
	m.text(key, &s)
	got, err := parseTime(s)
	if err != nil {
		m.check(fmt.Errorf("%s: %w", key, err))
		return
	}
	*t = got
}

func integer(m members, key string, v *int) {
	n := int64(*v)
	m.whole(key, &n)
	if n < 0 || n > maxCount {
		m.check(fmt.Errorf("%s: %d is not in 0..%d", key, n, maxCount))
		return
	}
	*v = int(n)
}

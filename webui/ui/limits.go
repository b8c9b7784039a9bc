package ui

import (
	"math"
	"strings"

	"anomnet/core/calibrate"
	"anomnet/wasm/protocol"
)

// Limits are above what scores an image is to be looked at, and above what it is NG.
type Limits struct{ Review, Limit float32 }

// calibration is that of the part in use, with the limits in force.
func (p *Page) calibration() *calibrate.Calibration {
	l := p.Limits()
	return &calibrate.Calibration{Scores: p.Part.Scores, FalseRejectRate: p.Part.FalseRejectRate, Limit: l.Limit, Review: l.Review,
		MapLow: p.Part.MapLow, MapHigh: p.Part.MapHigh}
}

// Limits returns the limits in force.
func (p *Page) Limits() Limits {
	l := p.wanted()
	l.Review = min(l.Review, l.Limit)
	return l
}

// wanted are the limits as they were set: a lower limit does not forget where REVIEW was.
func (p *Page) wanted() Limits {
	if l, ok := p.limits[p.List]; ok {
		return l
	}
	return Limits{p.Part.Review, p.Part.Limit}
}

// LimitsMoved tells whether a person has set them.
func (p *Page) LimitsMoved() bool {
	_, ok := p.limits[p.List]
	return ok
}

// SetLimits puts other limits in force for the part in use, and judges all its images again from their raw scores.
func (p *Page) SetLimits(l Limits) {
	if !(l.Limit > 0 && l.Limit <= math.MaxFloat32 && l.Review >= 0) || p.Part.Limit <= 0 {
		return
	}
	if l == p.wanted() {
		return
	}
	if p.limits == nil {
		p.limits = map[*List]Limits{}
	}
	p.limits[p.List] = l
	if l == (Limits{p.Part.Review, p.Part.Limit}) {
		delete(p.limits, p.List)
	}
	p.forgetSpots()
	c := p.calibration()
	p.List.reconsider(func(it *Item) { p.judgeBy(c, it) })
}

// ResetLimits puts the model's limits in force again.
func (p *Page) ResetLimits() { p.SetLimits(Limits{p.Part.Review, p.Part.Limit}) }

// judge gives an item the verdict that its score has under the limits in force. The comparison is core's.
func (p *Page) judge(it *Item) { p.judgeBy(p.calibration(), it) }

func (p *Page) judgeBy(c *calibrate.Calibration, it *Item) {
	r := &it.Result
	if r.Limit == c.Limit && r.Review == c.Review || c.Limit <= 0 {
		return
	}
	r.Limit, r.Review, r.Ratio, r.Verdict = c.Limit, c.Review, c.Ratio(r.Raw), string(c.Verdict(r.Raw))
	if c.Limit == p.Part.Limit {
		r.Regions = it.own
		return
	}
	r.Regions = nil
	if len(it.Map) > 0 {
		for _, g := range p.mark(it).Regions {
			r.Regions = append(r.Regions, protocol.Region{Area: g.Area, Share: g.Share})
		}
	}
}

// reconsider changes the verdicts of all items that have one.
func (l *List) reconsider(judge func(*Item)) {
	clear(l.counts)
	for _, it := range l.all {
		if it.State == Done {
			judge(it)
		}
		l.counts[it.group()]++
	}
	l.rebuild()
}

// Filters that compare verdicts with labels are written label/verdict, such as defect/OK for what was missed.
func (it *Item) confused(filter string) bool {
	label, verdict, ok := strings.Cut(filter, "/")
	return ok && it.Label == label && it.group() == verdict
}

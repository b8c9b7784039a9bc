package teach

import (
	"slices"

	"anomnet/webui/store"
)

// keep keeps the draft. One without images is not worth it.
func (v *View) keep() {
	if len(v.shots) == 0 {
		return
	}
	d := store.Draft{ID: v.id, Name: v.Name, Shape: v.Shape, Rate: v.rate(), Backbone: v.backbone, ROI: v.region.mask.String(), Changed: v.back.Clock()}
	for _, s := range v.live() {
		switch {
		case !s.here():
		case s.Bad:
			d.Bad = append(d.Bad, s.Shot)
		default:
			d.Good = append(d.Good, s.Shot)
		}
	}
	v.back.KeepDraft(d)
}

// Drafts tells what teaching is not finished; this view's own is not among them.
func (v *View) Drafts(ds []store.Draft) {
	v.drafts = slices.DeleteFunc(ds, func(d store.Draft) bool { return d.ID == v.id || len(d.Good)+len(d.Bad) == 0 })
}

// Resume goes on with unfinished teaching.
func (v *View) Resume(d store.Draft) {
	v.leave()
	v.id, v.Name, v.Shape, v.parent = d.ID, d.Name, d.Shape, v.back.Part(d.ID)
	if d.Backbone != "" {
		v.backbone = d.Backbone
	}
	v.setRate(d.Rate)
	v.bringRegion(d.ROI)
	v.bring(d.Good, false)
	v.bring(d.Bad, true)
	v.drafts = slices.DeleteFunc(v.drafts, func(o store.Draft) bool { return o.ID == d.ID })
	v.Page.FocusView = true
}

// Again teaches a part that is kept further, from the images of its version in use.
func (v *View) Again(p *store.Part) {
	now := p.Current()
	d := store.Draft{ID: p.ID, Name: p.Name, Shape: p.ShapeNow(), Rate: now.Rate, Seed: p.Seed, Backbone: now.Backbone, ROI: now.ROI}
	good, bad := p.Further(nil)
	for _, key := range good {
		if s := p.Shot(key); s != nil {
			d.Good = append(d.Good, *s)
		}
	}
	for _, key := range bad {
		if s := p.Shot(key); s != nil {
			d.Bad = append(d.Bad, *s)
		}
	}
	v.Resume(d)
	v.parent = p
	v.Page.Show("teach")
}

func (v *View) bring(shots []store.Shot, bad bool) {
	for _, s := range shots {
		v.lastID++
		v.shots = append(v.shots, &Shot{Shot: s, ID: v.lastID, State: Done, Bad: bad})
	}
}

// Discard forgets unfinished teaching of an earlier visit.
func (v *View) Discard(d store.Draft) {
	v.drafts = slices.DeleteFunc(v.drafts, func(o store.Draft) bool { return o.ID == d.ID })
	v.back.EndDraft(d.ID)
}

package teach

import (
	"slices"

	"anomnet/webui/store"
)

// keep keeps the draft. One without images is not worth it.
func (v *View) keep() {
	if len(v.shots) > 0 {
		v.drafted = true
		v.back.KeepDraft(v.draft())
	}
}

func (v *View) draft() store.Draft {
	d := store.Draft{ID: v.id, Name: v.Name, Shape: v.Shape, Rate: v.rate(), Backbone: v.backbone, ROI: v.region.mask.String(), Upright: v.Upright, Changed: v.back.Clock()}
	for _, s := range v.live() {
		switch {
		case !s.here():
		case s.Bad:
			d.Bad = append(d.Bad, s.Shot)
		default:
			d.Good = append(d.Good, s.Shot)
		}
	}
	return d
}

// Drafts tells what teaching is not finished; this view's own is not among them.
func (v *View) Drafts(ds []store.Draft) {
	v.drafts = slices.DeleteFunc(ds, func(d store.Draft) bool {
		return d.ID == v.id || len(d.Good)+len(d.Bad) == 0 || v.discarded != nil && v.discarded.ID == d.ID
	})
}

// GoOn asks for unfinished teaching as it is now: another tab may have changed it since it was listed.
func (v *View) GoOn(d store.Draft) { v.back.Reopen(d.ID) }

// Resume goes on with unfinished teaching.
func (v *View) Resume(d store.Draft) {
	if v.discarded != nil && v.discarded.ID == d.ID {
		v.discarded = nil // a part that is taught further after all
	}
	v.forget()
	v.leave()
	v.id, v.Name, v.Shape, v.parent = d.ID, d.Name, d.Shape, v.back.Part(d.ID)
	if d.Backbone != "" {
		v.backbone = d.Backbone
	}
	v.setRate(d.Rate)
	v.bringRegion(d.ROI)
	v.Upright = d.Upright
	v.bring(d.Good, false)
	v.bring(d.Bad, true)
	v.drafted = true
	v.drafts = slices.DeleteFunc(v.drafts, func(o store.Draft) bool { return o.ID == d.ID })
	v.Page.FocusView = true
}

// Again teaches a part that is kept further: from where that was left, else from the images of its version in use.
func (v *View) Again(p *store.Part) {
	v.Page.Show("teach")
	switch {
	case v.id == p.ID && (v.drafted || v.fit != nil || v.result != nil && v.saved == nil):
		return
	case slices.ContainsFunc(v.drafts, func(d store.Draft) bool { return d.ID == p.ID }):
		v.back.Reopen(p.ID)
		return
	}
	now := p.Current()
	d := store.Draft{ID: p.ID, Name: p.Name, Shape: p.ShapeNow(), Rate: now.Rate, Seed: p.Seed, Backbone: now.Backbone, ROI: now.ROI, Upright: now.Upright}
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
	v.parent, v.drafted = p, false
}

func (v *View) bring(shots []store.Shot, bad bool) {
	for _, s := range shots {
		v.lastID++
		v.shots = append(v.shots, &Shot{Shot: s, ID: v.lastID, State: Done, Bad: bad})
	}
}

// discarded is teaching that can be brought back until other teaching begins; view is what was on the screen, nil for that of an earlier visit.
type discarded struct {
	store.Draft
	images int
	keys   []string // of all its images, also those that were taken out
	view   *View
}

// Clear begins anew. A part that is being saved needs its features.
func (v *View) Clear() {
	was, over := *v, v.saved != nil || v.saving
	v.leave()
	if !over {
		v.discard(&discarded{was.draft(), was.Count(false), keys(was.shots), &was})
	}
	v.Page.FocusView = true
}

// Discard gives up unfinished teaching of an earlier visit.
func (v *View) Discard(d store.Draft) {
	v.drafts = slices.DeleteFunc(v.drafts, func(o store.Draft) bool { return o.ID == d.ID })
	var images []string
	for _, s := range slices.Concat(d.Good, d.Bad) {
		images = append(images, s.Key)
	}
	v.discard(&discarded{d, len(d.Good), images, nil})
}

func (v *View) discard(d *discarded) {
	v.forget()
	v.discarded = d
	v.Page.Live = v.describe("teach.discarded", d.Draft, d.images)
}

// forget ends teaching that was discarded: nobody can bring it back any more.
func (v *View) forget() {
	if d := v.discarded; d != nil {
		v.discarded = nil
		v.back.EndDraft(d.ID, d.keys)
	}
}

// Undiscard brings back what was discarded last, as it was.
func (v *View) Undiscard() {
	d, now := v.discarded, *v
	switch {
	case d == nil:
		return
	case d.view == nil:
		v.drafts = append(v.drafts, d.Draft)
	default:
		*v = *d.view
		v.lastID, v.first, v.lastFit, v.drafts, v.own = now.lastID, now.lastID, now.lastFit, now.drafts, now.own
		v.fit, v.computed = nil, batch{}
		if v.backbone == "" {
			v.backbone = v.own
		}
		for _, s := range v.shots {
			if s.State == Waiting { // its answer is that of what was given up
				v.lastID++
				s.ID = v.lastID
				v.compute(s)
			}
		}
		v.keep()
	}
	v.discarded = nil
	v.Page.FocusView = true
}

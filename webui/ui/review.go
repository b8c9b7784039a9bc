package ui

import (
	"slices"

	"anomnet/core/report"
	"anomnet/wasm/protocol"
)

// Review shows the results of an earlier export (core/report's JSON) again, with what people said about them. The images are not in
// it: when they are given again they are known by their digests. The limits of the export come into force, unless images are there that have verdicts
// under others: all that is shown is judged by the same. err is why the file could not be read; absent makes a source for one that is not there.
func (p *Page) Review(name string, b *report.Batch, err error, absent func(path string) Source) {
	switch {
	case err != nil:
		p.Warn(p.t("review.refused", "name", name), p.t("review.unreadable"), err.Error())
		return
	case b.Header.HeadSHA256 != p.Part.HeadDigest:
		p.Warn(p.t("review.refused", "name", name), p.t("review.other", "part", b.Header.Part, "head", Short(b.Header.HeadSHA256)), "")
		return
	}
	p.Show(inspectID)
	if p.List.Count(FilterFailed) == len(p.List.all) { // nothing has a verdict under other limits
		p.SetLimits(Limits{Review: b.Header.Review, Limit: b.Header.Limit})
	}
	known := map[string]*Item{}
	for _, it := range p.List.all {
		if it.State == Done {
			known[it.Result.SHA256] = it
		}
	}
	taken, linked := 0, 0
	for i := range b.Records {
		r := &b.Records[i]
		if it := known[r.SHA256]; it != nil && r.Err == nil {
			it.Time = r.Time
			if o := r.Override; o != nil && (it.Override == nil || it.Override.Time.Milli < o.Time.Milli) { // what was said here since then stays
				it.Override = o
			}
			linked++
			continue
		}
		p.addRecord(r, absent(r.Path))
		taken++
	}
	if p.List.selected == nil && len(p.List.shown) > 0 {
		p.Select(p.List.shown[0].ID)
	}
	more := ""
	if taken > 0 {
		more = p.Text.N("review.absent", taken)
	}
	p.Tell(p.Text.N("review.taken", taken+linked, "name", name), more)
}

// addRecord adds an item of which there is a record only.
func (p *Page) addRecord(r *report.Record, src Source) {
	p.lastID++
	it := &Item{ID: p.lastID, Src: src, Label: string(r.Label), Time: r.Time, Override: r.Override, State: Done, Gone: true, absent: true}
	if r.Err != nil {
		it.State, it.Err = Failed, protocol.Error{Code: r.Err.Code, Message: r.Err.Message, Hint: r.Err.Hint}
	} else {
		it.Result = protocol.ScoreResult{Name: src.Name(), Raw: r.Raw, RawBits: r.RawBits(), Limit: r.Limit, Review: r.Review, Ratio: r.Ratio(),
			PValue: r.PValue, Verdict: string(r.Verdict), Width: r.Width, Height: r.Height, SHA256: r.SHA256}
		for _, g := range r.Regions {
			it.Result.Regions = append(it.Result.Regions, protocol.Region{Area: g.Area, Share: g.Share})
		}
		if r.Limit == p.Part.Limit {
			it.own = it.Result.Regions
		}
		if p.absent == nil {
			p.absent = map[string][]*Item{}
		}
		p.absent[r.SHA256] = append(p.absent[r.SHA256], it)
	}
	p.byID[it.ID] = it
	if it.State == Done {
		p.judge(it)
	}
	p.List.add(it)
}

// link lets an image that was inspected take the place of a record of the same file. Records of other parts wait for theirs: what a person said of an image
// is said of one part.
func (p *Page) link(it *Item) {
	sum := it.Result.SHA256
	list := slices.DeleteFunc(p.absent[sum], func(o *Item) bool { return p.byID[o.ID] == nil }) // cleared meanwhile
	if at := slices.IndexFunc(list, func(o *Item) bool { return slices.Contains(p.List.all, o) }); at >= 0 {
		old := list[at]
		list = slices.Delete(list, at, at+1)
		it.Override, it.Time = old.Override, old.Time
		if it.Label == "" {
			it.Label = old.Label
		}
		was := p.List.selected == old
		p.remove(func(o *Item) bool { return o == old })
		if was {
			p.List.selected = it
		}
	}
	if p.absent[sum] = list; len(list) == 0 {
		delete(p.absent, sum)
	}
}

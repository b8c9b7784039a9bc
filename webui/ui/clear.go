package ui

import "slices"

// cleared is what Clear has taken away, for Undo.
type cleared struct {
	list     *List
	head     string // of the part that has given the verdicts
	items    []*Item
	selected *Item
}

// Clear empties the list. Answers of running jobs will be dropped. The notice that says so holds the images until another takes its place, and brings them back.
func (p *Page) Clear() {
	c := &cleared{p.List, p.Part.HeadDigest, slices.Clone(p.List.all), p.List.selected}
	p.remove(func(*Item) bool { return true })
	for _, it := range c.items {
		it.dropped, it.Map = it.dropped || len(it.Map) > 0, nil
	}
	p.batch = batch{}
	p.List.narrow("", "", p.List.Order)
	p.Typed, p.Live = "", ""
	if len(c.items) > 0 {
		n := &Notice{Kind: NoticeInfo, Text: p.Text.N("list.cleared", len(c.items)), other: -1, cleared: c}
		if was := p.Notice; was != nil { // the way back to another part stays
			n.Other, n.other = was.Other, was.other
		}
		p.notify(n)
	}
}

// CanUndo tells whether the notice can take back what it says.
func (p *Page) CanUndo() bool {
	n := p.Notice
	return n != nil && n.cleared != nil && n.cleared.list == p.List && n.cleared.head == p.Part.HeadDigest
}

// Undo brings back what was cleared, behind what has come since. Images that waited are inspected, pictures and maps come again when somebody looks.
func (p *Page) Undo() {
	if !p.CanUndo() {
		return
	}
	c := p.Notice.cleared
	p.Notice = nil
	for _, it := range c.items {
		p.lastID++
		it.ID, it.again = p.lastID, false // answers that are on their way are of the number before
		p.byID[it.ID] = it
		switch it.State {
		case Waiting, Working:
			it.State = Waiting
			p.batch.begin(p.back.Now)
			p.batch.total++
		case Done:
			p.judge(it)
			if sum := it.Result.SHA256; it.absent && !slices.Contains(p.absent[sum], it) {
				p.absent[sum] = append(p.absent[sum], it)
			}
		}
		p.List.add(it)
	}
	if p.List.selected == nil && c.selected != nil {
		p.Select(c.selected.ID)
	}
	p.FocusView = true
	p.dispatch()
}

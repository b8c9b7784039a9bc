package ui

import (
	"bytes"
	"strings"

	"anomnet/wasm/protocol"
)

// ModelStart is how many bytes of a file ModelContent needs.
const ModelStart = 40

// modelMark is what a model file has behind the eight bytes of its header's length (docs/model-format.md).
var modelMark = []byte(`{"__metadata__":{"anomnet":`)

// ModelName tells whether a file is meant to be a model, by its name.
func ModelName(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".anomnet") }

// ModelContent tells whether a file is meant to be a model, by its first bytes.
func ModelContent(start []byte) bool { return len(start) > 8 && bytes.HasPrefix(start[8:], modelMark) }

// shelf is a part that was loaded. It keeps the part's images while another part is in use, since their results are worth
// nothing there.
type shelf struct {
	part    protocol.LoadResult
	models  []Source // the files that it came from, none for the site's own part
	held    []Source // these, as they were read
	samples []Sample
	list    *List
	offered bool // kept on the device
}

// drop is what a person gave at once: perhaps a model, and images to inspect with it.
type drop struct {
	load   bool
	renews string   // head in whose place it comes, see Renew
	models []Source // for Backend.Load
	name   string   // of what is loaded
	images []Source
}

// Give takes files that a person dropped or chose. A model is loaded first; the images go to its part, or to the part in use
// when it is refused.
func (p *Page) Give(models, images []Source) {
	p.taker = nil
	if take := p.View().Take; len(models) == 0 && take != nil && take(images) {
		p.taker = take
		return
	}
	if len(images) > 0 {
		p.Show(inspectID)
	}
	if len(models) == 0 && len(p.drops) == 0 {
		p.Add(images...)
		return
	}
	names := make([]string, len(models))
	for i, m := range models {
		names[i] = m.Name()
	}
	p.drops = append(p.drops, drop{load: len(models) > 0, models: models, name: strings.Join(names, ", "), images: images})
	p.dispatch()
}

// Parts returns the names of the loaded parts, and which of them is in use. Equal names get the start of the head's digest.
func (p *Page) Parts() (names []string, current int) {
	seen := map[string]int{}
	for _, s := range p.parts {
		seen[s.part.Part]++
	}
	for _, s := range p.parts {
		name := s.part.Part
		if seen[name] > 1 {
			name += " · " + s.part.HeadDigest[:min(6, len(s.part.HeadDigest))]
		}
		names = append(names, name)
	}
	return names, p.at
}

// Use goes to another loaded part, by its place in Parts.
func (p *Page) Use(i int) {
	if i < 0 || i >= len(p.parts) || i == p.at {
		return
	}
	s := p.parts[i]
	p.drops = append(p.drops, drop{load: true, models: s.models, name: s.part.Part})
	p.dispatch()
}

// proceed takes what was dropped, in order. A model waits until no image is being inspected, so that every answer belongs to
// the part in use.
func (p *Page) proceed() {
	for len(p.drops) > 0 && !p.loading {
		d := p.drops[0]
		switch {
		case !d.load:
			p.drops = p.drops[1:]
			p.addAll(d.images)
		case d.renews != "" && d.renews != p.Part.HeadDigest:
			p.drops = p.drops[1:]
		case p.Phase == Broken:
			p.loading = true
			p.refuse(p.Problem)
		case p.Phase == Loading || p.running > 0:
			p.Notice = &Notice{Kind: NoticeLoading, Name: d.name, other: -1}
			return
		default:
			p.loading = true
			p.Notice = &Notice{Kind: NoticeLoading, Name: d.name, other: -1}
			p.back.Load(d.models)
		}
	}
}

// next ends the load of the first drop.
func (p *Page) next() drop {
	d := p.drops[0]
	p.drops, p.loading = p.drops[1:], false
	return d
}

// Switched is the answer of Backend.Load: the part is in use. held are its files as they were read: those that are kept on the device may be deleted.
func (p *Page) Switched(part protocol.LoadResult, held ...Source) {
	if !p.loading {
		return
	}
	d, before := p.next(), p.at
	if d.renews != "" && p.at > 0 {
		p.renewed(part, d.models, held)
		p.dispatch()
		return
	}
	p.show(part, d.models, held)
	p.remember()
	p.switched()
	n := &Notice{Kind: NoticeLoaded, Name: part.Part, other: -1}
	p.Live = p.t("live.part", "part", part.Part)
	if before != p.at {
		s := p.parts[before]
		n.other, n.Other, n.Kept = before, s.part.Part, len(s.list.all)
		if n.Kept > 0 {
			p.Live += " " + p.Text.N("notice.kept", n.Kept, "part", n.Other)
		}
	}
	p.Notice = n
	p.addAll(d.images)
	p.dispatch()
}

// Refused is the other answer of Backend.Load: the part before stays in use.
func (p *Page) Refused(e protocol.Error) {
	if p.loading {
		p.refuse(e)
		p.dispatch()
	}
}

func (p *Page) refuse(e protocol.Error) {
	d := p.next()
	p.Notice = &Notice{Kind: NoticeRefused, Name: d.name, Other: p.Part.Part, Err: e, other: -1}
	p.addAll(d.images)
}

// show puts the images of the part in use away and takes those of another.
func (p *Page) show(part protocol.LoadResult, models, held []Source) {
	p.at = len(p.parts)
	for i, s := range p.parts {
		if s.part.HeadDigest == part.HeadDigest && s.part.BackboneDigest == part.BackboneDigest {
			p.at = i
		}
	}
	if p.at == len(p.parts) {
		p.parts = append(p.parts, &shelf{list: newList()})
	}
	s := p.parts[p.at]
	if p.at > 0 { // the newest files are those most likely to be there still; the site's own part needs none
		s.models, s.held = models, held
	}
	s.part = part
	s.list.SetGrid(p.List.Grid)
	p.Part, p.Samples, p.List = part, s.samples, s.list
	p.List.win.size = 0 // measured anew
	p.Typed = p.List.Search
	for _, it := range p.again {
		it.again = false
	}
	p.batch, p.again = batch{}, nil
	for _, it := range p.List.all {
		if it.State == Waiting {
			p.batch.begin(p.back.Now)
			p.batch.total++
		}
	}
}

// OwnPart tells whether the part in use came with the site.
func (p *Page) OwnPart() bool { return p.at < len(p.parts) && len(p.parts[p.at].models) == 0 }

// NoticeKind is what a notice is about.
type NoticeKind int

// The kinds of notices.
const (
	NoticeLoading NoticeKind = iota // a part is being loaded
	NoticeLoaded
	NoticeRefused
	NoticeBusy    // something goes on that Stop ends
	NoticeInfo    // Text and More
	NoticeProblem // Text, More and Detail
)

// Notice is a message above the images. A new one takes the place of the old.
type Notice struct {
	Kind  NoticeKind
	Name  string         // of the part, or of the file
	Other string         // the part before, or the one that stays
	Kept  int            // images of the part before
	Err   protocol.Error // why it was refused
	other int            // place of Other in Parts, -1 for no way back

	Text, More, Detail string // of the last three kinds: what, further sentences, the program's own words

	cleared *cleared // what Undo brings back
}

// Back goes to the part before.
func (p *Page) Back() {
	if p.Notice != nil {
		p.Use(p.Notice.other)
	}
}

// Dismiss removes the notice.
func (p *Page) Dismiss() { p.Notice = nil }

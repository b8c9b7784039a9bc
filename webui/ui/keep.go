package ui

import (
	"slices"

	"github.com/vugu/vugu"

	"anomnet/wasm/protocol"
)

// Panel is what a view of another package adds to Inspect: a component below the verdict, and keys.
type Panel struct {
	Body vugu.Builder
	// Key takes a key that was pressed and means nothing to Inspect itself.
	Key  func(key string) bool
	Keys []Shortcut // for the help
}

// AddPanel adds to Inspect. It is called before the page is mounted.
func (p *Page) AddPanel(n Panel) { p.panels = append(p.panels, n) }

// Panels below the verdict.
func (c *Facts) Panels() []Panel { return c.Page.panels }

func (p *Page) panelKey(key string) bool {
	for _, n := range p.panels {
		if n.Key != nil && n.Key(key) {
			return true
		}
	}
	return false
}

// Offer is a part that is kept on the device: it can be chosen like one that was loaded.
type Offer struct {
	Part           string
	Head, Backbone string // digests
	Models         []Source
	Heads          []string // of all versions
}

// Offer tells which parts are kept, in the place of those that were offered before. One that is deleted stays as long as it is in use or has images, like a part from
// a file.
func (p *Page) Offer(offers []Offer) {
	if p.Phase != Ready {
		return
	}
	for _, o := range offers {
		at := slices.IndexFunc(p.parts, func(s *shelf) bool { return s.part.HeadDigest == o.Head && s.part.BackboneDigest == o.Backbone })
		if at < 0 {
			p.parts = append(p.parts, &shelf{list: newList()})
			at = len(p.parts) - 1
			p.parts[at].part = protocol.LoadResult{Part: o.Part, HeadDigest: o.Head, BackboneDigest: o.Backbone}
		}
		if at > 0 { // the site's own part comes with the site
			p.parts[at].models, p.parts[at].offered = o.Models, true
		}
	}
	for at := len(p.parts) - 1; at > 0; at-- {
		s := p.parts[at]
		there := slices.ContainsFunc(offers, func(o Offer) bool { return o.Head == s.part.HeadDigest })
		if !s.offered || there {
			continue
		}
		if at != p.at && len(s.list.all) == 0 {
			p.unshelve(at)
		} else if len(s.held) > 0 && !slices.ContainsFunc(offers, func(o Offer) bool { return slices.Contains(o.Heads, s.part.HeadDigest) }) {
			s.models, s.offered = s.held, false
		}
	}
	p.resume()
}

// resume goes to the part of the last visit when the first parts are offered, unless a person has begun something else.
func (p *Page) resume() {
	first := !p.resumed
	p.resumed = true
	if first && p.Settings.Head != "" && p.at == 0 && len(p.List.all) == 0 && !p.Switching() {
		p.UseHead(p.Settings.Head)
	}
}

// remember notes the part in use for the next visit. One that is not kept is not there then.
func (p *Page) remember() {
	head := p.Settings.Head
	switch s := p.parts[p.at]; {
	case p.at == 0:
		head = ""
	case s.offered:
		head = s.part.HeadDigest
	}
	if head != p.Settings.Head {
		p.Settings.Head = head
		p.back.Save(p.Settings)
	}
}

// unshelve forgets a part that is not in use.
func (p *Page) unshelve(at int) {
	p.parts = slices.Delete(p.parts, at, at+1)
	if at < p.at {
		p.at--
	}
	if n := p.Notice; n != nil && n.other >= at {
		if n.other == at {
			n.other = -1
		} else {
			n.other--
		}
	}
}

// Switching tells whether a part is on its way into use.
func (p *Page) Switching() bool { return p.loading || len(p.drops) > 0 }

// UseHead goes to a part by the digest of its head; false when no such part is loaded or offered.
func (p *Page) UseHead(head string) bool {
	at := slices.IndexFunc(p.parts, func(s *shelf) bool { return s.part.HeadDigest == head })
	p.Use(at)
	return at >= 0
}

// Renew puts another version of a part into the place of the one with a head, if that is in use when its turn comes. The images stay and are inspected
// again, under the limits of the new version. It returns false when nothing is on its way into use: a person has gone to another part meanwhile.
func (p *Page) Renew(head, name string, models []Source) bool {
	p.drops = append(p.drops, drop{load: true, renews: head, models: models, name: name})
	p.dispatch()
	return p.Switching()
}

// renewed is the end of Renew.
func (p *Page) renewed(part protocol.LoadResult, models, held []Source) {
	for at := len(p.parts) - 1; at >= 0; at-- {
		if at != p.at && p.parts[at].part.HeadDigest == part.HeadDigest && len(p.parts[at].list.all) == 0 {
			p.unshelve(at)
		}
	}
	s := p.parts[p.at]
	s.part, s.models, s.held, s.offered = part, models, held, true
	p.Part = part
	p.remember()
	for _, it := range p.again {
		it.again = false
	}
	p.batch, p.again, p.maps = batch{}, nil, nil
	delete(p.limits, p.List) // they were raw scores of the version before
	p.forgetSpots()
	p.Look.found = findings{}
	for _, it := range p.List.all {
		if it.State == Done || it.State == Waiting {
			p.List.change(it, func() { it.State, it.Map, it.dropped, it.Recorded = Waiting, nil, false, 0 })
			p.batch.begin(p.back.Now)
			p.batch.total++
		}
	}
	p.List.waiting = 0
	p.Notice = nil
	p.Live = p.t("live.part", "part", part.Part)
	p.switched()
}

// LabelOf is "good" or "defect" when the folders of a source say so, else "".
func LabelOf(src Source) string { return labelOf(src) }

// Loaded is a part in the selector.
type Loaded struct {
	Part   protocol.LoadResult
	Own    bool // it came with the site
	Kept   bool // on the device
	InUse  bool
	Images int
	Models []Source
}

// AllLoaded lists the parts in the selector, in its order.
func (p *Page) AllLoaded() []Loaded {
	var out []Loaded
	for i, s := range p.parts {
		out = append(out, Loaded{s.part, i == 0, s.offered, i == p.at, len(s.list.all), s.models})
	}
	return out
}

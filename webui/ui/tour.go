package ui

import "strconv"

// Tour is the hints of a first visit: what cannot be seen at a glance, shown one after the other beside the first results. They cover
// nothing but a corner of the picture, take no focus, and never come back.
type Tour struct{ Page *Page }

// tourStops are the hints in order.
func tourStops() []string { return []string{"tour.move", "tour.limits", "tour.out"} }

// Touring tells whether a hint is shown.
func (p *Page) Touring() bool {
	it := p.List.selected
	return !p.Settings.Toured && it != nil && it.State == Done
}

// TourOn shows the next hint; after the last one there are none any more.
func (p *Page) TourOn() {
	if p.tour++; p.tour >= len(tourStops()) {
		p.EndTour()
	}
}

// EndTour ends the hints for good.
func (p *Page) EndTour() {
	p.tour, p.Settings.Toured = 0, true
	p.back.Save(p.Settings)
}

// Text is the hint.
func (c *Tour) Text() string { return c.Page.t(tourStops()[c.Page.tour]) }

// Place says which hint of how many it is.
func (c *Tour) Place() string {
	return c.Page.t("list.progress", "done", strconv.Itoa(c.Page.tour+1), "total", strconv.Itoa(len(tourStops())))
}

// Next is the text of the button that goes on.
func (c *Tour) Next() string {
	if c.Page.tour == len(tourStops())-1 {
		return c.Page.t("tour.done")
	}
	return c.Page.t("tour.next")
}

package ui

import (
	"slices"
	"strconv"

	"github.com/vugu/vugu"

	"anomnet/assets/messages"
	"anomnet/webui/dom/vdom"
)

// Root is the page's top component: the header, the view that is shown, and what lies over it.
type Root struct {
	Page   *Page
	header *vdom.Keep
	bodies []*vdom.Keep // by view
}

// NewRoot returns the top component of a page whose views are registered.
func NewRoot(p *Page) *Root {
	c := &Root{Page: p, header: p.keep("header", &Header{Page: p}, func() any { return p.Newer.There && p.Newer.Wait() })}
	for _, v := range p.views {
		if v.Stamp != nil {
			c.bodies = append(c.bodies, vdom.NewKeep(v.ID, v.Body, v.Stamp))
		} else {
			c.bodies = append(c.bodies, p.keep(v.ID, v.Body, nil))
		}
	}
	return c
}

// Header returns the bar at the top.
func (c *Root) Header() vugu.Builder { return c.header }

// Body returns the view that is shown.
func (c *Root) Body() vugu.Builder { return c.bodies[c.Page.view] }

// View returns what is shown.
func (c *Root) View() View { return c.Page.View() }

// Header is the bar at the top.
type Header struct{ Page *Page }

// Views are the links to the views; one alone needs none.
func (c *Header) Views() []View {
	views := slices.DeleteFunc(slices.Clone(c.Page.views), func(v View) bool { return v.Aside })
	if len(views) < 2 {
		return nil
	}
	return views
}

// Current is aria-current of a view's link.
func (c *Header) Current(v View) any {
	if v.ID == c.Page.View().ID {
		return "page"
	}
	return nil
}

// Skip moves the focus over the header. The address stays, since it belongs to the views.
func (c *Header) Skip(event vugu.DOMEvent) {
	event.PreventDefault()
	c.Page.FocusView = true
}

// Languages lists what the page speaks.
func (c *Header) Languages() []string { return messages.Languages() }

// Parts lists the loaded parts for the selector.
func (c *Header) Parts() []string {
	names, _ := c.Page.Parts()
	return names
}

// Part is the selector's value.
func (c *Header) Part() string {
	_, i := c.Page.Parts()
	return strconv.Itoa(i)
}

// Use takes the selector's value.
func (c *Header) Use(v string) {
	if i, err := strconv.Atoi(v); err == nil {
		c.Page.Use(i)
	}
}

// Name is what a language calls itself.
func (c *Header) Name(lang string) string { return messages.Name(lang) }

// Tag is the language tag of a language's own name.
func (c *Header) Tag(lang string) string { return messages.Tag(lang) }

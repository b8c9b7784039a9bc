package models

import (
	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/ui"
)

// Offer is a model in the server's index.
type Offer struct {
	SHA256 string // of its file
	Name   string // of the file
	Part   string
	Head   string  // digest of its content, by which a kept part is known
	Bytes  float64 // with the backbone, when that is not here
	Here   float64 // of them on this device
	Signed bool    // it comes with a signature file
}

// offers is what the server has, as far as it was asked.
type offers struct {
	asking bool
	known  bool // list is the answer
	list   []Offer
	trust  protocol.Trust // of the index
	get    string         // SHA-256 of the model that is fetched
	done   float64        // bytes of it
}

// Offered is the answer of Backend.Look.
func (v *View) Offered(list []Offer, t protocol.Trust) {
	v.offers.asking, v.offers.known, v.offers.list, v.offers.trust = false, true, list, t
	if len(list) == 0 {
		v.Page.Live = v.T("models.offers.none")
	}
}

// Unoffered tells that the server could not be asked, or that its index was refused.
func (v *View) Unoffered(e protocol.Error) {
	v.offers.asking = false
	v.Failed(e)
}

// Getting tells how much of a model is here.
func (v *View) Getting(sha256 string, here float64) {
	v.offers.done = here
	for i := range v.offers.list {
		if v.offers.list[i].SHA256 == sha256 {
			v.offers.list[i].Here = here
		}
	}
}

// Got ends Backend.Get: the part is kept, or e says why it is not.
func (v *View) Got(sha256, said string, e protocol.Error) {
	v.offers.get = ""
	switch e.Code {
	case "":
		v.Done(said)
	case protocol.CodeCancelled:
		for _, o := range v.offers.list {
			if o.SHA256 == sha256 {
				v.Done(v.T("models.offers.stopped", "here", v.Size(o.Here), "all", v.Size(o.Bytes)))
			}
		}
	default:
		v.Failed(e)
	}
}

// Offers shows the models of the server.
type Offers struct{ *View }

// Look asks the server.
func (c *Offers) Look() {
	c.begin("")
	c.offers.asking = true
	c.back.Look()
}

// Asking tells whether the server is being asked.
func (c *Offers) Asking() bool { return c.offers.asking }

// Known tells whether it has answered.
func (c *Offers) Known() bool { return c.offers.known && !c.offers.asking }

// List of what it offers.
func (c *Offers) List() []Offer { return c.offers.list }

// Trust says who vouches for the list.
func (c *Offers) Trust() string {
	t := c.offers.trust
	if c.Page.Today != nil {
		t = c.Page.Today(t)
	}
	s := c.T("models.offers.list") + ": " + c.Page.TrustLine(t)
	if t.State != protocol.TrustSigned {
		s += " " + c.T("models.offers.unvouched")
	}
	return s
}

// Kept tells whether the model is on this device.
func (c *Offers) Kept(o Offer) bool {
	for _, p := range c.parts {
		for _, v := range p.Versions {
			if v.Head == o.Head || v.Trust != nil && v.Trust.File == o.Head { // a file with its backbone is taken apart
				return true
			}
		}
	}
	return false
}

// Line says what a model is.
func (c *Offers) Line(o Offer) string {
	switch {
	case c.Kept(o):
		return c.Size(o.Bytes) + " · " + c.T("models.offers.here")
	case o.Here > 0:
		return c.T("models.offers.partly", "here", c.Size(o.Here), "all", c.Size(o.Bytes))
	}
	return c.Size(o.Bytes)
}

// GetText is the button's.
func (c *Offers) GetText(o Offer) string {
	if o.Here > 0 {
		return c.T("models.offers.on")
	}
	return c.T("models.offers.get")
}

// Busy tells whether any model is fetched, Getting whether this one is.
func (c *Offers) Busy() bool { return c.offers.get != "" }

// IsGetting tells whether a model is being fetched.
func (c *Offers) IsGetting(o Offer) bool { return c.offers.get == o.SHA256 }

// Here is how much of it is on this device.
func (c *Offers) Here(o Offer) float64 { return o.Here }

// Get fetches a model.
func (c *Offers) Get(o Offer) {
	if c.Busy() {
		return
	}
	c.begin("")
	c.offers.get = o.SHA256
	c.back.Get(o.SHA256)
}

// Stop ends that; what came is kept.
func (c *Offers) Stop() { c.back.StopGet() }

// Chip is a few words about who vouches for a version or a loaded part, Mood their look.
func (c *Body) Chip(t protocol.Trust) string { return c.Page.TrustChip(t) }

// ChipClass is the look of the chip.
func (c *Body) ChipClass(t protocol.Trust) string { return "chip trust " + ui.TrustMood(t) }

// TrustNote is the whole sentence where a person should know more: a warning, an unknown key.
func (c *Body) TrustNote(p *store.Part) string {
	t := c.Trust(p.Current())
	if t.State == protocol.TrustSigned || ui.Unknown(t) {
		return c.Page.TrustLine(t)
	}
	return ""
}

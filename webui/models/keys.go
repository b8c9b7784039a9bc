package models

import (
	"strings"

	"anomnet/wasm/protocol"
	"anomnet/webui/trust"
	"anomnet/webui/ui"
)

// Vault is what the view needs for keys and for the models of the server. Calls return at once; answers come back through the methods of View.
type Vault interface {
	// Pin trusts a key, Unpin ends that. The answer is KeysChanged with Pinned, or Failed.
	Pin(k trust.Key)
	Unpin(k trust.Key)
	// Look asks the server what it offers. The answer is Offered or Failed.
	Look()
	// Get fetches the model with this SHA-256; the answers are Getting, then Got. StopGet ends it; what came is kept.
	Get(sha256 string)
	StopGet()
}

// KeysChanged tells what is pinned now.
func (v *View) KeysChanged(keys []trust.Key) { v.keys = keys }

// AskPin asks whether a key that a person gave, or the server, shall be trusted.
func (v *View) AskPin(k trust.Key) {
	v.pin = &k
	v.problem, v.said, v.undo = nil, "", nil
	v.Page.Live = v.T("models.pin")
}

// Pinned tells that a key is trusted, or is not any more.
func (v *View) Pinned(k trust.Key, trusted bool) {
	if trusted {
		v.Done(v.T("models.said.pinned", "label", k.Label))
		v.undo = func() { v.back.Unpin(k) }
		if v.offers.known && ui.Unknown(v.offers.trust) { // the list may be signed by it
			v.offers.asking = true
			v.back.Look()
		}
		return
	}
	v.Done(v.T("models.said.unpinned", "label", k.Label))
	v.undo = func() { v.back.Pin(k) }
}

// Undoable tells whether the last action can be taken back.
func (c *Body) Undoable() bool { return c.undo != nil }

// Undo takes the last action back.
func (c *Body) Undo() {
	if c.undo != nil {
		undo := c.undo
		c.undo = nil
		undo()
	}
}

// Keys shows the pinned keys.
type Keys struct{ *View }

// List of the pinned keys.
func (c *Keys) List() []trust.Key { return c.keys }

// InQuestion is the key that a person is asked about, nil for none.
func (c *Body) InQuestion() *trust.Key { return c.pin }

// SetLabel takes the name that is typed.
func (c *Body) SetLabel(s string) {
	if c.pin != nil {
		c.pin.Label = s
	}
}

// Yes trusts the key.
func (c *Body) Yes() {
	k := *c.pin
	if k.Label = strings.TrimSpace(k.Label); k.Label == "" {
		k.Label = k.ID
	}
	c.pin = nil
	c.back.Pin(k)
}

// No leaves it.
func (c *Body) No() { c.pin = nil }

// Line says what a key is.
func (c *Keys) Line(k trust.Key) string {
	return c.T("models.key.line", "id", k.ID, "origin", c.Page.KeyOrigin(k.Origin))
}

// Removable tells whether a person has pinned the key.
func (c *Keys) Removable(k trust.Key) bool { return k.Origin == trust.FromUser }

// Remove ends the trust in a key; it can be undone.
func (c *Keys) Remove(k trust.Key) { c.back.Unpin(k) }

// TrustOf is who vouches for a version, with the keys of today.
func (v *View) trustOf(head string, kept *protocol.Trust) protocol.Trust {
	if kept != nil {
		t := *kept
		if v.Page.Today != nil {
			t = v.Page.Today(t)
		}
		return t
	}
	return v.Page.TrustOf(head)
}

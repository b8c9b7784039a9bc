package models

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/trust"
)

func TestKeys(t *testing.T) {
	c, b, _ := newView(t)
	keys := &Keys{c.View}
	k := trust.Key{Label: "line4", ID: "44", Print: "aaaa bbbb", Origin: trust.FromUser}
	c.AskPin(k)
	c.SetLabel("  Line 4 ")
	c.Yes()
	assert.Equal(t, call{"pin Line 4", "aaaa bbbb", 0}, b.calls[0])
	assert.Nil(t, c.InQuestion())
	k.Label = "Line 4"
	c.KeysChanged([]trust.Key{k})
	c.Pinned(k, true)
	assert.Equal(t, "The key Line 4 is trusted.", c.Said())
	assert.Equal(t, "Key 44 · pinned here", keys.Line(k))
	assert.True(t, keys.Removable(k))
	assert.False(t, keys.Removable(trust.Key{Origin: trust.BuiltIn}))
	c.Undo()
	assert.Equal(t, "unpin Line 4", b.calls[1].what)
	assert.False(t, c.Undoable())
	c.Pinned(k, false)
	c.Undo()
	assert.Equal(t, "pin Line 4", b.calls[2].what)
	c.AskPin(k)
	c.SetLabel(" ")
	c.Yes()
	assert.Equal(t, "pin 44", b.calls[3].what, "a key without a name is called by its number")
	c.AskPin(k)
	c.No()
	assert.Nil(t, c.InQuestion())
}

func TestTrustOfParts(t *testing.T) {
	c, _, p := newView(t)
	signed := &protocol.Trust{State: protocol.TrustSigned, Label: "Line 4", KeyID: "44", Origin: "user", Counter: 3, Date: "2026-11-25", Key: "RW"}
	pinned := true
	p.Today = func(t protocol.Trust) protocol.Trust {
		if !pinned && t.State == protocol.TrustSigned {
			t.State, t.Reason = protocol.TrustRefused, protocol.WhyUnknownKey
		}
		return t
	}
	part := store.Part{ID: "p3", Name: "Clip", Use: 1, Versions: []store.Version{{N: 1, Head: "c1", Origin: store.Imported, Trust: signed}}}
	taught := c.Parts()[0]
	assert.Empty(t, c.Chip(c.Trust(taught.Current())), "made here")
	imported := c.Parts()[1]
	assert.Equal(t, "Not signed", c.Chip(c.Trust(imported.Current())))
	assert.Equal(t, "Signed: Line 4", c.Chip(c.Trust(part.Current())))
	assert.Equal(t, "chip trust good", c.ChipClass(c.Trust(part.Current())))
	assert.Contains(t, c.TrustNote(&part), "Signed by Line 4 (pinned here), key 44, counter 3")
	signed.Warning, signed.Expires = protocol.WhyExpired, "2026-12-01"
	assert.Equal(t, "Signed: Line 4, expired", c.Chip(c.Trust(part.Current())))
	assert.Contains(t, c.TrustNote(&part), "expired on 2026-12-01")
	pinned = false
	assert.Equal(t, "Unknown signer", c.Chip(c.Trust(part.Current())))
	assert.Equal(t, "chip trust warn", c.ChipClass(c.Trust(part.Current())))
	assert.Contains(t, c.TrustNote(&part), "proves nothing")
}

func TestOffers(t *testing.T) {
	c, b, _ := newView(t)
	o := &Offers{c.View}
	o.Look()
	assert.True(t, o.Asking())
	c.Offered([]Offer{{SHA256: "s1", Part: "Clip", Head: "c1", Bytes: 5e6}, {SHA256: "s2", Part: "Bracket", Head: "h1", Bytes: 3e5}}, protocol.Trust{State: protocol.TrustUnsigned})
	assert.Contains(t, o.Trust(), "Nobody vouches")
	list := o.List()
	assert.Equal(t, "5.0 MB", o.Line(list[0]))
	assert.Contains(t, o.Line(list[1]), "on this device")
	o.Get(list[0])
	o.Get(list[0]) // once is enough
	assert.Equal(t, []call{{"look", "", 0}, {"get", "s1", 0}}, b.calls)
	c.Getting("s1", 4e6)
	c.Got("s1", "", protocol.Error{Code: protocol.CodeCancelled})
	assert.Equal(t, "Stopped. 4.0 MB of 5.0 MB are kept, so it can go on later.", c.Said())
	assert.Equal(t, "Go on", o.GetText(o.List()[0]))
	o.Get(o.List()[0])
	c.Got("s1", "", protocol.Error{Code: protocol.CodeChunk, Message: "4 bytes"})
	assert.Contains(t, c.Problem(), "came changed")
	o.Get(o.List()[0])
	c.Got("s1", "", protocol.Error{Code: protocol.CodeSignature, Hint: protocol.WhyOlderCounter})
	assert.Contains(t, c.Problem(), "newer one of this part")
	o.Look()
	c.Unoffered(protocol.Error{Code: protocol.CodeOffline})
	assert.Contains(t, c.Problem(), "did not answer")
	assert.False(t, o.Asking())
}

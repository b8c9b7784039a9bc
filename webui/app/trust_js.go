//go:build js && wasm

package app

import (
	"errors"
	"strings"
	"syscall/js"

	"anomnet/core/policy"
	"anomnet/wasm/protocol"
	"anomnet/webui/models"
	"anomnet/webui/trust"
	"anomnet/webui/ui"
)

// custodian knows whom this device trusts, and asks a worker who signed what.
type custodian struct {
	app  *app
	book *trust.Book
	view *models.View

	policy *policy.Policy // that the book's rules are of
}

// newCustodian takes the keys that are built into the page, "label=key" with semicolons between them.
func newCustodian(a *app, builtIn string) *custodian {
	c := &custodian{app: a}
	var keys []trust.Key
	for one := range strings.SplitSeq(builtIn, ";") {
		if label, text, ok := strings.Cut(one, "="); ok {
			keys = append(keys, trust.Key{Label: label, Text: text, Origin: trust.BuiltIn})
		}
	}
	c.book = trust.New(a.stock.disk, keys...)
	a.page.Today = c.book.Today
	return c
}

// load reads the pinned keys. It blocks.
func (c *custodian) load() {
	c.obey()
	c.book.Describe(c.describe)
	c.refresh()
}

// describe has a worker read a key. It blocks.
func (c *custodian) describe(text string) (id, print string) {
	k, _, e := ask[protocol.KeyResult](c.app, protocol.OpKey, protocol.KeyRequest{Text: text})
	if e.Code != "" {
		return "", ""
	}
	return k.ID, k.Print
}

// obey takes the rules of the policy that is in force. A policy that names keys says whom this station trusts; people cannot add others. It blocks.
func (c *custodian) obey() {
	p := c.app.page.Policy
	if p == c.policy {
		return
	}
	c.policy = p
	rules := trust.Rules{}
	if p != nil {
		rules = trust.Rules{SignedOnly: p.Signed, OnlyThese: len(p.Keys) > 0, Least: p.Least}
		for _, k := range p.Keys {
			rules.Keys = append(rules.Keys, trust.Key{Label: k.Label, Origin: trust.FromPolicy, Text: k.Key})
		}
	}
	c.book.Rules = rules
	c.book.Describe(c.describe)
	c.app.view.Update(func() { c.view.KeysChanged(c.book.Keys()) })
}

// refresh reads what is pinned, also by other tabs. It blocks.
func (c *custodian) refresh() {
	if err := c.book.Load(); err != nil {
		warn(err)
	}
	c.app.view.Update(func() { c.view.KeysChanged(c.book.Keys()) })
}

func warn(err error) { js.Global().Get("console").Call("warn", err.Error()) }

// maxSignature is how much of a signature file is read; a longer one is none.
const maxSignature = 4096

// vet says who signed a model file, or why it may not be used. It blocks.
func (c *custodian) vet(f file, blob js.Value) (protocol.Trust, protocol.Error) {
	c.obey()
	if f.trust != nil { // kept on this device
		t, why := c.book.Kept(*f.trust)
		if why != "" {
			return t, protocol.Error{Code: protocol.CodeSignature, Hint: why, Message: why + ": the policy does not allow this part"}
		}
		return t, protocol.Error{}
	}
	t := protocol.Trust{State: protocol.TrustUnsigned}
	if f.sig != nil || f.sum != "" {
		sig := asBlob(js.Global().Get("ArrayBuffer").New(0))
		if f.sig != nil {
			whole, err := f.sig.contents()
			if err != nil {
				return t, protocol.Error{Code: protocol.CodeUnreadable, Message: err.Error()}
			}
			sig = whole.Call("slice", 0, maxSignature)
		}
		req := c.book.Request(protocol.KindModel, clock())
		req.SHA256 = f.sum
		var e protocol.Error
		if t, _, e = ask[protocol.Trust](c.app, protocol.OpTrust, req, blob, sig); e.Code != "" {
			return t, e
		}
	}
	return t, c.judge(protocol.KindModel, &t)
}

// judge completes a worker's answer; the error is "" for what may be used. It blocks.
func (c *custodian) judge(kind string, t *protocol.Trust) protocol.Error {
	if err := c.book.Judge(kind, t); err != nil {
		warn(err) // the counter is remembered until the tab is closed
	}
	if !trust.Usable(t) {
		return protocol.Error{Code: protocol.CodeSignature, Hint: t.Reason, Message: t.Reason + ": " + t.Detail}
	}
	return protocol.Error{}
}

// offer asks the person about a public key in a file. quiet says nothing about files that are none. It blocks.
func (c *custodian) offer(f file, quiet bool) {
	blob, err := f.contents()
	e := protocol.Error{}
	var k protocol.KeyResult
	if err == nil {
		var text []byte
		if text, err = bytesOf(blob.Call("slice", 0, protocol.MaxKeyText)); err == nil {
			k, _, e = ask[protocol.KeyResult](c.app, protocol.OpKey, protocol.KeyRequest{Text: string(text)})
		}
	}
	if err != nil {
		e = protocol.Error{Code: protocol.CodeUnreadable, Message: err.Error()}
	}
	if e.Code != "" && quiet {
		return
	}
	c.app.view.Update(func() {
		c.app.page.Show("models")
		if e.Code != "" {
			c.view.Failed(e)
			return
		}
		c.view.AskPin(trust.Key{Label: strings.TrimSuffix(f.name, ".pub"), Text: k.Text, ID: k.ID, Print: k.Print, Since: clock()})
	})
}

// Pin implements models.Vault. What was signed by the key and is here already is looked at again.
func (c *custodian) Pin(k trust.Key) {
	go func() {
		err := c.book.Pin(k)
		if err == nil {
			c.recheck()
			c.reconsider()
		}
		c.told(k, true, err)
	}()
}

// Unpin implements models.Vault.
func (c *custodian) Unpin(k trust.Key) {
	go func() { c.told(k, false, c.book.Unpin(k)) }()
}

func (c *custodian) told(k trust.Key, pinned bool, err error) {
	c.refresh()
	c.app.stock.changed()
	c.app.view.Update(func() {
		switch {
		case errors.Is(err, trust.ErrFull):
			c.app.page.Warn(c.app.page.Text.T("models.pin.full"), "", "")
		case errors.Is(err, trust.ErrLocked):
			c.view.Failed(protocol.Error{Code: protocol.CodeSignature, Hint: protocol.WhyPolicy, Message: err.Error()})
		case err != nil:
			c.view.Failed(storeError(err))
		default:
			c.view.Pinned(k, pinned)
		}
	})
}

// recheck looks again at kept parts whose key was unknown. They are here already, so an old counter is no reason to lose them. It blocks.
func (c *custodian) recheck() {
	s := c.app.stock
	for _, p := range s.parts {
		for i := range p.Versions {
			v := &p.Versions[i]
			if v.Trust == nil || !c.book.Stale(v.Trust) {
				continue
			}
			sig, signed, err := s.lib.Signature(v)
			if err != nil || sig == nil {
				continue
			}
			t, _, e := ask[protocol.Trust](c.app, protocol.OpTrust, c.book.Request(protocol.KindModel, clock()), signed.(js.Value), sig.(js.Value))
			if e.Code != "" {
				continue
			}
			judged := t
			c.judge(protocol.KindModel, &judged)
			if _, err := s.lib.Trusted(p.ID, v.N, &t); err != nil {
				warn(err)
			}
			c.app.view.Update(func() { c.app.page.Vouch(v.Head, t) })
		}
	}
}

// reconsider looks again at loaded parts that came as files, are not kept, and whose key was unknown. It blocks.
func (c *custodian) reconsider() {
	for head, models := range c.app.page.Doubted() {
		for _, m := range models {
			f := m.(file)
			if f.trust != nil || f.sig == nil {
				continue
			}
			blob, err := f.contents()
			if err != nil {
				continue // moved or deleted since: what was said of it stays
			}
			if t, e := c.vet(f, blob); e.Code == "" && t.File == head {
				c.app.view.Update(func() { c.app.page.Vouch(head, t) })
			}
		}
	}
}

// paired gives models their signature files, by name, or because there is one of each; keys are public keys. alone counts signatures without model.
func paired(fs []file) (rest, keys []file, alone int) {
	sigs := map[string]*file{}
	last := -1
	models := 0
	for i := range fs {
		switch ui.SortOf(fs[i].name, "", nil) {
		case ui.SortSignature:
			name := ui.PathOf(fs[i])
			sigs[name[:len(name)-len(ui.SignatureSuffix)]] = &fs[i]
		case ui.SortKey:
			keys = append(keys, fs[i])
		case ui.SortModel:
			models++
			last = len(rest)
			rest = append(rest, fs[i])
		default:
			rest = append(rest, fs[i])
		}
	}
	used := 0
	for i := range rest {
		if s := sigs[ui.PathOf(rest[i])]; s != nil {
			rest[i].sig = s
			used++
		}
	}
	if len(sigs) == 1 && models == 1 && used == 0 {
		for _, s := range sigs {
			rest[last].sig = s
		}
		used = 1
	}
	return rest, keys, len(sigs) - used
}

//go:build js && wasm

package app

import (
	"fmt"
	"syscall/js"
	"time"

	vjs "github.com/vugu/vugu/js"

	"anomnet/assets/messages"
	"anomnet/wasm/protocol"
	"anomnet/webui/models"
	"anomnet/webui/store"
	"anomnet/webui/ui"
)

// curator is models.Backend.
type curator struct {
	app     *app
	stock   *stock
	view    *models.View
	stopped bool // the comparison that runs is to end
	*custodian
	*shop
}

func (a *app) modelsView() ui.View {
	c := &curator{app: a, stock: a.stock, custodian: a.trust}
	c.shop = &shop{c: c}
	var v ui.View
	c.view, v = models.New(a.page, c)
	c.view.Sealed = a.boot.Get("sealed").Truthy()
	a.trust.view = c.view
	a.stock.watched = append(a.stock.watched, func() { c.view.Changed(a.stock.parts, a.stock.usage) })
	return v
}

// act does something that takes time and says how it ended.
func (c *curator) act(f func() (said string, e protocol.Error), then ...func()) {
	go func() {
		said, e := f()
		c.stock.changed()
		c.app.view.Update(func() {
			if e.Code != "" {
				c.view.Failed(e)
				return
			}
			c.view.Done(said)
		})
		for _, next := range then { // it may say something itself, which must come last
			next()
		}
	}()
}

func (c *curator) t(key string, args ...string) string { return c.app.page.Text.T(key, args...) }

// Choose implements models.Backend.
func (c *curator) Choose(id string, n int) {
	before := c.app.page.Part.HeadDigest
	c.act(func() (string, protocol.Error) {
		p := c.stock.part(id)
		if p != nil && p.Current().Head != before {
			before = ""
		}
		p, err := c.stock.lib.Choose(id, n)
		if err != nil {
			return "", storeError(err)
		}
		return c.use(p, before)
	})
}

// use puts the version in use of a part into use in Inspect: in the place of the version before, by its head, or, with "", beside what was there.
func (c *curator) use(p *store.Part, before string) (string, protocol.Error) {
	sources, err := c.stock.sources(p.Name, p.Current())
	if err != nil {
		return "", storeError(err)
	}
	c.stock.refresh()
	c.app.view.Update(func() {
		if before != "" {
			c.app.page.Renew(before, p.Name, sources)
		} else {
			c.app.page.UseHead(p.Current().Head)
		}
	})
	return c.t("models.said.used", "part", p.Name, "n", fmt.Sprint(p.Use)), protocol.Error{}
}

// Rename implements models.Backend: the name is in the head, so this makes a version.
func (c *curator) Rename(id, name string) {
	before := c.app.page.Part.HeadDigest
	c.act(func() (string, protocol.Error) {
		p := c.stock.part(id)
		if p == nil {
			return "", storeError(store.ErrGone)
		}
		now := *p.Current()
		old, _, err := c.stock.lib.Files(&now)
		if err != nil {
			return "", storeError(err)
		}
		head, m, e := c.stock.revise(old.(js.Value), name, 0)
		if e.Code != "" {
			return "", e
		}
		v := now
		v.Trust = nil // the name is in the head, so nobody has signed this one
		v.Head, v.Bytes, v.Made, v.Why = m.Head, head.Get("size").Float(), clock(), "renamed"
		made, e := c.stock.add(id, "", store.Model{Name: name, Version: v, Head: head, Shape: p.ShapeNow(), Seed: p.Seed, Further: true})
		if e.Code != "" {
			return "", e
		}
		if now.Head == before {
			_, e = c.use(made, before)
		}
		return c.t("models.said.renamed", "part", name), e
	})
}

// Delete implements models.Backend.
func (c *curator) Delete(id string) {
	c.act(func() (string, protocol.Error) {
		name := ""
		if p := c.stock.part(id); p != nil {
			name = p.Name
			c.app.view.Update(func() { c.stock.expect(len(c.stock.parts) - 1) })
		}
		if err := c.stock.lib.Delete(id); err != nil {
			return "", storeError(err)
		}
		c.app.view.Update(func() { c.app.page.Deleted(ui.Kept{Part: name}) })
		return c.t("models.said.deleted", "part", name), protocol.Error{}
	})
}

// DeleteVersion implements models.Backend.
func (c *curator) DeleteVersion(id string, n int) {
	c.act(func() (string, protocol.Error) {
		gone := ui.Kept{N: n}
		if p := c.stock.part(id); p != nil && p.Version(n) != nil {
			gone.Part, gone.Head = p.Name, p.Version(n).Head
		}
		if _, err := c.stock.lib.Drop(id, n); err != nil {
			return "", storeError(err)
		}
		c.app.view.Update(func() { c.app.page.Deleted(gone) })
		return "", protocol.Error{}
	})
}

// Export implements models.Backend. A head whose backbone is not the site's goes with it only as a file of its own.
func (c *curator) Export(p store.Part, n int) {
	c.act(func() (string, protocol.Error) {
		v := p.Version(n)
		if v == nil {
			return "", storeError(store.ErrGone)
		}
		head, backbone, err := c.stock.lib.Files(v)
		if err != nil {
			return "", storeError(err)
		}
		name := store.FileName(p.Name, n, v.Head)
		sig, signed, err := c.stock.lib.Signature(v)
		if err != nil {
			return "", storeError(err)
		}
		whole := sig != nil && signed.(js.Value).Get("size").Float() != head.(js.Value).Get("size").Float() // it has its backbone inside
		if sig != nil {
			head = signed
			c.stock.download(sig.(js.Value), name+ui.SignatureSuffix)
		}
		c.stock.download(head.(js.Value), name)
		if backbone != nil && !whole && v.Backbone != c.stock.own {
			c.stock.download(backbone.(js.Value), store.FileName(p.Name+"-backbone", 1, v.Backbone))
		}
		return c.t("models.said.exported", "name", name), protocol.Error{}
	})
}

// Import implements models.Backend.
func (c *curator) Import(input vjs.Value) {
	el := js.Value(input)
	fs := files(el.Get("files"))
	el.Set("value", "")
	var sources []ui.Source
	for _, f := range fs {
		sources = append(sources, f)
	}
	c.Keep(sources)
}

// Keep implements models.Backend.
func (c *curator) Keep(sources []ui.Source) {
	var keys []file
	c.act(func() (string, protocol.Error) {
		said := ""
		var given []file
		for _, src := range sources {
			given = append(given, src.(file))
		}
		given, err := c.app.signedFiles(given)
		if err != nil {
			return "", protocol.Error{Code: protocol.CodeUnreadable, Message: err.Error()}
		}
		var alone int
		given, keys, alone = paired(given)
		if alone > 0 && len(given) == 0 {
			return "", protocol.Error{Code: protocol.CodeSignature, Hint: "wrong", Message: "a signature file without its model"}
		}
		for _, src := range given {
			p, e := c.keep(src)
			if e.Code != "" {
				return "", protocol.Error{Code: e.Code, Hint: e.Hint, Message: src.Name() + ": " + e.Message}
			}
			said = c.t("models.said.imported", "part", p.Name, "n", fmt.Sprint(p.Use))
		}
		return said, protocol.Error{}
	}, func() {
		if len(keys) > 0 {
			c.offer(keys[0], false)
		}
	})
}

// keep stores the part in a file, and its backbone. more is the backbone's file, if it comes apart and is not here.
func (c *curator) keep(f file, more ...file) (*store.Part, protocol.Error) {
	blob, err := f.contents()
	if err != nil {
		return nil, protocol.Error{Code: protocol.CodeUnreadable, Message: err.Error()}
	}
	if blob.Get("size").Float() > protocol.MaxModelBytes {
		return nil, protocol.Error{Code: protocol.CodeModelCorrupt, Message: "it is too large for a model file"}
	}
	vouched, e := c.vet(f, blob)
	if e.Code != "" {
		return nil, e
	}
	files := []any{blob}
	for _, b := range more {
		if _, e := c.vet(b, b.blob); e.Code != "" {
			return nil, e
		}
		files = append(files, b.blob)
	}
	files = append(files, c.stock.others(protocol.MaxModelFiles-len(files))...)
	m, bufs, e := ask[protocol.Model](c.app, protocol.OpDescribe, protocol.Empty{}, files...)
	if e.Code != "" {
		return nil, e
	}
	head := asBlob(bufs.Index(0))
	model := store.Model{Name: m.Part, Version: versionOf(m, head, store.Imported), Head: head, Backbone: asBlob(bufs.Index(1)), Shape: m.Shape, Seed: m.Seed}
	model.Version.Trust = &vouched
	if f.sig != nil {
		sig, err := f.sig.contents()
		if err != nil {
			return nil, protocol.Error{Code: protocol.CodeUnreadable, Message: err.Error()}
		}
		model.Signature = sig
		if blob.Get("size").Float() != bufs.Index(0).Get("byteLength").Float() { // the backbone is signed with it
			model.Signed = blob
		}
	}
	c.stock.persist()
	return c.stock.add("", fresh(), model)
}

// Describe implements models.Backend.
func (c *curator) Describe(p store.Part, n int) {
	v := *p.Version(n)
	go func() {
		head, _, err := c.stock.lib.Files(&v)
		if err != nil {
			return
		}
		m, _, e := ask[protocol.Model](c.app, protocol.OpRevise, protocol.ReviseRequest{}, head)
		if e.Code == "" {
			c.app.view.Update(func() { c.view.Described(m) })
		}
	}()
}

// TeachFurther implements models.Backend.
func (c *curator) TeachFurther(p store.Part) {
	go func() {
		p.Bad = c.app.teach.checked(&p)
		c.app.view.Update(func() { c.app.teach.view.Again(&p) })
	}()
}

// Persist implements models.Backend.
func (c *curator) Persist() {
	c.act(func() (string, protocol.Error) {
		c.stock.persist()
		return "", protocol.Error{}
	})
}

// Focus implements models.Backend.
func (c *curator) Focus(el vjs.Value) { focusSoon(js.Value(el)) }

// Date implements models.Backend, with the clock of this place.
func (c *curator) Date(_ string, ms float64) string {
	return c.app.page.Text.Time(time.UnixMilli(int64(ms)), messages.Minute)
}

// StopCompare implements models.Backend.
func (c *curator) StopCompare() { c.stopped = true }

// Compare implements models.Backend. As many images are with the workers as these take.
func (c *curator) Compare(a, b models.Side, images []ui.Source) {
	c.stopped = false
	go func() {
		heads, e := c.heads(a, b)
		if e.Code == "" {
			tickets := make(chan struct{}, jobsAhead*max(len(c.app.pool.workers), 1))
			for _, src := range images {
				tickets <- struct{}{}
				if c.stopped {
					e = protocol.Error{Code: protocol.CodeCancelled}
					break
				}
				go func() {
					p := c.pair(src.(file), heads)
					c.app.view.Update(func() { c.view.Compared(p) })
					<-tickets
				}()
			}
			for range cap(tickets) {
				tickets <- struct{}{} // all are back
			}
		}
		c.app.view.Update(func() { c.view.ComparedAll(e) })
	}()
}

// heads are the files of both sides, and behind them the backbones that the site does not have.
func (c *curator) heads(sides ...models.Side) ([]any, protocol.Error) {
	var heads, backbones []any
	for _, s := range sides {
		if s.Part == "" {
			site := c.app.pool.site.files
			heads = append(heads, asBlob(site.Index(site.Length()-1)))
			continue
		}
		p := c.stock.part(s.Part)
		if p == nil || p.Version(s.N) == nil {
			return nil, storeError(store.ErrGone)
		}
		head, backbone, err := c.stock.lib.Files(p.Version(s.N))
		if err != nil {
			return nil, storeError(err)
		}
		heads = append(heads, head)
		if backbone != nil && p.Version(s.N).Backbone != c.stock.own {
			backbones = append(backbones, backbone)
		}
	}
	return append(heads, backbones...), protocol.Error{}
}

func (c *curator) pair(f file, heads []any) models.Pair {
	out := models.Pair{Name: f.name}
	blob, err := f.contents()
	if err != nil {
		out.Err = protocol.Error{Code: protocol.CodeUnreadable, Message: err.Error()}
		return out
	}
	r, _, e := ask[protocol.CompareResult](c.app, protocol.OpCompare, protocol.CompareRequest{Name: f.name, Heads: 2}, append([]any{blob}, heads...)...)
	if e.Code == "" && len(r.Opinions) != 2 {
		e = protocol.Error{Code: protocol.CodeBadMessage}
	}
	if out.Err = e; e.Code == "" {
		out.A, out.B = r.Opinions[0], r.Opinions[1]
	}
	return out
}

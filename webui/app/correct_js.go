//go:build js && wasm

package app

import (
	"errors"
	"slices"
	"syscall/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/teach"
	"anomnet/webui/ui"
)

// corrector is teach.Corrector.
type corrector struct {
	app   *app
	stock *stock
	panel *teach.Panel
}

func newCorrector(a *app) *corrector {
	c := &corrector{app: a, stock: a.stock}
	c.panel = teach.NewPanel(a.page, c)
	return c
}

// Kept implements teach.Corrector.
func (c *corrector) Kept(head string) *store.Part { return c.stock.Kept(head) }

// Learn implements teach.Corrector.
func (c *corrector) Learn(p store.Part, items []*ui.Item) {
	head := p.Current().Head
	go func() {
		made, n, e := c.learn(p, items)
		if e.Code != "" && c.stock.part(p.ID) == nil { // whatever it was that failed for want of it
			e = storeError(store.ErrGone)
		}
		c.answer(made, e, func(p *store.Part, sources []ui.Source) {
			if c.app.page.Renew(head, p.Name, sources) {
				c.panel.Learned(p, n)
			} else {
				c.panel.Left()
			}
		}, func(e protocol.Error) { c.panel.NotLearned(p.ID, e) })
	}()
}

// answer tells the panel the end of a change. It blocks.
func (c *corrector) answer(p *store.Part, e protocol.Error, done func(p *store.Part, sources []ui.Source), not func(e protocol.Error)) {
	var sources []ui.Source
	if e.Code == "" {
		var err error
		if sources, err = c.stock.sources(p.Name, p.Current()); err != nil {
			e = storeError(err)
		}
	}
	if e.Code == "" {
		c.stock.changed()
	}
	c.app.view.Update(func() {
		if e.Code != "" {
			not(e)
			return
		}
		done(p, sources)
	})
}

// shots computes and keeps the features of images of the list. It blocks.
func (c *corrector) shots(p *store.Part, items []*ui.Item, copies protocol.Copies) ([]store.Shot, protocol.Error) {
	var out []store.Shot
	for _, it := range items {
		key := store.Key(it.Result.SHA256)
		s := store.Shot{Key: key, SHA: it.Result.SHA256, Name: it.Src.Name(), W: it.Result.Width, H: it.Result.Height, Copies: copies}
		if known := p.Shot(key); known != nil && known.Copies.Cover(copies) {
			if _, err := c.app.teach.read(store.FeaturePath(p.ID, p.ShapeNow(), key)); err == nil {
				out = append(out, *known)
				continue
			}
		}
		out = append(out, s)
		blob, err := it.Src.(file).contents()
		if err != nil {
			return nil, protocol.Error{Code: protocol.CodeUnreadable, Message: err.Error()}
		}
		req := protocol.FeaturesRequest{Name: s.Name, Backbone: p.Current().Backbone, Shape: p.ShapeNow(), Copies: copies}
		r, bufs, e := ask[protocol.FeaturesResult](c.app, protocol.OpFeatures, req, append([]any{blob}, c.stock.lend(req.Backbone)...)...)
		if e.Code != "" {
			return nil, e
		}
		if r.SHA256 != s.SHA {
			return nil, protocol.Error{Code: protocol.CodeUnreadable, Message: s.Name + " has changed since it was inspected"}
		}
		c.app.view.Update(func() { c.app.teach.thumb(p.ID, p.ShapeNow(), r, bufs.Index(1)) })
		if err := c.stock.lib.Keep(store.FeaturePath(p.ID, p.ShapeNow(), key), asBlob(bufs.Index(0))); err != nil {
			return nil, storeError(err)
		}
	}
	return out, protocol.Error{}
}

// learn fits a version from the images of the one in use and some more. It blocks.
func (c *corrector) learn(p store.Part, items []*ui.Item) (*store.Part, int, protocol.Error) {
	now := p.Current()
	added, e := c.shots(&p, items, protocol.CopiesFor(len(now.Good)+len(items), now.Upright))
	if e.Code != "" {
		return nil, 0, e
	}
	p.Bad = c.app.teach.checked(&p)
	good, bad := p.Further(added)
	if len(good)+len(bad) > protocol.MaxTaught {
		return nil, 0, protocol.Error{Code: protocol.CodeTooMany}
	}
	bufs, err := c.app.teach.features(p.ID, p.ShapeNow(), slices.Concat(good, bad))
	if err != nil {
		return nil, 0, protocol.Error{Code: protocol.CodeStale, Message: err.Error()}
	}
	req := protocol.FitRequest{Part: p.Name, Backbone: now.Backbone, Shape: p.ShapeNow(), Good: len(good), Rate: now.Rate, Seed: p.Seed,
		Revision: now.Revision + 1, Parent: now.Head, ROI: now.ROI, Upright: now.Upright}
	c.stock.lendFit(&req, bufs)
	r, out, e := c.fit(req, bufs)
	if e.Code != "" {
		return nil, 0, e
	}
	head := asBlob(out)
	m := store.Model{Name: p.Name, Version: versionOf(r.Model, head, store.Taught), Head: head, Shape: p.ShapeNow(), Seed: p.Seed, Shots: added, Further: true}
	m.Version.Good, m.Version.Why, m.Version.Upright = good, "good", now.Upright
	for _, s := range added {
		m.Unbad = append(m.Unbad, s.Key)
	}
	for i, key := range bad {
		m.Version.Checked = append(m.Version.Checked, key)
		if r.Checks[i] > r.Model.Limit {
			m.Version.Caught = append(m.Version.Caught, key)
		}
	}
	made, e := c.stock.add(p.ID, "", m)
	if e.Code == "" {
		c.app.taught(made)
	}
	return made, len(added), e
}

// fit does a fit job and waits for it.
func (c *corrector) fit(req protocol.FitRequest, bufs js.Value) (r protocol.FitResult, head js.Value, e protocol.Error) {
	done := make(chan message, 1)
	c.app.view.Update(func() {
		c.app.pool.do(&task{op: protocol.OpFit, meta: req, bufs: bufs, long: true, done: func(m message, f protocol.Error) {
			e = f
			done <- m
		}})
	})
	m := <-done
	if e.Code != "" {
		return r, head, e
	}
	r, err := protocol.Decode[protocol.FitResult](m.meta)
	if err != nil || m.bufs.Length() != 1 {
		return r, head, protocol.Error{Code: protocol.CodeBadMessage, Message: errors.Join(err, errBuffers).Error()}
	}
	return r, m.bufs.Index(0), e
}

// Mark implements teach.Corrector.
func (c *corrector) Mark(p store.Part, it *ui.Item, caught bool) {
	go func() {
		shots, e := c.shots(&p, []*ui.Item{it}, protocol.CopiesNone)
		var made *store.Part
		if e.Code == "" {
			var err error
			if made, err = c.stock.lib.MarkBad(p.ID, shots[0], p.Use, caught); err != nil {
				e = storeError(err)
			}
		}
		c.answer(made, e, func(p *store.Part, _ []ui.Source) { c.panel.Marked(p, it.Src.Name()) }, func(e protocol.Error) { c.panel.NotMarked(p.ID, e) })
	}()
}

// Undo implements teach.Corrector.
func (c *corrector) Undo(id string, n int) {
	head := c.app.page.Part.HeadDigest
	go func() {
		p, err := c.stock.lib.Undo(id, n)
		e := protocol.Error{}
		if err != nil {
			e = storeError(err)
		}
		c.answer(p, e, func(p *store.Part, sources []ui.Source) {
			if c.app.page.Renew(head, p.Name, sources) {
				c.panel.Chosen(p)
			} else {
				c.panel.Left()
			}
		}, func(e protocol.Error) { c.panel.NotLearned(id, e) })
	}()
}

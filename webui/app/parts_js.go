//go:build js && wasm

package app

import (
	"fmt"
	"slices"
	"syscall/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
)

// part is the model files of a part: an array of ArrayBuffers, the first lend of them for their backbones only.
type part struct {
	files js.Value
	lend  int
	held  []ui.Source      // the files behind those
	trust []protocol.Trust // who signed them
	kept  bool             // the only one of trust is that of the part, whatever file it is of
}

// vouches is who signed the file of a head.
func (t part) vouches(head string) protocol.Trust {
	for _, one := range t.trust {
		if t.kept || one.File == head {
			return one
		}
	}
	return protocol.Trust{State: protocol.TrustUnsigned}
}

// trial is a part that one worker tries to load. The others follow only when it can, so a file that is no model changes nothing.
type trial struct {
	part
	w  *worker
	id int
}

// copies are for sending: a worker that is started again needs the files once more.
func (t part) copies() js.Value {
	bufs := js.Global().Get("Array").New()
	for i := range t.files.Length() {
		bufs.Call("push", t.files.Index(i).Call("slice", 0))
	}
	return bufs
}

// give sends a part to a worker and returns the id of the job. What is sent later is done with it.
func (p *pool) give(w *worker, t part) int {
	p.lastID--
	send(w.js, p.lastID, protocol.OpLoad, protocol.LoadRequest{Tier: p.tier, Lend: t.lend}, t.copies())
	return p.lastID
}

// equip gives a worker the part in use, and the one on trial if it was chosen for that before it ran.
func (p *pool) equip(w *worker) {
	w.load = p.give(w, p.current)
	if t := p.trial; t != nil && t.w == w {
		t.id = p.give(w, t.part)
	}
}

func (p *pool) loadAnswer(w *worker, m message) {
	var part protocol.LoadResult
	e := protocol.Error{}
	if m.op == protocol.OpError {
		e = m.failure()
	} else if r, err := m.loaded(); err != nil {
		e = protocol.Error{Code: protocol.CodeBadMessage, Message: err.Error()}
	} else {
		part = r
	}
	switch t := p.trial; {
	case t != nil && m.id == t.id:
		p.tried(part, e)
	case m.id != w.load: // another part is on its way
	case e.Code != "":
		p.unfit(w, e)
	default:
		w.load, p.crashes = 0, 0
		if !p.loaded {
			p.loaded = true
			p.ready(part)
			p.fill()
		}
		p.pump()
	}
}

// unfit drops a worker that cannot load a part which another may well have; the page is broken only when as many have failed as it wants.
func (p *pool) unfit(w *worker, e protocol.Error) {
	if !p.drop(w) {
		return
	}
	defer p.tryCrashed(w, e.Message)
	if p.want--; p.want <= 0 {
		p.over = e
		p.broken(e)
	} else if len(p.workers) == 0 {
		p.spawn()
	}
	p.arrived()
	p.abandon(w, e)
}

// tried ends a trial. After a refusal the worker still has the part in use.
func (p *pool) tried(part protocol.LoadResult, e protocol.Error) {
	t := p.trial
	p.trial = nil
	if e.Code != "" {
		p.app.page.Refused(e)
		return
	}
	p.current = t.part
	if len(t.trust) > 0 {
		p.app.page.Vouch(part.HeadDigest, t.vouches(part.HeadDigest))
	}
	for _, w := range p.workers {
		if w != t.w && w.up {
			p.equip(w)
		}
	}
	p.app.page.Switched(part, t.held...)
	p.pump()
}

// tryCrashed refuses the part on trial when its worker has ended.
func (p *pool) tryCrashed(w *worker, why string) {
	if p.trial != nil && p.trial.w == w {
		p.tried(protocol.LoadResult{}, protocol.Error{Code: protocol.CodeCrashed, Message: why})
	}
}

// try starts a trial on the first worker that does not learn, at once or as soon as its program runs. Nobody who goes to another part waits for a fit.
func (p *pool) try(t part) {
	if len(p.workers) == 0 {
		p.app.page.Refused(protocol.Error{Code: protocol.CodeCrashed, Message: "no worker is left"})
		return
	}
	w := p.workers[0]
	if at := slices.IndexFunc(p.workers, func(o *worker) bool { return o.up && !o.busy() }); at >= 0 {
		w = p.workers[at]
	}
	p.trial = &trial{part: t, w: w}
	if w.up {
		p.trial.id = p.give(w, t)
	}
}

// Load implements ui.Backend.
func (a *app) Load(models []ui.Source) {
	go func() {
		t, e := a.readPart(models)
		a.view.Update(func() {
			if e.Code != "" {
				a.page.Refused(e)
				return
			}
			a.pool.try(t)
		})
	}()
}

// readPart reads model files and adds the site's own, whose backbone they may need; without any it is the site's part.
func (a *app) readPart(models []ui.Source) (part, protocol.Error) {
	site := a.pool.site.files
	if len(models) == 0 {
		return a.pool.site, protocol.Error{}
	}
	room := protocol.MaxModelFiles - site.Length() - len(models)
	if room < 0 {
		return part{}, protocol.Error{Code: protocol.CodeModelMismatch, Message: fmt.Sprintf("%d model files at once", len(models))}
	}
	t := part{files: site.Call("slice", 0)}
	if models[0].(file).trust == nil { // from a person: the head may need a backbone that came with another part
		for _, b := range a.stock.others(room) {
			if buf, err := await(b.(js.Value).Call("arrayBuffer")); err == nil {
				t.files.Call("push", buf)
			}
		}
	}
	t.lend = t.files.Length()
	for _, m := range models {
		f := m.(file)
		blob, err := f.contents()
		if err != nil {
			return part{}, protocol.Error{Code: protocol.CodeUnreadable, Message: m.Name() + ": " + err.Error()}
		}
		if n := blob.Get("size").Float(); n > protocol.MaxModelBytes {
			return part{}, protocol.Error{Code: protocol.CodeModelCorrupt, Message: fmt.Sprintf("%s has %.0f bytes, the limit is %d", m.Name(), n, protocol.MaxModelBytes)}
		}
		buf, err := await(blob.Call("arrayBuffer"))
		if err != nil {
			return part{}, protocol.Error{Code: protocol.CodeUnreadable, Message: m.Name() + ": " + err.Error()}
		}
		t.files.Call("push", buf)
		f.blob, f.open = asBlob(buf), nil
		t.held = append(t.held, f)
		vouched, e := a.trust.vet(f, blob)
		if e.Code != "" {
			return part{}, e
		}
		if f.trust != nil && !t.kept { // the head comes first
			t.trust, t.kept = []protocol.Trust{vouched}, true
		} else if !t.kept {
			t.trust = append(t.trust, vouched)
		}
	}
	return t, protocol.Error{}
}

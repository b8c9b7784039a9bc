//go:build js && wasm

package main

import (
	"slices"
	"syscall/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
)

// maxCrashes is how often in a row a worker may end before the page gives up.
const maxCrashes = 3

// pool keeps the workers busy, one job each. Its methods run with the page's state locked.
type pool struct {
	app     *app
	site    part // the one that came with the page
	current part // what every worker has or is about to get
	trial   *trial
	lastID  int // of load jobs, which count down from -1; items count up from 1
	workers []*worker
	queue   []job
	loaded  bool
	crashes int
	ready   func(protocol.LoadResult)
	broken  func(protocol.Error)
}

type job struct {
	id  int
	src file
}

type worker struct {
	js   js.Value
	up   bool // its program runs
	load int  // id of the load job whose answer is awaited, 0 for none
	idle bool
	job  int // id of the item in work, 0 for none
}

// start spawns n workers; ready is called when the first has the model.
func (p *pool) start(n int) {
	for range n {
		p.spawn()
	}
}

func (p *pool) spawn() {
	w := &worker{js: p.app.boot.Call("spawn")}
	p.workers = append(p.workers, w)
	w.js.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		m := receive(args[0].Get("data"))
		p.app.view.Update(func() { p.message(w, m) })
		return nil
	}))
	w.js.Set("onerror", js.FuncOf(func(_ js.Value, args []js.Value) any {
		args[0].Call("preventDefault")
		why := "the worker stopped without a message" // as when its script cannot be loaded
		if m := args[0].Get("message"); m.Type() == js.TypeString && m.String() != "" {
			why = m.String()
		}
		p.app.view.Update(func() { p.crashed(w, why) })
		return nil
	}))
}

func (p *pool) message(w *worker, m message) {
	switch m.op {
	case protocol.OpReady:
		w.up = true
		p.equip(w)
	case protocol.OpResult, protocol.OpError:
		if m.id < 0 {
			p.loadAnswer(w, m)
			return
		}
		p.answer(w, m)
	case protocol.OpRequests:
		if r, err := protocol.Decode[protocol.Requests](m.meta); err == nil {
			p.app.page.Requests += r.Count
		}
	case protocol.OpExit:
		p.crashed(w, "the program ended")
	}
}

func (p *pool) answer(w *worker, m message) {
	if w.job == 0 || m.id != w.job { // id 0 is of no job: a message that the worker could not read
		return
	}
	w.idle, w.job = true, 0
	defer p.pump()
	if m.op == protocol.OpError {
		p.app.page.Failed(m.id, m.failure())
		return
	}
	r, err := protocol.Decode[protocol.ScoreResult](m.meta)
	if err == nil && m.bufs.Length() != 2 {
		err = errBuffers
	}
	if err == nil {
		var heat []float32
		heat, err = heatMap(r, m.bufs.Index(0), m.bufs.Index(1))
		if err == nil {
			if p.app.page.Has(m.id) {
				p.app.paint.preview(m.id, r, m.bufs.Index(1))
			}
			p.app.page.Scored(m.id, r, heat)
			return
		}
	}
	p.app.page.Failed(m.id, protocol.Error{Code: protocol.CodeBadMessage, Message: err.Error()})
}

// crashed fails the worker's job and starts another worker in its place.
func (p *pool) crashed(w *worker, why string) {
	if !p.drop(w) {
		return // onerror after exit, or the other way round
	}
	defer p.tryCrashed(w, why)
	e := protocol.Error{Code: protocol.CodeCrashed, Message: why}
	if p.crashes++; p.crashes > maxCrashes {
		p.broken(e)
	} else {
		p.spawn()
	}
	p.abandon(w, e)
}

// drop ends a worker; false when it is gone already.
func (p *pool) drop(w *worker) bool {
	at := slices.Index(p.workers, w)
	if at < 0 {
		return false
	}
	p.workers = slices.Delete(p.workers, at, at+1)
	w.js.Call("terminate")
	return true
}

// abandon fails the job of a worker that is gone, and all that wait when nobody is left to do them.
func (p *pool) abandon(w *worker, e protocol.Error) {
	if w.job != 0 {
		p.app.page.Failed(w.job, e)
	}
	for len(p.workers) == 0 && len(p.queue) > 0 {
		j := p.queue[0]
		p.queue = p.queue[1:]
		p.app.page.Failed(j.id, e)
	}
}

// Score implements ui.Backend.
func (a *app) Score(id int, src ui.Source) {
	a.pool.queue = append(a.pool.queue, job{id, src.(file)})
	a.pool.pump()
}

// pump gives waiting jobs to idle workers. Only a handle of the file is sent; the worker reads it.
func (p *pool) pump() {
	for _, w := range p.workers {
		if len(p.queue) == 0 {
			return
		}
		if !w.idle {
			continue
		}
		j := p.queue[0]
		p.queue = p.queue[1:]
		w.idle, w.job = false, j.id
		bufs := js.Global().Get("Array").New(j.src.blob)
		send(w.js, j.id, protocol.OpScore, protocol.ScoreRequest{Name: j.src.name}, bufs)
	}
}

// Forget implements ui.Backend. A job that has not reached a worker is dropped and cancelled. It is answered too, since the page
// counts the jobs that run.
func (a *app) Forget(id int) {
	a.paint.forget(id)
	for i, j := range a.pool.queue {
		if j.id == id {
			a.pool.queue = append(a.pool.queue[:i:i], a.pool.queue[i+1:]...)
			go a.view.Update(func() { a.page.Failed(id, protocol.Error{Code: protocol.CodeCancelled}) })
			break
		}
	}
	for _, w := range a.pool.workers {
		if w.job == id {
			send(w.js, id, protocol.OpCancel, protocol.Empty{}, js.Global().Get("Array").New())
		}
	}
}

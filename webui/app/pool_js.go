//go:build js && wasm

package app

import (
	"context"
	"errors"
	"slices"
	"syscall/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
	"anomnet/webui/zip"
)

// maxCrashes is how often in a row a worker may end before the page gives up.
const maxCrashes = 3

// jobsAhead is how many images a worker has at most: one in work and one to go on with, so that it never waits for the page. What waits is
// a handle of the file; the worker reads and decodes it when its turn comes.
const jobsAhead = 2

// pool keeps the workers busy. A worker that is through takes the next image, so a slow one delays nobody. Its methods run with the page's
// state locked.
type pool struct {
	app     *app
	tier    string // "" for the fastest
	site    part   // the one that came with the page
	current part   // what every worker has or is about to get
	trial   *trial
	lastID  int             // of load jobs, which count down from -1; items count up from 1
	want    int             // workers
	all     context.Context // done when as many workers as are wanted have come up: they fetch nothing from then on
	allUp   context.CancelFunc
	workers []*worker
	queue   []job
	tasks   []*task // wait
	loaded  bool
	crashes int
	over    protocol.Error // why no worker follows one that ends; Code is "" as long as one does
	watch   watch
	ready   func(protocol.LoadResult)
	broken  func(protocol.Error)
}

type job struct {
	id  int
	src file
}

type worker struct {
	js    js.Value
	up    bool  // its program runs
	load  int   // id of the load job whose answer is awaited, 0 for none
	jobs  []job // the first is in work
	beats int   // of the watch, since it said something

	tasks []*task
	heard [2]js.Func // onmessage and onerror
}

// deafen lets go of a worker that has ended: Go keeps what it calls back, and with it the worker, until it is released.
func (w *worker) deafen() {
	w.js.Set("onmessage", js.Null())
	w.js.Set("onerror", js.Null())
	for _, f := range w.heard {
		f.Release()
	}
}

// room says how many more images the worker can take.
func (w *worker) room() int {
	if !w.up || w.load != 0 || w.busy() {
		return 0
	}
	return jobsAhead - len(w.jobs) - len(w.tasks)
}

func newPool(a *app, tier string) *pool {
	p := &pool{app: a, tier: tier}
	p.all, p.allUp = context.WithCancel(context.Background())
	return p
}

// start spawns a worker, and ready is called when it has the model; up to n follow then, so that nothing delays the first verdict.
func (p *pool) start(n int) {
	p.want = n
	p.spawn()
}

// arrived ends the wait for workers when the last has come up.
func (p *pool) arrived() {
	up := 0
	for _, w := range p.workers {
		if w.up {
			up++
		}
	}
	if up >= p.want {
		p.allUp()
	}
}

// fill spawns the workers that are missing.
func (p *pool) fill() {
	for len(p.workers) < p.want {
		p.spawn()
	}
}

func (p *pool) spawn() {
	w := &worker{js: p.app.boot.Call("spawn")}
	p.workers = append(p.workers, w)
	w.heard[0] = js.FuncOf(func(_ js.Value, args []js.Value) any {
		m := receive(args[0].Get("data"))
		change := p.app.view.Update
		if m.id > 0 { // of an image: the page itself tells what it changes
			change = p.app.view.Amend
		}
		change(func() { p.message(w, m) })
		return nil
	})
	w.heard[1] = js.FuncOf(func(_ js.Value, args []js.Value) any {
		args[0].Call("preventDefault")
		why := "the worker stopped without a message" // as when its script cannot be loaded
		if m := args[0].Get("message"); m.Type() == js.TypeString && m.String() != "" {
			why = m.String()
		}
		p.app.view.Update(func() { p.crashed(w, why) })
		return nil
	})
	w.js.Set("onmessage", w.heard[0])
	w.js.Set("onerror", w.heard[1])
}

func (p *pool) message(w *worker, m message) {
	if p.taskMessage(w, m) {
		return
	}
	switch m.op {
	case protocol.OpReady:
		w.up = true
		p.equip(w)
		p.arrived()
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
	at := slices.IndexFunc(w.jobs, func(j job) bool { return j.id == m.id })
	if at < 0 { // id 0 is of no job: a message that the worker could not read
		return
	}
	w.jobs = slices.Delete(w.jobs, at, at+1)
	w.beats = 0
	p.pump() // first, so that the worker goes on while the page draws
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
		p.over = e
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
	w.deafen()
	return true
}

// abandon fails the job of a worker that is gone, lets another do those that it had not begun, and fails all when nobody is left.
func (p *pool) abandon(w *worker, e protocol.Error) {
	defer p.failTasks(w, e)
	if len(w.jobs) > 0 {
		p.app.page.Failed(w.jobs[0].id, e)
		p.queue = slices.Concat(w.jobs[1:], p.queue)
	}
	p.pump()
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

// pump gives waiting jobs to workers with room, to those with most room first. Only a handle of the file is sent; the worker reads it.
func (p *pool) pump() {
	p.pumpTasks()
	for room := jobsAhead; room > 0; room-- {
		for _, w := range p.workers {
			if len(p.queue) == 0 {
				return
			}
			if w.room() < room {
				continue
			}
			j := p.queue[0]
			p.queue = p.queue[1:]
			w.jobs = append(w.jobs, j)
			p.watched(w)
			p.post(w, j)
		}
	}
}

// post sends a job, at once or as soon as its file is out of its archive or folder.
func (p *pool) post(w *worker, j job) {
	with := func(blob js.Value) {
		send(w.js, j.id, protocol.OpScore, protocol.ScoreRequest{Name: j.src.name}, js.Global().Get("Array").New(blob))
	}
	if j.src.open == nil {
		with(j.src.blob)
		return
	}
	go func() {
		blob, err := j.src.open()
		p.app.view.Update(func() {
			at := slices.IndexFunc(w.jobs, func(other job) bool { return other.id == j.id })
			switch {
			case at < 0 || !slices.Contains(p.workers, w): // the worker has ended meanwhile
			case err == nil:
				with(blob)
			default:
				w.jobs = slices.Delete(w.jobs, at, at+1)
				p.pump()
				p.app.page.Failed(j.id, openError(err))
			}
		})
	}()
}

// openError says why a file could not be brought.
func openError(err error) protocol.Error {
	code := protocol.CodeUnreadable
	var e *zip.Error
	if errors.As(err, &e) {
		code = protocol.CodeCorrupt
		if e.Kind == zip.TooLarge {
			code = protocol.CodeTooLarge
		}
	}
	return protocol.Error{Code: code, Message: err.Error()}
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
		if slices.ContainsFunc(w.jobs, func(j job) bool { return j.id == id }) {
			send(w.js, id, protocol.OpCancel, protocol.Empty{}, js.Global().Get("Array").New())
		}
	}
}

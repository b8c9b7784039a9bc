//go:build js && wasm

package app

import (
	"slices"
	"syscall/js"

	"anomnet/wasm/protocol"
)

// task is a job for a worker that is not about an image of the list: teaching, or looking into a model file.
type task struct {
	op       string
	meta     any
	bufs     js.Value // an Array of ArrayBuffers, which are given away, and Blobs
	long     bool     // it takes seconds: the worker gets nothing else meanwhile
	progress func(protocol.Progress)
	done     func(m message, e protocol.Error) // with the page's state locked; e.Code is "" for a result

	id        int
	begun     bool // by its worker
	cancelled bool // nobody waits for the result any more
}

// do queues a task. It goes before images: a person waits for it.
func (p *pool) do(t *task) {
	e := protocol.Error{}
	switch _, err := protocol.Encode(t.meta); {
	case t.cancelled:
		e.Code = protocol.CodeCancelled
	case len(p.workers) == 0 && p.over.Code != "":
		e = p.over
	case err != nil: // a fault of ours: whoever waits is told
		e = protocol.Error{Code: protocol.CodeInternal, Message: err.Error()}
	}
	if e.Code != "" {
		go p.app.view.Update(func() { t.done(message{}, e) })
		return
	}
	p.lastID--
	t.id = p.lastID
	p.tasks = append(p.tasks, t)
	p.pump()
}

// cancel drops a task that waits, also one whose files are still brought; one that runs is asked to stop, and answers that it did, or its result.
func (p *pool) cancel(t *task) {
	if at := slices.Index(p.tasks, t); at >= 0 {
		p.tasks = slices.Delete(p.tasks, at, at+1)
		go p.app.view.Update(func() { t.done(message{}, protocol.Error{Code: protocol.CodeCancelled}) })
		return
	}
	t.cancelled = true
	for _, w := range p.workers {
		if slices.Contains(w.tasks, t) {
			send(w.js, t.id, protocol.OpCancel, protocol.Empty{}, js.Global().Get("Array").New())
		}
	}
}

// pumpTasks gives waiting tasks to the workers with most room. A long one goes to the worker with least to do, behind what that has.
func (p *pool) pumpTasks() {
	for len(p.tasks) > 0 {
		var w *worker
		for _, o := range p.workers {
			if o.room() > 0 && (w == nil || o.room() > w.room()) {
				w = o
			}
		}
		if w == nil {
			return
		}
		t := p.tasks[0]
		p.tasks = p.tasks[1:]
		w.tasks = append(w.tasks, t)
		p.watched(w)
		send(w.js, t.id, t.op, t.meta, t.bufs)
	}
}

// busy tells whether the worker has a long task.
func (w *worker) busy() bool {
	return slices.ContainsFunc(w.tasks, func(t *task) bool { return t.long })
}

// taskMessage takes a message that is about a task.
func (p *pool) taskMessage(w *worker, m message) bool {
	at := slices.IndexFunc(w.tasks, func(t *task) bool { return t.id == m.id })
	if at < 0 {
		return false
	}
	t := w.tasks[at]
	w.beats, t.begun = 0, true
	if m.op == protocol.OpProgress {
		if r, err := protocol.Decode[protocol.Progress](m.meta); err == nil && t.progress != nil {
			t.progress(r)
		}
		return true
	}
	w.tasks = slices.Delete(w.tasks, at, at+1)
	p.pump()
	e := protocol.Error{}
	if m.op == protocol.OpError {
		e = m.failure()
	}
	t.done(m, e)
	return true
}

// failTasks ends the task that a worker had begun which is gone, lets another do those that it had not, and ends those that wait with the last worker. It ends one in any
// case, unless an image failed: what ends each worker before it is begun is not tried for ever.
func (p *pool) failTasks(w *worker, e protocol.Error) {
	gone, again := w.tasks, []*task(nil)
	w.tasks = nil
	if len(p.workers) == 0 {
		gone, p.tasks = append(gone, p.tasks...), nil
	} else {
		none := len(w.jobs) == 0 && !slices.ContainsFunc(gone, func(t *task) bool { return t.begun })
		for i, t := range gone {
			if !t.begun && !t.cancelled && !t.given() && (i > 0 || !none) {
				again = append(again, t)
			}
		}
		gone = slices.DeleteFunc(gone, func(t *task) bool { return slices.Contains(again, t) })
	}
	p.tasks = append(again, p.tasks...)
	for _, t := range gone {
		if t.cancelled && !t.begun {
			t.done(message{}, protocol.Error{Code: protocol.CodeCancelled})
		} else {
			t.done(message{}, e)
		}
	}
	p.pump()
}

// given tells whether a task's buffers went with it to its worker.
func (t *task) given() bool {
	for i := range t.bufs.Length() {
		if t.bufs.Index(i).InstanceOf(js.Global().Get("ArrayBuffer")) {
			return true
		}
	}
	return false
}

// ask does a task and waits for it. It blocks, so it must not be called with the page's state locked. T is the type of the result's meta.
func ask[T any](a *app, op string, meta any, bufs ...any) (v T, out js.Value, e protocol.Error) {
	type answer struct {
		m message
		e protocol.Error
	}
	ch := make(chan answer, 1)
	t := &task{op: op, meta: meta, bufs: js.Global().Get("Array").Call("of", bufs...), done: func(m message, e protocol.Error) { ch <- answer{m, e} }}
	a.view.Update(func() { a.pool.do(t) })
	r := <-ch
	if r.e.Code != "" {
		return v, js.Undefined(), r.e
	}
	v, err := protocol.Decode[T](r.m.meta)
	if err != nil {
		return v, js.Undefined(), protocol.Error{Code: protocol.CodeBadMessage, Message: err.Error()}
	}
	return v, r.m.bufs, e
}

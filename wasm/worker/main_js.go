//go:build js && wasm

// Package worker is one inference instance inside a module Web Worker (assets/js/worker.mjs starts it).
//
// It answers the messages of package protocol, one job at a time in the order they come:
//
//	load     -> result (LoadResult) or error
//	score    -> progress, result (ScoreResult, map, preview) or error
//	append   -> result (AppendResult, lines of the history) or error
//	verify   -> result (VerifyResult) or error
//	features, fit, describe, revise, compare, trust, key, chunk
//	         -> progress, result (see package protocol) or error
//	results  -> result ({}, the file or batch) or error
//	cancel   -> the job with that id answers error "cancelled", if it has not started or is a fit
//
// and says ready once by itself. worker.mjs adds requests and exit. Go code in a browser blocks its event loop while it
// computes, so the loop yields through a MessageChannel before each job; that lets a cancel overtake the jobs behind it.
package worker

import (
	"syscall/js"

	"anomnet/core/engine"
	"anomnet/wasm/protocol"
	"anomnet/wasm/session"
	"anomnet/wasm/simd"
)

// Main runs the program of an inference worker; it does not return. version is what it calls itself.
func Main(version string) {
	w := &worker{version: version, self: js.Global(), wake: make(chan struct{}, 1)}
	w.yield = newYield(w.self)
	w.self.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		w.receive(args[0].Get("data"))
		return nil
	}))
	tiers := kernelTiers(w.self)
	w.sayReady(tiers)
	w.run(session.New(tiers, nil))
}

// worker queues messages between the event loop and the jobs. Both run on the one thread, never at the same time.
type worker struct {
	version string
	self    js.Value
	queue   session.Queue
	wake    chan struct{}
	yield   func()
}

// kernelTiers lists what this browser can run, slowest first. A tier that computes wrongly is left out, which is worth a line in the console.
func kernelTiers(self js.Value) []engine.Kernels {
	fast, err := simd.Tiers()
	if err != nil {
		self.Get("console").Call("warn", err.Error())
	}
	return append(engine.Tiers(), fast...)
}

func (w *worker) sayReady(tiers []engine.Kernels) {
	r := protocol.Ready{Version: w.version}
	for _, t := range tiers {
		r.Tiers = append(r.Tiers, t.Name())
	}
	meta, err := protocol.Encode(r)
	if err != nil {
		panic(err) // our own constants
	}
	w.post(protocol.Message{Op: protocol.OpReady, Meta: meta})
}

func (w *worker) receive(data js.Value) {
	m, err := message(data)
	if err != nil {
		w.post(session.Unreadable(m.ID, err))
		return
	}
	w.queue.Push(m)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) run(s *session.Session) {
	s.Report = func(id int, p protocol.Progress) bool {
		w.report(id, p)
		w.yield()
		return !w.queue.Stopped()
	}
	for range w.wake {
		for w.queue.Len() > 0 {
			w.yield()
			m, cancelled := w.queue.Pop()
			if cancelled {
				w.post(session.Cancelled(m.ID))
				continue
			}
			w.progress(m)
			w.post(s.Handle(m))
		}
	}
}

// progress says that a job has started. One a job is far below 10 a second.
func (w *worker) progress(m protocol.Message) {
	w.report(m.ID, protocol.Progress{Stage: m.Op, Total: 1})
}

func (w *worker) report(id int, p protocol.Progress) {
	if meta, err := protocol.Encode(p); err == nil {
		w.post(protocol.Message{ID: id, Op: protocol.OpProgress, Meta: meta})
	}
}

// message reads an envelope and the files behind its blobs; missing parts read as zero, and the session refuses what makes no
// sense.
func message(data js.Value) (m protocol.Message, err error) {
	if v := data.Get("id"); v.Type() == js.TypeNumber {
		m.ID = v.Int()
	}
	if v := data.Get("op"); v.Type() == js.TypeString {
		m.Op = v.String()
	}
	if v := data.Get("meta"); v.Type() == js.TypeString {
		m.Meta = v.String()
	}
	if bufs := data.Get("bufs"); bufs.InstanceOf(js.Global().Get("Array")) {
		for i := range bufs.Length() {
			b, err := contents(bufs.Index(i))
			if err != nil {
				return m, err
			}
			m.Bufs = append(m.Bufs, b)
		}
	}
	return m, nil
}

// contents copies an ArrayBuffer, or reads a Blob.
func contents(v js.Value) (b []byte, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case js.Error: // a file that was moved, say
			err = e
		default:
			panic(e)
		}
	}()
	if v.InstanceOf(js.Global().Get("Blob")) {
		v = js.Global().Get("FileReaderSync").New().Call("readAsArrayBuffer", v)
	}
	u := js.Global().Get("Uint8Array").New(v)
	b = make([]byte, u.Length())
	js.CopyBytesToGo(b, u)
	return b, nil
}

func (w *worker) post(m protocol.Message) {
	bufs := js.Global().Get("Array").New()
	for _, b := range m.Bufs {
		u := js.Global().Get("Uint8Array").New(len(b))
		js.CopyBytesToJS(u, b)
		bufs.Call("push", u.Get("buffer"))
	}
	env := map[string]any{"id": m.ID, "op": m.Op, "meta": m.Meta, "bufs": bufs}
	w.self.Call("postMessage", env, bufs)
}

// newYield returns a func that lets every event that waits be handled before it returns.
func newYield(self js.Value) func() {
	ch := self.Get("MessageChannel").New()
	done := make(chan struct{}, 1)
	ch.Get("port1").Set("onmessage", js.FuncOf(func(js.Value, []js.Value) any {
		done <- struct{}{}
		return nil
	}))
	port2 := ch.Get("port2")
	return func() {
		port2.Call("postMessage", js.Null())
		<-done
	}
}

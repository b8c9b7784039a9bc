//go:build js && wasm

package app

import (
	"fmt"
	"syscall/js"
)

// An image or a task is given up when its worker has not said anything for hangBeats beats of hangBeat milliseconds; a fit tells all the time how far it
// is. Beats are counted, and not the clock: it jumps when the device wakes up, and a hidden tab has fewer of them.
const (
	hangBeat  = 1000
	hangBeats = 300
)

// watch counts how long workers are silent, while any has something to do.
type watch struct {
	beat  js.Func
	timer js.Value // undefined while it rests
}

// watched starts the count for what w takes up, unless it has something to do already.
func (p *pool) watched(w *worker) {
	if len(w.jobs)+len(w.tasks) > 1 {
		return
	}
	w.beats = 0
	if p.watch.timer.Truthy() {
		return
	}
	if p.watch.beat.IsUndefined() {
		p.watch.beat = js.FuncOf(func(js.Value, []js.Value) any {
			p.app.view.Look(p.beat)
			return nil
		})
	}
	p.watch.timer = js.Global().Call("setInterval", p.watch.beat, hangBeat)
}

// beat ends workers that hang; true if it ended one.
func (p *pool) beat() bool {
	waits := false
	var hung *worker
	for _, w := range p.workers {
		if len(w.jobs)+len(w.tasks) == 0 {
			continue
		}
		waits = true
		if w.beats++; w.beats > hangBeats {
			hung = w
		}
	}
	if hung != nil {
		p.crashed(hung, fmt.Sprintf("no answer for %d s", hangBeats*hangBeat/1000))
	}
	if !waits {
		js.Global().Call("clearInterval", p.watch.timer)
		p.watch.timer = js.Undefined()
	}
	return hung != nil
}

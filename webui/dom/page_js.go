//go:build js && wasm

package dom

import (
	"fmt"
	"runtime/debug"
	"sync"
	"syscall/js"

	"github.com/vugu/vugu"

	"anomnet/webui/dom/vdom"
)

// rootRef stands for the mount element.
const rootRef = vdom.Ref(-1)

// hiddenMillis is how long a render may wait when the browser gives no animation frames, as in a hidden tab.
const hiddenMillis = 200

// Page keeps one component mounted and up to date. It is a vugu.EventEnv.
type Page struct {
	mu      sync.Mutex // held while handlers, updates and renders run
	root    vugu.Builder
	env     *vugu.BuildEnv
	host    *host
	tree    *vdom.Node
	frame   js.Func
	waiting bool // a frame is asked for
	failed  bool // the last render did not come to its end
	frameID js.Value
	timerID js.Value
	after   func()
	changed func()
	onPanic func(error)
}

// Options of Mount. The zero value works.
type Options struct {
	// Changed runs with the state locked before every handler and Update: anything may be different after it. Components that
	// are kept (vdom.Keep) take a new stamp here.
	Changed func()
	// After runs after every render, with the state locked.
	After func()
	// Panic is told of a panic in a handler, an update or a render; the page lives on. Default: console.error.
	Panic func(error)
}

// Mount renders root into the element found by selector, replacing what is there, and keeps it rendered.
func Mount(selector string, root vugu.Builder, opt *Options) (*Page, error) {
	el := js.Global().Get("document").Call("querySelector", selector)
	if !el.Truthy() {
		return nil, fmt.Errorf("dom: no element matches %q", selector)
	}
	p := &Page{root: root}
	if opt != nil {
		p.after, p.changed, p.onPanic = opt.After, opt.Changed, opt.Panic
	}
	if p.changed == nil {
		p.changed = func() {}
	}
	if p.onPanic == nil {
		p.onPanic = func(err error) { js.Global().Get("console").Call("error", err.Error()) }
	}
	env, err := vugu.NewBuildEnv(p)
	if err != nil {
		return nil, fmt.Errorf("dom: %w", err)
	}
	p.env = env
	p.host = newHost(el, p.dispatch)
	p.frame = js.FuncOf(func(js.Value, []js.Value) any {
		p.render()
		return nil
	})
	el.Call("replaceChildren")
	p.Invalidate()
	return p, nil
}

// Update changes state from outside a handler: f runs with the state locked and must not block; a render follows.
func (p *Page) Update(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.recover("update")
	defer p.Invalidate()
	p.changed()
	f()
}

// Look is for what comes often and seldom changes anything: f runs with the state locked, and a render follows only when it says so.
func (p *Page) Look(f func() (changed bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.recover("update")
	if f() {
		p.changed()
		p.Invalidate()
	}
}

// Amend is Update for a change whose extent f tells itself: Changed does not run. It is for what comes often and changes
// little, such as scrolling.
func (p *Page) Amend(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.recover("update")
	defer p.Invalidate()
	f()
}

// Invalidate asks for a render at the next animation frame. Many calls make one render.
func (p *Page) Invalidate() {
	if p.waiting {
		return
	}
	p.waiting = true
	p.frameID = js.Global().Call("requestAnimationFrame", p.frame)
	p.timerID = js.Global().Call("setTimeout", p.frame, hiddenMillis)
}

// Lock takes the page's state. With UnlockOnly, UnlockRender, RLock and RUnlock it makes Page a vugu.EventEnv. Handlers
// already hold the lock.
func (p *Page) Lock() { p.mu.Lock() }

// UnlockOnly gives the state back without a render.
func (p *Page) UnlockOnly() { p.mu.Unlock() }

// UnlockRender gives the state back, changed, and asks for a render.
func (p *Page) UnlockRender() {
	p.changed()
	p.mu.Unlock()
	p.Invalidate()
}

// RLock is Lock: there is one thread, and readers need no lock of their own.
func (p *Page) RLock() { p.mu.Lock() }

// RUnlock is UnlockOnly.
func (p *Page) RUnlock() { p.mu.Unlock() }

func (p *Page) recover(what string) {
	if e := recover(); e != nil {
		p.onPanic(fmt.Errorf("dom: panic in %s: %v\n%s", what, e, debug.Stack()))
	}
}

// render is the animation frame: it builds, diffs and applies. Whichever of frame and timer comes first does the work.
func (p *Page) render() {
	if !p.waiting {
		return
	}
	if !p.mu.TryLock() {
		p.later(p.render)
		return
	}
	defer p.mu.Unlock()
	p.waiting = false
	js.Global().Call("cancelAnimationFrame", p.frameID)
	js.Global().Call("clearTimeout", p.timerID)
	defer p.recover("render")
	done := false
	defer func() {
		if !done && !p.failed { // once more: what panicked may have been passing
			p.Invalidate()
		}
		p.failed = !done
	}()
	n, err := vdom.Flatten(p.env.RunBuild(p.root)) // a panic in here leaves the document as it is
	if err != nil {
		p.onPanic(err)
		return
	}
	p.apply(n)
	done = true
	if p.after != nil {
		p.after()
	}
}

// apply changes the document. After a panic half way, the next render starts from nothing instead of diffing against a torn
// tree.
func (p *Page) apply(n *vdom.Node) {
	old := p.tree
	p.tree = nil
	defer func() {
		if p.tree == nil {
			p.host.reset()
		}
	}()
	if old == nil {
		vdom.Mount(p.host, n, rootRef, 0)
	} else {
		vdom.Patch(p.host, old, n, rootRef)
	}
	p.tree = n
}

// later runs f in a task of its own.
func (p *Page) later(f func()) {
	var task js.Func
	task = js.FuncOf(func(js.Value, []js.Value) any {
		task.Release()
		f()
		return nil
	})
	js.Global().Call("setTimeout", task, 0)
}

// bound is a handler with the element that it was found on.
type bound struct {
	el js.Value
	f  func(vugu.DOMEvent)
}

// dispatch finds the handlers of an event from its target upwards and runs them. An event may fire while the state is locked:
// focus() in a handler, blur when a render removes the focused element. Its handlers are found at once, since the element
// may be gone a moment later, but must not block, so they wait for a task of their own.
func (p *Page) dispatch(ev js.Value) {
	typ, bubbles := ev.Get("type").String(), ev.Get("bubbles").Bool()
	var found []bound
	for el := ev.Get("target"); el.Truthy() && !el.Equal(p.host.mount); el = el.Get("parentNode") {
		for _, f := range p.host.find(el, typ) {
			found = append(found, bound{el, f})
		}
		if !bubbles {
			break
		}
	}
	if len(found) > 0 {
		p.run(ev, typ, found)
	}
}

func (p *Page) run(ev js.Value, typ string, found []bound) {
	if !p.mu.TryLock() {
		p.later(func() { p.run(ev, typ, found) })
		return
	}
	defer p.mu.Unlock()
	defer p.recover("a handler of " + typ)
	defer p.Invalidate()
	p.changed()
	e := &event{ev: ev, env: p}
	for _, b := range found {
		e.current = b.el
		b.f(e)
		if e.stopped {
			return
		}
	}
}

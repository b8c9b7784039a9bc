//go:build js && wasm

// Package app is the page's program: it joins the components of package ui with the browser (files, keys, canvases) and with
// the inference workers. assets/js/boot.mjs starts it and leaves what it has fetched in globalThis.anomnet.
package app

import (
	"errors"
	"fmt"
	"strings"
	"syscall/js"
	"time"

	"anomnet/assets/messages"
	"anomnet/wasm/protocol"
	"anomnet/webui/dom"
	"anomnet/webui/history"
	"anomnet/webui/ui"
)

// Main runs the page's program; it does not return. version is what the page calls itself, keys
// are those that it trusts, see newCustodian.
func Main(version, keys string) {
	a := &app{version: version, boot: js.Global().Get("anomnet"), doc: js.Global().Get("document")}
	if err := a.start(keys); err != nil {
		js.Global().Get("console").Call("error", "anomnet: "+err.Error())
		return
	}
	select {} // everything else happens in events
}

// app is the one object that knows both the page's state and the browser.
type app struct {
	version string
	boot    js.Value // see boot.mjs
	doc     js.Value
	page    *ui.Page
	view    *dom.Page
	pool    *pool
	paint   *painter

	taken  []gift // what was dropped or chosen and is not yet with the page
	list   lister
	film   filmer
	thumbs *thumber
	focus  focus
	bonds  []*bond // with elements that come and go

	saved   ui.Settings   // as this tab knows them: another one may have changed some
	ruled   chan struct{} // closed when it is known what the policy of this station says
	stock   *stock
	trust   *custodian
	teach   *teacher
	correct *corrector
	log     *history.Log
	offline *offliner
}

func (a *app) start(keys string) error {
	text, err := messages.Load(messages.Choose(languages()))
	if err != nil {
		return err
	}
	a.ruled = make(chan struct{})
	a.pool = newPool(a, a.boot.Get("tier").String())
	a.paint = newPainter(a)
	a.thumbs = newThumber(a)
	a.page = ui.New(a, text, a.boot.Get("slots").Int()*jobsAhead)
	a.page.Software = "anomnet " + a.version
	a.page.Workers = a.boot.Get("slots").Int()
	a.page.Locale = newLocale
	a.page.Speak(text)
	a.stock = newStock(a)
	a.offline = newOffliner(a)
	a.trust = newCustodian(a, keys)
	a.page.Register(a.views()...)
	a.saved = loadSettings()
	a.page.Restore(a.saved)
	a.page.Show(ui.ViewID(hash()))
	a.page.FocusView = false // only when people go somewhere
	a.view, err = dom.Mount("#app", ui.NewRoot(a.page), &dom.Options{After: a.rendered, Changed: a.page.Touch})
	if err != nil {
		return err
	}
	a.list.init(a)
	a.listen()
	go a.load()
	return nil
}

// load waits for what boot.mjs fetches and hands the model to the workers.
func (a *app) load() {
	models, err := await(a.boot.Get("models"))
	if err != nil {
		a.view.Update(func() {
			a.page.Fail(protocol.Error{Code: protocol.CodeNoModel, Message: err.Error()})
			a.state("failed")
		})
		return
	}
	<-a.ruled // no part is loaded before
	a.pool.site = part{files: models}
	a.pool.current = a.pool.site
	a.pool.ready = func(part protocol.LoadResult) { go a.loaded(part) }
	a.pool.broken = func(e protocol.Error) {
		a.page.Fail(e)
		a.state("failed")
	}
	a.view.Update(func() { a.pool.start(a.boot.Get("slots").Int()) })
}

// sampleWait is how long the samples may take once the model is ready; then the page does without them.
const sampleWait = 3 * time.Second

// loaded lets people begin, and waits for the samples, the last of what is fetched; after them the page makes no request.
func (a *app) loaded(part protocol.LoadResult) {
	a.stock.own = part.BackboneDigest
	a.view.Update(func() {
		if a.page.Phase != ui.Broken {
			a.page.Loaded(part)
		}
	})
	go func() {
		a.trust.load()
		a.stock.begin()
	}()
	limit := time.AfterFunc(sampleWait, func() { a.boot.Call("stopSamples") })
	samples, whole := a.samples()
	limit.Stop()
	select {
	case <-a.pool.all.Done():
	case <-time.After(sampleWait):
	}
	broken := false
	a.view.Update(func() {
		if broken = a.page.Phase == ui.Broken; !broken {
			a.page.Settle(samples)
		}
	})
	if broken {
		return
	}
	<-a.stock.rescued
	a.goOffline(whole)
	a.view.Update(func() {
		a.page.Count()
		a.watchRequests()
		if a.boot.Get("sealed").Truthy() {
			a.boot.Call("seal")
		}
		a.state("ready")
	})
	a.stock.secure()
}

// samples waits for the sample images, and tells whether they came; a site without any is fine.
func (a *app) samples() ([]ui.Sample, bool) {
	list, err := await(a.boot.Get("samples"))
	if err != nil {
		return nil, false
	}
	var out []ui.Sample
	for i := range list.Length() {
		s := list.Index(i)
		label := s.Get("label").String()
		if label != "good" && label != "defect" {
			label = ""
		}
		out = append(out, ui.Sample{Src: file{name: s.Get("name").String(), blob: s.Get("blob")}, Label: label})
	}
	return out, true
}

// state tells tests and style sheets how far the page is.
func (a *app) state(s string) { a.doc.Get("documentElement").Get("dataset").Set("state", s) }

// watchRequests counts network requests that the page begins from now on; the end of one that was given up may be reported later. Those for the icons
// of the installed page are the browser's own, whenever it likes, and the service worker answers them.
func (a *app) watchRequests() {
	observer := js.Global().Get("PerformanceObserver")
	if !observer.Truthy() {
		return
	}
	since, icons := a.Now(), js.Global().Get("URL").New("assets/icons/", a.doc.Get("baseURI")).Get("href").String()
	cb := js.FuncOf(func(_ js.Value, args []js.Value) any {
		n, entries := 0, args[0].Call("getEntries")
		for i := range entries.Length() {
			e := entries.Index(i)
			if e.Get("startTime").Float() >= since && !strings.HasPrefix(e.Get("name").String(), icons) {
				n++
			}
		}
		if n > 0 {
			a.view.Update(func() { a.page.Requests += n })
		}
		return nil
	})
	observer.New(cb).Call("observe", map[string]any{"type": "resource"})
}

func languages() []string {
	var out []string
	if ls := js.Global().Get("navigator").Get("languages"); ls.Truthy() {
		for i := range ls.Length() {
			out = append(out, ls.Index(i).String())
		}
	}
	return out
}

// await blocks the goroutine until a promise settles. It must not run inside an event handler.
func await(promise js.Value) (js.Value, error) {
	type settled struct {
		v  js.Value
		ok bool
	}
	ch := make(chan settled, 1)
	settle := func(ok bool) js.Func {
		return js.FuncOf(func(_ js.Value, args []js.Value) any {
			s := settled{v: js.Undefined(), ok: ok}
			if len(args) > 0 {
				s.v = args[0]
			}
			ch <- s
			return nil
		})
	}
	good, bad := settle(true), settle(false)
	defer good.Release()
	defer bad.Release()
	promise.Call("then", good, bad)
	s := <-ch
	if !s.ok {
		return js.Undefined(), jsError(s.v)
	}
	return s.v, nil
}

// jsError turns a rejected value into an error.
func jsError(v js.Value) error {
	if v.Type() == js.TypeObject && v.Get("message").Type() == js.TypeString {
		return fmt.Errorf("%s: %s", v.Get("name").String(), v.Get("message").String())
	}
	return errors.New(js.Global().Get("String").Invoke(v).String())
}

//go:build js && wasm

package app

import (
	"syscall/js"
	"time"

	"anomnet/webui/privacy"
	"anomnet/webui/ui"
)

// offliner joins the page with the service worker (assets/js/offline.mjs). It is privacy.Backend.
type offliner struct {
	app   *app
	js    js.Value
	view  *privacy.View
	build string
	why   string // why there is no service worker, "" when there is one
	times bool   // the numbers are read again and again
}

func newOffliner(a *app) *offliner {
	return &offliner{app: a, js: a.boot.Get("offline")}
}

func (o *offliner) privacyView() ui.View {
	var v ui.View
	o.view, v = privacy.New(o.app.page, o)
	return v
}

// goOffline brings the site onto the device, so that it works without its server from then on. It blocks until the last request for that has been made.
// A site that could not be loaded whole is not kept.
func (a *app) goOffline(whole bool) {
	o := a.offline
	build, err := await(a.boot.Get("build"))
	if err == nil {
		o.build = build.String()
	}
	if _, err := await(o.js.Call("started")); err != nil {
		js.Global().Get("console").Call("warn", err.Error())
	}
	a.view.Update(func() { a.page.Newer.Take, a.page.Newer.Idle = o.take, o.idle })
	o.js.Call("changed", js.FuncOf(func(js.Value, []js.Value) any {
		go o.refresh()
		return nil
	}))
	if !whole || err != nil {
		o.why = "files of the site are missing"
	} else if r, err := await(o.js.Call("start", !a.boot.Get("sealed").Bool())); err != nil {
		o.why = err.Error()
	} else if s := r.String(); s != "on" {
		o.why = s
	}
	o.refresh()
}

// refresh reads what the service worker knows. It blocks.
func (o *offliner) refresh() {
	s, err := await(o.js.Call("status"))
	o.app.view.Update(func() {
		seen := privacy.Seen{Build: o.build, Why: o.why, Sealed: o.app.boot.Get("sealed").Truthy()}
		if err == nil && s.Type() == js.TypeObject && !s.IsNull() {
			seen.On = true
			if b := s.Get("build").String(); b != "" {
				seen.Build = b
			}
			seen.Own = s.Get("fetched").Length()
			if c := s.Get("seen"); c.Type() == js.TypeObject && !c.IsNull() {
				seen.Device, seen.Site, seen.Other = c.Get("device").Int(), c.Get("site").Int(), c.Get("other").Int()
				for i := range c.Get("last").Length() {
					seen.Last = append(seen.Last, c.Get("last").Index(i).String())
				}
			}
			next := s.Get("next").String()
			o.app.page.Newer.There, o.app.page.Newer.Failed = next != "", next != "" && next == s.Get("failed").String()
		}
		o.app.page.Build = seen.Build
		o.view.Saw(seen)
	})
}

// idle tells that nothing runs that a new start would end, and that this is no station at work.
func (o *offliner) idle() bool {
	a := o.app
	if a.page.Busy() || a.page.IsBare() || a.page.Camera.Open || len(a.pool.tasks) > 0 {
		return false
	}
	if n := a.page.Notice; n != nil && n.Kind == ui.NoticeBusy || a.log.Waiting() > 0 { // a folder, an export, entries that the device has no room for
		return false
	}
	for _, w := range a.pool.workers {
		if len(w.tasks) > 0 || len(w.jobs) > 0 {
			return false
		}
	}
	return true
}

// take loads the page anew in the new version, or says why that cannot be: the service worker may have no room to write it down.
func (o *offliner) take() {
	if !o.idle() {
		return
	}
	go func() {
		if _, err := await(o.js.Call("apply")); err != nil {
			page := o.app.page
			o.app.view.Update(func() { page.Warn(page.Text.T("newer.problem"), page.Text.T("newer.problem.why"), err.Error()) })
		}
	}()
}

// watchEvery is how often the numbers are read while somebody looks at them.
const watchEvery = 2 * time.Second

// Watch implements privacy.Backend.
func (o *offliner) Watch() {
	if o.times {
		return
	}
	o.times = true
	go func() {
		for shown := true; shown; {
			o.refresh()
			time.Sleep(watchEvery)
			o.app.view.Update(func() {
				shown = o.app.page.View().ID == "privacy"
				o.times = shown
			})
		}
	}()
}

// Look implements privacy.Backend.
func (o *offliner) Look() {
	go func() {
		_, err := await(o.js.Call("look"))
		o.refresh()
		o.app.view.Update(func() { o.view.Looked(err) })
	}()
}

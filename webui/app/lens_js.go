//go:build js && wasm

package app

import (
	"math"
	"syscall/js"

	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
)

// stage follows the pointers on a pane: one drags the picture, two also zoom it.
type stage struct {
	app      *app
	el       js.Value
	pointers map[int][2]float64
}

// Stage implements ui.Lens.
func (a *app) Stage(el vjs.Value) {
	s := &stage{app: a, el: js.Value(el), pointers: map[int][2]float64{}}
	active, b := map[string]any{"passive": false}, a.bind(s.el)
	b.on("wheel", s.wheel, active)
	b.on("pointerdown", s.down, nil)
	b.on("pointermove", s.move, nil)
	for _, end := range []string{"pointerup", "pointercancel", "lostpointercapture"} {
		b.on(end, func(ev js.Value) { delete(s.pointers, ev.Get("pointerId").Int()) }, nil)
	}
	b.on("dblclick", func(ev js.Value) {
		x, y := s.at(ev)
		factor := 3.0
		if a.page.Look.Zoom != (ui.Zoom{}) {
			factor = 0
		}
		s.do(func() { a.page.ZoomBy(factor, x, y) })
	}, nil)
	b.on("keydown", s.key, nil)
	b.sized(func() {
		if s.el.Get("isConnected").Bool() && a.page.Look.Resized(s.el.Get("clientWidth").Float(), s.el.Get("clientHeight").Float()) {
			a.view.Amend(func() {})
		}
	})
}

// do changes only what the pictures show.
func (s *stage) do(f func()) { s.app.view.Amend(f) }

// at is where an event is in the pane.
func (s *stage) at(ev js.Value) (x, y float64) {
	r := s.el.Call("getBoundingClientRect")
	return ev.Get("clientX").Float() - r.Get("left").Float(), ev.Get("clientY").Float() - r.Get("top").Float()
}

// narrow is the width of the window up to which the page is one column that scrolls; app.css has the same.
const narrow = 800

// wheel zooms. In the narrow layout the wheel scrolls the page until the picture is zoomed in.
func (s *stage) wheel(ev js.Value) {
	pinch := ev.Get("ctrlKey").Bool()
	if !pinch && js.Global().Get("innerWidth").Float() <= narrow && s.app.page.Look.Zoom == (ui.Zoom{}) {
		return
	}
	ev.Call("preventDefault")
	d := ev.Get("deltaY").Float()
	if ev.Get("deltaMode").Int() == 1 { // in lines
		d *= 16
	}
	rate := 0.002
	if pinch { // browsers tell a pinch on a trackpad as small steps of the wheel
		rate = 0.01
	}
	x, y := s.at(ev)
	s.do(func() { s.app.page.ZoomBy(math.Exp(-rate*min(max(d, -300), 300)), x, y) })
}

func (s *stage) down(ev js.Value) {
	if ev.Get("button").Int() > 1 {
		return
	}
	x, y := s.at(ev)
	id := ev.Get("pointerId").Int()
	if len(s.pointers) < 2 {
		s.pointers[id] = [2]float64{x, y}
	}
	s.el.Call("setPointerCapture", id)
}

func (s *stage) move(ev js.Value) {
	id := ev.Get("pointerId").Int()
	was, ok := s.pointers[id]
	if !ok {
		return
	}
	x, y := s.at(ev)
	s.pointers[id] = [2]float64{x, y}
	if len(s.pointers) == 1 {
		s.do(func() { s.app.page.PanBy(x-was[0], y-was[1]) })
		return
	}
	for other, o := range s.pointers {
		if other == id {
			continue
		}
		before, now := math.Hypot(was[0]-o[0], was[1]-o[1]), math.Hypot(x-o[0], y-o[1])
		s.do(func() {
			s.app.page.PanBy((x-was[0])/2, (y-was[1])/2)
			s.app.page.ZoomBy(now/max(before, 1), (x+o[0])/2, (y+o[1])/2)
		})
	}
}

// key moves and zooms while the pane has the focus; elsewhere these keys scroll, or move in the list.
func (s *stage) key(ev js.Value) {
	for _, mod := range []string{"ctrlKey", "metaKey", "altKey"} {
		if ev.Get(mod).Bool() {
			return
		}
	}
	key, known := ev.Get("key").String(), false
	s.do(func() { known = s.app.page.PanKey(key) })
	if known {
		ev.Call("preventDefault")
	}
}

// Limits implements ui.Lens.
func (a *app) Limits(el vjs.Value) {
	chart, name, off := js.Value(el), "", 0.0 // the limit that is dragged, and how far from its line it is held
	drag := func(ev js.Value) {
		r := chart.Call("getBoundingClientRect")
		at := (ev.Get("clientX").Float() - off - r.Get("left").Float()) / max(r.Get("width").Float(), 1)
		a.view.Update(func() { a.page.DragLimit(name, at) })
	}
	b := a.bind(chart)
	b.on("pointerdown", func(ev js.Value) {
		handle := ev.Get("target").Call("closest", "[data-limit]")
		if !handle.Truthy() || ev.Get("button").Int() != 0 {
			return
		}
		name = handle.Get("dataset").Get("limit").String()
		line := handle.Call("querySelector", "line").Call("getBoundingClientRect")
		off = ev.Get("clientX").Float() - line.Get("left").Float() - line.Get("width").Float()/2
		chart.Call("setPointerCapture", ev.Get("pointerId"))
		handle.Call("focus", map[string]any{"preventScroll": true})
		ev.Call("preventDefault")
	}, nil)
	b.on("pointermove", func(ev js.Value) {
		if name != "" {
			drag(ev)
		}
	}, nil)
	for _, end := range []string{"pointerup", "pointercancel", "lostpointercapture"} {
		b.on(end, func(js.Value) { name = "" }, nil)
	}
}

// Similar implements ui.Lens. One of the workers does it between images.
func (a *app) Similar(id int, src ui.Source, good []ui.Source) {
	go func() {
		var blobs []any
		for _, s := range append([]ui.Source{src}, good...) {
			blob, err := s.(file).contents()
			if err != nil {
				blob = js.Global().Get("Blob").New() // cannot be decoded, and keeps its place
			}
			blobs = append(blobs, blob)
		}
		r, _, e := ask[protocol.SimilarResult](a, protocol.OpSimilar, protocol.Empty{}, blobs...)
		a.view.Update(func() { a.page.SimilarFound(id, r, e.Code) })
	}()
}

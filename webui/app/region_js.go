//go:build js && wasm

package app

import (
	"math"
	"syscall/js"

	vjs "github.com/vugu/vugu/js"

	"anomnet/webui/store"
	"anomnet/webui/teach"
)

// wholeSide is the longer side of the picture behind the region of interest, as it is drawn.
const wholeSide = 1024

// Whole implements teach.Backend. The canvas has the proportions of the image, whatever the model's input has.
func (t *teacher) Whole(el vjs.Value, draft string, s *teach.Shot) {
	canvas := js.Value(el)
	w, h := t.view.RegionAspect(s)
	k := wholeSide / max(w, h)
	canvas.Set("width", math.Round(w*k))
	canvas.Set("height", math.Round(h*k))
	t.want(store.WholePath(draft, s.Key), func(blob js.Value) {
		go func() {
			bmp, err := bitmap(blob)
			if err != nil {
				return
			}
			ctx := canvas.Call("getContext", "2d")
			ctx.Set("imageSmoothingQuality", "high")
			ctx.Call("drawImage", bmp, 0, 0, canvas.Get("width"), canvas.Get("height"))
			bmp.Call("close")
			canvas.Get("dataset").Set("drawn", s.Name)
		}()
	})
}

// Pad implements teach.Backend.
func (t *teacher) Pad(el vjs.Value) {
	pad := js.Value(el)
	b := t.app.bind(pad)
	for _, typ := range []string{"pointerdown", "pointermove", "pointerup", "pointercancel"} {
		b.on(typ, func(ev js.Value) {
			if typ == "pointerdown" {
				if ev.Get("button").Int() != 0 {
					return
				}
				pad.Call("setPointerCapture", ev.Get("pointerId"))
			}
			r := pad.Call("getBoundingClientRect")
			x := (ev.Get("clientX").Float() - r.Get("left").Float()) / max(r.Get("width").Float(), 1)
			y := (ev.Get("clientY").Float() - r.Get("top").Float()) / max(r.Get("height").Float(), 1)
			t.pad(func() bool { return t.view.PointRegion(typ, x, y) })
		}, nil)
	}
	b.on("keydown", func(ev js.Value) {
		ctrl := ev.Get("ctrlKey").Bool() || ev.Get("metaKey").Bool()
		if ev.Get("altKey").Bool() {
			return
		}
		if t.pad(func() bool { return t.view.PressRegion(ev.Get("key").String(), ev.Get("shiftKey").Bool(), ctrl) }) {
			ev.Call("preventDefault")
		}
	}, nil)
}

// pad draws the page again when f has changed something. Pointers tell more than the grid has places.
func (t *teacher) pad(f func() bool) (changed bool) {
	t.app.view.Lock()
	if changed = f(); changed {
		t.app.view.UnlockRender()
	} else {
		t.app.view.UnlockOnly()
	}
	return changed
}

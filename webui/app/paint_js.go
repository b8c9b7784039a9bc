//go:build js && wasm

package main

import (
	"strconv"
	"syscall/js"

	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/heat"
	"anomnet/webui/ui"
)

const (
	maxPicture  = 2048 // longest side of the large picture's canvas
	maxHeat     = 512  // longest side of the heat map's canvas
	maxPreviews = 32   // pictures as scored that are kept, of about 256 KB each
)

// painter draws pictures and heat maps. Pixels drawn here are only looked at; scores come from core/imaging.
type painter struct {
	app      *app
	large    chan struct{}   // one picture is decoded at a time
	previews map[int]preview // the pictures as scored of those that came last
	order    []int           // of previews, the oldest first

	canvas js.Value // of the large picture; a new element starts empty
	over   js.Value // canvas of the heat map
	wanted int      // item whose picture is asked for
	drawn  int      // item whose picture is on the canvas
	w, h   int      // size of that canvas
	pw, ph int      // size of the picture on it that the model's input comes from; 0 when that input itself is on it
	kx, ky float64  // how much of the model's input it covers then, see heat.Cover
	heated heatKey
}

// preview is a picture as it was scored, RGBA.
type preview struct {
	pix  js.Value // ArrayBuffer
	w, h int
}

type heatKey struct {
	id   int
	done bool
}

func newPainter(a *app) *painter {
	return &painter{app: a, large: make(chan struct{}, 1), previews: map[int]preview{}}
}

func (p *painter) forget(id int) {
	delete(p.previews, id)
	p.app.thumbs.forget(id)
	if p.wanted == id {
		p.wanted, p.drawn, p.heated = 0, 0, heatKey{}
	}
}

// bitmapOf decodes a file. It blocks.
func bitmapOf(f file) (js.Value, error) {
	blob, err := f.contents()
	if err != nil {
		return blob, err
	}
	return bitmap(blob)
}

// bitmap decodes a blob. It blocks.
func bitmap(blob js.Value) (js.Value, error) {
	return await(js.Global().Call("createImageBitmap", blob))
}

// preview takes the picture as it was scored. It makes the thumbnail, and is kept for a while in case the browser cannot show the
// file itself.
func (p *painter) preview(id int, r protocol.ScoreResult, buf js.Value) {
	if r.PreW == 0 || r.PreH == 0 {
		return
	}
	p.previews[id] = preview{buf.Call("slice", 0), r.PreW, r.PreH}
	p.order = append(p.order, id)
	for len(p.order) > maxPreviews {
		delete(p.previews, p.order[0])
		p.order = p.order[1:]
	}
	w, h := float64(r.PreW), float64(r.PreH)
	kx, ky := heat.Cover(p.app.page.Part.Mode, r.Width, r.Height, r.PreW, r.PreH)
	sw, sh := w*min(kx, 1), h*min(ky, 1) // without the borders of a picture that was fitted in
	stretch := 1.0
	if kx == 1 && ky == 1 { // or undo the stretching
		stretch = float64(r.Width) / float64(r.Height) * h / w
	}
	p.app.thumbs.make(id, buf, r.PreW, r.PreH, [4]float64{(w - sw) / 2, (h - sh) / 2, sw, sh}, stretch)
	if p.wanted == id && p.drawn != id {
		p.wanted = 0 // ask again, now there is something to show
		p.app.page.Touch()
	}
}

// canvasOf turns a preview into something to draw.
func (p *painter) canvasOf(v preview) js.Value {
	c := p.app.doc.Call("createElement", "canvas")
	c.Set("width", v.w)
	c.Set("height", v.h)
	data := js.Global().Get("ImageData").New(js.Global().Get("Uint8ClampedArray").New(v.pix), v.w, v.h)
	c.Call("getContext", "2d").Call("putImageData", data, 0, 0)
	return c
}

// cover fills a canvas with the middle of a picture.
func cover(canvas, pic js.Value, w, h float64) {
	cw, ch := canvas.Get("width").Float(), canvas.Get("height").Float()
	s := max(cw/w, ch/h)
	ctx := canvas.Call("getContext", "2d")
	ctx.Set("imageSmoothingQuality", "high")
	ctx.Call("drawImage", pic, (cw-w*s)/2, (ch-h*s)/2, w*s, h*s)
}

// Picture implements ui.Canvas. The old picture stays until the new one can be drawn, so nothing flickers.
func (a *app) Picture(el vjs.Value, it *ui.Item) {
	p := a.paint
	canvas := js.Value(el)
	if !canvas.Equal(p.canvas) {
		p.canvas, p.wanted, p.drawn = canvas, 0, 0
	}
	if it == nil || p.wanted == it.ID {
		return
	}
	p.wanted = it.ID
	id, src := it.ID, it.Src.(file)
	go func() {
		p.large <- struct{}{}
		defer func() { <-p.large }()
		if p.wanted != id { // passed by meanwhile
			return
		}
		bmp, err := bitmapOf(src)
		a.view.Update(func() {
			if p.wanted != id || !canvas.Equal(p.canvas) {
				if err == nil {
					bmp.Call("close")
				}
				return
			}
			switch pre, ok := p.previews[id]; {
			case err == nil:
				p.show(canvas, id, bmp)
				bmp.Call("close")
			case ok:
				it.Prepared = true
				p.showPrepared(canvas, it, p.canvasOf(pre))
			default:
				p.blank(canvas)
				p.app.page.Reload(id) // the preview comes with the answer
			}
		})
	}()
}

// show draws a picture into the large canvas and makes the canvas its size.
func (p *painter) show(canvas js.Value, id int, bmp js.Value) {
	pw, ph := bmp.Get("width").Int(), bmp.Get("height").Int()
	p.pw, p.ph = pw, ph
	w, h := fit(pw, ph, maxPicture)
	p.draw(canvas, id, w, h, bmp, 0, 0, float64(pw), float64(ph))
}

// showPrepared draws the picture as it was scored, in the proportions of the file: the part of it that the picture covers,
// or all of it where the picture was cropped.
func (p *painter) showPrepared(canvas js.Value, it *ui.Item, pre js.Value) {
	pw, ph := pre.Get("width").Float(), pre.Get("height").Float()
	w, h := it.Result.Width, it.Result.Height
	p.pw, p.ph = 0, 0
	p.kx, p.ky = heat.Cover(p.app.page.Part.Mode, w, h, int(pw), int(ph))
	if p.kx > 1 || p.ky > 1 {
		p.kx, p.ky, w, h = 1, 1, int(pw), int(ph)
	}
	w, h = fit(w, h, max(int(pw), int(ph))*2) // more pixels than twice the preview's would be empty
	p.draw(canvas, it.ID, w, h, pre, pw*(1-p.kx)/2, ph*(1-p.ky)/2, pw*p.kx, ph*p.ky)
}

// draw fills a canvas of w x h with a rectangle of a picture.
func (p *painter) draw(canvas js.Value, id, w, h int, pic js.Value, sx, sy, sw, sh float64) {
	canvas.Set("width", w)
	canvas.Set("height", h)
	ctx := canvas.Call("getContext", "2d")
	ctx.Set("imageSmoothingQuality", "high")
	ctx.Call("drawImage", pic, sx, sy, sw, sh, 0, 0, w, h)
	canvas.Get("dataset").Set("shown", strconv.Itoa(id))
	p.drawn, p.w, p.h, p.heated = id, w, h, heatKey{}
}

// blank empties both canvases: a picture under the name of another would be a lie.
func (p *painter) blank(canvas js.Value) {
	for _, c := range []js.Value{canvas, p.over} {
		if c.Truthy() {
			c.Set("width", 1) // clears it
			c.Set("height", 1)
		}
	}
	js.Global().Get("Reflect").Call("deleteProperty", canvas.Get("dataset"), "shown")
	p.drawn, p.heated = 0, heatKey{}
}

// fit scales w x h down so that no side is longer than limit.
func fit(w, h, limit int) (int, int) {
	long := max(w, h)
	if long <= limit {
		return max(w, 1), max(h, 1)
	}
	return max(w*limit/long, 1), max(h*limit/long, 1)
}

// Heat implements ui.Canvas. It waits for the picture, so that the two always belong together.
func (a *app) Heat(el vjs.Value, it *ui.Item) {
	p := a.paint
	canvas := js.Value(el)
	if !canvas.Equal(p.over) {
		p.over, p.heated = canvas, heatKey{}
	}
	if it == nil || p.drawn != it.ID {
		return
	}
	key := heatKey{it.ID, it.State == ui.Done}
	if p.heated == key {
		return
	}
	p.heated = key
	long := max(p.w, p.h)
	w, h := max(p.w*maxHeat/long, 1), max(p.h*maxHeat/long, 1)
	canvas.Set("width", w) // also clears it
	canvas.Set("height", h)
	if !key.done || len(it.Map) == 0 {
		return
	}
	if part := p.app.page.Part; p.pw > 0 { // only now: the picture may have been there before the part
		p.kx, p.ky = heat.Cover(part.Mode, p.pw, p.ph, part.Width, part.Height)
	}
	r := it.Result
	m := heat.Map{W: r.MapW, H: r.MapH, V: it.Map}.Place(w, h, p.kx, p.ky)
	pix := m.RGBA(heat.Scale{Low: r.MapLow, High: r.MapHigh, Limit: r.Limit})
	u := js.Global().Get("Uint8ClampedArray").New(len(pix))
	js.CopyBytesToJS(u, pix)
	canvas.Call("getContext", "2d").Call("putImageData", js.Global().Get("ImageData").New(u, w, h), 0, 0)
}

// Opacity implements ui.Canvas.
func (a *app) Opacity(el vjs.Value, opacity float64) {
	js.Value(el).Get("style").Call("setProperty", "opacity", strconv.FormatFloat(opacity, 'f', 2, 64))
}

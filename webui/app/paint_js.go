//go:build js && wasm

package app

import (
	"syscall/js"

	"anomnet/core/regions"
	"anomnet/wasm/protocol"
)

const (
	maxHeat     = 512 // longest side of the heat map's canvas
	maxPreviews = 32  // pictures as scored that are kept, of about 256 KB each
)

// painter draws pictures and heat maps. Pixels drawn here are only looked at; scores come from core/imaging.
type painter struct {
	app      *app
	large    chan struct{}   // one picture is decoded at a time
	previews map[int]preview // the pictures as scored of those that came last
	order    []int           // of previews, the oldest first

	panes  [2]pane
	pics   map[int]*pic // decoded pictures by item, below 0 for samples
	recent []int        // of pics, the oldest first
	heated heatKey
	heat   js.Value // canvas with the map of that item, in the shape of its picture
}

// preview is a picture as it was scored, RGBA.
type preview struct {
	pix  js.Value // ArrayBuffer
	w, h int
}

func newPainter(a *app) *painter {
	return &painter{app: a, large: make(chan struct{}, 1), previews: map[int]preview{}, pics: map[int]*pic{}}
}

func (p *painter) forget(id int) {
	delete(p.previews, id)
	p.app.thumbs.forget(id)
	p.drop(id)
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
	kx, ky := regions.Frame{Width: r.Width, Height: r.Height, InputW: r.PreW, InputH: r.PreH, Mode: p.app.page.Part.Mode}.Cover()
	sw, sh := w*min(kx, 1), h*min(ky, 1) // without the borders of a picture that was fitted in
	stretch := 1.0
	if kx == 1 && ky == 1 { // or undo the stretching
		stretch = float64(r.Width) / float64(r.Height) * h / w
	}
	p.app.thumbs.make(id, buf, r.PreW, r.PreH, [4]float64{(w - sw) / 2, (h - sh) / 2, sw, sh}, stretch)
	if pic := p.pics[id]; pic != nil && pic.state == picNone {
		p.drop(id) // decode again, now there is something to show
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

//go:build js && wasm

package app

import (
	"fmt"
	"math"
	"strconv"
	"syscall/js"

	vjs "github.com/vugu/vugu/js"

	"anomnet/core/regions"
	"anomnet/webui/heat"
	"anomnet/webui/ui"
)

const (
	overview   = 2048     // longest side of the small version of a large picture, from which it is drawn as long as that is sharp
	maxDisplay = 48 << 20 // pixels of a decoded picture that are kept for display
	maxPics    = 3        // decoded pictures that are kept
)

// picState is how far a picture is.
type picState int

const (
	picComing picState = iota
	picReady
	picNone // the browser cannot show it, and there is no preview
)

// pic is a decoded picture. What is drawn of it is one of its versions, which all show the same rectangle.
type pic struct {
	id         int
	state      picState
	full, less js.Value   // the second only of a large one
	w, h       int        // of full, in its own pixels
	rect       [4]float64 // what of the picture full shows, in fractions: all of it, but for a preview that was cropped
}

// pane is what is drawn on a pane: its canvas and what is on it.
type pane struct {
	canvas js.Value
	drawn  drawKey
	map2   js.Value // canvas of the heat map
	heat   drawKey
}

// drawKey says whether a canvas is up to date.
type drawKey struct {
	id    int
	at    ui.Affine
	size  ui.Size
	ratio float64
	extra int
}

type heatKey struct {
	id   int
	done bool
}

// Picture implements ui.Canvas. The old picture stays until the new one can be drawn, so nothing flickers.
func (a *app) Picture(el vjs.Value, it *ui.Item) {
	if it != nil {
		a.paint.show(0, js.Value(el), it.ID, it.Src, it)
	}
}

// Beside implements ui.Lens.
func (a *app) Beside(el vjs.Value, id int, src ui.Source, it *ui.Item) {
	a.paint.show(1, js.Value(el), id, src, it)
}

func (p *painter) show(n int, canvas js.Value, id int, src ui.Source, it *ui.Item) {
	pane := &p.panes[n]
	if !canvas.Equal(pane.canvas) {
		pane.canvas, pane.drawn = canvas, drawKey{}
	}
	c := p.pics[id]
	switch {
	case c == nil:
		p.decode(id, src, it)
	case c.state == picReady:
		p.touch(id)
		p.draw(pane, c, it)
	case c.state == picNone && pane.drawn.id != 0:
		p.blank(pane)
	}
}

// decode decodes a picture and has the page drawn again.
func (p *painter) decode(id int, src ui.Source, it *ui.Item) {
	c := &pic{id: id, rect: [4]float64{0, 0, 1, 1}}
	p.pics[id] = c
	p.touch(id)
	go func() {
		p.large <- struct{}{}
		defer func() { <-p.large }()
		if p.pics[id] != c { // passed by meanwhile
			return
		}
		full, less, err := versions(src)
		p.app.view.Update(func() {
			switch {
			case p.pics[id] != c: // dropped meanwhile
				release(full, less)
			case err == nil:
				c.full, c.less, c.state = full, less, picReady
				c.w, c.h = full.Get("width").Int(), full.Get("height").Int()
				if it != nil && it.State != ui.Done {
					p.app.page.Look.Decoded(c.w, c.h)
				}
			default:
				p.prepared(c, it)
			}
		})
	}()
}

// prepared takes the picture as it was scored for one that the browser cannot show.
func (p *painter) prepared(c *pic, it *ui.Item) {
	pre, ok := p.previews[c.id]
	if !ok || it == nil || it.State != ui.Done {
		c.state = picNone
		if it != nil {
			p.app.page.Reload(it.ID) // the preview comes with the answer
		}
		return
	}
	c.full, c.w, c.h, c.state = p.canvasOf(pre), pre.w, pre.h, picReady
	it.Prepared = true
	kx, ky := regions.Frame{Width: it.Result.Width, Height: it.Result.Height, InputW: pre.w, InputH: pre.h, Mode: p.app.page.Part.Mode}.Cover()
	// In fractions of the picture: larger than it where it was fitted in, smaller where it was cropped.
	c.rect = [4]float64{0.5 - 0.5/kx, 0.5 - 0.5/ky, 0.5 + 0.5/kx, 0.5 + 0.5/ky}
}

// versions decodes a file, and makes a small version of a large picture. It blocks.
func versions(src ui.Source) (full, less js.Value, err error) {
	full, err = bitmapOf(src.(file))
	if err != nil {
		return full, less, err
	}
	w, h := full.Get("width").Float(), full.Get("height").Float()
	resize := func(s float64) (js.Value, error) {
		options := map[string]any{"resizeWidth": math.Ceil(w * s), "resizeHeight": math.Ceil(h * s), "resizeQuality": "high"}
		return await(js.Global().Call("createImageBitmap", full, options))
	}
	if w*h > maxDisplay {
		small, err := resize(math.Sqrt(maxDisplay / (w * h)))
		if err != nil {
			return full, less, nil
		}
		full.Call("close")
		full = small
	}
	if long := max(w, h); long > overview {
		if small, err := resize(overview / long); err == nil {
			less = small
		}
	}
	return full, less, nil
}

// release gives the memory of bitmaps and canvases back at once.
func release(pictures ...js.Value) {
	for _, b := range pictures {
		switch {
		case !b.Truthy():
		case b.Get("close").Truthy():
			b.Call("close")
		default:
			b.Set("width", 0)
			b.Set("height", 0)
		}
	}
}

// touch makes a picture the last to be dropped, and drops those that are too many.
func (p *painter) touch(id int) {
	if n := len(p.recent); n > 0 && p.recent[n-1] == id {
		return
	}
	for i, other := range p.recent {
		if other == id {
			p.recent = append(p.recent[:i], p.recent[i+1:]...)
			break
		}
	}
	p.recent = append(p.recent, id)
	for len(p.recent) > maxPics {
		p.drop(p.recent[0])
	}
}

// drop forgets a decoded picture.
func (p *painter) drop(id int) {
	c := p.pics[id]
	if c == nil {
		return
	}
	release(c.full, c.less)
	delete(p.pics, id)
	for i, other := range p.recent {
		if other == id {
			p.recent = append(p.recent[:i], p.recent[i+1:]...)
			break
		}
	}
	if p.heated.id == id {
		p.heated = heatKey{}
	}
}

// sizeOf is the picture's size: core's where it is known, which is that of the marks over it.
func (p *painter) sizeOf(c *pic, it *ui.Item) ui.Size {
	if it != nil && it.State == ui.Done {
		return p.app.page.PictureSize(it)
	}
	return ui.Size{W: float64(c.w), H: float64(c.h)}
}

// draw draws what is seen of a picture on a canvas of the pane's size, in the pixels of the screen.
func (p *painter) draw(pane *pane, c *pic, it *ui.Item) {
	look := &p.app.page.Look
	size := p.sizeOf(c, it)
	key := drawKey{id: c.id, at: look.Zoom.Place(look.Pane(), size), size: look.Pane(), ratio: pixelRatio()}
	if pane.drawn == key || key.size.W < 1 {
		return
	}
	pane.drawn = key
	ctx := begin(pane.canvas, key)
	pic := c.full
	if c.less.Truthy() && key.at.S*key.ratio*size.W <= c.less.Get("width").Float() {
		pic = c.less
	}
	ctx.Set("imageSmoothingEnabled", key.at.S*key.ratio*size.W < 8*float64(c.w)) // single pixels of a picture that is looked at closely
	ctx.Set("imageSmoothingQuality", "high")
	ctx.Call("save")
	ctx.Call("beginPath")
	ctx.Call("rect", 0, 0, size.W, size.H) // a preview may reach beyond the picture
	ctx.Call("clip")
	ctx.Call("drawImage", pic, c.rect[0]*size.W, c.rect[1]*size.H, (c.rect[2]-c.rect[0])*size.W, (c.rect[3]-c.rect[1])*size.H)
	ctx.Call("restore")
	set := pane.canvas.Get("dataset")
	set.Set("shown", strconv.Itoa(c.id))
	set.Set("zoom", strconv.FormatFloat(key.at.S, 'g', 6, 64))
}

// begin clears a canvas, gives it the pane's size and returns its context, in pixels of the picture.
func begin(canvas js.Value, key drawKey) js.Value {
	canvas.Set("width", math.Round(key.size.W*key.ratio)) // also clears it
	canvas.Set("height", math.Round(key.size.H*key.ratio))
	ctx := canvas.Call("getContext", "2d")
	ctx.Call("setTransform", key.at.S*key.ratio, 0, 0, key.at.S*key.ratio, key.at.X*key.ratio, key.at.Y*key.ratio)
	return ctx
}

func pixelRatio() float64 {
	if r := js.Global().Get("devicePixelRatio"); r.Type() == js.TypeNumber {
		return min(max(r.Float(), 0.5), 4)
	}
	return 1
}

// blank empties a pane: a picture under the name of another would be a lie.
func (p *painter) blank(pane *pane) {
	for _, c := range []js.Value{pane.canvas, pane.map2} {
		if c.Truthy() {
			c.Set("width", 1) // clears it
			c.Set("height", 1)
		}
	}
	js.Global().Get("Reflect").Call("deleteProperty", pane.canvas.Get("dataset"), "shown")
	pane.drawn, pane.heat = drawKey{}, drawKey{}
}

// Heat implements ui.Canvas. It waits for the picture, so that the two always belong together.
func (a *app) Heat(el vjs.Value, it *ui.Item) {
	p := a.paint
	pane, canvas := &p.panes[0], js.Value(el)
	if !canvas.Equal(pane.map2) {
		pane.map2, pane.heat = canvas, drawKey{}
	}
	if it == nil || pane.drawn.id != it.ID {
		return
	}
	key := pane.drawn
	if it.State == ui.Done && len(it.Map) > 0 {
		key.extra = 1
	}
	if pane.heat == key {
		return
	}
	pane.heat = key
	ctx := begin(canvas, key)
	if key.extra == 0 {
		return
	}
	p.warm(it)
	size := p.app.page.PictureSize(it)
	ctx.Set("imageSmoothingQuality", "high")
	ctx.Call("drawImage", p.heat, 0, 0, size.W, size.H)
}

// warm draws the map of an item in the shape of its picture.
func (p *painter) warm(it *ui.Item) {
	key := heatKey{it.ID, true}
	if p.heated == key {
		return
	}
	p.heated = key
	r, part := it.Result, p.app.page.Part
	w, h := shrink(r.Width, r.Height, maxHeat)
	kx, ky := regions.Frame{Width: r.Width, Height: r.Height, InputW: part.Width, InputH: part.Height, Mode: part.Mode}.Cover()
	pix := heat.Map{W: r.MapW, H: r.MapH, V: it.Map, ROI: p.app.page.Region(&r)}.Place(w, h, kx, ky).Colours(heat.Scale{Low: r.MapLow, High: r.MapHigh, Limit: r.Limit})
	u := js.Global().Get("Uint8ClampedArray").New(len(pix))
	js.CopyBytesToJS(u, pix)
	if !p.heat.Truthy() { // one for all maps
		p.heat = p.app.doc.Call("createElement", "canvas")
	}
	p.heat.Set("width", w)
	p.heat.Set("height", h)
	p.heat.Call("getContext", "2d").Call("putImageData", js.Global().Get("ImageData").New(u, w, h), 0, 0)
}

// shrink scales w x h so that the longer side is limit.
func shrink(w, h, limit int) (int, int) {
	long := max(w, h, 1)
	return max(w*limit/long, 1), max(h*limit/long, 1)
}

// Opacity implements ui.Canvas.
func (a *app) Opacity(el vjs.Value, opacity float64) {
	js.Value(el).Get("style").Call("setProperty", "opacity", strconv.FormatFloat(opacity, 'f', 2, 64))
}

// Crop implements ui.Lens. A crop is small and rarely changes, so its file is decoded for it.
func (a *app) Crop(el vjs.Value, id int, src ui.Source, box [4]float64) {
	canvas := js.Value(el)
	name := fmt.Sprint(id, box)
	if canvas.Get("dataset").Get("crop").Equal(js.ValueOf(name)) {
		return
	}
	canvas.Get("dataset").Set("crop", name)
	go func() {
		a.paint.large <- struct{}{}
		defer func() { <-a.paint.large }()
		bmp, err := bitmapOf(src.(file))
		if err != nil {
			return
		}
		defer bmp.Call("close")
		if !canvas.Get("dataset").Get("crop").Equal(js.ValueOf(name)) {
			return
		}
		w, h := bmp.Get("width").Float(), bmp.Get("height").Float()
		x, y, cw, ch := box[0]*w, box[1]*h, (box[2]-box[0])*w, (box[3]-box[1])*h
		side := canvas.Get("width").Float()
		s := side / max(cw, ch, 1)
		ctx := canvas.Call("getContext", "2d")
		ctx.Call("clearRect", 0, 0, side, side)
		ctx.Set("imageSmoothingQuality", "high")
		ctx.Call("drawImage", bmp, x, y, cw, ch, (side-cw*s)/2, (side-ch*s)/2, cw*s, ch*s)
		canvas.Get("dataset").Set("drawn", name)
	}()
}

// fit scales w x h down so that no side is longer than limit.
func fit(w, h, limit int) (int, int) {
	if max(w, h) <= limit {
		return max(w, 1), max(h, 1)
	}
	return shrink(w, h, limit)
}

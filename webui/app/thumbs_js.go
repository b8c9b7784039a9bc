//go:build js && wasm

package main

import (
	"syscall/js"

	vjs "github.com/vugu/vugu/js"

	"anomnet/webui/ui"
)

// maxThumbs is how many thumbnails are kept, as JPEG files of about 4 KB. Older ones are made again from the image file.
const maxThumbs = 16384

// thumber keeps thumbnails, which a worker of their own makes (assets/js/thumbs.mjs), and draws them on the list's canvases.
type thumber struct {
	app      *app
	worker   js.Value
	blobs    map[int]js.Value
	order    []int            // of blobs, the oldest first
	canvases map[int]js.Value // of tiles in the document, and of some that were
	coming   map[int]bool     // thumbnails that the worker makes of pictures as scored
	wanted   []int            // ids whose thumbnail is to be made from the file, the most urgent last
	making   bool
}

func newThumber(a *app) *thumber {
	t := &thumber{app: a, worker: a.boot.Get("thumbs"), blobs: map[int]js.Value{}, canvases: map[int]js.Value{}, coming: map[int]bool{}}
	t.worker.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		t.made(args[0].Get("data"))
		return nil
	}))
	return t
}

// make orders the thumbnail of a picture as it was scored: of the rectangle x, y, width, height in its w x h pixels, which the picture's
// own proportions are wider than by stretch. The pixels are given away.
func (t *thumber) make(id int, pix js.Value, w, h int, rect [4]float64, stretch float64) {
	msg := map[string]any{"id": id, "pix": pix, "w": w, "h": h, "sx": rect[0], "sy": rect[1], "sw": rect[2], "sh": rect[3], "stretch": stretch}
	t.coming[id] = true
	t.worker.Call("postMessage", msg, js.Global().Get("Array").New(pix))
}

func (t *thumber) made(data js.Value) {
	id, thumb := data.Get("id").Int(), data.Get("thumb")
	delete(t.coming, id)
	if data.Get("asked").Truthy() {
		t.making = false
		defer t.next()
	}
	if !thumb.Truthy() || !t.app.page.Has(id) {
		return
	}
	if _, ok := t.blobs[id]; !ok {
		t.order = append(t.order, id)
	}
	t.blobs[id] = thumb
	for len(t.order) > maxThumbs {
		delete(t.blobs, t.order[0])
		t.order = t.order[1:]
	}
	if c, ok := t.canvases[id]; ok && c.Get("isConnected").Bool() {
		t.draw(c, id, thumb)
	}
}

func (t *thumber) forget(id int) {
	delete(t.blobs, id)
	delete(t.canvases, id)
}

// Thumb implements ui.Canvas. It is called once for each tile that comes into the document.
func (a *app) Thumb(el vjs.Value, it *ui.Item) {
	t := a.thumbs
	t.sweep()
	t.canvases[it.ID] = js.Value(el)
	switch blob, ok := t.blobs[it.ID]; {
	case ok:
		t.draw(js.Value(el), it.ID, blob)
	case it.State == ui.Done && !t.coming[it.ID]: // it had one, but not any more
		t.wanted = append(t.wanted, it.ID)
		t.next()
	}
}

// sweep forgets tiles that have left the document.
func (t *thumber) sweep() {
	if len(t.canvases) < 512 {
		return
	}
	for id, c := range t.canvases {
		if !c.Get("isConnected").Bool() {
			delete(t.canvases, id)
		}
	}
}

// next has the most urgent thumbnail made whose tile is still in the document. One at a time: files may be large.
func (t *thumber) next() {
	for len(t.wanted) > 0 && !t.making {
		id := t.wanted[len(t.wanted)-1]
		t.wanted = t.wanted[:len(t.wanted)-1]
		it, c := t.app.page.Item(id), t.canvases[id]
		if it == nil || !c.Truthy() || !c.Get("isConnected").Bool() {
			continue
		}
		t.making = true
		t.worker.Call("postMessage", map[string]any{"id": id, "blob": it.Src.(file).blob, "asked": true})
	}
}

// draw decodes a thumbnail and puts it on a canvas, unless the tile has become another's meanwhile.
func (t *thumber) draw(canvas js.Value, id int, blob js.Value) {
	go func() {
		bmp, err := bitmap(blob)
		if err != nil {
			return
		}
		if c, ok := t.canvases[id]; ok && c.Equal(canvas) {
			canvas.Call("getContext", "bitmaprenderer").Call("transferFromImageBitmap", bmp)
		}
	}()
}

// Sample implements ui.Canvas: the samples of the welcome are few, and are drawn from their files.
func (a *app) Sample(el vjs.Value, src ui.Source) {
	go func() {
		bmp, err := bitmap(src.(file).blob)
		if err != nil {
			return
		}
		cover(js.Value(el), bmp, bmp.Get("width").Float(), bmp.Get("height").Float())
		bmp.Call("close")
	}()
}

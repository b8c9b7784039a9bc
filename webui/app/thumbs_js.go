//go:build js && wasm

package app

import (
	"syscall/js"

	vjs "github.com/vugu/vugu/js"

	"anomnet/webui/ui"
)

// maxThumbs is how many thumbnails are kept, as JPEG files of about 4 KB. Older ones are made again from the image file.
const maxThumbs = 16384

// thumber keeps thumbnails, which a worker of their own makes (assets/js/thumbs.mjs), and draws them on the list's canvases.
type thumber struct {
	app    *app
	worker js.Value
	blobs  map[int]js.Value
	order  []int         // of blobs, the oldest first
	tiles  map[int]*tile // by slot
	seats  map[int]int   // slots by item
	coming map[int]bool  // thumbnails that the worker makes of pictures as scored
	wanted []int         // ids whose thumbnail is to be made from the file, the most urgent last
	making bool
	queue  []*tile // wait to be drawn
	drain  js.Func
}

// tile is the canvas of a slot in the list and the item that is on it.
type tile struct {
	canvas js.Value
	ctx    js.Value
	id     int
	blank  bool
	asked  bool // it is in the queue
}

func newThumber(a *app) *thumber {
	t := &thumber{app: a, worker: a.boot.Get("thumbs"), blobs: map[int]js.Value{}, tiles: map[int]*tile{}, seats: map[int]int{}, coming: map[int]bool{}}
	t.drain = js.FuncOf(func(js.Value, []js.Value) any {
		t.drawSome()
		return nil
	})
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
	if tile := t.tileOf(id); tile != nil {
		t.draw(tile)
	}
}

func (t *thumber) forget(id int) {
	delete(t.blobs, id)
	delete(t.seats, id)
}

// tileOf returns the tile that shows an item, or nil.
func (t *thumber) tileOf(id int) *tile {
	slot, ok := t.seats[id]
	if !ok {
		return nil
	}
	if tile := t.tiles[slot]; tile != nil && tile.id == id && tile.canvas.Get("isConnected").Bool() {
		return tile
	}
	return nil
}

// Thumb implements ui.Canvas. Nothing is to be done while the slot has the same item.
func (a *app) Thumb(el vjs.Value, slot int, it *ui.Item) {
	t, canvas := a.thumbs, js.Value(el)
	now := t.tiles[slot]
	switch {
	case now != nil && now.canvas.Equal(canvas) && now.id == it.ID:
		return
	case now == nil || !now.canvas.Equal(canvas):
		now = &tile{canvas: canvas, ctx: canvas.Call("getContext", "bitmaprenderer"), blank: true}
		t.tiles[slot] = now
	case t.seats[now.id] == slot:
		delete(t.seats, now.id)
	}
	now.id = it.ID
	t.seats[it.ID] = slot
	if !now.blank {
		now.ctx.Call("transferFromImageBitmap", js.Null())
		now.blank = true
	}
	switch _, ok := t.blobs[it.ID]; {
	case ok:
		t.draw(now)
	case it.State == ui.Done && !t.coming[it.ID]: // it had one, but not any more
		t.wanted = append(t.wanted, it.ID)
		t.next()
	}
}

// next has the most urgent thumbnail made whose tile is still in the document. One at a time: files may be large.
func (t *thumber) next() {
	for len(t.wanted) > 0 && !t.making {
		id := t.wanted[len(t.wanted)-1]
		t.wanted = t.wanted[:len(t.wanted)-1]
		it := t.app.page.Item(id)
		if it == nil || t.tileOf(id) == nil {
			continue
		}
		t.making = true
		go t.ask(id, it.Src.(file))
	}
}

// ask orders the thumbnail of a file. It blocks while the file is taken out of an archive.
func (t *thumber) ask(id int, src file) {
	blob, err := src.contents()
	if err != nil {
		t.making = false
		t.next()
		return
	}
	t.worker.Call("postMessage", map[string]any{"id": id, "blob": blob, "asked": true})
}

// drawn is how many thumbnails are put on tiles in one go, so that a list scrolled far at once does not hold up the frame.
const drawn = 8

// draw asks for an item's thumbnail on its tile.
func (t *thumber) draw(on *tile) {
	if on.asked {
		return
	}
	on.asked = true
	if t.queue = append(t.queue, on); len(t.queue) == 1 {
		js.Global().Call("setTimeout", t.drain, 0)
	}
}

// drawSome decodes thumbnails for tiles as they are now; what was asked for and scrolled away meanwhile costs nothing.
func (t *thumber) drawSome() {
	for n := 0; len(t.queue) > 0 && n < drawn; n++ {
		on := t.queue[0]
		t.queue, on.asked = t.queue[1:], false
		if blob, ok := t.blobs[on.id]; ok {
			go t.put(on, on.id, blob)
		}
	}
	if len(t.queue) > 0 {
		js.Global().Call("setTimeout", t.drain, 8)
	}
}

// put decodes a thumbnail and puts it on its tile, unless that has become another's meanwhile.
func (t *thumber) put(on *tile, id int, blob js.Value) {
	bmp, err := bitmap(blob)
	if err != nil || on.id != id {
		return
	}
	on.ctx.Call("transferFromImageBitmap", bmp)
	on.blank = false
}

// Sample implements ui.Canvas: the samples of the welcome are few, and are drawn from their files.
func (a *app) Sample(el vjs.Value, src ui.Source) {
	go func() {
		bmp, err := bitmapOf(src.(file))
		if err != nil {
			return
		}
		cover(js.Value(el), bmp, bmp.Get("width").Float(), bmp.Get("height").Float())
		bmp.Call("close")
	}()
}

//go:build js && wasm

package app

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"path"
	"strconv"
	"strings"
	"syscall/js"
	"time"

	"anomnet/core/regions"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/heat"
	"anomnet/webui/ui"
	"anomnet/webui/zip"
)

// Wall implements ui.Backend.
func (a *app) Wall() report.Time { return report.At(time.Now()) }

// blobOf makes a Blob of bytes.
func blobOf(data []byte, mime string) js.Value {
	u := js.Global().Get("Uint8Array").New(len(data))
	js.CopyBytesToJS(u, data)
	return js.Global().Get("Blob").New(js.Global().Get("Array").New(u), map[string]any{"type": mime})
}

// Download implements ui.Backend.
func (a *app) Download(name, mime string, data []byte) {
	a.boot.Get("files").Call("save", blobOf(data, mime), name)
}

// review shows an earlier export again. It blocks.
func (a *app) review(f file) {
	batch := &report.Batch{}
	err := errors.New("it has more than 64 MiB")
	if f.blob.Get("size").Float() <= report.MaxBytes {
		var m message
		if m, err = a.ask(protocol.OpResults, protocol.ResultsRequest{Form: protocol.FormRead}, f.blob); err == nil {
			err = json.Unmarshal(bufferOf(m), batch)
		}
	}
	a.view.Update(func() {
		a.page.Review(f.name, batch, err, func(p string) ui.Source {
			return file{name: path.Base(p), path: p, blob: js.Null(), open: func() (js.Value, error) { return js.Null(), errAbsent }}
		})
	})
}

var errAbsent = errors.New("the image is not part of the results")

// Results implements ui.Backend.
func (a *app) Results(req protocol.ResultsRequest, b *report.Batch, page *protocol.Page, answer func([]byte, error)) {
	go func() {
		data, err := a.results(req, b, page)
		a.view.Update(func() { answer(data, err) })
	}()
}

// results has a worker write a batch. It blocks.
func (a *app) results(req protocol.ResultsRequest, b *report.Batch, page *protocol.Page) ([]byte, error) {
	var blobs []js.Value
	for _, v := range []any{b, page} {
		if v == (*protocol.Page)(nil) {
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		blobs = append(blobs, blobOf(raw, ""))
	}
	m, err := a.ask(protocol.OpResults, req, blobs...)
	if err != nil {
		return nil, err
	}
	return bufferOf(m), nil
}

// Thumbs implements ui.Backend.
func (a *app) Thumbs(items []*ui.Item, answer func([]string)) {
	go func() {
		out := make([]string, len(items))
		for i, it := range items {
			blob, ok := a.thumbs.blobs[it.ID]
			if !ok {
				continue
			}
			if b, err := bytesOf(blob); err == nil {
				out[i] = "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b)
			}
		}
		a.view.Update(func() { answer(out) })
	}()
}

// Pictures implements ui.Backend. One picture is in memory at a time: what is finished goes to the disk, where the browser has one
// for pages (files.mjs, sink).
func (a *app) Pictures(name string, items []*ui.Item, b *report.Batch) {
	go func() {
		missing, err := a.archive(name, items, b)
		a.view.Update(func() {
			if errors.Is(err, errStopped) {
				name, err = "", nil
			}
			a.page.Saved(name, missing, err)
		})
	}()
}

var (
	errStopped  = errors.New("stopped")
	errSwitched = errors.New("another part came into use")
	errMoved    = errors.New("the limits were moved")
)

// archive makes the archive and gives it to the person. It blocks.
func (a *app) archive(name string, items []*ui.Item, b *report.Batch) (missing int, err error) {
	fs := a.boot.Get("files")
	sink, err := await(fs.Call("sink", "application/zip"))
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_, _ = await(sink.Call("abort"))
		}
	}()
	var w zip.Writer
	now := time.Now()
	put := func(name string, blob js.Value) error {
		sum, err := await(fs.Call("crc32", blob))
		if err != nil {
			return err
		}
		head, err := w.Header(name, int64(blob.Get("size").Float()), uint32(sum.Float()), now)
		if err != nil {
			return err
		}
		for _, part := range []js.Value{blobOf(head, ""), blob} {
			if _, err := await(sink.Call("write", part)); err != nil {
				return err
			}
		}
		return nil
	}
	for _, form := range []string{protocol.FormCSV, protocol.FormJSON} {
		data, err := a.results(protocol.ResultsRequest{Form: form, BOM: a.page.Outlet.BOM}, b, nil)
		if err == nil {
			err = put("results."+form, blobOf(data, ""))
		}
		if err != nil {
			return 0, err
		}
	}
	for i, it := range items {
		if a.page.Stopped() {
			return 0, errStopped
		}
		if it.State == ui.Done {
			blob, err := a.annotated(it)
			if a.page.Part.HeadDigest != b.Header.HeadSHA256 { // whose name, region and limits the picture would have
				return 0, errSwitched
			}
			if it.Result.Limit != b.Header.Limit || it.Result.Review != b.Header.Review { // the picture would contradict the table
				return 0, errMoved
			}
			if err != nil {
				missing++
			} else if err := put(pictureName(it), blob); err != nil {
				return 0, err
			}
		}
		if i%4 == 3 {
			a.view.Update(func() { a.page.Saving(i+1, len(items)) })
		}
	}
	if _, err := await(sink.Call("write", blobOf(w.End(), ""))); err != nil {
		return 0, err
	}
	blob, err := await(sink.Call("close"))
	if err != nil {
		return 0, err
	}
	fs.Call("save", blob, name)
	return missing, nil
}

// pictureName puts pictures into a folder for each verdict.
func pictureName(it *ui.Item) string {
	p := strings.TrimSuffix(ui.PathOf(it.Src), path.Ext(it.Src.Name()))
	return it.Result.Verdict + "/" + strings.NewReplacer("/", "_", `\`, "_", ":", "_").Replace(p) + ".png"
}

// Measures of an annotated picture, relative to its width.
const (
	stripShare = 0.06
	minStrip   = 28
	maxExport  = 2048 // longest side
)

// annotated draws a picture with its heat map, outline and verdict, as PNG. It blocks.
func (a *app) annotated(it *ui.Item) (js.Value, error) {
	if err := a.bringMap(it); err != nil {
		return js.Undefined(), err
	}
	pic, err := bitmapOf(it.Src.(file))
	var pw, ph int
	if err == nil {
		pw, ph = pic.Get("width").Int(), pic.Get("height").Int()
	} else if pre, ok := a.paint.previews[it.ID]; ok { // a format that the browser cannot show
		pic, pw, ph = a.paint.canvasOf(pre), pre.w, pre.h
	} else {
		return js.Undefined(), err
	}
	defer release(pic)
	w, h := fit(pw, ph, maxExport)
	strip := max(int(float64(max(w, h))*stripShare), minStrip)
	canvas := js.Global().Get("OffscreenCanvas").New(max(w, 8*minStrip), h+strip)
	defer release(canvas)
	ctx := canvas.Call("getContext", "2d", map[string]any{"alpha": false})
	ctx.Set("imageSmoothingQuality", "high")
	ctx.Call("drawImage", pic, 0, 0, w, h)
	part, r := a.page.Part, it.Result
	kx, ky := 1.0, 1.0
	if err == nil {
		kx, ky = regions.Frame{Width: pw, Height: ph, InputW: part.Width, InputH: part.Height, Mode: part.Mode}.Cover()
	}
	if len(it.Map) == r.MapW*r.MapH && len(it.Map) > 0 {
		a.overlay(ctx, it, w, h, kx, ky)
	}
	a.caption(ctx, it, canvas.Get("width").Int(), h, strip)
	return await(canvas.Call("convertToBlob", map[string]any{"type": "image/png"}))
}

// overlay draws the heat map with the opacity that is set on the page.
func (a *app) overlay(ctx js.Value, it *ui.Item, w, h int, kx, ky float64) {
	r := it.Result
	mw, mh := fit(w, h, maxHeat)
	pix := heat.Map{W: r.MapW, H: r.MapH, V: it.Map, ROI: a.page.Region(&r)}.Place(mw, mh, kx, ky).RGBA(heat.Scale{Low: r.MapLow, High: r.MapHigh, Limit: a.page.Found(it).Edge})
	u := js.Global().Get("Uint8ClampedArray").New(len(pix))
	js.CopyBytesToJS(u, pix)
	layer := js.Global().Get("OffscreenCanvas").New(mw, mh)
	defer release(layer)
	layer.Call("getContext", "2d").Call("putImageData", js.Global().Get("ImageData").New(u, mw, mh), 0, 0)
	ctx.Set("globalAlpha", float64(a.page.Look.Opacity)/100)
	ctx.Call("drawImage", layer, 0, 0, w, h)
	ctx.Set("globalAlpha", 1)
}

// verdictColours are background and sign of the strip.
var verdictColours = map[string][2]string{"OK": {"#146c2e", "✓"}, "REVIEW": {"#855300", "?"}, "NG": {"#b3181f", "✗"}}

// caption writes verdict, score, name and digests below the picture.
func (a *app) caption(ctx js.Value, it *ui.Item, w, top, high int) {
	p, r := a.page, it.Result
	ctx.Set("fillStyle", "#ffffff")
	ctx.Call("fillRect", 0, top, w, high)
	look := verdictColours[r.Verdict]
	ctx.Set("fillStyle", look[0])
	size := high / 2
	ctx.Set("font", "600 "+strconv.Itoa(size)+"px sans-serif")
	ctx.Set("textBaseline", "middle")
	word := " " + look[1] + " " + p.Verdict(r.Verdict) + " "
	wide := ctx.Call("measureText", word).Get("width").Int()
	ctx.Call("fillRect", 0, top, wide, high)
	ctx.Set("fillStyle", "#ffffff")
	ctx.Call("fillText", word, 0, top+high/2)
	ctx.Set("fillStyle", "#171b22")
	small := max(high*5/16, 9)
	ctx.Set("font", strconv.Itoa(small)+"px sans-serif")
	first := p.Text.T("facts.relative", "ratio", p.Ratio(it)) + "   " + it.Src.Name()
	if o := it.Override; o != nil {
		first += "   " + p.Text.T("judge.says", "verdict", p.Verdict(string(o.Verdict)), "operator", o.Operator) + " " + o.Reason
	}
	second := p.Part.Part + "   " + ui.Short(p.Part.HeadDigest) + "   " + p.Software + "   SHA-256 " + ui.Short(r.SHA256)
	room := w - wide - small
	ctx.Call("fillText", first, wide+small/2, top+high*9/32, room)
	ctx.Call("fillText", second, wide+small/2, top+high*23/32, room)
}

// mapWait is how long an image may take to be scored again.
const mapWait = 30 * time.Second

// bringMap has the map of an item computed again if it was not kept. It blocks.
func (a *app) bringMap(it *ui.Item) error {
	if len(it.Map) > 0 {
		return nil
	}
	head := a.page.Part.HeadDigest
	a.view.Update(func() { a.page.Reload(it.ID) })
	for end := time.Now().Add(mapWait); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		switch {
		case len(it.Map) > 0:
			return nil
		case it.Gone:
			return errAbsent
		case a.page.Part.HeadDigest != head:
			return errSwitched
		case a.page.Item(it.ID) != it:
			return errStopped
		}
	}
	return errors.New("the image was not scored again in time")
}

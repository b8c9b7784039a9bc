//go:build js && wasm

package app

import (
	"errors"
	"maps"
	"slices"
	"syscall/js"

	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/teach"
	"anomnet/webui/ui"
)

// teacher is teach.Backend: features are computed in the pool and kept on the device, or in memory where that has no room.
type teacher struct {
	app     *app
	stock   *stock
	view    *teach.View
	jobs    map[int]*task                  // of Compute
	ahead   chan struct{}                  // files that are open: those of an archive are in memory
	memory  map[string]js.Value            // what the device has no room for, by path
	thumbs  map[string]js.Value            // small pictures by path
	waiting map[string]func(blob js.Value) // who waits for a picture, by path
	making  map[int]made                   // what the thumbs worker makes, by id
	lastID  int
	fit     *task
	head    js.Value // a Blob: the head that was fitted last
	draft   *store.Draft
	writing bool
	secured string // id of the draft whose backbone is kept
}

func (a *app) teachView() ui.View {
	t := &teacher{app: a, stock: a.stock, jobs: map[int]*task{}, ahead: make(chan struct{}, jobsAhead*max(a.boot.Get("slots").Int(), 1)), memory: map[string]js.Value{}, thumbs: map[string]js.Value{},
		waiting: map[string]func(blob js.Value){}, making: map[int]made{}, head: js.Null()}
	var v ui.View
	t.view, v = teach.New(a.page, t)
	a.boot.Get("thumbs").Call("addEventListener", "message", js.FuncOf(func(_ js.Value, args []js.Value) any {
		t.thumbMade(args[0].Get("data"))
		return nil
	}))
	a.stock.watched = append(a.stock.watched, func() {
		t.view.Changed()
		go t.readDrafts()
	})
	a.teach = t
	a.correct = newCorrector(a)
	return v
}

func (t *teacher) readDrafts() {
	if ds, err := t.stock.lib.Drafts(); err == nil {
		t.app.view.Update(func() { t.view.Drafts(ds) })
	}
}

// Reopen implements teach.Backend.
func (t *teacher) Reopen(id string) {
	go func() {
		ds, err := t.stock.lib.Drafts()
		if err != nil {
			warn(err)
			return
		}
		t.app.view.Update(func() {
			if at := slices.IndexFunc(ds, func(d store.Draft) bool { return d.ID == id }); at >= 0 {
				t.view.Resume(ds[at])
			} else {
				t.view.Drafts(ds)
			}
		})
	}()
}

// Fresh implements teach.Backend. Other teaching begins: the pictures of what was taught before can be read again.
func (t *teacher) Fresh() string {
	clear(t.thumbs)
	clear(t.waiting)
	return fresh()
}

// Clock implements teach.Backend.
func (t *teacher) Clock() float64 { return clock() }

// Now implements teach.Backend.
func (t *teacher) Now() float64 { return t.app.Now() }

// Compute implements teach.Backend.
func (t *teacher) Compute(id int, src ui.Source, draft string, req protocol.FeaturesRequest) {
	job := &task{op: protocol.OpFeatures, meta: req}
	t.jobs[id] = job
	job.done = func(m message, e protocol.Error) {
		<-t.ahead
		delete(t.jobs, id)
		r, err := protocol.Decode[protocol.FeaturesResult](m.meta)
		if e.Code == "" && err != nil {
			e = protocol.Error{Code: protocol.CodeBadMessage, Message: err.Error()}
		}
		if e.Code != "" {
			t.view.NotComputed(id, e)
			return
		}
		t.thumb(draft, req.Shape, r, m.bufs.Index(1))
		go func() {
			volatile := t.write(store.FeaturePath(draft, req.Shape, store.Key(r.SHA256)), asBlob(m.bufs.Index(0)))
			t.app.view.Update(func() { t.view.Computed(id, r, req.Shape, volatile) })
		}()
	}
	t.start(src.(file), job, req.Backbone)
}

// start gives a job its file, when its turn comes, and, if it is not the site's, its backbone.
func (t *teacher) start(f file, job *task, backbone string) {
	go func() {
		t.ahead <- struct{}{}
		blob, err := js.Null(), error(nil)
		if !job.cancelled {
			blob, err = f.contents()
		}
		lent := t.stock.lend(backbone)
		t.app.view.Update(func() {
			if err != nil {
				job.done(message{}, protocol.Error{Code: protocol.CodeUnreadable, Message: err.Error()})
				return
			}
			job.bufs = js.Global().Get("Array").Call("of", append([]any{blob}, lent...)...)
			t.app.pool.do(job)
		})
	}()
}

// write keeps features, in memory when the device has no room.
func (t *teacher) write(path string, blob js.Value) (volatile bool) {
	if err := t.stock.lib.Keep(path, blob); err != nil {
		t.memory[path] = blob
		return true
	}
	return false
}

// read returns what write has kept.
func (t *teacher) read(path string) (js.Value, error) {
	if b, ok := t.memory[path]; ok {
		return b, nil
	}
	b, err := t.stock.lib.Read(path)
	if err != nil || b == nil {
		return js.Null(), errors.Join(err, store.ErrGone)
	}
	return b.(js.Value), nil
}

// Drop implements teach.Backend.
func (t *teacher) Drop(id int) {
	if job := t.jobs[id]; job != nil {
		t.app.pool.cancel(job)
	}
}

// checked are the bad images that the version in use of a part can be checked with. Others were marked while the part worked at another size. It blocks.
func (t *teacher) checked(p *store.Part) (bad []string) {
	for _, key := range p.Bad {
		if _, err := t.read(store.FeaturePath(p.ID, p.ShapeNow(), key)); err == nil {
			bad = append(bad, key)
		}
	}
	return bad
}

// Fit implements teach.Backend.
func (t *teacher) Fit(f teach.Fit) {
	job := &task{op: protocol.OpFit, long: true, progress: func(p protocol.Progress) { t.view.Reported(f.ID, p) }}
	job.done = func(m message, e protocol.Error) { t.fitted(f.ID, m, e) }
	t.fit = job
	go func() {
		bufs, err := t.features(f.Draft, f.Req.Shape, slices.Concat(f.Good, f.Bad))
		t.stock.lendFit(&f.Req, bufs)
		t.app.view.Update(func() {
			if err != nil {
				t.view.NotFitted(f.ID, protocol.Error{Code: protocol.CodeStale, Message: err.Error()})
				return
			}
			job.meta, job.bufs = f.Req, bufs
			t.app.pool.do(job)
		})
	}()
}

// features collects the features of images as Blobs. It blocks.
func (t *teacher) features(draft string, shape protocol.Shape, keys []string) (js.Value, error) {
	bufs := js.Global().Get("Array").New()
	for _, key := range keys {
		b, err := t.read(store.FeaturePath(draft, shape, key))
		if err != nil {
			return bufs, err
		}
		bufs.Call("push", b)
	}
	return bufs, nil
}

func (t *teacher) fitted(id int, m message, e protocol.Error) {
	if e.Code != "" {
		t.view.NotFitted(id, e)
		return
	}
	r, err := protocol.Decode[protocol.FitResult](m.meta)
	if err != nil || m.bufs.Length() != 1 {
		t.view.NotFitted(id, protocol.Error{Code: protocol.CodeBadMessage, Message: errors.Join(err, errBuffers).Error()})
		return
	}
	if t.view.Fitted(id, r) {
		t.head = asBlob(m.bufs.Index(0))
	}
}

// StopFit implements teach.Backend.
func (t *teacher) StopFit() {
	if t.fit != nil {
		t.app.pool.cancel(t.fit)
	}
}

// KeepDraft implements teach.Backend. Of several that come while one is written, only the last is written.
func (t *teacher) KeepDraft(d store.Draft) {
	t.draft = &d
	if t.writing {
		return
	}
	t.writing = true
	go func() {
		for t.draft != nil {
			d := t.draft
			t.draft = nil
			_ = t.stock.lib.SaveDraft(d) // a device without room says so when the part is saved
			if t.secured != d.ID {
				t.secured = d.ID
				go t.stock.secure()
			}
		}
		t.writing = false
	}()
}

// EndDraft implements teach.Backend.
func (t *teacher) EndDraft(id string, keys []string) {
	if t.draft != nil && t.draft.ID == id {
		t.draft = nil
	}
	if t.stock.part(id) == nil { // a part needs its features still
		maps.DeleteFunc(t.memory, func(path string, _ js.Value) bool { return store.Of(path, id) })
	}
	go func() {
		_ = t.stock.lib.EndDraft(id, keys...)
		_ = t.stock.lib.Sweep()
	}()
}

// Part implements teach.Backend.
func (t *teacher) Part(id string) *store.Part { return t.stock.part(id) }

// Save implements teach.Backend.
func (t *teacher) Save(s teach.Save) {
	head := t.head
	go func() {
		p, e := t.save(s, head)
		t.app.view.Update(func() {
			if e.Code != "" {
				t.view.NotSaved(s.Draft, e.Code == protocol.CodeStorageFull, e)
				go t.readDrafts() // it may be unfinished teaching by now
				return
			}
			t.view.Saved(p)
		})
	}()
}

func (t *teacher) save(s teach.Save, head js.Value) (*store.Part, protocol.Error) {
	m, e := s.Result.Model, protocol.Error{}
	if m.Part != s.Name || m.Rate != s.Rate {
		if head, m, e = t.stock.revise(head, s.Name, s.Rate); e.Code != "" {
			return nil, e
		}
	}
	v := versionOf(m, head, store.Taught)
	v.Upright = s.Result.Req.Upright
	model := store.Model{Name: s.Name, Version: v, Head: head, Shape: m.Shape, Seed: m.Seed, Unbad: s.Unbad}
	model.Shots = slices.Concat(s.Good, s.Bad)
	for _, shot := range s.Good {
		model.Version.Good = append(model.Version.Good, shot.Key)
	}
	for i, shot := range s.Bad {
		model.Bad, model.Version.Checked = append(model.Bad, shot.Key), append(model.Version.Checked, shot.Key)
		if s.Result.Checks[i] > m.Limit {
			model.Version.Caught = append(model.Version.Caught, shot.Key)
		}
	}
	t.stock.persist()
	p, e := t.stock.add(s.Draft, "", model)
	if e.Code != "" {
		return nil, e
	}
	if t.draft != nil && t.draft.ID == s.Draft { // else it is of other teaching, which has begun meanwhile
		t.draft = nil
	}
	_ = t.stock.lib.EndDraft(s.Draft)
	t.stock.changed()
	t.app.taught(p)
	return p, e
}

// Download implements teach.Backend.
func (t *teacher) Download(name string, rate float64) {
	head := t.head
	go func() {
		out, m, e := t.stock.revise(head, name, rate)
		if e.Code != "" {
			t.app.view.Update(func() { t.view.NotDownloaded(e) })
			return
		}
		t.stock.download(out, store.FileName(name, m.Revision+1, m.Head))
	}()
}

// made is where the pictures that the thumbs worker makes of an image belong.
type made struct{ thumb, whole string }

// thumb orders the small picture of an image, and a large one, as it was prepared.
func (t *teacher) thumb(draft string, shape protocol.Shape, r protocol.FeaturesResult, pix js.Value) {
	if r.PreW == 0 || r.PreH == 0 {
		return
	}
	t.lastID--
	key := store.Key(r.SHA256)
	t.making[t.lastID] = made{store.ThumbPath(draft, key), store.WholePath(draft, key)}
	stretch := 1.0
	if shape.Mode == protocol.ModeStretch {
		stretch = float64(r.Width) * float64(r.PreH) / (float64(r.Height) * float64(r.PreW))
	}
	msg := map[string]any{"id": t.lastID, "pix": pix, "w": r.PreW, "h": r.PreH, "sx": 0, "sy": 0, "sw": r.PreW, "sh": r.PreH, "stretch": stretch, "all": true}
	t.app.boot.Get("thumbs").Call("postMessage", msg, js.Global().Get("Array").New(pix))
}

func (t *teacher) thumbMade(data js.Value) {
	id := data.Get("id").Int()
	paths, ours := t.making[id]
	if !ours {
		return
	}
	delete(t.making, id)
	t.took(paths.thumb, data.Get("thumb"), true)
	t.took(paths.whole, data.Get("whole"), false)
}

// took keeps a picture of an image, and draws it where it is waited for.
func (t *teacher) took(path string, blob js.Value, remember bool) {
	if !blob.Truthy() {
		return
	}
	if remember {
		t.thumbs[path] = blob
	}
	if draw := t.waiting[path]; draw != nil {
		delete(t.waiting, path)
		draw(blob)
	}
	t.memory[path] = blob // until it is written
	go func() {
		if !t.write(path, blob) {
			delete(t.memory, path)
		}
	}()
}

// want has a picture drawn, as soon as it is there.
func (t *teacher) want(path string, draw func(blob js.Value)) {
	if b, ok := t.thumbs[path]; ok {
		draw(b)
		return
	}
	t.waiting[path] = draw
	go func() {
		if b, err := t.read(path); err == nil {
			delete(t.waiting, path)
			draw(b)
		}
	}()
}

// Thumb implements teach.Backend.
func (t *teacher) Thumb(el vjs.Value, draft string, s *teach.Shot) {
	path := store.ThumbPath(draft, s.Key)
	t.want(path, func(blob js.Value) {
		t.thumbs[path] = blob
		drawThumb(js.Value(el), blob)
	})
}

func drawThumb(canvas, blob js.Value) {
	go func() {
		if bmp, err := bitmap(blob); err == nil {
			canvas.Call("getContext", "bitmaprenderer").Call("transferFromImageBitmap", bmp)
		}
	}()
}

// taught notes that the version in use of a part was taught.
func (a *app) taught(p *store.Part) {
	v := p.Current()
	a.view.Update(func() { a.page.Taught(ui.Kept{Part: p.Name, Head: v.Head, N: v.N, Images: len(v.Good)}) })
}

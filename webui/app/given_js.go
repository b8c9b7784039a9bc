//go:build js && wasm

package app

import (
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"syscall/js"
	"time"

	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/ui"
	"anomnet/webui/zip"
)

// file is a File or Blob of the browser, or the way to one.
type file struct {
	name, path string
	blob       js.Value
	open       func() (js.Value, error) // brings the blob when it is needed; nil when it is there
	stamp      *[2]int64                // size and time of a file of the kiosk's folder, nil for others

	sig   *file           // of a model: its signature file
	trust *protocol.Trust // of a model that is kept on the device: what its signature is worth
	sum   string          // SHA-256 that the index of a server gives a model
}

// Name of the file, without a path.
func (f file) Name() string { return f.name }

// Path is the name with its folders, "" when there are none.
func (f file) Path() string { return f.path }

// Stamp implements ui.Stamped.
func (f file) Stamp() (size, modified int64, ok bool) {
	if f.stamp == nil {
		return 0, 0, false
	}
	return f.stamp[0], f.stamp[1], true
}

// contents brings the blob. It may block.
func (f file) contents() (js.Value, error) {
	if f.open == nil {
		return f.blob, nil
	}
	return f.open()
}

// gift is what a person gave at once: files, and what the browser knows of dropped folders.
type gift struct {
	files   []file
	entries js.Value // see files.mjs, undefined without folders
}

// files turns a FileList into sources. Those chosen as a folder know their place in it.
func files(list js.Value) []file {
	if !list.Truthy() {
		return nil
	}
	var out []file
	for i := range list.Length() {
		f := list.Index(i)
		one := file{name: f.Get("name").String(), blob: f}
		if p := f.Get("webkitRelativePath"); p.Type() == js.TypeString {
			one.path = p.String()
		}
		out = append(out, one)
	}
	return out
}

// Pick implements ui.Backend. The input is emptied so that the same file can be chosen again.
func (a *app) Pick(input vjs.Value) {
	el := js.Value(input)
	fs := files(el.Get("files"))
	el.Set("value", "")
	a.take(gift{files: fs})
}

// dropped takes what was dropped. The browser forgets folders when the event is over.
func (a *app) dropped(transfer js.Value) {
	g := gift{entries: a.boot.Get("files").Call("folders", transfer)}
	if !g.entries.Truthy() {
		g.files = files(transfer.Get("files"))
	}
	a.take(g)
}

// take queues a gift. Looking into files takes time, and images must not overtake the part dropped before them.
func (a *app) take(g gift) {
	if len(g.files) == 0 && !g.entries.Truthy() {
		return
	}
	a.taken = append(a.taken, g)
	if len(a.taken) > 1 {
		return // the one that runs will come to it
	}
	go func() {
		for len(a.taken) > 0 {
			a.give(a.taken[0])
			a.taken = a.taken[1:]
		}
	}()
}

// give sorts files and hands them to the page. It blocks.
func (a *app) give(g gift) {
	if g.entries.Truthy() {
		a.walk(g.entries)
		return
	}
	if len(g.files) > 0 && strings.Contains(g.files[0].path, "/") { // chosen as a folder
		name, _, _ := strings.Cut(g.files[0].path, "/")
		l := a.look(name)
		l.add(g.files)
		l.end(0)
		return
	}
	var models, images []ui.Source
	var archives, results []file
	given, keys, alone := paired(g.files)
	for i, f := range given {
		if i%200 == 199 {
			time.Sleep(time.Millisecond) // let the page draw
		}
		switch f.sort() {
		case ui.SortModel:
			models = append(models, f)
		case ui.SortArchive:
			archives = append(archives, f)
		case ui.SortResults:
			results = append(results, f)
		default:
			images = append(images, f)
		}
	}
	if len(models)+len(images) > 0 {
		a.view.Update(func() { a.page.Give(models, images) })
	}
	if alone > 0 {
		a.view.Update(func() { a.page.Warn(a.page.Text.T("trust.alone"), a.page.Text.T("trust.alone.do"), "") })
	}
	if len(keys) > 0 {
		a.trust.offer(keys[0], false)
	}
	for _, f := range archives {
		a.unpack(f)
	}
	for _, f := range results {
		a.review(f)
	}
}

// sort tells what a file is for. Only files that the browser does not know by their names are looked into, so that thousands of
// images need not be read twice. It blocks.
func (f file) sort() ui.Sort {
	mime := f.blob.Get("type").String()
	if s := ui.SortOf(f.name, mime, nil); s != ui.SortImage || strings.HasPrefix(mime, "image/") {
		return s
	}
	start, err := bytesOf(f.blob.Call("slice", 0, ui.ModelStart))
	if err != nil {
		return ui.SortImage // read again as an image, which then fails visibly
	}
	return ui.SortOf(f.name, mime, start)
}

// bytesOf copies a blob. It blocks.
func bytesOf(blob js.Value) ([]byte, error) {
	buf, err := await(blob.Call("arrayBuffer"))
	if err != nil {
		return nil, err
	}
	u := js.Global().Get("Uint8Array").New(buf)
	b := make([]byte, u.Length())
	js.CopyBytesToGo(b, u)
	return b, nil
}

// looker hands what it finds in a folder or an archive to the page while it goes on.
type looker struct {
	app   *app
	found ui.Found
	given bool
	begun float64
}

// lookWait is how many milliseconds the page may look before it says so.
const lookWait = 300

func (a *app) look(name string) *looker {
	return &looker{app: a, found: ui.Found{Name: name}, begun: a.Now()}
}

// add takes a portion of files; it returns false when a person has stopped it.
func (l *looker) add(portion []file) bool {
	var models, images []ui.Source
	portion, keys, _ := paired(portion)
	if len(keys) > 0 {
		go l.app.trust.offer(keys[0], true)
	}
	for _, f := range portion {
		switch ui.Choose(f.path) {
		case ui.LeftOut:
			l.found.LeftOut++
		case ui.Nested:
			l.found.Nested++
		default:
			if l.found.Taken >= ui.MaxGiven {
				l.found.Stopped = true
				continue
			}
			if ui.ModelName(f.name) {
				models = append(models, f)
			} else {
				l.found.Taken++
				images = append(images, f)
			}
		}
	}
	a := l.app
	a.view.Update(func() {
		switch {
		case len(models) > 0 || len(images) > 0 && !l.given:
			l.given = true
			a.page.Give(models, images)
		case len(images) > 0:
			a.page.GiveMore(images)
		}
		if a.Now()-l.begun > lookWait {
			a.page.Looking(l.found)
		}
		l.found.Stopped = l.found.Stopped || a.page.Stopped()
	})
	return !l.found.Stopped
}

func (l *looker) end(unreadable int) {
	l.found.Unreadable = unreadable
	l.app.view.Update(func() { l.app.page.Looked(l.found) })
}

// walk looks through dropped folders. It blocks.
func (a *app) walk(entries js.Value) {
	l := a.look(entries.Index(0).Get("name").String())
	fileOf := a.boot.Get("files").Get("fileOf")
	tell := js.FuncOf(func(_ js.Value, args []js.Value) any {
		portion := make([]file, args[0].Length())
		for i := range portion {
			v := args[0].Index(i)
			entry := v.Get("entry")
			portion[i] = file{name: v.Get("name").String(), path: v.Get("path").String(), open: func() (js.Value, error) { return await(fileOf.Invoke(entry)) }}
		}
		return l.add(portion)
	})
	defer tell.Release()
	unreadable, err := await(a.boot.Get("files").Call("walk", entries, tell))
	if err != nil {
		a.view.Update(func() { a.page.Unopened(l.found.Name, "", err.Error()) })
		return
	}
	l.end(unreadable.Int())
}

// blobReader reads from a blob at any place.
type blobReader struct{ blob js.Value }

func (r blobReader) ReadAt(p []byte, off int64) (int, error) {
	b, err := bytesOf(r.blob.Call("slice", off, off+int64(len(p))))
	n := copy(p, b)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// archivePortion is how many files of an archive are handed over at once.
const archivePortion = 256

// unpack looks through an archive. Its files stay where they are until they are needed. It blocks.
func (a *app) unpack(f file) {
	r := blobReader{f.blob}
	list, err := zip.Read(r, int64(f.blob.Get("size").Float()), nil)
	if err != nil {
		var e *zip.Error
		kind := zip.Kind("")
		if errors.As(err, &e) {
			kind = e.Kind
		}
		a.view.Update(func() { a.page.Unopened(f.name, kind, err.Error()) })
		return
	}
	l := a.look(f.name)
	all, keys, _ := paired(a.entries(r, list)) // a model and its signature may be far apart
	for portion := range slices.Chunk(append(all, keys...), archivePortion) {
		if !l.add(portion) {
			break
		}
	}
	l.end(0)
}

// entries are the ways to the files of an archive.
func (a *app) entries(r blobReader, list []zip.Entry) []file {
	out := make([]file, len(list))
	for i, e := range list {
		out[i] = file{name: path.Base(e.Name), path: e.Name, open: func() (js.Value, error) { return a.extract(r, e) }}
	}
	return out
}

// signedFiles looks into archives for models, signatures and keys, for people who import. It blocks.
func (a *app) signedFiles(fs []file) ([]file, error) {
	var out []file
	for _, f := range fs {
		if ui.SortOf(f.name, "", nil) != ui.SortArchive {
			out = append(out, f)
			continue
		}
		r := blobReader{f.blob}
		list, err := zip.Read(r, int64(f.blob.Get("size").Float()), nil)
		if err != nil {
			return nil, err
		}
		for _, e := range a.entries(r, list) {
			if s := ui.SortOf(e.name, "", nil); s != ui.SortImage && s != ui.SortArchive && s != ui.SortResults {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// extract brings a file out of an archive. It blocks.
func (a *app) extract(r blobReader, e zip.Entry) (js.Value, error) {
	if e.Size > maxImage {
		return js.Undefined(), &zip.Error{Kind: zip.TooLarge, Detail: e.Name}
	}
	at, err := zip.Start(r, e)
	if err != nil {
		return js.Undefined(), err
	}
	blob, err := await(a.boot.Get("files").Call("unpack", r.blob.Call("slice", at, at+e.Compressed), int(e.Method), e.Size, e.CRC, ""))
	if err != nil {
		return js.Undefined(), &zip.Error{Kind: zip.Damaged, Detail: err.Error()}
	}
	return blob, nil
}

// maxImage is the size above which no image is inspected anyway (core/imaging).
const maxImage = 64 << 20

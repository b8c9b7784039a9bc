//go:build js && wasm

package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall/js"

	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/history"
	"anomnet/webui/ui"
)

// keeper is history.Backend: history.mjs stores, a worker computes the chain.
type keeper struct {
	app *app
	js  js.Value
}

func (a *app) historyView() (ui.View, *history.Log, *keeper) {
	k := &keeper{app: a, js: a.boot.Get("history")}
	v := history.New(a.page, k)
	k.js.Call("heard", js.FuncOf(func(js.Value, []js.Value) any {
		a.view.Update(func() {
			if a.page.View().ID == v.ID {
				v.Shown()
			}
		})
		return nil
	}))
	return v, v.Body.(*history.History).Log, k
}

// Wall implements history.Backend.
func (k *keeper) Wall() report.Time { return k.app.Wall() }

// promised returns a promise that f, which may block, settles.
func promised(f func()) js.Value {
	var run js.Func
	run = js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve := args[0]
		go func() {
			defer run.Release()
			defer resolve.Invoke()
			f()
		}()
		return nil
	})
	return js.Global().Get("Promise").New(run)
}

// errCrashed is of a worker that ended before it answered: another one can do what was asked.
var errCrashed = errors.New("anomnet: a worker ended")

// Append implements history.Backend. Tabs do it one after the other, by a lock where the browser has locks, and in any case because a
// number that is taken is taken: then it is tried again behind what the other tab has added.
func (k *keeper) Append(drafts []protocol.Draft, answer func([]string, error)) {
	go func() {
		var lines []string
		var err error
		task := js.FuncOf(func(js.Value, []js.Value) any {
			return promised(func() {
				const tries = 8
				for range tries {
					lines, err = k.chain(drafts)
					if err == nil || !strings.HasPrefix(err.Error(), "ConstraintError") && !errors.Is(err, errCrashed) {
						return
					}
				}
			})
		})
		defer task.Release()
		if _, e := await(k.js.Call("alone", task)); e != nil {
			err = e
		}
		if err == nil {
			k.js.Call("said")
		} else if strings.HasPrefix(err.Error(), "QuotaExceededError") {
			err = fmt.Errorf("%w: %w", history.ErrFull, err)
		}
		k.app.view.Update(func() { answer(lines, err) })
	}()
}

// chain appends drafts once. It blocks.
func (k *keeper) chain(drafts []protocol.Draft) ([]string, error) {
	last, err := await(k.js.Call("last"))
	if err != nil {
		return nil, err
	}
	req := protocol.AppendRequest{Seq: int64(last.Get("seq").Float())}
	if req.Seq > 0 {
		if req.Hash, err = hashOf(last.Get("line").String()); err != nil {
			return nil, err
		}
	}
	all, twice, err := k.fresh(drafts)
	if err != nil || len(all) == 0 {
		return make([]string, len(drafts)), err
	}
	buf, err := protocol.EncodeDrafts(all)
	if err != nil {
		return nil, err
	}
	m, err := k.app.ask(protocol.OpAppend, req, blobOf(buf, ""))
	if err != nil {
		return nil, err
	}
	lines := strings.SplitAfter(string(bufferOf(m)), "\n")
	lines = lines[:len(lines)-1]
	if len(lines) != len(all) {
		return nil, fmt.Errorf("anomnet: %d lines for %d entries", len(lines), len(all))
	}
	list, keys := js.Global().Get("Array").New(), js.Global().Get("Array").New()
	for i, l := range lines {
		list.Call("push", l)
		keys.Call("push", all[i].File)
	}
	if _, err := await(k.js.Call("add", req.Seq+1, list, keys)); err != nil {
		return nil, err
	}
	for i := range drafts {
		if twice[i] {
			lines = slices.Insert(lines, i, "")
		}
	}
	return lines, nil
}

// fresh leaves out drafts whose file stands in the history already, or twice among them. It blocks.
func (k *keeper) fresh(drafts []protocol.Draft) (all []protocol.Draft, twice []bool, err error) {
	var keys []string
	for _, d := range drafts {
		if d.File != "" {
			keys = append(keys, d.File)
		}
	}
	there, err := k.known(keys)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for i, key := range keys {
		seen[key] = there[i]
	}
	twice = make([]bool, len(drafts))
	for i, d := range drafts {
		if d.File != "" {
			twice[i], seen[d.File] = seen[d.File], true
		}
		if !twice[i] {
			all = append(all, d)
		}
	}
	return all, twice, nil
}

// known tells which files stand in the history. It blocks.
func (k *keeper) known(keys []string) ([]bool, error) {
	out := make([]bool, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	list := js.Global().Get("Array").New()
	for _, key := range keys {
		list.Call("push", key)
	}
	there, err := await(k.js.Call("known", list))
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i] = there.Index(i).Bool()
	}
	return out, nil
}

// hashOf reads the hash off the end of a line.
func hashOf(line string) (string, error) {
	const mark = `,"hash":"`
	at := strings.LastIndex(line, mark)
	if at < 0 || len(line) < at+len(mark)+64 {
		return "", errors.New("anomnet: the last entry of the history has no hash")
	}
	return line[at+len(mark):][:64], nil
}

func bufferOf(m message) []byte {
	if m.bufs.Length() == 0 {
		return nil
	}
	u := js.Global().Get("Uint8Array").New(m.bufs.Index(0))
	b := make([]byte, u.Length())
	js.CopyBytesToGo(b, u)
	return b
}

// Load implements history.Backend.
func (k *keeper) Load(most int, answer func([]string, int64, error)) {
	go func() {
		lines, last, err := k.load(most)
		k.app.view.Update(func() { answer(lines, last, err) })
	}()
}

func (k *keeper) load(most int) (lines []string, last int64, err error) {
	end, err := await(k.js.Call("last"))
	if err != nil {
		return nil, 0, err
	}
	last = int64(end.Get("seq").Float())
	const portion = 2000
	for at := max(last-int64(most), 0) + 1; at <= last; at += portion {
		list, err := await(k.js.Call("range", at, min(at+portion-1, last)))
		if err != nil {
			return nil, 0, err
		}
		for i := range list.Length() {
			lines = append(lines, list.Index(i).String())
		}
	}
	return lines, last, nil
}

// before reads the last lines before a number, 0 for the end. It blocks.
func (k *keeper) before(number int64, most int) ([]string, error) {
	if number == 0 {
		end, err := await(k.js.Call("last"))
		if err != nil {
			return nil, err
		}
		number = int64(end.Get("seq").Float()) + 1
	}
	if number <= 1 {
		return nil, nil
	}
	list, err := await(k.js.Call("range", max(number-int64(most), 1), number-1))
	if err != nil {
		return nil, err
	}
	lines := make([]string, list.Length())
	for i := range lines {
		lines[i] = list.Index(i).String()
	}
	return lines, nil
}

// Verify implements history.Backend.
func (k *keeper) Verify(head string, answer func(protocol.VerifyResult, error)) {
	go func() {
		var r protocol.VerifyResult
		blob, err := await(k.js.Call("file"))
		if err == nil {
			var m message
			if m, err = k.app.ask(protocol.OpVerify, protocol.VerifyRequest{Head: head}, blob); err == nil {
				r, err = protocol.Decode[protocol.VerifyResult](m.meta)
			}
		}
		k.app.view.Update(func() { answer(r, err) })
	}()
}

// Save implements history.Backend.
func (k *keeper) Save(name string, answer func(error)) {
	go func() {
		blob, err := await(k.js.Call("file"))
		if err == nil {
			k.app.boot.Get("files").Call("save", blob, name)
		}
		k.app.view.Update(func() { answer(err) })
	}()
}

// ask has a worker answer a message that is no image's. It blocks.
func (a *app) ask(op string, meta any, blobs ...js.Value) (message, error) {
	type reply struct {
		m message
		e protocol.Error
	}
	to := make(chan reply, 1)
	bufs := js.Global().Get("Array").New()
	for _, b := range blobs {
		bufs.Call("push", b)
	}
	a.view.Amend(func() {
		a.pool.do(&task{op: op, meta: meta, bufs: bufs, done: func(m message, e protocol.Error) { to <- reply{m, e} }})
	})
	r := <-to
	switch r.e.Code {
	case "":
		return r.m, nil
	case protocol.CodeBadMessage:
		return r.m, fmt.Errorf("%w: %s", history.ErrRefused, r.e.Message)
	case protocol.CodeCrashed:
		return r.m, fmt.Errorf("%w: %s", errCrashed, r.e.Message)
	}
	return r.m, errors.New(r.e.Message)
}

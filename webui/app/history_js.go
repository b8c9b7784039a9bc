//go:build js && wasm

package app

import (
	"errors"
	"fmt"
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

func (a *app) historyView() ui.View {
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
	return v
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
					if lines, err = k.chain(drafts); err == nil || !strings.HasPrefix(err.Error(), "ConstraintError") {
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
	buf, err := protocol.EncodeDrafts(drafts)
	if err != nil {
		return nil, err
	}
	m, err := k.app.ask(protocol.OpAppend, req, blobOf(buf, ""))
	if err != nil {
		return nil, err
	}
	lines := strings.SplitAfter(string(bufferOf(m)), "\n")
	lines = lines[:len(lines)-1]
	if len(lines) != len(drafts) {
		return nil, fmt.Errorf("anomnet: %d lines for %d entries", len(lines), len(drafts))
	}
	list := js.Global().Get("Array").New()
	for _, l := range lines {
		list.Call("push", l)
	}
	_, err = await(k.js.Call("add", req.Seq+1, list))
	return lines, err
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
	}
	return r.m, errors.New(r.e.Message)
}

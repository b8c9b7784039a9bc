//go:build js && wasm

package app

import (
	"encoding/json"
	"errors"
	"path"
	"strings"
	"syscall/js"
	"time"

	vjs "github.com/vugu/vugu/js"

	"anomnet/core/policy"
	"anomnet/wasm/protocol"
	"anomnet/webui/history"
	"anomnet/webui/kiosk"
	"anomnet/webui/ui"
)

// station is kiosk.Backend on assets/js/kiosk.mjs.
type station struct {
	*app
	js    js.Value
	hist  *keeper
	kiosk *kiosk.Kiosk
	see   js.Func
}

// tickTime is how often the kiosk looks whether something is to be done.
const tickTime = 400 * time.Millisecond

func (a *app) kioskView(log *history.Log, hist *keeper) ui.View {
	s := &station{app: a, js: a.boot.Get("kiosk"), hist: hist}
	k, view := kiosk.New(a.page, log, s)
	s.kiosk = k
	s.see = js.FuncOf(func(_ js.Value, args []js.Value) any {
		grey := greyOf(args[0])
		a.view.Amend(func() {
			if k.Frame(grey) {
				a.page.Touch()
			}
		})
		return nil
	})
	s.js.Call("filled", js.FuncOf(func(_ js.Value, args []js.Value) any {
		a.view.Update(func() { k.Filled(args[0].Bool()) })
		return nil
	}))
	go s.run()
	return view
}

// run restores the kiosk and then lets it look around. It does not return.
func (s *station) run() {
	v, err := await(s.js.Get("begun"))
	if err != nil {
		close(s.ruled)
		return
	}
	text, late := v.Get("state"), v.Get("late").Truthy()
	if late { // the page does not wait
		close(s.ruled)
		if text, err = await(v.Get("late")); err != nil {
			return
		}
	}
	var state kiosk.State
	if text := text.String(); text != "" && json.Unmarshal([]byte(text), &state) != nil {
		state = kiosk.State{}
	}
	served := kiosk.Served{Asked: v.Get("asked").Bool(), Text: v.Get("policy").String(), Failed: v.Get("failed").Bool()}
	s.view.Update(func() { s.kiosk.Restore(state, served, v.Get("kiosk").Bool()) })
	if !late {
		close(s.ruled)
	}
	for {
		time.Sleep(tickTime)
		s.view.Look(s.kiosk.Tick)
	}
}

// later runs f, which may block, and then answer with the page's state locked.
func (s *station) later(f func() error, answer func(error)) {
	go func() {
		err := f()
		s.view.Update(func() { answer(err) })
	}()
}

// do calls a function of kiosk.mjs. It blocks.
func (s *station) do(name string, args ...any) (js.Value, error) {
	v, err := await(s.js.Call(name, args...))
	switch {
	case err == nil:
		return v, nil
	case strings.HasPrefix(err.Error(), "NotAllowedError"), strings.HasPrefix(err.Error(), "SecurityError"):
		err = errors.Join(kiosk.ErrDenied, err)
	case strings.HasPrefix(err.Error(), "NotFoundError"):
		err = errors.Join(kiosk.ErrGone, err)
	}
	return v, err
}

// Keep implements kiosk.Backend.
func (s *station) Keep(state kiosk.State, answer func(error)) {
	text, err := json.Marshal(state)
	promise := s.js.Call("keep", "state", string(text)) // now, so that states are kept in their order
	s.later(func() error {
		if err == nil {
			_, err = await(promise)
		}
		return err
	}, answer)
}

// Full implements kiosk.Backend.
func (s *station) Full(on bool) { s.js.Call("full", on) }

// Wake implements kiosk.Backend.
func (s *station) Wake(on bool) { s.js.Call("wake", on) }

// Tone implements kiosk.Backend.
func (s *station) Tone(kind string) {
	defer func() { _ = recover() }() // a browser without sound
	s.js.Call("tone", kind)
}

// Frames implements kiosk.Backend.
func (s *station) Frames(on bool) {
	if on {
		s.js.Call("frames", kiosk.FrameWidth, kiosk.FrameHeight, "#kiosk-film", s.see)
	} else {
		s.js.Call("frames", 0, 0, "", js.Null())
	}
}

// greyOf makes grey levels of RGBA pixels.
func greyOf(rgba js.Value) []byte {
	pix := make([]byte, rgba.Length())
	js.CopyBytesToGo(pix, rgba)
	grey := pix[:len(pix)/4]
	for i := range grey {
		p := pix[4*i:]
		grey[i] = byte((77*int(p[0]) + 150*int(p[1]) + 29*int(p[2])) >> 8)
	}
	return grey
}

// Choose implements kiosk.Backend. The call is made at once: the browser wants it in the person's click.
func (s *station) Choose(use kiosk.Use, answer func(string, error)) {
	promise := s.js.Call("choose", string(use))
	var name string
	s.later(func() error {
		v, err := await(promise)
		if err == nil {
			name = v.String()
		} else if strings.HasPrefix(err.Error(), "NotSupportedError") {
			err = errors.Join(kiosk.ErrUnable, err)
		}
		return err
	}, func(err error) { answer(name, err) })
}

// Grant implements kiosk.Backend.
func (s *station) Grant(use kiosk.Use, answer func(error)) {
	promise := s.js.Call("grant", string(use))
	s.later(func() error {
		if _, err := await(promise); err != nil {
			return errors.Join(kiosk.ErrDenied, err)
		}
		return nil
	}, answer)
}

// Listing implements kiosk.Backend.
func (s *station) Listing(answer func([]kiosk.Listed, error)) {
	go func() {
		v, err := s.do("listing")
		var list []kiosk.Listed
		if err == nil {
			list = make([]kiosk.Listed, v.Length())
			for i := range list {
				one := v.Index(i)
				list[i] = kiosk.Listed{Path: one.Index(0).String(), Size: int64(one.Index(1).Float()), Modified: int64(one.Index(2).Float())}
			}
			if v.Get("unread").Truthy() {
				err = kiosk.ErrPart
			}
		}
		s.view.Amend(func() { answer(list, err) })
	}()
}

// Settle implements kiosk.Backend.
func (s *station) Settle(path string) { s.js.Call("settle", path) }

// Fetch implements kiosk.Backend. The bytes are read before the page gets the file, so that a folder that goes away loses nothing.
func (s *station) Fetch(f kiosk.Listed, answer func(ui.Source, error)) {
	go func() {
		blob, err := s.do("bytes", f.Path, f.Size, f.Modified)
		src := file{name: path.Base(f.Path), path: f.Path, blob: blob, stamp: &[2]int64{f.Size, f.Modified}}
		if err != nil {
			src.open = func() (js.Value, error) { return js.Null(), err }
		}
		s.view.Amend(func() { answer(src, err) })
	}()
}

// Write implements kiosk.Backend.
func (s *station) Write(name string, data []byte, answer func(error)) {
	s.later(func() error {
		_, err := s.do("write", name, blobOf(data, ""))
		return err
	}, answer)
}

// WritePicture implements kiosk.Backend.
func (s *station) WritePicture(name string, it *ui.Item, answer func(error)) {
	s.later(func() error {
		blob, err := s.annotated(it)
		if err == nil {
			_, err = s.do("write", name, blob)
		}
		return err
	}, answer)
}

// Read implements kiosk.Backend.
func (s *station) Read(input vjs.Value, answer func(string)) {
	el := js.Value(input)
	fs := files(el.Get("files"))
	el.Set("value", "")
	if len(fs) == 0 {
		return
	}
	go func() {
		data, err := bytesOf(fs[0].blob.Call("slice", 0, policy.MaxBytes+1))
		if err != nil {
			data = nil
		}
		s.view.Update(func() { answer(string(data)) })
	}()
}

// Known implements kiosk.Backend.
func (s *station) Known(keys []string, answer func([]bool, error)) {
	go func() {
		known, err := s.hist.known(keys)
		s.view.Amend(func() { answer(known, err) })
	}()
}

// Lines implements kiosk.Backend.
func (s *station) Lines(before int64, most int, answer func([]string, error)) {
	go func() {
		lines, err := s.hist.before(before, most)
		s.view.Update(func() { answer(lines, err) })
	}()
}

// CheckPIN implements kiosk.Backend.
func (s *station) CheckPIN(p *policy.PIN, pin string, answer func(bool, error)) {
	go func() {
		r, _, e := ask[protocol.PINResult](s.app, protocol.OpPIN, protocol.PINRequest{Rounds: p.Rounds, Salt: p.Salt, Hash: p.Hash}, blobOf([]byte(pin), ""))
		var err error
		if e.Code != "" {
			err = errors.New(e.Message)
		}
		s.view.Update(func() { answer(r.OK, err) })
	}()
}

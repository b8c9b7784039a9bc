//go:build js && wasm

package app

import (
	"syscall/js"
	"time"

	vjs "github.com/vugu/vugu/js"

	"anomnet/webui/ui"
)

// filmer runs the camera.
type filmer struct {
	app    *app
	video  js.Value // the element, undefined while there is no film
	stream js.Value
	device string
	heard  js.Func // hears of a camera that is pulled out or gives no pictures
	serial int     // counts films, so that an answer which comes late is known
	series bool    // somebody takes the pictures of a series
}

// Film implements ui.Backend.
func (a *app) Film(el vjs.Value, device string) {
	f := &a.film
	if f.video.Truthy() && f.video.Equal(js.Value(el)) && f.device == device {
		return
	}
	a.EndFilm()
	f.app, f.video, f.device = a, js.Value(el), device
	go f.start(f.serial)
}

// EndFilm implements ui.Backend.
func (a *app) EndFilm() {
	f := &a.film
	if f.video.IsUndefined() {
		return
	}
	f.serial++
	f.video.Set("srcObject", js.Null())
	if f.stream.Truthy() {
		f.deaf()
	}
	stop(f.stream)
	f.video, f.stream = js.Undefined(), js.Undefined()
}

func stop(stream js.Value) {
	if !stream.Truthy() {
		return
	}
	for tracks, i := stream.Call("getTracks"), 0; i < tracks.Length(); i++ {
		tracks.Index(i).Call("stop")
	}
}

// problems by the names of the browser's errors.
var problems = map[string]string{
	"NotAllowedError": ui.CameraRefused, "SecurityError": ui.CameraRefused, "NotFoundError": ui.CameraMissing, "OverconstrainedError": ui.CameraMissing,
	"DevicesNotFoundError": ui.CameraMissing, "NotReadableError": ui.CameraBusy, "AbortError": ui.CameraBusy,
}

// start asks for the camera and shows it. It blocks.
func (f *filmer) start(serial int) {
	fail := func(problem, detail string) {
		f.app.view.Update(func() {
			if f.serial == serial {
				f.app.page.CameraFails(problem, detail)
			}
		})
	}
	media := js.Global().Get("navigator").Get("mediaDevices")
	if !media.Truthy() {
		fail(ui.CameraInsecure, "")
		return
	}
	// As many pixels as the camera has, and no automatic processing that browsers add for conversations.
	want := map[string]any{"width": map[string]any{"ideal": 4096}, "height": map[string]any{"ideal": 4096}}
	if f.device != "" {
		want["deviceId"] = map[string]any{"exact": f.device}
	} else {
		want["facingMode"] = "environment"
	}
	stream, err := f.ask(media, want)
	if err.name != "" {
		problem := problems[err.name]
		if problem == "" {
			problem = ui.CameraFailed
		}
		devices := f.devices(media)
		f.app.view.Update(func() {
			if f.serial == serial && len(devices) > 0 {
				f.app.page.Camera.Devices = devices
			}
		})
		fail(problem, err.name+": "+err.message)
		return
	}
	if f.serial != serial {
		stop(stream)
		return
	}
	f.stream = stream
	f.video.Set("srcObject", stream)
	f.watch(stream, serial, fail)
	if _, err := await(f.video.Call("play")); err != nil && f.serial == serial {
		fail(ui.CameraFailed, err.Error())
		return
	}
	devices := f.devices(media)
	f.app.view.Update(func() {
		if f.serial == serial {
			f.app.page.CameraRuns(f.video.Get("videoWidth").Int(), f.video.Get("videoHeight").Int(), devices)
		}
	})
}

// domError is an error of the browser with its name.
type domError struct{ name, message string }

func (f *filmer) ask(media js.Value, video map[string]any) (js.Value, domError) {
	var failed domError
	name := js.FuncOf(func(_ js.Value, args []js.Value) any {
		failed = domError{args[0].Get("name").String(), args[0].Get("message").String()}
		return js.Null()
	})
	defer name.Release()
	stream, _ := await(media.Call("getUserMedia", map[string]any{"video": video, "audio": false}).Call("catch", name))
	return stream, failed
}

// watch hears of a camera that is pulled out, and of one that stops giving pictures for a while, as when its cover is shut or the system needs it: the video
// shows its last picture then, which must not be taken for what lies there now.
func (f *filmer) watch(stream js.Value, serial int, fail func(problem, detail string)) {
	f.heard = js.FuncOf(func(_ js.Value, args []js.Value) any {
		switch args[0].Get("type").String() {
		case "ended":
			go fail(ui.CameraUnplugged, "")
		case "mute":
			go fail(ui.CameraBusy, "")
		case "unmute":
			go f.app.view.Update(func() {
				if f.serial == serial && f.app.page.Camera.Problem == ui.CameraBusy {
					f.app.page.CameraResumes()
				}
			})
		}
		return nil
	})
	track := stream.Call("getVideoTracks").Index(0)
	for _, event := range heard {
		track.Call("addEventListener", event, f.heard)
	}
}

// heard are the events of a track that watch hears.
var heard = []string{"ended", "mute", "unmute"}

// deaf ends watch.
func (f *filmer) deaf() {
	track := f.stream.Call("getVideoTracks").Index(0)
	for _, event := range heard {
		track.Call("removeEventListener", event, f.heard)
	}
	f.heard.Release()
}

// devices lists the cameras. Before a person has allowed one they have no id, and are of no use; names may be missing.
func (f *filmer) devices(media js.Value) []ui.Device {
	list, err := await(media.Call("enumerateDevices"))
	if err != nil {
		return nil
	}
	var out []ui.Device
	for i := range list.Length() {
		if d := list.Index(i); d.Get("kind").String() == "videoinput" && d.Get("deviceId").String() != "" {
			out = append(out, ui.Device{ID: d.Get("deviceId").String(), Name: d.Get("label").String()})
		}
	}
	return out
}

// Shutter implements ui.Backend. The dialog has given the focus to its first button.
func (a *app) Shutter(el vjs.Value) {
	if a.unfocused() || a.doc.Get("activeElement").Get("id").String() == "camera-close" {
		focusSoon(js.Value(el))
	}
}

// Shoot implements ui.Backend. The picture is what the browser delivers, in its colours; PNG adds no loss to it.
func (a *app) Shoot() {
	v := a.film.video
	if !v.Truthy() {
		return
	}
	name := "camera-" + time.Now().Format("2006-01-02_15-04-05.000") + ".png"
	w, h := v.Get("videoWidth"), v.Get("videoHeight")
	canvas := js.Global().Get("OffscreenCanvas").New(w, h)
	canvas.Call("getContext", "2d", map[string]any{"alpha": false}).Call("drawImage", v, 0, 0, w, h)
	go func() {
		defer release(canvas)
		blob, err := await(canvas.Call("convertToBlob", map[string]any{"type": "image/png"}))
		a.view.Update(func() {
			if err != nil {
				a.page.CameraFails(ui.CameraFailed, err.Error())
				return
			}
			a.page.Give(nil, []ui.Source{file{name: name, blob: blob}})
		})
	}()
}

// seriesPause is between two pictures of a series.
const seriesPause = 500 * time.Millisecond

// Series implements ui.Backend.
func (a *app) Series() {
	if a.film.series {
		return // it goes on with those of the new one
	}
	a.film.series = true
	go func() {
		for more := true; more; time.Sleep(seriesPause) {
			a.view.Update(func() {
				more = a.page.NextOfSeries()
				a.film.series = more
			})
		}
	}()
}

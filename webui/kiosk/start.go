package kiosk

import (
	"slices"

	"anomnet/webui/ui"
)

// key handles the keys of the view: those that start an inspection.
func (k *Kiosk) key(key string, down bool) bool {
	if k.Menu || k.lock.open || k.Naming || !k.starts(key) {
		return false
	}
	if down {
		k.Shoot()
	}
	return true
}

func (k *Kiosk) starts(key string) bool { return slices.Contains(k.allows().Keys, key) }

// Shoot takes a picture with the camera, and inspects it.
func (k *Kiosk) Shoot() {
	switch {
	case k.Blocked() != "":
		k.Page.Live = k.Page.Text.T(k.Blocked())
	case !k.Page.Camera.Running:
		k.Page.Live = k.Page.Text.T("kiosk.nocamera")
	case k.shots == 0: // one at a time: a pedal bounces
		k.shots++
		k.Page.Shoot()
	}
}

// Frame takes what the camera sees, FrameWidth x FrameHeight grey levels. It returns whether something changed that is shown.
func (k *Kiosk) Frame(grey []byte) bool {
	known := len(k.still.Empty) > 0
	fire := k.still.Frame(grey)
	if !known && len(k.still.Empty) > 0 {
		k.State.Empty = k.still.Empty
		k.keep()
	}
	if !fire || !k.State.Still || !k.allows().Still || !k.shown || k.Blocked() != "" {
		return false
	}
	if k.shots > 0 { // the picture of the part before is being made
		k.still.Again()
		return false
	}
	k.Shoot()
	return true
}

// SetEmpty takes what the camera sees for the empty place. One that sees nothing changes nothing.
func (k *Kiosk) SetEmpty() {
	if !k.still.SetEmpty() {
		k.export.said = k.Page.Text.T("kiosk.nocamera")
		return
	}
	k.State.Empty = k.still.Empty
	k.export.said = k.Page.Text.T("kiosk.empty.taken")
	k.keep()
}

// film runs the camera or ends it.
func (k *Kiosk) film(on bool) {
	k.shots = 0
	k.still.Restart()
	k.Page.Station(on, k.State.Device)
	k.back.Frames(on)
}

// SetCamera switches the camera on or off.
func (k *Kiosk) SetCamera(on bool) {
	k.State.Camera = on
	k.keep()
	k.film(on)
}

// UseCamera goes to another camera.
func (k *Kiosk) UseCamera(id string) {
	k.State.Device, k.State.Empty, k.still.Empty, k.still.void = id, nil, nil, nil
	k.SetCamera(true)
}

// SetStill switches the still scene as a trigger on or off.
func (k *Kiosk) SetStill(on bool) {
	k.State.Still = on
	k.keep()
}

// SetSound switches tones on or off.
func (k *Kiosk) SetSound(on bool) {
	k.State.Sound, k.State.Mute = on, !on
	k.keep()
	if on {
		k.back.Tone("ok")
	}
}

// Filming tells whether the camera's picture is shown: it is wanted and has no problem.
func (k *Kiosk) Filming() bool {
	return k.State.Camera && k.Page.Camera.Station && k.Page.Camera.Problem == ""
}

// Devices are the cameras.
func (k *Kiosk) Devices() []ui.Device { return k.Page.Camera.Devices }

// Reconnect tries the camera again.
func (k *Kiosk) Reconnect() { k.film(true) }

// ToggleFull goes to the full screen or back.
func (k *Kiosk) ToggleFull() { k.back.Full(!k.full) }

// Filled tells whether the page has the whole screen.
func (k *Kiosk) Filled(on bool) { k.full = on }

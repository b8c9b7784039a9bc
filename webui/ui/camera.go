package ui

import (
	"slices"
	"strconv"

	vjs "github.com/vugu/vugu/js"
)

// CameraState is the camera dialog: what the browser says of the camera, and what was taken.
type CameraState struct {
	Open    bool
	Running bool
	Problem string // a CameraProblem, "" for none
	Detail  string
	Width   int // of its pictures
	Height  int
	Devices []Device
	Device  string // id of the chosen one, "" for the browser's choice
	Station bool   // it runs in a view, not in the dialog
	Taken   int

	after  int // id of the last item before the picture that was taken last
	series int // pictures of a series that are still to be taken
}

// Choice tells whether there is another camera than the one in use. One that was chosen and is gone for good is in nobody's way.
func (c *CameraState) Choice() bool {
	return slices.ContainsFunc(c.Devices, func(d Device) bool { return d.ID != c.Device }) && (len(c.Devices) > 1 || c.Device != "")
}

// Device is a camera.
type Device struct{ ID, Name string }

// Problems of a camera.
const (
	CameraRefused   = "refused"   // a person or a rule said no
	CameraMissing   = "missing"   // there is none
	CameraBusy      = "busy"      // another program has it
	CameraUnplugged = "unplugged" // it was there
	CameraInsecure  = "insecure"  // the page's address is not secure, so the browser offers none
	CameraFailed    = "failed"
)

// cameraTexts are what happened and what to do.
var cameraTexts = map[string][2]string{
	CameraRefused: {"camera.refused", "camera.refused.do"}, CameraMissing: {"camera.missing", "camera.missing.do"},
	CameraBusy: {"camera.busy", "camera.busy.do"}, CameraUnplugged: {"camera.unplugged", "camera.unplugged.do"},
	CameraInsecure: {"camera.insecure", "camera.insecure.do"}, CameraFailed: {"camera.failed", "camera.failed.do"},
}

// Camera is the dialog that shows the camera's picture.
type Camera struct{ Page *Page }

// SetCamera opens or closes the camera.
func (p *Page) SetCamera(open bool) {
	if p.Camera.Open != open {
		p.Camera = CameraState{Open: open, Device: p.Camera.Device}
	}
}

// UseCamera goes to another camera.
func (p *Page) UseCamera(id string) {
	p.Camera = CameraState{Open: true, Device: id, Devices: p.Camera.Devices, Taken: p.Camera.Taken, after: p.Camera.after}
}

// CameraRuns tells that pictures come.
func (p *Page) CameraRuns(width, height int, devices []Device) {
	c := &p.Camera
	c.Running, c.Problem, c.Width, c.Height, c.Devices = true, "", width, height, devices
}

// CameraFails tells that no picture comes, and why. The dialog, or the kiosk, says it in an alert.
func (p *Page) CameraFails(problem, detail string) {
	c := &p.Camera
	c.Running, c.Problem, c.Detail = false, problem, detail
}

// Shoot takes a picture. It comes as a given image.
func (p *Page) Shoot() {
	if p.Camera.Running {
		p.Camera.Taken, p.Camera.after = p.Camera.Taken+1, p.lastID
		p.back.Shoot()
	}
}

// CameraResumes starts a camera again that gave no pictures for a while.
func (p *Page) CameraResumes() { p.Camera.Problem, p.Camera.Detail = "", "" }

// seriesOf is how many pictures a series has.
const seriesOf = 10

// Series takes ten pictures one after the other, as good images to teach from a line that moves, or ends a series that runs.
func (p *Page) Series() {
	c := &p.Camera
	if c.series > 0 {
		c.series = 0
		return
	}
	if c.Running {
		c.series = seriesOf
		p.back.Series()
	}
}

// NextOfSeries takes the next picture of a series; false when there is none to come.
func (p *Page) NextOfSeries() bool {
	c := &p.Camera
	if !c.Running || c.series == 0 {
		c.series = 0
		return false
	}
	c.series--
	p.Shoot()
	return c.series > 0
}

// SeriesText is on the button of a series.
func (c *Camera) SeriesText() string {
	if c.Page.Camera.series > 0 {
		return c.Page.t("list.cancel")
	}
	return c.Page.t("camera.series", "n", strconv.Itoa(seriesOf))
}

// CameraTrouble says what happened to the camera and what a person can do about it; both are empty when nothing did.
func (p *Page) CameraTrouble() (what, do string) {
	if p.Camera.Problem == "" {
		return "", ""
	}
	keys := cameraTexts[p.Camera.Problem]
	return p.t(keys[0]), p.t(keys[1])
}

// What says what happened to the camera.
func (c *Camera) What() string {
	what, _ := c.Page.CameraTrouble()
	return what
}

// Do says what a person can do about it.
func (c *Camera) Do() string {
	_, do := c.Page.CameraTrouble()
	return do
}

// Size of the pictures.
func (c *Camera) Size() string { return size(c.Page.Camera.Width, c.Page.Camera.Height) }

// Taken says how many pictures were taken, and the verdict on the last one that is finished.
func (c *Camera) Taken() string {
	p := c.Page
	if p.Camera.Taken == 0 {
		return c.Page.t("camera.keys")
	}
	s := p.Text.N("camera.taken", p.Camera.Taken)
	if it := c.last(); it != nil && it.State == Done {
		s += " " + p.t("camera.last", "verdict", p.Verdict(it.Result.Verdict), "ratio", p.Ratio(it))
	}
	return s
}

// Kind is the mark of the last picture.
func (c *Camera) Kind() string {
	if it := c.last(); c.Page.Camera.Taken > 0 && it != nil {
		return it.Kind()
	}
	return ""
}

// last is the last picture, nil while it is on its way. An image of before says nothing about it.
func (c *Camera) last() *Item {
	if all := c.Page.List.all; len(all) > 0 && all[len(all)-1].ID > c.Page.Camera.after {
		return all[len(all)-1]
	}
	return nil
}

// DrawCamera brings the dialog to its state.
func (p *Page) DrawCamera(el vjs.Value) {
	p.back.Dialog(el, p.Camera.Open)
	if !p.Camera.Open && !p.Camera.Station {
		p.back.EndFilm()
	}
}

// Station runs the camera in a view, or ends it. It is also how a camera that has failed is tried again.
func (p *Page) Station(on bool, device string) {
	p.back.EndFilm()
	p.Camera = CameraState{Station: on, Device: device, Devices: p.Camera.Devices}
}

// Film lets the camera's picture run in an element.
func (p *Page) Film(el vjs.Value) { p.back.Film(el, p.Camera.Device) }

// Shutter is the button that takes a picture.
func (p *Page) Shutter(el vjs.Value) { p.back.Shutter(el) }

// DeviceName is the name of a camera, or its place where it has none.
func (c *Camera) DeviceName(i int) string {
	if d := c.Page.Camera.Devices[i]; d.Name != "" {
		return d.Name
	}
	return c.Page.t("camera.number", "n", strconv.Itoa(i+1))
}

package kiosk

import (
	"errors"

	vjs "github.com/vugu/vugu/js"

	"anomnet/core/policy"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/history"
	"anomnet/webui/ui"
)

// State is what survives a reload and the end of the power.
type State struct {
	On         bool           `json:"on,omitempty"`     // the page opens in the kiosk
	Head       string         `json:"head,omitempty"`   // digest of the part in use
	Camera     bool           `json:"camera,omitempty"` // it runs
	Device     string         `json:"device,omitempty"`
	Still      bool           `json:"still,omitempty"`  // a scene that is still starts an inspection
	Folder     string         `json:"folder,omitempty"` // name of the watched folder
	Outlet     string         `json:"outlet,omitempty"` // name of the folder for exports
	Mute       bool           `json:"mute,omitempty"`
	Sound      bool           `json:"sound,omitempty"`       // without a policy
	Shift      int64          `json:"shift,omitempty"`       // when it began; 0: the counters begin at midnight
	Exported   int64          `json:"exported,omitempty"`    // number of the last entry that was exported
	ExportedAt int64          `json:"exported_at,omitempty"` // milliseconds since 1970
	Empty      []byte         `json:"empty,omitempty"`       // see Still
	Lockout    policy.Lockout `json:"lockout"`
	Policy     string         `json:"policy,omitempty"` // the file that was accepted last
	Served     bool           `json:"served,omitempty"` // it came from the server
}

// Use says what a folder is for.
type Use string

// The uses of folders.
const (
	UseWatch  Use = "watch"
	UseExport Use = "export"
)

// Errors of a folder.
var (
	ErrDenied = errors.New("kiosk: the folder may not be used without being granted again")
	ErrGone   = errors.New("kiosk: the folder is gone")
	ErrPart   = errors.New("kiosk: a folder within the folder cannot be read") // the listing has the others
	ErrUnable = errors.New("kiosk: the browser grants no folders")
)

// Backend is what the view needs of the browser. Calls return at once; answers run like methods of ui.Page. Choose, Grant and Full need to be
// called from a person's click or key.
type Backend interface {
	Wall() report.Time
	Now() float64
	// Keep stores the state so that the end of the power does not undo it.
	Keep(s State, answer func(error))
	Full(on bool)
	// Wake keeps the screen on.
	Wake(on bool)
	// Tone plays the sound of a mark's kind.
	Tone(kind string)
	// Frames has Kiosk.Frame told what the camera sees.
	Frames(on bool)

	Choose(use Use, answer func(name string, err error))
	Grant(use Use, answer func(error))
	// Listing lists the watched folder: what was not Settled, and now and then the rest.
	Listing(answer func([]Listed, error))
	Settle(path string)
	// Fetch brings a file that still is as it was listed. With an error it brings a source that fails when it is read.
	Fetch(f Listed, answer func(ui.Source, error))
	// Read reads the text file that was chosen in an input element, and empties that.
	Read(input vjs.Value, answer func(text string))
	Write(name string, data []byte, answer func(error))
	// WritePicture writes an annotated picture of an item into the folder for exports.
	WritePicture(name string, it *ui.Item, answer func(error))

	// Known tells which keys of files stand in the history; Lines reads the last lines before a number, 0 for the end.
	Known(keys []string, answer func([]bool, error))
	Lines(before int64, most int, answer func([]string, error))
	CheckPIN(p *policy.PIN, pin string, answer func(ok bool, err error))
}

// Kiosk is the view.
type Kiosk struct {
	Page    *ui.Page
	State   State
	Refused error // the policy was refused, and so is all work
	Menu    bool  // the menu is open
	Naming  bool  // the operator's name is being asked for
	Current *ui.Item
	Strip   []Past

	back  Backend
	log   *history.Log
	shown bool
	// restored tells that the state of the earlier visit is here.
	restored bool
	full     bool
	unable   bool              // the browser grants no folders
	pending  map[*ui.Item]bool // pictures that a person or the camera has taken and whose verdict was not shown yet
	unseen   map[*ui.Item]bool // verdicts that were not shown yet
	shots    int               // pictures on their way from the camera
	typed    string
	tally    tally
	folder   folder
	still    Still
	lock     lock
	export   export
	camera   struct{ retry float64 }

	retryPart float64 // the part is not loaded before
}

// keptItems is how many images stay in memory; their records are in the history.
const keptItems = 64

// New makes the view. log is the history's.
func New(p *ui.Page, log *history.Log, back Backend) (*Kiosk, ui.View) {
	k := &Kiosk{Page: p, back: back, log: log, folder: newFolder(), pending: map[*ui.Item]bool{}, unseen: map[*ui.Item]bool{}}
	p.Watch(ui.Watcher{Inspected: k.inspected, Recorded: k.recorded, Switched: k.switched})
	p.Guard = func(id string) bool { return id == ID || !k.Locked() }
	return k, ui.View{ID: "kiosk", Body: k, Class: func() string { return "kiosk-main" }, Bare: func() bool { return true }, Key: k.key,
		Stamp: p.Stamp, Shown: k.begin, Left: k.end, Take: k.take}
}

// ID is the view's.
const ID = "kiosk"

// Served is what the server said about a policy.
type Served struct {
	Asked  bool
	Text   string // "" for none
	Failed bool   // the server did not answer: what was accepted before stays
}

// Restore takes the state of an earlier visit and the server's policy, and goes to the kiosk when the page was left there, or asked for it.
func (k *Kiosk) Restore(s State, served Served, show bool) {
	k.State, k.restored = s, true // what is kept from here on has all of it
	k.still.Empty = s.Empty
	switch {
	case served.Asked && served.Text != "":
		k.SetPolicy(served.Text, true)
	case served.Asked && !served.Failed && s.Served:
		k.State.Policy, k.State.Served = "", false
		k.keep()
	case s.Policy != "":
		k.SetPolicy(s.Policy, s.Served)
	}
	switch {
	case k.shown: // by the address, before this was known
		k.begin()
	case show || s.On || k.Refused != nil:
		k.Page.Show(ID)
	}
}

// SetPolicy takes a policy file. One that is refused stops the station: it must not go on with less than it was told.
func (k *Kiosk) SetPolicy(text string, served bool) {
	p, err := policy.Decode([]byte(text))
	if err != nil {
		k.Refused = err
		return
	}
	k.Refused, k.Page.Policy = nil, p
	if k.State.Policy != text || k.State.Served != served {
		k.State.Policy, k.State.Served = text, served
		k.keep()
	}
}

// Import takes a policy that a person has chosen. One that is refused changes nothing.
func (k *Kiosk) Import(text string) {
	if _, err := policy.Decode([]byte(text)); err != nil {
		k.Page.Live = k.Page.Text.T("kiosk.policy.refused") + " " + err.Error()
		k.export.said = k.Page.Live
		return
	}
	k.SetPolicy(text, false)
	k.export.said = k.Page.Text.T("kiosk.policy.taken")
}

// allows are the triggers of the policy.
func (k *Kiosk) allows() policy.Triggers {
	if p := k.Page.Policy; p != nil {
		return p.Triggers
	}
	return policy.Default().Triggers
}

func (k *Kiosk) keep() {
	if k.restored { // else it would take the place of what is not read yet
		k.back.Keep(k.State, func(error) {})
	}
}

// begin runs when people come to the view.
func (k *Kiosk) begin() {
	k.shown = true
	if !k.restored {
		return
	}
	k.State.On = true
	k.keep()
	k.forget()
	k.folder.prune(k.Page)
	k.back.Wake(true)
	k.back.Full(true)
	if k.State.Camera {
		k.film(true)
	}
	k.recount()
	k.poll()
}

// end runs when they leave it, by the menu or by the browser's button: a page that is loaded again stays where they went. One that is closed is not left.
func (k *Kiosk) end() {
	k.shown, k.State.On = false, false
	k.keep()
	k.film(false)
	k.back.Wake(false)
	k.back.Full(false)
}

// forget lets go of what was inspected before people came, or with the part before: it stands in the strip, and another image may be selected.
func (k *Kiosk) forget() {
	k.Current = nil
	clear(k.pending)
	clear(k.unseen)
}

// Blocked is the key of why nothing may be inspected now, "" when it may.
func (k *Kiosk) Blocked() string {
	p := k.Page
	switch {
	case k.Refused != nil:
		return "kiosk.block.policy"
	case p.Phase == ui.Broken:
		return "kiosk.block.broken"
	case p.Phase != ui.Ready:
		return "kiosk.block.loading"
	case k.State.Head != "" && p.Part.HeadDigest != k.State.Head:
		return "kiosk.block.wait"
	case p.Policy != nil && !p.Policy.Allows(p.Part.Part, p.Part.HeadDigest):
		return "kiosk.block.part"
	case p.Policy != nil && p.Policy.Operator && p.Settings.Operator == "":
		return "kiosk.block.operator"
	}
	return ""
}

// Tick runs about twice a second; it returns whether something changed that is shown.
func (k *Kiosk) Tick() bool {
	if !k.shown || !k.restored {
		return false
	}
	before := k.stamp()
	now := k.back.Now()
	k.part()
	if from := k.begins(k.back.Wall()); from != k.tally.from && !k.tally.loading {
		k.recount()
	}
	k.mindCamera(now)
	if k.log.Problem != nil && now > k.export.retryLog {
		k.export.retryLog = now + 5000
		k.log.Retry()
	}
	if k.log.Problem != nil || k.log.Waiting() == 0 { // they cannot be stored, or were given up
		for _, it := range k.Page.Items() {
			if k.unseen[it] {
				k.show(it)
				break // Items is another list now; the others come with the next ticks
			}
		}
	}
	k.poll()
	k.exportDue()
	return before != k.stamp()
}

// cameraRetry is after how many milliseconds a camera that gives no picture is tried again.
const cameraRetry = 5000

func (k *Kiosk) mindCamera(now float64) {
	c, retry := &k.Page.Camera, &k.camera.retry
	switch {
	case !k.State.Camera || c.Problem == "":
		*retry = 0
	case *retry == 0:
		*retry = now + cameraRetry
	case now >= *retry && c.Problem != ui.CameraInsecure:
		*retry = 0
		k.film(true)
	}
}

func (k *Kiosk) stamp() any {
	return [9]any{k.Current, k.Blocked(), k.Clock(), k.Wait(), k.folder.problem, k.log.Problem == nil, k.tally.Counts, k.FolderLeft(), k.Page.Camera.Problem}
}

// part brings the part into use that was in use before, or the first one that the policy allows, when what was taken for the one in use is inspected.
func (k *Kiosk) part() {
	p := k.Page
	if p.Phase != ui.Ready || p.Switching() || p.Busy() {
		return
	}
	pol := p.Policy
	head := k.State.Head
	if head == "" || pol != nil && !k.allowedHead(head) {
		if pol == nil || pol.Allows(p.Part.Part, p.Part.HeadDigest) {
			k.State.Head = p.Part.HeadDigest
			k.keep()
			return
		}
		for _, l := range p.AllLoaded() {
			if pol.Allows(l.Part.Part, l.Part.HeadDigest) {
				k.State.Head = l.Part.HeadDigest
				k.keep()
				break
			}
		}
	}
	if now := k.back.Now(); k.State.Head != "" && k.State.Head != p.Part.HeadDigest && now >= k.retryPart && p.UseHead(k.State.Head) {
		k.retryPart = now + partRetry
	}
}

// partRetry is after how many milliseconds a part that was refused is loaded again.
const partRetry = 5000

func (k *Kiosk) allowedHead(head string) bool {
	for _, l := range k.Page.AllLoaded() {
		if l.Part.HeadDigest == head {
			return k.Page.Policy.Allows(l.Part.Part, head)
		}
	}
	return true // not known yet
}

// switched takes a part that a person has put into use. The verdict on the screen was of the one before.
func (k *Kiosk) switched(part protocol.LoadResult) {
	k.forget()
	if k.shown && k.Menu {
		k.State.Head = part.HeadDigest
		k.keep()
	}
}

// UsePart goes to a part, by its place among the loaded ones.
func (k *Kiosk) UsePart(head string) {
	k.State.Head, k.retryPart = head, 0
	k.keep()
	k.part()
}

// take takes images that were dropped, or come from the camera.
func (k *Kiosk) take(images []ui.Source) bool {
	switch {
	case k.shots > 0:
		k.shots--
	case k.Page.Policy != nil:
		k.Page.Live = k.Page.Text.T("kiosk.nodrop")
		return true
	}
	if k.Blocked() == "" {
		k.Page.Add(images...)
		all := k.Page.Items()
		for _, it := range all[max(len(all)-len(images), 0):] {
			k.pending[it] = true
		}
	}
	return true
}

// inspected hears of every verdict. It is shown when it stands in the history, or when it cannot be stored.
func (k *Kiosk) inspected(_ protocol.LoadResult, it *ui.Item) {
	k.fed(it) // also when people have left meanwhile
	if !k.shown {
		return
	}
	k.Page.Live = "" // the verdict is a live region itself, and would be said twice
	k.unseen[it] = true
	if k.log.Problem != nil || it.Recorded > 0 {
		k.show(it)
	}
}

func (k *Kiosk) recorded(it *ui.Item) {
	if key := history.FileKey(it.Src); key != "" {
		k.folder.finish(key)
		k.back.Settle(ui.PathOf(it.Src))
	}
	if !k.shown {
		return
	}
	k.count(it)
	k.show(it)
	k.savePicture(it)
	k.Page.Touch()
}

// show puts a verdict on the screen, once: one that could not be stored does not come back when there is room again.
func (k *Kiosk) show(it *ui.Item) {
	if !k.unseen[it] {
		return
	}
	delete(k.unseen, it)
	delete(k.pending, it)
	k.Current = it
	k.Page.Select(it.ID)
	k.Page.Live = "" // see inspected
	k.Page.Trim(keptItems)
	if k.Sound() {
		k.back.Tone(it.Kind())
	}
	k.Page.Touch()
}

// Sound tells whether tones are played.
func (k *Kiosk) Sound() bool {
	if p := k.Page.Policy; p != nil && p.Sound {
		return !k.State.Mute
	}
	return k.State.Sound
}

// trouble sets a problem. Troubles says it, in an alert.
func (k *Kiosk) trouble(at *string, key string) {
	if *at != key {
		*at = key
		k.Page.Touch()
	}
}

// problems are the keys of what errors of a folder mean: denied, gone, any other.
type problems [3]string

var (
	watchProblems  = problems{"kiosk.folder.denied", "kiosk.folder.gone", "kiosk.folder.failed"}
	exportProblems = problems{"kiosk.export.denied", "kiosk.export.gone", "kiosk.export.failed"}
)

// remedies say what a person can do about a problem.
var remedies = map[string]string{
	"kiosk.folder.denied": "kiosk.folder.denied.do", "kiosk.folder.gone": "kiosk.folder.gone.do", "kiosk.folder.failed": "kiosk.folder.failed.do",
	"kiosk.folder.part":   "kiosk.folder.part.do",
	"kiosk.export.denied": "kiosk.export.denied.do", "kiosk.export.gone": "kiosk.export.gone.do", "kiosk.export.failed": "kiosk.export.failed.do",
	"kiosk.export.none": "kiosk.export.none.do",
}

func (p problems) of(err error) string {
	switch {
	case errors.Is(err, ErrDenied):
		return p[0]
	case errors.Is(err, ErrGone):
		return p[1]
	}
	return p[2]
}

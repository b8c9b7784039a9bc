package kiosk

import (
	"strconv"
	"strings"

	"github.com/vugu/vugu"
	vjs "github.com/vugu/vugu/js"

	"anomnet/assets/messages"
	"anomnet/core/report"
	"anomnet/webui/ui"
)

// T is short for the catalogue's T.
func (k *Kiosk) T(key string, args ...string) string { return k.Page.Text.T(key, args...) }

// Kind is the look of the verdict: that of a mark, "" before the first, "blocked" when nothing may be inspected.
func (k *Kiosk) Kind() string {
	switch {
	case k.Blocked() != "":
		return "blocked"
	case len(k.pending) > 0 || k.shots > 0:
		return "working"
	case k.Current != nil:
		return k.Current.Kind()
	}
	return "idle"
}

// Mark is the kind of the mark.
func (k *Kiosk) Mark() string {
	switch kind := k.Kind(); kind {
	case "idle":
		return "waiting"
	case "blocked":
		return "failed"
	default:
		return kind
	}
}

// Word is what stands across the screen.
func (k *Kiosk) Word() string {
	switch k.Kind() {
	case "blocked":
		return k.T("kiosk.stopped")
	case "working":
		return k.T("kiosk.working")
	case "idle":
		return k.T("kiosk.idle")
	case "failed":
		return k.T("list.failed")
	}
	return k.Page.Verdict(k.Current.Result.Verdict)
}

// WordClass is the style of the word: short ones are larger. Chinese and Japanese characters are as wide as they are high.
func (k *Kiosk) WordClass() string {
	width := 0
	for _, r := range k.Word() {
		if width += 2; r >= 0x2e80 {
			width++
		}
	}
	if width > 6 {
		return "kiosk-word long"
	}
	return "kiosk-word"
}

// Sentence stands below the word.
func (k *Kiosk) Sentence() string {
	switch k.Kind() {
	case "blocked":
		return k.T(k.Blocked())
	case "working":
		return ""
	case "idle":
		return k.T(k.waitsFor())
	case "failed":
		return k.Page.What(k.Current.Err) + ". " + k.Page.Do(k.Current.Err)
	}
	return k.T("facts.relative.long", "ratio", k.Page.Ratio(k.Current))
}

// waitsFor is the key of what starts the next inspection.
func (k *Kiosk) waitsFor() string {
	switch {
	case k.State.Camera && k.State.Still && k.allows().Still:
		return "kiosk.idle.still"
	case k.State.Camera:
		return "kiosk.idle.key"
	case k.State.Folder != "":
		return "kiosk.idle.folder"
	}
	return "kiosk.idle.nothing"
}

// Name is the file of the verdict.
func (k *Kiosk) Name() string {
	if k.Current == nil || k.Kind() == "working" || k.Kind() == "blocked" {
		return ""
	}
	return k.Current.Src.Name()
}

// Pictured tells whether the picture of the verdict can be shown: it is the selected one.
func (k *Kiosk) Pictured() bool {
	return k.Current != nil && k.Current.State == ui.Done && k.Page.Selected() == k.Current
}

// Detail of a policy that was refused.
func (k *Kiosk) Detail() string {
	if k.Refused != nil {
		return k.Refused.Error()
	}
	return ""
}

// RecordedAttr is the number of the verdict's entry in the history; nil before there is one.
func (k *Kiosk) RecordedAttr() any {
	if k.Current == nil || k.Current.Recorded == 0 {
		return nil
	}
	return strconv.FormatInt(k.Current.Recorded, 10)
}

// Dialogs are what lies over the view.
func (k *Kiosk) Dialogs() vugu.Builder { return &Dialogs{k} }

// Dialogs asks for PIN and name, and is the menu.
type Dialogs struct{ *Kiosk }

// PickPolicy takes a policy file that was chosen.
func (c *Dialogs) PickPolicy(event vugu.DOMEvent) { c.back.Read(event.JSEventTarget(), c.Import) }

// Viewer has the texts and drawings of the picture.
func (k *Kiosk) Viewer() *ui.Viewer { return &ui.Viewer{Page: k.Page} }

// Count is a counter.
type Count struct{ Kind, Name, Value string }

// Counts are the counters in order.
func (k *Kiosk) Counts() []Count {
	c := k.tally.Counts
	n := k.Page.Text.Count
	out := []Count{{"ok", k.Page.Verdict("OK"), n(c.OK)}, {"review", k.Page.Verdict("REVIEW"), n(c.Review)}, {"ng", k.Page.Verdict("NG"), n(c.NG)}}
	if c.Failed > 0 {
		out = append(out, Count{"failed", k.T("list.failed"), n(c.Failed)})
	}
	share := "–"
	if c.Inspected() > 0 {
		share = k.Page.Text.Share(c.Yield())
	}
	return append(out, Count{"share", k.T("history.yield"), share})
}

// Span says what is counted.
func (k *Kiosk) Span() string {
	if k.State.Shift == 0 {
		return k.T("kiosk.today")
	}
	return k.T("kiosk.shift", "time", k.Page.Text.Time(report.Time{Milli: k.State.Shift, Offset: k.back.Wall().Offset}.Wall(), messages.Clock))
}

// Clock is the time of day.
func (k *Kiosk) Clock() string { return k.back.Wall().Wall().Format("15:04") }

// PastLabel describes an inspection of the strip.
func (k *Kiosk) PastLabel(p *Past) string {
	word := k.T("list.failed")
	if p.Kind != "failed" {
		word = k.Page.Verdict(strings.ToUpper(p.Kind))
	}
	return word + ", " + p.Name + ", " + p.Time.Wall().Format("15:04:05")
}

// PastTime is when it was.
func (k *Kiosk) PastTime(p *Past) string { return p.Time.Wall().Format("15:04:05") }

// Thumb draws its picture. Slots are apart from those of the list.
func (k *Kiosk) Thumb(el vjs.Value, p *Past) { k.Page.Thumb(el, 1_000_000+int(p.Seq), p.Item) }

// Film lets the camera's picture run in an element.
func (k *Kiosk) Film(el vjs.Value) { k.Page.Film(el) }

// FilmClass is the style of the camera's picture: large before the first verdict, then in a corner.
func (k *Kiosk) FilmClass() string {
	if k.Pictured() {
		return "live corner"
	}
	return "live"
}

// Trouble is a problem that people should know: what, what to do, and a way to do it.
type Trouble struct {
	Key, Text, Do string
	Fix           func() // nil where there is none
	Label         string
}

// Troubles are what goes wrong while work goes on.
func (k *Kiosk) Troubles() []Trouble {
	var out []Trouble
	if what, do := k.Page.CameraTrouble(); k.State.Camera && what != "" {
		out = append(out, Trouble{"camera", what, do, k.Reconnect, k.T("camera.again")})
	}
	if key := k.folder.problem; key != "" && k.State.Folder != "" {
		out = append(out, Trouble{"folder", k.T(key, "name", k.State.Folder), k.T(remedies[key]), k.GrantFolder, k.T("kiosk.grant")})
	}
	if key := k.export.problem; key == "kiosk.export.none" {
		t := Trouble{"export", k.T(key), k.T(remedies[key]), k.ChooseOutlet, k.T("kiosk.outlet.choose")}
		if k.unable {
			t.Do, t.Fix = k.T("kiosk.folder.unable"), nil
		}
		out = append(out, t)
	} else if key != "" {
		out = append(out, Trouble{"export", k.T(key, "name", k.State.Outlet), k.T(remedies[key]), k.GrantOutlet, k.T("kiosk.grant")})
	}
	if k.Page.LimitsMoved() {
		l, t := k.Page.Limits(), Trouble{Key: "limits", Do: k.T("kiosk.limits.do"), Label: k.T("limits.reset")}
		if t.Text = k.T("kiosk.limits", "review", k.Page.Raw(l.Review), "limit", k.Page.Raw(l.Limit)); !k.Locked() {
			t.Fix = k.Page.ResetLimits
		}
		out = append(out, t)
	}
	if k.log.Problem != nil {
		out = append(out, Trouble{"history", k.T("history.problem"), k.Page.Text.N("history.waiting", k.log.Waiting()), k.log.Retry, k.T("history.retry")})
	}
	return out
}

// Operator is the name in use, or a request for one.
func (k *Kiosk) Operator() string {
	if name := k.Page.Settings.Operator; name != "" {
		return name
	}
	return k.T("kiosk.operator.none")
}

// SetNaming opens or closes the dialog for the operator's name.
func (k *Kiosk) SetNaming(open bool) {
	if k.Naming != open {
		k.Naming, k.typed = open, k.Page.Settings.Operator
		k.Page.FocusView = !open
	}
}

// Typed is the name as it is typed.
func (k *Kiosk) Typed() string { return k.typed }

// Type takes the name as it is typed.
func (k *Kiosk) Type(s string) { k.typed = s }

// SetOperator takes the name that was typed.
func (k *Kiosk) SetOperator() {
	k.Page.SetOperator(k.typed)
	k.SetNaming(false)
}

// LockOpen tells whether the PIN is being asked for, and Typed what was typed.
func (k *Kiosk) LockOpen() bool { return k.lock.open }

// PIN is what was typed.
func (k *Kiosk) PIN() string { return k.lock.typed }

// Trying tells whether a PIN is being checked.
func (k *Kiosk) Trying() bool { return k.lock.busy }

// LockSays is what the dialog says about the last try.
func (k *Kiosk) LockSays() string {
	switch n := k.Wait(); {
	case k.Page.Policy == nil || k.Page.Policy.PIN == nil:
		return k.T("kiosk.block.policy")
	case n > 0:
		return k.Page.Text.N("kiosk.pin.wait", n)
	case k.lock.busy:
		return k.T("kiosk.pin.busy")
	case k.lock.wrong:
		return k.T("kiosk.pin.wrong")
	}
	return ""
}

// LockTold is LockSays for screen readers, which do not count the seconds.
func (k *Kiosk) LockTold() string {
	says, n := k.LockSays(), k.Wait()
	if n > 0 && says == k.Page.Text.N("kiosk.pin.wait", n) {
		return k.Page.Text.N("kiosk.pin.wait", k.lock.told)
	}
	return says
}

// Parts are the parts that may be used.
func (k *Kiosk) Parts() []ui.Loaded {
	var out []ui.Loaded
	for _, l := range k.Page.AllLoaded() {
		if p := k.Page.Policy; p == nil || p.Allows(l.Part.Part, l.Part.HeadDigest) {
			out = append(out, l)
		}
	}
	return out
}

// PartName tells parts of one name apart.
func (k *Kiosk) PartName(l ui.Loaded) string {
	return l.Part.Part + " · " + ui.Short(l.Part.HeadDigest)[:6]
}

// Said is what the menu has to say.
func (k *Kiosk) Said() string { return k.export.said }

// Triggers of the policy, for the menu.
func (k *Kiosk) MayStill() bool { return k.allows().Still }

// MayFolder tells whether a folder may be watched.
func (k *Kiosk) MayFolder() bool { return k.allows().Folder }

// KeyNames are the keys that start an inspection.
func (k *Kiosk) KeyNames() string {
	var names []string
	for _, key := range k.allows().Keys {
		if key == " " {
			key = k.T("kiosk.space")
		}
		names = append(names, key)
	}
	return strings.Join(names, ", ")
}

// Exports tells whether the policy wants exports.
func (k *Kiosk) Exports() bool { return k.Page.Policy != nil && k.Page.Policy.Export != nil }

// PolicyName says which policy is in force.
func (k *Kiosk) PolicyName() string {
	if p := k.Page.Policy; p != nil {
		if p.Name == "" {
			return k.T("kiosk.policy.unnamed")
		}
		return p.Name
	}
	return k.T("kiosk.policy.none")
}

// DeviceName is the name of a camera, or its place.
func (k *Kiosk) DeviceName(i int) string {
	if d := k.Devices()[i]; d.Name != "" {
		return d.Name
	}
	return k.T("camera.number", "n", strconv.Itoa(i+1))
}

// FolderText says what is watched.
func (k *Kiosk) FolderText() string {
	if k.State.Folder == "" {
		return ""
	}
	if n := k.FolderLeft(); n > 0 {
		return k.T("kiosk.folder.left", "name", k.State.Folder, "n", k.Page.Text.Count(n))
	}
	return k.T("kiosk.folder.watch", "name", k.State.Folder)
}

// FullText names the button for the full screen.
func (k *Kiosk) FullText() string {
	if k.full {
		return k.T("kiosk.window")
	}
	return k.T("kiosk.full")
}

package kiosk

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vugu/vugu"

	"anomnet/core/policy"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/dom/vdom"
	"anomnet/webui/history"
	"anomnet/webui/ui"
)

var bracket = protocol.LoadResult{Part: "Bracket", HeadDigest: strings.Repeat("ef", 32), BackboneDigest: strings.Repeat("cd", 32), Limit: 2, Review: 1.5, Calibration: 10}

// filmed is a station with a camera, and another part at hand.
func filmed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, nil, Served{})
	w.k.SetCamera(true)
	w.page.CameraRuns(640, 480, nil)
	w.page.Offer([]ui.Offer{{Part: bracket.Part, Head: bracket.HeadDigest, Backbone: bracket.BackboneDigest}})
	return w
}

// put lays files into the folder.
func (w *world) put(n int, prefix string) {
	for i := range n {
		name := fmt.Sprintf("%s%03d.png", prefix, i)
		w.files[name] = Listed{name, 100, w.milli - 10_000}
	}
}

// build makes the view as the renderer does.
func (w *world) build() {
	env, err := vugu.NewBuildEnv()
	require.NoError(w.t, err)
	w.page.Touch()
	_, err = vdom.Flatten(env.RunBuild(w.k))
	require.NoError(w.t, err)
}

// TestAnotherPart: the verdict on the screen is never one of the part that was in use before.
func TestAnotherPart(t *testing.T) {
	w := filmed(t)
	w.k.Shoot()
	w.work()
	require.Equal(t, "ok", w.k.Kind())
	w.build()
	w.k.UsePart(bracket.HeadDigest)
	w.page.Switched(bracket)
	assert.Equal(t, "idle", w.k.Kind())
	w.build()
}

// TestBackFromInspect: people leave the kiosk, look at other images or clear the list, and come back.
func TestBackFromInspect(t *testing.T) {
	w := filmed(t)
	w.k.Shoot()
	w.work()
	w.k.Leave()
	w.page.Clear()
	w.page.Show(ID)
	assert.Equal(t, "idle", w.k.Kind())
	w.build()
}

// TestLeaveByTheBrowser: whoever goes back to another view by the browser's button finds that view again when the page is loaded once more.
func TestLeaveByTheBrowser(t *testing.T) {
	w := filmed(t)
	require.True(t, w.kept.On)
	w.page.Show("history")
	assert.False(t, w.kept.On)
	w = newWorld(t, w, Served{})
	assert.Equal(t, "inspect", w.page.View().ID)
	w.page.Show(ID)
	w = newWorld(t, w, Served{})
	assert.Equal(t, ID, w.page.View().ID, "it was not left")
}

// TestLeaveDuringWork: what is inspected while nobody looks at the kiosk does not hold it up later.
func TestLeaveDuringWork(t *testing.T) {
	for name, meanwhile := range map[string]func(w *world){"finished": (*world).work, "cleared": func(w *world) { w.page.Clear(); w.work() }} {
		t.Run(name, func(t *testing.T) {
			w := filmed(t)
			w.k.Shoot()
			w.k.ChooseFolder()
			w.put(20, "a")
			w.tick()
			w.tick()
			require.Equal(t, "working", w.k.Kind())
			w.k.Leave()
			meanwhile(w)
			w.page.Show(ID)
			assert.Equal(t, "idle", w.k.Kind())
			for range 20 {
				w.tick()
				w.work()
			}
			assert.Len(t, w.keys, 20)
			assert.Zero(t, w.k.FolderLeft())
		})
	}
}

// TestPartAfterWhatWaits: files that were taken for a part are inspected with it before another comes into use.
func TestPartAfterWhatWaits(t *testing.T) {
	w := filmed(t)
	w.k.ChooseFolder()
	w.put(20, "a")
	w.tick()
	w.tick()
	require.Len(t, w.scores, 4, "and others wait")
	w.k.UsePart(bracket.HeadDigest)
	for range 20 {
		w.tick()
		w.work()
		if w.loads > 0 {
			w.loads = 0
			w.page.Switched(bracket)
		}
	}
	assert.Equal(t, bracket.HeadDigest, w.page.Part.HeadDigest)
	assert.Len(t, w.keys, 20)
	assert.Zero(t, w.k.FolderLeft())
}

// TestNoRoom: verdicts that cannot be stored are shown, once, and do not come back when there is room again.
func TestNoRoom(t *testing.T) {
	w := filmed(t)
	w.k.SetSound(true)
	w.tones = nil
	w.noRoom = errors.New("no room")
	for n := 1; n <= 3; n++ {
		w.k.Shoot()
		w.work()
		w.tick()
		assert.Equal(t, n, w.k.Current.ID)
		assert.Equal(t, "ok", w.k.Kind())
	}
	assert.Len(t, w.tones, 3)
	w.k.Shoot() // is being inspected when there is room
	w.noRoom = nil
	w.k.log.Retry()
	assert.Equal(t, "working", w.k.Kind(), "no verdict of a part before")
	w.work()
	assert.Equal(t, 4, w.k.Current.ID)
	assert.Len(t, w.tones, 4)
	assert.Equal(t, 4, w.k.tally.Inspected())
}

// TestNoRoomForDays: images do not pile up while nothing can be stored.
func TestNoRoomForDays(t *testing.T) {
	w := filmed(t)
	w.noRoom = errors.New("no room")
	for range 3 * keptItems {
		w.k.Shoot()
		w.work()
		w.tick()
	}
	assert.LessOrEqual(t, len(w.page.Items()), keptItems+1)
}

// TestLockClosedMeanwhile: a PIN that was being checked when its dialog was closed opens nothing.
func TestLockClosedMeanwhile(t *testing.T) {
	p := policy.Default()
	p.PIN = &policy.PIN{Rounds: policy.MinRounds, Salt: strings.Repeat("00", 16), Hash: digest}
	data, err := p.Encode()
	require.NoError(t, err)
	w := newWorld(t, nil, Served{Asked: true, Text: string(data)})
	w.slow = true
	w.k.OpenMenu()
	w.k.TypePIN("4711")
	w.k.TryPIN()
	w.k.CloseLock()
	w.checked()
	assert.False(t, w.k.Menu)
	assert.True(t, w.k.Locked())
	assert.Zero(t, w.kept.Lockout.Failures, "it was right all the same")
}

// forgetful is a browser that cannot read the history at first.
type forgetful struct {
	*world
	err error
}

func (f *forgetful) Lines(before int64, most int, answer func([]string, error)) {
	if f.err != nil {
		answer(nil, f.err)
		return
	}
	f.world.Lines(before, most, answer)
}

// TestCountersAfterAFault: a history that could not be read once does not leave counters at zero for the rest of the shift.
func TestCountersAfterAFault(t *testing.T) {
	w := filmed(t)
	w.k.Shoot()
	w.work()
	f := &forgetful{w, errors.New("busy")}
	w.k.back = f
	w.k.recount()
	w.tick()
	f.err = nil
	w.tick()
	assert.Equal(t, 1, w.k.tally.Inspected())
}

// TestMovedLimitsAreSaid: verdicts under limits that a reload would take away do not come without a word.
func TestMovedLimitsAreSaid(t *testing.T) {
	w := filmed(t)
	assert.Empty(t, w.k.Troubles())
	w.page.SetLimits(ui.Limits{Review: 0.5, Limit: 0.75})
	w.k.Shoot()
	w.work()
	assert.Equal(t, "ng", w.k.Kind())
	require.Len(t, w.k.Troubles(), 1)
	assert.Equal(t, "The limits were moved by hand: REVIEW above 0.5, NG above 0.75.", w.k.Troubles()[0].Text)
	w.build()
	w.page.Policy = &policy.Policy{PIN: &policy.PIN{}}
	require.True(t, w.k.Locked())
	assert.Nil(t, w.k.Troubles()[0].Fix)
	w.build()
	w.page.Policy = nil
	w.k.Troubles()[0].Fix()
	assert.Empty(t, w.k.Troubles())
	assert.Equal(t, "ok", w.k.Kind())
}

// Append is history.Backend's.
func (w *world) Append(drafts []protocol.Draft, answer func([]string, error)) {
	if w.writing {
		w.writing, w.stored = false, func() { w.Append(drafts, answer) }
		return
	}
	if w.noRoom != nil {
		answer(nil, w.noRoom)
		return
	}
	var lines []string
	for _, d := range drafts {
		if w.keys[d.File] {
			lines = append(lines, "")
			continue
		}
		at, err := report.ParseTime(d.Time)
		require.NoError(w.t, err)
		e, err := w.chain.Append(at, d.Operator, d.Kind, d.Payload)
		require.NoError(w.t, err)
		w.lines = append(w.lines, string(e.Line()))
		lines = append(lines, string(e.Line()))
		if d.File != "" {
			w.keys[d.File] = true
		}
	}
	answer(lines, nil)
}

// TestVerdictIsSaidOnce by the region that shows it, also while its entry is being stored.
func TestVerdictIsSaidOnce(t *testing.T) {
	w := filmed(t)
	for range 2 {
		w.writing = true
		w.k.Shoot()
		w.work()
		assert.Empty(t, w.page.Live)
		w.stored()
		assert.Equal(t, "ok", w.k.Kind())
		assert.Empty(t, w.page.Live)
	}
}

// TestTroubleIsSaidOnce by its alert, which knows the folder's name.
func TestTroubleIsSaidOnce(t *testing.T) {
	w := filmed(t)
	w.page.Live = ""
	w.k.ChooseFolder()
	w.err = ErrDenied
	w.tick()
	w.page.CameraFails(ui.CameraUnplugged, "")
	require.Len(t, w.k.Troubles(), 2)
	assert.Equal(t, "The permission for the folder watch is gone.", w.k.Troubles()[1].Text)
	assert.Empty(t, w.page.Live)
}

// TestRefusedPart is loaded again now and then, not all the time.
func TestRefusedPart(t *testing.T) {
	w := filmed(t)
	w.k.UsePart(bracket.HeadDigest)
	for range 22 { // eleven seconds
		w.page.Refused(protocol.Error{Code: protocol.CodeModelCorrupt})
		w.tick()
	}
	assert.Equal(t, 3, w.loads)
	assert.Equal(t, "kiosk.block.wait", w.k.Blocked())
	w.k.UsePart(digest)
	w.tick()
	assert.Empty(t, w.k.Blocked())
}

// TestGivenUp: a verdict whose entry was refused is shown, and does not hold up the next ones.
func TestGivenUp(t *testing.T) {
	w := filmed(t)
	w.noRoom = history.ErrRefused
	w.k.Shoot()
	w.work()
	require.NotZero(t, w.k.log.Lost)
	w.tick()
	assert.Equal(t, "ok", w.k.Kind())
}

// TestFolderChosenAgain: what is in work when a person chooses the same folder again is inspected once.
func TestFolderChosenAgain(t *testing.T) {
	w := newWorld(t, nil, Served{})
	w.k.ChooseFolder()
	w.put(8, "a")
	w.tick()
	w.tick()
	require.NotEmpty(t, w.scores)
	w.k.ChooseFolder()
	w.tick()
	for range 10 {
		w.work()
		w.tick()
	}
	assert.Equal(t, []int{8, 8}, []int{w.k.tally.Inspected(), w.fetches})
}

// slowFolder lists the folder when it is told to.
type slowFolder struct {
	*world
	listed []func()
}

func (f *slowFolder) Listing(answer func([]Listed, error)) {
	f.listed = append(f.listed, func() { f.world.Listing(answer) })
}

// TestFolderStoppedDuringALook: what the last look finds is not inspected any more.
func TestFolderStoppedDuringALook(t *testing.T) {
	w := newWorld(t, nil, Served{})
	slow := &slowFolder{world: w}
	w.k.back = slow
	w.k.ChooseFolder()
	w.put(8, "a")
	w.tick()
	require.Len(t, slow.listed, 1)
	w.k.StopFolder()
	slow.listed[0]()
	w.tick()
	assert.Zero(t, w.fetches)
	w.k.ChooseFolder()
	w.tick()
	require.Len(t, slow.listed, 2, "the next one is looked into")
	slow.listed[1]()
	assert.NotZero(t, w.fetches)
}

// TestEmptyPlaceWithoutACamera: the place that is known stays when the camera sees nothing.
func TestEmptyPlaceWithoutACamera(t *testing.T) {
	w := filmed(t)
	for range quietFrames + 1 {
		w.k.Frame(make([]byte, FrameWidth*FrameHeight))
	}
	require.Len(t, w.kept.Empty, FrameWidth*FrameHeight)
	w.page.CameraFails(ui.CameraUnplugged, "")
	w.k.Reconnect()
	w.k.SetEmpty()
	assert.Len(t, w.kept.Empty, FrameWidth*FrameHeight)
	assert.Equal(t, "The camera does not run. Switch it on in the menu.", w.k.Said())
}

// unable is a browser without a dialog for folders.
type unable struct{ *world }

func (unable) Choose(_ Use, answer func(string, error)) { answer("", ErrUnable) }

// TestBrowserWithoutFolders: the buttons say why nothing happens, the menu as long as it is open.
func TestBrowserWithoutFolders(t *testing.T) {
	p := policy.Default()
	p.Export = &policy.Export{CSV: true, Images: 1}
	text, err := p.Encode()
	require.NoError(t, err)
	w := newWorld(t, nil, Served{Asked: true, Text: string(text)})
	w.k.back = unable{w}
	w.tick()
	require.NotNil(t, w.k.Troubles()[0].Fix)
	w.k.Troubles()[0].Fix()
	assert.Nil(t, w.k.Troubles()[0].Fix)
	assert.Equal(t, "This browser cannot give a folder to the page. Use Chromium, Chrome or Edge.", w.k.Troubles()[0].Do)
	w.k.OpenMenu()
	w.k.ChooseFolder()
	assert.Equal(t, w.k.Troubles()[0].Do, w.k.Said())
	w.k.CloseMenu()
	w.k.OpenMenu()
	assert.Empty(t, w.k.Said())
}

// TestPartDuringAPicture: a part that comes to lie still while the picture of the one before is being made is inspected after it.
func TestPartDuringAPicture(t *testing.T) {
	w := filmed(t)
	w.k.SetStill(true)
	lies := func(tone byte) {
		grey := make([]byte, FrameWidth*FrameHeight)
		for i := range grey[:FrameWidth*20] {
			grey[i] = tone
		}
		for range quietFrames + 1 {
			w.k.Frame(grey)
		}
	}
	lies(0) // the empty place
	w.slow = true
	lies(100)
	require.Equal(t, 1, w.grabbed)
	lies(200)
	require.Equal(t, 1, w.grabbed, "one at a time")
	w.shot()
	lies(200)
	assert.Equal(t, 2, w.grabbed)
	w.shot()
	lies(200)
	assert.Equal(t, 2, w.grabbed, "once")
}

// TestNoVerdictDuringAPicture: from the press of the pedal on, the verdict of the part before is not on the screen.
func TestNoVerdictDuringAPicture(t *testing.T) {
	w := filmed(t)
	w.k.Shoot()
	w.work()
	require.Equal(t, "ok", w.k.Kind())
	w.slow = true
	w.k.Shoot()
	assert.Equal(t, "working", w.k.Kind())
	w.shot()
	assert.Equal(t, "working", w.k.Kind())
	w.work()
	assert.Equal(t, "ok", w.k.Kind())
	w.k.Shoot()
	w.page.CameraFails(ui.CameraFailed, "no PNG")
	w.k.Reconnect()
	assert.Equal(t, "ok", w.k.Kind())
}

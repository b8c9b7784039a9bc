package kiosk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vjs "github.com/vugu/vugu/js"

	"anomnet/assets/messages"
	"anomnet/core/audit"
	"anomnet/core/policy"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/history"
	"anomnet/webui/ui"
)

// world is the browser, the workers, the history and the folders, all without a browser.
type world struct {
	ui.Backend
	t       *testing.T
	page    *ui.Page
	k       *Kiosk
	milli   int64
	chain   audit.Chain
	lines   []string
	keys    map[string]bool
	files   map[string]Listed
	out     map[string]string
	kept    State
	err     error // of the folder
	writes  error
	fetches int
	tones   []string
	scores  []int
	full    bool
	pin     string
	grabbed int
	loads   int
	noRoom  error // of Append
	summer  int   // minutes that the clock is ahead
	writing bool  // Append does not answer before stored does
	stored  func()
	slow    bool // checked answers CheckPIN, shot brings the camera's picture
	checked func()
	shot    func()
}

type src struct {
	name  string
	stamp *Listed
}

func (s src) Name() string { return s.name }
func (s src) Stamp() (size, modified int64, ok bool) {
	if s.stamp == nil {
		return 0, 0, false
	}
	return s.stamp.Size, s.stamp.Modified, true
}

func (w *world) Wall() report.Time                                { return report.Time{Milli: w.milli, Offset: 60 + w.summer} }
func (w *world) Now() float64                                     { return float64(w.milli) }
func (w *world) Save(ui.Settings)                                 {}
func (w *world) EndFilm()                                         {}
func (w *world) Forget(int)                                       {}
func (w *world) Load([]ui.Source)                                 { w.loads++ }
func (w *world) Score(id int, _ ui.Source)                        { w.scores = append(w.scores, id) }
func (w *world) Keep(s State, answer func(error))                 { w.kept = s; answer(nil) }
func (w *world) Full(on bool)                                     { w.full = on }
func (w *world) Wake(bool)                                        {}
func (w *world) Tone(kind string)                                 { w.tones = append(w.tones, kind) }
func (w *world) Frames(bool)                                      {}
func (w *world) Choose(u Use, answer func(string, error))         { answer(string(u), nil) }
func (w *world) Grant(_ Use, answer func(error))                  { w.err = nil; answer(nil) }
func (w *world) Settle(string)                                    {}
func (w *world) Read(vjs.Value, func(string))                     {}
func (w *world) WritePicture(n string, _ *ui.Item, a func(error)) { w.out[n] = "png"; a(nil) }
func (w *world) CheckPIN(_ *policy.PIN, pin string, answer func(bool, error)) {
	w.checked = func() { answer(pin == w.pin, nil) }
	if !w.slow {
		w.checked()
	}
}

func (w *world) Shoot() {
	w.grabbed++
	w.shot = func() { w.page.Give(nil, []ui.Source{src{name: "camera.png"}}) }
	if !w.slow {
		w.shot()
	}
}

func (w *world) Listing(answer func([]Listed, error)) {
	var list []Listed
	for _, f := range w.files {
		list = append(list, f)
	}
	answer(list, w.err)
}

func (w *world) Fetch(f Listed, answer func(ui.Source, error)) {
	w.fetches++
	if now, ok := w.files[f.Path]; !ok || now != f {
		answer(src{f.Path, &f}, ErrGone)
		return
	}
	answer(src{f.Path, &f}, nil)
}

func (w *world) Write(name string, data []byte, answer func(error)) {
	if w.writes == nil {
		w.out[name] = string(data)
	}
	answer(w.writes)
}

func (w *world) Results(req protocol.ResultsRequest, b *report.Batch, _ *protocol.Page, answer func([]byte, error)) {
	if req.Form == protocol.FormCSV {
		answer(report.CSV(b, nil), nil)
		return
	}
	answer(report.JSON(b))
}

func (w *world) Known(keys []string, answer func([]bool, error)) {
	out := make([]bool, len(keys))
	for i, k := range keys {
		out[i] = w.keys[k]
	}
	answer(out, nil)
}

func (w *world) Lines(before int64, most int, answer func([]string, error)) {
	if before == 0 || before > int64(len(w.lines))+1 {
		if before > 0 {
			most -= int(before) - len(w.lines) - 1
		}
		before = int64(len(w.lines)) + 1
	}
	answer(w.lines[max(int(before)-1-most, 0):before-1], nil)
}

// books is history.Backend beside ui.Backend, whose Save has another form.
type books struct{ *world }

func (books) Save(string, func(error))                          {}
func (books) Load(int, func([]string, int64, error))            {}
func (books) Verify(string, func(protocol.VerifyResult, error)) {}

var digest = strings.Repeat("ab", 32)

// newWorld opens the page in the kiosk; old is a world whose disk is taken over.
func newWorld(t *testing.T, old *world, served Served) *world {
	t.Helper()
	w := &world{t: t, milli: time.Date(2026, 5, 4, 13, 0, 0, 0, time.UTC).UnixMilli(), keys: map[string]bool{}, files: map[string]Listed{}, out: map[string]string{}, pin: "4711"}
	if old != nil {
		w.milli, w.chain, w.lines, w.keys, w.files, w.out, w.kept = old.milli, old.chain, old.lines, old.keys, old.files, old.out, old.kept
	}
	text, err := messages.Load("en")
	require.NoError(t, err)
	w.page = ui.New(w, text, 4)
	hist := history.New(w.page, books{w})
	k, view := New(w.page, hist.Body.(*history.History).Log, w)
	w.k = k
	w.page.Register(hist, view)
	k.Restore(w.kept, served, old == nil)
	w.page.Loaded(protocol.LoadResult{Part: "Washer", HeadDigest: digest, BackboneDigest: strings.Repeat("cd", 32), Limit: 2, Review: 1.5, Calibration: 10})
	w.page.Settle(nil)
	w.tick()
	return w
}

// tick lets half a second pass.
func (w *world) tick() {
	w.milli += 500
	w.k.Tick()
}

// work answers everything that the workers have to do.
func (w *world) work() {
	for len(w.scores) > 0 {
		id := w.scores[0]
		w.scores = w.scores[1:]
		raw, verdict := float32(1), "OK"
		if id%4 == 0 {
			raw, verdict = 3, "NG"
		}
		w.page.Scored(id, protocol.ScoreResult{Raw: raw, Limit: 2, Review: 1.5, Ratio: float64(raw) / 2, Verdict: verdict, PValue: 0.5, Width: 4, Height: 3,
			SHA256: strings.Repeat("0f", 32)}, nil)
	}
}

func TestFolderIsInspectedOnce(t *testing.T) {
	w := newWorld(t, nil, Served{})
	w.k.ChooseFolder()
	w.put(20, "a")
	w.files["empty.png"] = Listed{"empty.png", 0, 0}
	w.files["notes.txt"] = Listed{"notes.txt", 10, 0}
	for range 20 {
		w.tick()
		w.work()
	}
	assert.Equal(t, 20, w.k.tally.Inspected())
	assert.Equal(t, 20, w.fetches)
	assert.Len(t, w.keys, 20)
	again := newWorld(t, w, Served{}) // the power was gone
	assert.Equal(t, ID, again.page.View().ID, "it opens where it was left")
	again.put(5, "b")
	again.files["a000.png"] = Listed{"a000.png", 100, again.milli - 5000} // written anew
	for range 20 {
		again.tick()
		again.work()
	}
	assert.Equal(t, 26, again.k.tally.Inspected())
	assert.Equal(t, 6, again.fetches)
	assert.Len(t, again.k.Strip, stripLength)
	_, err := audit.Verify(strings.NewReader(strings.Join(again.lines, "")), nil)
	assert.NoError(t, err)
}

// TestFolderForgets lets files come and go for weeks: what is remembered of them does not grow.
func TestFolderForgets(t *testing.T) {
	w := newWorld(t, nil, Served{})
	w.k.ChooseFolder()
	const batch, n = 100, maxDone + 300
	for i := range n / batch {
		clear(w.files)
		w.put(batch, fmt.Sprintf("%d-", i))
		for len(w.keys) < (i+1)*batch {
			w.tick()
			w.work()
		}
	}
	f := &w.k.folder
	assert.Equal(t, n, w.fetches)
	assert.Len(t, f.taken, maxDone)
	assert.LessOrEqual(t, len(f.seen), batch)
	clear(w.files)
	w.put(batch, "0-") // the same files, with another time
	w.put(batch, "1-")
	for path, one := range w.files {
		one.Modified = 0
		w.keys[one.Key()] = true // but the history knows them
		w.files[path] = one
	}
	w.tick()
	w.work()
	assert.Equal(t, n, w.fetches, "the history is asked about what was forgotten")
	assert.Len(t, f.taken, maxDone)
}

// TestAddressBeforeState: the address leads to the kiosk before the state of the earlier visit is read, which must not be lost.
func TestAddressBeforeState(t *testing.T) {
	text, err := messages.Load("en")
	require.NoError(t, err)
	w := &world{t: t, milli: 1e12, keys: map[string]bool{}, kept: State{On: true, Folder: "photos", Camera: true}}
	w.page = ui.New(w, text, 4)
	hist := history.New(w.page, books{w})
	k, view := New(w.page, hist.Body.(*history.History).Log, w)
	w.page.Register(hist, view)
	w.page.Show(ID)
	k.Tick()
	assert.Equal(t, "photos", w.kept.Folder)
	k.Restore(w.kept, Served{}, false)
	assert.Equal(t, "photos", w.kept.Folder)
	assert.True(t, w.page.Camera.Station, "the camera runs")
}

func TestFileThatIsStillWritten(t *testing.T) {
	w := newWorld(t, nil, Served{})
	w.k.ChooseFolder()
	for i := range 5 {
		w.files["a.png"] = Listed{"a.png", int64(100 + i), w.milli}
		w.tick()
		assert.Zero(t, w.fetches)
	}
	w.tick()
	assert.Equal(t, 1, w.fetches)
	delete(w.files, "b.png")
	w.files["b.png"] = Listed{"b.png", 5, w.milli - 9000}
	w.err = ErrDenied
	w.tick()
	require.Len(t, w.k.Troubles(), 1)
	assert.Equal(t, "folder", w.k.Troubles()[0].Key)
	w.k.Troubles()[0].Fix()
	w.tick()
	assert.Empty(t, w.k.Troubles())
	w.tick()
	w.work()
	assert.Equal(t, 2, w.k.tally.Inspected())
}

func TestPolicyBlocks(t *testing.T) {
	text := func(change func(p *policy.Policy)) Served {
		p := policy.Default()
		change(p)
		data, err := p.Encode()
		require.NoError(t, err)
		return Served{Asked: true, Text: string(data)}
	}
	for want, served := range map[string]Served{
		"":                     text(func(p *policy.Policy) { p.Parts = []policy.Part{{Name: "Washer"}} }),
		"kiosk.block.part":     text(func(p *policy.Policy) { p.Parts = []policy.Part{{Name: "Screw"}} }),
		"kiosk.block.operator": text(func(p *policy.Policy) { p.Operator = true }),
		"kiosk.block.policy":   {Asked: true, Text: "{}"},
	} {
		w := newWorld(t, nil, served)
		assert.Equal(t, want, w.k.Blocked())
		w.k.SetCamera(true)
		w.page.CameraRuns(640, 480, nil)
		assert.True(t, w.page.Press(" ", true, false))
		assert.Equal(t, want == "", w.grabbed == 1, want)
		if want == "kiosk.block.policy" {
			w.k.Leave()
			w.page.Show("history")
			assert.Equal(t, ID, w.page.View().ID, "a policy that was refused locks")
		}
	}
	w := newWorld(t, nil, text(func(p *policy.Policy) { p.Name = "A" }))
	w = newWorld(t, w, Served{Asked: true, Failed: true})
	require.NotNil(t, w.page.Policy, "no answer: what was accepted before stays")
	w = newWorld(t, w, Served{Asked: true})
	assert.Nil(t, w.page.Policy, "the server has none any more")
}

func TestLock(t *testing.T) {
	p := policy.Default()
	p.PIN = &policy.PIN{Rounds: policy.MinRounds, Salt: strings.Repeat("00", 16), Hash: digest}
	data, err := p.Encode()
	require.NoError(t, err)
	served := Served{Asked: true, Text: string(data)}
	w := newWorld(t, nil, served)
	try := func(pin string) {
		w.k.OpenMenu()
		w.k.TypePIN(pin)
		w.k.TryPIN()
	}
	for range 3 {
		try("0000")
	}
	assert.Equal(t, 10, w.k.Wait())
	w.milli += 4000
	assert.Equal(t, "Wrong too often. Wait 6 seconds.", w.k.LockSays())
	assert.Equal(t, "Wrong too often. Wait 10 seconds.", w.k.LockTold(), "said once, not each second")
	w.milli -= 4000
	try("4711")
	assert.False(t, w.k.Menu, "not even the right one while it is locked out")
	w = newWorld(t, w, served)
	assert.Equal(t, 10, w.k.Wait(), "a reload gives no new try")
	w.milli += 11_000
	try("0000")
	assert.Equal(t, 20, w.k.Wait())
	w.milli += 21_000
	w.page.Show("history")
	assert.Equal(t, ID, w.page.View().ID)
	try("4711")
	require.True(t, w.k.Menu)
	assert.Zero(t, w.kept.Lockout.Failures)
	w.k.CloseMenu()
	assert.True(t, w.k.Locked())
	try("4711")
	w.k.Leave()
	assert.Equal(t, "inspect", w.page.View().ID)
	assert.False(t, w.kept.On)
}

// shoot takes pictures and has them inspected.
func (w *world) shoot(n int) {
	for range n {
		w.k.Shoot()
		w.work()
	}
	w.tick()
}

// TestExportOfAPartThatIsGone: the rest of a day is exported at the next start, also when its part is not, or not yet, with the page. The entry that names the
// part is among those that were exported before.
func TestExportOfAPartThatIsGone(t *testing.T) {
	p := policy.Default()
	p.Export = &policy.Export{JSON: true, Images: 4, Minutes: 60}
	data, err := p.Encode()
	require.NoError(t, err)
	served := Served{Asked: true, Text: string(data)}
	w := newWorld(t, nil, served)
	w.k.ChooseOutlet()
	w.k.SetCamera(true)
	w.page.CameraRuns(640, 480, nil)
	w.tick()
	w.shoot(5)
	require.Len(t, w.out, 1)
	w.shoot(3)
	require.Len(t, w.out, 1, "too few, too early")
	gone := digest
	digest = strings.Repeat("ef", 32) // of the part that comes with the site
	defer func() { digest = gone }()
	w = newWorld(t, w, served)
	w.milli += 3_600_000
	w.tick()
	require.Len(t, w.out, 2)
	for name, text := range w.out {
		b, err := report.Parse([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, gone, b.Header.HeadSHA256)
		assert.Equal(t, "Washer", b.Header.Part)
		assert.Contains(t, map[int]bool{5: true, 3: true}, len(b.Records), name)
	}
}

func TestExport(t *testing.T) {
	p := policy.Default()
	p.Export = &policy.Export{CSV: true, JSON: true, Pictures: true, Images: 4, Minutes: 60}
	data, err := p.Encode()
	require.NoError(t, err)
	served := Served{Asked: true, Text: string(data)}
	w := newWorld(t, nil, served)
	w.tick()
	require.Len(t, w.k.Troubles(), 1, "no folder was chosen")
	w.k.ChooseOutlet()
	w.k.SetCamera(true)
	w.page.CameraRuns(640, 480, nil)
	w.tick()
	results := func() (n int, records int) {
		for name, text := range w.out {
			if strings.HasSuffix(name, ".json") {
				b, err := report.Parse([]byte(text))
				require.NoError(t, err)
				n, records = n+1, records+len(b.Records)
			}
		}
		return n, records
	}
	w.shoot(5)
	n, records := results()
	assert.Equal(t, [2]int{1, 5}, [2]int{n, records})
	w.writes = ErrDenied
	w.shoot(5)
	require.Len(t, w.k.Troubles(), 1)
	w = newWorld(t, w, served) // the power was gone before the permission was back
	w.milli += 11_000
	w.tick()
	n, records = results()
	assert.Equal(t, [2]int{2, 10}, [2]int{n, records}, "all that was inspected, once")
	pictures := 0
	for name := range w.out {
		if strings.HasSuffix(name, ".png") {
			pictures++
		}
	}
	assert.Equal(t, 10, pictures)
}

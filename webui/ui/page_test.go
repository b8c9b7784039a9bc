package ui

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vjs "github.com/vugu/vugu/js"

	"anomnet/assets/messages"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
)

type fakeFile string

func (f fakeFile) Name() string { return string(f) }

// fakeBackend remembers what the page asked for.
type fakeBackend struct {
	late      bool // thumbs answers Thumbs
	thumbs    func()
	scoring   []int
	forgotten []int
	clock     float64
	picked    func()
	loads     [][]Source
	drawn     []string
	lays      []Lay
	open      bool
	saved     Settings
	downloads []download
	results   []results
	broken    error // of Results
}

func (b *fakeBackend) Score(id int, _ Source)             { b.scoring = append(b.scoring, id) }
func (b *fakeBackend) Forget(id int)                      { b.forgotten = append(b.forgotten, id) }
func (b *fakeBackend) Load(models []Source)               { b.loads = append(b.loads, models) }
func (b *fakeBackend) Pick(vjs.Value)                     { b.picked() }
func (b *fakeBackend) Now() float64                       { return b.clock }
func (b *fakeBackend) Thumb(_ vjs.Value, _ int, it *Item) { b.note("thumb", it.ID, it.Src.Name()) }
func (b *fakeBackend) Sample(_ vjs.Value, src Source)     { b.note("sample", src.Name()) }
func (b *fakeBackend) Lay(_ vjs.Value, lay Lay)           { b.lays = append(b.lays, lay) }
func (b *fakeBackend) Dialog(_ vjs.Value, open bool)      { b.open = open }
func (b *fakeBackend) Save(s Settings)                    { b.saved = s }
func (b *fakeBackend) Picture(_ vjs.Value, it *Item)      { b.note("picture", it.ID) }
func (b *fakeBackend) Heat(_ vjs.Value, it *Item)         { b.note("heat", it.ID) }
func (b *fakeBackend) Opacity(_ vjs.Value, o float64)     { b.note("opacity", o) }
func (b *fakeBackend) note(v ...any)                      { b.drawn = append(b.drawn, fmt.Sprint(v...)) }

func (b *fakeBackend) Film(_ vjs.Value, device string) { b.note("film", device) }
func (b *fakeBackend) EndFilm()                        {}
func (b *fakeBackend) Shutter(vjs.Value)               {}
func (b *fakeBackend) Shoot()                          { b.note("shoot") }
func (b *fakeBackend) Series()                         { b.note("series") }

func (b *fakeBackend) Wall() report.Time {
	return report.Time{Milli: 1777896000000 + int64(b.clock), Offset: 120}
}

func (b *fakeBackend) Download(name, mime string, data []byte) {
	b.downloads = append(b.downloads, download{name, mime, data})
}

func (b *fakeBackend) Pictures(name string, items []*Item, _ *report.Batch) {
	b.note("pictures ", name, " ", len(items))
}

func (b *fakeBackend) Results(req protocol.ResultsRequest, batch *report.Batch, page *protocol.Page, answer func([]byte, error)) {
	b.results = append(b.results, results{req, batch, page})
	answer([]byte(req.Form), b.broken)
}

type results struct {
	req   protocol.ResultsRequest
	batch *report.Batch
	page  *protocol.Page
}

func (b *fakeBackend) Thumbs(items []*Item, answer func([]string)) {
	if b.thumbs = func() { answer(make([]string, len(items))) }; !b.late {
		b.thumbs()
	}
}

type download struct {
	name, mime string
	data       []byte
}

func newPage(t *testing.T, slots int) (*Page, *fakeBackend) {
	t.Helper()
	text, err := messages.Load("en")
	require.NoError(t, err)
	b := &fakeBackend{}
	return New(b, text, slots), b
}

func readyPage(t *testing.T, slots int) (*Page, *fakeBackend) {
	t.Helper()
	p, b := newPage(t, slots)
	p.Loaded(protocol.LoadResult{Part: "Washer", Tier: "generic", Calibration: 60, FalseRejectRate: 0.01, Centroids: 2048, Width: 256, Height: 192,
		HeadDigest: "0123456789abcdef", BackboneDigest: "fedcba9876543210", Method: "teach"})
	p.Settle([]Sample{{fakeFile("s1.jpg"), "good"}, {fakeFile("s2.jpg"), "defect"}})
	p.Count()
	return p, b
}

func score(verdict string, ratio float64) protocol.ScoreResult {
	raw := float32(2 * ratio)
	return protocol.ScoreResult{Raw: raw, RawBits: math.Float32bits(raw), Limit: 2, Review: 1.5, Ratio: ratio, PValue: 0.25, Verdict: verdict,
		Width: 640, Height: 480, MapW: 2, MapH: 2, MapLow: 1, MapHigh: 3, SHA256: "abcdefabcdefabcdef", Millis: 12.4}
}

func TestImagesWaitForTheModel(t *testing.T) {
	p, b := newPage(t, 1)
	p.Add(fakeFile("a"), fakeFile("b"))
	assert.Empty(t, b.scoring)
	p.Loaded(protocol.LoadResult{Part: "x"})
	assert.Equal(t, []int{1}, b.scoring)
	p.Scored(1, score("OK", 0.5), nil)
	assert.Equal(t, []int{1, 2}, b.scoring)
}

func TestSlotsAreKeptBusyAndNotExceeded(t *testing.T) {
	p, b := readyPage(t, 2)
	p.Add(fakeFile("a"), fakeFile("b"), fakeFile("c"), fakeFile("d"))
	assert.Equal(t, []int{1, 2}, b.scoring)
	p.Failed(2, protocol.Error{Code: protocol.CodeCorrupt})
	assert.Equal(t, []int{1, 2, 3}, b.scoring)
	assert.Equal(t, 2, p.Selected().ID, "the first answer is shown")
	assert.Contains(t, p.Live, "This image is damaged")
	p.Scored(3, score("NG", 1.2), nil)
	p.Scored(1, score("OK", 0.9), nil)
	p.Scored(4, score("REVIEW", 0.98), nil)
	assert.False(t, p.Busy())
	assert.Equal(t, "Finished. 4 images: 1 OK, 1 REVIEW, 1 NG, 1 failed.", p.Live)
}

func TestCancelKeepsWhatRunsAndWhatIsDone(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Add(fakeFile("a"), fakeFile("b"), fakeFile("c"))
	p.Scored(1, score("OK", 0.5), nil)
	p.Cancel()
	assert.Equal(t, []int{3}, b.forgotten)
	assert.True(t, p.Busy(), "one is still running")
	p.Scored(2, score("OK", 0.5), nil)
	assert.False(t, p.Busy())
	assert.Len(t, p.Items(), 2)
	p.Add(fakeFile("d"))
	assert.Equal(t, []int{1, 2, 4}, b.scoring)
}

func TestCancelAfterClearComesToAnEnd(t *testing.T) {
	p, _ := readyPage(t, 2)
	p.Add(fakeFile("a"), fakeFile("b"))
	p.Clear()
	p.Add(fakeFile("c"), fakeFile("d"), fakeFile("e"))
	p.Scored(1, score("OK", 0.5), nil)
	p.Cancel()
	require.Len(t, p.Items(), 1, "the job that runs for a cleared image is not one of these")
	p.Scored(2, score("OK", 0.5), nil)
	p.Scored(3, score("OK", 0.5), nil)
	assert.False(t, p.Busy())
}

func TestCancelOfTheSelectedImageSelectsAnother(t *testing.T) {
	p, _ := readyPage(t, 1)
	p.Add(fakeFile("a"), fakeFile("b"), fakeFile("c"))
	p.Scored(1, score("OK", 0.5), nil)
	p.Select(3)
	p.Cancel()
	require.NotNil(t, p.Selected(), "else the page says for ever that it inspects")
	assert.Equal(t, 1, p.Selected().ID)
}

func TestClearDropsLateAnswers(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Add(fakeFile("a"), fakeFile("b"))
	p.Clear()
	p.Add(fakeFile("c"))
	assert.Equal(t, []int{1}, b.scoring, "the worker is still busy with the old image")
	p.Scored(1, score("NG", 3), nil)
	assert.Equal(t, []int{1, 3}, b.scoring)
	assert.Equal(t, Working, p.Items()[0].State, "the late answer belongs to nobody")
	p.Scored(3, score("OK", 0.5), nil)
	assert.False(t, p.Busy())
}

func TestBrokenModelFailsEverything(t *testing.T) {
	p, b := newPage(t, 1)
	p.Add(fakeFile("a"))
	p.Fail(protocol.Error{Code: protocol.CodeModelCorrupt, Message: "byte 7"})
	p.Add(fakeFile("b"))
	for _, it := range p.Items() {
		assert.Equal(t, Failed, it.State)
		assert.Equal(t, protocol.CodeModelCorrupt, it.Err.Code)
	}
	assert.Empty(t, b.scoring)
	assert.False(t, p.Busy())
}

func TestSamplesMayComeLate(t *testing.T) {
	p, b := newPage(t, 1)
	p.Loaded(washer)
	tree := newView(t, p).tree()
	assert.NotContains(t, text(tree), "no sample images", "not known yet")
	assert.NotContains(t, text(tree), "since load", "something is still being fetched")
	p.Give([]Source{fakeFile("b.anomnet")}, []Source{fakeFile("a")})
	p.Switched(bracket)
	p.Settle([]Sample{{fakeFile("s1.jpg"), "good"}})
	p.Count()
	assert.Empty(t, p.Samples, "samples show the site's part")
	assert.Equal(t, []int{1}, b.scoring, "nothing waits for the samples")
	p.Scored(1, score("OK", 0.5), nil)
	p.Use(0)
	p.Switched(washer)
	assert.Len(t, p.Samples, 1)
	assert.Contains(t, text(newView(t, p).tree()), "0 requests since load")

	p, _ = newPage(t, 1)
	p.Loaded(washer)
	p.Settle(nil)
	p.Count()
	assert.Contains(t, text(newView(t, p).tree()), "no sample images")
}

// TestRandomWalk does random things and checks what must always hold.
func TestRandomWalk(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		p, b := newPage(t, 1+r.IntN(3))
		open := []int{}
		for range 200 {
			before := len(b.scoring)
			switch r.IntN(12) {
			case 0, 1, 2:
				p.Add(fakeFile("a"), fakeFile("b"))
			case 3:
				if p.Phase == Loading {
					p.Loaded(protocol.LoadResult{})
				}
			case 4, 5:
				if len(open) > 0 {
					p.Scored(open[0], score([]string{"OK", "REVIEW", "NG"}[r.IntN(3)], 1), nil)
					open = open[1:]
				}
			case 6:
				if len(open) > 0 {
					p.Failed(open[0], protocol.Error{Code: protocol.CodeEmpty})
					open = open[1:]
				}
			case 7:
				p.Press([]string{"j", "k", "1", "2", "3", "m", "Home", "End"}[r.IntN(8)], true, true)
			case 8:
				if r.IntN(4) == 0 {
					p.Cancel()
				} else if r.IntN(8) == 0 {
					p.Clear()
				}
			case 9:
				p.Give([]Source{fakeFile("m.anomnet")}, []Source{fakeFile("a")})
			case 10:
				if p.loading && r.IntN(3) == 0 {
					p.Refused(protocol.Error{Code: protocol.CodeModelCorrupt})
				} else if p.loading {
					require.Empty(t, open, "a part is loaded while an image is inspected, seed %d", seed)
					p.Switched(protocol.LoadResult{HeadDigest: strconv.Itoa(r.IntN(3))})
				}
			case 11:
				p.Use(r.IntN(4))
			}
			open = append(open, b.scoring[before:]...)
			checkInvariants(t, p, open, seed)
		}
	}
}

func checkInvariants(t *testing.T, p *Page, open []int, seed uint64) {
	t.Helper()
	require.LessOrEqual(t, len(open), p.slots, "seed %d", seed)
	waiting := 0
	for _, it := range p.Items() {
		switch it.State {
		case Working:
			require.True(t, slices.Contains(open, it.ID), "seed %d", seed)
		case Waiting:
			waiting++
		}
	}
	if p.Phase == Ready && waiting > 0 && len(p.drops) == 0 {
		require.Equal(t, p.slots, len(open), "a worker idles while images wait, seed %d", seed)
	}
	if it := p.Selected(); it != nil {
		require.Contains(t, p.Items(), it, "seed %d", seed)
	}
	checkList(t, p.List, seed)
	done, total := p.Progress()
	require.LessOrEqual(t, done, max(total, 0), "seed %d", seed)
	if len(p.drops) > 0 && p.Phase == Ready && len(open) == 0 {
		require.True(t, p.loading, "a part waits for nothing, seed %d", seed)
	}
}

func TestKeys(t *testing.T) {
	p, _ := readyPage(t, 4)
	assert.False(t, p.Press("j", true, true), "nothing to move through")
	p.InspectSamples()
	p.Add(fakeFile("c"))
	p.Scored(1, score("OK", 0.5), nil)
	p.Scored(2, score("NG", 1.5), nil)
	p.Scored(3, score("OK", 0.6), nil)
	for _, step := range []struct {
		key  string
		want int
	}{{"j", 2}, {"ArrowRight", 3}, {"j", 3}, {"k", 2}, {"Home", 1}, {"ArrowUp", 1}, {"End", 3}, {"1", 2}, {"j", 2}, {"1", 2}, {"3", 1}, {"J", 3}} {
		assert.True(t, p.Press(step.key, true, true), step.key)
		assert.Equal(t, step.want, p.Selected().ID, step.key)
	}
	assert.False(t, p.Press("x", true, true))
	p.Press("m", true, true)
	assert.Zero(t, p.Look.HeatOpacity())
	p.Press("m", true, true)
	assert.Equal(t, 0.65, p.Look.HeatOpacity())
	p.Press("b", true, true)
	assert.Zero(t, p.Look.HeatOpacity())
	p.Press("b", false, true)
	assert.Equal(t, 0.65, p.Look.HeatOpacity())
}

func TestTimeLeft(t *testing.T) {
	p, b := readyPage(t, 1)
	b.clock = 1000
	for range 12 {
		p.Add(fakeFile("a"))
	}
	p.Scored(1, score("OK", 0.5), nil)
	assert.Zero(t, p.SecondsLeft(), "one image says little")
	b.clock = 3000
	p.Scored(2, score("OK", 0.5), nil)
	assert.Equal(t, 10, p.SecondsLeft())
}

func TestWords(t *testing.T) {
	p, _ := readyPage(t, 1)
	it := func(v string, ratio float64) *Item { return &Item{State: Done, Result: score(v, ratio)} }
	assert.Equal(t, "0.87", p.Ratio(it("OK", 0.8654)))
	assert.Equal(t, "1.0004", p.Ratio(it("NG", 1.0004)), "a score above the limit never reads 1.00")
	assert.Equal(t, "1.000004", p.Ratio(it("NG", 1.0000037)))
	assert.Equal(t, "0.999", p.Ratio(it("REVIEW", 0.999)))
	assert.Equal(t, "1.00", p.Ratio(it("REVIEW", 1)))
	assert.Equal(t, "1", p.Percent(0.01))
	assert.Equal(t, "0.5", p.Percent(0.005))
	assert.Equal(t, "0.125", p.Percent(0.00125))
	assert.Equal(t, "0.0040", p.PValue(0.004))
	assert.Equal(t, "0.250", p.PValue(0.25))
	p.SetLanguage("de")
	assert.Equal(t, "0,87", p.Ratio(it("OK", 0.8654)))
	assert.Equal(t, "1,7308", p.Raw(1.7308))
	p.SetLanguage("xx")
	assert.Equal(t, "de", p.Text.Lang, "an unknown language changes nothing")
}

// checkList compares the list with what it would be when built from the start.
func checkList(t *testing.T, l *List, seed uint64) {
	t.Helper()
	counts := map[string]int{}
	var want []*Item
	for _, it := range l.all {
		counts[it.group()]++
		if l.fits(it) {
			want = append(want, it)
		}
	}
	slices.SortFunc(want, l.compare)
	require.True(t, slices.Equal(want, l.shown), "seed %d", seed)
	for g, n := range l.counts {
		require.Equal(t, counts[g], n, "%s, seed %d", g, seed)
	}
	from, to := l.Window()
	require.True(t, 0 <= from && from <= to && to <= len(l.shown), "%d to %d of %d, seed %d", from, to, len(l.shown), seed)
}

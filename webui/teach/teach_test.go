package teach

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vjs "github.com/vugu/vugu/js"

	"anomnet/assets/messages"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/ui"
)

type fakeFile string

func (f fakeFile) Name() string { return string(f) }

// pageBackend is as much of ui.Backend as these tests need.
type pageBackend struct {
	ui.Backend
	loads int
}

func (b *pageBackend) Now() float64          { return 0 }
func (b *pageBackend) Wall() (t report.Time) { return t }
func (b *pageBackend) Load([]ui.Source)      { b.loads++ }
func (b *pageBackend) Score(int, ui.Source)  {}
func (b *pageBackend) Forget(int)            {}
func (b *pageBackend) Save(ui.Settings)      {}

// fakeBackend remembers what the view asked for.
type fakeBackend struct {
	computes  []int
	shapes    []protocol.Shape
	copies    []protocol.Copies
	backbones []string
	drops     []int
	fits      []Fit
	stops     int
	drafts    []store.Draft
	ended     []string
	forgot    []string // keys
	reopened  string
	saves     []Save
	parts     []store.Part
	fresh     int
}

func (b *fakeBackend) Compute(id int, _ ui.Source, _ string, req protocol.FeaturesRequest) {
	b.computes, b.shapes, b.copies = append(b.computes, id), append(b.shapes, req.Shape), append(b.copies, req.Copies)
	b.backbones = append(b.backbones, req.Backbone)
}
func (b *fakeBackend) Drop(id int)             { b.drops = append(b.drops, id) }
func (b *fakeBackend) Fit(f Fit)               { b.fits = append(b.fits, f) }
func (b *fakeBackend) StopFit()                { b.stops++ }
func (b *fakeBackend) KeepDraft(d store.Draft) { b.drafts = append(b.drafts, d) }
func (b *fakeBackend) EndDraft(id string, keys []string) {
	b.ended, b.forgot = append(b.ended, id), keys
}
func (b *fakeBackend) Reopen(id string) { b.reopened = id }
func (b *fakeBackend) Part(id string) *store.Part {
	if i := slices.IndexFunc(b.parts, func(p store.Part) bool { return p.ID == id }); i >= 0 {
		return &b.parts[i]
	}
	return nil
}
func (b *fakeBackend) Save(s Save)                    { b.saves = append(b.saves, s) }
func (b *fakeBackend) Download(string, float64)       {}
func (b *fakeBackend) Thumb(vjs.Value, string, *Shot) {}
func (b *fakeBackend) Whole(vjs.Value, string, *Shot) {}
func (b *fakeBackend) Pad(vjs.Value)                  {}
func (b *fakeBackend) Clock() float64                 { return 1000 }
func (b *fakeBackend) Now() float64                   { return 0 }
func (b *fakeBackend) Fresh() string                  { b.fresh++; return fmt.Sprint("draft-", b.fresh) }

func newView(t *testing.T) (*View, *fakeBackend, *ui.Page) {
	t.Helper()
	text, err := messages.Load("en")
	require.NoError(t, err)
	p := ui.New(&pageBackend{}, text, 1)
	b := &fakeBackend{}
	v, view := New(p, b)
	p.Register(view)
	p.Loaded(protocol.LoadResult{Part: "Washer", HeadDigest: "w", BackboneDigest: "bb"})
	return v, b, p
}

func sources(from, n int) []ui.Source {
	var out []ui.Source
	for i := range n {
		out = append(out, fakeFile(fmt.Sprintf("img-%02d.png", from+i)))
	}
	return out
}

func sha(i int) string { return fmt.Sprintf("%08x%056d", i+1, 0) }

// answer computes all images that wait.
func answer(v *View, b *fakeBackend) {
	for _, id := range b.computes {
		if s := v.shot(id); s != nil && s.State == Waiting {
			v.Computed(id, protocol.FeaturesResult{SHA256: sha(id), Width: 640, Height: 480}, v.Shape, false)
		}
	}
}

func fitResult(n, checks int) protocol.FitResult {
	r := protocol.FitResult{Model: protocol.Model{Head: "h1", Backbone: "bb", Rate: 0.01, Limit: 3, Shape: defaultShape()}}
	for i := range n {
		r.Scores, r.Images = append(r.Scores, 1+0.1*float32(i)), append(r.Images, n-1-i)
		r.Look = append(r.Look, i)
	}
	r.Look = r.Look[:min(n, 10)]
	for range checks {
		r.Checks = append(r.Checks, 50)
	}
	return r
}

// TestUpright: of a part that always lies the same way no copies are made, and further versions are taught so, too.
func TestUpright(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 5))
	assert.Equal(t, protocol.CopiesAll, v.shots[0].asked)
	answer(v, b)
	v.SetUpright(true)
	v.Take(sources(5, 2))
	assert.Equal(t, protocol.CopiesNone, v.shots[6].asked)
	answer(v, b)
	assert.True(t, b.drafts[len(b.drafts)-1].Upright)
	v.Teach()
	require.Len(t, b.fits, 1)
	assert.True(t, b.fits[0].Req.Upright)
	v.SetUpright(false)
	assert.True(t, v.Upright, "not during a fit")
	v.Fitted(v.lastFit, fitResult(7, 0))
	v.SetUpright(false)
	assert.True(t, v.stale)
	v.Teach()
	assert.Equal(t, protocol.CopiesAll, v.shots[6].asked, "which now are needed")

	v, _, _ = newView(t)
	v.Again(&store.Part{ID: "p1", Use: 1, Shape: defaultShape(), Versions: []store.Version{{N: 1, Head: "h1", Backbone: "bb", Upright: true}}})
	assert.True(t, v.Upright)
	v.Clear()
	assert.False(t, v.Upright)
}

func TestTeach(t *testing.T) {
	v, b, _ := newView(t)
	v.SetName("Bracket")
	assert.Empty(t, b.drafts, "a name alone is not worth keeping")
	srcs := sources(0, 4)
	srcs[0], srcs[3] = srcs[3], srcs[0]
	require.True(t, v.Take(srcs))
	assert.False(t, v.Ready())
	v.Teach()
	assert.Nil(t, v.fit)
	v.Take(sources(4, 3))
	assert.True(t, v.Ready())
	assert.Equal(t, "img-00.png", v.shots[0].Name, "in the order of their names, as on the command line")
	v.Teach()
	assert.Empty(t, b.fits, "the features come first")
	answer(v, b)
	require.Len(t, b.fits, 1)
	f := b.fits[0]
	assert.Equal(t, 7, f.Req.Good)
	assert.Equal(t, "Bracket", f.Req.Part)
	assert.Equal(t, "bb", f.Req.Backbone)
	assert.Equal(t, store.Key(sha(v.shots[0].ID)), f.Good[0])
	assert.Zero(t, f.Req.Revision)
	v.Reported(v.lastFit, protocol.Progress{Stage: "calibration", Done: 3, Total: 9})
	assert.Equal(t, "Scoring held-out images…", v.ProgressText())
	v.Fitted(v.lastFit, fitResult(7, 0))
	require.True(t, v.Done())
	odd := v.result.Odd()
	assert.Equal(t, v.shots[0], odd[0].Shot, "the highest score belongs to image 0")
	v.result.Look, v.result.FitResult.Odd = []int{2, 5, 1, 6, 0}, []int{6, 5}
	var order []*Shot
	for _, o := range v.result.Odd() {
		order = append(order, o.Shot)
	}
	assert.Equal(t, []*Shot{v.shots[5], v.shots[6], v.shots[0], v.shots[1], v.shots[2]}, order, "unlike the others, then by score")

	out := &Outcome{v}
	assert.Contains(t, out.Sentence(), "1 %")
	assert.Contains(t, out.Warning(), "7 images cannot promise 1 %: that takes 99")
	v.SetRate(len(Rates()) - 1)
	assert.Contains(t, out.Warning(), "that takes 19")
	v.Save()
	require.Len(t, b.saves, 1)
	assert.Equal(t, 0.05, b.saves[0].Rate)
	v.Save()
	assert.Len(t, b.saves, 1, "once")
	p := &store.Part{ID: v.id, Name: "Bracket", Use: 1, Versions: []store.Version{{N: 1, Head: "h1"}}}
	v.Saved(p)
	assert.Equal(t, "Saved on this device: Bracket v1.", out.SavedText())

	v.Remove(odd[0].Shot)
	assert.True(t, v.stale)
	assert.Empty(t, out.SavedText(), "it is not what is shown any more")
	assert.Equal(t, "Teach again without 1 image", out.RefitText())
	v.Teach()
	require.Len(t, b.fits, 2)
	assert.Equal(t, 6, b.fits[1].Req.Good)
	assert.Equal(t, 1, b.fits[1].Req.Revision, "a child of what was saved")
	assert.Equal(t, "h1", b.fits[1].Req.Parent)
	v.StopFit()
	assert.Equal(t, 1, b.stops)
	v.NotFitted(v.lastFit, protocol.Error{Code: protocol.CodeCancelled})
	assert.Empty(t, v.Problem())
}

// TestMoreImagesThanALessonTakes: the request would not encode, which ends the page's program.
func TestMoreImagesThanALessonTakes(t *testing.T) {
	v, b, _ := newView(t)
	require.True(t, v.Take(sources(0, protocol.MaxTaught+1)))
	v.Teach()
	answer(v, b)
	assert.Empty(t, b.fits)
	assert.Nil(t, v.fit)
	assert.Contains(t, v.Problem(), "too many")
	v.Remove(v.shots[0])
	v.Teach()
	require.Len(t, b.fits, 1)
	_, err := protocol.Encode(b.fits[0].Req)
	assert.NoError(t, err)
}

func TestCopiesAndBrokenFiles(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 6))
	for i, id := range b.computes {
		switch i {
		case 1:
			v.Computed(id, protocol.FeaturesResult{SHA256: sha(b.computes[0]), Width: 10, Height: 10}, v.Shape, false)
		case 2:
			v.NotComputed(id, protocol.Error{Code: protocol.CodeCorrupt})
		default:
			v.Computed(id, protocol.FeaturesResult{SHA256: sha(id), Width: 10 * (i + 1), Height: 10}, v.Shape, i == 5)
		}
	}
	assert.Equal(t, 4, v.Count(false))
	assert.Equal(t, "1 more is needed.", v.Missing())
	notes := v.Notes()
	require.Len(t, notes, 4)
	assert.Contains(t, notes[0], "1 file was there already")
	assert.Contains(t, notes[1], "1 file could not be read")
	assert.Contains(t, notes[2], "different proportions")
	assert.Contains(t, notes[3], "no room")
	assert.Len(t, b.drafts[len(b.drafts)-1].Good, 4, "what fails is not kept")
}

func TestShapeIsComputedAnew(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 2))
	v.Computed(b.computes[0], protocol.FeaturesResult{SHA256: sha(0), Width: 1, Height: 1}, v.Shape, false)
	old := v.Shape
	(&Learn{v}).SetSide("320")
	assert.Len(t, b.computes, 4)
	assert.Equal(t, 320, b.shapes[3].Height)
	v.Computed(b.computes[1], protocol.FeaturesResult{SHA256: sha(1)}, old, false)
	assert.Equal(t, Waiting, v.shots[1].State, "an answer for the shape before")
	answer(v, b)
	assert.False(t, v.Computing())
	assert.Equal(t, Done, v.shots[1].State)
}

func TestResume(t *testing.T) {
	v, b, p := newView(t)
	d := store.Draft{ID: "d9", Name: "Angle", Shape: protocol.Shape{Width: 320, Height: 320, Mode: "fit"}, Rate: 0.05, Backbone: "bb",
		Good: []store.Shot{{Key: "k1", SHA: "k1", Name: "a"}}, Bad: []store.Shot{{Key: "k2", SHA: "k2", Name: "b"}}}
	v.Drafts([]store.Draft{d, {ID: "empty"}})
	require.Len(t, v.drafts, 1)
	v.Resume(d)
	assert.Empty(t, v.drafts)
	assert.Equal(t, "d9", v.id)
	assert.Equal(t, 1, v.Count(false))
	assert.Equal(t, 1, v.Count(true))
	assert.True(t, v.Locked(), "the images are not at hand")
	(&Learn{v}).SetGray(true)
	assert.False(t, v.Shape.Gray)
	assert.Equal(t, 0.05, v.rate())
	v.Clear()
	assert.Empty(t, v.shots)
	assert.Empty(t, b.ended, "it can be brought back")
	v.Take(sources(30, 1))
	assert.Equal(t, []string{"d9"}, b.ended)

	large := protocol.Shape{Width: 512, Height: 512, Mode: "fit"}
	part := store.Part{ID: "p1", Name: "Bracket", Use: 2, Shape: d.Shape, Bad: []string{"k2"}, Shots: append(d.Good, d.Bad...),
		Versions: []store.Version{{N: 1, Head: "h1"}, {N: 2, Head: "h2", Backbone: "bb", Good: []string{"k1"}, Rate: 0.01, Revision: 1, Shape: &large}}}
	v.Again(&part)
	assert.Equal(t, large, v.Shape, "of the version, which was taught at another size than the first")
	assert.Equal(t, "teach", p.View().ID)
	assert.Equal(t, "p1", v.id)
	assert.Equal(t, 1, v.Count(true))
	v.Take(sources(0, 4))
	answer(v, b)
	v.Teach()
	require.Len(t, b.fits, 1)
	assert.Equal(t, 2, b.fits[0].Req.Revision)
	assert.Equal(t, "h2", b.fits[0].Req.Parent)
	assert.Equal(t, []string{"k2"}, b.fits[0].Bad)

	v, b, _ = newView(t) // the tab was closed before it was saved
	b.parts = []store.Part{part}
	v.Resume(store.Draft{ID: "p1", Name: "Bracket", Shape: large, Rate: 0.01, Backbone: "bb", Good: d.Good})
	assert.Contains(t, (&Body{v}).Further(), "Bracket")
	v.Take(sources(0, 4))
	answer(v, b)
	v.Teach()
	require.Len(t, b.fits, 1)
	assert.Equal(t, 2, b.fits[0].Req.Revision)
	assert.Equal(t, "h2", b.fits[0].Req.Parent)
}

func TestConfusionAndRecall(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 20))
	v.toBad = true
	v.Take(sources(20, 2))
	answer(v, b)
	v.Teach()
	require.Len(t, b.fits, 1)
	assert.Equal(t, 20, b.fits[0].Req.Good)
	assert.Len(t, b.fits[0].Bad, 2)
	r := fitResult(20, 2)
	r.Same, r.Odd, r.Groups, r.Sizes = [][2]int{{3, 7}}, []int{0}, 2, []int{5}
	v.Fitted(v.lastFit, r)
	out := &Outcome{v}
	assert.Equal(t, "1 image is the same picture as another, such as img-03.png and img-07.png. Copies teach nothing new.", out.Same())
	assert.Equal(t, "looks unlike the others", out.OddNote(v.result.Odd()[0]))
	assert.True(t, out.Groups())
	assert.Empty(t, out.Turned())
	v.result.Turned = true
	assert.Contains(t, out.Turned(), "choose “The part always lies the same way” under “Size, cropping and orientation”")
	assert.Contains(t, out.Sizes(), "1 image has a very different size or shape, such as img-05.png")
	assert.Equal(t, "2 of 2 found (NG), 0 for review", out.Recall())
	good, bad := v.result.Confusion()
	assert.Equal(t, 20, good[0]+good[1]+good[2])
	assert.Equal(t, [3]int{0, 0, 2}, bad)
	for i := range Rates() { // a limit is a score: it and what lies above share a bin
		out.SetRate(i)
		seen := map[string]bool{}
		for _, b := range out.Bars() {
			seen[b.Class] = true
		}
		good, _ := v.result.Confusion()
		for k, class := range []string{"ok", "review", "ng"} {
			assert.Equal(t, good[k] > 0, seen[class], "%s at %v", class, Rates()[i])
		}
	}
	assert.Len(t, out.Marks(), 2)
	v.Remove(v.pick(true)[0])
	assert.True(t, v.stale)
	v.NotSaved(v.id, true, protocol.Error{Code: protocol.CodeStorageFull})
	assert.True(t, out.Full())
}

func TestNeeded(t *testing.T) {
	for rate, want := range map[float64]int{0.01: 99, 0.05: 19, 0.001: 999, 0.02: 49} {
		assert.Equal(t, want, Needed(rate))
	}
}

// TestCopiesFollowTheNumberOfImages: many images are asked for few copies; when some are taken out, the rest get what they lack before the fit.
func TestCopiesFollowTheNumberOfImages(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 60))
	assert.Equal(t, slices.Repeat([]protocol.Copies{protocol.CopiesD4}, 60), b.copies)
	answer(v, b)
	for _, s := range v.live()[50:] {
		v.Remove(s)
	}
	v.Teach()
	assert.Empty(t, b.fits)
	assert.Equal(t, slices.Repeat([]protocol.Copies{protocol.CopiesAll}, 50), b.copies[60:])
	answer(v, b)
	require.Len(t, b.fits, 1)
	assert.Len(t, b.fits[0].Good, 50)
	v.Fitted(v.lastFit, fitResult(50, 0))
	v.Restore(v.shots[55])
	v.Teach()
	require.Len(t, b.fits, 2, "more copies than are called for do no harm")
	assert.Len(t, b.fits[1].Good, 51)
}

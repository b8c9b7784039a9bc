package teach

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets/messages"
	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/ui"
)

type fakeCorrector struct {
	parts  map[string]*store.Part // by head
	learns [][]*ui.Item
	marks  []bool
	chosen []int
}

func (c *fakeCorrector) Kept(head string) *store.Part         { return c.parts[head] }
func (c *fakeCorrector) Learn(_ store.Part, items []*ui.Item) { c.learns = append(c.learns, items) }
func (c *fakeCorrector) Mark(_ store.Part, _ *ui.Item, caught bool) {
	c.marks = append(c.marks, caught)
}
func (c *fakeCorrector) Undo(_ string, n int) { c.chosen = append(c.chosen, n) }

func inspected(t *testing.T) (*ui.Page, *fakeCorrector, *Panel) {
	t.Helper()
	text, err := messages.Load("en")
	require.NoError(t, err)
	p := ui.New(&pageBackend{}, text, 4)
	b := &fakeCorrector{parts: map[string]*store.Part{}}
	c := NewPanel(p, b)
	p.Loaded(protocol.LoadResult{Part: "Bracket", HeadDigest: "h1", BackboneDigest: "bb"})
	p.Add(fakeFile("a.png"), fakeFile("b.png"))
	for i, v := range []string{protocol.VerdictNG, protocol.VerdictReview} {
		p.Scored(i+1, protocol.ScoreResult{Verdict: v, Ratio: 1.5, Limit: 1, SHA256: sha(i), MapHigh: 1}, nil)
	}
	return p, b, c
}

func bracketV(n int) *store.Part {
	p := &store.Part{ID: "p1", Name: "Bracket", Use: n}
	for i := range n {
		p.Versions = append(p.Versions, store.Version{N: i + 1, Head: "h" + itoa(i+1), Good: []string{"k"}})
	}
	return p
}

func TestThisOneIsGood(t *testing.T) {
	p, b, c := inspected(t)
	assert.True(t, c.Shown())
	assert.False(t, c.Able(), "the part is not kept here")
	assert.NotEmpty(t, c.Why())
	assert.True(t, p.Press("g", true, false))
	assert.Empty(t, b.learns)

	b.parts["h1"] = bracketV(1)
	assert.True(t, p.Press("g", true, false))
	require.Len(t, b.learns, 1)
	p.Select(2)
	c.Good()
	c.Good()
	assert.Len(t, b.learns, 1, "one fit at a time; the other image waits")
	v2 := bracketV(2)
	b.parts["h2"] = v2
	c.Learned(v2, 1)
	assert.True(t, c.Busy(), "until it is in use")
	c.switched(protocol.LoadResult{HeadDigest: "h1"})
	assert.False(t, c.Busy())

	p2, b2, c2 := inspected(t)
	b2.parts["h1"], b2.parts["h2"] = bracketV(1), v2
	c2.Good()
	p2.Select(2)
	c2.Good()
	c2.Learned(v2, 1)
	p2.Part.HeadDigest = "h2"
	c2.switched(protocol.LoadResult{HeadDigest: "h2"})
	require.Len(t, b2.learns, 2, "the image that waited follows")
	assert.Equal(t, "b.png", b2.learns[1][0].Src.Name())
	c2.NotLearned("p1", protocol.Error{Code: protocol.CodeStorageFull})
	assert.Contains(t, c2.Problem(), "no room")
}

// TestAnotherPartMeanwhile goes to another part while one learns: what waits for the first is not taught to the second.
func TestAnotherPartMeanwhile(t *testing.T) {
	p, b, c := inspected(t)
	b.parts["h1"], b.parts["plate"] = bracketV(1), &store.Part{ID: "p2", Name: "Plate", Use: 1, Versions: []store.Version{{N: 1, Head: "plate", Good: []string{"k"}}}}
	c.Good()
	p.Select(2)
	c.Good()
	p.Part.HeadDigest = "plate"
	c.switched(protocol.LoadResult{HeadDigest: "plate"})
	c.Left()
	assert.False(t, c.Busy())
	assert.Len(t, b.learns, 1)
	c.Good()
	require.Len(t, b.learns, 2)
	assert.Len(t, b.learns[1], 1)
}

func TestOneClickBack(t *testing.T) {
	p, b, c := inspected(t)
	b.parts["h1"] = bracketV(1)
	c.Good()
	v2 := bracketV(2)
	b.parts["h2"] = v2
	c.Learned(v2, 1)
	p.Part.HeadDigest = "h2"
	c.switched(protocol.LoadResult{HeadDigest: "h2"})
	assert.Equal(t, "Learned 1 image. Bracket v2 is in use.", c.Said())
	require.True(t, c.CanUndo())
	c.Undo()
	assert.Equal(t, []int{1}, b.chosen)
	c.Chosen(bracketV(1))
	p.Part.HeadDigest = "h1"
	c.switched(protocol.LoadResult{HeadDigest: "h1"})
	assert.Equal(t, "Bracket v1 is in use again.", c.Said())
	assert.False(t, c.CanUndo())
}

func TestThisOneIsBad(t *testing.T) {
	p, b, c := inspected(t)
	part := bracketV(1)
	b.parts["h1"] = part
	c.Bad()
	p.Select(2)
	c.Bad()
	assert.Equal(t, []bool{true, false}, b.marks, "whether it is called NG now")
	part.Bad, part.Versions[0].Caught = []string{"x", "y"}, []string{"x"}
	assert.Equal(t, "Check cases found: 1 of 2", c.Recall())
	part.Versions[0].Good = []string{store.Key(sha(1))}
	c.Good()
	assert.Empty(t, b.learns)
	assert.Contains(t, c.Said(), "has learned b.png already")
	assert.Equal(t, c.Said(), p.Live)
	part.Versions[0].Good = nil
	assert.Contains(t, c.Why(), "came as a file")
}

// TestBadUnderAMovedLimit: whether a version finds an image is not known from a limit that a person has moved.
func TestBadUnderAMovedLimit(t *testing.T) {
	p, b, c := inspected(t)
	b.parts["h1"] = bracketV(1)
	p.Part.Limit, p.Part.Review = 1, 0.5
	p.Add(fakeFile("c.png"))
	p.Scored(3, protocol.ScoreResult{Raw: 0.9, Verdict: protocol.VerdictReview, Ratio: 0.9, Limit: 1, Review: 0.5, SHA256: sha(3)}, nil)
	p.SetLimits(ui.Limits{Review: 0.5, Limit: 0.8})
	p.Select(3)
	require.Equal(t, protocol.VerdictNG, p.Item(3).Result.Verdict)
	c.Bad()
	assert.Equal(t, []bool{false}, b.marks)
}

// TestOtherProportions: an image that is wider or higher than all good ones of the part says so; other sizes do not matter, nor what is not known.
func TestOtherProportions(t *testing.T) {
	p, b, c := inspected(t)
	assert.Empty(t, c.Shape(), "the part is not kept here")
	b.parts["h1"] = bracketV(1)
	b.parts["h1"].Bad = []string{"x"}
	p.Selected().Result.Width, p.Selected().Result.Height = 640, 480
	assert.Empty(t, c.Shape(), "its images are not known")
	b.parts["h1"].Shots = []store.Shot{{Key: "k", W: 320, H: 240}, {Key: "l", W: 300, H: 200}, {Key: "x", W: 1000, H: 10}, {Key: "old"}}
	for size, warns := range map[[2]int]bool{{640, 480}: false, {600, 400}: false, {700, 500}: false, {660, 400}: false, {680, 400}: true, {480, 480}: true, {1000, 10}: true, {0, 0}: false} {
		p.Selected().Result.Width, p.Selected().Result.Height = size[0], size[1]
		assert.Equal(t, warns, c.Shape() != "", size)
	}
	p.Selected().Result.Width, p.Selected().Result.Height = 480, 480
	assert.Contains(t, c.Shape(), "other proportions than those that Bracket was taught from")
}

// TestSaidOfAnotherPart: what was done to one kept part, or went wrong with it, is not said under another one.
func TestSaidOfAnotherPart(t *testing.T) {
	other := &store.Part{ID: "p2", Name: "Screw", Use: 1, Versions: []store.Version{{N: 1, Head: "s1", Good: []string{"k"}}}}
	for name, does := range map[string]func(c *Panel){
		"marked":  func(c *Panel) { c.Bad(); c.Marked(bracketV(1), "a.png") },
		"problem": func(c *Panel) { c.Good(); c.NotLearned("p1", protocol.Error{Code: protocol.CodeUnreadable}) },
		"known": func(c *Panel) {
			c.part().Versions[0].Good = []string{store.Key(sha(0))}
			c.Good()
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, b, c := inspected(t)
			b.parts["h1"], b.parts["s1"] = bracketV(1), other
			does(c)
			require.NotEmpty(t, c.Said()+c.Problem())
			p.Part.HeadDigest = "s1"
			c.switched(p.Part)
			assert.Empty(t, c.Said())
			assert.Empty(t, c.Problem())
			c.Marked(bracketV(1), "late.png")
			assert.Empty(t, c.Said())
			c.NotMarked("p1", protocol.Error{Code: protocol.CodeUnreadable})
			assert.Empty(t, c.Problem())
			assert.NotNil(t, p.Notice)
		})
	}
}

// TestNotMarkedWhileItLearns: what fails is not the learning, and the images that wait are taught.
func TestNotMarkedWhileItLearns(t *testing.T) {
	p, b, c := inspected(t)
	b.parts["h1"], b.parts["h2"] = bracketV(1), bracketV(2)
	c.Good()
	p.Select(2)
	c.Good()
	c.Bad()
	c.NotMarked("p1", protocol.Error{Code: protocol.CodeUnreadable})
	assert.NotEmpty(t, c.Problem())
	assert.True(t, c.Busy())
	c.Learned(bracketV(2), 1)
	p.Part.HeadDigest = "h2"
	c.switched(p.Part)
	assert.Len(t, b.learns, 2)
}

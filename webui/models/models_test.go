package models

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vjs "github.com/vugu/vugu/js"

	"anomnet/assets/messages"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/trust"
	"anomnet/webui/ui"
)

type fakeFile string

func (f fakeFile) Name() string { return string(f) }

// pageBackend is as much of ui.Backend as these tests need.
type pageBackend struct{ ui.Backend }

func (pageBackend) Now() float64          { return 0 }
func (pageBackend) Wall() (t report.Time) { return t }
func (pageBackend) Load([]ui.Source)      {}
func (pageBackend) Score(int, ui.Source)  {}

type call struct {
	what, id string
	n        int
}

// fakeBackend remembers what the view asked for.
type fakeBackend struct {
	calls  []call
	images int
	sides  [2]Side
}

func (b *fakeBackend) note(what, id string, n int)    { b.calls = append(b.calls, call{what, id, n}) }
func (b *fakeBackend) Choose(id string, n int)        { b.note("choose", id, n) }
func (b *fakeBackend) Rename(id, name string)         { b.note("rename "+name, id, 0) }
func (b *fakeBackend) Delete(id string)               { b.note("delete", id, 0) }
func (b *fakeBackend) DeleteVersion(id string, n int) { b.note("delete version", id, n) }
func (b *fakeBackend) Export(p store.Part, n int)     { b.note("export", p.ID, n) }
func (b *fakeBackend) Import(vjs.Value)               { b.note("import", "", 0) }
func (b *fakeBackend) Keep(files []ui.Source)         { b.note("keep", "", len(files)) }
func (b *fakeBackend) Describe(p store.Part, n int)   { b.note("describe", p.ID, n) }
func (b *fakeBackend) TeachFurther(p store.Part)      { b.note("teach", p.ID, 0) }
func (b *fakeBackend) StopCompare()                   { b.note("stop", "", 0) }
func (b *fakeBackend) Focus(vjs.Value)                {}
func (b *fakeBackend) Persist()                       { b.note("persist", "", 0) }
func (b *fakeBackend) Date(string, float64) string    { return "today" }
func (b *fakeBackend) Pin(k trust.Key)                { b.note("pin "+k.Label, k.Print, 0) }
func (b *fakeBackend) Unpin(k trust.Key)              { b.note("unpin "+k.Label, k.Print, 0) }
func (b *fakeBackend) Look()                          { b.note("look", "", 0) }
func (b *fakeBackend) Get(sum string)                 { b.note("get", sum, 0) }
func (b *fakeBackend) StopGet()                       { b.note("stop get", "", 0) }
func (b *fakeBackend) Compare(x, y Side, im []ui.Source) {
	b.sides, b.images = [2]Side{x, y}, len(im)
}

func newView(t *testing.T) (*Body, *fakeBackend, *ui.Page) {
	t.Helper()
	text, err := messages.Load("en")
	require.NoError(t, err)
	p := ui.New(pageBackend{}, text, 4)
	b := &fakeBackend{}
	v, view := New(p, b)
	p.Register(view)
	p.Loaded(protocol.LoadResult{Part: "Washer", HeadDigest: "w", BackboneDigest: "bb"})
	v.Changed([]store.Part{
		{ID: "p1", Name: "Bracket", Use: 2, Versions: []store.Version{
			{N: 1, Head: "h1", Bytes: 301234, Images: 20, Origin: store.Taught}, {N: 2, Head: "h2", Parent: "h1", Bytes: 301234, Images: 21, Origin: store.Taught, Why: "good"}}},
		{ID: "p2", Name: "Angle", Use: 1, Versions: []store.Version{{N: 1, Head: "a1", Origin: store.Imported}}},
	}, store.Usage{Used: 2.5e6, Quota: 3e9})
	return &Body{v}, b, p
}

func TestVersions(t *testing.T) {
	c, b, _ := newView(t)
	p := c.Parts()[0]
	assert.Equal(t, "v2 · corrected here · today · 21 images · 301 KB", c.Line(&p))
	assert.Equal(t, "Back to v1", c.BackText(&p))
	c.Back(p)
	assert.Equal(t, []call{{"choose", "p1", 1}}, b.calls)
	assert.True(t, c.Busy(&p))
	c.Done("Bracket v1 is in use.")
	assert.False(t, c.Busy(&p))
	assert.Empty(t, c.BackText(&c.Parts()[1]))
	assert.Equal(t, 2, c.Versions(&p)[0].N, "the latest first")
	c.Page.Part.Tier, c.Page.Workers = "relaxed", 2
	assert.Equal(t, []ui.Fact{{Key: "page.tier", Tip: "page.tier.tip", Value: "relaxed"}, {Key: "models.workers", Tip: "models.workers.tip", Value: "2"}}, c.Engine())
	assert.Equal(t, "2.5 MB in use, of about 3.0 GB that this site may take.", c.UsageText())
}

// TestDeletionIsConfirmed is the one place that asks.
func TestDeletionIsConfirmed(t *testing.T) {
	c, b, _ := newView(t)
	p := c.Parts()[0]
	c.Delete(p)
	assert.Empty(t, b.calls, "nobody asked")
	c.Ask(p)
	assert.Equal(t, "Delete Bracket with its 2 versions and all that was learned? This cannot be undone.", c.AskText(&p))
	c.View.Keep()
	c.Delete(p)
	assert.Empty(t, b.calls)
	c.Ask(p)
	c.Delete(p)
	assert.Equal(t, []call{{"delete", "p1", 0}}, b.calls)
	c.Ask(c.Parts()[1])
	c.Changed(nil, store.Usage{})
	assert.Empty(t, c.asked, "another tab was faster")
}

// TestQuestionsEndWithTheView: nobody who comes back finds the keyboard on "Delete", or what went wrong before.
func TestQuestionsEndWithTheView(t *testing.T) {
	c, _, p := newView(t)
	p.Show("models")
	part := c.Parts()[0]
	c.Failed(protocol.Error{Code: protocol.CodeModelCorrupt})
	c.Ask(part)
	c.StartRename(part)
	p.Show("inspect")
	p.Show("models")
	assert.False(t, c.Asked(&part))
	assert.False(t, c.Renaming(&part))
	assert.Empty(t, c.Problem())
}

func TestRename(t *testing.T) {
	c, b, _ := newView(t)
	p := c.Parts()[0]
	for _, name := range []string{"", "  ", "Bracket", " Bracket "} {
		c.StartRename(p)
		c.SetName(name)
		c.Rename(p)
	}
	assert.Empty(t, b.calls)
	c.StartRename(p)
	assert.Equal(t, "Bracket", c.NewName())
	c.SetName(" Träger ")
	c.Rename(p)
	assert.Equal(t, []call{{"rename Träger", "p1", 0}}, b.calls)
	c.Failed(protocol.Error{Code: protocol.CodeStorageFull})
	assert.Contains(t, c.Problem(), "no room")
}

func TestCard(t *testing.T) {
	c, b, _ := newView(t)
	p := c.Parts()[0]
	assert.Empty(t, c.Card(&p))
	c.Open(p)
	require.Equal(t, []call{{"describe", "p1", 2}}, b.calls)
	c.Described(protocol.Model{Head: "h2", Method: "teach", Parent: "h1", Card: "text"})
	c.Open(p)
	assert.Len(t, b.calls, 1, "once")
	assert.Len(t, c.Card(&p), 11)
	assert.Equal(t, "text", c.CardText(&p))
}

func TestCompare(t *testing.T) {
	c, b, p := newView(t)
	require.Len(t, c.Choices(), 4)
	assert.Equal(t, "p1 1", c.A())
	assert.Equal(t, "p1 2", c.B(), "two versions of a part")
	c.CompareListed()
	assert.Zero(t, b.images, "no images, no comparison")
	p.Add(fakeFile("a"), fakeFile("b"), fakeFile("c"))
	c.SetA("own")
	c.CompareListed()
	assert.Equal(t, 3, b.images)
	assert.Equal(t, [2]Side{{}, {"p1", 2}}, b.sides)
	ok, ng := protocol.Opinion{Verdict: "OK", Ratio: 0.5}, protocol.Opinion{Verdict: "NG", Ratio: 1.1}
	c.Compared(Pair{Name: "a", A: ok, B: ok})
	c.Compared(Pair{Name: "b", A: ok, B: ng})
	assert.Equal(t, "2 of 3", c.CompareText())
	c.Compared(Pair{Name: "c", Err: protocol.Error{Code: protocol.CodeCorrupt}})
	c.ComparedAll(protocol.Error{})
	assert.False(t, c.Comparing())
	assert.Equal(t, "1 verdict of 3 differs.", c.Summary())
	rows := c.Rows()
	assert.Equal(t, "b", rows[0].Name, "differences first")
	assert.Equal(t, "NG 1.10", c.Opinion(rows[0].B))
	assert.Equal(t, "This image is damaged", c.RowNote(rows[2]))
	for range maxCompared {
		p.Add(fakeFile("d"))
	}
	assert.Equal(t, maxCompared, c.Listed(), "no more than are compared")
	c.Changed(nil, store.Usage{})
	assert.Empty(t, c.Rows(), "one model alone cannot be compared")
}

// TestCompareWithoutItsSide: what was said of a version that is deleted is not shown as another's, and answers that are under way are dropped.
func TestCompareWithoutItsSide(t *testing.T) {
	c, b, p := newView(t)
	p.Add(fakeFile("a"), fakeFile("b"))
	said := Pair{Name: "a", A: protocol.Opinion{Verdict: "OK"}, B: protocol.Opinion{Verdict: "NG"}}
	c.CompareListed()
	c.Compared(said)
	c.ComparedAll(protocol.Error{})
	require.Equal(t, []string{"p1 1", "p1 2"}, []string{c.A(), c.B()})
	require.Len(t, c.Rows(), 1)
	left := c.parts[0]
	left.Versions = left.Versions[1:]
	c.Changed([]store.Part{left, c.parts[1]}, store.Usage{})
	require.NotEqual(t, "p1 1", c.A())
	assert.Empty(t, c.Rows(), "of two other versions")

	c.CompareListed()
	c.Changed([]store.Part{c.parts[1]}, store.Usage{}) // another tab has deleted the part
	assert.Contains(t, b.calls, call{"stop", "", 0})
	c.Compared(said)
	assert.Empty(t, c.Rows())
	b.images = 0
	c.CompareListed()
	assert.Zero(t, b.images, "the one before still runs")
	c.ComparedAll(protocol.Error{Code: protocol.CodeCancelled})
	c.CompareListed()
	c.Compared(said)
	assert.Len(t, c.Rows(), 1)
}

func TestOthers(t *testing.T) {
	c, b, p := newView(t)
	require.Len(t, c.Others(), 1)
	assert.True(t, c.Others()[0].Own)
	p.Give([]ui.Source{fakeFile("x.anomnet")}, nil)
	p.Switched(protocol.LoadResult{Part: "X", HeadDigest: "x"})
	require.Len(t, c.Others(), 2)
	c.KeepLoaded(c.Others()[1])
	assert.Equal(t, []call{{"keep", "", 1}}, b.calls)
}

package teach

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
	"anomnet/webui/store"
	"anomnet/webui/ui"
)

// saved teaches a part to the end.
func saved(t *testing.T) (*View, *fakeBackend, *store.Part) {
	t.Helper()
	v, b, _ := newView(t)
	v.Take(sources(0, 6))
	answer(v, b)
	v.Teach()
	require.True(t, v.Fitted(b.fits[0].ID, fitResult(6, 0)))
	v.Save()
	b.parts = []store.Part{{ID: v.id, Name: "Bracket", Use: 1, Versions: []store.Version{{N: 1, Head: "h1"}}}}
	v.Changed()
	v.Saved(&b.parts[0])
	return v, b, &b.parts[0]
}

// TestFeaturesThatAreGone: another tab has deleted the part, or discarded the draft, while it was taught. Images that are at hand are computed again, once, and learned.
func TestFeaturesThatAreGone(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 6))
	answer(v, b)
	v.Teach()
	stale := protocol.Error{Code: protocol.CodeStale}
	v.NotFitted(v.lastFit, stale)
	assert.Nil(t, v.problem)
	require.Len(t, b.computes, 12)
	answer(v, b)
	require.Len(t, b.fits, 2)
	v.NotFitted(v.lastFit, stale)
	require.NotNil(t, v.problem, "this device keeps nothing")
	assert.False(t, v.Busy())
	v.Teach()
	require.Len(t, b.fits, 3)
	require.True(t, v.Fitted(v.lastFit, fitResult(6, 0)))
	assert.Nil(t, v.problem)
}

// TestPartIsDeletedWhileItIsTaught in Models, or in another tab: there is nothing to inspect with, and no version that a further one is made of.
func TestPartIsDeletedWhileItIsTaught(t *testing.T) {
	v, b, _ := saved(t)
	out := &Outcome{v}
	require.NotEmpty(t, out.SavedText())
	b.parts = nil
	v.Changed()
	assert.Empty(t, out.SavedText())
	assert.Equal(t, "Save on this device", out.SaveText())
	v.Teach()
	require.Len(t, b.fits, 2)
	assert.Empty(t, b.fits[1].Req.Parent)
}

// TestGoOnReadsTheDraft: another tab may have gone on with it since it was listed.
func TestGoOnReadsTheDraft(t *testing.T) {
	v, b, _ := newView(t)
	v.GoOn(store.Draft{ID: "d9", Good: []store.Shot{{Key: "k1"}}})
	assert.Equal(t, "d9", b.reopened)
	assert.Empty(t, v.shots)
}

// TestTeachFurtherWhereItWasLeft: images that were given for a further version before are not forgotten.
func TestTeachFurtherWhereItWasLeft(t *testing.T) {
	p := &store.Part{ID: "p1", Name: "Bracket", Use: 1, Shape: defaultShape(), Shots: []store.Shot{{Key: "k1"}},
		Versions: []store.Version{{N: 1, Head: "h1", Backbone: "bb", Good: []string{"k1"}}}}
	v, b, page := newView(t)
	b.parts = []store.Part{*p}
	v.Again(p)
	assert.Len(t, v.shots, 1)
	p2 := *p
	p2.Shots, p2.Use = append(p.Shots, store.Shot{Key: "k0"}), 2
	p2.Versions = append(p.Versions, store.Version{N: 2, Head: "h2", Backbone: "bb", Good: []string{"k1", "k0"}})
	v.Again(&p2)
	assert.Len(t, v.shots, 2, "nothing was changed, so it begins with the version of now")
	v.Again(p)
	v.Take(sources(0, 2))
	answer(v, b)
	page.Show("inspect")
	v.Again(p)
	assert.Equal(t, "teach", page.View().ID)
	assert.Len(t, v.shots, 3, "it is at work on it")

	v, b, _ = newView(t) // after a reload
	d := store.Draft{ID: "p1", Backbone: "bb", Shape: p.Shape, Good: []store.Shot{{Key: "k1"}, {Key: "k2"}}}
	v.Drafts([]store.Draft{d})
	v.Again(p)
	assert.Equal(t, "p1", b.reopened)
	assert.Empty(t, v.shots)
}

// TestStartOverForgetsImages: also those that were taken out.
func TestStartOverForgetsImages(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 6))
	answer(v, b)
	v.Remove(v.shots[2])
	all := keys(v.shots)
	v.Clear()
	assert.Empty(t, b.forgot, "it can be brought back")
	v.Discard(store.Draft{ID: "d9", Good: []store.Shot{{Key: "k1"}}, Bad: []store.Shot{{Key: "k2"}}})
	assert.Equal(t, all, b.forgot)
	v.forget()
	assert.Equal(t, []string{"k1", "k2"}, b.forgot)
}

// TestInspectWithAnotherVersion: the version that was saved is not the one in use any more.
func TestInspectWithAnotherVersion(t *testing.T) {
	v, b, p := saved(t)
	p2 := *p
	p2.Versions = append(p2.Versions, store.Version{N: 2, Head: "h2"})
	p2.Use = 2
	b.parts = []store.Part{p2}
	v.Changed()
	v.Page.Offer([]ui.Offer{{Part: "Bracket", Head: "h2", Backbone: "bb"}})
	v.Inspect()
	assert.True(t, v.Page.Switching(), "h2 is on its way, h1 is not offered")
}

// TestNotSavedAfterOtherTeachingBegan: that one has no problem, and may be saved only once.
func TestNotSavedAfterOtherTeachingBegan(t *testing.T) {
	v, b, _ := newView(t)
	for i := range 2 {
		v.Take(sources(10*i, 6))
		answer(v, b)
		v.Teach()
		require.True(t, v.Fitted(v.lastFit, fitResult(6, 0)))
		v.Save()
		if i == 0 {
			v.Clear()
		}
	}
	require.Len(t, b.saves, 2)
	v.NotSaved(b.saves[0].Draft, true, protocol.Error{Code: protocol.CodeStorageFull})
	assert.False(t, v.full)
	require.NotNil(t, v.Page.Notice, "but it is said")
	v.NotDownloaded(protocol.Error{Code: protocol.CodeInternal})
	v.Save()
	assert.Len(t, b.saves, 2)
}

// TestDraftAfterChangesWhileSaving: saving ends the draft, in which the changes were.
func TestDraftAfterChangesWhileSaving(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 7))
	answer(v, b)
	v.Teach()
	require.True(t, v.Fitted(b.fits[0].ID, fitResult(7, 0)))
	v.Save()
	v.Remove(v.shots[0])
	b.drafts = nil
	v.Saved(&store.Part{ID: v.id, Name: "Bracket", Use: 1, Versions: []store.Version{{N: 1, Head: "h1"}}})
	require.Len(t, b.drafts, 1)
	assert.Len(t, b.drafts[0].Good, 6)
}

package teach

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/roi"
	"anomnet/wasm/protocol"
	"anomnet/webui/store"
)

var cancelled = protocol.Error{Code: protocol.CodeCancelled}

// TestAnswersOfEarlierTeaching come when other images are computed already: these are all learned, not only as many as answers are missing.
func TestAnswersOfEarlierTeaching(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 6))
	v.Clear()
	assert.Len(t, b.drops, 6)
	v.Take(sources(10, 12))
	v.Teach()
	for _, id := range b.computes[:3] {
		v.NotComputed(id, cancelled)
		v.Computed(id+3, protocol.FeaturesResult{SHA256: sha(id + 3)}, v.Shape, false) // it was too late to cancel
	}
	for _, id := range b.computes[6:] {
		require.Empty(t, b.fits)
		v.Computed(id, protocol.FeaturesResult{SHA256: sha(id)}, v.Shape, false)
	}
	require.Len(t, b.fits, 1)
	assert.Len(t, b.fits[0].Good, 12)
}

// TestFitOfEarlierTeaching ends while another one runs, whose head it must not become.
func TestFitOfEarlierTeaching(t *testing.T) {
	v, b, _ := newView(t)
	var d store.Draft
	for i := range 6 {
		d.Good = append(d.Good, store.Shot{Key: store.Key(sha(i))})
	}
	d.ID, d.Shape, d.Backbone = "d9", v.Shape, "bb"
	v.Take(sources(10, 7))
	answer(v, b)
	v.Teach()
	v.Resume(d)
	assert.Equal(t, 1, b.stops, "nobody waits for the first")
	assert.False(t, v.Fitted(b.fits[0].ID, fitResult(7, 0)))
	v.Teach()
	require.Len(t, b.fits, 2)
	v.Reported(b.fits[0].ID, protocol.Progress{Stage: "centroids", Done: 9, Total: 9})
	assert.Equal(t, "Putting the images together…", v.ProgressText())
	v.NotFitted(b.fits[0].ID, protocol.Error{Code: protocol.CodeCrashed})
	assert.False(t, v.Fitted(b.fits[0].ID, fitResult(7, 0)))
	assert.True(t, v.Fitting())
	assert.True(t, v.Fitted(b.fits[1].ID, fitResult(6, 0)))
	assert.True(t, v.Done())
}

// TestCancelKeepsComputedImages: fewer images call for more copies, so all are computed once more. Whoever cancels that has the images still.
func TestCancelKeepsComputedImages(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 60))
	answer(v, b)
	for _, s := range v.live()[50:] {
		v.Remove(s)
	}
	v.Teach()
	require.Len(t, b.computes, 110)
	v.SetName("Bracket")
	assert.Len(t, b.drafts[len(b.drafts)-1].Good, 50, "a tab that is closed now loses none")
	v.Remove(v.shots[0])
	v.Cancel()
	for _, id := range b.computes[60:] {
		v.NotComputed(id, cancelled)
	}
	assert.False(t, v.Busy())
	assert.Len(t, v.pick(false), 49)
	assert.True(t, v.shots[0].Out)
	v.Teach()
	assert.Len(t, b.computes, 159, "the copies are still called for")

	v.StopComputing()
	shape := v.Shape
	shape.Gray = true
	for _, id := range b.computes[110:] {
		v.NotComputed(id, cancelled)
	}
	v.SetShape(shape)
	v.Cancel()
	for _, id := range b.computes[159:] {
		v.NotComputed(id, cancelled)
	}
	assert.Empty(t, v.shots, "there are no features of the other shape")
}

// TestImagesThatAreBadNoLonger: the part forgets that they are bad, and no others, which may have been marked in Inspect meanwhile.
func TestImagesThatAreBadNoLonger(t *testing.T) {
	v, b, _ := newView(t)
	p := &store.Part{ID: "p1", Name: "Bracket", Use: 1, Versions: []store.Version{{N: 1, Head: "h1", Backbone: "bb"}}, Shape: v.Shape}
	for i := range 9 {
		s := store.Shot{Key: store.Key(sha(i))}
		p.Shots = append(p.Shots, s)
		if i < 6 {
			p.Versions[0].Good = append(p.Versions[0].Good, s.Key)
		} else {
			p.Bad = append(p.Bad, s.Key)
		}
	}
	p.Bad = append(p.Bad, p.Shots[0].Key) // marked after it was taught as good
	v.Again(p)
	require.Len(t, v.shots, 9)
	assert.Equal(t, 5, v.Count(false))
	v.Remove(v.shots[5])
	v.Teach()
	require.Len(t, b.fits, 1)
	v.Fitted(b.fits[0].ID, fitResult(5, 3))
	v.Save()
	require.Len(t, b.saves, 1)
	assert.ElementsMatch(t, append(keys(v.shots[:5]), v.shots[5].Key), b.saves[0].Unbad)
}

// TestClearWhileSaving begins anew before the part is saved: its features stay, and what is taught next is no version of it.
func TestClearWhileSaving(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 6))
	answer(v, b)
	v.Teach()
	v.Fitted(b.fits[0].ID, fitResult(6, 0))
	v.Save()
	v.Clear()
	assert.Empty(t, b.ended, "saving ends the draft")
	v.Saved(&store.Part{ID: b.saves[0].Draft, Name: "Bracket", Use: 1, Versions: []store.Version{{N: 1, Head: "h1"}}})
	b.computes = nil
	v.Take(sources(10, 6))
	answer(v, b)
	v.Teach()
	require.Len(t, b.fits, 2)
	assert.Empty(t, b.fits[1].Req.Parent)
	assert.Zero(t, b.fits[1].Req.Revision)
}

// TestChangesDuringAFit: a head does not know of images that were taken out, or of a region that was drawn, while it was learned.
func TestChangesDuringAFit(t *testing.T) {
	for name, change := range map[string]func(v *View){
		"image taken out": func(v *View) { v.Remove(v.shots[0]) },
		"region drawn": func(v *View) {
			v.PressRegion(" ", false, false)
			v.move(roi.Point{X: 9, Y: 9})
			v.PressRegion(" ", false, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			v, b, _ := newView(t)
			v.Take(sources(0, 7))
			answer(v, b)
			v.Teach()
			change(v)
			require.True(t, v.Fitted(b.fits[0].ID, fitResult(7, 0)))
			assert.True(t, v.stale)
			v.Teach()
			require.True(t, v.Fitted(b.fits[1].ID, fitResult(6, 0)))
			assert.False(t, v.stale)
		})
	}
}

// TestCursorIsSaidWhereItIs: at the border of the picture, too.
func TestCursorIsSaidWhereItIs(t *testing.T) {
	v, _, p := newView(t)
	for range 20 {
		v.PressRegion("ArrowRight", true, false)
	}
	v.PressRegion("ArrowDown", false, false)
	assert.Equal(t, "32 of 32 across, 1 of 32 down", p.Live)
	v.PressRegion("ArrowLeft", false, false)
	v.PressRegion("ArrowRight", true, false)
	assert.Equal(t, "32 of 32 across, 1 of 32 down", p.Live)
}

// TestChangesWhileSaving: another target that is chosen while a head is stored is not in what was stored.
func TestChangesWhileSaving(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 7))
	answer(v, b)
	v.Teach()
	require.True(t, v.Fitted(b.fits[0].ID, fitResult(7, 0)))
	out := &Outcome{v}
	v.Save()
	v.SetRate(0)
	v.Saved(&store.Part{ID: v.id, Name: "Bracket", Use: 1, Versions: []store.Version{{N: 1, Head: "h1"}}})
	assert.Empty(t, out.SavedText())
	assert.Equal(t, "Save as a new version", out.SaveText())
	v.Save()
	require.Len(t, b.saves, 2)
	v.Saved(&store.Part{ID: v.id, Name: "Bracket", Use: 2, Versions: []store.Version{{N: 2, Head: "h2"}}})
	assert.Equal(t, "Saved on this device: Bracket v2.", out.SavedText())
}

// TestSaveAfterAnotherSizeWasChosen keeps the head that is shown, with the images as it has learned them, while these are computed for another.
func TestSaveAfterAnotherSizeWasChosen(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 6))
	v.toBad = true
	v.Take(sources(6, 1))
	answer(v, b)
	v.Teach()
	require.True(t, v.Fitted(b.fits[0].ID, fitResult(6, 1)))
	(&Learn{v}).SetGray(true)
	require.True(t, v.stale)
	v.Save()
	require.Len(t, b.saves, 1)
	for _, s := range b.saves[0].Good {
		assert.NotEmpty(t, s.Key)
	}
	assert.Equal(t, b.fits[0].Good[0], b.saves[0].Good[0].Key)
	assert.Len(t, b.saves[0].Good, 6)
	require.Len(t, b.saves[0].Bad, 1)
	assert.Equal(t, b.fits[0].Bad[0], b.saves[0].Bad[0].Key)
}

// TestRestoreOfAFileThatWasGivenAgain: it is there once, or a fit would be refused.
func TestRestoreOfAFileThatWasGivenAgain(t *testing.T) {
	v, b, _ := newView(t)
	v.Take(sources(0, 6))
	answer(v, b)
	old := v.shots[2]
	v.Remove(old)
	v.Take(sources(2, 1))
	require.Len(t, b.computes, 7)
	v.Computed(b.computes[6], protocol.FeaturesResult{SHA256: sha(b.computes[2])}, v.Shape, false)
	require.Equal(t, 6, v.Count(false))
	v.Restore(old)
	assert.Equal(t, 6, v.Count(false))
	v.Restore(old) // from the list of those that look least normal, which is of the result
	assert.Equal(t, 1, v.copies)
	v.Teach()
	require.Len(t, b.fits, 1)
	seen := map[string]bool{}
	for _, key := range b.fits[0].Good {
		assert.False(t, seen[key], "the worker refuses the same image twice")
		seen[key] = true
	}
	v.Fitted(b.fits[0].ID, fitResult(6, 0))
	v.Remove(v.shots[0])
	v.Restore(v.shots[0])
	assert.Equal(t, 6, v.Count(false), "without a second one it comes back")
}

// TestDiscardedTeachingComesBack as it was, until other teaching begins or the view is left.
func TestDiscardedTeachingComesBack(t *testing.T) {
	v, b, _ := newView(t)
	body := &Body{v}
	assert.Empty(t, body.Discarded())
	v.SetName("Bracket")
	v.Take(sources(0, 6))
	answer(v, b)
	v.Teach()
	v.Fitted(v.lastFit, fitResult(6, 0))
	v.Take(sources(10, 2)) // these wait
	id, asked := v.id, len(b.computes)
	v.Clear()
	assert.Empty(t, v.shots)
	assert.Equal(t, "Discarded: Bracket, 8 images.", body.Discarded())
	v.Drafts([]store.Draft{{ID: id, Good: []store.Shot{{Key: "k"}}}})
	assert.Empty(t, v.drafts, "it is not offered twice")
	v.Undiscard()
	assert.Empty(t, body.Discarded())
	assert.Equal(t, []any{id, "Bracket", 8, true}, []any{v.id, v.Name, v.Count(false), v.Done()})
	require.Len(t, b.computes, asked+2, "the two are computed again")
	for _, s := range v.shots[6:] {
		assert.Greater(t, s.ID, v.first)
	}
	answer(v, b)
	assert.Len(t, v.pick(false), 8)
	assert.Empty(t, b.ended)

	v.Clear()
	v.forget()
	assert.Equal(t, []string{id}, b.ended)
	v.Undiscard()
	assert.Empty(t, v.shots)

	v.Drafts([]store.Draft{{ID: "d1", Good: []store.Shot{{Key: "k"}}}, {ID: "d2", Good: []store.Shot{{Key: "k"}}}})
	v.Discard(v.drafts[0])
	v.Undiscard()
	assert.Len(t, v.drafts, 2)
	v.Discard(v.drafts[0])
	v.Discard(v.drafts[0])
	assert.Len(t, b.ended, 2, "the one before")
	v.Again(&store.Part{ID: v.discarded.ID, Use: 1, Versions: []store.Version{{N: 1}}})
	assert.Len(t, b.ended, 2, "it goes on after all")
}

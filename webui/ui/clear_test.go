package ui

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
)

// TestUndoOfClear brings back results, what a person said, and the image that was looked at; what waited or was being inspected is inspected.
func TestUndoOfClear(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Add(fakeFile("a"), fakeFile("b"), fakeFile("c"), fakeFile("d"))
	p.Scored(1, score("NG", 2), []float32{1})
	p.Failed(2, protocol.Error{Code: protocol.CodeNotImage})
	p.Override(1, "OK", "dust")
	require.Equal(t, 1, p.Selected().ID)
	p.Clear()
	assert.Equal(t, "4 images cleared.", p.Notice.Text)
	assert.Equal(t, p.Notice.Text, p.Live)
	require.True(t, p.CanUndo())
	p.Add(fakeFile("e"))
	p.Undo()
	assert.Nil(t, p.Notice)
	assert.False(t, p.CanUndo())
	assert.Equal(t, []string{"e", "a", "b", "c", "d"}, names(p))
	assert.Equal(t, []int{1, 2, 3}, b.scoring, "the worker is still busy with what was cleared")
	p.Failed(3, protocol.Error{Code: protocol.CodeCancelled})
	for _, id := range []int{6, 5, 8, 9} { // 6 is a, whose map is looked at
		require.Equal(t, id, b.scoring[len(b.scoring)-1])
		p.Scored(id, score("OK", 0.5), []float32{1})
	}
	assert.False(t, p.Busy())
	assert.Equal(t, []int{4, 0, 1}, []int{p.List.Count("OK") + p.List.Count("NG"), p.List.Count("REVIEW"), p.List.Count(FilterFailed)})
	a := p.Items()[1]
	assert.Equal(t, []string{"a", "NG", "dust"}, []string{a.Src.Name(), a.Result.Verdict, a.Override.Reason})
	assert.NotEmpty(t, a.Map)
	assert.Equal(t, a, p.Selected())
}

// TestUndoOfClearIsOfItsPart: verdicts of another part, or of another version of it, do not come back.
func TestUndoOfClearIsOfItsPart(t *testing.T) {
	p, _ := readyPage(t, 1)
	p.Add(fakeFile("a"))
	p.Scored(1, score("NG", 2), nil)
	p.Clear()
	notice := p.Notice
	p.Give([]Source{fakeFile("b.anomnet")}, nil)
	p.Switched(bracket)
	assert.False(t, p.CanUndo())
	p.Add(fakeFile("b"))
	p.Clear()
	assert.Equal(t, "Washer", p.Notice.Other)
	assert.Zero(t, p.Notice.other, "the way back stays")
	p.Notice = notice
	assert.False(t, p.CanUndo())
	p.Undo()
	assert.Empty(t, p.Items())
	p.Clear()
	assert.Equal(t, notice, p.Notice, "nothing was there")
}

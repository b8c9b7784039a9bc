package store

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBackbonesStay: a part has its backbone here, one copy for all that need it, until none does.
func TestBackbonesStay(t *testing.T) {
	d := newDisk()
	l := NewLibrary(d)
	m := model("Bracket", "h1")
	m.Backbone = nil
	_, err := l.Add("", "p1", m)
	require.ErrorIs(t, err, ErrGone, "no part is kept without its backbone")
	assert.Empty(t, d.records)
	assert.Empty(t, d.files)

	_, err = l.Add("", "p1", model("Bracket", "h1"))
	require.NoError(t, err)
	m = model("Plate", "h2")
	m.Backbone = nil
	_, err = l.Add("", "p2", m)
	require.NoError(t, err, "it is here already")
	require.NoError(t, l.SaveDraft(&Draft{ID: "d1", Backbone: "b0"}))
	names, err := l.Backbones()
	require.NoError(t, err)
	assert.Equal(t, []string{"b0"}, names)
	for _, end := range []func() error{
		func() error { return l.Delete("p1") }, func() error { return l.Delete("p2") }, func() error { return l.EndDraft("d1") },
	} {
		b, err := l.Backbone("b0")
		require.NoError(t, err)
		assert.Equal(t, "backbone", b)
		require.NoError(t, end())
		require.NoError(t, l.Sweep())
	}
	assert.Empty(t, d.files)
	_, err = l.Backbone("../b0")
	assert.Error(t, err)
}

// TestSecure gives parts and drafts of before the copy that they lack, and nobody else.
func TestSecure(t *testing.T) {
	for name, need := range map[string]func(l *Library) error{
		"part": func(l *Library) error {
			_, err := l.Add("", "p1", model("Bracket", "h1"))
			return err
		},
		"draft": func(l *Library) error { return l.SaveDraft(&Draft{ID: "d1", Backbone: "b0"}) },
	} {
		d := newDisk()
		l := NewLibrary(d)
		require.NoError(t, l.Secure("b0", "backbone"))
		assert.Empty(t, d.files, "nobody needs it")
		require.NoError(t, need(l), name)
		require.NoError(t, d.Remove("backbones/b0")) // as before there were copies
		for _, want := range []bool{true, false} {
			lacks, err := l.Lacks("b0")
			require.NoError(t, err)
			assert.Equal(t, want, lacks, name)
			require.NoError(t, l.Secure("b0", "backbone"))
			require.NoError(t, l.Secure("b1", "another"))
			require.NoError(t, l.Sweep())
			assert.Contains(t, slices.Collect(maps.Keys(d.files)), "backbones/b0", name)
			assert.NotContains(t, d.files, "backbones/b1", name)
		}
		d.left = 0
		require.NoError(t, d.Remove("backbones/b0"))
		assert.ErrorIs(t, l.Secure("b0", "backbone"), ErrFull)
	}
}

// TestAddMendsABackbone: a part that is imported again brings the backbone that it lacked.
func TestAddMendsABackbone(t *testing.T) {
	d := newDisk()
	l := NewLibrary(d)
	_, err := l.Add("", "p1", model("Bracket", "h1"))
	require.NoError(t, err)
	require.NoError(t, d.Remove("backbones/b0"))
	_, err = l.Add("", "p9", model("Bracket", "h1"))
	require.NoError(t, err)
	assert.Equal(t, "backbone", d.files["backbones/b0"])
}

package ui

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
)

var (
	washer  = protocol.LoadResult{Part: "Washer", HeadDigest: "0123456789abcdef", BackboneDigest: "fedcba9876543210", Tier: "generic", Mode: "stretch"}
	bracket = protocol.LoadResult{Part: "Bracket", HeadDigest: "b1", BackboneDigest: "fedcba9876543210", Tier: "generic", Mode: "fit"}
)

func names(p *Page) []string {
	var out []string
	for _, it := range p.Items() {
		out = append(out, it.Src.Name())
	}
	return out
}

func TestModelFilesAreRecognised(t *testing.T) {
	for name, want := range map[string]bool{"a.anomnet": true, "A.B.ANOMNET": true, "anomnet": false, "a.anomnet.png": false, "": false} {
		assert.Equal(t, want, ModelName(name), name)
	}
	for start, want := range map[string]bool{
		"\x68\x04\x00\x00\x00\x00\x00\x00" + `{"__metadata__":{"anomnet":"{`: true,
		"\x68\x04\x00\x00\x00\x00\x00\x00" + `{"__metadata__":{"format":"pt`: false,
		`{"__metadata__":{"anomnet":"{`:                                      false, "": false, "12345678": false, "\x89PNG\r\n\x1a\n": false,
	} {
		assert.Equal(t, want, ModelContent([]byte(start)), "%q", start)
	}
}

func TestPartAmongImages(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Add(fakeFile("old1"), fakeFile("old2"))
	p.Give([]Source{fakeFile("b.anomnet")}, []Source{fakeFile("new1"), fakeFile("new2")})
	assert.Empty(t, b.loads, "the running image ends with its own part")
	assert.Equal(t, NoticeLoading, p.Notice.Kind)
	p.Give(nil, []Source{fakeFile("new3")})
	p.Scored(1, score("NG", 2), nil)
	assert.Equal(t, []int{1}, b.scoring, "nothing starts before the part is there")
	require.Len(t, b.loads, 1)

	p.Switched(bracket)
	assert.Equal(t, "Bracket", p.Part.Part)
	assert.Equal(t, []string{"new1", "new2", "new3"}, names(p))
	assert.Empty(t, p.Samples, "samples show the site's part")
	assert.Empty(t, b.forgotten)
	assert.Equal(t, "Part Bracket is loaded. 2 images of Washer are kept with that part.", p.Live)
	p.Scored(b.scoring[1], score("OK", 0.5), nil)
	done, total := p.Progress()
	assert.Equal(t, []int{1, 3}, []int{done, total}, "images of the other part do not count")
	p.Scored(b.scoring[2], score("OK", 0.5), nil)
	p.Scored(b.scoring[3], score("OK", 0.5), nil)
	assert.False(t, p.Busy())

	p.Back()
	require.Len(t, b.loads, 2)
	assert.Empty(t, b.loads[1], "the site's own part")
	p.Switched(washer)
	assert.Equal(t, []string{"old1", "old2"}, names(p))
	assert.Len(t, p.Samples, 2)
	assert.Equal(t, Done, p.Items()[0].State)
	assert.Equal(t, p.Items()[0], p.Selected())
	assert.Equal(t, Working, p.Items()[1].State, "what waited goes on")
	assert.Equal(t, 3, p.Notice.Kept)
	parts, at := p.Parts()
	assert.Equal(t, []string{"Washer", "Bracket"}, parts)
	assert.Equal(t, 0, at)
}

func TestRefusedPartChangesNothing(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Add(fakeFile("old"))
	p.Scored(1, score("OK", 0.5), nil)
	p.Give([]Source{fakeFile("x.anomnet")}, []Source{fakeFile("new")})
	p.Refused(protocol.Error{Code: protocol.CodeModelMismatch, Message: "digests differ"})
	assert.Equal(t, "Washer", p.Part.Part)
	assert.Equal(t, []string{"old", "new"}, names(p))
	assert.Equal(t, []int{1, 2}, b.scoring, "the images of the same drop are inspected")
	tree := newView(t, p).tree()
	n := text(find(tree, "class", "notice")[0])
	for _, want := range []string{"x.anomnet was not loaded.", "It does not fit", "Washer stays in use.", "digests differ"} {
		assert.Contains(t, n, want)
	}
	assert.Len(t, find(tree, "role", "alert"), 1)
	assert.Empty(t, find(tree, "id", "back"))
	fire(t, find(tree, "id", "dismiss")[0], "click", fakeEvent{})
	assert.Empty(t, find(newView(t, p).tree(), "class", "notice"))
	p.Refused(protocol.Error{Code: protocol.CodeCrashed})
	p.Switched(bracket)
	assert.Nil(t, p.Notice, "late answers are nobody's")
}

func TestPartBeforeTheSiteIsReady(t *testing.T) {
	p, b := newPage(t, 1)
	p.Add(fakeFile("early"))
	p.Give([]Source{fakeFile("b.anomnet")}, []Source{fakeFile("new")})
	assert.Empty(t, b.loads)
	p.Loaded(washer)
	require.Len(t, b.loads, 1)
	p.Switched(bracket)
	assert.Equal(t, []string{"new"}, names(p))

	p, b = newPage(t, 1)
	p.Give([]Source{fakeFile("b.anomnet")}, []Source{fakeFile("new")})
	p.Fail(protocol.Error{Code: protocol.CodeModelCorrupt})
	assert.Empty(t, b.loads)
	assert.Equal(t, NoticeRefused, p.Notice.Kind)
	assert.Equal(t, Failed, p.Items()[0].State)
	p.Give([]Source{fakeFile("c.anomnet")}, nil)
	assert.Equal(t, "c.anomnet", p.Notice.Name)
	assert.NotEmpty(t, text(newView(t, p).tree()))
}

func TestFailureDuringALoad(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Add(fakeFile("old"), fakeFile("waits"))
	p.Give([]Source{fakeFile("b.anomnet")}, nil)
	p.Scored(1, score("OK", 0.5), nil)
	p.Give([]Source{fakeFile("c.anomnet")}, []Source{fakeFile("new")})
	p.Fail(protocol.Error{Code: protocol.CodeCrashed})
	assert.Len(t, b.loads, 1)
	for _, it := range p.Items()[1:] {
		assert.Equal(t, Failed, it.State, it.Src.Name())
	}
	assert.Len(t, p.Items(), 3)
}

func TestSamePartAgainAndSelector(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Add(fakeFile("old"))
	p.Scored(1, score("OK", 0.5), nil)
	p.Give([]Source{fakeFile("copy.anomnet")}, nil)
	p.Switched(protocol.LoadResult{Part: "Washer", HeadDigest: washer.HeadDigest, BackboneDigest: washer.BackboneDigest})
	assert.Equal(t, []string{"old"}, names(p))
	assert.True(t, p.OwnPart())
	v := newView(t, p)
	assert.Empty(t, find(v.tree(), "class", "parts"), "one part needs no selector")

	p.Give([]Source{fakeFile("w2.anomnet")}, nil)
	p.Switched(protocol.LoadResult{Part: "Washer", HeadDigest: "ffff00001111", BackboneDigest: "x"})
	tree := v.tree()
	sel := find(tree, "class", "parts")
	require.Len(t, sel, 1)
	assert.Equal(t, "Washer · 012345 Washer · ffff00", text(sel[0]), "equal names are told apart")
	assert.NotContains(t, text(tree), "no sample images", "that is said of the site only")
	for _, v := range []string{"1", "7", "-1", "x"} {
		fire(t, sel[0], "change", fakeEvent{value: v})
	}
	assert.Len(t, b.loads, 2, "no other part was chosen")
	fire(t, sel[0], "change", fakeEvent{value: "0"})
	assert.Len(t, b.loads, 3)
	p.Switched(washer)
	assert.Equal(t, []string{"old"}, names(p))
}

func TestSamePartAgainKeepsTheNewestFiles(t *testing.T) {
	p, b := readyPage(t, 1)
	p.Give([]Source{fakeFile("b.anomnet")}, nil)
	p.Switched(bracket)
	p.Give([]Source{fakeFile("moved.anomnet")}, nil)
	p.Switched(bracket)
	p.Use(0)
	p.Switched(washer)
	p.Use(1)
	require.Len(t, b.loads, 4)
	assert.Equal(t, []Source{fakeFile("moved.anomnet")}, b.loads[3])
	p.Switched(bracket)
	p.Use(0)
	assert.Empty(t, b.loads[4], "the site's own part comes from the site")
}

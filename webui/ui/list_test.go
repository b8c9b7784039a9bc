package ui

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/wasm/protocol"
)

func TestNaturalOrder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"a", "b", -1}, {"part-2", "part-10", -1}, {"part-10", "part-2", 1}, {"a007", "a7", 0}, {"a7b", "a007a", 1},
		{"1", "a", -1}, {"12345678901234567890123", "12345678901234567890124", -1}, {"x1y2", "x1y10", -1},
	} {
		assert.Equal(t, c.want, natural(c.a, c.b), "%q %q", c.a, c.b)
		assert.Equal(t, -c.want, natural(c.b, c.a), "%q %q", c.b, c.a)
	}
}

// filled is a page with n finished images whose ratios go up and down.
func filled(t *testing.T, n int) (*Page, *fakeBackend) {
	t.Helper()
	p, b := readyPage(t, n)
	for i := range n {
		p.Add(fakeFile(fmt.Sprintf("Part-%d.png", i)))
	}
	for i := range n {
		r := float64(i*37%100) / 60
		v := "OK"
		if r > 1 {
			v = "NG"
		}
		p.Scored(i+1, score(v, r), []float32{1})
	}
	return p, b
}

func shownNames(p *Page) (out []string) {
	for _, it := range p.List.Shown() {
		out = append(out, it.Src.Name())
	}
	return out
}

func TestOrderAndSearch(t *testing.T) {
	p, _ := readyPage(t, 9)
	p.Add(fakeFile("b10"), fakeFile("B2"), fakeFile("a"), fakeFile("c"))
	p.Scored(2, score("NG", 2), nil)
	p.Scored(3, score("OK", 0.5), nil)
	p.Failed(4, protocol.Error{Code: protocol.CodeEmpty})
	p.SetOrder("name")
	assert.Equal(t, []string{"a", "B2", "b10", "c"}, shownNames(p))
	p.SetOrder("worst")
	assert.Equal(t, []string{"B2", "a", "c", "b10"}, shownNames(p))
	p.Scored(1, score("REVIEW", 0.9), nil)
	assert.Equal(t, []string{"B2", "b10", "a", "c"}, shownNames(p), "it takes its place")
	p.SetOrder("nonsense")
	assert.Equal(t, ByWorst, p.List.Order)
	p.SetSearch(" B ")
	assert.Equal(t, []string{"B2", "b10"}, shownNames(p))
	assert.Equal(t, 4, p.List.Count(""), "the counts are of all images")
	p.SetFilter("NG")
	assert.Equal(t, []string{"B2"}, shownNames(p))
	p.SetSearch("nothing")
	assert.Empty(t, shownNames(p))
	assert.Contains(t, text(newView(t, p).tree()), "No image has this name")
	p.ShowAll()
	assert.Len(t, shownNames(p), 4)
}

func TestHiddenImagesGetAHint(t *testing.T) {
	p, _ := filled(t, 4)
	p.SetFilter("NG")
	p.Add(fakeFile("new1"), fakeFile("new2"))
	v := newView(t, p)
	assert.Contains(t, text(v.tree()), "2 images are not shown because of the filter.")
	p.Scored(5, score("NG", 3), nil)
	assert.Contains(t, text(v.tree()), "1 image is not shown because of the filter.")
	fire(t, find(v.tree(), "id", "show-all")[0], "click", fakeEvent{})
	assert.Empty(t, find(v.tree(), "id", "show-all"))
	assert.Len(t, shownNames(p), 6)
}

func TestOnlyTilesInSightAreBuilt(t *testing.T) {
	p, b := filled(t, 5000)
	l := p.List
	l.Resized(1280, 152)
	v := newView(t, p)
	tiles := find(v.tree(), "role", "option")
	require.Less(t, len(tiles), 30)
	assert.Equal(t, "5000", attrOf(tiles[0], "aria-setsize"))
	assert.Equal(t, "1", attrOf(tiles[0], "aria-posinset"))
	require.True(t, l.Scrolled(300_000, 0))
	tiles = find(v.tree(), "role", "option")
	assert.Equal(t, "2495", attrOf(tiles[0], "aria-posinset"))
	assert.False(t, l.Scrolled(300_010, 0), "the same tiles do")
	list := find(v.tree(), "id", "items")[0]
	assert.Empty(t, attrOf(list, "aria-activedescendant"), "what is not in the document cannot be active")
	list.Populate.JSValueHandle(noValue())
	lay := b.lays[len(b.lays)-1]
	assert.Equal(t, 5000.0*tileWidth, lay.Before+lay.After+float64(len(tiles))*tileWidth)

	assert.True(t, p.Press("End", true, true))
	assert.Equal(t, 5000, p.Selected().ID)
	tiles = find(v.tree(), "role", "option")
	assert.Equal(t, "item-5000", attrOf(tiles[len(tiles)-1], "id"))
	assert.Equal(t, "item-5000", attrOf(find(v.tree(), "id", "items")[0], "aria-activedescendant"))
	p.Press("PageUp", true, true)
	assert.Equal(t, 4990, p.Selected().ID)
}

func TestRows(t *testing.T) {
	p, b := filled(t, 500)
	v := newView(t, p)
	p.List.Resized(1280, 152)
	fire(t, find(v.tree(), "id", "rows")[0], "click", fakeEvent{})
	assert.True(t, b.saved.Grid)
	p.List.Resized(1280, 400)
	assert.Equal(t, 10, p.List.win.lanes)
	p.Press("ArrowDown", true, true)
	assert.Equal(t, 11, p.Selected().ID)
	p.Press("j", true, true)
	assert.Equal(t, 12, p.Selected().ID)
	p.Press("End", true, true)
	from, to := p.List.Window()
	assert.Equal(t, 500, to)
	assert.Zero(t, from%10, "lines are whole")
	p.Press("PageUp", true, true)
	assert.Equal(t, 480, p.Selected().ID)
}

// TestResultsDoNotPushWhatIsLookedAt checks at random that the selected tile, or the first in sight, stays where it is seen.
func TestResultsDoNotPushWhatIsLookedAt(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		p, _ := filled(t, 400)
		l := p.List
		l.Resized(1000, 152)
		p.SetOrder("worst")
		p.Select(1 + r.IntN(400))
		if r.IntN(2) == 0 {
			l.Scrolled(float64(1+r.IntN(40_000)), 0)
		}
		h := l.hold()
		require.NotNil(t, h.it)
		for range 20 {
			p.Add(fakeFile("new"))
			p.Scored(p.lastID, score("OK", r.Float64()*1.7), nil)
		}
		i, ok := l.place(h.it)
		require.True(t, ok)
		end := float64(len(l.shown))*tileWidth + listPad - 1000
		if at := l.position(i) - h.offset; at < end { // at the end of the list it cannot
			require.InDelta(t, h.offset, l.position(i)-l.win.at, 1e-9, "seed %d", seed)
		}
	}
}

func TestOldMapsAreComputedAgain(t *testing.T) {
	p, b := filled(t, maxMaps+10)
	first, third := p.Item(1), p.Item(3)
	assert.NotEmpty(t, first.Map, "the selected image keeps its map")
	assert.Empty(t, third.Map)
	kept := 0
	for _, it := range p.Items() {
		if len(it.Map) > 0 {
			kept++
		}
	}
	assert.Equal(t, maxMaps, kept)
	b.scoring = nil
	p.Select(3)
	require.Equal(t, []int{3}, b.scoring)
	p.Select(3)
	require.Equal(t, []int{3}, b.scoring, "once is enough")
	assert.Contains(t, text(newView(t, p).tree()), "Computing the map again")
	p.Scored(3, score("OK", 0.5), []float32{7})
	assert.Equal(t, []float32{7}, third.Map)
	assert.False(t, p.Busy(), "it is no new image")

	p.Select(4)
	p.Failed(4, protocol.Error{Code: protocol.CodeUnreadable})
	assert.Equal(t, Done, p.Item(4).State, "the verdict stays")
	assert.Contains(t, text(newView(t, p).tree()), "can no longer be read")
	b.scoring = nil
	p.Select(4)
	assert.Empty(t, b.scoring)

	p.Select(5)
	p.Failed(5, protocol.Error{Code: protocol.CodeCrashed})
	assert.NotContains(t, text(newView(t, p).tree()), "can no longer be read", "the file has nothing to do with a worker that ends")
	p.Select(5)
	assert.Equal(t, []int{5, 5}, b.scoring)
	p.Scored(5, score("OK", 0.5), []float32{7})
	assert.NotEmpty(t, p.Item(5).Map)

	p.Give([]Source{fakeFile("b.anomnet")}, nil)
	p.Switched(bracket)
	b.scoring = nil
	p.Reload(6)
	assert.Empty(t, b.scoring, "the map of an image is that of its part")

	p.Select(5)
	p.Clear()
	p.Scored(5, score("OK", 0.5), []float32{7})
	assert.Empty(t, p.Items())
}

func TestSingleLetterKeysCanBeSwitchedOff(t *testing.T) {
	p, b := filled(t, 5)
	p.SetLetters(false)
	assert.True(t, b.saved.NoLetters)
	assert.False(t, p.Press("m", true, false))
	assert.False(t, p.Press("?", true, false))
	assert.True(t, p.Press("m", true, true), "in the list they work")
	assert.True(t, p.Press("ArrowRight", true, true))
	p.SetLetters(true)
	assert.True(t, p.Press("?", true, false))
	assert.True(t, p.Help)
	assert.False(t, p.Press("m", true, false), "behind the help nothing happens")
	v := newView(t, p)
	for _, n := range find(v.tree(), "id", "help") {
		assert.Contains(t, text(n), "heat map on / off")
		n.Populate.JSValueHandle(noValue())
	}
	assert.True(t, b.open)
	fire(t, find(v.tree(), "id", "help-close")[0], "click", fakeEvent{})
	assert.False(t, p.Help)
}

func TestSettingsLast(t *testing.T) {
	p, b := readyPage(t, 1)
	p.SetLanguage("de")
	p.SetTheme(ThemeDark)
	p.SetGrid(true)
	q, _ := newPage(t, 1)
	q.Restore(b.saved)
	assert.Equal(t, Settings{Lang: "de", Theme: ThemeDark, Grid: true}, q.Settings)
	assert.Equal(t, "de", q.Text.Lang)
	assert.True(t, q.List.Grid)
	q.Restore(Settings{Lang: "xx"})
	assert.Equal(t, "de", q.Text.Lang)
}

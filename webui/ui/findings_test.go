package ui

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vjs "github.com/vugu/vugu/js"

	"anomnet/wasm/protocol"
	"anomnet/webui/dom/vdom"
)

// spotted is a page with one NG image whose map has two regions.
func spotted(t *testing.T) (*Page, *fakeBackend) {
	t.Helper()
	p, b := judgedPage(t)
	p.Add(fakeFile("part.png"))
	r := score("NG", 1.25)
	r.Width, r.Height, r.MapW, r.MapH, r.WorstX, r.WorstY, r.Worst = 400, 400, 4, 4, 1, 2, 3
	p.Scored(1, r, []float32{0, 0, 0, 2.4, 0, 0, 0, 0, 0, 3, 3, 0, 0, 3, 0, 0})
	p.Look.Resized(424, 424)
	return p, b
}

func TestRegionsAreListedAndOutlined(t *testing.T) {
	p, _ := spotted(t)
	v := newView(t, p)
	tree := v.tree()
	list := find(tree, "class", "regions")[0]
	assert.Contains(t, text(list), "2 regions above the limit")
	rows := find(list, "class", "region")
	require.Len(t, rows, 2)
	found := p.Found(p.Selected())
	assert.Greater(t, found.Regions[0].Area, found.Regions[1].Area)
	assert.Contains(t, text(rows[0]), "18784 px 11.7 % 1.50 ×")
	assert.Contains(t, attrOf(rows[0], "aria-label"), "18784 px 11.7\u00a0% 1.50 ×: zoom to this region")
	lines := find(tree, "class", "contour")
	require.Len(t, lines, 2)
	assert.True(t, strings.HasPrefix(attrOf(find(lines[0], "class", "line")[0], "d"), "M"))
	assert.Equal(t, "matrix(1 0 0 1 12 12)", attrOf(find(tree, "class", "marks")[0].Kids[0], "transform"))
	assert.Equal(t, "M100 200L200 200L200 300L100 300z", attrOf(find(tree, "class", "worst")[0], "d"))

	fire(t, rows[1], "mouseenter", fakeEvent{})
	tree = v.tree()
	assert.Len(t, find(tree, "class", "hot"), 2, "the row and the outline")
	fire(t, find(tree, "class", "contour")[1], "mouseleave", fakeEvent{})
	assert.Empty(t, find(v.tree(), "class", "hot"))
	fire(t, find(v.tree(), "class", "region")[1], "click", fakeEvent{})
	assert.Greater(t, p.Look.Zoom.Scale, 1.0)
	assert.NotEqual(t, "matrix(1 0 0 1 12 12)", attrOf(find(v.tree(), "class", "marks")[0].Kids[0], "transform"))
	p.Look.MapOn = false
	assert.Empty(t, find(v.tree(), "class", "marks"), "the outlines are part of the map")
	p.Look.MapOn = true
	p.SetLimits(Limits{0, 2.8})
	assert.Contains(t, text(v.tree()), "1 region above the limit")
	assert.Len(t, find(v.tree(), "class", "contour"), 1, "they follow the limit")
}

// TestAnNGImageShowsAPlaceThoughNothingIsAboveTheLimit: its score is, by a little, and its map is smoother.
func TestAnNGImageShowsAPlaceThoughNothingIsAboveTheLimit(t *testing.T) {
	p, _ := spotted(t)
	p.SetLimits(Limits{0, 3})
	it := p.Selected()
	it.Result.Raw = 3.01
	p.SetLimits(Limits{0, 3.005})
	require.Equal(t, "NG", it.Result.Verdict)
	tree := newView(t, p).tree()
	assert.Contains(t, text(find(tree, "class", "regions")[0]), "Nowhere above the limit: the highest place is outlined")
	require.Len(t, find(tree, "class", "contour"), 1)
	assert.Contains(t, text(find(tree, "class", "region")[0]), "0.998 ×")
	require.Len(t, it.Result.Regions, 1, "in reports, too")
	p.SetLimits(Limits{0, 3.02})
	require.Equal(t, "REVIEW", it.Result.Verdict)
	tree = newView(t, p).tree()
	assert.Contains(t, text(find(tree, "class", "regions")[0]), "0 regions above the limit")
	assert.Empty(t, find(tree, "class", "contour"))
}

func TestManyRegionsAreNotAllListed(t *testing.T) {
	p, _ := judgedPage(t)
	p.Add(fakeFile("part.png"))
	r := score("NG", 1.25)
	r.Width, r.Height, r.MapW, r.MapH = 32, 32, 32, 32
	m := make([]float32, 32*32)
	for i := range 20 {
		m[(i/5*4+1)*32+i%5*4+1] = 3
	}
	p.Scored(1, r, m)
	tree := newView(t, p).tree()
	assert.Len(t, find(tree, "class", "region"), regionRows)
	assert.Contains(t, text(tree), "12 more are outlined")
}

func TestLookKeys(t *testing.T) {
	p, _ := spotted(t)
	for _, c := range []struct {
		key   string
		scale float64
	}{{"+", 1.5}, {"=", 2.25}, {"-", 1.5}, {"0", 0}, {"-", 0}} {
		require.True(t, p.Press(c.key, true, false), c.key)
		assert.InDelta(t, c.scale, p.Look.Zoom.Scale, 1e-9, c.key)
	}
	p.ZoomStep(1)
	x := p.Look.Zoom.X
	require.True(t, p.PanKey("ArrowLeft"))
	assert.Less(t, p.Look.Zoom.X, x)
	for _, k := range []string{"ArrowRight", "ArrowUp", "ArrowDown", "0"} {
		require.True(t, p.PanKey(k))
	}
	assert.False(t, p.PanKey("q"))
	for _, c := range []struct {
		key  string
		want Beside
	}{{"s", BesidePlain}, {"S", BesideNone}, {"c", BesideGolden}, {"s", BesidePlain}} {
		require.True(t, p.Press(c.key, true, false))
		assert.Equal(t, c.want, p.Look.Beside)
	}
	assert.False(t, p.Press("y", true, false))
}

func TestCompareWithAGoodImage(t *testing.T) {
	p, b := spotted(t)
	v := newView(t, p)
	populate := func() {
		b.drawn = nil
		walk(v.tree(), func(n *vdom.Node) {
			if n.Populate != nil {
				n.Populate.JSValueHandle(vjs.Value{})
			}
		})
	}
	fire(t, find(v.tree(), "id", "beside-golden")[0], "click", fakeEvent{})
	populate()
	assert.Contains(t, b.drawn, "beside-1s1.jpgfalse", "a sample, as long as the list has nothing better")
	inspect(t, p, map[string]float32{"a.png": 0.5, "good/b.png": 0.7, "good/c.png": 3, "d.png": 0.6})
	var names []string
	for _, g := range p.Good() {
		names = append(names, g.Src.Name())
	}
	assert.Equal(t, []string{"b.png", "a.png", "d.png"}, names, "known ones first; a false alarm is no example")
	populate()
	assert.Contains(t, b.drawn, "beside4b.pngtrue")
	fire(t, find(v.tree(), "id", "golden")[0], "change", fakeEvent{value: "3"})
	populate()
	assert.Contains(t, b.drawn, "beside3d.pngtrue")
	assert.Contains(t, text(v.tree()), "Good: d.png")
	p.SetGolden("nonsense")
	fire(t, find(v.tree(), "id", "beside-plain")[0], "click", fakeEvent{})
	populate()
	assert.Contains(t, b.drawn, "beside1part.pngtrue")
	p.Samples = nil
	p.List.remove(func(it *Item) bool { return it.ID > 1 })
	p.SetBeside(BesideGolden)
	populate()
	assert.Contains(t, text(v.tree()), "No good image is in the list yet")
}

func TestSimilarSpot(t *testing.T) {
	p, b := spotted(t)
	inspect(t, p, map[string]float32{"a.png": 0.5, "good/b.png": 0.7})
	v := newView(t, p)
	fire(t, find(v.tree(), "id", "similar")[0], "click", fakeEvent{})
	assert.Contains(t, b.drawn, "similar1part.png2")
	assert.Contains(t, text(v.tree()), "Looking for the most similar spot")
	p.SimilarFound(77, protocol.SimilarResult{}, "")
	p.SimilarFound(1, protocol.SimilarResult{MapW: 4, MapH: 4, Worst: protocol.Spot{X: 1, Y: 2, Distance: 3},
		Good: []protocol.Spot{{X: 0, Y: 0, Distance: 9}, {X: 2, Y: 2, Distance: 4.3}}}, "")
	s := text(v.tree())
	assert.Contains(t, s, "The nearest in 2 good images here. Distance to it: 4.3; to the model's nearest reference patch: 3.0.")
	b.drawn = nil
	walk(find(v.tree(), "class", "spots")[0], func(n *vdom.Node) {
		if n.Populate != nil {
			n.Populate.JSValueHandle(vjs.Value{})
		}
	})
	assert.Equal(t, []string{"crop1 [0 0 1 1]", "crop2 [0 0 1 1]"}, b.drawn, "b.png is known to be good, so it came first; the spot is in a.png")
	fire(t, find(v.tree(), "id", "similar-compare")[0], "click", fakeEvent{})
	g, ok := p.Golden()
	assert.True(t, ok)
	assert.Equal(t, "a.png", g.Src.Name())

	p.forgetSpots()
	b.drawn = nil
	v.tree()
	assert.Contains(t, b.drawn, "similar1part.png2", "asked again")
	p.SimilarFound(1, protocol.SimilarResult{}, protocol.CodeCorrupt)
	assert.Contains(t, text(v.tree()), "No good image could be compared.")
}

func TestSimilarSpotWithoutGoodImages(t *testing.T) {
	p, b := spotted(t)
	p.Samples = nil
	p.SetSimilar(true)
	assert.Contains(t, text(newView(t, p).tree()), "No good image is in the list to compare with")
	assert.NotContains(t, strings.Join(b.drawn, " "), "similar")
	inspect(t, p, map[string]float32{"a.png": 0.5})
	p.Select(1)
	assert.Contains(t, text(newView(t, p).tree()), "Looking for the most similar spot")
}

func TestNumbers(t *testing.T) {
	p, _ := newPage(t, 1)
	for v, want := range map[float64]string{0: "0.00", 0.00001: "<\u00a00.01", 0.0004: "0.04", 0.0214: "2.14", 0.5: "50.0", 1: "100.0"} {
		assert.Equal(t, want+"\u00a0%", p.Share(v))
	}
}

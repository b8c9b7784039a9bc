package ui

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vjs "github.com/vugu/vugu/js"

	"anomnet/core/calibrate"
	"anomnet/wasm/protocol"
	"anomnet/webui/dom/vdom"
)

// judgedPage is a page with a calibrated part: limit 2, review 1.5, a hundred held-out scores from 0.02 to 2.
func judgedPage(t *testing.T) (*Page, *fakeBackend) {
	t.Helper()
	p, b := newPage(t, 4)
	part := protocol.LoadResult{Part: "Washer", Tier: "generic", Calibration: 100, FalseRejectRate: 0.02, Promised: true, Centroids: 2048, Width: 16, Height: 16,
		Mode: protocol.ModeStretch, HeadDigest: "0123456789abcdef", BackboneDigest: "fedcba9876543210", TopK: 3, Limit: 2, Review: 1.5, MapLow: 1, MapHigh: 3}
	for i := range 100 {
		part.Scores = append(part.Scores, float32(i+1)/50)
	}
	p.Loaded(part)
	p.Settle([]Sample{{fakeFile("s1.jpg"), "good"}, {fakeFile("s2.jpg"), "defect"}})
	return p, b
}

// placedFile lies in a folder.
type placedFile string

func (f placedFile) Name() string { return string(f)[strings.LastIndex(string(f), "/")+1:] }
func (f placedFile) Path() string { return string(f) }

// inspect adds images with the given raw scores, one by one.
func inspect(t *testing.T, p *Page, raws map[string]float32) {
	t.Helper()
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range raws {
			if !yield(n) {
				return
			}
		}
	}) {
		p.Add(placedFile(name))
		raw, id := raws[name], p.lastID
		v := (&calibrate.Calibration{Limit: 2, Review: 1.5}).Verdict(raw)
		r := score(string(v), float64(raw)/2)
		r.Raw, r.RawBits = raw, math.Float32bits(raw)
		r.Regions = []protocol.Region{{Area: 7, Share: 0.5}}
		p.Scored(id, r, []float32{1, 1, 1, raw * 1.2})
	}
}

func TestMovedLimitsJudgeEveryImage(t *testing.T) {
	p, _ := judgedPage(t)
	inspect(t, p, map[string]float32{"a": 0.5, "b": 1.4, "c": 1.6, "d": 2, "e": 2.5})
	counts := func() [3]int {
		return [3]int{p.List.Count(protocol.VerdictOK), p.List.Count(protocol.VerdictReview), p.List.Count(protocol.VerdictNG)}
	}
	assert.Equal(t, [3]int{2, 2, 1}, counts())
	p.SetLimits(Limits{Review: 1, Limit: 1.5})
	assert.Equal(t, [3]int{1, 1, 3}, counts())
	assert.True(t, p.LimitsMoved())
	c := calibrate.Calibration{Review: 1, Limit: 1.5}
	for _, it := range p.Items() {
		r := it.Result
		assert.Equal(t, string(c.Verdict(r.Raw)), r.Verdict)
		assert.Equal(t, c.Ratio(r.Raw), r.Ratio)
		assert.Equal(t, [2]float32{1, 1.5}, [2]float32{r.Review, r.Limit})
		require.NoError(t, func() error { rec := it.Record(); rec.SHA256 = strings.Repeat("0", 64); return rec.Validate() }(), "core takes it as it is")
	}
	assert.Empty(t, p.Items()[0].Result.Regions, "measured at the limit in force")
	assert.NotEqual(t, 7, p.Items()[4].Result.Regions[0].Area)
	inspect(t, p, map[string]float32{"f": 1.8})
	assert.Equal(t, protocol.VerdictNG, p.Items()[5].Result.Verdict, "what comes later is judged the same")
	b := p.Batch(p.Items())
	assert.Equal(t, [2]float32{1.5, 1}, [2]float32{b.Header.Limit, b.Header.Review})
	assert.False(t, b.Header.Promised, "a limit chosen by looking promises nothing")
	assert.InDelta(t, 26.0/101, b.Header.FalseRejectRate, 1e-12)
	p.ResetLimits()
	assert.False(t, p.LimitsMoved())
	assert.Equal(t, [3]int{2, 3, 1}, counts())
	assert.Equal(t, []protocol.Region{{Area: 7, Share: 0.5}}, p.Items()[0].Result.Regions, "the worker's again")
	assert.True(t, p.Batch(p.Items()).Header.Promised)
}

func TestLimitsThatMakeNoSense(t *testing.T) {
	p, _ := judgedPage(t)
	nan := float32(math.NaN())
	for _, l := range []Limits{{1, 0}, {1, -1}, {nan, 2}, {1, nan}, {-1, 2}, {1, float32(math.Inf(1))}} {
		p.SetLimits(l)
		assert.False(t, p.LimitsMoved(), "%v", l)
	}
	p.SetLimits(Limits{Review: 9, Limit: 1})
	assert.Equal(t, Limits{1, 1}, p.Limits(), "review is never above the limit")
	other, _ := newPage(t, 1)
	other.Loaded(protocol.LoadResult{Part: "x"})
	other.SetLimits(Limits{1, 2})
	assert.False(t, other.LimitsMoved(), "a part without limits")
}

func TestLimitsBelongToAPart(t *testing.T) {
	p, _ := judgedPage(t)
	p.SetLimits(Limits{1, 1.2})
	p.Give([]Source{fakeFile("b.anomnet")}, nil)
	other := bracket
	other.Limit, other.Review = 5, 4
	p.Switched(other)
	assert.Equal(t, Limits{4, 5}, p.Limits())
	p.Back()
	p.Switched(p.parts[0].part)
	assert.Equal(t, Limits{1, 1.2}, p.Limits())
}

func TestHandles(t *testing.T) {
	p, _ := judgedPage(t)
	inspect(t, p, map[string]float32{"a": 0.5, "b": 1.4, "c": 2.5})
	v := newView(t, p)
	handle := func(name string) *vdom.Node { return find(v.tree(), "data-limit", name)[0] }
	assert.Equal(t, "slider", attrOf(handle("limit"), "role"))
	assert.Equal(t, "1.00", attrOf(handle("limit"), "aria-valuenow"))
	assert.Equal(t, "0.75", attrOf(handle("review"), "aria-valuenow"))
	assert.Equal(t, "1.00", attrOf(handle("review"), "aria-valuemax"))
	assert.Contains(t, attrOf(handle("limit"), "aria-valuetext"), "1.00 times the model's limit, raw score 2. 1 image is NG. False rejects promised: 2.00\u00a0%")
	for _, c := range []struct {
		name, key string
		want      Limits
	}{
		{"limit", "ArrowLeft", Limits{1.5, float32(1.98)}}, {"limit", "ArrowRight", Limits{1.5, 2}}, {"limit", "PageDown", Limits{1.5, float32(1.8)}},
		{"limit", "End", Limits{1.5, 4}}, {"review", "End", Limits{4, 4}}, {"review", "Home", Limits{0, 4}}, {"limit", "Home", Limits{0, float32(0.02)}},
		{"review", "PageUp", Limits{float32(0.02), float32(0.02)}}, {"limit", "End", Limits{float32(0.02), 4}},
	} {
		require.True(t, p.LimitKey(c.name, c.key))
		assert.Equal(t, c.want, p.Limits(), "%s %s", c.name, c.key)
	}
	assert.False(t, p.LimitKey("limit", "x"))
	p.DragLimit("limit", (p.axis().At(1.001))/chartWidth)
	assert.Equal(t, float32(2), p.Limits().Limit, "the model's own limit catches")
	p.DragLimit("review", p.axis().At(0.752)/chartWidth)
	assert.False(t, p.LimitsMoved())
	p.DragLimit("limit", -5)
	assert.Equal(t, Limits{float32(0.02), float32(0.02)}, p.Limits(), "REVIEW is never above the limit")
	p.DragLimit("limit", 1)
	assert.Equal(t, Limits{1.5, 4}, p.Limits(), "and comes back")
	p.DragLimit("limit", -5)
	assert.Contains(t, text(v.tree()), "99 of 100 held-out good images are above this limit")
	fire(t, find(v.tree(), "id", "limits-reset")[0], "click", fakeEvent{})
	assert.Empty(t, find(v.tree(), "id", "limits-reset"))
	walk(v.tree(), func(n *vdom.Node) {
		if n.Create != nil {
			n.Create.JSValueHandle(vjs.Value{})
		}
	})
}

func TestPromise(t *testing.T) {
	p, _ := judgedPage(t)
	c := &Threshold{p}
	assert.Equal(t, "False rejects promised: 2.00\u00a0% (0.24\u00a0% to 5.45\u00a0%)", c.Promise())
	p.Part.FalseRejectRate = 0.001
	assert.Contains(t, c.Promise(), "aimed at: 0.10\u00a0%; with 100 good images only ≤ 2.95\u00a0% is certain")
	p.SetLimits(Limits{0, 3})
	assert.Contains(t, c.Promise(), "0 of 100 held-out good images are above this limit: 0.00\u00a0% to 2.95\u00a0%")
	p.Part.Scores = nil
	assert.Contains(t, c.Promise(), "no scores")
}

func TestConfusion(t *testing.T) {
	p, _ := judgedPage(t)
	inspect(t, p, map[string]float32{"test/good/a": 0.5, "test/good/b": 2.5, "test/good/c": 1.6, "test/crack/d": 3, "test/crack/e": 1, "f": 1})
	v := newView(t, p)
	table := find(v.tree(), "class", "confusion")[0]
	assert.Contains(t, text(table), "OK REVIEW NG Good 1 1 1 Defective 1 0 1")
	assert.Contains(t, text(table), "1 missed 1 false alarm")
	assert.Contains(t, text(table), "AUROC 0.6667")
	fire(t, find(v.tree(), "data-filter", "defect/OK")[0], "click", fakeEvent{})
	require.Len(t, p.List.Shown(), 1)
	assert.Equal(t, "e", p.Selected().Src.Name(), "one click away")
	assert.Contains(t, text(v.tree()), "Shown: Defective, called OK.")
	assert.Equal(t, "true", attrOf(find(v.tree(), "data-filter", "defect/OK")[0], "aria-pressed"))
	p.SetLimits(Limits{0.4, 0.9})
	assert.Empty(t, p.List.Shown(), "it is not missed any more")
	fire(t, find(v.tree(), "data-filter", "good/NG")[0], "click", fakeEvent{})
	assert.Len(t, p.List.Shown(), 2)
	p.ShowAll()
	assert.Len(t, p.List.Shown(), 6)
	inspect(t, p, map[string]float32{"test/good/late": 0.1})
	assert.Contains(t, text(v.tree()), "AUROC 0.7500")
}

// TestTallyIsTheSameAsCounting drags the limit through a random batch.
func TestTallyIsTheSameAsCounting(t *testing.T) {
	p, _ := judgedPage(t)
	raws := map[string]float32{}
	for i := range 60 {
		raws[fmt.Sprintf("%s/%02d", []string{"good", "ng", "x"}[i%3], i)] = float32(i*37%60) / 15
	}
	inspect(t, p, raws)
	for step := range 40 {
		p.DragLimit([]string{"limit", "review"}[step%2], float64(step*13%40)/40)
		c := p.calibration()
		want := map[string]int{}
		for _, it := range p.Items() {
			want[string(c.Verdict(it.Result.Raw))]++
		}
		for _, v := range []string{protocol.VerdictOK, protocol.VerdictReview, protocol.VerdictNG} {
			require.Equal(t, want[v], p.List.Count(v))
		}
		k := p.count().confusion
		require.Equal(t, 40, k.Labelled())
		require.Equal(t, want[protocol.VerdictNG], k.Good.NG+k.Defect.NG+func() (n int) {
			for _, it := range p.Items() {
				if it.Label == "" && it.Result.Verdict == protocol.VerdictNG {
					n++
				}
			}
			return n
		}())
	}
}

func TestAxisShowsTheGoodScores(t *testing.T) {
	p, _ := judgedPage(t)
	assert.Equal(t, [2]float64{0, 2}, [2]float64{p.axis().Low, p.axis().High})
	for lowest, want := range map[float32][2]float64{1.7: {0.7, 1.9}, 1.99: {0.8, 1.6}, 3: {0.8, 1.6}, 0: {0, 2}} {
		p.Part.Scores = []float32{lowest}
		assert.InDelta(t, want[0], p.axis().Low, 1e-9)
		assert.InDelta(t, want[1], p.axis().High, 1e-9)
	}
	p.Part.Scores = []float32{1.9}
	var ticks []string
	for _, k := range (&Threshold{p}).Ticks() {
		ticks = append(ticks, k.Text)
	}
	assert.Equal(t, []string{"< 0.8", "1.0", "1.2", "1.4", "≥ 1.6"}, ticks)
}

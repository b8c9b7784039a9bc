package calibrate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var nan, inf = float32(math.NaN()), float32(math.Inf(1))

// ramp is 1, 2, ..., n in a fixed random order.
func ramp(n int) []float32 {
	s := make([]float32, n)
	for i, p := range rand.New(rand.NewPCG(uint64(n), 1)).Perm(n) {
		s[i] = float32(p + 1)
	}
	return s
}

// TestLimits: with scores 1..n the k-th smallest is k itself.
func TestLimits(t *testing.T) {
	cases := []struct {
		name          string
		n             int
		frr           float64
		limit, review float32
		promised      bool
	}{
		{"whole (n+1)frr", 19, 0.05, 19, 16, true},    // 20*0.05 = 1 exactly; review at 20 %, the cap
		{"5 % of 100", 99, 0.05, 95, 80, true},        // k = 95
		{"1 % of 200", 200, 0.01, 199, 191, true},     // floor(2.01) = 2; review at 5 %: floor(10.05) = 10
		{"1 % of 1000", 999, 0.01, 990, 950, true},    // binary 0.01 must not lose the whole 10
		{"loose target", 9, 0.3, 7, 7, true},          // looser than the cap: no review band
		{"half", 1, 0.5, 1, 1, true},                  // smallest set that promises anything
		{"1 % of 20", 20, 0.01, 26.305311, 20, false}, // 10.5 + 9.5 ln(50)/ln(10.5); review at 5 % is promised: the maximum
		{"tiny target stops at four spreads", 20, 1e-9, 48.5, 48.5, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := New(ramp(c.n), nil, c.frr)
			require.NoError(t, err)
			require.NoError(t, got.Validate())
			assert.Equal(t, c.limit, got.Limit)
			assert.Equal(t, c.review, got.Review)
			assert.Equal(t, c.promised, got.Promised())
			assert.Equal(t, c.frr, got.FalseRejectRate)
		})
	}
}

func TestNewCopiesAndSorts(t *testing.T) {
	scores := []float32{3, 1, 2}
	maps := [][]float32{{5, 1}, {}, {4}}
	c, err := New(scores, maps, 0.5)
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 2, 3}, c.Scores)
	assert.Equal(t, []float32{3, 1, 2}, scores)
	assert.Equal(t, [][]float32{{5, 1}, {}, {4}}, maps)
	scores[0] = 9
	assert.Equal(t, []float32{1, 2, 3}, c.Scores)
}

func TestNewErrors(t *testing.T) {
	good := []float32{1, 2, 3}
	cases := []struct {
		name   string
		scores []float32
		maps   [][]float32
		frr    float64
		want   string
	}{
		{"no scores", nil, nil, 0.1, "calibrate: no held-out scores"},
		{"rate 0", good, nil, 0, "calibrate: false_reject_rate is 0, want above 0 and at most 0.5"},
		{"rate 0.6", good, nil, 0.6, "calibrate: false_reject_rate is 0.6, want above 0 and at most 0.5"},
		{"rate NaN", good, nil, math.NaN(), "calibrate: false_reject_rate is NaN, want above 0 and at most 0.5"},
		{"NaN", []float32{1, nan}, nil, 0.1, "calibrate: score 1 is NaN, want 0 to 1e+30"},
		{"infinite", []float32{inf}, nil, 0.1, "calibrate: score 0 is +Inf, want 0 to 1e+30"},
		{"negative", []float32{1, 2, -1}, nil, 0.1, "calibrate: score 2 is -1, want 0 to 1e+30"},
		{"huge", []float32{1, 2e30}, nil, 0.1, "calibrate: score 1 is 2e+30, want 0 to 1e+30"},
		{"zeros", []float32{0, 0}, nil, 0.1, "calibrate: every held-out score is 0: the held-out images are copies of the taught ones"},
		{"too many", make([]float32, MaxScores+1), nil, 0.1, "calibrate: 65537 held-out scores, want at most 65536"},
		{"map NaN", good, [][]float32{{1}, {1, nan}}, 0.1, "calibrate: map 1 value 1 is NaN, want 0 to 1e+30"},
		{"map negative", good, [][]float32{{-1}}, 0.1, "calibrate: map 0 value 0 is -1, want 0 to 1e+30"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(c.scores, c.maps, c.frr)
			assert.EqualError(t, err, c.want)
		})
	}
}

func TestVerdict(t *testing.T) {
	c := &Calibration{Limit: 2, Review: 1}
	for _, v := range []struct {
		score float32
		want  Verdict
	}{
		{0, OK}, {1, OK}, {math.Nextafter32(1, 2), Review}, {2, Review}, {math.Nextafter32(2, 3), NG}, {inf, NG}, {nan, NG},
	} {
		assert.Equal(t, v.want, c.Verdict(v.score), "score %v", v.score)
	}
	assert.Equal(t, 1.0, c.Ratio(2))
	assert.Equal(t, 0.25, c.Ratio(0.5))
}

func TestPValue(t *testing.T) {
	c := &Calibration{Scores: []float32{1, 2, 2, 3}}
	for _, v := range []struct {
		score float32
		want  float64
	}{{0, 1}, {1, 1}, {1.5, 0.8}, {2, 0.8}, {2.5, 0.4}, {3, 0.4}, {4, 0.2}, {nan, 0.2}} {
		assert.Equal(t, v.want, c.PValue(v.score), "score %v", v.score)
	}
}

// TestVerdictMatchesPValue: where the target is promised, NG means exactly a p-value of at most the target.
func TestVerdictMatchesPValue(t *testing.T) {
	c, err := New(ramp(99), nil, 0.05)
	require.NoError(t, err)
	for s := float32(0); s < 102; s += 0.25 {
		assert.Equal(t, c.PValue(s) <= 0.05, c.Verdict(s) == NG, "score %v", s)
	}
}

func TestDegenerate(t *testing.T) {
	for _, c := range []struct {
		name   string
		scores []float32
		frr    float64
		limit  float32
	}{
		{"one score gets head room", []float32{16}, 0.01, 19},
		{"equal scores get head room", []float32{16, 16, 16}, 0.01, 19},
		{"the quantile is 0, the limit is not", []float32{0, 0, 0, 4}, 0.4, 4},
		{"subnormal", []float32{math.SmallestNonzeroFloat32}, 0.5, math.SmallestNonzeroFloat32},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := New(c.scores, nil, c.frr)
			require.NoError(t, err)
			require.NoError(t, got.Validate())
			assert.Equal(t, c.limit, got.Limit)
		})
	}
}

func TestMapScale(t *testing.T) {
	scores := ramp(9)
	for _, c := range []struct {
		name      string
		maps      [][]float32
		low, high float32
	}{
		{"limit in the middle", [][]float32{{1, 3}, {2}}, 2, 16},
		{"lower median", [][]float32{{4, 1, 2, 3}}, 2, 16},
		{"negative zero", [][]float32{{float32(math.Copysign(0, -1))}}, 0, 18},
		{"no maps: half the median score", nil, 2.5, 15.5},
		{"empty maps", [][]float32{{}, {}}, 2.5, 15.5},
		{"median above the limit", [][]float32{{64}}, 64, 80},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := New(scores, c.maps, 0.1)
			require.NoError(t, err)
			require.NoError(t, got.Validate())
			require.Equal(t, float32(9), got.Limit)
			assert.Equal(t, c.low, got.MapLow)
			assert.Equal(t, c.high, got.MapHigh)
		})
	}
}

// TestMapMedian compares the counting median with sorting.
func TestMapMedian(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for n := 1; n < 200; n += 7 {
		m := make([]float32, n)
		for i := range m {
			m[i] = float32(math.Exp(20*rng.Float64()-10)) * float32(rng.IntN(3))
		}
		sorted := slices.Sorted(slices.Values(m))
		got, ok, err := mapMedian([][]float32{m[:n/3], m[n/3:]})
		require.NoError(t, err)
		require.True(t, ok)
		assert.Equal(t, sorted[(n-1)/2], got)
	}
	got, _, err := mapMedian([][]float32{{float32(math.Copysign(0, -1)), 1, 2}, {float32(math.Copysign(0, -1)), 3}})
	require.NoError(t, err)
	assert.Equal(t, float32(1), got, "a negative zero is a zero, not the largest")
}

func TestWithRate(t *testing.T) {
	maps := [][]float32{{1, 2, 3}}
	c, err := New(ramp(50), maps, 0.01)
	require.NoError(t, err)
	before := *c
	before.Scores = slices.Clone(c.Scores)
	for _, frr := range []float64{0.5, 0.1, 0.02, 0.001} {
		want, err := New(ramp(50), maps, frr)
		require.NoError(t, err)
		got := c.WithRate(frr)
		assert.Equal(t, want, got, "rate %v", frr)
		got.Scores[0] = 99
	}
	assert.Equal(t, &before, c, "the receiver stays as it was")
	assert.Equal(t, 0.5, c.WithRate(7).FalseRejectRate)
	assert.Equal(t, 1e-6, c.WithRate(-1).FalseRejectRate)
	assert.Equal(t, c, c.WithRate(math.NaN()))
}

// TestRateOrder: a smaller target never lowers the limit, across the point where extrapolation begins.
func TestRateOrder(t *testing.T) {
	c, err := New(ramp(30), nil, 0.5)
	require.NoError(t, err)
	last := c.Limit
	for frr := 0.5; frr > 1e-4; frr *= 0.97 {
		got := c.WithRate(frr)
		require.NoError(t, got.Validate())
		assert.GreaterOrEqual(t, got.Limit, last)
		last = got.Limit
	}
}

func TestInterval(t *testing.T) {
	c, err := New(ramp(200), nil, 0.05)
	require.NoError(t, err)
	lo, hi := c.Interval(0.95)
	assert.InDelta(t, 0.02423417, lo, 1e-8) // scipy.stats.beta.ppf([.025, .975], 10, 191)
	assert.InDelta(t, 0.08370269, hi, 1e-8)

	few := c.WithRate(0.001)
	require.False(t, few.Promised())
	lo, hi = few.Interval(0.95)
	assert.Equal(t, 0.0, lo)
	assert.InDelta(t, 1-math.Pow(0.05, 1.0/200), hi, 1e-12)

	for _, conf := range []float64{0, 1, -1, math.NaN()} {
		lo, hi = c.Interval(conf)
		assert.Equal(t, [2]float64{0, 1}, [2]float64{lo, hi})
	}
	lo, hi = (&Calibration{}).Interval(0.9)
	assert.Equal(t, [2]float64{0, 1}, [2]float64{lo, hi})
}

func TestValidate(t *testing.T) {
	valid := func() *Calibration {
		return &Calibration{Scores: []float32{1, 2}, FalseRejectRate: 0.1, Limit: 2, Review: 1, MapLow: 0, MapHigh: 1}
	}
	require.NoError(t, valid().Validate())
	for _, c := range []struct {
		name   string
		change func(*Calibration)
		want   string
	}{
		{"zero value", func(c *Calibration) { *c = Calibration{} }, "calibrate: false_reject_rate is 0, want above 0 and at most 0.5"},
		{"no scores", func(c *Calibration) { c.Scores = nil }, "calibrate: no held-out scores"},
		{"too many", func(c *Calibration) { c.Scores = make([]float32, MaxScores+1) }, "calibrate: 65537 held-out scores, want at most 65536"},
		{"unsorted", func(c *Calibration) { c.Scores[0] = 3 }, "calibrate: scores[1] = 2 is below the one before, want ascending order"},
		{"score NaN", func(c *Calibration) { c.Scores[1] = nan }, "calibrate: scores[1] is NaN, want 0 to 1e+30"},
		{"limit 0", func(c *Calibration) { c.Limit, c.Review = 0, 0 }, "calibrate: limit is 0, want above 0 and at most 1e+32"},
		{"limit infinite", func(c *Calibration) { c.Limit = inf }, "calibrate: limit is +Inf, want above 0 and at most 1e+32"},
		{"review above limit", func(c *Calibration) { c.Review = 3 }, "calibrate: review is 3, want 0 to limit = 2"},
		{"review NaN", func(c *Calibration) { c.Review = nan }, "calibrate: review is NaN, want 0 to limit = 2"},
		{"empty scale", func(c *Calibration) { c.MapLow = 1 }, "calibrate: map_high is 1, want above map_low = 1 and at most 1e+32"},
		{"scale below 0", func(c *Calibration) { c.MapLow = -1 }, "calibrate: map_low is -1, want 0 to 1e+30"},
		{"scale infinite", func(c *Calibration) { c.MapHigh = inf }, "calibrate: map_high is +Inf, want above map_low = 0 and at most 1e+32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := valid()
			c.change(v)
			assert.EqualError(t, v.Validate(), c.want)
		})
	}
}

// FuzzJSON: whatever passes Validate can be used, re-thresholded and written without losing a bit.
func FuzzJSON(f *testing.F) {
	for _, scores := range [][]float32{ramp(1), ramp(30), {0, 0, 1e-45}, {1e30}} {
		c, err := New(scores, nil, 0.01)
		require.NoError(f, err)
		b, err := json.Marshal(c)
		require.NoError(f, err)
		f.Add(b, float32(1.5), 0.05)
	}
	f.Add([]byte(`{"scores":[1,2],"false_reject_rate":0.1,"limit":1e32,"review":1,"map_low":1e30,"map_high":1e31}`), float32(3), 0.1)
	f.Fuzz(func(t *testing.T, data []byte, score float32, frr float64) {
		var c Calibration
		if json.Unmarshal(data, &c) != nil || c.Validate() != nil {
			return
		}
		assert.Contains(t, []Verdict{OK, Review, NG}, c.Verdict(score))
		p := c.PValue(score)
		assert.True(t, p > 0 && p <= 1, "p-value %v", p)
		lo, hi := c.Interval(0.9)
		assert.True(t, 0 <= lo && lo <= hi && hi <= 1, "interval %v %v", lo, hi)
		require.NoError(t, c.WithRate(frr).Validate())
		b, err := json.Marshal(c)
		require.NoError(t, err)
		var again Calibration
		require.NoError(t, json.Unmarshal(b, &again))
		assert.Equal(t, c, again)
	})
}

func TestRateAt(t *testing.T) {
	scores := make([]float32, 100)
	for i := range scores {
		scores[i] = float32(i + 1)
	}
	c, err := New(scores, nil, 0.05)
	require.NoError(t, err)
	// 5 of 100 is the textbooks' example of an exact binomial interval; the ends are one-sided, 1 - 0.05^(1/100) and 0.05^(1/100).
	for _, w := range []struct {
		limit        float32
		rate, lo, hi float64
	}{{100, 1.0 / 101, 0, 0.029513}, {95, 6.0 / 101, 0.016432, 0.112835}, {95.5, 6.0 / 101, 0.016432, 0.112835}, {0.5, 1, 0.970487, 1}} {
		rate, lo, hi := c.RateAt(w.limit, 0.95)
		assert.InDelta(t, w.rate, rate, 1e-12, "%v", w.limit)
		assert.InDelta(t, w.lo, lo, 1e-6, "%v", w.limit)
		assert.InDelta(t, w.hi, hi, 1e-6, "%v", w.limit)
	}
	own, _, hi := c.RateAt(c.Limit, 0.95)
	assert.InDelta(t, 5.0/101, own, 1e-12, "never above the target that the limit was made for")
	_, top := c.Interval(0.95)
	assert.InDelta(t, top, hi, 1e-12, "the same upper end as for the target")
	_, lo, hi := c.RateAt(3, 2)
	assert.Equal(t, [2]float64{0, 1}, [2]float64{lo, hi})
	rate, _, _ := (&Calibration{}).RateAt(3, 0.95)
	assert.Equal(t, 1.0, rate)
}

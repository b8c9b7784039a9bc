package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var nan, inf = float32(math.NaN()), float32(math.Inf(1))

func TestImageErrors(t *testing.T) {
	figures := map[string]func([]float32, []bool) error{
		"AUROC": func(s []float32, l []bool) error { _, err := AUROC(s, l); return err },
		"AP":    func(s []float32, l []bool) error { _, err := AveragePrecision(s, l); return err },
		"F1Max": func(s []float32, l []bool) error { _, _, err := F1Max(s, l); return err },
		"Recall": func(s []float32, l []bool) error {
			_, err := RecallAtFPR(s, l, 0.1)
			return err
		},
		"ROC": func(s []float32, l []bool) error { _, err := ROC(s, l); return err },
	}
	cases := []struct {
		name   string
		scores []float32
		labels []bool
		want   string
	}{
		{"lengths", []float32{1, 2}, []bool{true}, "metrics: 2 scores but 1 labels"},
		{"NaN", []float32{1, nan}, []bool{true, false}, "metrics: scores: element 1 is NaN, want a finite value"},
		{"infinite", []float32{-inf, 1}, []bool{true, false}, "metrics: scores: element 0 is -Inf, want a finite value"},
		{"empty", nil, nil, "metrics: need both good and defective elements: 0 good, 0 defective"},
		{"only good", []float32{1, 2}, []bool{false, false}, "metrics: need both good and defective elements: 2 good, 0 defective"},
		{"only defective", []float32{1}, []bool{true}, "metrics: need both good and defective elements: 0 good, 1 defective"},
	}
	for name, f := range figures {
		for _, c := range cases {
			t.Run(name+"/"+c.name, func(t *testing.T) { assert.EqualError(t, f(c.scores, c.labels), c.want) })
		}
	}
	_, err := AUROC([]float32{1}, []bool{true})
	assert.ErrorIs(t, err, ErrOneClass)
	for _, fpr := range []float64{-0.1, 1.1, math.NaN()} {
		_, err := RecallAtFPR([]float32{1, 2}, []bool{true, false}, fpr)
		assert.ErrorContains(t, err, "metrics: fpr is")
	}
}

func TestPixelErrors(t *testing.T) {
	good := Mask{2, 1, []bool{true, false}}
	one := [][]float32{{1, 2}}
	cases := []struct {
		name  string
		maps  [][]float32
		masks []Mask
		limit float64
		want  string
	}{
		{"limit 0", one, []Mask{good}, 0, "metrics: fprLimit is 0, want a value in (0, 1]"},
		{"limit NaN", one, []Mask{good}, math.NaN(), "metrics: fprLimit is NaN, want a value in (0, 1]"},
		{"counts", one, nil, 0.3, "metrics: 1 maps but 0 masks"},
		{"map size", [][]float32{{1}}, []Mask{good}, 0.3, "metrics: map 0 has 1 pixels, its mask 2"},
		{"mask size", one, []Mask{{2, 2, good.Pix}}, 0.3, "metrics: mask 0: 2 x 2 pixels do not fit 2 values"},
		{"mask overflow", one, []Mask{{math.MaxInt/2 + 2, 2, good.Pix}}, 0.3, "do not fit 2 values"},
		{"negative size", one, []Mask{{-2, -1, good.Pix}}, 0.3, "metrics: mask 0: -2 x -1 pixels do not fit 2 values"},
		{"NaN", [][]float32{{1, nan}}, []Mask{good}, 0.3, "metrics: map 0: element 1 is NaN, want a finite value"},
		{"no defect", one, []Mask{{2, 1, make([]bool, 2)}}, 0.3, "metrics: need both good and defective elements: 2 good, 0 defective"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Pixels(c.maps, c.masks, c.limit)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestRegions(t *testing.T) {
	m := Mask{W: 4, H: 3, Pix: []bool{
		true, false, false, true,
		false, true, false, true,
		false, false, false, false,
	}}
	tags, sizes := regions(m, []int{9})
	assert.Equal(t, []int{9, 2, 2}, sizes, "diagonal neighbours are one region, earlier regions stay")
	assert.Equal(t, []uint32{2, 0, 0, 3, 0, 2, 0, 3, 0, 0, 0, 0}, tags)
}

func TestKeyOrder(t *testing.T) {
	values := []float32{-math.MaxFloat32, -1, -math.SmallestNonzeroFloat32, 0, math.SmallestNonzeroFloat32, 1, math.MaxFloat32}
	for i, v := range values {
		assert.Equal(t, v, unkey(key(v)))
		if i > 0 {
			assert.Less(t, key(values[i-1]), key(v))
		}
	}
	assert.Equal(t, key(0), key(float32(math.Copysign(0, -1))))
}

// TestRadix compares the radix sort with the comparison sort, around the size where one replaces the other.
func TestRadix(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{radixFrom - 1, radixFrom, radixFrom + 1, 3 * radixFrom} {
		items := make([]uint64, n)
		for i := range items {
			items[i] = uint64(rng.Uint32()>>rng.IntN(32))<<32 | uint64(i) // the tag follows the input order: radix is stable
		}
		want := slices.Clone(items)
		slices.Sort(want)
		assert.Equal(t, want, sortByKey(items), "n=%d", n)
	}
}

// TestLargeAgainstSmall puts one set through both sorts: copying every pixel 40 times changes no figure.
func TestLargeAgainstSmall(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const w, h, copies = 12, 11, 40
	m := make([]float32, w*h)
	mask := Mask{W: w, H: h, Pix: make([]bool, w*h)}
	for i := range m {
		mask.Pix[i] = rng.IntN(4) == 0
		m[i] = float32(rng.IntN(20))
	}
	maps, masks := [][]float32{m}, []Mask{mask}
	smallROC, small, err := Pixels(maps, masks, 0.3)
	require.NoError(t, err)
	for range copies - 1 {
		maps, masks = append(maps, m), append(masks, mask)
	}
	require.Greater(t, w*h*copies, radixFrom)
	largeROC, large, err := Pixels(maps, masks, 0.05, 0.3)
	require.NoError(t, err)
	assert.InDelta(t, small[0], large[1], 1e-12)
	assert.InDelta(t, smallROC, largeROC, 1e-12)
	_, tight, err := Pixels(maps, masks, 0.05)
	require.NoError(t, err)
	assert.Equal(t, large[:1], tight, "one sort for several limits gives the same")
	_, _, err = Pixels(maps, masks[1:], 0.3)
	assert.ErrorContains(t, err, "maps but")
}

// TestInvariance: input order and any increasing change of the scores leave every figure as it is, bit for bit.
func TestInvariance(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 50
	scores, labels := make([]float32, n), make([]bool, n)
	for i := range scores {
		scores[i], labels[i] = float32(rng.IntN(12)), i%3 == 0
	}
	figures := func() [4]float64 {
		a, err := AUROC(scores, labels)
		require.NoError(t, err)
		b, err := AveragePrecision(scores, labels)
		require.NoError(t, err)
		c, _, err := F1Max(scores, labels)
		require.NoError(t, err)
		d, err := RecallAtFPR(scores, labels, 0.2)
		require.NoError(t, err)
		return [4]float64{a, b, c, d}
	}
	want := figures()
	rng.Shuffle(n, func(i, j int) {
		scores[i], scores[j] = scores[j], scores[i]
		labels[i], labels[j] = labels[j], labels[i]
	})
	assert.Equal(t, want, figures())
	for i, s := range scores {
		scores[i] = s*s*s - 500
	}
	assert.Equal(t, want, figures())
}

func TestAUPROExtremes(t *testing.T) {
	mask := Mask{W: 3, H: 1, Pix: []bool{true, false, false}}
	for _, c := range []struct {
		m    []float32
		want float64
	}{
		{[]float32{2, 1, 0}, 1},    // found before any false positive
		{[]float32{0, 1, 2}, 0},    // found last
		{[]float32{1, 1, 1}, 0.15}, // the straight line to (1, 1), cut at 0.3
		{[]float32{1, 1, 0}, 0.3},  // reaches 1 at FPR 0.5
	} {
		_, got, err := Pixels([][]float32{c.m}, []Mask{mask}, 0.3)
		require.NoError(t, err)
		assert.InDelta(t, c.want, got[0], 1e-12, "%v", c.m)
	}
}

func TestConfusion(t *testing.T) {
	c, err := Confuse([]bool{true, true, false, false, true}, []bool{true, false, true, false, true})
	require.NoError(t, err)
	assert.Equal(t, Confusion{TP: 2, FP: 1, TN: 1, FN: 1}, c)
	assert.InDelta(t, 2.0/3, c.Recall(), 1e-15)
	assert.InDelta(t, 0.5, c.FalseRejectRate(), 1e-15)
	var none Confusion
	assert.Zero(t, none.Recall()+none.FalseRejectRate())
	_, err = Confuse([]bool{true}, nil)
	assert.EqualError(t, err, "metrics: 1 decisions but 0 labels")
}

// BenchmarkPixels is a MVTec-sized test set: 160 maps of 256 x 256, a square defect in most.
func BenchmarkPixels(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 8))
	const n, side = 160, 256
	maps, masks := make([][]float32, n), make([]Mask, n)
	for i := range maps {
		maps[i] = make([]float32, side*side)
		masks[i] = Mask{W: side, H: side, Pix: make([]bool, side*side)}
		for p := range maps[i] {
			masks[i].Pix[p] = i%4 != 0 && p/side/40 == 2 && p%side/40 == 3
			maps[i][p] = rng.Float32()
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Pixels(maps, masks, 0.3); err != nil {
			b.Fatal(err)
		}
	}
}

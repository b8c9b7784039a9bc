package teach

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
	"anomnet/core/internal/tiny"
	"anomnet/core/model"
)

func TestBrightness(t *testing.T) {
	in := &imaging.RGB{W: 4, H: 1, Pix: []uint8{0, 1, 4, 5, 6, 10, 15, 99, 100, 231, 232, 255}}
	assert.Equal(t, []uint8{0, 1, 4, 5, 5, 9, 14, 89, 90, 208, 209, 230}, brightness(in, 9).Pix, "halves go up: 4.5 is 5, 13.5 is 14")
	assert.Equal(t, []uint8{0, 1, 4, 6, 7, 11, 17, 109, 110, 254, 255, 255}, brightness(in, 11).Pix, "5.5 is 6, 280.5 is 255")
}

func TestShifted(t *testing.T) {
	in := gray("1234", "5678")
	assert.Equal(t, gray("4444", "8888"), shifted(in, -3, 0))
	assert.Equal(t, gray("2344", "6788"), shifted(in, -1, 0))
	assert.Equal(t, gray("1123", "5567"), shifted(in, 1, 0))
	assert.Equal(t, gray("5678", "5678"), shifted(in, 0, -1))
	assert.Equal(t, gray("1234", "1234"), shifted(in, 0, 3))
}

func TestCopiesOf(t *testing.T) {
	img := disc(64, 20, 30)
	for which, want := range map[Augment]int{AugmentNone: 0, AugmentD4: 7, AugmentTurns: 15, AugmentAuto: 15, AugmentLight: 2, AugmentShift: 4, "light+shift": 6,
		"d4+shift": 11, "turns+light+shift": 21} {
		n, kinds := 0, map[string]bool{}
		for _, list := range copiesOf(img, which) {
			for _, c := range list {
				assert.True(t, which == AugmentAuto || which.uses(c.kind), "%s of %s", c.kind, which)
				assert.False(t, bytes.Equal(img.Pix, c.img.Pix), c.kind)
				n, kinds[c.kind] = n+1, true
			}
		}
		assert.Equal(t, want, n, which)
		assert.Len(t, kinds, want, which)
		assert.LessOrEqual(t, n, maxCopies)
	}
	dark := copiesOf(img, AugmentLight)[0][0]
	assert.Equal(t, "light-90", dark.kind)
	assert.EqualValues(t, 180, dark.img.Pix[0], "0.9 x 200")
}

func TestAugment(t *testing.T) {
	assert.Equal(t, Augment("light+shift"), AugmentNone.Plus(AugmentLight).Plus(AugmentShift))
	assert.Equal(t, Augment("d4+light"), AugmentD4.Plus(AugmentLight).Plus(AugmentNone))
	for _, a := range []Augment{"auto", "none", "d4", "turns", "light", "shift", "light+shift", "d4+light", "d4+shift", "turns+light+shift"} {
		assert.NoError(t, FitOptions{Embedding: 8, Augment: a}.Check(11), a)
	}
	for _, a := range []Augment{"all", "bright", "+", "light+", "shift+light", "light+light", "none+light", "auto+light", "d4+turns", "LIGHT", "d4 + light"} {
		assert.ErrorContains(t, FitOptions{Embedding: 8, Augment: a}.Check(11), "augmentation", a)
	}
	for kind, by := range map[string]Augment{"light-90": AugmentLight, "shift-up": AugmentShift, "d4-3": AugmentD4, "turn-30": AugmentTurns} {
		for _, a := range []Augment{AugmentNone, AugmentD4, AugmentLight, AugmentShift} {
			assert.Equal(t, a == by, a.uses(kind), "%s, %s", a, kind)
		}
		assert.Equal(t, by == AugmentD4 || by == AugmentShift, Augment("d4+shift").uses(kind), kind)
	}
	assert.True(t, AugmentTurns.uses("d4-3"))
}

// TestTolerantCopiesLeaveTheRest: what else features hold, and what teach makes of them by default, is the same with and without copies by light and shift; with them
// heads differ, and are the same again on any number of workers.
func TestTolerantCopiesLeaveTheRest(t *testing.T) {
	collect := func(copies Augment, workers int) *Set {
		set, err := Collect(t.Context(), tiny.Backbone(1), pre, textures(10), &Options{Copies: copies, Workers: workers})
		require.NoError(t, err)
		return set
	}
	head := func(s *Set, a Augment) []byte {
		h, rep, err := s.Fit(t.Context(), FitOptions{Embedding: 8, Centroids: 300, AllCentroids: true, Augment: a}, nil)
		require.NoError(t, err)
		if a != AugmentAuto {
			assert.Equal(t, a, rep.Augment)
		}
		data, err := model.Encode(&model.File{Head: h})
		require.NoError(t, err)
		return data
	}
	plain, more, alone := collect(AugmentTurns, 1), collect("turns+light+shift", 3), collect("light+shift", 1)
	turned := len(plain.Features[0].Turned)
	for i, f := range more.Features {
		assert.Equal(t, plain.Features[i].Turned, f.Turned[:turned])
		assert.Equal(t, alone.Features[i].Turned, f.Turned[turned:], "whatever other copies there are")
		assert.NoError(t, f.validate())
	}
	assert.Equal(t, head(plain, AugmentAuto), head(more, AugmentAuto), "auto means the turned ones")
	assert.Equal(t, []Augment{AugmentNone}, alone.augments())
	assert.Equal(t, []bool{true, false, true}, []bool{plain.Holds(AugmentD4), plain.Holds(AugmentLight), alone.Holds(AugmentShift)})
	light := head(more, AugmentLight)
	assert.Equal(t, light, head(alone, AugmentLight))
	assert.NotEqual(t, head(more, AugmentNone), light)
	assert.NotEqual(t, light, head(more, "light+shift"))
}

func TestUnturnedStays(t *testing.T) {
	for _, kind := range []string{"light-90", "shift-left", "shift-down"} {
		at, ok := unturned(kind, 13, 8, 4)
		assert.True(t, ok)
		assert.Equal(t, 13, at, kind)
	}
}

// TestCompareAsChoose: a combination that Choose has judged is judged the same again; where no pseudo-defect counts the judgement is zero.
func TestCompareAsChoose(t *testing.T) {
	set, err := Collect(t.Context(), tiny.Backbone(1), pre, textures(10), nil)
	require.NoError(t, err)
	_, tried, err := set.Choose(t.Context(), FitOptions{Embedding: 8}, nil)
	require.NoError(t, err)
	require.NotEmpty(t, tried)
	for _, c := range tried {
		j, err := set.Compare(t.Context(), FitOptions{Embedding: 8, Norm: c.Norm, Augment: c.Augment}, nil)
		require.NoError(t, err)
		assert.Equal(t, c.Judgement, j)
	}
	_, err = set.Compare(t.Context(), FitOptions{Embedding: 8, Augment: "some"}, nil)
	assert.Error(t, err)
	for _, f := range set.Features {
		f.Drawn = nil
	}
	j, err := set.Compare(t.Context(), FitOptions{Embedding: 8, Norm: NormRaw, Augment: AugmentNone}, nil)
	require.NoError(t, err)
	assert.Zero(t, j)
}

func TestClearer(t *testing.T) {
	j := func(separation float64) Judgement { return Judgement{Separation: separation, n: 25} }
	assert.False(t, j(1.2).clearer(j(1)), "1 + 1/5 is a tie")
	assert.True(t, j(1.21).clearer(j(1)))
	assert.False(t, j(0).clearer(j(0)))
}

func TestBetter(t *testing.T) {
	base := Judgement{AUROC: 0.7, Separation: 1, Patch: 0.8} // of no images: only twice the separation is clear
	for _, c := range []struct {
		name                     string
		image, separation, patch float64
		want                     bool
	}{
		{"clear, nothing lost", 0.7, 2.1, 0.8, true},
		{"clear, all gain", 0.9, 5, 0.9, true},
		{"a tie", 0.9, 2, 0.9, false},
		{"images lose", 0.699, 3, 0.9, false},
		{"places lose", 0.9, 3, 0.799, false},
		{"worse", 0.6, 0.5, 0.7, false},
	} {
		assert.Equal(t, c.want, Judgement{AUROC: c.image, Separation: c.separation, Patch: c.patch}.Better(base), c.name)
	}
	below := Judgement{AUROC: 0.4, Separation: -1, Patch: 0.4}
	assert.False(t, Judgement{AUROC: 0.4, Separation: -0.9, Patch: 0.4}.Better(below), "nothing is told apart")
	assert.False(t, Judgement{}.Better(Judgement{}), "no pseudo-defect counts")
}

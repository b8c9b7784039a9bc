package teach

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/detect"
	"anomnet/core/imaging"
	"anomnet/core/internal/tiny"
	"anomnet/core/model"
	"anomnet/core/roi"
)

// part is an off-centre rectangle of the grid of 8 x 4 patches.
var part = roi.Polygon(roi.Rectangle(roi.Point{X: 1, Y: 1}, roi.Point{X: 6, Y: 4}), 8, 4, 8, 4)

// overwritten is f with other values wherever m has nothing inside.
func overwritten(f *Features, m roi.Mask) *Features {
	out := *f
	out.X, out.Drawn, out.Turned = slices.Clone(f.X), nil, nil
	change := func(x []uint8) {
		for i := range x {
			x[i] = 127 - x[i]
		}
	}
	for p := range m {
		if !m.In(p) {
			change(out.X[p*f.Channels:][:f.Channels])
		}
	}
	copied := func(p Patch, from func(at int) (int, bool)) Patch {
		p.X = slices.Clone(p.X)
		for n, at := range p.At {
			if patch, ok := from(int(at)); !ok || !m.In(patch) {
				change(p.X[n*f.Channels:][:f.Channels])
			}
		}
		return p
	}
	for _, p := range f.Drawn {
		out.Drawn = append(out.Drawn, copied(p, func(at int) (int, bool) { return at, true }))
	}
	for _, p := range f.Turned {
		out.Turned = append(out.Turned, copied(p, func(at int) (int, bool) { return unturned(p.Kind, at, 8, 4) }))
	}
	return &out
}

// TestNothingOutsideCounts: whatever lies outside, the head is the same to the bit.
func TestNothingOutsideCounts(t *testing.T) {
	list, _ := tinyFeatures(t, 14)
	var other []*Features
	for _, f := range list {
		other = append(other, overwritten(f, part))
		require.NotEqual(t, f, other[len(other)-1])
	}
	for _, augment := range []Augment{AugmentAuto, AugmentD4, AugmentNone} {
		fit := tinyFit
		fit.Augment = augment
		var want *Taught
		for _, features := range [][]*Features{list, other} {
			s := tinySession(t, features)
			require.NoError(t, s.SetROI(part))
			taught, err := s.Fit(t.Context(), fit, nil)
			require.NoError(t, err)
			if want == nil {
				want = taught
			}
			assert.Equal(t, want.File, taught.File, augment)
			assert.Equal(t, want.Report, taught.Report, augment)
		}
		assert.Equal(t, part, want.Head.ROI)
		assert.Equal(t, 1, want.Head.TopK)
		whole, err := tinySession(t, list).Fit(t.Context(), fit, nil)
		require.NoError(t, err)
		assert.NotEqual(t, whole.Head.Calibration, want.Head.Calibration)
	}
}

// TestRegionOfEverything gives the head that no region gives, but for the tensor, which a file must not have.
func TestRegionOfEverything(t *testing.T) {
	list, _ := tinyFeatures(t, 12)
	set, err := NewSet(tiny.Backbone(1), pre, list, nil)
	require.NoError(t, err)
	full := *set
	full.roi = bytes.Repeat([]uint8{1}, 32)
	full.Features = nil
	for _, f := range list {
		full.Features = append(full.Features, f.inside(full.roi, 8, 4))
		assert.Equal(t, f.X, full.Features[len(full.Features)-1].X)
	}
	full.alike = full.resemblance()
	var files [][]byte
	for _, s := range []*Set{set, &full} {
		head, _, err := s.Fit(t.Context(), tinyFit, nil)
		require.NoError(t, err)
		head.ROI = nil
		data, err := model.Encode(&model.File{Head: head})
		require.NoError(t, err)
		files = append(files, data)
	}
	assert.Equal(t, files[0], files[1])
	_, err = NewSet(tiny.Backbone(1), pre, list, &Options{ROI: full.roi})
	assert.Error(t, err, "all is no region")
}

func TestSmallRegions(t *testing.T) {
	list, _ := tinyFeatures(t, 8)
	for _, at := range []int{0, 13, 31} {
		m := make(roi.Mask, 32)
		m[at] = 1
		s := tinySession(t, list)
		require.NoError(t, s.SetROI(m))
		taught, err := s.Fit(t.Context(), tinyFit, nil)
		require.NoError(t, err, "one patch, which few pseudo-defects touch")
		assert.Equal(t, 1, taught.Head.TopK)
	}
	s := tinySession(t, list)
	assert.ErrorIs(t, s.SetROI(make(roi.Mask, 32)), roi.ErrEmpty)
	assert.Error(t, s.SetROI(make(roi.Mask, 31)))
}

// TestNothingToJudgeBy: pseudo-defects that lie outside of the region of interest say nothing about what is inside, and that is no error.
func TestNothingToJudgeBy(t *testing.T) {
	list, _ := tinyFeatures(t, 8)
	for _, f := range list {
		f.Drawn = nil
	}
	m := make(roi.Mask, 32)
	m[13], m[14] = 1, 1
	for _, region := range []roi.Mask{nil, m} {
		set, err := NewSet(tiny.Backbone(1), pre, list, &Options{ROI: region})
		require.NoError(t, err)
		fit := tinyFit
		fit.Norm, fit.Augment = NormRaw, AugmentNone
		for _, judge := range []func(context.Context, FitOptions, *Options) (Judgement, error){set.Judge, set.CrossJudge, set.Compare} {
			j, err := judge(t.Context(), fit, nil)
			require.NoError(t, err)
			assert.Equal(t, Judgement{}, j)
			assert.False(t, j.Judged())
		}
	}
}

// TestCheckInRegion: a check case is scored as an inspector scores it.
func TestCheckInRegion(t *testing.T) {
	list, _ := tinyFeatures(t, 12)
	s := tinySession(t, list[:11])
	require.NoError(t, s.AddCheck(list[11]))
	require.NoError(t, s.SetROI(part))
	a, err := s.Fit(t.Context(), tinyFit, nil)
	require.NoError(t, err)
	em, err := detect.NewEmbedder(&a.Head.Adapter, (*Options)(nil).kernels())
	require.NoError(t, err)
	scorer, err := detect.NewScorer(&a.Head.Centroids, (*Options)(nil).kernels())
	require.NoError(t, err)
	m := detect.NewMapper(scorer, 4, 8, part)
	e := make([]int8, 15*8)
	em.Embed(roi.Keep(part, slices.Clone(list[11].X), 11), 15, e)
	m.Map(e)
	assert.Equal(t, m.ImageScore(1), a.Report.Checks[0].Score)
}

// TestTrainingStaysInside: what an adapter learns from is inside, too.
func TestTrainingStaysInside(t *testing.T) {
	set, err := Collect(t.Context(), tiny.Backbone(1), pre, textures(10), &Options{TrainingFakes: 20, ROI: part})
	require.NoError(t, err)
	assert.Equal(t, 15, set.Patches)
	for _, f := range set.training {
		assert.Len(t, f.Changed, 15)
		assert.Len(t, f.X, 15*set.C)
	}
	good, fake := set.Learnable()
	assert.Len(t, good, (10-len(set.foldImages(0)))*15*set.C)
	assert.Zero(t, len(fake)%set.C)
}

// TestUnturned turns a picture whose pixels say where they are.
func TestUnturned(t *testing.T) {
	for _, size := range [][2]int{{64, 64}, {64, 32}} {
		w, h := size[0], size[1]
		img := imaging.NewRGB(w, h)
		for i := range w * h {
			img.Pix[3*i], img.Pix[3*i+1] = uint8(2*(i%w)), uint8(2*(i/w))
		}
		copies := turnedCopies(img, AugmentTurns)
		if w == h {
			for _, a := range fineTurns {
				r := a.turn(img, [3]uint8{255, 255, 255})
				for q := range 4 {
					copies = append(copies, turnedCopy{fmt.Sprintf("%s%d", fineKind, a.degrees+90*q), quarterTurn(r, q)})
				}
			}
		}
		require.Len(t, copies, map[int]int{64: 15, 32: 3}[h])
		for _, c := range copies {
			for at := range w / 8 * h / 8 {
				var sum [3]int // of the four pixels in the middle of the patch
				for k := range 4 {
					p := (at/(w/8)*8+3+k/2)*w + at%(w/8)*8 + 3 + k%2
					for ch := range 3 {
						sum[ch] += int(c.img.Pix[3*p+ch])
					}
				}
				patch, ok := unturned(c.kind, at, w/8, h/8)
				if sum[2] > 0 { // touches what was filled in
					assert.True(t, strings.HasPrefix(c.kind, fineKind))
					continue
				}
				x, y := float64(sum[0])/8, float64(sum[1])/8
				require.True(t, ok, "%s patch %d comes from %v, %v", c.kind, at, x, y)
				dx, dy := float64(patch%(w/8)*8)+3.5-x, float64(patch/(w/8)*8)+3.5-y
				if strings.HasPrefix(c.kind, fineKind) {
					assert.LessOrEqual(t, max(math.Abs(dx), math.Abs(dy)), 4.6, "%s patch %d", c.kind, at)
				} else {
					assert.Zero(t, math.Abs(dx)+math.Abs(dy), "%s patch %d", c.kind, at)
				}
			}
		}
	}
	for _, kind := range []string{"", "d4-0", "d4-8", "d4-x", "turn-", "turn-31", "turn--60", "turn-390", "turn-420"} {
		_, ok := unturned(kind, 3, 8, 8)
		assert.False(t, ok, kind)
	}
	_, ok := unturned("d4-1", 3, 8, 4)
	assert.False(t, ok, "a picture that is not square")
}

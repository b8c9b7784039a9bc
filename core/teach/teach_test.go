package teach

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/internal/tiny"
	"anomnet/core/model"
)

var pre = imaging.Preprocess{Width: 64, Height: 32, Mode: imaging.Stretch}

// textures are n images of one kind.
func textures(n int) Source {
	return Source{Len: n, Image: func(i int) (*imaging.RGB, error) { return tiny.Image(64, 32, uint64(i)), nil }}
}

func noProgress(int, int) {}

func distance2(a, b []int8) int32 {
	var s int32
	for i := range a {
		d := int32(a[i]) - int32(b[i])
		s += d * d
	}
	return s
}

// TestChooseCentresIsPlainGreedy compares the skipping algorithm with the definition.
func TestChooseCentresIsPlainGreedy(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n, d, k = 9000, 9, 70 // more points than a front
	e := make([]int8, n*d)
	for i := range e {
		e[i] = int8(rng.IntN(41) - 20 + 40*(i/d%3-1)) // three clusters within the range of embeddings
	}
	want := []int32{17}
	for len(want) < k {
		far, at := int32(-1), int32(0)
		for p := range n {
			near := int32(1 << 30)
			for _, c := range want {
				near = min(near, distance2(e[p*d:(p+1)*d], e[int(c)*d:(int(c)+1)*d]))
			}
			if near > far {
				far, at = near, int32(p)
			}
		}
		want = append(want, at)
	}
	for _, workers := range []int{1, 2, 5} {
		got, err := chooseCentres(context.Background(), e, d, k, 17, nil, &Options{Workers: workers}, noProgress)
		require.NoError(t, err)
		assert.Equal(t, want, got.centres, "%d workers", workers)
	}
}

// TestCodedCentresSeeWhatTheyAreScoredWith: the next centre is farthest from the decoded ones, so more of them cover the good patches better.
func TestCodedCentresSeeWhatTheyAreScoredWith(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	const n, d, k = 4000, 16, 600
	e := make([]int8, n*d)
	for i := range e {
		e[i] = int8(rng.IntN(81) - 40)
	}
	coded := &detect.Coded{Bits: 3}
	got, err := chooseCentres(context.Background(), e, d, k, 17, coded, &Options{Workers: 2}, noProgress)
	require.NoError(t, err)
	rows, err := coded.Decode(d)
	require.NoError(t, err)
	assert.Equal(t, got.rows, rows.Data)
	nearest := func(p, centres int) int32 {
		_, d2 := (&detect.Centroids{K: centres, D: d, Data: rows.Data[:centres*d]}).Which(e[p*d : (p+1)*d])
		return d2
	}
	for _, c := range []int{1, 255, 256, 257, 599} {
		far := int32(0)
		for p := range n {
			far = max(far, nearest(p, c))
		}
		assert.Equal(t, far, nearest(int(got.centres[c]), c), "centre %d", c)
		assert.Equal(t, far, got.gaps[c-1])
	}
	equal, err := chooseCentres(context.Background(), e, d, coded256Bytes(d, k), 17, nil, nil, noProgress)
	require.NoError(t, err)
	assert.Less(t, got.radius(), equal.radius(), "whole centres of as many bytes")
}

// coded256Bytes is how many whole centres take the bytes of k coded ones.
func coded256Bytes(d, k int) int { return detect.CodedBytes(k, d, WholeCentroids, 3) / d }

func TestCodedHead(t *testing.T) {
	fit := FitOptions{Centroids: 400, AllCentroids: true, Embedding: 8, CodeBits: 3, Norm: NormRaw, Augment: AugmentNone}
	head, rep := fitTiny(t, 20, fit, nil)
	require.NoError(t, head.Validate())
	require.NotNil(t, head.Coded)
	assert.Equal(t, rep.Centroids, head.Centroids.K)
	assert.Equal(t, 256, head.Coded.Exact)
	again, _ := fitTiny(t, 20, fit, &Options{Workers: 2, Kernels: engine.Generic()})
	assert.Equal(t, head, again)
	fit.Centroids = 200 // all whole
	head, _ = fitTiny(t, 20, fit, nil)
	assert.Nil(t, head.Coded)
	fit.CodeBits = 1
	assert.ErrorContains(t, fit.Check(11), "bits a value")
}

func TestChooseCentresStopsAtCopies(t *testing.T) {
	got, err := chooseCentres(context.Background(), []int8{1, 1, 2, 2, 1, 1}, 2, 3, 0, nil, nil, noProgress)
	require.NoError(t, err)
	assert.Equal(t, []int32{0, 1}, got.centres)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = chooseCentres(ctx, []int8{1, 1}, 2, 1, 0, nil, nil, noProgress)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestRandomProjectionIsOrthonormal(t *testing.T) {
	const out, in = 20, 48
	w := RandomProjection(out, in, 3)
	require.Len(t, w, out*in)
	for a := range out {
		for b := range out {
			var s float64
			for i := range in {
				s += float64(w[a*in+i]) * float64(w[b*in+i])
			}
			want := 0.0
			if a == b {
				want = 1
			}
			require.InDelta(t, want, s, 1e-6)
		}
	}
	assert.Equal(t, w, RandomProjection(out, in, 3))
	assert.NotEqual(t, w, RandomProjection(out, in, 4))
}

func fitTiny(t *testing.T, n int, fit FitOptions, opt *Options) (*model.Head, *Report) {
	t.Helper()
	set, err := Collect(context.Background(), tiny.Backbone(1), pre, textures(n), opt)
	require.NoError(t, err)
	head, rep, err := set.Fit(context.Background(), fit, opt)
	require.NoError(t, err)
	return head, rep
}

// TestFitIsTheSameOnEveryTierAndWorkerCount is what makes a head taught in the page equal to one taught on the command line.
func TestFitIsTheSameOnEveryTierAndWorkerCount(t *testing.T) {
	fit := FitOptions{Part: "texture", Centroids: 40, Embedding: 8, Seed: 5}
	var want []byte
	for _, tier := range engine.Tiers() {
		for _, workers := range []int{1, 3} {
			head, _ := fitTiny(t, 12, fit, &Options{Kernels: tier, Workers: workers})
			data, err := model.Encode(&model.File{Head: head})
			require.NoError(t, err)
			if want == nil {
				want = data
			}
			assert.Equal(t, want, data, "%s, %d workers", tier.Name(), workers)
		}
	}
}

func TestFitReport(t *testing.T) {
	var stages []string
	head, rep := fitTiny(t, 21, FitOptions{Centroids: 40, Embedding: 8}, &Options{Progress: func(stage string, done, total int) {
		require.LessOrEqual(t, done, total)
		if len(stages) == 0 || stages[len(stages)-1] != stage {
			stages = append(stages, stage)
		}
	}})
	assert.Equal(t, 40, head.Centroids.K)
	assert.Equal(t, 21, rep.HeldOut, "each image is held out once")
	for i := range 21 {
		assert.Contains(t, rep.Images, i)
	}
	assert.Len(t, rep.Tried, 3, "two normalisations with the copies that keep the shape of 64 x 32, one of them without")
	odd := rep.LeastNormal(3)
	require.Len(t, odd, 3)
	assert.Equal(t, slices.Max(rep.Scores), rep.Scores[odd[0]])
	assert.GreaterOrEqual(t, rep.Scores[odd[0]], rep.Scores[odd[1]])
	assert.GreaterOrEqual(t, rep.Scores[odd[1]], rep.Scores[odd[2]])
	assert.Len(t, rep.LeastNormal(99), 21)
	assert.Equal(t, []string{"embeddings", "comparing", "calibration"}, stages[len(stages)-3:])
	assert.NoError(t, head.Fits(tiny.Backbone(1)))
}

// TestALearnedProjectionIsCalibratedOnWhatItNeverSaw: only the first fold is kept from the training.
func TestALearnedProjectionIsCalibratedOnWhatItNeverSaw(t *testing.T) {
	set, err := Collect(context.Background(), tiny.Backbone(1), pre, textures(21), nil)
	require.NoError(t, err)
	_, rep, err := set.Fit(context.Background(), FitOptions{Centroids: 40, Embedding: 8, Norm: NormRaw, Projection: RandomProjection(8, 11, 0)}, nil)
	require.NoError(t, err)
	assert.Equal(t, set.foldImages(0), rep.Images)
	assert.Equal(t, AugmentNone, rep.Augment, "it has seen no copies")
}

func TestTrainingFakesStayOutOfTheFirstFold(t *testing.T) {
	set, err := Collect(context.Background(), tiny.Backbone(1), pre, textures(10), &Options{TrainingFakes: 30})
	require.NoError(t, err)
	require.Len(t, set.training, 30)
	for _, f := range set.training {
		assert.NotZero(t, set.fold[f.Image])
	}
	good, fake := set.Learnable()
	assert.Len(t, good, (10-len(set.foldImages(0)))*set.Patches*set.C)
	assert.NotEmpty(t, fake)
	assert.Zero(t, len(fake)%set.C)
}

func TestEmbeddingCanBeCancelled(t *testing.T) {
	set, err := Collect(context.Background(), tiny.Backbone(1), pre, textures(6), nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f := &fitter{set: set, fit: FitOptions{Augment: AugmentNone, Projection: RandomProjection(8, set.C, 0)}}
	assert.ErrorIs(t, f.embed(ctx, NormRaw), context.Canceled)
}

// TestWorkersAreBounded: a slip of the finger in --workers must not take the memory of a thousand million workers.
func TestWorkersAreBounded(t *testing.T) {
	k, err := newKCentre(make([]int8, 8), 2, &Options{Workers: 1 << 20})
	require.NoError(t, err)
	assert.LessOrEqual(t, k.workers, maxWorkers)
}

func TestCollectRefuses(t *testing.T) {
	_, err := Collect(context.Background(), tiny.Backbone(1), pre, textures(MinImages-1), nil)
	assert.ErrorIs(t, err, ErrTooFew)
	_, err = Collect(context.Background(), tiny.Backbone(1), pre, textures(MaxImages+1), nil)
	assert.ErrorIs(t, err, ErrTooMany)
	broken := errors.New("broken file")
	src := textures(8)
	src.Image = func(i int) (*imaging.RGB, error) { return nil, broken }
	_, err = Collect(context.Background(), tiny.Backbone(1), pre, src, nil)
	assert.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Collect(ctx, tiny.Backbone(1), pre, textures(8), nil)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestFitRefuses(t *testing.T) {
	set, err := Collect(context.Background(), tiny.Backbone(1), pre, textures(6), nil)
	require.NoError(t, err)
	for _, fit := range []FitOptions{{Centroids: -1, Embedding: 8}, {Embedding: 99}, {Embedding: 8, Norm: "max"}, {Embedding: 8, Augment: "all"},
		{Embedding: 8, Projection: make([]float32, 3)}, {Embedding: 8, FalseRejectRate: 2}, {Embedding: 8, FalseRejectRate: math.NaN()},
		{Embedding: 8, FalseRejectRate: -1}} {
		assert.Error(t, fit.Check(set.C), "before any work: %+v", fit)
		_, _, err := set.Fit(context.Background(), fit, nil)
		assert.Error(t, err, "%+v", fit)
	}
}

// TestWideBackbones: no head takes so many channels, and their buffers would be gigabytes.
func TestWideBackbones(t *testing.T) {
	const width = 4096
	b := &model.Backbone{Name: "wide", Graph: &engine.Graph{Input: engine.InputU7}}
	conv := func(name, in string, channels, out, stride int) {
		b.Graph.Ops = append(b.Graph.Ops, engine.Op{Name: name, Kind: engine.KindConv, Input: in, In: channels, Out: out, Kernel: 1, Stride: stride,
			Weight: make([]int8, channels*out), Bias: make([]int32, out), Scale: slices.Repeat([]float32{1}, out)})
	}
	conv("a", engine.ImageInput, 3, 1, 2)
	conv("b", "a", 1, 1, 2)
	for taps := 1; taps <= 3; taps++ {
		name := fmt.Sprint("tap", taps)
		conv(name, "b", 1, width, 2)
		b.Graph.Taps, b.FeatureStd = append(b.Graph.Taps, name), slices.Repeat([]float32{1}, taps*width)
		_, err := NewFeaturizer(b, imaging.Preprocess{Width: 32, Height: 32, Mode: imaging.Fit}, nil)
		assert.Equal(t, taps*width <= 8192, err == nil, "%d taps: %v", taps, err)
	}
}

func TestIdenticalImages(t *testing.T) {
	src := Source{Len: 6, Image: func(int) (*imaging.RGB, error) { return tiny.Image(64, 32, 1), nil }}
	set, err := Collect(context.Background(), tiny.Backbone(1), pre, src, nil)
	require.NoError(t, err)
	_, _, err = set.Fit(context.Background(), FitOptions{Embedding: 8}, nil)
	assert.ErrorIs(t, err, ErrAlike)
}

// TestNearlyIdenticalImages: they differ, but what a head keeps of them does not.
func TestNearlyIdenticalImages(t *testing.T) {
	src := Source{Len: 6, Image: func(i int) (*imaging.RGB, error) {
		img := imaging.NewRGB(64, 32)
		for k := range img.Pix {
			img.Pix[k] = 90
		}
		img.Pix[900*i+30] += 2
		return img, nil
	}}
	set, err := Collect(context.Background(), tiny.Backbone(1), pre, src, nil)
	require.NoError(t, err)
	require.False(t, set.allSame())
	_, _, err = set.Fit(context.Background(), FitOptions{Embedding: 4}, nil)
	assert.ErrorIs(t, err, ErrAlike)
}

func TestJudgeByHand(t *testing.T) {
	j, err := (&trial{good: []float32{1, 3}, bad: []float32{5, 7, 3}, around: []float32{1, 2, 3}, changed: []float32{3, 4}}).judge()
	require.NoError(t, err)
	assert.InDelta(t, (1+1+1+1+1+0.5)/6, j.AUROC, 1e-12)
	assert.InDelta(t, (5.0-2)/1, j.Separation, 1e-12)
	one, err := (&trial{good: []float32{1}, bad: []float32{3}, around: []float32{1}, changed: []float32{3}}).judge()
	require.NoError(t, err)
	assert.Zero(t, one.Separation, "one score has no deviation")
	more, err := (&trial{good: []float32{1}, bad: []float32{9}, around: []float32{1}, changed: []float32{9}}).judge()
	require.NoError(t, err)
	assert.False(t, more.Better(one), "one image decides nothing")
	assert.InDelta(t, (2.5+3)/6, j.Patch, 1e-12, "patches of 3 and 4 against 1, 2 and 3")
}

func ExampleRandomProjection() {
	w := RandomProjection(2, 3, 0) // two orthonormal rows
	fmt.Printf("%.3f %.3f\n", w[0]*w[0]+w[1]*w[1]+w[2]*w[2], math.Abs(float64(w[0]*w[3]+w[1]*w[4]+w[2]*w[5])))
	// Output: 1.000 0.000
}

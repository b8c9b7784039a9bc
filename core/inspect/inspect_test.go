package inspect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/calibrate"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/internal/tiny"
	"anomnet/core/model"
)

func encode(t testing.TB, f *model.File) []byte {
	t.Helper()
	data, err := model.Encode(f)
	require.NoError(t, err)
	return data
}

func pngFile(t testing.TB, img *imaging.RGB) []byte {
	t.Helper()
	out := image.NewNRGBA(image.Rect(0, 0, img.W, img.H))
	for i := range img.W * img.H {
		copy(out.Pix[4*i:], img.Pix[3*i:3*i+3])
		out.Pix[4*i+3] = 255
	}
	var buf bytes.Buffer
	require.NoError(t, png.Encode(&buf, out))
	return buf.Bytes()
}

func TestSameScoreFromOneFileTwoFilesAndEveryTier(t *testing.T) {
	b := tiny.Backbone(1)
	h := tiny.Head(b, 2)
	picture := pngFile(t, tiny.Image(90, 50, 4))
	var want *inspect.Result
	for _, files := range [][][]byte{
		{encode(t, &model.File{Backbone: b}), encode(t, &model.File{Head: h})},
		{encode(t, &model.File{Backbone: b, Head: h})},
	} {
		for _, tier := range engine.Tiers() {
			in, err := inspect.Open(files, &inspect.Options{Kernels: tier})
			require.NoError(t, err)
			clone, err := in.Clone()
			require.NoError(t, err)
			for _, worker := range []*inspect.Inspector{in, clone, in} {
				res, err := worker.Inspect(picture)
				require.NoError(t, err)
				if want == nil {
					want = res
				}
				assert.Equal(t, want, res, "%s", tier.Name())
			}
			assert.Equal(t, "tiny part", in.Info().Part)
			assert.Equal(t, h.Preprocess, imaging.Preprocess{Width: in.Info().Width, Height: in.Info().Height, Mode: in.Info().Mode})
			assert.Equal(t, tier.Name(), in.Info().Tier)
		}
	}
	assert.Equal(t, []int{90, 50, 8, 4}, []int{want.Width, want.Height, want.MapW, want.MapH})
	assert.Contains(t, []calibrate.Verdict{calibrate.OK, calibrate.Review, calibrate.NG}, want.Verdict)
	assert.Positive(t, want.Raw)
	assert.InDelta(t, float64(want.Raw)/float64(want.Limit), want.Ratio, 1e-12)
}

func TestErrorCodes(t *testing.T) {
	b := tiny.Backbone(1)
	head := encode(t, &model.File{Head: tiny.Head(b, 2)})
	own, other := encode(t, &model.File{Backbone: b}), encode(t, &model.File{Backbone: tiny.Backbone(7)})
	changed := append([]byte(nil), head...)
	changed[len(changed)-1] ^= 1
	in, err := inspect.Open([][]byte{own, head}, nil)
	require.NoError(t, err)
	picture := pngFile(t, tiny.Image(90, 50, 4))
	open := func(files ...[]byte) error { _, err := inspect.Open(files, nil); return err }
	score := func(data []byte) error { _, err := in.Inspect(data); return err }
	for _, c := range []struct {
		code string
		err  error
	}{
		{"model_mismatch", open(other, head)}, {"model_mismatch", open(own)}, {"model_mismatch", open(head)}, {"model_corrupt", open(own, changed)},
		{"model_corrupt", open(nil)}, {"empty", score(nil)}, {"not_image", score([]byte("hello, this is a text"))}, {"corrupt", score(picture[:len(picture)/2])},
		{"internal", fmt.Errorf("something else")},
	} {
		require.Error(t, c.err, c.code)
		code, hint := inspect.ErrorCode(c.err)
		assert.Equal(t, c.code, code, "%v", c.err)
		assert.NotEmpty(t, hint)
	}
	_, err = in.Inspect(picture)
	assert.NoError(t, err, "the rest of the batch is unharmed")
}

// TestEachScoresLikeOne: inspectors share nothing that changes, and a result stays as it is when its inspector goes on.
func TestEachScoresLikeOne(t *testing.T) {
	b := tiny.Backbone(1)
	h := tiny.Head(b, 2)
	h.Adapter.L2, h.Adapter.Scale = true, slices.Repeat([]float32{1.5}, h.Adapter.Out)
	in, err := inspect.New(b, h, "", nil)
	require.NoError(t, err)
	const n = 40
	pictures, want, got := make([][]byte, n), make([]*inspect.Result, n), make([]*inspect.Result, n)
	for i := range n {
		pictures[i] = pngFile(t, tiny.Image(90, 50, uint64(i)))
		fresh, err := inspect.New(b, h, "", nil)
		require.NoError(t, err)
		want[i], err = fresh.Inspect(pictures[i])
		require.NoError(t, err)
	}
	require.NoError(t, in.Each(t.Context(), n, 4, nil, func(worker *inspect.Inspector, i int) (err error) {
		got[i], err = worker.Inspect(pictures[i])
		return err
	}))
	assert.Equal(t, want, got)
	for i := range n {
		got[i], err = in.Inspect(pictures[i])
		require.NoError(t, err)
	}
	assert.Equal(t, want, got)
}

// TestLimitsOfImages are those of the options, of clones too.
func TestLimitsOfImages(t *testing.T) {
	b := tiny.Backbone(1)
	in, err := inspect.New(b, tiny.Head(b, 2), "", &inspect.Options{Limits: &imaging.Limits{MaxSide: 89}})
	require.NoError(t, err)
	clone, err := in.Clone()
	require.NoError(t, err)
	for _, worker := range []*inspect.Inspector{in, clone} {
		_, err = worker.Inspect(pngFile(t, tiny.Image(90, 50, 4)))
		code, _ := inspect.ErrorCode(err)
		assert.Equal(t, string(imaging.TooLarge), code)
		_, err = worker.Inspect(pngFile(t, tiny.Image(89, 50, 4)))
		assert.NoError(t, err)
	}
}

// TestMemoryOfAnImageIsBounded: the file is at fault, not the program.
func TestMemoryOfAnImageIsBounded(t *testing.T) {
	b := tiny.Backbone(1)
	wide := engine.Op{Name: "wide", Kind: engine.KindConv, Input: engine.ImageInput, In: 3, Out: 512, Kernel: 1, Stride: 1, Weight: make([]int8, 3*512), Bias: make([]int32, 512)}
	wide.Scale = slices.Repeat([]float32{1}, 512)
	b.Graph.Ops = append(b.Graph.Ops, wide)
	h := tiny.Head(b, 2)
	h.Preprocess.Width, h.Preprocess.Height = 2048, 2048
	in, err := inspect.Open([][]byte{encode(t, &model.File{Backbone: b, Head: h})}, nil)
	assert.Nil(t, in)
	require.ErrorContains(t, err, "MB of buffers")
	code, _ := inspect.ErrorCode(err)
	assert.Equal(t, inspect.CodeModelCorrupt, code)
}

func TestEachVisitsAllAndStopsAtAnError(t *testing.T) {
	b := tiny.Backbone(1)
	in, err := inspect.New(b, tiny.Head(b, 2), "", nil)
	require.NoError(t, err)
	const n = 50
	var seen [n]atomic.Int32
	require.NoError(t, in.Each(t.Context(), n, 4, nil, func(worker *inspect.Inspector, i int) error {
		seen[i].Add(1)
		return nil
	}))
	for i := range seen {
		assert.EqualValues(t, 1, seen[i].Load(), i)
	}
	broken := errors.New("broken")
	var calls atomic.Int32
	err = in.Each(t.Context(), n, 1, nil, func(*inspect.Inspector, int) error { calls.Add(1); return broken })
	assert.ErrorIs(t, err, broken)
	assert.EqualValues(t, 1, calls.Load())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, in.Each(ctx, n, 2, nil, func(*inspect.Inspector, int) error { return nil }), context.Canceled)
}

// TestTimeOfAnImageIsBounded: a head with a million centroids on a large picture would search for hours.
func TestTimeOfAnImageIsBounded(t *testing.T) {
	b := tiny.Backbone(1)
	h := tiny.Head(b, 2)
	h.Preprocess.Width, h.Preprocess.Height = 2048, 2048
	h.Adapter.Out, h.Centroids.D, h.Centroids.K = 32, 32, 1<<20
	h.Adapter.Weight, h.Centroids.Data = make([]int8, 11*32), make([]int8, 32<<20)
	for len(h.Adapter.Scale) < 32 {
		h.Adapter.Scale = append(h.Adapter.Scale, 0.01)
	}
	_, err := inspect.New(b, h, "", nil)
	require.ErrorIs(t, err, model.ErrCorrupt)
	assert.ErrorContains(t, err, "multiply-adds for an image")
	h.Centroids.K, h.Centroids.Data = 1000, h.Centroids.Data[:32000]
	_, err = inspect.New(b, h, "", nil)
	assert.NoError(t, err)
}

// TestAnNGImageHasARegion: the limit is set between the image's score and the highest value of its map.
func TestAnNGImageHasARegion(t *testing.T) {
	b := tiny.Backbone(1)
	h := tiny.Head(b, 2)
	picture := pngFile(t, tiny.Image(90, 50, 4))
	at := func(limit float32) *inspect.Result {
		h.Calibration.Limit, h.Calibration.Review = limit, limit/2
		h.Calibration.MapHigh = 2*limit + h.Calibration.MapLow
		in, err := inspect.Open([][]byte{encode(t, &model.File{Backbone: b, Head: h})}, nil)
		require.NoError(t, err)
		res, err := in.Inspect(picture)
		require.NoError(t, err)
		return res
	}
	first := at(1)
	peak := slices.Max(first.Map)
	require.Less(t, peak, first.Raw)
	ng := at((peak + first.Raw) / 2)
	require.Equal(t, calibrate.NG, ng.Verdict)
	require.NotEmpty(t, ng.Regions)
	assert.Equal(t, first.Raw, ng.Raw)
	assert.Less(t, ng.Edge, peak)
	review := at(first.Raw)
	require.Equal(t, calibrate.Review, review.Verdict)
	assert.Empty(t, review.Regions)
	assert.Equal(t, review.Limit, review.Edge)
}

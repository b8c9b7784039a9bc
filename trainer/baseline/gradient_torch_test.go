//go:build torch

package baseline

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/trainer/torch"
)

func within(t *testing.T, f func(s *torch.Scope)) {
	t.Helper()
	require.NoError(t, torch.Do(func() error {
		s := torch.NewScope(torch.CPU)
		defer s.Free()
		f(s)
		return s.Err()
	}))
}

// TestCFALossByHand: one descriptor at 0 and centroids at 1 to 6: D = 1, 4, 9 attract, 16, 25, 36 repel.
func TestCFALossByHand(t *testing.T) {
	at := func(e, r float32) (value, dr, de float64) {
		within(t, func(s *torch.Scope) {
			c, x, radius := s.FromFloat32([]float32{5, 3, 1, 2, 6, 4}, 6, 1), s.Param([]float32{e}, 1, 1), s.Param([]float32{r}, 1)
			loss := cfaLoss(s, x, c, radius)
			value = s.Item(s.Detach(loss))
			s.Backward(loss)
			dr, de = s.Item(s.Grad(radius)), s.Item(s.Grad(x))
		})
		return value, dr, de
	}
	for r, want := range map[float32]float64{
		3.5: 0,                  // 1, 4, 9 < 12.25 < 16 - 0.1
		1:   (0 + 3 + 8) / 3.0,  // only attraction
		5:   (25 - 16 - .1) / 3, // only repulsion, of the first
	} {
		got, _, _ := at(0, r)
		assert.InDelta(t, want, got, 1e-5, r)
	}
	for _, r := range []float32{1.3, 4.6} {
		const h = 1e-2
		_, dr, de := at(0.2, r)
		up, _, _ := at(0.2, r+h)
		down, _, _ := at(0.2, r-h)
		assert.InDelta(t, (up-down)/(2*h), dr, 2e-3, "radius %v", r)
		up, _, _ = at(0.2+h, r)
		down, _, _ = at(0.2-h, r)
		assert.InDelta(t, (up-down)/(2*h), de, 2e-3, "descriptor, radius %v", r)
	}
}

func TestSimpleLossByHand(t *testing.T) {
	within(t, func(s *torch.Scope) {
		d := s.Param([]float32{1, 0.2, -1, 0}, 4) // good, good, bad, bad
		loss := simpleLoss(s, d)
		assert.InDelta(t, (0+0.3)/2+(0+0.5)/2, s.Item(s.Detach(loss)), 1e-6)
		s.Backward(loss)
		assert.InDeltaSlice(t, []float32{0, -0.5, 0, 0.5}, s.Float32(s.Grad(d)), 1e-6)
	})
}

// TestDiscriminatorByHand: two features with one channel and one hidden unit; a batch of 1 and 3 has mean 2 and variance 1.
func TestDiscriminatorByHand(t *testing.T) {
	within(t, func(s *torch.Scope) {
		one := func(v float32) *torch.Tensor { return s.FromFloat32([]float32{v}, 1, 1) }
		k := critic{adapter: one(1), hidden: one(1), last: one(2), gain: s.FromFloat32([]float32{3}, 1), bias: s.FromFloat32([]float32{0}, 1)}
		d, mean, scale := k.discriminate(s, s.FromFloat32([]float32{1, 3}, 2, 1), nil, nil)
		assert.InDelta(t, 2, s.Item(mean), 1e-6)
		assert.InDelta(t, 1, s.Item(scale), 1e-4)
		assert.InDeltaSlice(t, []float32{2 * simpleSlope * -3, 2 * 3}, s.Float32(d), 1e-3)
	})
}

func TestGradientMethods(t *testing.T) {
	for name, learn := range map[string]func(context.Context, *Input, *GradientOptions) (*Trained, error){"cfa": NewCFA, "simplenet": NewSimpleNet} {
		t.Run(name, func(t *testing.T) {
			opt := &GradientOptions{Device: "cpu", Seed: 3, Threads: 1, Steps: 60, Batch: 64}
			in := sheet(1, 40, 0)
			a, err := learn(t.Context(), in, opt)
			require.NoError(t, err)
			assert.Len(t, a.Loss, 60)
			assert.Less(t, a.Loss[59], a.Loss[0])
			separates(t, a, 75) // CFA has 737 of 900 pairs
			b, err := learn(t.Context(), in, opt)
			require.NoError(t, err)
			assert.Equal(t, a.Loss, b.Loss, "a seed gives the same training")
			ctx, cancel := context.WithCancel(t.Context())
			opt.Progress = func(done, _ int) {
				if done == 3 {
					cancel()
				}
			}
			_, err = learn(ctx, in, opt)
			assert.ErrorIs(t, err, context.Canceled)
			_, err = learn(t.Context(), in, &GradientOptions{Device: "tpu"})
			assert.ErrorContains(t, err, "want auto, cpu or cuda")
		})
	}
}

// TestStepsReadNothing: losses come in one copy every lineSteps steps and at the end, and the noise of SimpleNet is measured on the device.
func TestStepsReadNothing(t *testing.T) {
	var s *session
	read := map[int]int{} // copies down before each step
	opt := GradientOptions{Device: "cpu", Threads: 1, Steps: 2*lineSteps + 3, Progress: func(done, _ int) { read[done] = s.copies.Down }}
	loss, err := train(opt.withDefaults(), func(made *session) error {
		s = made
		long := torch.NewScope(s.device)
		defer long.Free()
		p := long.Param([]float32{8}, 1)
		adam, err := torch.NewAdam(0.1, 0, p)
		require.NoError(t, err)
		defer adam.Free()
		return s.loop(t.Context(), []*torch.Adam{adam}, func(t *torch.Scope) *torch.Tensor { return t.Mean(t.Square(p)) })
	})
	require.NoError(t, err)
	assert.Len(t, loss, opt.Steps)
	assert.Equal(t, 64.0, loss[0])
	assert.Less(t, loss[opt.Steps-1], loss[0])
	assert.Equal(t, []int{0, 1, 1, 2, 2}, []int{read[lineSteps], read[lineSteps+1], read[2*lineSteps], read[2*lineSteps+1], read[opt.Steps]})
	assert.Equal(t, 3, s.copies.Down)

	within(t, func(s *torch.Scope) {
		var n torch.Copies
		k := critic{adapter: s.FromFloat32([]float32{1, 0, 0, 1}, 2, 2)}
		k.pairs(s.Count(&n), s.FromFloat32([]float32{3, 4, 5, 6}, 2, 2))
		assert.Zero(t, n.Down)
	})
}

// TestLossOfNoNumber: the step whose loss it was is named, though others were queued behind it.
func TestLossOfNoNumber(t *testing.T) {
	step := 0
	opt := &GradientOptions{Device: "cpu", Threads: 1, Steps: 30}
	_, err := train(opt.withDefaults(), func(s *session) error {
		long := torch.NewScope(s.device)
		defer long.Free()
		p := long.Param([]float32{1}, 1)
		adam, err := torch.NewAdam(0.1, 0, p)
		require.NoError(t, err)
		defer adam.Free()
		return s.loop(t.Context(), []*torch.Adam{adam}, func(t *torch.Scope) *torch.Tensor {
			if step++; step == 7 {
				return t.Mean(t.Scale(p, math.Inf(1)))
			}
			return t.Mean(t.Square(p))
		})
	})
	assert.ErrorContains(t, err, "step 7: the loss is +Inf")
}

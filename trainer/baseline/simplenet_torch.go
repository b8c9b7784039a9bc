//go:build torch

package baseline

import (
	"context"
	"fmt"
	"math"

	"anomnet/trainer/torch"
)

// SimpleNet's settings, from the paper's section 4.1 and its authors' code, but for the noise: see docs/baselines.md.
const (
	simpleHidden     = 512
	simpleSlope      = 0.2  // of the leaky ReLU
	simpleMargin     = 0.5  // th+ and -th- of equation 5
	simpleNoise      = 0.25 // deviation of the noise, in root mean squares of the adapted features
	simpleRate       = 1e-4 // of the adapter
	simpleCriticRate = 2e-4 // of the discriminator
	simpleDecay      = 1e-5
	simpleBatch      = 1024 // good patches of a step
	simpleEpsilon    = 1e-5 // of the batch normalisation
)

// SimpleNet (Liu et al. 2023): a linear feature adapter and a discriminator with one hidden layer, learned to tell adapted good patches
// from the same with Gaussian noise.
type SimpleNet struct {
	in      *Input
	opt     GradientOptions
	adapter []float32 // [C][C]
	hidden  []float32 // [Hidden][C]
	last    []float32 // [1][Hidden]
	gain    []float32 // [Hidden] of the batch normalisation
	bias    []float32 // [Hidden]
	mean    []float32 // [Hidden] statistics that scoring uses
	scale   []float32 // [Hidden] 1/sqrt(variance+epsilon)
	scratch []float32
}

// critic is the discriminator's tensors.
type critic struct{ adapter, hidden, last, gain, bias *torch.Tensor }

func newSimpleNet(ctx context.Context, in *Input, opt GradientOptions) (*Trained, error) {
	n := &SimpleNet{in: &Input{H: in.H, W: in.W, C: in.C}, opt: opt, scratch: make([]float32, 2*in.H*in.W)}
	if opt.Batch == 0 {
		opt.Batch = simpleBatch
	}
	loss, err := train(opt, func(s *session) error {
		c := in.C
		xavier := func(out, in int) []float32 { return s.uniform(out*in, math.Sqrt(6/float64(in+out))) }
		n.adapter, n.hidden, n.last = xavier(c, c), xavier(simpleHidden, c), xavier(1, simpleHidden)
		n.gain, n.bias = make([]float32, simpleHidden), make([]float32, simpleHidden)
		for i := range n.gain {
			n.gain[i] = 1
		}
		long := torch.NewScope(s.device)
		defer long.Free()
		k := critic{long.Param(n.adapter, c, c), long.Param(n.hidden, simpleHidden, c), long.Param(n.last, 1, simpleHidden),
			long.Param(n.gain, simpleHidden), long.Param(n.bias, simpleHidden)}
		if long.Err() != nil {
			return long.Err()
		}
		adapter, err := torch.NewAdam(simpleRate, simpleDecay, k.adapter)
		if err != nil {
			return err
		}
		defer adapter.Free()
		rest, err := torch.NewAdam(simpleCriticRate, simpleDecay, k.hidden, k.last, k.gain, k.bias)
		if err != nil {
			return err
		}
		defer rest.Free()
		batch := func(t *torch.Scope, size int) *torch.Tensor {
			patches := make([]int, size)
			for i := range patches {
				patches[i] = s.rng.IntN(len(in.Good) * in.H * in.W)
			}
			return k.pairs(t, t.FromFloat32(features(in, patches), size, c))
		}
		err = s.loop(ctx, []*torch.Adam{adapter, rest}, func(t *torch.Scope) *torch.Tensor {
			d, _, _ := k.discriminate(t, batch(t, opt.Batch), nil, nil)
			return simpleLoss(t, d)
		})
		if err != nil {
			return err
		}
		n.adapter, n.hidden, n.last = long.Float32(k.adapter), long.Float32(k.hidden), long.Float32(k.last)
		n.gain, n.bias = long.Float32(k.gain), long.Float32(k.bias)
		if err := torch.NoGrad(func() { // statistics of a large batch, in place of running means
			_, mean, scale := k.discriminate(long, batch(long, 4*opt.Batch), nil, nil)
			n.mean, n.scale = long.Float32(mean), long.Float32(scale)
		}); err != nil {
			return err
		}
		return long.Err()
	})
	if err != nil {
		return nil, err
	}
	return &Trained{n, loss}, nil
}

// pairs gives the adapted features of x [B][C], and below them the same with noise: q = W x, q' = q + N(0, sigma^2) (equation 3).
func (k *critic) pairs(t *torch.Scope, x *torch.Tensor) *torch.Tensor {
	q := t.Matmul(x, t.T(k.adapter))
	shape := t.Shape(q)
	if len(shape) != 2 {
		return q
	}
	size := t.Sqrt(t.Mean(t.Square(t.Detach(q)))) // it stays on the device: to read it would be to wait for a GPU in each step
	return t.Cat(0, q, t.Add(q, t.Mul(t.Randn(shape...), t.Scale(size, simpleNoise))))
}

// discriminate gives D(q) [B] = v leaky(norm(H q)); norm uses the statistics of the batch, or those given. It gives those used: [Hidden].
func (k *critic) discriminate(t *torch.Scope, q, mean, scale *torch.Tensor) (d, m, s *torch.Tensor) {
	h := t.Matmul(q, t.T(k.hidden))
	if mean == nil {
		mean = t.MeanDim(h, 0, false)
		variance := t.MeanDim(t.Square(t.Sub(h, mean)), 0, false)
		ones := t.Shift(t.Scale(t.Detach(variance), 0), 1)
		scale = t.Div(ones, t.Sqrt(t.Shift(variance, simpleEpsilon)))
	}
	h = t.Add(t.Mul(t.Mul(t.Sub(h, mean), scale), k.gain), k.bias)
	h = t.Add(t.Scale(h, simpleSlope), t.Scale(t.Relu(h), 1-simpleSlope))
	return t.Reshape(t.Matmul(h, t.T(k.last)), -1), mean, scale
}

// simpleLoss is equation 5 for the discriminator's values d [2B], good ones first: mean max(0, th - D(q)) + mean max(0, th + D(q')).
func simpleLoss(t *torch.Scope, d *torch.Tensor) *torch.Tensor {
	shape := t.Shape(d)
	if len(shape) != 1 {
		return t.Zeros(1)
	}
	n := shape[0] / 2
	good := t.Relu(t.Shift(t.Scale(t.Narrow(d, 0, 0, n), -1), simpleMargin))
	bad := t.Relu(t.Shift(t.Narrow(d, 0, n, n), simpleMargin))
	return t.Add(t.Mean(good), t.Mean(bad))
}

// Detect gives -D(q) for each patch (equation 6). The image score is the maximum of the smoothed map.
func (n *SimpleNet) Detect(x []uint8, patches []float32) (float32, error) {
	p := n.in.H * n.in.W
	if len(x) != p*n.in.C || len(patches) != p {
		return 0, fmt.Errorf("baseline: simplenet: %d values and %d patches for a grid of %d x %d x %d", len(x), len(patches), n.in.H, n.in.W, n.in.C)
	}
	f := make([]float32, len(x))
	for i, v := range x {
		f[i] = float32(v) / levels
	}
	_, err := train(n.opt, func(s *session) error {
		t := torch.NewScope(s.device)
		defer t.Free()
		c := n.in.C
		k := critic{t.FromFloat32(n.adapter, c, c), t.FromFloat32(n.hidden, simpleHidden, c), t.FromFloat32(n.last, 1, simpleHidden),
			t.FromFloat32(n.gain, simpleHidden), t.FromFloat32(n.bias, simpleHidden)}
		err := torch.NoGrad(func() {
			q := t.Matmul(t.FromFloat32(f, p, c), t.T(k.adapter))
			d, _, _ := k.discriminate(t, q, t.FromFloat32(n.mean, simpleHidden), t.FromFloat32(n.scale, simpleHidden))
			copy(patches, t.Float32(t.Scale(d, -1)))
		})
		if err != nil {
			return err
		}
		return t.Err()
	})
	if err != nil {
		return 0, err
	}
	return peak(patches, n.in.H, n.in.W, n.scratch), nil
}

// Bytes counts all weights in float32.
func (n *SimpleNet) Bytes() int {
	return 4 * (len(n.adapter) + len(n.hidden) + len(n.last) + len(n.gain) + len(n.bias) + len(n.mean) + len(n.scale))
}

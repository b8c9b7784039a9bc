//go:build torch

package torch

import (
	"fmt"

	lib "github.com/sugarme/gotch/libtch"
)

// Conv2D gives the convolution of x [B][Cin][H][W] with w [Cout][Cin][k][k], zero padding k/2; bias [Cout] may be nil.
func (s *Scope) Conv2D(x, w, bias *Tensor, stride int) *Tensor {
	args := []*Tensor{x, w}
	if bias != nil {
		args = append(args, bias)
	}
	shape := s.Shape(w)
	if s.err == nil && len(shape) != 4 {
		s.fail("conv2d", fmt.Errorf("weights of shape %v, want 4 dimensions", shape))
	}
	return s.one("conv2d", func(out *lib.Ctensor) {
		var b lib.Ctensor
		if bias != nil {
			b = bias.c
		}
		pad := []int64{int64(shape[2] / 2), int64(shape[3] / 2)}
		lib.AtgConv2d(out, x.c, w.c, b, twice(stride), 2, pad, 2, twice(1), 2, 1)
	}, args...)
}

// MaxPool2D gives the maximum over k x k windows, padded by k/2 with what is smaller than anything.
func (s *Scope) MaxPool2D(x *Tensor, k, stride int) *Tensor {
	return s.one("max_pool2d", func(out *lib.Ctensor) {
		lib.AtgMaxPool2d(out, x.c, twice(k), 2, twice(stride), 2, twice(k/2), 2, twice(1), 2, 0)
	}, x)
}

// BatchNorm gives (x - mean) / sqrt(variance + eps) gamma + beta by channel of x [B][C][H][W]. With train, mean and variance are those
// of the batch, and momentum times their difference is added to the running ones; without, they are the running ones.
func (s *Scope) BatchNorm(x, gamma, beta, mean, variance *Tensor, train bool, momentum, eps float64) *Tensor {
	return s.one("batch_norm", func(out *lib.Ctensor) {
		lib.AtgBatchNorm(out, x.c, gamma.c, beta.c, mean.c, variance.c, flag(train), momentum, eps, 0)
	}, x, gamma, beta, mean, variance)
}

// RoundClamp gives clamp(roundHalfToEven(t), low, high); its gradient is 1 inside the limits and 0 outside (straight-through).
func (s *Scope) RoundClamp(t *Tensor, low, high int) *Tensor {
	return s.one("fake_quantize", func(out *lib.Ctensor) {
		lib.AtgFakeQuantizePerTensorAffine(out, t.c, 1, 0, int64(low), int64(high))
	}, t)
}

// Permute gives t with its dimensions in another order; the memory is shared. [B][H][W][C] bytes permuted by 0, 3, 1, 2 are what libtorch
// calls channels last, and convolutions keep that order.
func (s *Scope) Permute(t *Tensor, dims ...int) *Tensor {
	return s.one("permute", func(out *lib.Ctensor) { lib.AtgPermute(out, t.c, int64s(dims), len(dims)) }, t)
}

// Contiguous gives t with its memory in the order of its dimensions.
func (s *Scope) Contiguous(t *Tensor) *Tensor {
	return s.one("contiguous", func(out *lib.Ctensor) { lib.AtgContiguous(out, t.c) }, t)
}

// Half gives t as float16.
func (s *Scope) Half(t *Tensor) *Tensor {
	return s.one("to float16", func(out *lib.Ctensor) { lib.AtgTotype(out, t.c, kindFloat16) }, t)
}

// BFloat gives t as bfloat16: eight bits of mantissa, the exponent of float32.
func (s *Scope) BFloat(t *Tensor) *Tensor {
	return s.one("to bfloat16", func(out *lib.Ctensor) { lib.AtgTotype(out, t.c, kindBFloat16) }, t)
}

// Bits copies the bits of a float16 tensor back, in row order.
func (s *Scope) Bits(t *Tensor) []uint16 { return toSlice[uint16](s, "to bits", t, kindFloat16) }

// FromBits makes a float16 tensor of the bits that [Scope.Bits] gave.
func (s *Scope) FromBits(data []uint16, dims ...int) *Tensor {
	return fromSlice(s, "from bits", data, kindFloat16, dims)
}

// Set copies data into the tensor t, a parameter or not, without a trace in the graph.
func (s *Scope) Set(t *Tensor, data []float32) {
	src := s.FromFloat32(data, s.Shape(t)...)
	if !s.ready("set", []*Tensor{t, src}) {
		return
	}
	s.err = setData(t.c, src.c)
	src.Free()
}

// Moments is the state of [AdamW] for one parameter, two tensors of its shape, both zero at the start.
type Moments struct {
	M, V *Tensor
}

// AdamW is the optimiser of Loshchilov and Hutter 2019 (algorithm 2) with its state in the caller's hands, so that it can be saved.
type AdamW struct {
	Beta1, Beta2, Epsilon float64
}

// Step changes p by its gradient, at step t (from 1) with the given rate and decay, and forgets the gradient. It is an error when there is none.
func (a AdamW) Step(s *Scope, p *Tensor, m Moments, t int, rate, decay float64) {
	if s.ready("adamw", []*Tensor{p, m.M, m.V}) {
		s.err = adamStep(p.c, m.M.c, m.V.c, a, t, rate, decay)
	}
}

func twice(n int) []int64 { return []int64{int64(n), int64(n)} }

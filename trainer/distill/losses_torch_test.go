//go:build torch

package distill

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/trainer/torch"
)

type lossFunc func(s *torch.Scope, p, t *torch.Tensor) *torch.Tensor

// lossOf gives the value of a loss, and its gradient by p, for tensors of a shape.
func lossOf(t *testing.T, f lossFunc, p, want []float32, shape ...int) (v float64, grad []float32) {
	require.NoError(t, torch.Do(func() error {
		s := torch.NewScope(torch.CPU)
		defer s.Free()
		x := s.Param(p, shape...)
		l := f(s, x, s.FromFloat32(want, shape...))
		v = s.Item(s.Detach(l))
		s.Backward(l)
		grad = s.Float32(s.Grad(x))
		return s.Err()
	}))
	return v, grad
}

// TestLossValues: one image, two channels, one row of two positions: p = (3,4), (0,2) and t = (4,3), (1,0), unless said otherwise.
func TestLossValues(t *testing.T) {
	p, want := []float32{3, 0, 4, 2}, []float32{4, 1, 3, 0} // [1][2][1][2]
	v, _ := lossOf(t, squaredLoss, p, want, 1, 2, 1, 2)
	assert.InDelta(t, (1+1+1+4)/4.0, v, 1e-6)
	v, _ = lossOf(t, cosineLoss, p, want, 1, 2, 1, 2)
	assert.InDelta(t, 1-(24.0/25+0)/2, v, 1e-5)
	v, _ = lossOf(t, relationalLoss, p, want, 1, 2, 1, 2)
	assert.InDelta(t, 2*(0.8-0.8)*(0.8-0.8)/4, v, 1e-9, "(3,4) and (0,2) are as alike as (4,3) and (1,0)")
	v, _ = lossOf(t, relationalLoss, p, []float32{1, 0, 0, 1}, 1, 2, 1, 2)
	assert.InDelta(t, 2*0.8*0.8/4, v, 1e-5)
}

// TestLossGradients holds gradients against central differences.
func TestLossGradients(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	shape := []int{2, 3, 2, 2}
	p, want := make([]float32, 24), make([]float32, 24)
	for i := range p {
		p[i], want[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	for name, f := range map[string]lossFunc{"squared": squaredLoss, "cosine": cosineLoss, "relational": relationalLoss} {
		_, grad := lossOf(t, f, p, want, shape...)
		largest := 0.0
		for i := range p {
			const h = 1e-2
			moved := append([]float32(nil), p...)
			moved[i] += h
			up, _ := lossOf(t, f, moved, want, shape...)
			moved[i] -= 2 * h
			down, _ := lossOf(t, f, moved, want, shape...)
			assert.InDelta(t, (up-down)/(2*h), float64(grad[i]), 1e-3, "%s, value %d", name, i)
			largest = max(largest, math.Abs(float64(grad[i])))
		}
		assert.Greater(t, largest, 0.01, name)
	}
}

//go:build torch

package trainer

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/trainer/torch"
)

// hinge is softHinge in float64.
func hinge(x float64) float64 {
	return math.Log1p(math.Exp(sharpness*x)) / sharpness
}

// lossTest is a loss as a function of its parameter p, with its value worked out by hand.
type lossTest struct {
	name string
	p    []float32
	dims []int
	loss func(s *torch.Scope, p *torch.Tensor) *torch.Tensor
	want float64
}

func lossTests() []lossTest {
	vec := func(s *torch.Scope, v ...float32) *torch.Tensor { return s.FromFloat32(v, len(v)) }
	twenty := make([]float32, 20) // 0, 0.1 ... 1.9: the worst tenth is 1.8 and 1.9
	for i := range twenty {
		twenty[i] = float32(i) / 10
	}
	// d2 = 0 and ln 3 give q = 3/4, 1/4; d2 = 0 and 0 give 1/2, 1/2. Over centres 0, 1 and 2, 1: p = 3/8, 3/8, 1/4.
	entropy := 1 + (2*0.375*math.Log(0.375)+0.25*math.Log(0.25))/math.Log(3)
	return []lossTest{
		{"coverage", twenty, []int{20}, func(s *torch.Scope, p *torch.Tensor) *torch.Tensor { return coverageLoss(s, p, 0.5) }, 1.85 / 0.5},
		// Nearest others: 0 and 1 at distance 1, 2 at distance 2 from 1. With gap 1.6: (0.6/1.6)^2 twice, then 0.
		{"separation", []float32{0, 0, 1, 0, 1, 2}, []int{3, 2},
			func(s *torch.Scope, p *torch.Tensor) *torch.Tensor { return separationLoss(s, p, 1.6) }, 2 * 0.375 * 0.375 / 3},
		{"separation of one", []float32{3, 4}, []int{1, 2},
			func(s *torch.Scope, p *torch.Tensor) *torch.Tensor { return separationLoss(s, p, 1) }, 0},
		{"entropy", []float32{0, 2 * float32(math.Log(3)), 0, 0}, []int{2, 2}, func(s *torch.Scope, p *torch.Tensor) *torch.Tensor {
			return entropyLoss(s, p, s.FromInt64([]int64{0, 1, 2, 1}, 2, 2), 3, 2)
		}, entropy},
		{"reach", []float32{1, 3}, []int{2}, func(s *torch.Scope, p *torch.Tensor) *torch.Tensor {
			return reachLoss(s, p, vec(s, 2, 2), vec(s, 1, 0.5), 2)
		}, (hinge(-0.5) + 0.5*hinge(0.5)) / 1.5},
		{"beyond", []float32{1, 5}, []int{2}, func(s *torch.Scope, p *torch.Tensor) *torch.Tensor {
			return beyondLoss(s, p, vec(s, 2, 2), vec(s, 1, 0.5), 0.5, 2)
		}, (hinge(1) + 0.5*hinge(-1)) / 1.5},
		{"contrast", []float32{1, 2}, []int{2}, func(s *torch.Scope, p *torch.Tensor) *torch.Tensor {
			return contrastLoss(s, p, vec(s, 3, 2), vec(s, 1, 1), 1, 2)
		}, (hinge(-0.5) + hinge(0.5)) / 2},
		{"identity", []float32{1, 2, 3, 5}, []int{2, 2}, func(s *torch.Scope, p *torch.Tensor) *torch.Tensor {
			return identityLoss(s, p, s.FromFloat32([]float32{1, 2, 3, 4}, 2, 2))
		}, 1.0 / 30},
		{"row distance", []float32{3, 4, 0, 1}, []int{2, 2}, func(s *torch.Scope, p *torch.Tensor) *torch.Tensor {
			return s.Sum(rowDistances(s, p, s.FromFloat32([]float32{0, 0, 0, 3}, 2, 2)))
		}, 5 + 2},
		{"unit rows", []float32{3, 4, 0, 2}, []int{2, 2}, func(s *torch.Scope, p *torch.Tensor) *torch.Tensor {
			return s.Sum(unitRows(s, p))
		}, 0.6 + 0.8 + 1},
	}
}

func TestLossValues(t *testing.T) {
	for _, tt := range lossTests() {
		t.Run(tt.name, func(t *testing.T) {
			assert.InDelta(t, tt.want, valueOf(t, tt, tt.p), 2e-6)
		})
	}
}

// Every gradient agrees with the central difference of the loss itself.
func TestLossGradients(t *testing.T) {
	const step = 2e-3
	for _, tt := range lossTests() {
		t.Run(tt.name, func(t *testing.T) {
			g := gradientOf(t, tt)
			for i := range tt.p {
				up, down := append([]float32{}, tt.p...), append([]float32{}, tt.p...)
				up[i] += step
				down[i] -= step
				width := float64(up[i]) - float64(down[i])
				assert.InDelta(t, (valueOf(t, tt, up)-valueOf(t, tt, down))/width, g[i], 1e-3, "parameter %d", i)
			}
		})
	}
}

func valueOf(t *testing.T, tt lossTest, p []float32) (v float64) {
	t.Helper()
	require.NoError(t, torch.Do(func() error {
		s := torch.NewScope(torch.CPU)
		defer s.Free()
		v = s.Item(tt.loss(s, s.FromFloat32(p, tt.dims...)))
		return s.Err()
	}))
	return v
}

func gradientOf(t *testing.T, tt lossTest) (g []float32) {
	t.Helper()
	require.NoError(t, torch.Do(func() error {
		s := torch.NewScope(torch.CPU)
		defer s.Free()
		p := s.Param(tt.p, tt.dims...)
		s.Backward(tt.loss(s, p))
		g = s.Float32(s.Grad(p))
		return s.Err()
	}))
	return g
}

func TestWeightsCarryNoGradient(t *testing.T) {
	require.NoError(t, torch.Do(func() error {
		s := torch.NewScope(torch.CPU)
		defer s.Free()
		d := s.Param([]float32{1, 6}, 2)
		w := suspicion(s, d, s.FromFloat32([]float32{2, 2}, 2))
		assert.InDeltaSlice(t, []float32{0.5, 1}, s.Float32(w), 1e-6)
		assert.False(t, s.RequiresGrad(w))
		d2 := s.Param([]float32{0, 4 * float32(math.Log(3)), 1, 1}, 2, 2)
		w = confidence(s, d2, 2)
		assert.InDeltaSlice(t, []float32{0.75, 0.5}, s.Float32(w), 1e-6)
		assert.False(t, s.RequiresGrad(w))
		return s.Err()
	}))
}

func TestAroundFindsTheNearestCentres(t *testing.T) {
	require.NoError(t, torch.Do(func() error {
		s := torch.NewScope(torch.CPU)
		defer s.Free()
		d2, places := around(s, s.Param([]float32{0, 0, 4, 0}, 2, 2), s.FromFloat32([]float32{1, 0, 3, 0, 9, 9}, 3, 2), 2)
		assert.Equal(t, []float32{1, 9, 1, 9}, s.Float32(d2))
		assert.Equal(t, []int64{0, 1, 1, 0}, s.Int64(places))
		assert.False(t, s.RequiresGrad(d2))
		return s.Err()
	}))
}

//go:build torch

package torch

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNetworkOperations holds the operations of networks against values computed by hand.
func TestNetworkOperations(t *testing.T) {
	ramp := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9} // [1][1][3][3]
	centre := []float32{0, 0, 0, 1, 10, 0, 0, 0, 0}
	for _, tt := range []struct {
		name  string
		f     func(s *Scope) *Tensor
		want  []float32
		shape []int
	}{
		{"conv", func(s *Scope) *Tensor {
			return s.Conv2D(s.FromFloat32(ramp, 1, 1, 3, 3), s.FromFloat32(centre, 1, 1, 3, 3), s.FromFloat32([]float32{0.5}, 1), 1)
		}, []float32{10.5, 21.5, 32.5, 40.5, 54.5, 65.5, 70.5, 87.5, 98.5}, []int{1, 1, 3, 3}},
		{"conv of stride 2 without bias", func(s *Scope) *Tensor {
			return s.Conv2D(s.FromFloat32(ramp, 1, 1, 3, 3), s.FromFloat32(centre, 1, 1, 3, 3), nil, 2)
		}, []float32{10, 32, 70, 98}, []int{1, 1, 2, 2}},
		{"max pool", func(s *Scope) *Tensor { return s.MaxPool2D(s.FromFloat32(ramp, 1, 1, 3, 3), 3, 2) }, []float32{5, 6, 8, 9}, []int{1, 1, 2, 2}},
		{"round and clamp", func(s *Scope) *Tensor {
			return s.RoundClamp(s.FromFloat32([]float32{-3, 0.5, 1.5, 2.5, 2.51, 126.5, 1e6}, 7), 0, 127)
		}, []float32{0, 0, 2, 2, 3, 126, 127}, []int{7}},
		{"channels last", func(s *Scope) *Tensor { return s.Permute(s.FromFloat32(ramp[:6], 1, 1, 2, 3), 0, 3, 1, 2) }, []float32{1, 4, 2, 5, 3, 6}, []int{1, 3, 1, 2}},
		{"float16", func(s *Scope) *Tensor { return s.Float(s.FromBits([]uint16{0x3c00, 0xc000, 0x7bff}, 3)) }, []float32{1, -2, 65504}, []int{3}},
		{"bfloat16", func(s *Scope) *Tensor { return s.Float(s.BFloat(s.FromFloat32([]float32{1, 257}, 2))) }, []float32{1, 256}, []int{2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			within(t, func(s *Scope) {
				got := tt.f(s)
				assert.Equal(t, tt.shape, s.Shape(got))
				assert.Equal(t, tt.want, s.Float32(got))
			})
		})
	}
	within(t, func(s *Scope) {
		assert.Equal(t, []uint16{0x3c00, 0x0001}, s.Bits(s.Half(s.FromFloat32([]float32{1, 6e-8}, 2))))
	})
}

func TestBatchNorm(t *testing.T) {
	within(t, func(s *Scope) {
		x := s.FromFloat32([]float32{1, 3, 10, 14}, 1, 2, 1, 2)
		gamma, beta := s.FromFloat32([]float32{2, 1}, 2), s.FromFloat32([]float32{0, 5}, 2)
		mean, variance := s.Zeros(2), s.FromFloat32([]float32{1, 1}, 2)
		y := s.Float32(s.BatchNorm(x, gamma, beta, mean, variance, true, 0.1, 0))
		assert.InDeltaSlice(t, []float64{-2, 2, 4, 6}, y, 1e-6)
		assert.InDeltaSlice(t, []float64{0.2, 1.2}, s.Float32(mean), 1e-6)
		assert.InDeltaSlice(t, []float64{0.9 + 0.1*2, 0.9 + 0.1*8}, s.Float32(variance), 1e-6, "the running variance takes n-1")
		y = s.Float32(s.BatchNorm(x, gamma, beta, mean, variance, false, 0.1, 0))
		assert.InDelta(t, 2*(1-0.2)/math.Sqrt(1.1), y[0], 1e-6)
	})
}

// TestRoundClampGradient: straight through inside the limits, nothing outside.
func TestRoundClampGradient(t *testing.T) {
	within(t, func(s *Scope) {
		p := s.Param([]float32{-1, 0.3, 126.7, 200}, 4)
		s.Backward(s.Sum(s.Mul(s.RoundClamp(p, 0, 127), s.FromFloat32([]float32{1, 2, 3, 4}, 4))))
		assert.Equal(t, []float32{0, 2, 3, 0}, s.Float32(s.Grad(p)))
	})
}

// TestAdamW follows algorithm 2 of Loshchilov and Hutter 2019 for two steps, in float64.
func TestAdamW(t *testing.T) {
	within(t, func(s *Scope) {
		a := AdamW{Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8}
		p := s.Param([]float32{1, -2}, 2)
		m := Moments{s.Zeros(2), s.Zeros(2)}
		want, m1, m2 := []float64{1, -2}, make([]float64, 2), make([]float64, 2)
		for step := 1; step <= 2; step++ {
			s.Backward(s.Sum(s.Square(p))) // gradient 2 p
			a.Step(s, p, m, step, 0.1, 0.5)
			for i, x := range want {
				g := 2 * x
				m1[i], m2[i] = 0.9*m1[i]+0.1*g, 0.99*m2[i]+0.01*g*g
				hat1, hat2 := m1[i]/(1-math.Pow(0.9, float64(step))), m2[i]/(1-math.Pow(0.99, float64(step)))
				want[i] = x*(1-0.1*0.5) - 0.1*hat1/(math.Sqrt(hat2)+1e-8)
			}
			assert.InDeltaSlice(t, want, s.Float32(p), 1e-5)
			assert.InDeltaSlice(t, m2, s.Float32(m.V), 1e-5)
		}
		s.Set(p, []float32{7, 8})
		assert.Equal(t, []float32{7, 8}, s.Float32(p))
	})
	s := NewScope(CPU)
	require.NoError(t, Do(func() error {
		AdamW{}.Step(s, s.Param([]float32{1}, 1), Moments{s.Zeros(1), s.Zeros(1)}, 1, 0.1, 0)
		s.Free()
		return nil
	}))
	assert.ErrorContains(t, s.Err(), "no gradient")
}

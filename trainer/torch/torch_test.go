//go:build torch

package torch

import (
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// within runs f in Do with a scope on the CPU and requires that no error is left.
func within(t *testing.T, f func(s *Scope)) {
	t.Helper()
	require.NoError(t, Do(func() error {
		s := NewScope(CPU)
		defer s.Free()
		f(s)
		return s.Err()
	}))
}

func TestOperations(t *testing.T) {
	x := []float32{1, -2, 3, 4, 0.5, -6} // [2][3]
	y := []float32{2, 2, -1, 0.5, 4, 3}
	pair := func(f func(s *Scope, a, b *Tensor) *Tensor) func(s *Scope) *Tensor {
		return func(s *Scope) *Tensor { return f(s, s.FromFloat32(x, 2, 3), s.FromFloat32(y, 2, 3)) }
	}
	each := func(f func(s *Scope, a *Tensor) *Tensor) func(s *Scope) *Tensor {
		return func(s *Scope) *Tensor { return f(s, s.FromFloat32(x, 2, 3)) }
	}
	sp := func(v float64) float32 { return float32(math.Log1p(math.Exp(v))) }
	e1, e2 := math.Exp(-1), math.Exp(-2)
	soft := []float32{float32(1 / (1 + e1 + e2)), float32(e1 / (1 + e1 + e2)), float32(e2 / (1 + e1 + e2))}
	tests := []struct {
		name  string
		f     func(s *Scope) *Tensor
		want  []float32
		shape []int
	}{
		{"add", pair((*Scope).Add), []float32{3, 0, 2, 4.5, 4.5, -3}, []int{2, 3}},
		{"sub", pair((*Scope).Sub), []float32{-1, -4, 4, 3.5, -3.5, -9}, []int{2, 3}},
		{"mul", pair((*Scope).Mul), []float32{2, -4, -3, 2, 2, -18}, []int{2, 3}},
		{"div", pair((*Scope).Div), []float32{0.5, -1, -3, 8, 0.125, -2}, []int{2, 3}},
		{"matmul", pair(func(s *Scope, a, b *Tensor) *Tensor { return s.Matmul(a, s.T(b)) }),
			[]float32{-5, 1.5, 15, -14}, []int{2, 2}},
		{"distances", pair((*Scope).SquaredDistances), []float32{33, 36.25, 31.25, 105.5}, []int{2, 2}},
		{"square", each((*Scope).Square), []float32{1, 4, 9, 16, 0.25, 36}, []int{2, 3}},
		{"relu", each((*Scope).Relu), []float32{1, 0, 3, 4, 0.5, 0}, []int{2, 3}},
		{"softplus", each((*Scope).Softplus), []float32{sp(1), sp(-2), sp(3), sp(4), sp(0.5), sp(-6)}, []int{2, 3}},
		{"sqrt", func(s *Scope) *Tensor { return s.Sqrt(s.FromFloat32([]float32{4, 2.25}, 2)) }, []float32{2, 1.5}, []int{2}},
		{"log", func(s *Scope) *Tensor { return s.Log(s.FromFloat32([]float32{1, math.E}, 2)) }, []float32{0, 1}, []int{2}},
		{"softmax", func(s *Scope) *Tensor { return s.Softmax(s.FromFloat32([]float32{0, -1, -2}, 1, 3), 1) }, soft, []int{1, 3}},
		{"scale", each(func(s *Scope, a *Tensor) *Tensor { return s.Scale(a, -2) }), []float32{-2, 4, -6, -8, -1, 12}, []int{2, 3}},
		{"shift", each(func(s *Scope, a *Tensor) *Tensor { return s.Shift(a, 1.5) }), []float32{2.5, -0.5, 4.5, 5.5, 2, -4.5}, []int{2, 3}},
		{"at least", each(func(s *Scope, a *Tensor) *Tensor { return s.AtLeast(a, 0.75) }), []float32{1, 0.75, 3, 4, 0.75, 0.75}, []int{2, 3}},
		{"at most", each(func(s *Scope, a *Tensor) *Tensor { return s.AtMost(a, 0.75) }), []float32{0.75, -2, 0.75, 0.75, 0.5, -6}, []int{2, 3}},
		{"mean", each((*Scope).Mean), []float32{0.0833333333}, []int{}},
		{"sum", each((*Scope).Sum), []float32{0.5}, []int{}},
		{"mean dim", each(func(s *Scope, a *Tensor) *Tensor { return s.MeanDim(a, 0, true) }), []float32{2.5, -0.75, -1.5}, []int{1, 3}},
		{"sum dim", each(func(s *Scope, a *Tensor) *Tensor { return s.SumDim(a, 1, false) }), []float32{2, -1.5}, []int{2}},
		{"transpose", each((*Scope).T), []float32{1, 4, -2, 0.5, 3, -6}, []int{3, 2}},
		{"reshape", each(func(s *Scope, a *Tensor) *Tensor { return s.Reshape(a, 3, 2) }), x, []int{3, 2}},
		{"narrow", each(func(s *Scope, a *Tensor) *Tensor { return s.Narrow(a, 1, 1, 2) }), []float32{-2, 3, 0.5, -6}, []int{2, 2}},
		{"detach", each((*Scope).Detach), x, []int{2, 3}},
		{"select", each(func(s *Scope, a *Tensor) *Tensor { return s.Select(a, 1, s.FromInt64([]int64{2, 0}, 2)) }),
			[]float32{3, 1, -6, 4}, []int{2, 2}},
		{"gather", each(func(s *Scope, a *Tensor) *Tensor { return s.Gather(a, 1, s.FromInt64([]int64{2, 0}, 2, 1)) }),
			[]float32{3, 4}, []int{2, 1}},
		{"scatter add", func(s *Scope) *Tensor {
			return s.ScatterAdd(s.Zeros(3), 0, s.FromInt64([]int64{2, 0, 2}, 3), s.FromFloat32([]float32{1, 2, 3}, 3))
		}, []float32{2, 0, 4}, []int{3}},
		{"fill diagonal", func(s *Scope) *Tensor { return s.FillDiagonal(s.FromFloat32([]float32{1, 2, 3, 4}, 2, 2), 9) },
			[]float32{9, 2, 3, 9}, []int{2, 2}},
		{"cat", pair(func(s *Scope, a, b *Tensor) *Tensor { return s.Cat(0, a, b) }), append(append([]float32{}, x...), y...), []int{4, 3}},
		{"bytes", func(s *Scope) *Tensor { return s.Float(s.FromUint8([]uint8{0, 127, 255}, 3)) }, []float32{0, 127, 255}, []int{3}},
		{"to device", each(func(s *Scope, a *Tensor) *Tensor { return s.To(a, CPU) }), x, []int{2, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			within(t, func(s *Scope) {
				r := tt.f(s)
				assert.Equal(t, tt.shape, s.Shape(r))
				assert.InDeltaSlice(t, tt.want, s.Float32(r), 2e-5)
				assert.Equal(t, CPU, s.DeviceOf(r))
			})
		})
	}
}

func TestPlaces(t *testing.T) {
	within(t, func(s *Scope) {
		x := s.FromFloat32([]float32{3, 1, 2, 5, 9, 4}, 2, 3)
		v, i := s.TopK(x, 2, 1, true)
		assert.Equal(t, []float32{3, 2, 9, 5}, s.Float32(v))
		assert.Equal(t, []int64{0, 2, 1, 0}, s.Int64(i))
		v, i = s.Min(x, 1)
		assert.Equal(t, []float32{1, 4}, s.Float32(v))
		assert.Equal(t, []int64{1, 2}, s.Int64(i))
	})
}

func TestErrorsAreOneLineAndStick(t *testing.T) {
	require.NoError(t, Do(func() error {
		s := NewScope(CPU)
		defer s.Free()
		a, b := s.FromFloat32([]float32{1, 2}, 1, 2), s.FromFloat32([]float32{1, 2, 3}, 3, 1)
		r := s.Matmul(a, b)
		require.Error(t, s.Err())
		assert.Contains(t, s.Err().Error(), "torch: matmul: ")
		assert.NotContains(t, s.Err().Error(), "\n")
		first := s.Err()
		assert.Nil(t, s.Float32(s.Add(r, a)))
		assert.Equal(t, first, s.Err())

		fresh := NewScope(CPU)
		defer fresh.Free()
		assert.Equal(t, []float32{2, 4}, fresh.Float32(fresh.Add(a, a)), "the failure does not linger on the thread")
		return fresh.Err()
	}))
}

func TestMisuseIsAnError(t *testing.T) {
	tests := []struct {
		name string
		f    func(s *Scope)
		want string
	}{
		{"freed", func(s *Scope) { a := s.Zeros(2); a.Free(); a.Free(); s.Add(a, a) }, "freed"},
		{"nil", func(s *Scope) { s.Sqrt(nil) }, "freed"},
		{"shape", func(s *Scope) { s.FromFloat32([]float32{1, 2}, 3) }, "2 values for the shape [3]"},
		{"empty", func(s *Scope) { s.FromFloat32(nil, 0) }, "0 values"},
		{"kind", func(s *Scope) { s.Float32(s.FromInt64([]int64{1}, 1)) }, "element type"},
		{"item", func(s *Scope) { s.Item(s.Zeros(2)) }, "2 values, want 1"},
		{"place", func(s *Scope) { s.Select(s.Zeros(2), 0, s.FromInt64([]int64{7}, 1)) }, "out of range"},
		{"no gradient", func(s *Scope) { s.Grad(s.Param([]float32{1}, 1)) }, "no gradient"},
		{"no graph", func(s *Scope) { s.Backward(s.Sum(s.Zeros(2))) }, "grad"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Do(func() error {
				s := NewScope(CPU)
				defer s.Free()
				tt.f(s)
				return s.Err()
			})
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestGradient(t *testing.T) {
	within(t, func(s *Scope) {
		p := s.Param([]float32{1, -2, 3}, 3)
		s.Backward(s.Sum(s.Mul(s.Square(p), s.FromFloat32([]float32{1, 2, 3}, 3))))
		assert.Equal(t, []float32{2, -8, 18}, s.Float32(s.Grad(p)))
		assert.True(t, s.RequiresGrad(s.Square(p)))
		require.NoError(t, NoGrad(func() { assert.False(t, s.RequiresGrad(s.Square(p))) }))
		assert.True(t, s.RequiresGrad(s.Square(p)), "NoGrad restores")
	})
}

// The first step of Adam is the rate times the sign of the gradient; decay shrinks the parameter by rate times decay.
func TestAdam(t *testing.T) {
	within(t, func(s *Scope) {
		p := s.Param([]float32{1, -2}, 2)
		a, err := NewAdam(0.1, 0.5, p)
		require.NoError(t, err)
		defer a.Free()
		require.NoError(t, a.ZeroGrad())
		s.Backward(s.Sum(s.Square(p)))
		require.NoError(t, a.Step())
		assert.InDeltaSlice(t, []float32{1*0.95 - 0.1, -2*0.95 + 0.1}, s.Float32(p), 1e-5)
		require.NoError(t, a.SetRate(0))
		before := s.Float32(p)
		require.NoError(t, a.Step())
		assert.Equal(t, before, s.Float32(p))
	})
	assert.Error(t, Do(func() error { _, err := NewAdam(1, 0); return err }))
}

func TestSeedRepeats(t *testing.T) {
	within(t, func(s *Scope) {
		require.NoError(t, Seed(7))
		a := s.Float32(s.Randn(4, 5))
		require.NoError(t, Seed(7))
		b := s.Float32(s.Randn(4, 5))
		require.NoError(t, Seed(8))
		c := s.Float32(s.Randn(4, 5))
		assert.Len(t, a, 20)
		assert.Equal(t, a, b)
		assert.NotEqual(t, a, c)
	})
}

func TestThreads(t *testing.T) {
	require.NoError(t, Do(func() error {
		was, err := Threads()
		require.NoError(t, err)
		defer SetThreads(was) //nolint:errcheck // a number that was in use
		require.NoError(t, SetThreads(1))
		n, err := Threads()
		assert.Equal(t, 1, n)
		assert.Error(t, SetThreads(0))
		require.NoError(t, os.Unsetenv(cublasWorkspace))
		require.NoError(t, Deterministic(true))
		assert.Equal(t, ":4096:8", os.Getenv(cublasWorkspace), "without it libtorch warns at every product of matrices on a GPU")
		t.Setenv(cublasWorkspace, ":16:8")
		require.NoError(t, Deterministic(true))
		assert.Equal(t, ":16:8", os.Getenv(cublasWorkspace), "as the user has it")
		return err
	}))
}

func TestOpen(t *testing.T) {
	require.NoError(t, Do(func() error {
		n, err := cudaDevices()
		require.NoError(t, err)
		d, why, err := Open("cpu")
		assert.NoError(t, err)
		assert.Equal(t, CPU, d)
		assert.Contains(t, why, "cpu")
		d, why, err = Open("auto")
		assert.NoError(t, err)
		assert.Equal(t, n > 0, d != CPU)
		assert.Contains(t, why, "auto")
		d, _, err = Open("cuda")
		if n == 0 {
			assert.ErrorIs(t, err, ErrNoCUDA)
			assert.NotContains(t, err.Error(), "\n")
			assert.Equal(t, CPU, d)
		} else {
			assert.NoError(t, err)
			assert.Equal(t, "cuda:0", d.String())
		}
		_, _, err = Open("gpu")
		assert.ErrorContains(t, err, `device "gpu", want auto, cpu or cuda`)
		assert.Regexp(t, `^[12]\.\d+\.\d+`, Version())
		return nil
	}))
}

func TestScopeFreesWhatItMade(t *testing.T) {
	within(t, func(s *Scope) {
		s.Sqrt(s.Square(s.Zeros(2)))
		assert.Equal(t, 3, s.Len())
		s.Free()
		assert.Zero(t, s.Len())
	})
}

// Gradients must not be lost when other goroutines keep the scheduler busy (gotch's own layer loses about 1 %).
func TestGradientModeStaysOnItsThread(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	for range 4 {
		go func() {
			for {
				select {
				case <-stop:
					return
				default:
					runtime.Gosched()
				}
			}
		}()
	}
	within(t, func(s *Scope) {
		step := NewScope(CPU)
		p := s.Param([]float32{1, 2}, 2)
		for range 2000 {
			require.NoError(t, NoGrad(func() { step.Square(p) }))
			require.True(t, step.RequiresGrad(step.Square(p)))
			step.Free()
		}
	})
}

// Bytes on the CPU are the caller's own; an upload in blocks gives an equal tensor. Pinning needs a GPU and is not tried here.
func TestMatrixAndUpload(t *testing.T) {
	within(t, func(s *Scope) {
		var n Copies
		s.Count(&n)
		data := []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
		m, ok := s.Matrix(data, 2, 0)
		require.True(t, ok)
		data[3] = 44
		assert.Zero(t, n.Up)
		on, err := upload(m.c, CPU, 16, 3)
		require.NoError(t, err)
		copied := &Tensor{on}
		defer copied.Free()
		data[0] = 11
		places := s.FromInt64([]int64{1, 0}, 2)
		assert.Equal(t, []float32{3, 44, 11, 2}, s.Float32(s.Float(s.Select(m, 0, places))))
		assert.Equal(t, []float32{3, 44, 1, 2}, s.Float32(s.Float(s.Select(copied, 0, places))))
		assert.Equal(t, Copies{Up: 1, Down: 2}, n)
	})
	require.Error(t, Do(func() error {
		s := NewScope(CPU)
		defer s.Free()
		_, ok := s.Matrix([]uint8{1, 2, 3}, 2, 0)
		assert.False(t, ok)
		return s.Err()
	}))
}

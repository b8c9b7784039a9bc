//go:build torch

package torch

import (
	lib "github.com/sugarme/gotch/libtch"
)

// Shapes broadcast as in PyTorch; dim counts from 0, and from the end when negative; keep leaves a dimension of length 1
// where one is reduced.

// Zeros makes a float32 tensor of zeros.
func (s *Scope) Zeros(dims ...int) *Tensor {
	return s.one("zeros", func(out *lib.Ctensor) {
		lib.AtgZeros(out, int64s(dims), len(dims), kindFloat32, int32(s.device))
	})
}

// Randn draws from the normal distribution of mean 0 and variance 1; see [Seed].
func (s *Scope) Randn(dims ...int) *Tensor {
	return s.one("randn", func(out *lib.Ctensor) {
		lib.AtgRandn(out, int64s(dims), len(dims), kindFloat32, int32(s.device))
	})
}

// To copies t to device d; a tensor that is there already is shared.
func (s *Scope) To(t *Tensor, d Device) *Tensor {
	return s.one("to device", func(out *lib.Ctensor) { lib.AtgTo(out, t.c, int32(d)) }, t)
}

// Float makes float32 of bytes or indices.
func (s *Scope) Float(t *Tensor) *Tensor {
	return s.one("to float32", func(out *lib.Ctensor) { lib.AtgTotype(out, t.c, kindFloat32) }, t)
}

// Add gives a + b.
func (s *Scope) Add(a, b *Tensor) *Tensor {
	return s.one("add", func(out *lib.Ctensor) { lib.AtgAdd(out, a.c, b.c) }, a, b)
}

// Sub gives a - b.
func (s *Scope) Sub(a, b *Tensor) *Tensor {
	return s.one("sub", func(out *lib.Ctensor) { lib.AtgSub(out, a.c, b.c) }, a, b)
}

// Mul gives a b, element by element.
func (s *Scope) Mul(a, b *Tensor) *Tensor {
	return s.one("mul", func(out *lib.Ctensor) { lib.AtgMul(out, a.c, b.c) }, a, b)
}

// Div gives a / b, element by element.
func (s *Scope) Div(a, b *Tensor) *Tensor {
	return s.one("div", func(out *lib.Ctensor) { lib.AtgDiv(out, a.c, b.c) }, a, b)
}

// Scale gives v t.
func (s *Scope) Scale(t *Tensor, v float64) *Tensor {
	return s.scalar("mul_scalar", v, func(out *lib.Ctensor, c lib.Cscalar) { lib.AtgMulScalar(out, t.c, c) }, t)
}

// Shift gives t + v.
func (s *Scope) Shift(t *Tensor, v float64) *Tensor {
	return s.scalar("add_scalar", v, func(out *lib.Ctensor, c lib.Cscalar) { lib.AtgAddScalar(out, t.c, c) }, t)
}

// AtLeast gives max(t, v), element by element.
func (s *Scope) AtLeast(t *Tensor, v float64) *Tensor {
	return s.scalar("clamp_min", v, func(out *lib.Ctensor, c lib.Cscalar) { lib.AtgClampMin(out, t.c, c) }, t)
}

// AtMost gives min(t, v), element by element.
func (s *Scope) AtMost(t *Tensor, v float64) *Tensor {
	return s.scalar("clamp_max", v, func(out *lib.Ctensor, c lib.Cscalar) { lib.AtgClampMax(out, t.c, c) }, t)
}

// Matmul gives the matrix product: [n][k] by [k][m] is [n][m].
func (s *Scope) Matmul(a, b *Tensor) *Tensor {
	return s.one("matmul", func(out *lib.Ctensor) { lib.AtgMatmul(out, a.c, b.c) }, a, b)
}

// T gives the transpose of a matrix; the memory is shared.
func (s *Scope) T(t *Tensor) *Tensor {
	return s.one("t", func(out *lib.Ctensor) { lib.AtgT(out, t.c) }, t)
}

// Square gives t t.
func (s *Scope) Square(t *Tensor) *Tensor {
	return s.one("square", func(out *lib.Ctensor) { lib.AtgSquare(out, t.c) }, t)
}

// Sqrt gives the square root.
func (s *Scope) Sqrt(t *Tensor) *Tensor {
	return s.one("sqrt", func(out *lib.Ctensor) { lib.AtgSqrt(out, t.c) }, t)
}

// Log gives the natural logarithm.
func (s *Scope) Log(t *Tensor) *Tensor {
	return s.one("log", func(out *lib.Ctensor) { lib.AtgLog(out, t.c) }, t)
}

// Relu gives max(t, 0).
func (s *Scope) Relu(t *Tensor) *Tensor {
	return s.one("relu", func(out *lib.Ctensor) { lib.AtgRelu(out, t.c) }, t)
}

// Softplus gives log(1 + exp(t)).
func (s *Scope) Softplus(t *Tensor) *Tensor {
	return s.one("softplus", func(out *lib.Ctensor) { lib.AtgSoftplus(out, t.c) }, t)
}

// Softmax gives exp(t) / sum exp(t) over dimension dim.
func (s *Scope) Softmax(t *Tensor, dim int) *Tensor {
	return s.one("softmax", func(out *lib.Ctensor) { lib.AtgSoftmax(out, t.c, int64(dim), kindFloat32) }, t)
}

// Mean gives the mean of all elements, as a tensor without dimensions.
func (s *Scope) Mean(t *Tensor) *Tensor {
	return s.one("mean", func(out *lib.Ctensor) { lib.AtgMean(out, t.c, kindFloat32) }, t)
}

// Sum gives the sum of all elements, as a tensor without dimensions.
func (s *Scope) Sum(t *Tensor) *Tensor {
	return s.one("sum", func(out *lib.Ctensor) { lib.AtgSum(out, t.c, kindFloat32) }, t)
}

// MeanDim gives the mean over one dimension.
func (s *Scope) MeanDim(t *Tensor, dim int, keep bool) *Tensor {
	return s.one("mean_dim", func(out *lib.Ctensor) {
		lib.AtgMeanDim(out, t.c, []int64{int64(dim)}, 1, flag(keep), kindFloat32)
	}, t)
}

// SumDim gives the sum over one dimension.
func (s *Scope) SumDim(t *Tensor, dim int, keep bool) *Tensor {
	return s.one("sum_dim", func(out *lib.Ctensor) {
		lib.AtgSumDimIntlist(out, t.c, []int64{int64(dim)}, 1, flag(keep), kindFloat32)
	}, t)
}

// TopK gives the k largest (or smallest) elements along dim, best first, and their places.
func (s *Scope) TopK(t *Tensor, k, dim int, largest bool) (values, places *Tensor) {
	return s.pair("topk", func(out *lib.Ctensor) { lib.AtgTopk(out, t.c, int64(k), int64(dim), flag(largest), 1) }, t)
}

// Min gives the smallest element along dim, and its place.
func (s *Scope) Min(t *Tensor, dim int) (values, places *Tensor) {
	return s.pair("min", func(out *lib.Ctensor) { lib.AtgMinDim(out, t.c, int64(dim), 0) }, t)
}

// Select picks the slices of t along dim whose numbers are in places, a tensor of indices of one dimension.
func (s *Scope) Select(t *Tensor, dim int, places *Tensor) *Tensor {
	return s.one("index_select", func(out *lib.Ctensor) { lib.AtgIndexSelect(out, t.c, int64(dim), places.c) }, t, places)
}

// Gather picks one element of t along dim for each element of places.
func (s *Scope) Gather(t *Tensor, dim int, places *Tensor) *Tensor {
	return s.one("gather", func(out *lib.Ctensor) { lib.AtgGather(out, t.c, int64(dim), places.c, 0) }, t, places)
}

// ScatterAdd gives t with the elements of src added at places along dim.
func (s *Scope) ScatterAdd(t *Tensor, dim int, places, src *Tensor) *Tensor {
	return s.one("scatter_add", func(out *lib.Ctensor) { lib.AtgScatterAdd(out, t.c, int64(dim), places.c, src.c) },
		t, places, src)
}

// Reshape gives t in another shape of as many elements.
func (s *Scope) Reshape(t *Tensor, dims ...int) *Tensor {
	return s.one("reshape", func(out *lib.Ctensor) { lib.AtgReshape(out, t.c, int64s(dims), len(dims)) }, t)
}

// Narrow gives length slices along dim from start on; the memory is shared.
func (s *Scope) Narrow(t *Tensor, dim, start, length int) *Tensor {
	return s.one("narrow", func(out *lib.Ctensor) {
		lib.AtgNarrow(out, t.c, int64(dim), int64(start), int64(length))
	}, t)
}

// Detach gives t without its history; the memory is shared.
func (s *Scope) Detach(t *Tensor) *Tensor {
	return s.one("detach", func(out *lib.Ctensor) { lib.AtgDetach(out, t.c) }, t)
}

// Cat joins tensors along dim.
func (s *Scope) Cat(dim int, parts ...*Tensor) *Tensor {
	return s.one("cat", func(out *lib.Ctensor) {
		cs := make([]lib.Ctensor, len(parts))
		for i, p := range parts {
			cs[i] = p.c
		}
		lib.AtgCat(out, cs, len(cs), int64(dim))
	}, parts...)
}

// FillDiagonal gives a copy of the matrix t, without history, whose diagonal is v.
func (s *Scope) FillDiagonal(t *Tensor, v float64) *Tensor {
	clone := s.Shift(s.Detach(t), 0)
	alias := s.scalar("fill_diagonal_", v, func(out *lib.Ctensor, c lib.Cscalar) {
		lib.AtgFillDiagonal_(out, clone.c, c, 0)
	}, clone)
	alias.Free()
	return clone
}

// SquaredDistances gives |a_i - b_j|^2 for a [n][d] and b [m][d], as [n][m]: |a|^2 + |b|^2 - 2 a.b, at least 0. Close pairs
// lose digits this way, so it finds neighbours; distances to be differentiated are computed from the difference.
func (s *Scope) SquaredDistances(a, b *Tensor) *Tensor {
	aa := s.SumDim(s.Square(a), 1, true)
	bb := s.SumDim(s.Square(b), 1, false)
	dot := s.Matmul(a, s.T(b))
	twice := s.Scale(dot, -2)
	dot.Free()
	sum := s.Add(twice, aa)
	twice.Free()
	all := s.Add(sum, bb)
	sum.Free()
	return s.AtLeast(all, 0)
}

func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

package teach

import (
	"math"
	"math/rand/v2"

	"anomnet/core/detect"
	"anomnet/core/engine"
)

// RandomProjection returns out orthonormal rows of length in, [out][in]: random directions keep distances best at the least cost
// (Johnson-Lindenstrauss; PCA drops the small directions in which defects lie). Only additions, multiplications, divisions and square
// roots of float64 are used, each rounded on its own, so a seed gives the same bits on every machine.
func RandomProjection(out, in int, seed int64) []float32 {
	rng := rand.New(rand.NewPCG(uint64(seed), 0x616e6f6d6e6574))
	rows := make([][]float64, 0, out)
	for len(rows) < out {
		v := make([]float64, in)
		for i := range v {
			u := rng.Uint64() // the sum of four uniform values is nearly normal
			v[i] = float64(u&0xffff) + float64(u>>16&0xffff) + float64(u>>32&0xffff) + float64(u>>48) - 2*65535
		}
		for range 2 { // Gram-Schmidt twice keeps the rows orthogonal to rounding error
			for _, r := range rows {
				axpy(v, r, -dot(v, r))
			}
		}
		norm := math.Sqrt(dot(v, v))
		if norm < 1 { // no direction left: out > in
			break
		}
		for i := range v {
			v[i] /= norm
		}
		rows = append(rows, v)
	}
	flat := make([]float32, 0, out*in)
	for _, r := range rows {
		for _, x := range r {
			flat = append(flat, float32(x))
		}
	}
	return flat
}

func dot(a, b []float64) float64 {
	var s float64
	for i, x := range a {
		s += float64(x * b[i])
	}
	return s
}

func axpy(y, x []float64, a float64) {
	for i := range y {
		y[i] += float64(a * x[i])
	}
}

// clipQuantile is the share of projected values that the range of an embedding covers.
const clipQuantile = 0.9995

// quantizeProjection makes an int8 adapter of w, [out][in]: one weight scale a row, and one scale for all embeddings, chosen so that
// clipQuantile of the values over the sample x, [n][in], stay within the range of an embedding.
func quantizeProjection(w []float32, in int, l2 bool, x []uint8) detect.Adapter {
	out := len(w) / in
	a := detect.Adapter{In: in, Out: out, L2: l2, Weight: make([]int8, len(w)), Scale: make([]float32, out)}
	for d := 0; d < out; d++ {
		row := w[d*in : (d+1)*in]
		var peak float32
		for _, v := range row {
			peak = max(peak, max(v, -v))
		}
		step := max(peak, 1e-30) / 127
		for i, v := range row {
			a.Weight[d*in+i] = int8(math.RoundToEven(float64(v / step)))
		}
		a.Scale[d] = step
	}
	unit := valueQuantile(&a, x) / engine.EmbeddingMax
	for d := range a.Scale {
		a.Scale[d] /= unit
	}
	return a
}

// valueQuantile returns the clipQuantile of |value| of the unscaled embeddings of x.
func valueQuantile(a *detect.Adapter, x []uint8) float32 {
	var values []float32
	for p := 0; p+a.In <= len(x); p += a.In {
		v := x[p : p+a.In]
		inverse := float32(1)
		if a.L2 {
			inverse = detect.InverseNorm(v)
		}
		for d := 0; d < a.Out; d++ {
			var acc int32
			for i, w := range a.Weight[d*a.In : (d+1)*a.In] {
				acc += int32(w) * int32(v[i])
			}
			t := float32(float32(float32(acc)*a.Scale[d]) * inverse)
			values = append(values, max(t, -t))
		}
	}
	return max(quantile(values, clipQuantile), 1e-30)
}

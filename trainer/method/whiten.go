package method

import (
	"math"
	"slices"

	"anomnet/core/teach"
	"anomnet/trainer/cluster"
)

// Settings of the whitening; docs/accuracy.md has what others gave.
const (
	whitenPatches = 8192
	whitenCentres = 512
	whitenFloor   = 0.01 // lambda
)

// whitening gives a projection [out][in] that first shrinks the directions in which good patches differ from their nearest centre:
// W = O (S + lambda I)^-power, with S the covariance of the residuals x - c(x), scaled to a mean eigenvalue of 1, and O random orthonormal
// rows. power 1/2 is the Mahalanobis metric of the residuals (relevant component analysis, Bar-Hillel et al. 2003), 0 changes nothing.
func whitening(good []uint8, in, out int, l2 bool, power, lambda float64, seed int64, workers int) []float32 {
	x := floats(good, in, l2)
	rows, _ := cluster.KCentre(x, in, max(1, min(whitenCentres, len(x)/in/8)), workers)
	centres := cluster.Gather(x, in, rows)
	places, _ := cluster.Nearest(x, centres, in, workers)
	cov := make([]float64, in*in)
	for i, p := range places {
		r := make([]float64, in)
		for c := range r {
			r[c] = float64(x[i*in+c] - centres[p*in+c])
		}
		for a, va := range r {
			for b, vb := range r[:a+1] {
				cov[a*in+b] += va * vb
			}
		}
	}
	trace := 0.0
	for a := range in {
		trace += cov[a*in+a]
	}
	for a := range in {
		for b := range a + 1 {
			v := cov[a*in+b] * float64(in) / max(trace, 1e-30)
			cov[a*in+b], cov[b*in+a] = v, v
		}
	}
	values, vectors := eigen(cov, in)
	m := make([]float64, in*in) // V (L+lambda)^-power V^T
	for k, l := range values {
		f := math.Pow(max(l, 0)+lambda, -power)
		for a := range in {
			va := f * vectors[a*in+k]
			for b := range in {
				m[a*in+b] += va * vectors[b*in+k]
			}
		}
	}
	o := teach.RandomProjection(out, in, seed)
	w := make([]float32, out*in)
	for d := range out {
		for b := range in {
			s := 0.0
			for a := range in {
				s += float64(o[d*in+a]) * m[a*in+b]
			}
			w[d*in+b] = float32(s)
		}
	}
	return w
}

// sample takes about n of the vectors [.][c], at equal steps.
func sample(x []uint8, c, n int) []uint8 {
	total := len(x) / c
	step := max(1, total/n)
	var out []uint8
	for i := 0; i < total; i += step {
		out = append(out, x[i*c:(i+1)*c]...)
	}
	return out
}

// floats gives x/127, of length 1 with l2.
func floats(x []uint8, c int, l2 bool) []float32 {
	out := make([]float32, len(x))
	for i := 0; i < len(x); i += c {
		f := float32(1) / 127
		if l2 {
			sum := 0.0
			for _, v := range x[i : i+c] {
				sum += float64(v) * float64(v)
			}
			f = float32(1 / math.Sqrt(sum+1))
		}
		for j, v := range x[i : i+c] {
			out[i+j] = float32(v) * f
		}
	}
	return out
}

// eigen gives eigenvalues and eigenvectors (columns of v) of a symmetric matrix a [n][n], which it destroys, by cyclic Jacobi rotations.
func eigen(a []float64, n int) (values, v []float64) {
	v = make([]float64, n*n)
	total := 0.0
	for i := range n {
		v[i*n+i] = 1
	}
	for _, x := range a {
		total += x * x
	}
	for range 30 {
		off := 0.0
		for p := range n {
			for q := range p {
				off += a[p*n+q] * a[p*n+q]
			}
		}
		if off <= 1e-16*total {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				rotate(a, v, n, p, q)
			}
		}
	}
	values = make([]float64, n)
	for i := range n {
		values[i] = a[i*n+i]
	}
	return values, slices.Clip(v)
}

// rotate makes a[p][q] zero.
func rotate(a, v []float64, n, p, q int) {
	apq := a[p*n+q]
	if math.Abs(apq) < 1e-300 {
		return
	}
	theta := (a[q*n+q] - a[p*n+p]) / (2 * apq)
	t := math.Copysign(1, theta) / (math.Abs(theta) + math.Sqrt(theta*theta+1))
	c := 1 / math.Sqrt(t*t+1)
	s := t * c
	for k := range n { // columns
		akp, akq := a[k*n+p], a[k*n+q]
		a[k*n+p], a[k*n+q] = c*akp-s*akq, s*akp+c*akq
		vkp, vkq := v[k*n+p], v[k*n+q]
		v[k*n+p], v[k*n+q] = c*vkp-s*vkq, s*vkp+c*vkq
	}
	for k := range n { // rows
		apk, aqk := a[p*n+k], a[q*n+k]
		a[p*n+k], a[q*n+k] = c*apk-s*aqk, s*apk+c*aqk
	}
}

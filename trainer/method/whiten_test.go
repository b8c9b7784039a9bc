package method

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/teach"
)

// TestEigenByHand: [2 1; 1 2] has the eigenvalues 1 and 3 with (1, -1) and (1, 1).
func TestEigenByHand(t *testing.T) {
	values, v := eigen([]float64{2, 1, 1, 2}, 2)
	if values[0] > values[1] {
		values[0], values[1] = values[1], values[0]
		v = []float64{v[1], v[0], v[3], v[2]}
	}
	assert.InDeltaSlice(t, []float64{1, 3}, values, 1e-12)
	assert.InDelta(t, -1, v[0]/v[2], 1e-12)
	assert.InDelta(t, 1, v[1]/v[3], 1e-12)
}

// TestEigen: V diag(values) V^T is the matrix again.
func TestEigen(t *testing.T) {
	const n = 12
	rng := rand.New(rand.NewPCG(1, 1))
	a := make([]float64, n*n)
	for i := range n {
		for j := range i + 1 {
			a[i*n+j] = rng.NormFloat64()
			a[j*n+i] = a[i*n+j]
		}
	}
	values, v := eigen(append([]float64(nil), a...), n)
	for i := range n {
		for j := range n {
			s := 0.0
			for k := range n {
				s += values[k] * v[i*n+k] * v[j*n+k]
			}
			assert.InDelta(t, a[i*n+j], s, 1e-9)
		}
	}
}

// TestWhitening: ten channels, of which the last five vary four times as much. Power 1/2 makes them count less, power 0 leaves the random projection.
func TestWhitening(t *testing.T) {
	const c = 10
	rng := rand.New(rand.NewPCG(2, 2))
	var x []uint8
	for i := range 1000 * c {
		deviation := 4.0
		if i%c >= 5 {
			deviation = 16
		}
		x = append(x, uint8(max(0, min(127, math.Round(64+deviation*rng.NormFloat64())))))
	}
	assert.InDeltaSlice(t, teach.RandomProjection(c, c, 7), whitening(x, c, c, false, 0, 0.05, 7, 1), 1e-6)
	w := whitening(x, c, c, false, 0.5, 0, 7, 1)
	var g [2]float64 // of the diagonal of W^T W, the sum over each kind of channel
	for i, v := range w {
		g[i%c/5] += float64(v) * float64(v)
	}
	assert.Greater(t, g[0], 2*g[1])
	for _, l2 := range []bool{false, true} {
		for _, v := range whitening(x[:64], 2, 1, l2, 0.5, 0.05, 7, 3) {
			assert.False(t, math.IsNaN(float64(v)))
		}
		for _, v := range whitening(make([]uint8, 64), 2, 1, l2, 0.5, 0.05, 7, 3) {
			require.False(t, math.IsNaN(float64(v)) || math.IsInf(float64(v), 0), "all alike")
		}
	}
}

func TestSample(t *testing.T) {
	assert.Equal(t, []uint8{0, 1, 4, 5, 8, 9}, sample([]uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 2, 2))
	assert.Equal(t, []uint8{3, 4}, sample([]uint8{3, 4}, 2, 10))
}

func TestOptionsCheck(t *testing.T) {
	assert.ErrorContains(t, (&Options{Method: "best"}).Check(), `"best"`)
	assert.ErrorContains(t, (&Options{Method: KMeans, Keep: "all"}).Check(), `keep "all"`)
	assert.ErrorContains(t, (&Options{Method: KMeans, Bytes: -1}).Check(), "-1 bytes")
	assert.NoError(t, (&Options{Method: PatchCore}).Check())
}

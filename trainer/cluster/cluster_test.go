package cluster

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestKCentre(t *testing.T) {
	line := []float32{0, 1, 2, 3, 10, 10, 6} // n rows of one dimension; the mean is 4.57
	rows, near := KCentre(line, 1, 3, 1)
	assert.Equal(t, []int{4, 0, 6}, rows, "first the farthest from the mean, the lowest index among equals")
	assert.Equal(t, []float32{0, 1, 4, 9, 0, 0, 0}, near)
	rows, _ = KCentre(line, 1, 100, 1)
	assert.Len(t, rows, 6, "copies are not chosen twice")
	rows, near = KCentre([]float32{5, 5, 5}, 1, 2, 1)
	assert.Equal(t, []int{0}, rows)
	assert.Equal(t, []float32{0, 0, 0}, near)
}

func TestKCentreDoesNotDependOnWorkers(t *testing.T) {
	e := make([]float32, 3000*5)
	for i := range e {
		e[i] = float32(i * 7919 % 251)
	}
	rows, near := KCentre(e, 5, 40, 1)
	for _, workers := range []int{2, 3, 7, 100} {
		r, n := KCentre(e, 5, 40, workers)
		assert.Equal(t, rows, r, workers)
		assert.Equal(t, near, n, workers)
	}
}

func TestNearest(t *testing.T) {
	e, c := []float32{0, 0, 3, 4, 9, 0}, []float32{0, 0, 8, 0, 0, 3}
	for _, workers := range []int{1, 2, 9} {
		places, dist := Nearest(e, c, 2, workers)
		assert.Equal(t, []int{0, 2, 1}, places)
		assert.InDeltaSlice(t, []float32{0, float32(math.Sqrt(10)), 1}, dist, 1e-6)
	}
}

// TestKMeansByHand: two clusters on a line, found from any start that k-means++ can draw.
func TestKMeansByHand(t *testing.T) {
	e := []float32{0, 1, 2, 10, 12}
	for seed := range uint64(8) {
		c, inertia := KMeans(e, 1, 2, 20, seed, 2)
		slices.Sort(c)
		assert.Equal(t, []float32{1, 11}, c, "means of 0 1 2 and 10 12")
		assert.InDelta(t, (1+0+1+1+1)/5.0, inertia[len(inertia)-1], 1e-6)
	}
	c, inertia := KMeans(e, 1, 9, 5, 0, 1)
	slices.Sort(c)
	assert.Equal(t, e, c, "no more centres than rows")
	assert.Zero(t, inertia[len(inertia)-1])
	c, _ = KMeans([]float32{3, 3, 3}, 1, 2, 5, 0, 1)
	assert.Equal(t, []float32{3}, c, "copies are one centre")
	c, inertia = KMeans(nil, 1, 2, 5, 0, 1)
	assert.Empty(t, c)
	assert.Empty(t, inertia)
}

// TestMeansReseedsDeadCentres: a centre without rows moves to the row farthest from its own centre, two of them to two rows.
func TestMeansReseedsDeadCentres(t *testing.T) {
	e := []float32{0, 4, 9}
	got := means(e, 1, 3, []int{0, 0, 0}, []float32{4.33, 0.33, 4.67})
	assert.InDeltaSlice(t, []float32{13.0 / 3, 9, 0}, got, 1e-6)
}

func TestKMeansNeverGetsWorseAndIgnoresWorkers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	e := make([]float32, 2000*6)
	for i := range e {
		e[i] = float32(rng.NormFloat64()) + float32(i/1200)
	}
	want, inertia := KMeans(e, 6, 20, 12, 5, 1)
	assert.Len(t, want, 20*6)
	for i := 1; i < len(inertia); i++ {
		assert.LessOrEqual(t, inertia[i], inertia[i-1]*(1+1e-6))
	}
	got, _ := KMeans(e, 6, 20, 12, 5, 7)
	assert.Equal(t, want, got)
}

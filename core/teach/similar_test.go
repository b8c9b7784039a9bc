package teach

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// related of n images at these distances: how many groups there are of each size.
func groupSizes(n int, distance func(i, j int) float64) map[int]int {
	r := &resemblance{n: n, d: make([]float32, n*n)}
	for i := range n {
		for j := range n {
			if i != j {
				r.d[i*n+j] = float32(distance(i, j))
			}
		}
	}
	count, sizes := map[int]int{}, map[int]int{}
	for _, g := range r.related(n) {
		count[g]++
	}
	for _, c := range count {
		sizes[c]++
	}
	return sizes
}

func TestRelated(t *testing.T) {
	lights := func(shots int) func(i, j int) float64 { // pictures of one thing follow each other
		return func(i, j int) float64 {
			if i/shots == j/shots {
				return 4
			}
			return 10
		}
	}
	assert.Equal(t, map[int]int{1: 50}, groupSizes(50, lights(1)))
	assert.Equal(t, map[int]int{4: 20}, groupSizes(80, lights(4)))
	assert.Equal(t, map[int]int{10: 5}, groupSizes(50, lights(10)))
	assert.Equal(t, map[int]int{2: 6}, groupSizes(12, lights(4)), "a group is at most a fold")

	turned := func(i, j int) float64 { return math.Abs(math.Sin(float64(i-j) * math.Pi / 60)) } // parts at any angle: each has neighbours, and these have others
	assert.Equal(t, map[int]int{1: 60}, groupSizes(60, turned), "what goes on without a gap is no thing")
	assert.Equal(t, map[int]int{1: 60, 12: 1}, groupSizes(72, func(i, j int) float64 {
		switch {
		case i >= 60 && j >= 60:
			return 0
		case i >= 60 || j >= 60:
			return 1
		}
		return turned(i, j)
	}), "equal images stay together, however many")
}

package cluster

import (
	"math"
	"math/rand/v2"
)

// KMeans groups the n rows of e [n][d] into at most k clusters: k-means++ starts (Arthur and Vassilvitskii 2007), then rounds of Lloyd's
// algorithm (1982), each of which moves every centre to the mean of its rows. A centre that has lost all rows moves to the row that is
// farthest from its own centre. It ends early when no row changes its cluster. It gives the centres [k][d] and, for the start and each
// round, the mean squared distance of the rows to their centres.
func KMeans(e []float32, d, k, rounds int, seed uint64, workers int) (centres []float32, inertia []float64) {
	n := len(e) / d
	if n == 0 || k < 1 {
		return nil, nil
	}
	centres = Gather(e, d, plusPlus(e, d, min(k, n), rand.New(rand.NewPCG(seed, 0x6b6d65616e73)), workers))
	places, dist := Nearest(e, centres, d, workers)
	inertia = []float64{meanSquare(dist)}
	for range rounds {
		centres = means(e, d, len(centres)/d, places, dist)
		before := places
		places, dist = Nearest(e, centres, d, workers)
		inertia = append(inertia, meanSquare(dist))
		if same(before, places) {
			break
		}
	}
	return centres, inertia
}

// plusPlus draws k rows, each with a chance proportional to the squared distance from those drawn before; fewer where all others are copies.
func plusPlus(e []float32, d, k int, rng *rand.Rand, workers int) []int {
	n := len(e) / d
	near := make([]float32, n)
	for i := range near {
		near[i] = float32(math.Inf(1))
	}
	rows := []int{rng.IntN(n)}
	for len(rows) < k {
		relax(e, d, e[rows[len(rows)-1]*d:][:d], near, workers)
		total := 0.0
		for _, v := range near {
			total += float64(v)
		}
		if total == 0 {
			break
		}
		at, left := n-1, rng.Float64()*total
		for i, v := range near {
			if left -= float64(v); left < 0 {
				at = i
				break
			}
		}
		rows = append(rows, at)
	}
	return rows
}

// means gives the mean of each cluster. Clusters without rows get the rows farthest from their centres, one each; dist is changed.
func means(e []float32, d, k int, places []int, dist []float32) []float32 {
	sum, count := make([]float64, k*d), make([]int, k)
	for i, p := range places {
		count[p]++
		for c, v := range e[i*d : (i+1)*d] {
			sum[p*d+c] += float64(v)
		}
	}
	out := make([]float32, k*d)
	for p, n := range count {
		if n == 0 {
			far := 0
			for i, v := range dist {
				if v > dist[far] {
					far = i
				}
			}
			copy(out[p*d:(p+1)*d], e[far*d:])
			dist[far] = 0
			continue
		}
		for c := range d {
			out[p*d+c] = float32(sum[p*d+c] / float64(n))
		}
	}
	return out
}

func meanSquare(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum / float64(len(v))
}

func same(a, b []int) bool {
	for i, v := range a {
		if v != b[i] {
			return false
		}
	}
	return true
}

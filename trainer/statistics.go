package trainer

import (
	"math"
	"slices"

	"anomnet/trainer/cluster"
)

// medianGap gives the median over the centres c [k][d] of the distance to the nearest other centre, 0 for a single one.
func medianGap(c []float32, d int) float32 {
	k := len(c) / d
	if k < 2 {
		return 0
	}
	gaps := make([]float32, k)
	for i := range gaps {
		gaps[i] = float32(math.Inf(1))
	}
	for i := range k {
		for j := range i {
			q := cluster.SquaredDistance(c[i*d:][:d], c[j*d:][:d])
			gaps[i], gaps[j] = min(gaps[i], q), min(gaps[j], q)
		}
	}
	slices.Sort(gaps)
	return float32(math.Sqrt(float64(gaps[k/2])))
}

// radii gives every centre its own reach: the largest distance among the rows that belong to it, at least floor.
func radii(k int, places []int, dist []float32, floor float32) []float32 {
	r := make([]float32, k)
	for i := range r {
		r[i] = floor
	}
	for i, p := range places {
		r[p] = max(r[p], dist[i])
	}
	return r
}

// worstTenth gives the mean of the largest tenth of v, of at least one value.
func worstTenth(v []float32) float64 {
	s := slices.Sorted(slices.Values(v))
	s = s[len(s)-max(1, len(s)/10):]
	return mean(s)
}

func mean(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x)
	}
	return sum / float64(len(v))
}

// rms gives the root of the mean square.
func rms(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum / float64(len(v)))
}

// variance gives the sum over the d dimensions of the variance of the rows of e [n][d].
func variance(e []float32, d int) float64 {
	n := float64(len(e) / d)
	sum, squares := make([]float64, d), 0.0
	for i, v := range e {
		sum[i%d] += float64(v)
		squares += float64(v) * float64(v)
	}
	for _, s := range sum {
		squares -= s * s / n
	}
	return max(0, squares/n)
}

// usage gives the entropy of how often each of k centres is the nearest, over log k, and the centres that never are.
func usage(k int, places []int) (entropy float64, unused []int) {
	count := make([]int, k)
	for _, p := range places {
		count[p]++
	}
	for i, n := range count {
		if n == 0 {
			unused = append(unused, i)
			continue
		}
		p := float64(n) / float64(len(places))
		entropy -= p * math.Log(p)
	}
	if k < 2 {
		return 1, unused
	}
	return entropy / math.Log(float64(k)), unused
}

// reseed moves centres c [k][d] that no row of e [n][d] is nearest to onto the rows that are farthest from all centres, one after the other, and
// says how many.
func reseed(c, e []float32, d, workers int) int {
	places, dist := cluster.Nearest(e, c, d, workers)
	_, unused := usage(len(c)/d, places)
	for _, u := range unused {
		far := 0
		for i, v := range dist {
			if v > dist[far] {
				far = i
			}
		}
		row := e[far*d:][:d]
		copy(c[u*d:(u+1)*d], row)
		for i := range dist {
			dist[i] = min(dist[i], float32(math.Sqrt(float64(cluster.SquaredDistance(e[i*d:][:d], row)))))
		}
	}
	return len(unused)
}

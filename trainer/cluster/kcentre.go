// Package cluster groups float32 vectors: greedy k-centre, k-means and nearest centres. Results are the same for any number of
// workers.
package cluster

import (
	"math"
	"sync"
)

// KCentre chooses k of the n rows of e [n][d] by the greedy farthest-point rule (Gonzalez 1985): first the row farthest from
// the mean, then always the row farthest from all chosen so far; the lowest index among equals. It stops early when every
// row is chosen or a copy of a chosen one. It gives the chosen rows and the squared distance of every row to its nearest.
func KCentre(e []float32, d, k, workers int) (rows []int, near []float32) {
	n := len(e) / d
	near = make([]float32, n)
	for i := range near {
		near[i] = float32(math.Inf(1))
	}
	rows = []int{farthestFromMean(e, d)}
	for len(rows) <= k {
		next := relax(e, d, e[rows[len(rows)-1]*d:][:d], near, workers)
		if len(rows) == k || near[next] == 0 {
			break
		}
		rows = append(rows, next)
	}
	return rows, near
}

func farthestFromMean(e []float32, d int) int {
	mean := make([]float64, d)
	for i, v := range e {
		mean[i%d] += float64(v)
	}
	m := make([]float32, d)
	for i, v := range mean {
		m[i] = float32(v / float64(len(e)/d))
	}
	best, at := float32(-1), 0
	for i := range len(e) / d {
		if q := SquaredDistance(e[i*d:][:d], m); q > best {
			best, at = q, i
		}
	}
	return at
}

// relax lowers near by the distances to the new centre c and gives the row that is now the farthest.
func relax(e []float32, d int, c, near []float32, workers int) int {
	n := len(near)
	workers = max(1, min(workers, n/256, 64)) // so that no part is empty
	part := (n + workers - 1) / workers
	best := make([]int, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			lo, hi := w*part, min((w+1)*part, n)
			at := lo
			for i := lo; i < hi; i++ {
				near[i] = min(near[i], SquaredDistance(e[i*d:][:d], c))
				if near[i] > near[at] {
					at = i
				}
			}
			best[w] = at
		})
	}
	wait.Wait()
	at := best[0]
	for _, i := range best[1:] {
		if near[i] > near[at] {
			at = i
		}
	}
	return at
}

// SquaredDistance gives |a-b|^2. It sums in four lanes, which keeps the order of additions fixed and the processor busy.
func SquaredDistance(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		d0, d1, d2, d3 := a[i]-b[i], a[i+1]-b[i+1], a[i+2]-b[i+2], a[i+3]-b[i+3]
		s0 += float32(d0 * d0)
		s1 += float32(d1 * d1)
		s2 += float32(d2 * d2)
		s3 += float32(d3 * d3)
	}
	for ; i < len(a); i++ {
		s0 += float32((a[i] - b[i]) * (a[i] - b[i]))
	}
	return s0 + s1 + s2 + s3
}

// Nearest gives for each row of e [n][d] its nearest centre in c [k][d] and the distance.
func Nearest(e, c []float32, d, workers int) (places []int, dist []float32) {
	n := len(e) / d
	places, dist = make([]int, n), make([]float32, n)
	workers = max(1, min(workers, n))
	part := (n + workers - 1) / workers
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w * part; i < min((w+1)*part, n); i++ {
				best := float32(math.Inf(1))
				for j := range len(c) / d {
					if q := SquaredDistance(e[i*d:][:d], c[j*d:][:d]); q < best {
						best, places[i] = q, j
					}
				}
				dist[i] = float32(math.Sqrt(float64(best)))
			}
		})
	}
	wait.Wait()
	return places, dist
}

// Gather copies the given rows of v [n][d].
func Gather[T any](v []T, d int, rows []int) []T {
	out := make([]T, 0, len(rows)*d)
	for _, r := range rows {
		out = append(out, v[r*d:][:d]...)
	}
	return out
}

package teach

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"slices"
)

// ErrAlike is wrapped when all good images are copies of one, or nearly, so that each held-out one scores 0: nothing shows how good ones differ.
var ErrAlike = errors.New("teach: the good images are all the same")

// Warnings are what looks wrong about the good images. Nothing is left out because of them: a person decides. Numbers are positions among the
// good images.
type Warnings struct {
	Same   [][2]int `json:"same"`   // pairs that are the same picture or nearly so
	Odd    []int    `json:"odd"`    // images that look unlike the others, the oddest first
	Look   []int    `json:"look"`   // the ten images to look at first, whether odd or not
	Groups [][]int  `json:"groups"` // two lists when the images look like two parts, else none
	Sizes  []int    `json:"sizes"`  // images whose size or aspect is far from the usual one
}

// Two images count as the same picture when their patch vectors are equal, or when the distance of their signatures is at most sameLevels u7
// levels and at most sameShare of the usual distance in the set.
const (
	sameLevels = 1.0
	sameShare  = 0.25
)

// same lists pairs of equal or nearly equal pictures, each later one with the first that it resembles.
func (s *Set) same() [][2]int {
	pairs := [][2]int{}
	usual := s.alike.usual()
	seen := map[int]bool{}
	for _, l := range s.alike.links(func(i, j int) float32 { return min(sameLevels, float32(sameShare*max(usual[i], usual[j]))) }) {
		if !seen[l.j] && (l.d > 0 || bytes.Equal(s.Features[l.i].X, s.Features[l.j].X)) {
			seen[l.j] = true
			pairs = append(pairs, [2]int{l.i, l.j})
		}
	}
	slices.SortStableFunc(pairs, func(a, b [2]int) int { return a[1] - b[1] })
	return pairs
}

// allSame says whether all pictures have the same patch vectors.
func (s *Set) allSame() bool {
	for _, f := range s.Features[1:] {
		if !bytes.Equal(f.X, s.Features[0].X) {
			return false
		}
	}
	return true
}

// Images count as of two parts when the longest edge of the minimum spanning tree over their mean patch vectors that cuts off at least
// minGroup images and a share of minGroupShare is more than groupGap times as long as the next edge that separates groups. Of 20 random draws each from
// screws, fabric and tiles alone this gave a false alarm in 0, 4 and 0 with 10 images and in none with 20. With a fifth of another of the three
// among 10 (20) screws or tiles it found 66 (44) of 80 mixtures, among fabric none: its sheets lie as far apart as parts do.
const (
	minGroup      = 2
	minGroupShare = 0.08
	groupGap      = 2
)

// groups returns the two parts that the images look like, or none.
func (s *Set) groups() [][]int {
	n := s.alike.n
	means := make([][]float32, n)
	for i := range means {
		means[i] = s.meanPatch(s.Features[i].X)
	}
	parent, edge := spanningTree(n, func(i, j int) float32 { return signature(means[i]).distance(means[j]) })
	least := max(minGroup, int(math.Ceil(float64(minGroupShare*float64(n)))))
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if edge[a] > edge[b] {
			return -1
		}
		return 1
	})
	for k, cut := range order[:n-1] {
		side := sideOf(parent, cut, n)
		if len(side[0]) < least || len(side[1]) < least {
			continue // an odd image, not a part
		}
		next := float32(0) // longest edge among those that also separate groups: odd images hang on long edges, too
		for _, other := range order[k+1 : n-1] {
			if t := sideOf(parent, other, n); min(len(t[0]), len(t[1])) >= minGroup {
				next = edge[other]
				break
			}
		}
		if edge[cut] > float32(groupGap*next) {
			return side[:]
		}
		return nil
	}
	return nil
}

func (s *Set) meanPatch(x []uint8) []float32 {
	sums := make([]int32, s.C)
	for p := range s.Patches {
		for c, v := range x[p*s.C:][:s.C] {
			sums[c] += int32(v)
		}
	}
	out := make([]float32, s.C)
	for c, v := range sums {
		out[c] = float32(v) / float32(s.Patches)
	}
	return out
}

// spanningTree is Prim's: of each node its parent and the length of the edge to it; node 0 is the root, with an edge of 0.
func spanningTree(n int, distance func(i, j int) float32) (parent []int, edge []float32) {
	parent, edge = make([]int, n), make([]float32, n)
	done := make([]bool, n)
	for i := 1; i < n; i++ {
		edge[i] = math.MaxFloat32
	}
	for range n {
		next := -1
		for i, d := range done {
			if !d && (next < 0 || edge[i] < edge[next]) {
				next = i
			}
		}
		done[next] = true
		for i, d := range done {
			if dist := float32(0); !d {
				if dist = distance(next, i); dist < edge[i] {
					parent[i], edge[i] = next, dist
				}
			}
		}
	}
	return parent, edge
}

// sideOf lists the nodes on either side of the edge from node cut to its parent, the larger side first.
func sideOf(parent []int, cut, n int) (side [2][]int) {
	for i := range n {
		at := i
		for at != 0 && at != cut {
			at = parent[at]
		}
		if at == cut && cut != 0 {
			side[1] = append(side[1], i)
		} else {
			side[0] = append(side[0], i)
		}
	}
	if len(side[1]) > len(side[0]) {
		side[0], side[1] = side[1], side[0]
	}
	return side
}

// sizeFactor is how many times larger or smaller in area, or wider or higher in aspect, than the median an image may be.
const sizeFactor = 2

// sizes lists images whose area or aspect is far from the median.
func (s *Set) sizes() []int {
	area, aspect := make([]float64, s.Images), make([]float64, s.Images)
	for i, f := range s.Features {
		area[i], aspect[i] = float64(f.Width)*float64(f.Height), float64(f.Width)/float64(f.Height)
	}
	far := func(v []float64) func(i int) bool {
		m := slices.Sorted(slices.Values(v))[len(v)/2]
		return func(i int) bool { return v[i] > sizeFactor*m || v[i]*sizeFactor < m }
	}
	farArea, farAspect := far(area), far(aspect)
	list := []int{}
	for i := range s.Images {
		if farArea(i) || farAspect(i) {
			list = append(list, i)
		}
	}
	return list
}

// oddDeviations is how many deviations (1.48 times the median distance from the median) above the median an image is odd.
const oddDeviations = 4

// deviations says how many robust deviations each value lies above the median.
func deviations(v []float32) []float32 {
	sorted := slices.Sorted(slices.Values(v))
	mid := sorted[len(sorted)/2]
	for i, x := range sorted {
		sorted[i] = max(x-mid, mid-x)
	}
	slices.Sort(sorted)
	unit := max(float32(1.4826*sorted[len(sorted)/2]), 1e-9)
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = (x - mid) / unit
	}
	return out
}

// oddness says how far each image stands out, by its held-out score or by its usual distance to the others, whichever is more. The score finds a
// defect; of images of another part several cover each other, but they lie far from the rest.
func (r *Report) oddness(s *Set) []float32 {
	out := make([]float32, s.Images)
	copy(out, deviations(s.alike.usual()))
	for k, d := range deviations(r.Scores) {
		out[r.Images[k]] = max(out[r.Images[k]], d)
	}
	return out
}

// odd lists the images that stand out, and the flaggedImages that do most.
func (r *Report) odd(s *Set) (odd, flagged []int) {
	z := r.oddness(s)
	order := make([]int, s.Images)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(z[b], z[a]) })
	odd = []int{}
	for _, i := range order {
		if z[i] > oddDeviations {
			odd = append(odd, i)
		}
	}
	return odd, order[:min(flaggedImages, len(order))]
}

// flaggedImages is how many images a person should look at.
const flaggedImages = 10

package teach

import (
	"cmp"
	"math"
	"slices"
)

// A signature is a coarse description of a picture by place: the patch vectors' means over a grid of signatureCells x signatureCells cells,
// projected to signatureWidth values each. The distance of two is the root mean square of the differences, in u7 levels.
const (
	signatureCells = 8
	signatureWidth = 16
)

type signature []float32

// signatures describes all images.
func (s *Set) signatures() []signature {
	w := RandomProjection(min(signatureWidth, s.C), s.C, 0)
	out := make([]signature, s.Images)
	for i, f := range s.Features {
		out[i] = s.signature(f.X, w)
	}
	return out
}

func (s *Set) signature(x []uint8, w []float32) signature {
	cells := min(signatureCells, s.h, s.w)
	sums, count := make([]int32, cells*cells*s.C), make([]int32, cells*cells)
	for p, at := range s.roi.Places(s.h * s.w) {
		cell := at/s.w*cells/s.h*cells + at%s.w*cells/s.w
		count[cell]++
		to := sums[cell*s.C:][:s.C]
		for c, v := range x[p*s.C:][:s.C] {
			to[c] += int32(v)
		}
	}
	var out signature
	for cell, n := range count {
		if n == 0 { // outside of the region of interest
			continue
		}
		for d := 0; d < len(w); d += s.C {
			var t float32
			for c, v := range w[d : d+s.C] {
				t += float32(v * float32(sums[cell*s.C+c]))
			}
			out = append(out, t/float32(n))
		}
	}
	return out
}

func (a signature) distance(b signature) float32 {
	var sum float32
	for i, v := range a {
		d := v - b[i]
		sum += float32(d * d)
	}
	return float32(math.Sqrt(float64(sum / float32(len(a)))))
}

// resemblance holds the distances between all images, [n][n].
type resemblance struct {
	n int
	d []float32
}

// maxCompared is up to how many images all pairs are compared; of more, the rest counts as unlike any other.
const maxCompared = 2000

func (s *Set) resemblance() *resemblance {
	sig := s.signatures()
	r := &resemblance{n: min(s.Images, maxCompared)}
	r.d = make([]float32, r.n*r.n)
	for i := range r.n {
		for j := range i {
			d := sig[i].distance(sig[j])
			r.d[i*r.n+j], r.d[j*r.n+i] = d, d
		}
	}
	return r
}

func (r *resemblance) row(i int) []float32 { return r.d[i*r.n : (i+1)*r.n] }

// usual is, for each image, the median of its distances to the others.
func (r *resemblance) usual() []float32 {
	out := make([]float32, r.n)
	for i := range out {
		v := slices.Clone(r.row(i))
		slices.Sort(v)
		out[i] = v[(len(v)+1)/2] // v[0] is the image itself
	}
	return out
}

type link struct {
	i, j int
	d    float32
}

// links lists pairs i < j whose distance is at most limit(i, j), the closest first.
func (r *resemblance) links(limit func(i, j int) float32) []link {
	var out []link
	for j := range r.n {
		for i := range j {
			if d := r.d[i*r.n+j]; d <= limit(i, j) {
				out = append(out, link{i, j, d})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b link) int { return cmp.Compare(a.d, b.d) })
	return out
}

// Images closer than relatedShare of the usual distance of either are linked: they may be pictures of one thing (the same part under another light,
// overlapping crops, frames of a video). Pictures of one thing are few and stand apart. More than maxRelated that are linked, directly or through each other, are no
// thing but what all good images of a part have in common (screws at any angle, one beside the other), and the next good image will have such neighbours too.
const (
	relatedShare = 0.5
	maxRelated   = 10
)

// related puts images into groups, numbered by their first image. Groups grow from the closest pairs on, to at most a fold; equal images are always together.
func (r *resemblance) related(images int) []int {
	usual := r.usual()
	links := r.links(func(i, j int) float32 { return float32(relatedShare * min(usual[i], usual[j])) })
	whole := newGroups(images)
	for _, l := range links {
		whole.join(l.i, l.j)
	}
	out := newGroups(images)
	limit := max(2, min(maxRelated, images/folds))
	for _, l := range links {
		if fits := whole.size[whole.of[l.i]] <= maxRelated && out.size[out.of[l.i]]+out.size[out.of[l.j]] <= limit; fits || l.d == 0 {
			out.join(l.i, l.j)
		}
	}
	return out.of
}

// groups are disjoint sets of images.
type groups struct {
	of   []int // the first image of each image's group
	size []int // of the group with this first image
}

func newGroups(n int) *groups {
	g := &groups{of: make([]int, n), size: make([]int, n)}
	for i := range n {
		g.of[i], g.size[i] = i, 1
	}
	return g
}

// join makes one group of those of i and j.
func (g *groups) join(i, j int) {
	to, from := min(g.of[i], g.of[j]), max(g.of[i], g.of[j])
	if to == from {
		return
	}
	for k := range g.of {
		if g.of[k] == from {
			g.of[k] = to
		}
	}
	g.size[to] += g.size[from]
}

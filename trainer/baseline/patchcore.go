package baseline

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"anomnet/core/detect"
)

// patchcoreNeighbours is b of equation 7: how many neighbours of the nearest bank member weigh the image score.
const patchcoreNeighbours = 9

// PatchCore is the image score of PatchCore on a bank of embeddings: the distance of the patch that is farthest from its nearest bank member,
// weighed by how rare that member is. The patch distances are the engine's.
type PatchCore struct {
	bank detect.Centroids
	unit float64 // median gap between bank members; the exponents of equation 7 are in it, since our integers have no scale
}

// NewPatchCore prepares the image score on a bank.
func NewPatchCore(bank detect.Centroids) (*PatchCore, error) {
	if err := bank.Validate(); err != nil {
		return nil, err
	}
	p := &PatchCore{bank: bank}
	var gaps []float64
	step := max(1, bank.K/256) // a sample of the bank tells the median
	for m := 0; m < bank.K; m += step {
		if near := p.around(m, 2); len(near) == 2 {
			gaps = append(gaps, near[1].d)
		}
	}
	if len(gaps) == 0 {
		return p, nil
	}
	slices.Sort(gaps)
	p.unit = gaps[len(gaps)/2]
	return p, nil
}

type neighbour struct {
	at int
	d  float64
}

func (p *PatchCore) member(m int) []int8 { return p.bank.Data[m*p.bank.D : (m+1)*p.bank.D] }

// around gives the b members nearest to member m, itself first.
func (p *PatchCore) around(m, b int) []neighbour {
	all := make([]neighbour, p.bank.K)
	for k := range all {
		all[k] = neighbour{k, distance(p.member(m), p.member(k))}
	}
	slices.SortStableFunc(all, func(a, b neighbour) int { return cmp.Compare(a.d, b.d) })
	return all[:min(b, len(all))]
}

func distance(a, b []int8) float64 {
	sum := 0
	for i, v := range a {
		d := int(v) - int(b[i])
		sum += d * d
	}
	return math.Sqrt(float64(sum))
}

// Image gives the image score from the embeddings e [P][D] of an image and their distances to the bank. With p the patch of the largest distance
// s, m its nearest member and N the b members nearest to m (m itself among them):
//
//	score = (1 - exp(|p-m|) / sum_{k in N} exp(|p-k|)) s    (equation 7)
//
// A bank of one member has no neighbours; then the score is s.
func (p *PatchCore) Image(e []int8, distances []float32) (float32, error) {
	if len(distances) == 0 || len(e) != len(distances)*p.bank.D {
		return 0, errors.New("baseline: patchcore: embeddings and distances do not fit together")
	}
	at := 0
	for i, d := range distances {
		if d > distances[at] {
			at = i
		}
	}
	patch := e[at*p.bank.D : (at+1)*p.bank.D]
	m, _ := p.bank.Which(patch)
	near := p.around(m, patchcoreNeighbours)
	if len(near) < 2 || p.unit == 0 {
		return distances[at], nil
	}
	own := distance(patch, p.member(m)) / p.unit
	sum := 0.0
	for _, n := range near {
		sum += math.Exp(distance(patch, p.member(n.at))/p.unit - own) // relative to own: the exponential of a far patch would overflow
	}
	return float32((1 - 1/sum) * float64(distances[at])), nil
}

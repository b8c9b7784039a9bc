package metrics

import (
	"fmt"
)

// MaxPixels is the largest number of pixels that Pixels takes; it needs 16 bytes for each.
const MaxPixels = 1 << 28

// Mask is the ground truth of one image: Pix[y*W+x] is true where the pixel is defective. An image without a defect has a mask
// that is false everywhere.
type Mask struct {
	W, H int
	Pix  []bool // len W*H
}

// Pixels returns AUROC over all pixels of all images together, and AUPRO for each of some limits of the false-positive rate. maps[i] and masks[i] are the
// anomaly map and the ground truth of image i at one resolution; sizes may differ between images. One sort, which is most of the time, serves all.
//
// AUPRO is the area under the per-region-overlap curve for false-positive rates from 0 to a limit, divided by the limit, so
// that 1 is perfect. A region is an 8-connected component of a mask; the overlap of a region is the share of its pixels at
// or above the threshold; the curve is the mean overlap over all regions of all images against the share of all good pixels
// (those in no region) at or above the threshold. Every distinct value is a threshold, the curve is linear in between, and it
// is cut at the limit by linear interpolation, like MVTec's evaluation code. 0 < limit <= 1; the field uses 0.3.
// Errors as AUROC.
func Pixels(maps [][]float32, masks []Mask, fprLimits ...float64) (auroc float64, aupro []float64, err error) {
	for _, limit := range fprLimits {
		if !(limit > 0 && limit <= 1) {
			return 0, nil, errRange("fprLimit", limit, "(0, 1]")
		}
	}
	r, sizes, err := rankRegions(maps, masks)
	if err != nil {
		return 0, nil, err
	}
	for _, limit := range fprLimits {
		aupro = append(aupro, r.aupro(sizes, limit))
	}
	return r.auroc(), aupro, nil
}

// rankRegions ranks all pixels, tagged with their regions, and gives the regions' sizes.
func rankRegions(maps [][]float32, masks []Mask) (*ranking, []int, error) {
	if len(maps) != len(masks) {
		return nil, nil, fmt.Errorf("metrics: %d maps but %d masks", len(maps), len(masks))
	}
	r, err := newPixelRanking(maps)
	if err != nil {
		return nil, nil, err
	}
	var sizes []int // of the regions; a region's tag is its index + 1
	for i, m := range maps {
		if err := masks[i].check(); err != nil {
			return nil, nil, fmt.Errorf("metrics: mask %d: %w", i, err)
		}
		if len(m) != len(masks[i].Pix) {
			return nil, nil, fmt.Errorf("metrics: map %d has %d pixels, its mask %d", i, len(m), len(masks[i].Pix))
		}
		var tags []uint32
		tags, sizes = regions(masks[i], sizes)
		if err := r.add(m, func(j int) uint32 { return tags[j] }, fmt.Sprintf("map %d", i)); err != nil {
			return nil, nil, err
		}
	}
	if err := r.finish(); err != nil {
		return nil, nil, err
	}
	return r, sizes, nil
}

// aupro integrates region by region. Let a defective pixel share its score with good ones, so that the number of false
// positives goes from before to after while the pixel joins the overlap. Its region's curve, in false positives up to
// cut = fprLimit*neg, gains from it
//
//	cut - (before+after)/2               if after <= cut
//	(cut-before)^2 / (2 (after-before))  if before < cut < after
//
// pixels, over the region's size. The first form is summed in integers (joined, halves), so the result is exact up to its last
// few roundings and no curve is stored.
func (r *ranking) aupro(sizes []int, fprLimit float64) float64 {
	cut := float64(fprLimit * float64(r.neg))
	joined := make([]int64, len(sizes))    // pixels of the region with after <= cut
	halves := make([]int64, len(sizes))    // sum of before+after over them
	partial := make([]float64, len(sizes)) // sum of the second form
	before := int64(0)
	for g := range r.groups() {
		after := before + int64(g.neg)
		if float64(before) >= cut {
			break
		}
		for _, it := range g.items {
			tag := uint32(it)
			switch {
			case tag == 0:
			case float64(after) <= cut:
				joined[tag-1]++
				halves[tag-1] += before + after
			default:
				d := cut - float64(before)
				partial[tag-1] += float64(d*d) / float64(2*(after-before))
			}
		}
		before = after
	}
	sum := 0.0
	for i, size := range sizes {
		area := float64(cut*float64(joined[i])) - float64(float64(halves[i])/2) + partial[i]
		sum += area / float64(size)
	}
	return sum / float64(len(sizes)) / cut
}

func newPixelRanking(maps [][]float32) (*ranking, error) {
	n := 0
	for _, m := range maps {
		n += len(m)
	}
	if n > MaxPixels {
		return nil, fmt.Errorf("metrics: %d pixels, want at most %d", n, MaxPixels)
	}
	return &ranking{items: make([]uint64, 0, n)}, nil
}

func (m Mask) check() error {
	if m.W <= 0 || m.H <= 0 || len(m.Pix)%m.W != 0 || len(m.Pix)/m.W != m.H {
		return fmt.Errorf("%d x %d pixels do not fit %d values", m.W, m.H, len(m.Pix))
	}
	return nil
}

// regions labels the 8-connected components of a mask by flood fill. Each becomes a new element of sizes; tags[i] is the index in
// sizes + 1 of pixel i's region, 0 for good pixels.
func regions(m Mask, sizes []int) (tags []uint32, _ []int) {
	tags = make([]uint32, len(m.Pix))
	var stack []int
	for seed, defective := range m.Pix {
		if !defective || tags[seed] != 0 {
			continue
		}
		sizes = append(sizes, 0)
		tag := uint32(len(sizes))
		tags[seed] = tag
		stack = append(stack[:0], seed)
		for len(stack) > 0 {
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			sizes[tag-1]++
			x, y := p%m.W, p/m.W
			for ny := max(y-1, 0); ny <= min(y+1, m.H-1); ny++ {
				for nx := max(x-1, 0); nx <= min(x+1, m.W-1); nx++ {
					if q := ny*m.W + nx; m.Pix[q] && tags[q] == 0 {
						tags[q] = tag
						stack = append(stack, q)
					}
				}
			}
		}
	}
	return tags, sizes
}

func errRange(name string, v float64, want string) error {
	return fmt.Errorf("metrics: %s is %v, want a value in %s", name, v, want)
}

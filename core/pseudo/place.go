package pseudo

import (
	"slices"
	"sort"

	"anomnet/core/imaging"
)

// placer knows where an image has structure: defects matter most on the part, less on a plain background.
type placer struct {
	w, h  int
	block int   // side of a block in pixels
	cols  int   // blocks in a row
	sums  []int // running sum of each block's energy above the median
}

// newPlacer measures the mean gradient energy (sum of absolute luma differences to the right and below) of each block.
func newPlacer(src *imaging.RGB) *placer {
	b := max(2, min(src.W, src.H)/16)
	p := &placer{w: src.W, h: src.H, block: b, cols: (src.W + b - 1) / b}
	energy := make([]int, p.cols*((src.H+b-1)/b))
	count := make([]int, len(energy))
	for y := range src.H {
		for x := range src.W {
			l := luma(src, x, y)
			e := abs(l-luma(src, min(x+1, src.W-1), y)) + abs(l-luma(src, x, min(y+1, src.H-1)))
			i := y/b*p.cols + x/b
			energy[i] += e
			count[i]++
		}
	}
	for i := range energy {
		energy[i] = energy[i] * 16 / count[i]
	}
	sorted := slices.Clone(energy)
	slices.Sort(sorted)
	median := sorted[len(sorted)/2]
	p.sums = make([]int, len(energy))
	sum := 0
	for i, e := range energy {
		sum += max(0, e-median)
		p.sums[i] = sum
	}
	return p
}

// pick returns a pixel: half of the time on a block above the median energy (the more above, the likelier), else anywhere.
func (p *placer) pick(g *rng) (x, y int) {
	total := p.sums[len(p.sums)-1]
	if g.intn(2) == 0 || total == 0 {
		return g.intn(p.w), g.intn(p.h)
	}
	i := sort.SearchInts(p.sums, g.intn(total)+1)
	x = i%p.cols*p.block + g.intn(p.block)
	y = i/p.cols*p.block + g.intn(p.block)
	return min(x, p.w-1), min(y, p.h-1)
}

// radius draws half the size of a defect: mostly small and middling, up to a third of the shorter side.
func (p *placer) radius(g *rng) int {
	s := min(p.w, p.h)
	switch r := g.intn(10); {
	case r < 4:
		return max(1, g.between(s/80, s/28))
	case r < 8:
		return max(2, g.between(s/28, s/12))
	default:
		return max(3, g.between(s/12, s/6))
	}
}

// luma is a cheap integer brightness, 0..255.
func luma(src *imaging.RGB, x, y int) int {
	q := src.Pix[(y*src.W+x)*3:]
	return (int(q[0]) + 2*int(q[1]) + int(q[2])) >> 2
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}

// Package detect turns the taps of a backbone into an anomaly map and an image score.
//
// The way of an image: taps -> patch vectors (3x3 local mean, x2 upsampling, requantisation; u7, [P][C] on the stride-8 grid) -> Embedder
// (embeddings, [P][D]) -> Scorer (distance to the nearest centroid, float32 [P]) -> Smooth and ImageScore. Arithmetic is the numeric
// contract of docs/model-format.md: integers are exact, and every float32 operation is rounded on its own, so the scores are the
// same bits on every machine and tier.
package detect

import (
	"fmt"

	"anomnet/core/engine"
)

// GridStride is the stride of the patch grid in pixels.
const GridStride = 8

// Sums of a tap at stride 8 are nine times its local mean, those of a tap at stride 16 are 144 times theirs.
const (
	sumWeightGrid = 9
	sumWeightUp2  = 9 * 16
)

// Grid is the shape of the patch vectors of one image size: the channels of all taps, one tap after the other.
type Grid struct {
	H, W, C int
	taps    []*engine.Tensor
	offset  []int // first channel of each tap
}

// NewGrid returns the grid of taps for an image of h x w pixels.
func NewGrid(taps []*engine.Tensor, h, w int) (*Grid, error) {
	g := &Grid{H: h / GridStride, W: w / GridStride, taps: taps}
	for i, t := range taps {
		same, half := t.H == g.H && t.W == g.W, t.H*2 == g.H && t.W*2 == g.W
		if !same && !half {
			return nil, fmt.Errorf("detect: tap %d is %d x %d, the grid %d x %d", i, t.W, t.H, g.W, g.H)
		}
		g.offset = append(g.offset, g.C)
		g.C += t.C
	}
	return g, nil
}

// Patches returns the number of patches, H*W.
func (g *Grid) Patches() int { return g.H * g.W }

// MeanFactor returns what a sum of channel c must be multiplied by to become the local mean of its tap.
func (g *Grid) MeanFactor(c int) float32 {
	tap := 0
	for tap+1 < len(g.taps) && c >= g.offset[tap+1] {
		tap++
	}
	if g.taps[tap].H == g.H {
		return float32(1) / sumWeightGrid
	}
	return float32(1) / sumWeightUp2
}

// calls returns the local means that make up the patch vectors, a call for each tap. Their Out has no data yet.
func (g *Grid) calls(scale []float32, zeros bool) []engine.MeanCall {
	var scratch []uint16
	calls := make([]engine.MeanCall, len(g.taps))
	for i, t := range g.taps {
		calls[i] = engine.MeanCall{H: t.H, W: t.W, C: t.C, In: t.Plane(), Up: t.H != g.H, Zeros: zeros,
			Out: engine.Plane{At: g.offset[i], Row: g.W * g.C, Col: g.C}}
		if scale != nil {
			calls[i].Scale = scale[g.offset[i]:][:t.C]
		}
		if n := engine.MeanScratch(t.H, t.W, t.C); n > len(scratch) {
			scratch = make([]uint16, n)
		}
	}
	for i := range calls {
		calls[i].Scratch = scratch
	}
	return calls
}

// Sums writes the local sums of the taps to dst, [H][W][C], for calibrating a backbone: edges repeat. A tap at stride 16 is upsampled by two with
// bilinear weights of quarters (3 and 1 on each axis), so its sums are 16 times larger. The largest is 127*144 = 18,288.
func (g *Grid) Sums(dst []uint16) {
	for i, c := range g.calls(nil, false) {
		sums := make([]uint16, g.Patches()*c.C)
		c.Sums(sums)
		for p := range g.Patches() {
			copy(dst[p*g.C+g.offset[i]:], sums[p*c.C:(p+1)*c.C])
		}
	}
}

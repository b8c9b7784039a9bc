// Package detect turns the taps of a backbone into an anomaly map and an image score.
//
// The way of an image: taps -> Sums (3x3 local mean, x2 upsampling, both as integer sums) -> Quantize (u7 patch vectors, [P][C] on the
// stride-8 grid) -> Embedder (int8 embeddings, [P][D]) -> Scorer (distance to the nearest centroid, float32 [P]) -> Smooth and
// ImageScore. Arithmetic is the numeric contract of docs/model-format.md: integers are exact, and every float32 operation is
// rounded on its own, so the scores are the same bits on every machine and tier.
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

// TapMap is the output of one tap without padding: Data is [H][W][C], u7.
type TapMap struct {
	H, W, C int
	Data    []uint8
}

// CopyTaps copies the taps of a runner that has just run into dst, which it allocates when nil.
func CopyTaps(r *engine.Runner, taps int, dst []TapMap) []TapMap {
	if dst == nil {
		dst = make([]TapMap, taps)
	}
	for i := range dst {
		t := r.Tap(i)
		if dst[i].Data == nil {
			dst[i] = TapMap{H: t.H, W: t.W, C: t.C, Data: make([]uint8, t.H*t.W*t.C)}
		}
		for y := 0; y < t.H; y++ {
			copy(dst[i].Data[y*t.W*t.C:], t.Row(y))
		}
	}
	return dst
}

// Grid is the shape of the patch vectors of one image size.
type Grid struct {
	H, W, C int
	offset  []int // first channel of each tap
}

// NewGrid returns the grid of taps for an image of h x w pixels.
func NewGrid(taps []TapMap, h, w int) (*Grid, error) {
	g := &Grid{H: h / GridStride, W: w / GridStride}
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
func (g *Grid) MeanFactor(taps []TapMap, c int) float32 {
	tap := 0
	for tap+1 < len(taps) && c >= g.offset[tap+1] {
		tap++
	}
	if taps[tap].H == g.H {
		return float32(1) / sumWeightGrid
	}
	return float32(1) / sumWeightUp2
}

// Sums writes the local 3x3 sums of the taps to dst, [H][W][C]. Edges repeat. A tap at stride 16 is upsampled by two with
// bilinear weights of quarters (3 and 1 on each axis), so its sums are 16 times larger. The largest is 127*144 = 18,288.
func (g *Grid) Sums(taps []TapMap, dst []uint16) {
	for i := range taps {
		t := &taps[i]
		if t.H == g.H {
			boxSums(t, func(y, x int) []uint16 { return dst[(y*g.W+x)*g.C+g.offset[i]:][:t.C] })
			continue
		}
		small := make([]uint16, t.H*t.W*t.C)
		boxSums(t, func(y, x int) []uint16 { return small[(y*t.W+x)*t.C:][:t.C] })
		g.upsample(t, small, dst[g.offset[i]:])
	}
}

// boxSums calls at for every position and fills what it returns with the 3x3 sum of each channel.
func boxSums(t *TapMap, at func(y, x int) []uint16) {
	column := make([]uint16, t.W*t.C) // sums over three rows
	stride := t.W * t.C
	for y := 0; y < t.H; y++ {
		up, mid, down := t.Data[max(y-1, 0)*stride:], t.Data[y*stride:], t.Data[min(y+1, t.H-1)*stride:]
		for i := range column {
			column[i] = uint16(up[i]) + uint16(mid[i]) + uint16(down[i])
		}
		for x := 0; x < t.W; x++ {
			l, m, r := column[max(x-1, 0)*t.C:], column[x*t.C:], column[min(x+1, t.W-1)*t.C:]
			out := at(y, x)
			for c := range out {
				out[c] = l[c] + m[c] + r[c]
			}
		}
	}
}

// upsample writes src, [t.H][t.W][t.C], at twice its size to channels of dst (pixels g.C apart).
func (g *Grid) upsample(t *TapMap, src, dst []uint16) {
	for y := 0; y < g.H; y++ {
		y0 := y / 2
		y1 := neighbour(y, t.H)
		for x := 0; x < g.W; x++ {
			x0 := x / 2
			x1 := neighbour(x, t.W)
			a, b := src[(y0*t.W+x0)*t.C:][:t.C], src[(y0*t.W+x1)*t.C:][:t.C]
			c, d := src[(y1*t.W+x0)*t.C:][:t.C], src[(y1*t.W+x1)*t.C:][:t.C]
			out := dst[(y*g.W+x)*g.C:][:t.C]
			for k := range out {
				out[k] = 9*a[k] + 3*b[k] + 3*c[k] + d[k]
			}
		}
	}
}

// neighbour returns the second source index of output position p: the one before for even p, the one after for odd.
func neighbour(p, n int) int {
	if p%2 == 0 {
		return max(p/2-1, 0)
	}
	return min(p/2+1, n-1)
}

// Quantize turns sums, [P][C], into u7 patch vectors: clamp(roundHalfToEven(f32(sum) * scale[c]), 0, 127).
func Quantize(sums []uint16, scale []float32, dst []uint8) {
	c := len(scale)
	for p := 0; p+c <= len(sums); p += c {
		s, d := sums[p:p+c], dst[p:p+c]
		for i, m := range scale {
			d[i] = uint8(engine.Requantize(float32(float32(s[i])*m), 0, 127))
		}
	}
}

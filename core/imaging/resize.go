package imaging

import "fmt"

// Weights are fixed-point numbers of weightBits bits; those of one output pixel sum to exactly 1 << weightBits.
const (
	weightBits = 14
	weightOne  = 1 << weightBits
)

// taps are the source pixels start, start+1, ... of one output pixel, with their weights.
type taps struct {
	start   int
	weights []uint32
}

// filter returns the taps of each of the out output pixels along an axis of in source pixels.
//
// The filter is a triangle of half width max(in/out, 1) source pixels around the output pixel's centre (the same as
// Pillow's BILINEAR: antialiased when shrinking). In units of 1/(2*out) source pixels everything is an integer: tap x
// of output pixel i has distance d = |(2x+1)*out - (2i+1)*in| and height s - d with s = 2*max(in, out). The weights
// are the steps of the rounded running sum, w[k] = R(k+1) - R(k) with R(k) = floor((h[0]+...+h[k-1])*2^14/sum + 1/2),
// which sums to 2^14 without a correction and keeps each weight within one unit.
func filter(in, out int) []taps {
	s := 2 * max(in, out)
	all := make([]taps, out)
	for i := range all {
		centre := (2*i + 1) * in
		height := func(x int) int { return s - max((2*x+1)*out-centre, centre-(2*x+1)*out) }
		// The first x with (2x+1)*out > centre-s, the last with (2x+1)*out < centre+s.
		lo := 0
		if centre > s {
			lo = ((centre-s)/out + 1) / 2
		}
		hi := min(((centre+s-1)/out+1)/2, in)
		sum := 0
		for x := lo; x < hi; x++ {
			sum += height(x)
		}
		t := taps{start: lo, weights: make([]uint32, 0, hi-lo)}
		running, before := 0, 0
		for x := lo; x < hi; x++ {
			running += height(x)
			r := (2*running*weightOne + sum) / (2 * sum)
			t.weights = append(t.weights, uint32(r-before))
			before = r
		}
		all[i] = t
	}
	return all
}

// Resize returns src scaled to w x h pixels with an antialiased triangle filter in 14-bit fixed point: first along rows,
// rounded to 8 bits, then along columns. It is within 1/255 of Pillow's BILINEAR. An axis that keeps its size is copied.
// The result never shares memory with src. It panics if a size is not positive.
func Resize(src *RGB, w, h int) *RGB {
	if w <= 0 || h <= 0 || src.W <= 0 || src.H <= 0 {
		panic(fmt.Sprintf("imaging: resize of %d x %d to %d x %d pixels", src.W, src.H, w, h))
	}
	out := src
	if w != src.W {
		out = resizeRows(out, w)
	}
	if h != src.H {
		out = resizeColumns(out, h)
	}
	if out == src {
		out = NewRGB(w, h)
		copy(out.Pix, src.Pix)
	}
	return out
}

// resizeRows scales each row to w pixels.
func resizeRows(src *RGB, w int) *RGB {
	out := NewRGB(w, src.H)
	all := filter(src.W, w)
	for y := range src.H {
		row := src.Pix[3*src.W*y : 3*src.W*(y+1)]
		dst := out.Pix[3*w*y : 3*w*(y+1)]
		for _, t := range all {
			var r, g, b uint32 = weightOne / 2, weightOne / 2, weightOne / 2
			p := row[3*t.start : 3*(t.start+len(t.weights))]
			for _, k := range t.weights {
				r += k * uint32(p[0])
				g += k * uint32(p[1])
				b += k * uint32(p[2])
				p = p[3:]
			}
			dst[0], dst[1], dst[2] = uint8(r>>weightBits), uint8(g>>weightBits), uint8(b>>weightBits)
			dst = dst[3:]
		}
	}
	return out
}

// resizeColumns scales each column to h pixels.
func resizeColumns(src *RGB, h int) *RGB {
	out := NewRGB(src.W, h)
	n := 3 * src.W
	acc := make([]uint32, n)
	for y, t := range filter(src.H, h) {
		for i := range acc {
			acc[i] = weightOne / 2
		}
		for j, k := range t.weights {
			row := src.Pix[n*(t.start+j):][:n]
			for i, v := range row {
				acc[i] += k * uint32(v)
			}
		}
		dst := out.Pix[n*y:][:n]
		for i, v := range acc {
			dst[i] = uint8(v >> weightBits)
		}
	}
	return out
}

package imaging

import "image"

// axis holds the weights of a side that shrinks or keeps its size, listed by source sample. On such a side a source sample
// counts for one output sample or for two neighbours. So it is multiplied once, with both weights in one 64-bit number, and
// the sums of the two outputs grow in one accumulator, 32 bits apart. They stay below 1 << 22.
type axis struct {
	// weight[x] is the weight of sample x in the first of its outputs, and in the next one << 32. With the bit `last`, the
	// sample is the last of its first output.
	weight []uint64
	first  int // where in the stored side sample 0 is
	out    int // outputs
	flip   bool
}

// last is added to an accumulator's top bit with each odd sample, and falls out there or 32 bits below without a trace.
const last = 1 << 63

// rounding is half of weightOne, which both sums of an accumulator start with.
const (
	rounding     = weightOne / 2
	bothRounding = rounding<<32 | rounding
	nextRounding = rounding << 32
)

// newAxis returns the axis from `in` samples, which begin at sample `first` of a side, to `out` samples, not more than in. With
// flip, the side is stored last sample first, and so are the outputs.
func newAxis(side, first, in, out int, flip bool) *axis {
	a := &axis{weight: make([]uint64, in), first: first, out: out, flip: flip}
	if flip {
		a.first = side - first - in
	}
	all := filter(in, out)
	covered := 0
	for o := range all {
		t := all[o]
		if flip {
			t = all[out-1-o]
			t.start = in - t.start - len(t.weights)
		}
		for i := range t.weights {
			w := t.weights[i]
			if flip {
				w = t.weights[len(t.weights)-1-i]
			}
			if x := t.start + i; x < covered {
				a.weight[x] |= uint64(w) << 32
			} else {
				a.weight[x] = uint64(w)
			}
		}
		covered = t.start + len(t.weights)
		a.weight[covered-1] |= last
	}
	return a
}

// at is where output o of the stored order goes.
func (a *axis) at(o int) int {
	if a.flip {
		return a.out - 1 - o
	}
	return o
}

// shrink scales a part of src to 8 bits, first along its rows, then along its columns, as Resize does, with no picture
// between. x and y are the axes of the stored rows and columns.
func shrink(src *rows, x, y *axis) *RGB {
	out := NewRGB(x.out, y.out)
	sums := make([]uint64, x.out*src.channels)
	start(sums, bothRounding)
	o := 0
	for i, k := range y.weight {
		x.add(src, y.first+i, sums, k)
		if int64(k) >= 0 {
			continue
		}
		row := out.Pix[3*out.W*y.at(o):][:3*out.W]
		for j := range out.W {
			pixel((*[3]uint8)(row[3*x.at(j):]), sums[src.channels*j:][:src.channels], weightBits)
		}
		next(sums)
		o++
	}
	return out
}

// shrinkTurned is shrink for a picture that is stored with rows and columns exchanged: x is the axis of its columns and
// comes first, y is that of its rows.
func shrinkTurned(src *rows, x, y *axis) *RGB {
	out := NewRGB(x.out, y.out)
	n := src.channels * len(y.weight)
	sums, line := make([]uint64, n), make([]uint8, n)
	start(sums, bothRounding)
	column := make([]uint64, src.channels*y.out)
	inner := *y
	inner.first = 0
	o := 0
	for i, k := range x.weight {
		for j, v := range src.read(x.first + i)[src.channels*y.first:][:n] {
			sums[j] += k * uint64(v)
		}
		if int64(k) >= 0 {
			continue
		}
		for j, s := range sums {
			line[j] = uint8(s >> weightBits)
		}
		next(sums)
		start(column, 0)
		if src.channels == 1 {
			inner.gray(line, column, 1)
		} else {
			inner.rgb(line, column, 1)
		}
		for j := range y.out {
			pixel((*[3]uint8)(out.Pix[3*(out.W*y.at(j)+x.at(o)):]), column[src.channels*j:][:src.channels], 0)
		}
		o++
	}
	return out
}

func start(sums []uint64, v uint64) {
	for i := range sums {
		sums[i] = v
	}
}

// next makes the second outputs the first.
func next(sums []uint64) {
	for i, s := range sums {
		sums[i] = s>>32 | nextRounding
	}
}

// pixel writes sums of one or three channels without their fraction.
func pixel(dst *[3]uint8, sums []uint64, fraction int) {
	r := uint8(sums[0] >> fraction)
	dst[0], dst[1], dst[2] = r, r, r
	if len(sums) == 3 {
		dst[1], dst[2] = uint8(sums[1]>>fraction), uint8(sums[2]>>fraction)
	}
}

// add scales a row, rounds it to 8 bits and adds it to sums, times k.
func (a *axis) add(src *rows, row int, sums []uint64, k uint64) {
	switch {
	case src.ycc != nil:
		a.ycbcr(src.ycc, row, sums, k)
	case src.channels == 1:
		a.gray(src.read(row), sums, k)
	default:
		a.rgb(src.read(row), sums, k)
	}
}

// The loops below run once for each source sample. They are written for Go's wasm compiler, where an inner loop, a bounds
// check or one more live variable costs as much as the arithmetic.

func (a *axis) gray(src []uint8, sums []uint64, k uint64) {
	src = src[a.first:][:len(a.weight)]
	weight := a.weight[:len(src)]
	v, o := uint64(bothRounding), uint(0)
	for x, s := range src {
		w := weight[x]
		v += w * uint64(s)
		if int64(w) < 0 && o < uint(len(sums)) {
			sums[o] += k * (v >> weightBits & 255)
			v = v>>32 | nextRounding
			o++
		}
	}
}

func (a *axis) rgb(src []uint8, sums []uint64, k uint64) {
	src = src[3*a.first:][:3*len(a.weight)]
	var r, g, b uint64 = bothRounding, bothRounding, bothRounding
	o := 0
	for x, w := range a.weight {
		p := src[3*x : 3*x+3 : 3*x+3]
		r += w * uint64(p[0])
		g += w * uint64(p[1])
		b += w * uint64(p[2])
		if int64(w) < 0 {
			s := (*[3]uint64)(sums[o:])
			s[0] += k * (r >> weightBits & 255)
			s[1] += k * (g >> weightBits & 255)
			s[2] += k * (b >> weightBits & 255)
			r, g, b = r>>32|nextRounding, g>>32|nextRounding, b>>32|nextRounding
			o += 3
		}
	}
}

// ycbcr is rgb with jpegRGB in it. Where columns share chroma, it takes two at a time.
func (a *axis) ycbcr(m *image.YCbCr, row int, sums []uint64, k uint64) {
	shift := chromaShift(m.SubsampleRatio) & 3
	paired := shift > 0
	luma := m.Y[m.YStride*row+a.first:][:len(a.weight)]
	weight := a.weight[:len(luma)]
	c := m.COffset(0, row)
	cb, cr := m.Cb[c:], m.Cr[c:]
	cr = cr[:len(cb)]
	var r, g, b uint64 = bothRounding, bothRounding, bothRounding
	o := 0
	for x := uint(0); x < uint(len(luma)); x++ {
		column := a.first + int(x)
		at := column >> shift
		u, v := int(cb[at])-128, int(cr[at])-128
		redness, greenness, blueness := 91881*v, -22554*u-46802*v, 116130*u
		w, y := weight[x], int(luma[x])*0x10101
		red, green, blue := y+redness, y+greenness, y+blueness
		if uint(red|green|blue) >= 1<<24 {
			red, green, blue = clamp24(red), clamp24(green), clamp24(blue)
		}
		r += w * uint64(red>>16)
		g += w * uint64(green>>16)
		b += w * uint64(blue>>16)
		if int64(w) < 0 {
			s := (*[3]uint64)(sums[o:])
			s[0] += k * (r >> weightBits & 255)
			s[1] += k * (g >> weightBits & 255)
			s[2] += k * (b >> weightBits & 255)
			r, g, b = r>>32|nextRounding, g>>32|nextRounding, b>>32|nextRounding
			o += 3
		}
		if !paired || column&1 == 1 {
			continue
		}
		if x++; x >= uint(len(luma)) {
			break
		}
		w, y = weight[x], int(luma[x])*0x10101
		red, green, blue = y+redness, y+greenness, y+blueness
		if uint(red|green|blue) >= 1<<24 {
			red, green, blue = clamp24(red), clamp24(green), clamp24(blue)
		}
		r += w * uint64(red>>16)
		g += w * uint64(green>>16)
		b += w * uint64(blue>>16)
		if int64(w) < 0 {
			s := (*[3]uint64)(sums[o:])
			s[0] += k * (r >> weightBits & 255)
			s[1] += k * (g >> weightBits & 255)
			s[2] += k * (b >> weightBits & 255)
			r, g, b = r>>32|nextRounding, g>>32|nextRounding, b>>32|nextRounding
			o += 3
		}
	}
}

// clamp24 clamps to 24 bits.
func clamp24(v int) int {
	if uint(v) >= 1<<24 {
		v = ^(v >> 63) & (1<<24 - 1)
	}
	return v
}

package importer

import (
	"anomnet/core/engine"
	"anomnet/core/imaging"
)

// tensor is a float activation [h][w][c].
type tensor struct {
	h, w, c int
	data    []float32
}

// The register tile of the float convolution: tileOut output channels by two pixels.
const tileOut = 4

// forward runs a float network on images of one size. It is for one goroutine.
type forward struct {
	net    *network
	image  tensor
	out    []tensor    // by layer
	in     []*tensor   // by layer
	res    []*tensor   // by layer, nil without residual
	packed [][]float32 // by layer: [ceil(out/tileOut)][kernel][kernel][in][tileOut]
	cols   []float32   // input windows of one output row, [outW][kernel][kernel][in]
}

func newForward(n *network, h, w int) *forward {
	f := &forward{net: n, image: tensor{h, w, 3, make([]float32, h*w*3)}, out: make([]tensor, len(n.layers))}
	at := n.index()
	cols := 0
	for i := range n.layers {
		l := &n.layers[i]
		in := &f.image
		if j := at[l.input]; j >= 0 {
			in = &f.out[j]
		}
		var res *tensor
		if l.residual != "" {
			res = &f.out[at[l.residual]]
		}
		oh, ow := in.h/l.stride, in.w/l.stride
		f.out[i] = tensor{oh, ow, l.out, make([]float32, oh*ow*l.out)}
		f.in, f.res = append(f.in, in), append(f.res, res)
		f.packed = append(f.packed, pack(l))
		cols = max(cols, ow*l.kernel*l.kernel*l.in)
	}
	f.cols = make([]float32, cols)
	return f
}

// pack brings [out][in][k][k] into the order of the inner loop; missing channels of the last group are zero.
func pack(l *layer) []float32 {
	if l.kind != engine.KindConv {
		return nil
	}
	area := l.kernel * l.kernel
	k := area * l.in
	p := make([]float32, (l.out+tileOut-1)/tileOut*tileOut*k)
	for o := range l.out {
		group := p[o/tileOut*tileOut*k:]
		for c := range l.in {
			for xy := range area {
				group[(xy*l.in+c)*tileOut+o%tileOut] = l.weight[(o*l.in+c)*area+xy]
			}
		}
	}
	return p
}

// run fills f.out for an image of the size that f was made for.
func (f *forward) run(img *imaging.RGB) {
	n := f.net
	for i, v := range img.Pix {
		if n.raw {
			c := i % 3
			f.image.data[i] = float32((float64(v)/255 - n.mean[c]) / n.std[c])
		} else {
			f.image.data[i] = float32(float64(v>>1) * n.scale)
		}
	}
	for i := range n.layers {
		if n.layers[i].kind == engine.KindMaxPool {
			maxPool(&n.layers[i], f.in[i], &f.out[i])
		} else {
			f.conv(i)
		}
	}
}

// conv computes layer i row by row.
func (f *forward) conv(i int) {
	l, in, out := &f.net.layers[i], f.in[i], &f.out[i]
	k := l.kernel * l.kernel * l.in
	for y := range out.h {
		gather(l, in, y, out.w, f.cols)
		row := out.data[y*out.w*out.c : (y+1)*out.w*out.c]
		for first := 0; first < l.out; first += tileOut {
			group := f.packed[i][first*k : (first+tileOut)*k]
			for x := 0; x < out.w; x += 2 {
				a := f.cols[x*k : (x+1)*k]
				b := a // an odd last pixel is computed twice
				if x+1 < out.w {
					b = f.cols[(x+1)*k : (x+2)*k]
				}
				sa, sb := dot4x2(group, a, b)
				for c := first; c < min(first+tileOut, l.out); c++ {
					row[x*out.c+c] = sa[c-first] + l.bias[c]
					if x+1 < out.w {
						row[(x+1)*out.c+c] = sb[c-first] + l.bias[c]
					}
				}
			}
		}
		finish(l, f.res[i], y, row)
	}
}

// dot4x2 multiplies two input windows, [k] each, with four output channels, [k][tileOut]. Products are rounded before they
// are added, so that the sums are the same on machines with fused multiply-add.
func dot4x2(w, a, b []float32) (sa, sb [tileOut]float32) {
	var a0, a1, a2, a3, b0, b1, b2, b3 float32
	b = b[:len(a)]
	for i, x := range a {
		y := b[i]
		v := (*[tileOut]float32)(w[i*tileOut:])
		a0 += float32(x * v[0])
		b0 += float32(y * v[0])
		a1 += float32(x * v[1])
		b1 += float32(y * v[1])
		a2 += float32(x * v[2])
		b2 += float32(y * v[2])
		a3 += float32(x * v[3])
		b3 += float32(y * v[3])
	}
	return [tileOut]float32{a0, a1, a2, a3}, [tileOut]float32{b0, b1, b2, b3}
}

// finish adds the residual to output row y and applies ReLU.
func finish(l *layer, res *tensor, y int, row []float32) {
	if res != nil {
		for i, v := range res.data[y*len(row) : (y+1)*len(row)] {
			row[i] += v
		}
	}
	if l.relu {
		for i, v := range row {
			row[i] = max(v, 0)
		}
	}
}

// gather copies the input windows of output row y to cols, [outW][kernel][kernel][in], with zeros outside the image.
func gather(l *layer, in *tensor, y, outW int, cols []float32) {
	run := l.kernel * in.c
	pad := l.kernel / 2
	for ky := range l.kernel {
		sy := y*l.stride + ky - pad
		for x := range outW {
			dst := cols[(x*l.kernel+ky)*run : (x*l.kernel+ky+1)*run]
			left := x*l.stride - pad
			from, to := max(left, 0), min(left+l.kernel, in.w)
			if sy < 0 || sy >= in.h || from >= to {
				clear(dst)
				continue
			}
			clear(dst[:(from-left)*in.c])
			copy(dst[(from-left)*in.c:], in.data[(sy*in.w+from)*in.c:(sy*in.w+to)*in.c])
			clear(dst[(to-left)*in.c:])
		}
	}
}

// maxPool takes the maximum over kernel x kernel windows of values that are not negative.
func maxPool(l *layer, in, out *tensor) {
	clear(out.data)
	pad := l.kernel / 2
	for y := range out.h {
		for x := range out.w {
			dst := out.data[(y*out.w+x)*out.c:][:out.c]
			for sy := max(y*l.stride-pad, 0); sy < min(y*l.stride-pad+l.kernel, in.h); sy++ {
				for sx := max(x*l.stride-pad, 0); sx < min(x*l.stride-pad+l.kernel, in.w); sx++ {
					for c, v := range in.data[(sy*in.w+sx)*in.c:][:in.c] {
						dst[c] = max(dst[c], v)
					}
				}
			}
		}
	}
}

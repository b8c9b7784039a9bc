package engine

// conv computes one convolution row by row: it gathers the input patches of an output row, multiplies them group by group
// of output channels, and requantises while the accumulators are hot.
func (r *Runner) conv(op *Op, index int) {
	in, out, mat := r.inputs[index], r.tensors[index], r.net.mats[index]
	for y := 0; y < out.H; y++ {
		x := gather(op, in, y, out.W, r.columns)
		for g := 0; g < mat.Groups(); g++ {
			mat.MulU7(g, x, out.W, r.acc)
			first := g * GroupRows
			r.requantRow(op, index, y, first, min(GroupRows, op.Out-first))
		}
	}
}

// gather copies the input windows of output row y: dst is [outW][Kernel][Kernel][In].
func gather(op *Op, in *Tensor, y, outW int, dst []uint8) []uint8 {
	run := op.Kernel * op.In
	n := run * op.Kernel
	for ky := 0; ky < op.Kernel; ky++ {
		src := in.at(y*op.Stride+ky-op.Pad, -op.Pad)
		for x := 0; x < outW; x++ {
			copy(dst[x*n+ky*run:x*n+(ky+1)*run], src[x*op.Stride*op.In:])
		}
	}
	return dst[:outW*n]
}

// requantRow turns the accumulators acc, [outW][GroupRows], into channels first..first+count of output row y.
func (r *Runner) requantRow(op *Op, index, y, first, count int) {
	out, res := r.tensors[index], r.resids[index]
	lo, hi := float32(0), float32(127)
	if op.Signed {
		lo = -127
	}
	signedRes := r.signed[index]
	bias, scale := op.Bias[first:first+count], op.Scale[first:first+count]
	row := out.Row(y)
	var resRow []uint8
	if res != nil {
		resRow = res.Row(y)
	}
	for x := 0; x < out.W; x++ {
		acc := r.acc[x*GroupRows : x*GroupRows+count]
		dst := row[x*out.C+first : x*out.C+first+count]
		for c := range dst {
			t := float32(float32(acc[c]+bias[c]) * scale[c])
			if res != nil {
				v := float32(resRow[x*out.C+first+c])
				if signedRes {
					v = float32(int8(resRow[x*out.C+first+c]))
				}
				t = float32(t + float32(v*op.ResidualScale))
			}
			dst[c] = uint8(Requantize(t, lo, hi))
		}
	}
}

// convRaw is the stem on raw pixels with int16 weights: 255 * 2047 needs more bits than a packed field has.
func (r *Runner) convRaw(op *Op, index int) {
	in, out := r.inputs[index], r.tensors[index]
	k := op.Kernel * op.Kernel * op.In
	for y := 0; y < out.H; y++ {
		cols := gather(op, in, y, out.W, r.columns)
		for first := 0; first < op.Out; first += GroupRows {
			count := min(GroupRows, op.Out-first)
			for x := 0; x < out.W; x++ {
				patch := cols[x*k : (x+1)*k]
				for c := 0; c < count; c++ {
					w := op.Weight16[(first+c)*k : (first+c+1)*k]
					var sum int32
					for i, v := range patch {
						sum += int32(v) * int32(w[i])
					}
					r.acc[x*GroupRows+c] = sum
				}
			}
			r.requantRow(op, index, y, first, count)
		}
	}
}

// maxPool takes the maximum over Kernel x Kernel windows; the zero border is neutral for u7.
func maxPool(op *Op, in, out *Tensor) {
	for y := 0; y < out.H; y++ {
		row := out.Row(y)
		clear(row)
		for ky := 0; ky < op.Kernel; ky++ {
			src := in.at(y*op.Stride+ky-op.Pad, -op.Pad)
			for x := 0; x < out.W; x++ {
				dst := row[x*out.C : (x+1)*out.C]
				for kx := 0; kx < op.Kernel; kx++ {
					s := src[(x*op.Stride+kx)*out.C:][:out.C]
					for c, v := range s {
						dst[c] = max(dst[c], v)
					}
				}
			}
		}
	}
}

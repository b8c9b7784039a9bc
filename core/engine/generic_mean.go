package engine

func (genericKernels) LocalMean(c *MeanCall) {
	n := c.W * c.C
	column, sums := c.Scratch[:n], c.Scratch[4*n:]
	for y := range c.H {
		row := sums[y*n:][:n]
		c.boxRow(y, column, row)
		if !c.Up {
			c.requantiseRow(y, row)
		}
	}
	if !c.Up {
		return
	}
	out := c.Scratch[:2*n]
	for y := range 2 * c.H {
		upsampleRow(sums[y/2*n:][:n], sums[neighbour(y, c.H)*n:][:n], c.W, c.C, out)
		c.requantiseRow(y, out)
	}
}

// Sums writes the sums before requantisation to dst, [positions][C], for calibration.
func (c *MeanCall) Sums(dst []uint16) {
	h, w := c.H, c.W
	if c.Up {
		h, w = 2*h, 2*w
	}
	for y := range h {
		for x := range w {
			for ch := range c.C {
				dst[(y*w+x)*c.C+ch] = uint16(c.sum(y, x, ch))
			}
		}
	}
}

// boxRow writes the 3x3 sums of row y, [W][C]; column, of the same size, is overwritten.
func (c *MeanCall) boxRow(y int, column, dst []uint16) {
	for x := range c.W {
		up, mid, down := c.In.at(clampTo(y-1, c.H), x), c.In.at(y, x), c.In.at(clampTo(y+1, c.H), x)
		a, b, d := c.In.Data[up:][:c.C], c.In.Data[mid:][:c.C], c.In.Data[down:][:c.C]
		for i := range column[x*c.C:][:c.C] {
			column[x*c.C+i] = uint16(a[i]) + uint16(b[i]) + uint16(d[i])
		}
	}
	for x := range c.W {
		l, m, r := column[max(x-1, 0)*c.C:][:c.C], column[x*c.C:][:c.C], column[min(x+1, c.W-1)*c.C:][:c.C]
		out := dst[x*c.C:][:c.C]
		for i := range out {
			out[i] = l[i] + m[i] + r[i]
		}
	}
}

// upsampleRow writes [2W][C] from the two rows that an output row lies between.
func upsampleRow(near, far []uint16, w, ch int, dst []uint16) {
	for x := range 2 * w {
		x0, x1 := x/2*ch, neighbour(x, w)*ch
		a, b, c, d := near[x0:][:ch], near[x1:][:ch], far[x0:][:ch], far[x1:][:ch]
		out := dst[x*ch:][:ch]
		for i := range out {
			out[i] = 9*a[i] + 3*b[i] + 3*c[i] + d[i]
		}
	}
}

// requantiseRow writes output row y from its sums.
func (c *MeanCall) requantiseRow(y int, sums []uint16) {
	for x := 0; (x+1)*c.C <= len(sums); x++ {
		dst, s := c.Out.Data[c.Out.at(y, x):][:c.C], sums[x*c.C:][:c.C]
		for i, m := range c.Scale {
			dst[i] = uint8(Requantize(float32(float32(s[i])*m), 0, 127))
		}
	}
}

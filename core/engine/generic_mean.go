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
	c.columnSums(y, column)
	for x := range c.W {
		before, left := c.inside(x-1, c.W)
		after, right := c.inside(x+1, c.W)
		l, m, r := column[before*c.C:][:c.C], column[x*c.C:][:c.C], column[after*c.C:][:c.C]
		out := dst[x*c.C:][:c.C]
		for i := range out {
			out[i] = left*l[i] + m[i] + right*r[i]
		}
	}
}

// columnSums writes the sums over rows y-1..y+1, [W][C].
func (c *MeanCall) columnSums(y int, column []uint16) {
	above, up := c.inside(y-1, c.H)
	below, down := c.inside(y+1, c.H)
	for x := range c.W {
		a, b, d := c.In.Data[c.In.at(above, x):][:c.C], c.In.Data[c.In.at(y, x):][:c.C], c.In.Data[c.In.at(below, x):][:c.C]
		for i := range column[x*c.C:][:c.C] {
			column[x*c.C+i] = up*uint16(a[i]) + uint16(b[i]) + down*uint16(d[i])
		}
	}
}

// inside returns the nearest index inside of an axis of n positions, and how often it counts.
func (c *MeanCall) inside(i, n int) (index int, weight uint16) {
	if index = clampTo(i, n); c.Zeros && index != i {
		return index, 0
	}
	return index, 1
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

package engine

import "anomnet/core/engine/internal/x86"

// minVector is the fewest channels that the assembly takes; no model has fewer in a pool or a tap.
const minVector = 16

// MaxPool is described at Kernels. Networks pool over 3 x 3; other windows are left to the generic tier.
func (k x86Kernels) MaxPool(c *PoolCall) {
	if c.C < minVector || c.Kernel != 3 || c.W < 1 {
		Generic().MaxPool(c)
		return
	}
	for y := range c.H {
		in, out := c.In.at(y, 0), c.Out.at(y, 0)
		src, dst := c.In.Data[in:in+(c.W-1)*c.In.Col+2*(c.RowStep+c.ColStep)+c.C], c.Out.Data[out:out+(c.W-1)*c.Out.Col+c.C]
		x86.Maximum3(&dst[0], &src[0], c.C, c.RowStep, c.ColStep, c.Out.Col, c.In.Col, c.W)
	}
}

// LocalMean is described at Kernels.
func (k x86Kernels) LocalMean(c *MeanCall) {
	if c.C < minVector || c.In.Col != c.C || c.H < 1 || c.W < 1 {
		Generic().LocalMean(c)
		return
	}
	if c.Zeros {
		clear(c.outside())
	}
	if c.Up {
		x86MeanUp(c)
		return
	}
	n := c.W * c.C
	for y := range c.H {
		sums := c.Scratch[:n]
		x86BoxRow(c, y, sums, c.Scratch[n:2*n])
		x86MeanRow(c, y, c.W, sums)
	}
}

// x86BoxRow writes the sums of row y over 3x3 neighbours to dst, [W][C]. column has the same length and is overwritten.
func x86BoxRow(c *MeanCall, y int, dst, column []uint16) {
	n := c.W * c.C
	if c.Zeros && (y == 0 || y == c.H-1) {
		c.columnSums(y, column) // two rows of many
	} else {
		row := func(y int) *uint8 { at := c.In.at(clampTo(y, c.H), 0); return &c.In.Data[at : at+n][0] }
		x86.Add3(&column[0], row(y-1), row(y), row(y+1), n)
	}
	at := func(x int) *uint16 {
		inside := clampTo(x, c.W)
		if c.Zeros && inside != x {
			return &c.outside()[0]
		}
		return &column[inside*c.C]
	}
	for _, x := range []int{0, c.W - 1} {
		x86.Add3Wide(&dst[x*c.C], at(x-1), at(x), at(x+1), c.C)
	}
	if c.W > 2 {
		x86.Add3Wide(&dst[c.C], at(0), at(1), at(2), n-2*c.C)
	}
}

// outside returns a place in the scratch that nothing else uses, [C]: the zeros beside the tap.
func (c *MeanCall) outside() []uint16 { return c.Scratch[3*c.W*c.C:][:c.C] }

// x86MeanRow requantises w positions of output row y.
func x86MeanRow(c *MeanCall, y, w int, sums []uint16) {
	at, n := c.Out.at(y, 0), (w-1)*c.Out.Col+c.C
	x86.Requantise(&c.Out.Data[at : at+n][0], c.Out.Col, &sums[0], &c.Scale[:c.C][0], c.C, w)
}

// x86MeanUp keeps the sums of all rows, blends two for every output row, and then neighbours along the row.
func x86MeanUp(c *MeanCall) {
	n := c.W * c.C
	blended, out, sums := c.Scratch[:n], c.Scratch[n:3*n], c.Scratch[4*n:]
	for y := range c.H {
		x86BoxRow(c, y, sums[y*n:][:n], blended)
	}
	for y := range 2 * c.H {
		x86.Blend(&blended[0], &sums[y/2*n], &sums[neighbour(y, c.H)*n], n)
		for x := range 2 * c.W {
			x86.Blend(&out[x*c.C], &blended[x/2*c.C], &blended[neighbour(x, c.W)*c.C], c.C)
		}
		x86MeanRow(c, y, 2*c.W, out)
	}
}

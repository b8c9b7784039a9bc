package engine

import "anomnet/core/engine/internal/x86"

// zeros starts the first of two passes.
var zeros [x86.MaxChannels]int32

// Run computes panel by panel, so that the weights of a panel stay in the cache.
func (k *x86Conv) Run(c *ConvCall) {
	call := k.flat(c)
	if call.H < 1 || call.W < 1 {
		return
	}
	k.mustHold(&call)
	t := x86.Tile{Rows: k.conv.Rows, Run: k.run, RowSkip: call.RowStep - k.run, Passes: k.passes, ResScale: k.conv.ResidualScale, Low: k.conv.Low,
		High: k.conv.High}
	for panel := range k.panels {
		first := panel * k.shape.Channels
		t.Weights, t.Bias, t.Scale = &k.weight[panel*k.panel], &k.bias[first], &k.scale[first]
		if t.Init = t.Bias; k.passes == 2 {
			t.Init = &zeros[0]
		}
		k.runPanel(&t, &call, first)
	}
}

// flat returns the call as one row if the positions of its rows follow each other in all planes.
func (k *x86Conv) flat(c *ConvCall) ConvCall {
	call := *c
	row := func(p *Plane) bool { return p.Row == c.W*p.Col }
	if row(&c.In) && row(&c.Out) && (k.conv.Residual == NoResidual || row(&c.Res)) {
		call.H, call.W = 1, c.H*c.W
	}
	return call
}

// mustHold panics if a plane is too short: the assembly checks nothing.
func (k *x86Conv) mustHold(c *ConvCall) {
	last := func(p *Plane, n int) { _ = p.Data[p.at(c.H-1, c.W-1)+n-1] }
	last(&c.In, (k.conv.Rows-1)*c.RowStep+k.run)
	last(&c.Out, k.conv.Out)
	if k.conv.Residual != NoResidual {
		last(&c.Res, k.conv.Out)
	}
	if c.Factor != nil {
		_ = c.Factor[c.H*c.W-1]
	}
}

// runPanel computes the output channels from first on for all positions. Tiles that lie in one row go to the assembly together. A tile that
// the end of a row cuts goes on in the next one, and the last repeats the last position.
func (k *x86Conv) runPanel(t *x86.Tile, c *ConvCall, first int) {
	if k.conv.Out-first < k.shape.Channels {
		k.runTail(t, c, first)
		return
	}
	n, size := c.H*c.W, k.shape.Positions
	for p := 0; p < n; {
		y, x := p/c.W, p%c.W
		count := max(1, (c.W-x)/size)
		t.Count = count
		k.place(&t.In, c, &c.In, y, x, 0)
		k.place(&t.Out, c, &c.Out, y, x, first)
		if k.conv.Residual != NoResidual {
			k.place(&t.Res, c, &c.Res, y, x, first)
		}
		k.placeFactor(t, c, p)
		k.shape.Run(t)
		p += count * size
	}
}

// place points a stream at the tiles that start at position (y, x).
func (k *x86Conv) place(s *x86.Stream[uint8], c *ConvCall, p *Plane, y, x, first int) {
	start := p.at(y, x)
	*s = x86.Stream[uint8]{Base: &p.Data[start+first], Step: k.shape.Positions * p.Col}
	for i := range k.shape.Positions {
		s.At[i] = p.at(y, x) - start
		if x+1 < c.W {
			x++
		} else if y+1 < c.H {
			y, x = y+1, 0
		}
	}
}

func (k *x86Conv) placeFactor(t *x86.Tile, c *ConvCall, p int) {
	if c.Factor == nil {
		return
	}
	t.Factor = x86.Stream[float32]{Base: &c.Factor[p], Step: 4 * k.shape.Positions}
	for i := range k.shape.Positions {
		t.Factor.At[i] = 4 * min(i, c.H*c.W-1-p) // Factor may be longer
	}
}

// runTail computes the last, partial panel tile by tile in a buffer of whole panels, so that the assembly touches nothing beside its channels.
func (k *x86Conv) runTail(t *x86.Tile, c *ConvCall, first int) {
	half := k.shape.Positions * k.shape.Channels
	out, res := c.Scratch[:half], c.Scratch[half:2*half]
	width, size := k.conv.Out-first, k.shape.Positions
	whole := x86.Stream[uint8]{}
	for i := range size {
		whole.At[i] = i * k.shape.Channels
	}
	for p := 0; p < c.H*c.W; p += size {
		y, x := p/c.W, p%c.W
		t.Count = 1
		k.place(&t.In, c, &c.In, y, x, 0)
		k.placeFactor(t, c, p)
		t.Out = whole
		t.Out.Base = &out[0]
		if k.conv.Residual != NoResidual {
			t.Res = whole
			t.Res.Base = &res[0]
			k.copyTail(c, p, func(i, y, x int) { copy(res[i*k.shape.Channels:][:width], c.Res.Data[c.Res.at(y, x)+first:]) })
		}
		k.shape.Run(t)
		k.copyTail(c, p, func(i, y, x int) { copy(c.Out.Data[c.Out.at(y, x)+first:][:width], out[i*k.shape.Channels:]) })
	}
}

// copyTail calls f for every position of the tile that starts at position p.
func (k *x86Conv) copyTail(c *ConvCall, p int, f func(i, y, x int)) {
	for i := range min(k.shape.Positions, c.H*c.W-p) {
		f(i, (p+i)/c.W, (p+i)%c.W)
	}
}

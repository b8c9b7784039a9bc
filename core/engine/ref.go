package engine

import "fmt"

// refKernels is the definition: plain loops over the formulas of kernels.go.
type refKernels struct{}

// Ref returns the definition of the operations, for tests.
func Ref() Kernels { return refKernels{} }

func (refKernels) Name() string { return "ref" }

func (refKernels) NewConv(c *Conv) (ConvKernel, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return &refConv{*c}, nil
}

type refConv struct{ conv Conv }

func (k *refConv) Scratch(*ConvCall) int { return 0 }

func (k *refConv) Run(c *ConvCall) {
	for p := range c.H * c.W {
		y, x := p/c.W, p%c.W
		for o := range k.conv.Out {
			t := float32(float32(k.dot(c, y, x, o)) * k.conv.Scale[o])
			if c.Factor != nil {
				t = float32(t * c.Factor[p])
			}
			switch res := c.Res.at(y, x) + o; k.conv.Residual {
			case ResidualU7:
				t = float32(t + float32(float32(c.Res.Data[res])*k.conv.ResidualScale))
			case ResidualI8:
				t = float32(t + float32(float32(int8(c.Res.Data[res]))*k.conv.ResidualScale))
			}
			c.Out.Data[c.Out.at(y, x)+o] = uint8(Requantize(t, k.conv.Low, k.conv.High))
		}
	}
}

// dot returns the accumulator of channel o at position (y, x).
func (k *refConv) dot(c *ConvCall, y, x, o int) int32 {
	acc := k.conv.Bias[o]
	for r := range k.conv.Rows {
		for i := range k.conv.Run {
			v, w := int32(c.In.Data[c.In.at(y, x)+r*c.RowStep+i]), (o*k.conv.Rows+r)*k.conv.Run+i
			if k.conv.Weight16 != nil {
				acc += v * int32(k.conv.Weight16[w])
			} else {
				acc += v * int32(k.conv.Weight[w])
			}
		}
	}
	return acc
}

func (refKernels) NewSearch(d int) (Search, error) {
	if d < 1 {
		return nil, fmt.Errorf("engine: search rows of %d values", d)
	}
	return &refSearch{d: d}, nil
}

type refSearch struct {
	d    int
	rows []int8
}

func (s *refSearch) Append(row []int8) { s.rows = append(s.rows, row[:s.d]...) }

func (s *refSearch) Len() int { return len(s.rows) / s.d }

func (s *refSearch) Nearest(e []int8, n, from int, d2 []int32) {
	for i := range n {
		for j := from; j < s.Len(); j++ {
			var sum int32
			for c, v := range s.rows[j*s.d : (j+1)*s.d] {
				d := int32(e[i*s.d+c]) - int32(v)
				sum += d * d
			}
			d2[i] = min(d2[i], sum)
		}
	}
}

func (refKernels) MaxPool(c *PoolCall) {
	for y := range c.H {
		for x := range c.W {
			for ch := range c.C {
				var m uint8
				for k := range c.Kernel * c.Kernel {
					m = max(m, c.In.Data[c.In.at(y, x)+k/c.Kernel*c.RowStep+k%c.Kernel*c.ColStep+ch])
				}
				c.Out.Data[c.Out.at(y, x)+ch] = m
			}
		}
	}
}

func (refKernels) LocalMean(c *MeanCall) {
	h, w := c.H, c.W
	if c.Up {
		h, w = 2*h, 2*w
	}
	for y := range h {
		for x := range w {
			for ch := range c.C {
				c.Out.Data[c.Out.at(y, x)+ch] = uint8(Requantize(float32(float32(c.sum(y, x, ch))*c.Scale[ch]), 0, 127))
			}
		}
	}
}

// sum returns the sum of channel ch at a position of the output.
func (c *MeanCall) sum(y, x, ch int) int32 {
	if !c.Up {
		return c.boxSum(y, x, ch)
	}
	y0, x0, y1, x1 := y/2, x/2, neighbour(y, c.H), neighbour(x, c.W)
	return 9*c.boxSum(y0, x0, ch) + 3*c.boxSum(y0, x1, ch) + 3*c.boxSum(y1, x0, ch) + c.boxSum(y1, x1, ch)
}

// boxSum returns the sum over the 3x3 neighbours of a position.
func (c *MeanCall) boxSum(y, x, ch int) int32 {
	var sum int32
	for k := range 9 {
		sy, sx := y+k/3-1, x+k%3-1
		if iy, ix := clampTo(sy, c.H), clampTo(sx, c.W); !c.Zeros || iy == sy && ix == sx {
			sum += int32(c.In.Data[c.In.at(iy, ix)+ch])
		}
	}
	return sum
}

// neighbour returns the second source index of upsampled position p: the one before for even p, the one after for odd.
func neighbour(p, n int) int { return clampTo(p/2-1+p%2*2, n) }

func clampTo(i, n int) int { return min(max(i, 0), n-1) }

package engine

import "math"

// genericKernels is blocked, portable Go.
type genericKernels struct{}

// Generic returns the portable tier.
func Generic() Kernels { return genericKernels{} }

func (genericKernels) Name() string { return "generic" }

func (genericKernels) NewConv(c *Conv) (ConvKernel, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	k := &genericConv{conv: *c}
	if c.Weight16 != nil {
		return k, nil
	}
	cols := c.Rows * c.Run
	for o := range c.Out {
		k.packed.append(c.Weight[o*cols:(o+1)*cols], o)
	}
	k.conv.Weight = nil
	return k, nil
}

type genericConv struct {
	conv   Conv
	packed packed
}

// Scratch holds the gathered windows of one output row and one group of its accumulators.
func (k *genericConv) Scratch(c *ConvCall) int { return c.W*k.conv.Rows*k.conv.Run + 4*groupRows*c.W }

// Run works row by row: it gathers the input windows of an output row, multiplies them group by group of output channels, and requantises
// while the accumulators are hot.
func (k *genericConv) Run(c *ConvCall) {
	cols := k.conv.Rows * k.conv.Run
	var acc [groupRows]int32
	for y := range c.H {
		x := k.gather(c, y)
		for first := 0; first < k.conv.Out; first += groupRows {
			n := min(groupRows, k.conv.Out-first)
			for p := range c.W {
				v := x[p*cols : (p+1)*cols]
				if k.conv.Weight16 != nil {
					k.dot16(v, first, acc[:n])
				} else {
					dot12(v, k.packed.group(first/groupRows, cols), &acc)
				}
				k.requantise(c, y, p, first, acc[:n])
			}
		}
	}
}

// gather copies the windows of output row y to [W][Rows][Run].
func (k *genericConv) gather(c *ConvCall, y int) []uint8 {
	for r := range k.conv.Rows {
		for x := range c.W {
			copy(c.Scratch[(x*k.conv.Rows+r)*k.conv.Run:][:k.conv.Run], c.In.Data[c.In.at(y, x)+r*c.RowStep:])
		}
	}
	return c.Scratch[:c.W*k.conv.Rows*k.conv.Run]
}

// dot16 multiplies one window with int16 weights: 255 * 2047 needs more bits than a packed field has.
func (k *genericConv) dot16(x []uint8, first int, acc []int32) {
	for j := range acc {
		w := k.conv.Weight16[(first+j)*len(x):][:len(x)]
		var sum int32
		for i, v := range x {
			sum += int32(v) * int32(w[i])
		}
		acc[j] = sum
	}
}

// requantise turns accumulators into channels first.. of output position (y, x).
func (k *genericConv) requantise(c *ConvCall, y, x, first int, acc []int32) {
	bias, scale := k.conv.Bias[first:][:len(acc)], k.conv.Scale[first:][:len(acc)]
	dst := c.Out.Data[c.Out.at(y, x)+first:][:len(acc)]
	factor := float32(1) // multiplying by it changes nothing
	if c.Factor != nil {
		factor = c.Factor[y*c.W+x]
	}
	if k.conv.Residual == NoResidual {
		for i, a := range acc {
			dst[i] = uint8(Requantize(float32(float32(float32(a+bias[i])*scale[i])*factor), k.conv.Low, k.conv.High))
		}
		return
	}
	res := c.Res.Data[c.Res.at(y, x)+first:][:len(acc)]
	for i, a := range acc {
		v := float32(res[i])
		if k.conv.Residual == ResidualI8 {
			v = float32(int8(res[i]))
		}
		t := float32(float32(float32(a+bias[i])*scale[i]) * factor)
		dst[i] = uint8(Requantize(float32(t+float32(v*k.conv.ResidualScale)), k.conv.Low, k.conv.High))
	}
}

func (genericKernels) NewSearch(d int) (Search, error) {
	if _, err := (refKernels{}).NewSearch(d); err != nil {
		return nil, err
	}
	return &genericSearch{d: d}, nil
}

type genericSearch struct {
	d      int
	packed packed
	norms  []int32 // |row|^2
}

func (s *genericSearch) Append(row []int8) {
	s.packed.append(row[:s.d], len(s.norms))
	s.norms = append(s.norms, squaredNorm(row))
}

func (s *genericSearch) Len() int { return len(s.norms) }

// Nearest takes vectors in blocks, so that a group of rows is read from the cache for each.
func (s *genericSearch) Nearest(e []int8, n, from int, d2 []int32) {
	const block = 64
	var best [block]int32
	var acc [groupRows]int32
	for first := 0; first < n; first += block {
		count := min(block, n-first)
		for i := range best[:count] {
			best[i] = math.MaxInt32
		}
		for g := from / groupRows; g*groupRows < len(s.norms); g++ {
			w, norms := s.packed.group(g, s.d), s.norms[g*groupRows:min((g+1)*groupRows, len(s.norms))]
			for i := range best[:count] {
				dot12(e[(first+i)*s.d:][:s.d], w, &acc)
				for j, norm := range norms {
					best[i] = min(best[i], norm-2*acc[j])
				}
			}
		}
		if from >= len(s.norms) {
			continue
		}
		for i, b := range best[:count] {
			d2[first+i] = min(d2[first+i], b+squaredNorm(e[(first+i)*s.d:][:s.d]))
		}
	}
}

func squaredNorm(v []int8) int32 {
	var sum int32
	for _, x := range v {
		sum += int32(x) * int32(x)
	}
	return sum
}

func (genericKernels) MaxPool(c *PoolCall) {
	for y := range c.H {
		for x := range c.W {
			dst := c.Out.Data[c.Out.at(y, x):][:c.C]
			clear(dst)
			for ky := range c.Kernel {
				for kx := range c.Kernel {
					for i, v := range c.In.Data[c.In.at(y, x)+ky*c.RowStep+kx*c.ColStep:][:c.C] {
						dst[i] = max(dst[i], v)
					}
				}
			}
		}
	}
}

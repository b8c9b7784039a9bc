package engine

import (
	"fmt"

	"anomnet/core/engine/internal/x86"
)

// nativeTiers lists the tiers that the assembly of package x86 offers on this machine.
func nativeTiers() []Kernels {
	var list []Kernels
	if x86.HasAVX2() {
		list = append(list, x86Kernels{x86.AVX2})
	}
	if x86.HasVNNI() {
		list = append(list, x86Kernels{x86.VNNI})
	}
	return list
}

// x86Kernels is a tier of an amd64 instruction set.
type x86Kernels struct{ isa x86.ISA }

func (k x86Kernels) Name() string { return k.isa.String() }

// NewConv packs the weights for the register tile that fits best.
func (k x86Kernels) NewConv(c *Conv) (ConvKernel, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	s := k.isa.Fit(c.Out)
	panels, run := (c.Out+s.Channels-1)/s.Channels, (c.Run+3)/4*4
	p := &x86Conv{conv: *c, shape: s, panels: panels, run: run, passes: 1, bias: make([]int32, panels*s.Channels), scale: make([]float32, panels*s.Channels)}
	p.conv.Weight, p.conv.Weight16 = nil, nil
	if c.Weight16 != nil {
		p.passes = 2
	}
	copy(p.bias, c.Bias)
	copy(p.scale, c.Scale)
	p.panel = p.passes * c.Rows * run * s.Channels
	p.weight = make([]int8, max(panels*p.panel, 1024)) // so large that it starts where a cache line starts
	for o := range c.Out {
		if err := p.pack(c, o); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// x86Conv is a convolution packed for register tiles. Int16 weights are split into two int8, w = high << PassShift + low, for two passes over
// the same input; |low| and |high| are at most 32, so that sums of pairs fit into int16 even for inputs up to 255.
type x86Conv struct {
	conv   Conv // without weights
	shape  x86.Shape
	panels int // of shape.Channels output channels each
	panel  int // bytes of one
	run    int // Conv.Run, rounded up to whole groups of four
	passes int
	weight []int8 // [panels][passes][Rows][run/4][Channels][4]
	bias   []int32
	scale  []float32
}

// pack puts the weights of output channel o in place.
func (k *x86Conv) pack(c *Conv, o int) error {
	panel, lane := k.weight[o/k.shape.Channels*k.panel:], o%k.shape.Channels
	pass := k.panel / k.passes
	for r := range c.Rows {
		for i := range c.Run {
			at, from := ((r*k.run+i)/4*k.shape.Channels+lane)*4+i%4, (o*c.Rows+r)*c.Run+i
			if c.Weight16 == nil {
				panel[at] = c.Weight[from]
				continue
			}
			w := int(c.Weight16[from])
			if w < -2047 || w > 2047 {
				return fmt.Errorf("engine: conv has an int16 weight of %d", w)
			}
			high := (w + 1<<(x86.PassShift-1)) >> x86.PassShift
			panel[at], panel[pass+at] = int8(high), int8(w-high<<x86.PassShift)
		}
	}
	return nil
}

// Scratch is described at ConvKernel: a tile of outputs and one of residuals, if the last panel is partial.
func (k *x86Conv) Scratch(*ConvCall) int {
	if k.conv.Out%k.shape.Channels == 0 {
		return 0
	}
	return 2 * k.shape.Positions * k.shape.Channels
}

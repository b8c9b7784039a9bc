package importer

import (
	"context"
	"fmt"
	"math"

	"anomnet/core/engine"
)

// Layer is a layer of a [Float] network: y = relu(conv(x) + residual), or a maximum pool, padded by Kernel/2.
type Layer struct {
	Name, Input, Residual   string // Input may be engine.ImageInput; Residual may be empty
	Pool                    bool
	In, Out, Kernel, Stride int
	ReLU                    bool
	Weight                  []float32 // [Out][In][Kernel][Kernel]; nil for a pool
	Bias                    []float32 // [Out]
}

// Float is a float network with batch norm folded, for programs that run it elsewhere (package distill). With Raw the network sees
// (pixel/255 - Mean) / Std, otherwise (pixel >> 1) * Scale. Taps are layers; Strides are theirs.
type Float struct {
	Raw       bool
	Scale     float64
	Mean, Std [3]float64
	Layers    []Layer
	Taps      []string
	Strides   []int
}

// ReadFloat reads weights as [Import] does. Description and taps are for [ArchPlain] only.
func ReadFloat(weights []byte, arch string, description []byte, taps []string) (*Float, error) {
	o := Options{Weights: weights, Arch: arch, Description: description, Taps: taps}
	n, err := o.network()
	if err != nil {
		return nil, err
	}
	f := &Float{Raw: n.raw, Scale: n.scale, Mean: n.mean, Std: n.std, Taps: n.taps}
	for i := range n.layers {
		l := &n.layers[i]
		f.Layers = append(f.Layers, Layer{Name: l.name, Input: l.input, Residual: l.residual, Pool: l.kind == engine.KindMaxPool, In: l.in, Out: l.out,
			Kernel: l.kernel, Stride: l.stride, ReLU: l.relu, Weight: l.weight, Bias: l.bias})
	}
	g := n.skeleton()
	for i := range n.taps {
		_, stride := g.TapShape(i)
		f.Strides = append(f.Strides, stride)
	}
	return f, nil
}

// Calibrate returns the step of every layer of a network, by name, as [Import] chooses it: value = integer * step.
func Calibrate(ctx context.Context, opt Options) (map[string]float64, error) {
	opt.HeldOut = opt.Images // nothing is measured
	if err := opt.complete(); err != nil {
		return nil, err
	}
	n, err := opt.network()
	if err != nil {
		return nil, err
	}
	s, err := calibrate(ctx, &opt, n)
	if err != nil {
		return nil, err
	}
	steps := map[string]float64{}
	for i := range n.layers {
		steps[n.layers[i].name] = s.layer[i]
	}
	return steps, nil
}

// QuantiseChannel returns the integers of one output channel of weights, in any order, as [Import] makes them: weights are q * step, the bias is
// bias * step * in, and scale brings a sum of products to steps of the output. in and out are the steps of the layer's input and output.
func QuantiseChannel(w []float32, b float32, in, out float64) (q []int8, bias int32, scale float32, step float64) {
	op := engine.Op{Weight: make([]int8, len(w)), Bias: make([]int32, 1), Scale: make([]float32, 1)}
	wide := make([]float64, len(w))
	for i, v := range w {
		wide[i] = float64(v)
	}
	step = quantiseChannel(&op, 0, wide, float64(b), in, out)
	return op.Weight, op.Bias[0], op.Scale[0], step
}

// fixedSteps returns the steps that a description gives, by layer; nil where it gives none. All convolutions must have one or none.
func (n *network) fixedSteps() (*steps, error) {
	given, convs := 0, 0
	s := &steps{image: n.scale, layer: make([]float64, len(n.layers))}
	at := n.index()
	for i := range n.layers {
		l := &n.layers[i]
		if l.kind != engine.KindConv {
			s.layer[i] = s.of(at[l.input])
			continue
		}
		convs++
		if l.step == 0 {
			continue
		}
		given++
		if !(l.step > 0) || math.IsInf(l.step, 0) {
			return nil, descriptionErr(l.name, "step %v, want a positive number", l.step)
		}
		s.layer[i] = l.step
	}
	switch given {
	case 0:
		return nil, nil
	case convs:
		return s, nil
	}
	return nil, fmt.Errorf("importer: description: %d of %d layers have a step, want all or none", given, convs)
}

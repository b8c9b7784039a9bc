package importer

import (
	"fmt"

	"anomnet/core/engine"
)

// layer is a float convolution or a maximum pool. Activations are [H][W][C].
type layer struct {
	name, input, residual   string
	file                    string // its name in the weights, if another
	kind                    engine.Kind
	in, out, kernel, stride int
	relu                    bool
	step                    float64   // of the output, given by a description; 0: to be calibrated
	weight                  []float32 // [out][in][kernel][kernel]
	bias                    []float32 // [out]
}

// network is a float backbone: layers in order of execution.
type network struct {
	raw       bool       // pixels are normalised with mean and std; otherwise pixel >> 1 is multiplied by scale
	scale     float64    // of u7 pixels
	mean, std [3]float64 // of pixel / 255
	layers    []layer
	taps      []string
}

// index returns the place of every layer; the image has place -1.
func (n *network) index() map[string]int {
	at := map[string]int{engine.ImageInput: -1}
	for i := range n.layers {
		at[n.layers[i].name] = i
	}
	return at
}

// skeleton returns the integer graph of n with weights of zero, for quantise to fill and for check to validate.
func (n *network) skeleton() *engine.Graph {
	g := &engine.Graph{Input: engine.InputU7, Taps: n.taps}
	if n.raw {
		g.Input = engine.InputRaw
	}
	for i := range n.layers {
		l := &n.layers[i]
		op := engine.Op{
			Name: l.name, Kind: l.kind, Input: l.input, Residual: l.residual, In: l.in, Out: l.out,
			Kernel: l.kernel, Stride: l.stride, Pad: l.kernel / 2,
		}
		if l.kind == engine.KindConv {
			op.Signed = !l.relu
			op.Bias, op.Scale = make([]int32, l.out), make([]float32, l.out)
			for o := range op.Scale {
				op.Scale[o] = 1
			}
			if n.raw && l.input == engine.ImageInput {
				op.Weight16 = make([]int16, len(l.weight))
			} else {
				op.Weight = make([]int8, len(l.weight))
			}
		}
		if l.residual != "" {
			op.ResidualScale = 1
		}
		g.Ops = append(g.Ops, op)
	}
	return g
}

// check validates n by the rules of the engine: the shapes, the order, and that values without ReLU are only ever added.
func (n *network) check() error {
	if err := n.skeleton().Validate(); err != nil {
		return fmt.Errorf("importer: %w", err)
	}
	return nil
}

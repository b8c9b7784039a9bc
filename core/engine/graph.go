// Package engine runs small convolutional networks in integer arithmetic that gives the same bits everywhere.
//
// A Graph describes the network (a closed set of operations), a Net is a graph that was checked and packed for one kernel
// tier, and a Runner holds the buffers for one image size. The arithmetic is the numeric contract of docs/model-format.md:
// activations are u7 (0..127), weights int8 (or int16 of 12 bits in a raw-pixel stem), accumulators int32 and exact, and
// requantisation is a fixed sequence of float32 operations, each rounded on its own. Tiers differ in speed, never in bits.
//
// Limits: a Runner is for one goroutine; a Net may be shared.
package engine

import (
	"errors"
	"fmt"
	"math"
)

// InputKind says how pixels enter the first layer.
type InputKind string

const (
	// InputU7 feeds pixel >> 1, padded with 0: the stem is then a layer like any other.
	InputU7 InputKind = "u7"
	// InputRaw feeds pixels 0..255 to int16 weights, padded with Graph.PadValue (the mean colour).
	InputRaw InputKind = "raw8"
)

// Kind is an operation of the closed set.
type Kind string

const (
	// KindConv is a convolution with requantisation and, if Residual is set, an addition before clamping.
	KindConv Kind = "conv"
	// KindMaxPool is a maximum over a window; u7 values make zero padding neutral.
	KindMaxPool Kind = "maxpool"
)

// ImageInput is the name by which an Op refers to the image.
const ImageInput = "image"

// Limits of a graph; a file that asks for more is refused.
const (
	maxOps      = 256
	maxChannels = 4096
	maxKernel   = 7
	maxStride   = 32
)

// Op is one operation. Activations are [H][W][C]. For KindConv the accumulator is Bias[o] + sum x*w, exact in int32, and
//
//	t = f32(acc) * Scale[o]                       (rounded)
//	t = t + f32(res) * ResidualScale              (product rounded, then sum rounded; only with Residual)
//	y = clamp(roundHalfToEven(t), 0, 127)         (-127..127 when Signed)
//
// A Signed output may only be used as a Residual.
type Op struct {
	Name     string `json:"name"`
	Kind     Kind   `json:"kind"`
	Input    string `json:"input"`
	Residual string `json:"residual,omitempty"`
	In       int    `json:"in"`
	Out      int    `json:"out"`
	Kernel   int    `json:"kernel"`
	Stride   int    `json:"stride"`
	Pad      int    `json:"pad"`
	Signed   bool   `json:"signed,omitempty"`

	Weight        []int8    `json:"-"` // [Out][Kernel][Kernel][In]
	Weight16      []int16   `json:"-"` // the same, for a stem on raw pixels; |w| <= 2047
	Bias          []int32   `json:"-"` // [Out]
	Scale         []float32 `json:"-"` // [Out], accumulator to output steps
	ResidualScale float32   `json:"residual_scale,omitempty"`
}

// Graph is a network: operations in order of execution and the names of those whose outputs are read (the taps).
type Graph struct {
	Input    InputKind `json:"input"`
	PadValue [3]uint8  `json:"pad_value"`
	Ops      []Op      `json:"ops"`
	Taps     []string  `json:"taps"`
}

// ErrGraph is wrapped by every error of Graph.Validate.
var ErrGraph = errors.New("engine: invalid graph")

func graphErr(op, format string, args ...any) error {
	return fmt.Errorf("%w: op %q: %s", ErrGraph, op, fmt.Sprintf(format, args...))
}

// node is what validation learns about a tensor.
type node struct {
	channels, stride int
	signed           bool
}

// Validate checks names, shapes, ranges and that no accumulator can leave int32.
func (g *Graph) Validate() error {
	if g.Input != InputU7 && g.Input != InputRaw {
		return graphErr("", "input kind %q", g.Input)
	}
	if len(g.Ops) == 0 || len(g.Ops) > maxOps {
		return graphErr("", "%d operations, want 1..%d", len(g.Ops), maxOps)
	}
	nodes := map[string]node{ImageInput: {channels: 3, stride: 1}}
	for i := range g.Ops {
		op := &g.Ops[i]
		n, err := g.validateOp(op, nodes)
		if err != nil {
			return err
		}
		nodes[op.Name] = n
	}
	return g.validateTaps(nodes)
}

func (g *Graph) validateTaps(nodes map[string]node) error {
	if len(g.Taps) == 0 {
		return graphErr("", "no taps")
	}
	seen := map[string]bool{}
	for _, t := range g.Taps {
		n, ok := nodes[t]
		switch {
		case !ok || t == ImageInput:
			return graphErr(t, "tap does not exist")
		case seen[t]:
			return graphErr(t, "tap named twice")
		case n.signed:
			return graphErr(t, "tap is signed")
		case n.stride != 8 && n.stride != 16:
			return graphErr(t, "tap has stride %d, want 8 or 16", n.stride)
		}
		seen[t] = true
	}
	return nil
}

func (g *Graph) validateOp(op *Op, nodes map[string]node) (node, error) {
	if op.Name == "" || op.Name == ImageInput {
		return node{}, graphErr(op.Name, "bad name")
	}
	if _, dup := nodes[op.Name]; dup {
		return node{}, graphErr(op.Name, "name used twice")
	}
	in, ok := nodes[op.Input]
	if !ok {
		return node{}, graphErr(op.Name, "input %q does not exist", op.Input)
	}
	if in.signed {
		return node{}, graphErr(op.Name, "input %q is signed", op.Input)
	}
	if op.In != in.channels || op.Out < 1 || op.Out > maxChannels {
		return node{}, graphErr(op.Name, "channels %d -> %d, input has %d", op.In, op.Out, in.channels)
	}
	if op.Kernel < 1 || op.Kernel > maxKernel || op.Kernel%2 == 0 || op.Pad != op.Kernel/2 || (op.Stride != 1 && op.Stride != 2) {
		return node{}, graphErr(op.Name, "kernel %d stride %d pad %d", op.Kernel, op.Stride, op.Pad)
	}
	out := node{channels: op.Out, stride: in.stride * op.Stride, signed: op.Signed}
	if out.stride > maxStride {
		return node{}, graphErr(op.Name, "total stride %d", out.stride)
	}
	switch op.Kind {
	case KindConv:
		return out, g.validateConv(op, nodes, out)
	case KindMaxPool:
		if op.In != op.Out || op.Signed || op.Residual != "" || op.Input == ImageInput {
			return node{}, graphErr(op.Name, "maxpool takes an activation and keeps its channels")
		}
		return out, nil
	}
	return node{}, graphErr(op.Name, "kind %q", op.Kind)
}

func (g *Graph) validateConv(op *Op, nodes map[string]node, out node) error {
	if op.Residual != "" {
		r, ok := nodes[op.Residual]
		if !ok || r.channels != out.channels || r.stride != out.stride || op.Residual == ImageInput {
			return graphErr(op.Name, "residual %q does not fit", op.Residual)
		}
		if !finitePositive(op.ResidualScale) {
			return graphErr(op.Name, "residual scale %v", op.ResidualScale)
		}
	}
	raw := g.Input == InputRaw && op.Input == ImageInput
	k := op.Kernel * op.Kernel * op.In
	if n := len(op.Weight) + len(op.Weight16); n != k*op.Out || (raw && op.Weight != nil) || (!raw && op.Weight16 != nil) {
		return graphErr(op.Name, "%d weights, want %d", n, k*op.Out)
	}
	if len(op.Bias) != op.Out || len(op.Scale) != op.Out {
		return graphErr(op.Name, "%d biases and %d scales, want %d", len(op.Bias), len(op.Scale), op.Out)
	}
	for o := 0; o < op.Out; o++ {
		if !finitePositive(op.Scale[o]) {
			return graphErr(op.Name, "scale[%d] = %v", o, op.Scale[o])
		}
		sum, err := op.reach(o, k, raw)
		if err != nil {
			return err
		}
		if sum > math.MaxInt32 {
			return graphErr(op.Name, "accumulator of channel %d can reach %d", o, sum)
		}
	}
	return nil
}

// reach returns the largest magnitude that the accumulator of channel o can take.
func (op *Op) reach(o, k int, raw bool) (int64, error) {
	sum := int64(op.Bias[o])
	if sum < 0 {
		sum = -sum
	}
	for i := o * k; i < (o+1)*k; i++ {
		var w, limit, maxIn int64
		if raw {
			w, limit, maxIn = int64(op.Weight16[i]), 2047, 255
		} else {
			w, limit, maxIn = int64(op.Weight[i]), 127, 127
		}
		if w < 0 {
			w = -w
		}
		if w > limit {
			return 0, graphErr(op.Name, "weight %d is out of range", i)
		}
		sum += w * maxIn
	}
	return sum, nil
}

// maxScale keeps products and sums of requantisation finite, so no NaN can arise.
const maxScale = 1e20

func finitePositive(v float32) bool {
	return v > 0 && v <= maxScale
}

// TapShape returns channels and stride of tap i.
func (g *Graph) TapShape(i int) (channels, stride int) {
	nodes := map[string]node{ImageInput: {channels: 3, stride: 1}}
	for i := range g.Ops {
		op := &g.Ops[i]
		nodes[op.Name] = node{channels: op.Out, stride: nodes[op.Input].stride * op.Stride}
	}
	n := nodes[g.Taps[i]]
	return n.channels, n.stride
}

// MultiplyAdds counts the multiply-adds for an image of h x w pixels.
func (g *Graph) MultiplyAdds(h, w int) int64 {
	sums, _ := g.work(h, w)
	return sums
}

// Work is MultiplyAdds and the comparisons of pools, for CheckWork.
func (g *Graph) Work(h, w int) int64 {
	sums, comparisons := g.work(h, w)
	return sums + comparisons
}

func (g *Graph) work(h, w int) (multiplyAdds, comparisons int64) {
	strides := map[string]int{ImageInput: 1}
	for i := range g.Ops {
		op := &g.Ops[i]
		s := strides[op.Input] * op.Stride
		strides[op.Name] = s
		windows := int64(h/s) * int64(w/s) * int64(op.Kernel*op.Kernel)
		if op.Kind == KindConv {
			multiplyAdds += windows * int64(op.In) * int64(op.Out)
		} else {
			comparisons += windows * int64(op.Out)
		}
	}
	return multiplyAdds, comparisons
}

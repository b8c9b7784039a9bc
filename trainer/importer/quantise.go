package importer

import (
	"fmt"
	"math"

	"anomnet/core/engine"
)

// Limits of the integers: weights of a layer, weights of 12 bits in a raw stem, and a bias that leaves room for the sum.
const (
	maxWeight   = 127
	maxWeight16 = 2047
	maxBias     = 1 << 30
)

// minScale is the least requantisation scale: a channel whose weights need less does not reach one step.
const minScale = 1e-9

// quantise returns the integer graph of n: q = round(w / s_w) with s_w = max|w| / 127 per output channel,
// bias = round(b / (s_w s_in)), scale = s_w s_in / s_out, residual scale = s_res / s_out.
func quantise(n *network, s *steps) (*engine.Graph, error) {
	g := n.skeleton()
	if n.raw {
		for c := range g.PadValue {
			g.PadValue[c] = uint8(math.RoundToEven(255 * n.mean[c]))
		}
	}
	at := n.index()
	for i := range n.layers {
		l, op := &n.layers[i], &g.Ops[i]
		if l.residual != "" {
			op.ResidualScale = float32(s.of(at[l.residual]) / s.of(i))
		}
		if l.kind != engine.KindConv {
			continue
		}
		for o := range l.out {
			w, b := n.channel(l, o)
			quantiseChannel(op, o, w, b, s.of(at[l.input]), s.of(i))
		}
	}
	if err := g.Validate(); err != nil {
		return nil, fmt.Errorf("importer: %w", err)
	}
	return g, nil
}

// channel returns the weights of output channel o, [kernel][kernel][in], and its bias. In a stem on raw pixels the
// normalisation is folded in: w' = w / (255 std), b' = b - sum w mean / std.
func (n *network) channel(l *layer, o int) ([]float64, float64) {
	area := l.kernel * l.kernel
	w, b := make([]float64, area*l.in), float64(l.bias[o])
	fold := n.raw && l.input == engine.ImageInput
	for c := range l.in {
		for xy := range area {
			v := float64(l.weight[(o*l.in+c)*area+xy])
			if fold {
				b -= float64(v * n.mean[c] / n.std[c])
				v /= 255 * n.std[c]
			}
			w[xy*l.in+c] = v
		}
	}
	return w, b
}

// quantiseChannel fills output channel o of op and returns the step of its weights.
func quantiseChannel(op *engine.Op, o int, w []float64, b, in, out float64) float64 {
	limit := maxWeight
	if op.Weight16 != nil {
		limit = maxWeight16
	}
	largest := 0.0
	for _, v := range w {
		largest = math.Max(largest, math.Abs(v))
	}
	// A channel of tiny weights takes a coarser step, so that its bias and its scale can still be written.
	step := max(largest/float64(limit), math.Abs(b)/(in*maxBias), minScale*out/in)
	for i, v := range w {
		q := math.RoundToEven(v / step)
		if op.Weight16 != nil {
			op.Weight16[o*len(w)+i] = int16(q)
		} else {
			op.Weight[o*len(w)+i] = int8(q)
		}
	}
	op.Bias[o] = int32(math.RoundToEven(b / (step * in)))
	op.Scale[o] = float32(step * in / out)
	return step
}

//go:build torch

package distill

import (
	"fmt"

	"anomnet/trainer/importer"
	"anomnet/trainer/torch"
)

// teacher runs the float network that is imitated. Its tensors belong to a scope that lives as long as it.
type teacher struct {
	net          *importer.Float
	w, b         []*torch.Tensor // by layer; nil for pools
	scale, shift *torch.Tensor   // [1][3][1][1] from pixels, or halved pixels
	bf16         bool
}

func newTeacher(s *torch.Scope, net *importer.Float, bf16 bool) *teacher {
	t := &teacher{net: net, bf16: bf16}
	scale, shift := make([]float32, 3), make([]float32, 3)
	for c := range 3 {
		if net.Raw {
			scale[c], shift[c] = float32(1/(255*net.Std[c])), float32(-net.Mean[c]/net.Std[c])
		} else {
			scale[c] = float32(net.Scale)
		}
	}
	t.scale, t.shift = s.FromFloat32(scale, 1, 3, 1, 1), s.FromFloat32(shift, 1, 3, 1, 1)
	for i := range net.Layers {
		l := &net.Layers[i]
		if l.Pool {
			t.w, t.b = append(t.w, nil), append(t.b, nil)
			continue
		}
		t.w = append(t.w, s.FromFloat32(l.Weight, l.Out, l.In, l.Kernel, l.Kernel))
		t.b = append(t.b, s.FromFloat32(l.Bias, l.Out))
	}
	return t
}

// features gives the named layers' outputs for pixels [B][side][side][3], without gradients.
func (t *teacher) features(s *torch.Scope, pix []uint8, batch, side int, names []string) []*torch.Tensor {
	vals := map[string]*torch.Tensor{}
	err := torch.NoGrad(func() {
		if !t.net.Raw {
			pix = halved(pix)
		}
		x := pixels(s, pix, batch, side)
		vals[imageName] = s.Add(s.Mul(x, t.scale), t.shift)
		for i := range t.net.Layers {
			l := &t.net.Layers[i]
			x := vals[l.Input]
			if l.Pool {
				vals[l.Name] = s.MaxPool2D(x, l.Kernel, l.Stride)
				continue
			}
			y := conv(s, x, t.w[i], t.b[i], l.Stride, t.bf16)
			if l.Residual != "" {
				y = s.Add(y, vals[l.Residual])
			}
			if l.ReLU {
				y = s.Relu(y)
			}
			vals[l.Name] = y
		}
	})
	out := make([]*torch.Tensor, len(names))
	for i, n := range names {
		out[i] = vals[n]
		if err != nil || out[i] == nil {
			out[i] = &torch.Tensor{}
		}
	}
	return out
}

// conv convolves, in bfloat16 if so wished; what comes out is float32.
func conv(s *torch.Scope, x, w, b *torch.Tensor, stride int, bf16 bool) *torch.Tensor {
	if !bf16 {
		return s.Conv2D(x, w, b, stride)
	}
	y := s.Float(s.Conv2D(s.BFloat(x), s.BFloat(w), nil, stride))
	if b == nil {
		return y
	}
	return s.Add(y, s.Reshape(b, 1, -1, 1, 1))
}

// halved gives pixels >> 1, what the engine's first layer sees.
func halved(pix []uint8) []uint8 {
	out := make([]uint8, len(pix))
	for i, v := range pix {
		out[i] = v >> 1
	}
	return out
}

// student is the network in training: parameters and running statistics by name, in a long scope.
type student struct {
	a       *Arch
	targets []target
	list    []param
	p       map[string]*torch.Tensor
	norm    bool
	bf16    bool
	steps   map[string]float64 // of activations; not nil: integers are simulated
}

// load puts weights into tensors.
func (n *student) load(s *torch.Scope, w map[string][]float32) error {
	n.p = map[string]*torch.Tensor{}
	for _, p := range n.list {
		if len(w[p.name]) != p.len() {
			return fmt.Errorf("distill: tensor %q has %d values, want %v", p.name, len(w[p.name]), p.shape)
		}
		if p.fixed {
			n.p[p.name] = s.FromFloat32(w[p.name], p.shape...)
		} else {
			n.p[p.name] = s.Param(w[p.name], p.shape...)
		}
	}
	return s.Err()
}

// weights copies the tensors back.
func (n *student) weights(s *torch.Scope) map[string][]float32 {
	w := map[string][]float32{}
	for _, p := range n.list {
		w[p.name] = s.Float32(n.p[p.name])
	}
	return w
}

// forward gives the heads' predictions [B][T][h][w], by target, for pixels [B][side][side][3].
func (n *student) forward(s *torch.Scope, pix []uint8, batch, side int, train bool) []*torch.Tensor {
	vals := n.body(s, pix, batch, side, train)
	out := make([]*torch.Tensor, len(n.targets))
	for i, t := range n.targets {
		x := vals[t.tap]
		if n.steps != nil {
			x = s.Scale(x, n.steps[t.tap])
		}
		h := head(t.stride)
		out[i] = conv(s, x, n.p[h+".weight"], n.p[h+".bias"], 1, n.bf16)
	}
	return out
}

// momentum of the running statistics.
const momentum = 0.05

// body gives the outputs of all layers, in steps where integers are simulated.
func (n *student) body(s *torch.Scope, pix []uint8, batch, side int, train bool) map[string]*torch.Tensor {
	x := pixels(s, halved(pix), batch, side)
	if n.steps == nil {
		x = s.Scale(x, inputStep)
	}
	vals := map[string]*torch.Tensor{"": x}
	for i := range n.a.Layers {
		l := &n.a.Layers[i]
		w := n.p[l.Name+".weight"]
		switch {
		case n.steps != nil:
			vals[l.Name] = n.integer(s, l, vals[l.From])
		case n.norm:
			y := conv(s, vals[l.From], w, nil, l.Stride, n.bf16)
			bn := l.Name + ".bn."
			y = s.BatchNorm(y, n.p[bn+"weight"], n.p[bn+"bias"], n.p[bn+"running_mean"], n.p[bn+"running_var"], train, momentum, bnEps)
			vals[l.Name] = s.Relu(y)
		default:
			vals[l.Name] = s.Relu(conv(s, vals[l.From], w, n.p[l.Name+".bias"], l.Stride, n.bf16))
		}
	}
	return vals
}

// integer is a layer in the engine's integers, held in float32. It is exact: weights and activations are whole numbers, sums stay below 2^24, and
// the requantisation is the engine's, a product rounded to float32, then half to even, then the limits. The gradient goes straight through the roundings
// of weights, bias and output, and not through the steps.
func (n *student) integer(s *torch.Scope, l *Layer, x *torch.Tensor) *torch.Tensor {
	w, b := n.p[l.Name+".weight"], n.p[l.Name+".bias"]
	q := quantise(l, s.Float32(w), s.Float32(b), n.stepOf(l.From), n.steps[l.Name])
	in := n.stepOf(l.From)
	step := s.FromFloat32(q.step, l.Out, 1, 1, 1)
	qw := straight(s, s.Div(w, step), s.FromFloat32(q.weight, l.Out, l.In, l.Kernel, l.Kernel))
	qb := straight(s, s.Div(b, s.Scale(s.Reshape(step, l.Out), in)), s.FromFloat32(q.bias, l.Out))
	acc := s.Conv2D(x, qw, qb, l.Stride)
	return s.RoundClamp(s.Mul(acc, s.FromFloat32(q.scale, 1, l.Out, 1, 1)), 0, 127)
}

func (n *student) stepOf(name string) float64 {
	if name == "" {
		return inputStep
	}
	return n.steps[name]
}

// straight gives exactly q, with the gradient of x.
func straight(s *torch.Scope, x, q *torch.Tensor) *torch.Tensor {
	return s.Add(q, s.Sub(x, s.Detach(x)))
}

// identify sets batch norm up so that the network computes what folded weights w computed: the statistics are those of the given pixels, and
// gamma and beta undo them.
func (n *student) identify(d torch.Device, w map[string][]float32, pix []uint8, batch, side int) (map[string][]float32, error) {
	s := torch.NewScope(d)
	defer s.Free()
	out := map[string][]float32{}
	err := torch.NoGrad(func() {
		x := s.Scale(pixels(s, halved(pix), batch, side), inputStep)
		vals := map[string]*torch.Tensor{"": x}
		for i := range n.a.Layers {
			l := &n.a.Layers[i]
			weight, bias := w[l.Name+".weight"], w[l.Name+".bias"]
			y := s.Conv2D(vals[l.From], s.FromFloat32(weight, l.Out, l.In, l.Kernel, l.Kernel), nil, l.Stride)
			flat := s.Reshape(s.Permute(y, 0, 2, 3, 1), -1, l.Out)
			mean, square := s.MeanDim(flat, 0, false), s.MeanDim(s.Square(flat), 0, false)
			undo(out, l, weight, bias, s.Float32(mean), s.Float32(square))
			vals[l.Name] = s.Relu(s.Add(y, s.FromFloat32(bias, 1, l.Out, 1, 1)))
		}
	})
	if err != nil {
		return nil, err
	}
	for _, p := range n.list {
		if _, ok := out[p.name]; !ok {
			out[p.name] = w[p.name] // heads
		}
	}
	return out, s.Err()
}

// pixels gives bytes [B][side][side][3] as [B][3][side][side] in float32. The memory stays as it is, which libtorch calls channels last: 3 to 5 % faster here.
func pixels(s *torch.Scope, pix []uint8, batch, side int) *torch.Tensor {
	return s.Float(s.Permute(s.FromUint8(pix, batch, side, side, 3), 0, 3, 1, 2))
}

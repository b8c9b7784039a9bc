// Package onnx writes our integer networks as ONNX files, so that another engine can run the same network beside ours. It is a
// tool of the benchmarks: the other engine's results are close to ours, never equal.
//
//	m, err := onnx.Export(backbone.Graph, head, &onnx.Options{Height: 256, Width: 256, Int8: true})
//	os.WriteFile("net.onnx", m.Data, 0o644)
//	os.WriteFile("input.bin", m.Input(pixels), 0o644)
//
// Two forms: float32, with weights times their scales; and int8 with QuantizeLinear and DequantizeLinear around every convolution, which
// onnxruntime fuses into integer kernels (activations u8 with zero point 0, weights int8 per channel, bias int32). Where the same
// sum can be written in several ways, the one that onnxruntime runs fastest is taken: pixels are prepared outside of the graph, the int8 form takes
// and gives u8, ReLU is left to the clamping of u8, constant factors are folded into weights.
package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"anomnet/core/engine"
	"anomnet/core/model"
)

// Options of Export.
type Options struct {
	Height, Width int
	Int8          bool // QDQ instead of float32
}

// Output is one result of an exported network.
type Output struct {
	Name  string
	Shape []int
	Step  float64 // the value of one u7 step of ours; 0 for squared distances
}

// Model is an exported network.
type Model struct {
	Data    []byte
	Int8    bool
	Shape   []int // of the input, NCHW
	Outputs []Output

	raw   bool
	pad   [3]uint8
	input quantity
}

// InputName is the name of the input of every exported network.
const InputName = engine.ImageInput

// Input prepares pixels, [H][W][3], as the input tensor: NCHW, u8 or little-endian float32.
func (m *Model) Input(pix []uint8) []byte {
	n := m.Shape[2] * m.Shape[3]
	var out []byte
	for c := range 3 {
		for i := range n {
			v := float64(pix[3*i+c] >> 1)
			if m.raw {
				v = float64(pix[3*i+c]) - float64(m.pad[c])
			}
			if m.Int8 {
				out = append(out, m.input.quantize(v))
			} else {
				out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
			}
		}
	}
	return out
}

// quantity says which value a u8 stands for: (q - zero) * step.
type quantity struct {
	step float64
	zero uint8
}

func (q quantity) quantize(v float64) uint8 {
	return uint8(max(0, min(255, math.RoundToEven(v/q.step)+float64(q.zero))))
}

// tensor is an activation, [1][c][h][w]: float32, or u8 in the int8 form.
type tensor struct {
	name    string
	c, h, w int
	unit    float64 // the value of one u7 step of ours
	quantity
}

// unsigned gives u8 the range of our u7, 0 to 127 units; signed gives it -128 to 127 units.
func (t *tensor) unsigned() { t.quantity = quantity{t.unit * 127 / 255, 0} }
func (t *tensor) signed()   { t.quantity = quantity{t.unit, 128} }

func (t tensor) shape() []int { return []int{1, t.c, t.h, t.w} }

// exporter writes one graph.
type exporter struct {
	graph
	net     *engine.Graph
	int8    bool
	tensors map[string]tensor
	serial  int
}

// Export writes a network, and with a head everything up to the squared distance of each patch to its nearest centroid. Without a head
// the taps are the outputs.
func Export(net *engine.Graph, head *model.Head, opt *Options) (*Model, error) {
	if err := net.Validate(); err != nil {
		return nil, err
	}
	x := &exporter{net: net, int8: opt.Int8, tensors: map[string]tensor{}}
	m := &Model{Int8: opt.Int8, Shape: []int{1, 3, opt.Height, opt.Width}, raw: net.Input == engine.InputRaw, pad: net.PadValue}
	x.image(m)
	for i := range net.Ops {
		op := &net.Ops[i]
		if op.Kind == engine.KindMaxPool {
			x.maxPool(op)
		} else {
			x.conv(op)
		}
	}
	if head != nil {
		out, err := x.head(head, opt)
		if err != nil {
			return nil, err
		}
		m.Outputs = []Output{out}
	} else {
		m.Outputs = x.taps()
	}
	m.Data = x.encode()
	return m, nil
}

// taps makes the taps outputs.
func (x *exporter) taps() (outputs []Output) {
	for _, name := range x.net.Taps {
		t := x.tensors[name]
		x.outputs = append(x.outputs, valueInfo(t.name, x.elem(), t.shape()))
		o := Output{t.name, t.shape(), t.unit}
		if x.int8 {
			o.Step = t.unit / t.step // in steps of its u8
		}
		outputs = append(outputs, o)
	}
	return outputs
}

func (x *exporter) elem() elem {
	if x.int8 {
		return elemU8
	}
	return elemFloat
}

// image is the input. Raw pixels enter without their padding value, so that padding is zero in every channel.
func (x *exporter) image(m *Model) {
	t := tensor{InputName, 3, m.Shape[2], m.Shape[3], 1, quantity{1, 0}}
	if m.raw && x.int8 {
		low, high := float64(max(m.pad[0], m.pad[1], m.pad[2])), 255-float64(min(m.pad[0], m.pad[1], m.pad[2]))
		step := (low + high) / 255
		t.quantity = quantity{step, uint8(math.Round(low / step))}
	}
	m.input = t.quantity
	x.tensors[InputName] = t
	x.inputs = append(x.inputs, valueInfo(InputName, x.elem(), t.shape()))
}

func (x *exporter) maxPool(op *engine.Op) {
	in := x.tensors[op.Input]
	out := tensor{op.Name, op.Out, in.h / op.Stride, in.w / op.Stride, in.unit, in.quantity}
	x.tensors[op.Name] = out
	x.node("MaxPool", op.Name, []string{in.name}, window(op.Kernel, op.Stride)...) // u8 as well as float32
}

func window(kernel, stride int) []attribute {
	p := kernel / 2
	return []attribute{{"kernel_shape", []int{kernel, kernel}}, {"strides", []int{stride, stride}}, {"pads", []int{p, p, p, p}}}
}

// conv writes a convolution with its residual. The step of an output is free, except that it makes the factor of the residual 1.
func (x *exporter) conv(op *engine.Op) {
	in := x.tensors[op.Input]
	out := tensor{op.Name, op.Out, in.h / op.Stride, in.w / op.Stride, 1, quantity{}}
	res, residual := x.tensors[op.Residual]
	if residual {
		out.unit = res.unit / float64(op.ResidualScale)
	}
	if out.unsigned(); op.Signed {
		out.signed()
	}
	x.tensors[op.Name] = out
	k := x.kernel(op, in.unit, out.unit)
	attrs := window(op.Kernel, op.Stride)
	if !residual {
		clamp := "Clip"
		if op.Signed {
			clamp = "Identity"
		}
		x.linear(k, in, out, attrs, clamp)
		return
	}
	sum := out
	sum.name = op.Name + ".sum"
	sum.signed()
	x.linear(k, in, sum, attrs, "Identity")
	x.activation(x.node("Add", op.Name+".added", []string{x.value(sum), x.value(res)}), out, "Relu")
}

// kernel holds float weights [out][in][k][k] or [out][in] and biases.
type kernel struct {
	name   string
	shape  []int
	weight []float64
	bias   []float64 // or nil
}

func (x *exporter) kernel(op *engine.Op, in, out float64) *kernel {
	kk := op.Kernel * op.Kernel
	k := &kernel{name: op.Name, shape: []int{op.Out, op.In, op.Kernel, op.Kernel}, weight: make([]float64, op.Out*op.In*kk), bias: make([]float64, op.Out)}
	for o := range op.Out {
		k.bias[o] = float64(op.Bias[o])
		for p := range kk {
			for c := range op.In {
				at := (o*kk+p)*op.In + c
				var w float64
				if op.Weight16 != nil {
					w = float64(op.Weight16[at])
					k.bias[o] += w * float64(x.net.PadValue[c])
				} else {
					w = float64(op.Weight[at])
				}
				k.weight[(o*op.In+c)*kk+p] = w * float64(op.Scale[o]) * out / in
			}
		}
		k.bias[o] *= float64(op.Scale[o]) * out
	}
	return k
}

// linear writes a convolution and what brings its result to out.
func (x *exporter) linear(k *kernel, in, out tensor, attrs []attribute, clamp string) {
	inputs := append([]string{x.value(in)}, x.parameters(k, in)...)
	x.activation(x.node("Conv", out.name+".linear", inputs, attrs...), out, clamp)
}

// activation brings a value to the tensor out by the operation clamp; u8 clamps by itself. onnxruntime fuses Clip with a convolution, and behind an
// addition only Relu.
func (x *exporter) activation(value string, out tensor, clamp string) {
	inputs := []string{value}
	switch {
	case x.int8:
		clamp, inputs = "QuantizeLinear", append(inputs, x.scale(out)...)
	case clamp == "Clip":
		inputs = append(inputs, x.floats("zero", nil, []float32{0}), x.floats(out.name+".top", nil, []float32{float32(127 * out.unit)}))
	}
	x.node(clamp, out.name, inputs)
}

// value returns the name of a tensor's float values.
func (x *exporter) value(t tensor) string {
	if !x.int8 {
		return t.name
	}
	x.serial++
	return x.node("DequantizeLinear", fmt.Sprintf("%s.value%d", t.name, x.serial), append([]string{t.name}, x.scale(t)...))
}

func (x *exporter) scale(t tensor) []string {
	return []string{x.floats(t.name+".step", nil, []float32{float32(t.step)}), x.constant(t.name+".zero", elemU8, nil, []byte{t.zero})}
}

// parameters writes weights and biases.
func (x *exporter) parameters(k *kernel, in tensor) []string {
	var names []string
	if !x.int8 {
		names = append(names, x.floats(k.name+".weight", k.shape, narrow(k.weight)))
		if k.bias != nil {
			names = append(names, x.floats(k.name+".bias", k.shape[:1], narrow(k.bias)))
		}
		return names
	}
	w, steps := quantizeRows(k.weight, k.shape[0])
	name := k.name + ".weight"
	names = append(names, x.node("DequantizeLinear", name, []string{x.int8s(name+".i8", k.shape, w), x.floats(name+".step", k.shape[:1], narrow(steps)),
		x.int8s(name+".zero", k.shape[:1], make([]int8, k.shape[0]))}, attribute{"axis", 0}))
	if k.bias == nil {
		return names
	}
	bias, biasSteps := make([]int32, len(k.bias)), make([]float64, len(k.bias))
	for o, b := range k.bias {
		biasSteps[o] = steps[o] * in.step
		bias[o] = int32(max(math.MinInt32, min(math.MaxInt32, math.RoundToEven(b/biasSteps[o]))))
	}
	name = k.name + ".bias"
	return append(names, x.node("DequantizeLinear", name, []string{x.int32s(name+".i32", k.shape[:1], bias), x.floats(name+".step", k.shape[:1], narrow(biasSteps)),
		x.int32s(name+".zero", k.shape[:1], make([]int32, len(bias)))}, attribute{"axis", 0}))
}

// quantizeRows brings each of rows rows to int8 with the largest magnitude at 127: our own int8 weights up to a factor, or 12-bit ones rounded.
func quantizeRows(w []float64, rows int) (q []int8, steps []float64) {
	q, steps = make([]int8, len(w)), make([]float64, rows)
	n := len(w) / rows
	for r := range rows {
		row := w[r*n : (r+1)*n]
		top := 0.0
		for _, v := range row {
			top = max(top, math.Abs(v))
		}
		if steps[r] = top / 127; top == 0 {
			steps[r] = 1
		}
		for i, v := range row {
			q[r*n+i] = int8(math.RoundToEven(v / steps[r]))
		}
	}
	return q, steps
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, f := range v {
		out[i] = float32(f)
	}
	return out
}

package onnx

import (
	"encoding/binary"

	"anomnet/core/detect"
)

// Distances are min over k of |e|^2 + |c_k|^2 - 2 e.c_k, with e = adapter x / sqrt(squares x^2), without squares for heads with no norm.

// floatDistances keeps channels in front up to the embedding, which onnxruntime computes faster, and has them last where the least is searched.
func (x *exporter) floatDistances(features tensor, adapter, squares *kernel, c *detect.Centroids, out Output) {
	product := func(name, in string, k *kernel) string {
		return x.node("Conv", name, append([]string{in}, x.parameters(k, features)...), window(1, 1)...)
	}
	e := product("embedding", features.name, adapter)
	if squares != nil {
		square := x.node("Mul", "square", []string{features.name, features.name})
		length := x.node("Sqrt", "length", []string{product("length2", square, squares)})
		e = x.node("Div", "unit", []string{e, length})
	}
	rows := x.rows(e, features.h*features.w, c.D)
	weight, norms := make([]float32, c.K*c.D), make([]float32, c.K)
	for i, v := range c.Data {
		weight[i] = -2 * float32(v)
		norms[i/c.D] += float32(v) * float32(v)
	}
	all := x.node("Gemm", "distances", []string{rows, x.floats("centroids", []int{c.K, c.D}, weight), x.floats("norms", []int{c.K}, norms)}, attribute{"transB", 1})
	x.least(all, rows, out)
}

// rows brings an activation, [1][c][h][w], to [h*w][c].
func (x *exporter) rows(name string, n, c int) string {
	last := x.node("Transpose", name+".last", []string{name}, attribute{"perm", []int{0, 2, 3, 1}})
	return x.node("Reshape", name+".rows", []string{last, x.int64s(name+".shape", n, c)})
}

// least writes the end: the least of every row of all, plus |e|^2.
func (x *exporter) least(all, e string, out Output) {
	least := x.node("ReduceMin", "least", []string{all}, attribute{"axes", []int{1}}, attribute{"keepdims", 0})
	norm := x.node("ReduceSumSquare", "norm", []string{e}, attribute{"axes", []int{1}}, attribute{"keepdims", 0})
	sum := x.node("Add", "sum", []string{least, norm})
	x.node("Reshape", out.Name, []string{sum, x.int64s("grid", out.Shape...)})
}

// int8Distances writes the products of u8 rows and int8 matrices with float32 results, for 8 bits cannot hold them.
func (x *exporter) int8Distances(features tensor, adapter, squares *kernel, c *detect.Centroids, out Output) {
	rows := features
	rows.name = x.rows(features.name, features.h*features.w, features.c)
	w, steps := quantizeRows(adapter.weight, c.D)
	value := x.product("adapter", rows, w, steps, nil)
	if squares != nil {
		real := x.value(rows)
		length2 := x.node("MatMul", "length2", []string{x.node("Mul", "square", []string{real, real}), x.floats("squares", []int{features.c, 1}, narrow(squares.weight))})
		plus := x.node("Add", "plus", []string{length2, x.floats("one", nil, narrow(squares.bias))})
		value = x.node("Div", "unit", []string{value, x.node("Sqrt", "length", []string{plus})})
	}
	e := tensor{name: "embedding", c: c.D, unit: 1}
	e.signed()
	x.activation(value, e, "")

	negative, norms, steps := make([]int8, c.K*c.D), make([]float32, c.K), make([]float64, c.K)
	for i, v := range c.Data {
		negative[i] = -v
		norms[i/c.D] += float32(v) * float32(v)
		steps[i/c.D] = 2
	}
	x.least(x.product("centroids", e, negative, steps, norms), x.value(e), out)
}

// product writes float32 rows of in times w, [n][in.c], transposed, plus bias or nothing.
func (x *exporter) product(name string, in tensor, w []int8, steps []float64, bias []float32) string {
	n := len(steps)
	columns := make([]int8, len(w))
	for i, v := range w {
		columns[i%in.c*n+i/in.c] = v
	}
	scale := x.scale(in)
	inputs := []string{in.name, x.int8s(name+".weight", []int{in.c, n}, columns), scale[0], x.floats(name+".step", []int{n}, narrow(steps)), scale[1],
		x.int8s(name+".zero", []int{n}, make([]int8, n))}
	if bias != nil {
		inputs = append(inputs, x.floats(name+".bias", []int{n}, bias))
	}
	return x.nodeOf(microsoft, "MatMulIntegerToFloat", name, inputs)
}

func (x *exporter) int64s(name string, v ...int) string {
	var raw []byte
	for _, i := range v {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(i))
	}
	return x.constant(name, elemI64, []int{len(v)}, raw)
}

package onnx

import (
	"encoding/binary"

	"anomnet/core/detect"
)

// nearest writes min over k of |e|^2 + |c_k|^2 - 2 e.c_k.
func (x *exporter) nearest(c *detect.Centroids, e tensor, output string) {
	if x.int8 {
		x.nearestInt8(c, e, output)
		return
	}
	k := &kernel{name: "centroids", shape: []int{c.K, c.D, 1, 1}, weight: make([]float64, c.K*c.D), bias: make([]float64, c.K)}
	for i, v := range c.Data {
		k.weight[i] = -2 * float64(v)
		k.bias[i/c.D] += float64(v) * float64(v)
	}
	all := x.node("Conv", "distances", append([]string{e.name}, x.parameters(k, e)...), window(1, 1)...)
	least := x.node("ReduceMin", "least", []string{all}, attribute{"axes", []int{1}}, attribute{"keepdims", 1})
	norm := x.node("ReduceSumSquare", "norm", []string{e.name}, attribute{"axes", []int{1}}, attribute{"keepdims", 1})
	x.node("Add", output, []string{least, norm})
}

// nearestInt8 multiplies u8 embeddings with int8 centroids; the result stays float32, for 8 bits cannot hold it.
func (x *exporter) nearestInt8(c *detect.Centroids, e tensor, output string) {
	patches := e.h * e.w
	rows := e
	flat := x.node("Reshape", e.name+".flat", []string{e.name, x.int64s("flat", c.D, patches)})
	rows.name = x.node("Transpose", e.name+".rows", []string{flat}, attribute{"perm", []int{1, 0}})
	w, norms := make([]int8, c.D*c.K), make([]float32, c.K)
	for k := range c.K {
		for d := range c.D {
			v := c.Data[k*c.D+d]
			w[d*c.K+k] = -v
			norms[k] += float32(v) * float32(v)
		}
	}
	one := []string{rows.name, x.int8s("centroids", []int{c.D, c.K}, w), x.floats("embedding.step1", nil, []float32{1}), x.floats("centroids.step", nil, []float32{2}),
		x.constant(e.name+".zero", elemU8, nil, []byte{e.zero}), x.int8s("centroids.zero", nil, []int8{0}), x.floats("norms", []int{c.K}, norms)}
	all := x.nodeOf(microsoft, "MatMulIntegerToFloat", "distances", one)
	least := x.node("ReduceMin", "least", []string{all}, attribute{"axes", []int{1}}, attribute{"keepdims", 0})
	norm := x.node("ReduceSumSquare", "norm", []string{x.value(rows)}, attribute{"axes", []int{1}}, attribute{"keepdims", 0})
	sum := x.node("Add", "sum", []string{least, norm})
	x.node("Reshape", output, []string{sum, x.int64s("grid", 1, 1, e.h, e.w)})
}

func (x *exporter) int64s(name string, v ...int) string {
	var raw []byte
	for _, i := range v {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(i))
	}
	return x.constant(name, elemI64, []int{len(v)}, raw)
}

package onnx

import (
	"fmt"

	"anomnet/core/detect"
	"anomnet/core/model"
)

// head writes everything behind the taps up to squared distances, [1][1][H/8][W/8]. For a head without ZeroPadding, local means at the border divide
// by the pixels inside, where ours repeat the edge: that is cheaper for onnxruntime than padding, and no other patch differs.
func (x *exporter) head(h *model.Head, opt *Options) (Output, error) {
	gridH, gridW := opt.Height/detect.GridStride, opt.Width/detect.GridStride
	features, factors, err := x.features(h, gridH, gridW)
	if err != nil {
		return Output{}, err
	}
	a := &h.Adapter
	k := &kernel{name: "adapter", shape: []int{a.Out, a.In, 1, 1}, weight: make([]float64, a.Out*a.In)}
	for d := range a.Out {
		for c := range a.In {
			k.weight[d*a.In+c] = float64(a.Weight[d*a.In+c]) * float64(a.Scale[d]) * factors[c]
		}
	}
	var squares *kernel // the squared length of a patch vector
	if a.L2 {
		squares = &kernel{name: "squares", shape: []int{1, a.In, 1, 1}, bias: []float64{1}}
		for _, f := range factors {
			squares.weight = append(squares.weight, f*f)
		}
	}
	out := Output{Name: "d2", Shape: []int{1, 1, gridH, gridW}}
	x.outputs = append(x.outputs, valueInfo(out.Name, elemFloat, out.Shape))
	if x.int8 {
		x.int8Distances(features, k, squares, &h.Centroids, out)
	} else {
		x.floatDistances(features, k, squares, &h.Centroids, out)
	}
	return out, nil
}

// features writes local means at the grid's size. factors bring their channels to the u7 patch vectors of the head.
func (x *exporter) features(h *model.Head, gridH, gridW int) (tensor, []float64, error) {
	var names []string
	var factors []float64
	t := tensor{name: "features", h: gridH, w: gridW} // one quantity for all taps, so that their u8 can be put side by side
	for _, name := range x.net.Taps {
		t.unit = max(t.unit, x.tensors[name].unit)
	}
	t.unsigned()
	padded := 0
	if h.ZeroPadding {
		padded = 1
	}
	for _, name := range x.net.Taps {
		tap := x.tensors[name]
		mean := tensor{name + ".mean", tap.c, tap.h, tap.w, tap.unit, t.quantity}
		pool := x.node("AveragePool", name+".pool", []string{x.value(tap)}, append(window(3, 1), attribute{"count_include_pad", padded})...)
		x.activation(pool, mean, "Identity")
		sum := 9.0
		switch {
		case tap.h*2 == gridH && tap.w*2 == gridW:
			sum = 144
			scales := x.floats("scales", []int{4}, []float32{1, 1, 2, 2})
			mean.name = x.node("Resize", name+".up", []string{mean.name, "", scales}, attribute{"mode", "linear"}, attribute{"coordinate_transformation_mode", "half_pixel"})
		case tap.h != gridH || tap.w != gridW:
			return tensor{}, nil, fmt.Errorf("onnx: tap %q is %d x %d, the grid %d x %d", name, tap.w, tap.h, gridW, gridH)
		}
		for range tap.c {
			factors = append(factors, float64(h.FeatureScale[len(factors)])*sum/tap.unit)
		}
		names = append(names, mean.name)
	}
	t.c = len(factors)
	x.node("Concat", t.name, names, attribute{"axis", 1})
	return t, factors, nil
}

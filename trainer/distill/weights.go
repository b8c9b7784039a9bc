package distill

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"anomnet/core/safetensors"
	"anomnet/trainer/importer"
)

// bnEps is the epsilon of batch norm, that of torchvision and of importer.
const bnEps = 1e-5

// param is a tensor of the student.
type param struct {
	name  string
	shape []int
	decay bool // weight decay applies
	fixed bool // a running statistic: no gradient
}

func (p *param) len() int {
	n := 1
	for _, d := range p.shape {
		n *= d
	}
	return n
}

// target is what a head predicts.
type target struct {
	tap, layer string // of the student, of the teacher
	stride     int
	channels   int       // of the teacher
	mean, std  []float32 // by channel, over photographs
}

// params lists the student's tensors in a fixed order.
func params(a *Arch, targets []target, norm bool) []param {
	var list []param
	for _, l := range a.Layers {
		list = append(list, param{name: l.Name + ".weight", shape: []int{l.Out, l.In, l.Kernel, l.Kernel}, decay: true})
		if !norm {
			list = append(list, param{name: l.Name + ".bias", shape: []int{l.Out}})
			continue
		}
		for _, part := range []string{"weight", "bias", "running_mean", "running_var"} {
			list = append(list, param{name: l.Name + ".bn." + part, shape: []int{l.Out}, fixed: part[0] == 'r'})
		}
	}
	for _, t := range targets {
		h := head(t.stride)
		list = append(list, param{name: h + ".weight", shape: []int{t.channels, a.find(t.tap).Out, 1, 1}, decay: true},
			param{name: h + ".bias", shape: []int{t.channels}})
	}
	return list
}

// fresh gives random weights: Kaiming (He et al. 2015), and square layers of stride 1 begin as 0.7 of the identity and 0.7 of that.
func fresh(list []param, a *Arch, seed int64) map[string][]float32 {
	rng := rand.New(rand.NewPCG(uint64(seed), 0x64697374))
	w := map[string][]float32{}
	for _, p := range list {
		v := make([]float32, p.len())
		switch {
		case len(p.shape) == 4:
			scale := math.Sqrt(2 / float64(p.len()/p.shape[0]))
			l := a.find(p.name[:len(p.name)-len(".weight")])
			identity := l != nil && l.Stride == 1 && l.In == l.Out && l.Kernel > 1
			if identity {
				scale *= 0.7
			}
			for i := range v {
				v[i] = float32(rng.NormFloat64() * scale)
			}
			if identity {
				area := l.Kernel * l.Kernel
				for c := range l.Out {
					v[(c*l.In+c)*area+area/2] += 0.7
				}
			}
		case len(p.name) > 10 && (p.name[len(p.name)-10:] == ".bn.weight" || p.name[len(p.name)-11:] == "running_var"):
			for i := range v {
				v[i] = 1
			}
		}
		w[p.name] = v
	}
	return w
}

// readInit takes layers and, where they fit, heads from a file of folded weights.
func readInit(data []byte, a *Arch, targets []target) (map[string][]float32, error) {
	f, err := safetensors.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("distill: initial weights: %w", err)
	}
	w := map[string][]float32{}
	for _, p := range params(a, targets, false) {
		t, ok := f.Tensors[p.name]
		if ok && slices.Equal(t.Shape, p.shape) {
			if w[p.name], err = t.Float32(); err != nil {
				return nil, fmt.Errorf("distill: initial weights: tensor %q: %w", p.name, err)
			}
			continue
		}
		if len(p.name) > 4 && p.name[:4] == "head" {
			continue // another teacher: the head begins anew
		}
		if !ok {
			return nil, fmt.Errorf("distill: initial weights: tensor %q is missing, want %v", p.name, p.shape)
		}
		return nil, fmt.Errorf("distill: initial weights: tensor %q is %s %v, want %s %v", p.name, t.DType, t.Shape, safetensors.F32, p.shape)
	}
	for name, v := range w {
		for i, x := range v {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return nil, fmt.Errorf("distill: initial weights: tensor %q: value %d is %v", name, i, x)
			}
		}
	}
	return w, nil
}

// fold gives the weights without batch norm: w gamma / sqrt(var + eps) and beta - mean gamma / sqrt(var + eps), in float64.
func fold(a *Arch, w map[string][]float32) map[string][]float32 {
	out := map[string][]float32{}
	for name, v := range w {
		out[name] = v
	}
	for _, l := range a.Layers {
		gamma, ok := w[l.Name+".bn.weight"]
		if !ok {
			continue
		}
		beta, mean, variance := w[l.Name+".bn.bias"], w[l.Name+".bn.running_mean"], w[l.Name+".bn.running_var"]
		weight, bias := slices.Clone(w[l.Name+".weight"]), make([]float32, l.Out)
		k := len(weight) / l.Out
		for o := range l.Out {
			f := float64(gamma[o]) / math.Sqrt(float64(variance[o])+bnEps)
			for i := o * k; i < (o+1)*k; i++ {
				weight[i] = float32(float64(weight[i]) * f)
			}
			bias[o] = float32(float64(-float64(mean[o])*f) + float64(beta[o]))
		}
		for _, part := range []string{"weight", "bias", "running_mean", "running_var"} {
			delete(out, l.Name+".bn."+part)
		}
		out[l.Name+".weight"], out[l.Name+".bias"] = weight, bias
	}
	return out
}

// encode writes folded weights.
func encode(list []param, w map[string][]float32) ([]byte, error) {
	f := &safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	for _, p := range list {
		f.Tensors[p.name] = safetensors.FromFloat32(w[p.name], p.shape...)
	}
	return safetensors.Encode(f)
}

// layerJSON is a layer of the description, with what importer ignores.
type layerJSON struct {
	importer.LayerDescription
	Predicts string `json:"predicts,omitempty"`
}

// describe writes the description for importer. steps may be nil.
func describe(a *Arch, targets []target, steps map[string]float64, notes map[string]any) ([]byte, error) {
	var layers []layerJSON
	for _, l := range a.Layers {
		d := importer.LayerDescription{Name: l.Name, Kind: fmt.Sprintf("conv%dx%d", l.Kernel, l.Kernel), From: l.From, In: l.In, Out: l.Out, Stride: l.Stride,
			ReLU: true, Step: steps[l.Name]}
		layers = append(layers, layerJSON{LayerDescription: d})
	}
	var mean, std [][]float32
	for _, t := range targets {
		d := importer.LayerDescription{Name: head(t.stride), Kind: "conv1x1", From: t.tap, In: a.find(t.tap).Out, Out: t.channels, Stride: 1}
		layers = append(layers, layerJSON{d, t.layer})
		mean, std = append(mean, t.mean), append(std, t.std)
	}
	doc := map[string]any{
		"input": map[string]any{"order": "RGB", "scale": 1.0 / 127}, "taps": a.Taps, "layers": layers,
		"target_mean": mean, "target_std": std, "multiply_adds_256": a.MultiplyAdds(256),
	}
	maps.Copy(doc, notes)
	return json.MarshalIndent(doc, "", " ")
}

package importer

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"anomnet/core/safetensors"
	"anomnet/trainer/importer/pth"
)

// bnEps is torchvision's epsilon of batch norm.
const bnEps = 1e-5

// weights hands out the tensors of a file and remembers which were asked for.
type weights struct {
	tensors map[string]safetensors.Tensor
	used    map[string]bool
}

func readWeights(data []byte) (*weights, error) {
	if pth.Is(data) {
		tensors, err := pth.Decode(data)
		if err != nil {
			return nil, fmt.Errorf("importer: weights: %w", err)
		}
		return &weights{tensors, map[string]bool{}}, nil
	}
	f, err := safetensors.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("importer: weights: %w", err)
	}
	return &weights{f.Tensors, map[string]bool{}}, nil
}

func (w *weights) has(name string) bool {
	_, ok := w.tensors[name]
	return ok
}

// take returns the values of a tensor that must have the given shape and hold finite numbers.
func (w *weights) take(name string, shape ...int) ([]float32, error) {
	t, ok := w.tensors[name]
	if !ok {
		return nil, fmt.Errorf("importer: tensor %q is missing, want %s %v", name, safetensors.F32, shape)
	}
	w.used[name] = true
	if t.DType != safetensors.F32 || !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("importer: tensor %q is %s %v, want %s %v", name, t.DType, t.Shape, safetensors.F32, shape)
	}
	v, err := t.Float32()
	if err != nil {
		return nil, fmt.Errorf("importer: tensor %q: %w", name, err)
	}
	for i, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return nil, fmt.Errorf("importer: tensor %q: value %d is %v", name, i, x)
		}
	}
	return v, nil
}

// unused reports the first tensor that nobody took and that no prefix or suffix excuses.
func (w *weights) unused(what string, prefixes ...string) error {
	for _, name := range slices.Sorted(maps.Keys(w.tensors)) {
		excused := w.used[name] || strings.HasSuffix(name, ".num_batches_tracked")
		for _, p := range prefixes {
			excused = excused || strings.HasPrefix(name, p)
		}
		if !excused {
			t := w.tensors[name]
			return fmt.Errorf("importer: tensor %q (%s %v) is not part of %s", name, t.DType, t.Shape, what)
		}
	}
	return nil
}

// conv reads weight and bias of l from NAME.weight and NAME.bias and folds batch norm bn into them. Without batch norm
// (an empty name, or bn.running_mean not in the file and bnOptional) the bias is required.
func (w *weights) conv(l *layer, bn string, bnOptional bool) error {
	var err error
	if l.weight, err = w.take(l.name+".weight", l.out, l.in, l.kernel, l.kernel); err != nil {
		return err
	}
	folded := bn == "" || (bnOptional && !w.has(bn+".running_mean"))
	if folded || w.has(l.name+".bias") {
		if l.bias, err = w.take(l.name+".bias", l.out); err != nil {
			return err
		}
	} else {
		l.bias = make([]float32, l.out)
	}
	if folded {
		return nil
	}
	return w.foldNorm(l, bn)
}

// foldNorm replaces w by w*f and b by (b - mean)*f + beta, with f = gamma / sqrt(var + eps), computed in float64.
func (w *weights) foldNorm(l *layer, bn string) error {
	var p [4][]float32
	for i, part := range []string{"weight", "bias", "running_mean", "running_var"} {
		v, err := w.take(bn+"."+part, l.out)
		if err != nil {
			return err
		}
		p[i] = v
	}
	k := len(l.weight) / l.out
	for o := range l.out {
		variance := float64(p[3][o]) + bnEps
		if !(variance > 0) {
			return fmt.Errorf("importer: tensor %q: value %d is %v, a variance is not negative", bn+".running_var", o, p[3][o])
		}
		f := float64(p[0][o]) / math.Sqrt(variance)
		for i := o * k; i < (o+1)*k; i++ {
			l.weight[i] = float32(float64(l.weight[i]) * f)
		}
		l.bias[o] = float32(float64((float64(l.bias[o])-float64(p[2][o]))*f) + float64(p[1][o]))
	}
	return nil
}

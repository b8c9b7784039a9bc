package distill

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"anomnet/core/engine"
	"anomnet/trainer/importer"
)

// imageName is how importer's layers call the image.
const imageName = engine.ImageInput

// inputStep is the value of one step of a halved pixel.
const inputStep = 1.0 / 127

// exactLimit is the largest whole number up to which float32 holds all: sums that may reach it could not be simulated.
const exactLimit = 1 << 24

// quantised is a layer in whole numbers, held in float32.
type quantised struct {
	weight      []float32 // [Out][In][k][k]
	bias, scale []float32 // [Out]
	step        []float32 // [Out], of the weights
	reach       float64   // the largest magnitude that a sum can take
}

// quantise makes the integers that importer will make of the same weights and steps.
func quantise(l *Layer, w, b []float32, in, out float64) *quantised {
	q := &quantised{weight: make([]float32, len(w)), bias: make([]float32, l.Out), scale: make([]float32, l.Out), step: make([]float32, l.Out)}
	k := len(w) / max(1, l.Out)
	for o := range l.Out {
		if len(w) == 0 || len(b) == 0 {
			return q // after an error of libtorch, which the scope reports
		}
		ints, bias, scale, step := importer.QuantiseChannel(w[o*k:(o+1)*k], b[o], in, out)
		reach := math.Abs(float64(bias))
		for i, v := range ints {
			q.weight[o*k+i] = float32(v)
			reach += 127 * math.Abs(float64(v))
		}
		q.bias[o], q.scale[o], q.step[o] = float32(bias), scale, float32(step)
		q.reach = max(q.reach, reach)
	}
	return q
}

// checkExact says whether the simulation of a folded student is exact.
func checkExact(a *Arch, w map[string][]float32, steps map[string]float64) error {
	for i := range a.Layers {
		l := &a.Layers[i]
		in := inputStep
		if l.From != "" {
			in = steps[l.From]
		}
		if q := quantise(l, w[l.Name+".weight"], w[l.Name+".bias"], in, steps[l.Name]); q.reach >= exactLimit {
			return fmt.Errorf("distill: layer %q: a sum can reach %.0f, more than float32 holds exactly: the trainer's integers may differ from the engine's",
				l.Name, q.reach)
		}
	}
	return nil
}

// undo sets batch norm of l up so that it adds only bias: gamma = sqrt(var + eps), beta = bias + mean.
func undo(out map[string][]float32, l *Layer, weight, bias, mean, square []float32) {
	if len(mean) != l.Out || len(square) != l.Out {
		return // after an error of libtorch, which the scope reports
	}
	gamma, beta, variance := make([]float32, l.Out), make([]float32, l.Out), make([]float32, l.Out)
	for o := range l.Out {
		variance[o] = max(0, square[o]-float32(mean[o]*mean[o]))
		gamma[o] = float32(math.Sqrt(float64(variance[o]) + bnEps))
		beta[o] = bias[o] + mean[o]
	}
	out[l.Name+".weight"], out[l.Name+".bn.weight"], out[l.Name+".bn.bias"] = weight, gamma, beta
	out[l.Name+".bn.running_mean"], out[l.Name+".bn.running_var"] = mean, variance
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

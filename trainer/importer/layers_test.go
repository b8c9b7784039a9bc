package importer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withSteps gives the tiny description with a step for the named layers.
func withSteps(steps map[string]string) []byte {
	text := tinyDescription
	for name, step := range steps {
		text = strings.Replace(text, `"name": "`+name+`", `, `"name": "`+name+`", "step": `+step+`, `, 1)
	}
	return []byte(text)
}

// TestStepsOfADescriptionReplaceTheCalibration: a training with simulated integers knows the steps; the graph has scales of them and of nothing else.
func TestStepsOfADescriptionReplaceTheCalibration(t *testing.T) {
	images := testImages(3, 4)
	opt := func(description []byte, seed uint64) Options {
		return Options{Weights: tinyTensors().encode(t), Arch: ArchPlain, Description: description, Images: testImages(seed, 4), HeldOut: images}
	}
	calibrated, err := Calibrate(t.Context(), opt([]byte(tinyDescription), 3))
	require.NoError(t, err)
	assert.Equal(t, calibrated["a"], calibrated["p"], "a pool keeps the step")
	assert.NotContains(t, calibrated, "head")

	all := map[string]string{"a": "0.25", "s": "0.5", "b": "0.125", "c": "0.5", "d": "1"}
	given, err := Calibrate(t.Context(), opt(withSteps(all), 3))
	require.NoError(t, err)
	assert.Equal(t, map[string]float64{"a": 0.25, "p": 0.25, "s": 0.5, "b": 0.125, "c": 0.5, "d": 1}, given)
	one, _, err := Import(t.Context(), opt(withSteps(all), 3))
	require.NoError(t, err)
	two, _, err := Import(t.Context(), opt(withSteps(all), 99))
	require.NoError(t, err)
	assert.Equal(t, one.Graph, two.Graph, "the calibration images have no say")

	net, err := ReadFloat(opt(nil, 3).Weights, ArchPlain, withSteps(all), nil)
	require.NoError(t, err)
	for i, l := range net.Layers {
		if l.Name != "c" {
			continue
		}
		op := &one.Graph.Ops[i]
		k := len(l.Weight) / l.Out
		for o := range l.Out {
			q, bias, scale, step := QuantiseChannel(l.Weight[o*k:(o+1)*k], l.Bias[o], 0.125, 0.5)
			assert.ElementsMatch(t, op.Weight[o*k:(o+1)*k], q, "the graph has another order")
			assert.Equal(t, op.Bias[o], bias)
			assert.Equal(t, op.Scale[o], scale)
			assert.InDelta(t, scale, step*0.125/0.5, 1e-9)
		}
	}
	assert.Equal(t, []int{8, 16}, net.Strides)
	assert.Len(t, net.Layers, 6)
	assert.True(t, net.Layers[1].Pool)

	delete(all, "c")
	_, err = Calibrate(t.Context(), opt(withSteps(all), 3))
	assert.ErrorContains(t, err, "4 of 5 layers have a step")
	all["c"] = "-1"
	_, _, err = Import(t.Context(), opt(withSteps(all), 3))
	assert.ErrorContains(t, err, `layer "c": step -1`)
}

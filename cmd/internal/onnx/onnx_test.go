package onnx

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/engine"
	"anomnet/core/model"
)

// TestMessage holds the writer against the examples of protobuf.dev/programming-guides/encoding.
func TestMessage(t *testing.T) {
	var m message
	m.varint(1, 150)
	m.text(2, "testing")
	m.float(5, 1)
	assert.Equal(t, message("\x08\x96\x01\x12\x07testing\x2d\x00\x00\x80\x3f"), m)
	var negative message
	negative.varint(1, -2)
	assert.Equal(t, message("\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"), negative)
}

// graphOf has a stem on raw pixels, a pool, a signed side branch, a residual and taps at both strides.
func graphOf(input engine.InputKind) *engine.Graph {
	conv := func(name, in string, from, to, kernel, stride int) engine.Op {
		op := engine.Op{Name: name, Kind: engine.KindConv, Input: in, In: from, Out: to, Kernel: kernel, Stride: stride, Pad: kernel / 2,
			Bias: make([]int32, to), Scale: make([]float32, to), Weight: make([]int8, to*kernel*kernel*from)}
		for i := range op.Weight {
			op.Weight[i] = int8(i*37%255 - 127)
		}
		for i := range op.Scale {
			op.Scale[i] = 0.01
		}
		return op
	}
	stem := conv("stem", engine.ImageInput, 3, 2, 3, 2)
	if input == engine.InputRaw {
		for _, w := range stem.Weight {
			stem.Weight16 = append(stem.Weight16, int16(w)*16)
		}
		stem.Weight = nil
	}
	pool := engine.Op{Name: "pool", Kind: engine.KindMaxPool, Input: "stem", In: 2, Out: 2, Kernel: 3, Stride: 2, Pad: 1}
	side, tap := conv("side", "pool", 2, 4, 1, 2), conv("tap", "pool", 2, 4, 3, 2)
	side.Signed, tap.Residual, tap.ResidualScale = true, "side", 0.5
	return &engine.Graph{Input: input, PadValue: [3]uint8{10, 20, 30}, Taps: []string{"tap", "last"},
		Ops: []engine.Op{stem, pool, side, tap, conv("last", "tap", 4, 2, 3, 2)}}
}

func TestExportPreparesPixels(t *testing.T) {
	pix := make([]uint8, 32*32*3)
	pix[3*33+1] = 255 // y 1, x 1, green
	at := 32*32 + 33  // the same in NCHW
	for _, c := range []struct {
		input engine.InputKind
		int8  bool
		want  float64 // the value that the graph sees
	}{{engine.InputU7, false, 127}, {engine.InputU7, true, 127}, {engine.InputRaw, false, 235}, {engine.InputRaw, true, 235}} {
		m, err := Export(graphOf(c.input), nil, &Options{Height: 32, Width: 32, Int8: c.int8})
		require.NoError(t, err)
		require.Equal(t, []int{1, 3, 32, 32}, m.Shape)
		in := m.Input(pix)
		if c.int8 {
			require.Len(t, in, 3*32*32)
			assert.InDelta(t, c.want, (float64(in[at])-float64(m.input.zero))*m.input.step, m.input.step/2, "%s", c.input)
			continue
		}
		require.Len(t, in, 4*3*32*32)
		assert.Equal(t, float32(c.want), math.Float32frombits(binary.LittleEndian.Uint32(in[4*at:])), "%s", c.input)
	}
}

// TestResidualHasFactorOne: the step of a sum makes the residual's factor 1, so that the graph needs no multiplication.
func TestResidualHasFactorOne(t *testing.T) {
	m, err := Export(graphOf(engine.InputRaw), nil, &Options{Height: 32, Width: 32})
	require.NoError(t, err)
	assert.Equal(t, []Output{{"tap", []int{1, 4, 4, 4}, 2}, {"last", []int{1, 2, 2, 2}, 1}}, m.Outputs)
	m, err = Export(graphOf(engine.InputRaw), nil, &Options{Height: 32, Width: 32, Int8: true})
	require.NoError(t, err)
	assert.InDelta(t, 255.0/127, m.Outputs[0].Step, 1e-9, "u8 covers our u7")
}

// TestQuantizeRowsKeepsOurs: int8 weights times a scale come back as they were.
func TestQuantizeRowsKeepsOurs(t *testing.T) {
	want := []int8{127, -3, 0, 64, -127, 1}
	var w []float64
	for i, v := range want {
		w = append(w, float64(v)*[]float64{0.003, 7}[i/3])
	}
	got, steps := quantizeRows(w, 2)
	assert.Equal(t, want, got)
	assert.InDeltaSlice(t, []float64{0.003, 7}, steps, 1e-12)
	_, steps = quantizeRows(make([]float64, 4), 2)
	assert.Equal(t, []float64{1, 1}, steps, "a step is never 0")
}

func TestExportRefuses(t *testing.T) {
	broken := graphOf(engine.InputU7)
	broken.Ops[0].Scale[0] = -1
	_, err := Export(broken, nil, &Options{Height: 32, Width: 32})
	assert.ErrorIs(t, err, engine.ErrGraph)
	odd := graphOf(engine.InputU7)
	odd.Taps = []string{"stem"}
	_, err = Export(odd, nil, &Options{Height: 32, Width: 32})
	assert.ErrorContains(t, err, "stride")
}

// TestExportIsDeterministic: files of two runs can be compared.
func TestExportIsDeterministic(t *testing.T) {
	f, err := model.Decode(assets.Backbone())
	require.NoError(t, err)
	first, err := Export(f.Backbone.Graph, nil, &Options{Height: 256, Width: 256, Int8: true})
	require.NoError(t, err)
	for range 3 {
		again, err := Export(f.Backbone.Graph, nil, &Options{Height: 256, Width: 256, Int8: true})
		require.NoError(t, err)
		require.Equal(t, first.Data, again.Data)
	}
}

package enginetest

import (
	"math"
	"math/rand/v2"
	"testing"

	"anomnet/core/engine"
)

// graph has a stem, a pool, a residual block with a signed shortcut and two taps.
func graph(input engine.InputKind, c int, fill Fill) *engine.Graph {
	rng := rand.New(rand.NewPCG(7, uint64(c)))
	conv := func(name, in string, ci, co, k, s int) engine.Op {
		return convOp(rng, engine.Op{Name: name, Input: in, In: ci, Out: co, Kernel: k, Stride: s}, input == engine.InputRaw && in == engine.ImageInput, fill)
	}
	short := conv("short", "pool", c, c+5, 1, 2)
	short.Signed = true
	join := conv("join", "b1", c+3, c+5, 3, 1)
	join.Residual, join.ResidualScale = "short", 0.37
	again := conv("again", "join", c+5, c+5, 3, 1)
	again.Residual, again.ResidualScale = "join", 0.91
	return &engine.Graph{Input: input, PadValue: [3]uint8{124, 116, 104}, Taps: []string{"again", "deep"}, Ops: []engine.Op{
		conv("stem", engine.ImageInput, 3, c, 7, 2),
		{Name: "pool", Kind: engine.KindMaxPool, Input: "stem", In: c, Out: c, Kernel: 3, Stride: 2, Pad: 1},
		conv("b1", "pool", c, c+3, 3, 2), short, join, again,
		conv("deep", "again", c+5, c+7, 3, 2),
	}}
}

// convOp fills op with weights.
func convOp(rng *rand.Rand, op engine.Op, wide bool, fill Fill) engine.Op {
	k := op.Kernel * op.Kernel * op.In
	for i := range k * op.Out {
		if wide {
			op.Weight16 = append(op.Weight16, int16(ConvCase{Fill: fill}.weight(rng, i/k, 2047)))
		} else {
			op.Weight = append(op.Weight, int8(ConvCase{Fill: fill}.weight(rng, i/k, 127)))
		}
	}
	// usual is the accumulator of an output step, so that few results are beyond their range, where a fault would not show.
	usual := math.Sqrt(float64(k)) * 64 * 73 / 50
	if fill == Extreme {
		usual = float64(k) * 64 * 127 / 60
	}
	if wide {
		usual *= 32
	}
	for range op.Out {
		op.Bias = append(op.Bias, int32(rng.IntN(20001)-10000))
		op.Scale = append(op.Scale, float32((0.5+rng.Float64())/usual))
	}
	op.Kind, op.Pad = engine.KindConv, op.Kernel/2
	return op
}

// Size of the images that nets are run on.
const height, width = 64, 96

func runner(t *testing.T, k engine.Kernels, g *engine.Graph, opt *engine.RunnerOptions) (*engine.Runner, []uint8) {
	t.Helper()
	n, err := engine.NewNet(g, k)
	if err != nil {
		t.Fatal(err)
	}
	r, err := engine.NewRunner(n, height, width, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r, noise(rand.New(rand.NewPCG(11, 11)), height*width*3)
}

// outputs returns the values of every operation, and checks that the taps are the same where memory is used again. Another image goes
// first: buffers must not remember it.
func outputs(t *testing.T, k engine.Kernels, g *engine.Graph) [][]uint8 {
	t.Helper()
	kept, pix := runner(t, k, g, &engine.RunnerOptions{Keep: true})
	lean, _ := runner(t, k, g, nil)
	for _, r := range []*engine.Runner{kept, lean} {
		if err := r.Run(noise(rand.New(rand.NewPCG(1, 1)), len(pix))); err != nil {
			t.Fatal(err)
		}
		if err := r.Run(pix); err != nil {
			t.Fatal(err)
		}
	}
	var out [][]uint8
	for i := range g.Ops {
		out = append(out, rows(kept.Output(i)))
	}
	for i := range g.Taps {
		same(t, k, "tap of the lean runner", rows(kept.Taps()[i]), rows(lean.Taps()[i]))
	}
	return out
}

func rows(t *engine.Tensor) []uint8 {
	var out []uint8
	for y := range t.H {
		out = append(out, t.Row(y)...)
	}
	return out
}

package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// randomConv fills op with random weights; extreme puts every value at its limit.
func randomConv(rng *rand.Rand, op Op, raw, extreme bool) Op {
	k := op.Kernel * op.Kernel * op.In
	for i := 0; i < k*op.Out; i++ {
		limit := 127
		if raw {
			limit = 2047
		}
		v := rng.IntN(2*limit+1) - limit
		if extreme {
			v = limit
			if i/k%2 == 1 {
				v = -limit
			}
		}
		if raw {
			op.Weight16 = append(op.Weight16, int16(v))
		} else {
			op.Weight = append(op.Weight, int8(v))
		}
	}
	for o := 0; o < op.Out; o++ {
		op.Bias = append(op.Bias, int32(rng.IntN(20001)-10000))
		op.Scale = append(op.Scale, float32(0.001+0.01*rng.Float64()))
	}
	op.Kind, op.Pad = KindConv, op.Kernel/2
	return op
}

// testGraph has a stem, a pool, a residual block with a signed shortcut and two taps.
func testGraph(rng *rand.Rand, input InputKind, c int, extreme bool) *Graph {
	conv := func(name, in string, ci, co, k, s int) Op {
		return randomConv(rng, Op{Name: name, Input: in, In: ci, Out: co, Kernel: k, Stride: s}, input == InputRaw && in == ImageInput, extreme)
	}
	short := conv("short", "pool", c, c+5, 1, 2)
	short.Signed = true
	join := conv("join", "b1", c+3, c+5, 3, 1)
	join.Residual, join.ResidualScale = "short", 0.37
	again := conv("again", "join", c+5, c+5, 3, 1)
	again.Residual, again.ResidualScale = "join", 0.91
	return &Graph{Input: input, PadValue: [3]uint8{124, 116, 104}, Taps: []string{"again", "deep"}, Ops: []Op{
		conv("stem", ImageInput, 3, c, 7, 2),
		{Name: "pool", Kind: KindMaxPool, Input: "stem", In: c, Out: c, Kernel: 3, Stride: 2, Pad: 1},
		conv("b1", "pool", c, c+3, 3, 2), short, join, again,
		conv("deep", "again", c+5, c+7, 3, 2),
	}}
}

func randomPixels(rng *rand.Rand, n int) []uint8 {
	p := make([]uint8, n)
	for i := range p {
		p[i] = uint8(rng.Uint32())
	}
	return p
}

// TestConvDefinition checks the reference tier itself against the formula written out for single values.
func TestConvDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	g := testGraph(rng, InputU7, 9, false)
	const h, w = 32, 64
	pix := randomPixels(rng, h*w*3)
	n, err := NewNet(g, Generic())
	require.NoError(t, err)
	r, err := NewRunner(n, h, w, &RunnerOptions{Keep: true})
	require.NoError(t, err)
	require.NoError(t, r.Run(pix))
	op, stem := &g.Ops[0], r.Output(0)
	for y := 0; y < stem.H; y++ {
		for x := 0; x < stem.W; x++ {
			for o := 0; o < op.Out; o++ {
				acc := int64(op.Bias[o])
				for ky := 0; ky < 7; ky++ {
					for kx := 0; kx < 7; kx++ {
						iy, ix := y*2+ky-3, x*2+kx-3
						if iy < 0 || ix < 0 || iy >= h || ix >= w {
							continue
						}
						for c := 0; c < 3; c++ {
							acc += int64(pix[(iy*w+ix)*3+c]>>1) * int64(op.Weight[((o*7+ky)*7+kx)*3+c])
						}
					}
				}
				want := math.RoundToEven(math.Min(127, math.Max(0, float64(float32(float32(acc)*op.Scale[o])))))
				require.Equal(t, want, float64(stem.Row(y)[x*op.Out+o]), "y=%d x=%d o=%d", y, x, o)
			}
		}
	}
}

func TestRequantizeRoundsHalfToEven(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		in, lo, hi float32
		want       int32
	}{{0.5, 0, 127, 0}, {1.5, 0, 127, 2}, {2.5, 0, 127, 2}, {-0.5, -127, 127, 0}, {-1.5, -127, 127, -2}, {126.5, 0, 127, 126},
		{127.5, 0, 127, 127}, {-3, 0, 127, 0}, {inf, 0, 127, 127}, {-inf, -127, 127, -127}, {0.49999997, 0, 127, 0}} {
		assert.Equal(t, c.want, Requantize(c.in, c.lo, c.hi), "%v", c.in)
	}
	for v := float32(-130); v < 130; v += 0.0078125 {
		want := int32(math.RoundToEven(math.Max(-127, math.Min(127, float64(v)))))
		require.Equal(t, want, Requantize(v, -127, 127), "%v", v)
	}
}

func TestValidateRefuses(t *testing.T) {
	for name, breakIt := range map[string]func(g *Graph){
		"input kind":     func(g *Graph) { g.Input = "f32" },
		"no ops":         func(g *Graph) { g.Ops = nil },
		"no taps":        func(g *Graph) { g.Taps = nil },
		"tap twice":      func(g *Graph) { g.Taps = []string{"again", "again"} },
		"unknown tap":    func(g *Graph) { g.Taps[0] = "nothing" },
		"signed tap":     func(g *Graph) { g.Taps[0] = "short" },
		"tap stride":     func(g *Graph) { g.Taps[0] = "pool" },
		"duplicate name": func(g *Graph) { g.Ops[2].Name = "stem" },
		"later input":    func(g *Graph) { g.Ops[0].Input = "deep" },
		"signed input":   func(g *Graph) { g.Ops[5].Input = "short" },
		"channels":       func(g *Graph) { g.Ops[2].In++ },
		"kernel":         func(g *Graph) { g.Ops[2].Kernel = 4 },
		"stride":         func(g *Graph) { g.Ops[2].Stride = 3 },
		"kind":           func(g *Graph) { g.Ops[2].Kind = "gelu" },
		"weights":        func(g *Graph) { g.Ops[2].Weight = g.Ops[2].Weight[1:] },
		"weight -128":    func(g *Graph) { g.Ops[2].Weight[4] = -128 },
		"bias":           func(g *Graph) { g.Ops[2].Bias = nil },
		"scale NaN":      func(g *Graph) { g.Ops[2].Scale[0] = float32(math.NaN()) },
		"scale inf":      func(g *Graph) { g.Ops[2].Scale[0] = float32(math.Inf(1)) },
		"residual":       func(g *Graph) { g.Ops[4].Residual = "b1" },
		"total stride": func(g *Graph) {
			pool := Op{Kind: KindMaxPool, In: 16, Out: 16, Kernel: 1, Stride: 2}
			for i, input := range []string{"deep", "32"} {
				pool.Name, pool.Input = []string{"32", "64"}[i], input
				g.Ops = append(g.Ops, pool)
			}
		},
		"pool of the image": func(g *Graph) {
			g.Ops = append(g.Ops, Op{Name: "last", Kind: KindMaxPool, Input: ImageInput, In: 3, Out: 3, Kernel: 1, Stride: 1})
		},
		"image as residual": func(g *Graph) {
			last := randomConv(rand.New(rand.NewPCG(1, 6)), Op{Name: "last", Input: ImageInput, In: 3, Out: 3, Kernel: 1, Stride: 1}, false, false)
			last.Residual, last.ResidualScale = ImageInput, 1
			g.Ops = append(g.Ops, last)
		},
		"int16 weights behind the stem": func(g *Graph) { g.Ops[2].Weight, g.Ops[2].Weight16 = nil, make([]int16, len(g.Ops[2].Weight)) },
		"int8 stem on raw pixels":       func(g *Graph) { g.Input = InputRaw },
		"residual stride": func(g *Graph) {
			g.Ops[6].Out, g.Ops[6].Weight = 14, make([]int8, 9*14*14)
			g.Ops[6].Bias, g.Ops[6].Scale = make([]int32, 14), slices.Repeat([]float32{1}, 14)
			g.Ops[6].Residual, g.Ops[6].ResidualScale = "again", 1
		},
		"residual scale": func(g *Graph) { g.Ops[4].ResidualScale = 0 },
		"overflow":       func(g *Graph) { g.Ops[2].Bias[0] = math.MaxInt32 },
		"bias min":       func(g *Graph) { g.Ops[2].Bias[0] = math.MinInt32 },
		"pool channels":  func(g *Graph) { g.Ops[1].Out++ },
		"many ops":       func(g *Graph) { g.Ops = append(g.Ops, make([]Op, maxOps)...) },
		"many channels":  func(g *Graph) { g.Ops[2].Out = maxChannels + 1 },
		"large kernel":   func(g *Graph) { g.Ops[2].Kernel, g.Ops[2].Pad = maxKernel+2, (maxKernel+2)/2 },
	} {
		t.Run(name, func(t *testing.T) {
			g := testGraph(rand.New(rand.NewPCG(1, 2)), InputU7, 9, false)
			require.NoError(t, g.Validate())
			breakIt(g)
			assert.ErrorIs(t, g.Validate(), ErrGraph)
		})
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	g := testGraph(rand.New(rand.NewPCG(1, 2)), InputU7, 9, false)
	n, err := NewNet(g, Generic())
	require.NoError(t, err)
	r, err := NewRunner(n, 64, 64, nil)
	require.NoError(t, err)
	pix := make([]uint8, 64*64*3)
	assert.Zero(t, testing.AllocsPerRun(3, func() { _ = r.Run(pix) }))
	assert.Error(t, r.Run(pix[1:]))
	for _, size := range [][2]int{{60, 64}, {64, 60}, {0, 64}, {64, -32}, {4128, 32}, {32, 4128}} {
		_, err = NewRunner(n, size[0], size[1], nil)
		assert.ErrorContains(t, err, "multiples of 32", size)
	}
	_, err = NewRunner(n, 32, 4096, nil)
	assert.NoError(t, err)
}

// TestRunnerBuffersAreBounded: wide layers at stride 1 cost a file nothing and a machine 17 GB each.
func TestRunnerBuffersAreBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	g := &Graph{Input: InputU7, Taps: []string{"c"}, Ops: []Op{
		randomConv(rng, Op{Name: "wide", Input: ImageInput, In: 3, Out: 512, Kernel: 1, Stride: 1}, false, false),
		{Name: "a", Kind: KindMaxPool, Input: "wide", In: 512, Out: 512, Kernel: 1, Stride: 2},
		{Name: "b", Kind: KindMaxPool, Input: "a", In: 512, Out: 512, Kernel: 1, Stride: 2},
		{Name: "c", Kind: KindMaxPool, Input: "b", In: 512, Out: 512, Kernel: 1, Stride: 2},
	}}
	n, err := NewNet(g, Generic())
	require.NoError(t, err)
	_, err = NewRunner(n, 2048, 2048, nil)
	assert.ErrorContains(t, err, "MB of buffers")
	r, err := NewRunner(n, 64, 64, nil)
	require.NoError(t, err)
	assert.Less(t, r.Bytes(), 64*64*512*2)
}

// TestWorkIsBounded: two layers of 200 KB would take an image of 2,048 x 2,048 pixels 1.7e12 multiply-adds.
func TestWorkIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	conv := func(name, in string, ci, k, stride int) Op {
		return randomConv(rng, Op{Name: name, Input: in, In: ci, Out: 64, Kernel: k, Pad: k / 2, Stride: stride}, false, false)
	}
	g := &Graph{Input: InputU7, Taps: []string{"f"}, Ops: []Op{
		conv("a", ImageInput, 3, 1, 1), conv("b", "a", 64, 7, 1), conv("c", "b", 64, 7, 1), conv("d", "c", 64, 1, 2), conv("e", "d", 64, 1, 2), conv("f", "e", 64, 1, 2),
	}}
	n, err := NewNet(g, Generic())
	require.NoError(t, err)
	_, err = NewRunner(n, 2048, 2048, nil)
	assert.ErrorContains(t, err, "multiply-adds for an image, the limit is 1099511627776")
	_, err = NewRunner(n, 256, 256, nil)
	assert.NoError(t, err)
}

// TestWorkOfPoolsIsBounded: 240 pools of 7 x 7 have no multiply-add and take an image of 2,048 x 2,048 pixels two hours.
func TestWorkOfPoolsIsBounded(t *testing.T) {
	const channels = 224
	pool := func(name, in string, k, stride int) Op {
		return Op{Name: name, Kind: KindMaxPool, Input: in, In: channels, Out: channels, Kernel: k, Pad: k / 2, Stride: stride}
	}
	g := &Graph{Input: InputU7, Taps: []string{"tap"}, Ops: []Op{
		randomConv(rand.New(rand.NewPCG(1, 4)), Op{Name: "0", Input: ImageInput, In: 3, Out: channels, Kernel: 1, Stride: 2}, false, false),
	}}
	for i := range 240 {
		g.Ops = append(g.Ops, pool(fmt.Sprint(i+1), fmt.Sprint(i), 7, 1))
	}
	g.Ops = append(g.Ops, pool("half", "240", 3, 2), pool("tap", "half", 3, 2))
	n, err := NewNet(g, Generic())
	require.NoError(t, err)
	assert.EqualValues(t, 1024*1024*3*channels, g.MultiplyAdds(2048, 2048), "comparisons are none")
	_, err = NewRunner(n, 2048, 2048, nil)
	assert.ErrorContains(t, err, "2763566088192 multiply-adds for an image, the limit is 1099511627776")
	_, err = NewRunner(n, 256, 256, nil)
	assert.NoError(t, err)
}

func TestChoose(t *testing.T) {
	tiers := []Kernels{Ref(), Generic()}
	for name, want := range map[string]string{"": "generic", "ref": "ref", "generic": "generic"} {
		k, err := Choose(tiers, name)
		require.NoError(t, err)
		assert.Equal(t, want, k.Name())
	}
	for _, list := range [][]Kernels{tiers, nil} {
		_, err := Choose(list, "none")
		assert.ErrorContains(t, err, `no tier "none"`)
	}
	_, err := Choose(nil, "")
	assert.Error(t, err)
}

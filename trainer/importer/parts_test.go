package importer

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/safetensors"
	"anomnet/trainer/importer/pth/pthtest"
)

func TestForwardIsTheDefinition(t *testing.T) {
	for _, k := range []int{1, 3, 7} {
		for _, stride := range []int{1, 2} {
			rng := rand.New(rand.NewPCG(uint64(k), uint64(stride)))
			l := layer{name: "a", kind: engine.KindConv, input: engine.ImageInput, in: 3, out: 5, kernel: k, stride: stride}
			for range l.out * l.in * k * k {
				l.weight = append(l.weight, float32(rng.NormFloat64()))
			}
			for range l.out {
				l.bias = append(l.bias, float32(rng.NormFloat64()))
			}
			n := &network{scale: 1.0 / 127, layers: []layer{l}}
			const h, w = 6, 10 // an odd number of output pixels at stride 2
			img := imaging.NewRGB(w, h)
			for i := range img.Pix {
				img.Pix[i] = uint8(rng.Uint32())
			}
			f := newForward(n, h, w)
			f.run(img)
			out := f.out[0]
			require.Equal(t, []int{h / stride, w / stride, 5}, []int{out.h, out.w, out.c})
			for y := range out.h {
				for x := range out.w {
					for o := range out.c {
						assert.InDelta(t, convAt(&l, img, y, x, o), out.data[(y*out.w+x)*out.c+o], 1e-4, "k %d stride %d (%d,%d,%d)", k, stride, y, x, o)
					}
				}
			}
		}
	}
}

// convAt is one value of a convolution on pixel>>1 / 127.
func convAt(l *layer, img *imaging.RGB, y, x, o int) float64 {
	k, sum := l.kernel, float64(l.bias[o])
	for c := range l.in {
		for ky := range k {
			for kx := range k {
				iy, ix := y*l.stride+ky-k/2, x*l.stride+kx-k/2
				if iy >= 0 && ix >= 0 && iy < img.H && ix < img.W {
					sum += float64(img.Pix[(iy*img.W+ix)*3+c]>>1) / 127 * float64(l.weight[((o*l.in+c)*k+ky)*k+kx])
				}
			}
		}
	}
	return sum
}

func TestHistogramPercentile(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	v := make([]float32, 200_000)
	for i := range v {
		v[i] = float32(math.Exp(2*rng.NormFloat64())) * float32(1-2*(i%2))
		if i%5 == 0 {
			v[i] = 0
		}
	}
	a, b := newHistogram(), newHistogram()
	a.add(v[:70_000])
	b.add(v[70_000:])
	a.merge(b)
	sorted := slices.Clone(v)
	for i, x := range sorted {
		sorted[i] = float32(math.Abs(float64(x)))
	}
	slices.Sort(sorted)
	for _, p := range []float64{50, 90, 99, 99.9, 99.99, 100} {
		want := float64(sorted[int(math.Ceil(p/100*float64(len(sorted))))-1])
		assert.InEpsilon(t, want, a.percentile(p), 0.003, "percentile %v", p)
	}
	assert.Equal(t, float64(sorted[len(sorted)-1]), a.percentile(100))

	rare := newHistogram()
	rare.add(append(make([]float32, 1000), 0.5))
	assert.Equal(t, 0.5, rare.percentile(99), "a percentile of zero is no step")
	assert.Zero(t, newHistogram().percentile(99))
	huge := newHistogram()
	huge.add([]float32{1e30, float32(math.Inf(1)), float32(math.NaN())})
	assert.NotPanics(t, func() { huge.percentile(100) })
}

func TestQuantiseChannelExtremes(t *testing.T) {
	for name, c := range map[string]struct {
		w       []float64
		b       float64
		weights []int8
	}{
		"plain":              {[]float64{1, -0.5, 0.25}, 0.1, []int8{127, -64, 32}},
		"dead":               {[]float64{0, 0, 0}, 0, []int8{0, 0, 0}},
		"only a bias":        {[]float64{0, 0, 0}, 0.75, []int8{0, 0, 0}},
		"tiny, large bias":   {[]float64{1e-12, 0, 0}, 0.75, []int8{0, 0, 0}},
		"tiny, without bias": {[]float64{1e-30, 0, 0}, 0, []int8{0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			op := engine.Op{Weight: make([]int8, 3), Bias: make([]int32, 1), Scale: make([]float32, 1)}
			const in, out = 0.02, 0.05
			quantiseChannel(&op, 0, c.w, c.b, in, out)
			assert.Equal(t, c.weights, op.Weight)
			assert.Greater(t, op.Scale[0], float32(0))
			assert.InDelta(t, c.b, float64(op.Bias[0])*float64(op.Scale[0])*out, 1e-4)
		})
	}
}

// resnetTensors are random weights of a narrow ResNet-18, with batch norm, or the same with batch norm folded.
func resnetTensors(width int) (unfolded, folded testTensors) {
	rng := rand.New(rand.NewPCG(9, 9))
	unfolded, folded = testTensors{}, testTensors{}
	add := func(conv, bn string, in, out, k int) {
		unfolded.random(rng, conv+".weight", 0, math.Sqrt(2/float64(in*k*k)), out, in, k, k)
		unfolded.random(rng, bn+".weight", 1, 0.1, out)
		unfolded.random(rng, bn+".bias", 0, 0.1, out)
		unfolded.random(rng, bn+".running_mean", 0, 0.1, out)
		unfolded.random(rng, bn+".running_var", 1, 0.05, out)
		unfolded[bn+".num_batches_tracked"] = safetensors.Tensor{DType: safetensors.I64, Shape: []int{}, Data: make([]byte, 8)}
		foldInto(folded, unfolded, conv, bn)
	}
	add("conv1", "bn1", 3, width, 7)
	in := width
	for _, stage := range []string{"layer1", "layer2", "layer3"} {
		out := in
		if stage != "layer1" {
			out = 2 * in
			add(stage+".0.downsample.0", stage+".0.downsample.1", in, out, 1)
		}
		add(stage+".0.conv1", stage+".0.bn1", in, out, 3)
		add(stage+".0.conv2", stage+".0.bn2", out, out, 3)
		add(stage+".1.conv1", stage+".1.bn1", out, out, 3)
		add(stage+".1.conv2", stage+".1.bn2", out, out, 3)
		in = out
	}
	unfolded.random(rng, "layer4.0.conv1.weight", 0, 1, 2*in, in, 3, 3)
	unfolded.random(rng, "fc.bias", 0, 1, 1000)
	return unfolded, folded
}

// foldInto writes y = gamma (conv(x) - mean) / sqrt(var + 1e-5) + beta as weight and bias.
func foldInto(folded, t testTensors, conv, bn string) {
	var p [5][]float32
	for i, name := range []string{conv + ".weight", bn + ".weight", bn + ".bias", bn + ".running_mean", bn + ".running_var"} {
		p[i], _ = t[name].Float32()
	}
	w, bias := p[0], make([]float32, len(p[1]))
	for o := range bias {
		s := math.Sqrt(float64(p[4][o]) + 1e-5)
		for i := range w[:len(w)/len(bias)] {
			j := o*len(w)/len(bias) + i
			w[j] = float32(float64(w[j]) * float64(p[1][o]) / s)
		}
		bias[o] = float32(float64(p[2][o]) - float64(p[3][o])*float64(p[1][o])/s)
	}
	folded[conv+".weight"] = safetensors.FromFloat32(w, t[conv+".weight"].Shape...)
	folded[conv+".bias"] = safetensors.FromFloat32(bias, len(bias))
}

func importNarrow(t *testing.T, tensors testTensors) (*model.Backbone, *Report) {
	t.Helper()
	w, err := readWeights(tensors.encode(t))
	require.NoError(t, err)
	n, err := resnet18(w, 8)
	require.NoError(t, err)
	opt := tinyOptions(t)
	require.NoError(t, opt.complete())
	b, r, err := importNetwork(context.Background(), &opt, n)
	require.NoError(t, err)
	return b, r
}

func TestFoldedAndUnfoldedResNetAreTheSame(t *testing.T) {
	unfolded, folded := resnetTensors(8)
	a, r := importNarrow(t, unfolded)
	b, _ := importNarrow(t, folded)
	assert.Equal(t, []string{"layer2", "layer3"}, a.Graph.Taps)
	assert.Equal(t, [3]uint8{124, 116, 104}, a.Graph.PadValue)
	assert.Len(t, a.FeatureStd, 16+32)
	for _, l := range r.Layers {
		assert.Greater(t, l.ExplainedVariance, 0.98, l.Name)
	}
	assert.Greater(t, r.Taps[0].ExplainedVariance, 0.985)
	// float32 rounding of the folded weights may move a value that lies between two steps, by one.
	differ, total := 0, 0
	for i := range a.Graph.Ops {
		p, q := &a.Graph.Ops[i], &b.Graph.Ops[i]
		require.Equal(t, p.Name, q.Name)
		assert.Equal(t, p.Signed, q.Signed)
		assert.Equal(t, p.Residual, q.Residual)
		for j := range p.Weight {
			d := int(p.Weight[j]) - int(q.Weight[j])
			require.LessOrEqual(t, max(d, -d), 1, "%s weight %d", p.Name, j)
			if d != 0 {
				differ++
			}
			total++
		}
		for o := range p.Scale {
			assert.InEpsilon(t, p.Scale[o], q.Scale[o], 1e-4, "%s scale %d", p.Name, o)
			assert.InDelta(t, p.Bias[o], q.Bias[o], 2+1e-4*math.Abs(float64(p.Bias[o])), "%s bias %d", p.Name, o)
		}
	}
	assert.NotZero(t, total)
	assert.LessOrEqual(t, differ, total/1000)
}

func TestResNetErrors(t *testing.T) {
	unfolded, folded := resnetTensors(8)
	for name, c := range map[string]struct {
		from   testTensors
		change func(t testTensors)
		want   string
	}{
		"downsample shape": {folded, func(t testTensors) { t["layer2.0.downsample.0.weight"] = t["layer2.0.conv1.weight"] }, `"layer2.0.downsample.0.weight" is F32 [16 8 3 3], want F32 [16 8 1 1]`},
		"norm missing":     {unfolded, func(t testTensors) { delete(t, "layer3.1.bn2.running_mean") }, `"layer3.1.conv2.bias" is missing`},
		"norm part":        {unfolded, func(t testTensors) { delete(t, "bn1.running_var") }, `"bn1.running_var" is missing`},
		"variance": {unfolded, func(t testTensors) {
			t["bn1.running_var"] = safetensors.FromFloat32([]float32{1, 1, 1, -1, 1, 1, 1, 1}, 8)
		}, "value 3 is -1"},
		"extra": {folded, func(t testTensors) { t["layer2.2.conv1.bias"] = t["conv1.bias"] }, `"layer2.2.conv1.bias"`},
	} {
		t.Run(name, func(t *testing.T) {
			tensors := maps.Clone(c.from)
			c.change(tensors)
			w, err := readWeights(tensors.encode(t))
			require.NoError(t, err)
			_, err = resnet18(w, 8)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

// shared returns a file of the folder beside the checkout, which is not part of the project.
func shared(t *testing.T, name string) []byte {
	t.Helper()
	const folder = "../../../shared"
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("SKIPPED: no %s with real weights and photographs here: %v", folder, err)
	}
	data, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return data
}

// photographs returns n natural photographs, every step-th from first.
func photographs(t *testing.T, first, step, n int) Images {
	t.Helper()
	names, err := filepath.Glob("../../../shared/data/natural/*.jpg")
	require.NoError(t, err)
	require.Greater(t, len(names), first+step*(n-1))
	return Images{N: n, Load: func(i int) (*imaging.RGB, error) {
		data, err := os.ReadFile(names[first+i*step])
		if err != nil {
			return nil, err
		}
		return imaging.Decode(data, nil)
	}}
}

func TestRealStudent(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: runs real networks")
	}
	opt := Options{
		Weights: shared(t, "weights/student_v0.safetensors"), Description: shared(t, "weights/student_v0.json"), Arch: ArchPlain, Workers: 2,
		Images: photographs(t, 0, 900, 8), HeldOut: photographs(t, 450, 900, 4),
	}
	b, r, err := Import(context.Background(), opt)
	require.NoError(t, err)
	assert.Equal(t, []string{"conv5", "conv8"}, b.Graph.Taps)
	assert.Equal(t, engine.InputU7, b.Graph.Input)
	for _, tap := range r.Taps {
		assert.Greater(t, tap.ExplainedVariance, 0.98, tap.Name)
	}
	assert.EqualValues(t, 562_692_096, r.MultiplyAdds)
}

func TestRealResNet18(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: runs real networks")
	}
	opt := Options{
		Weights: shared(t, "weights/resnet18_imagenet_folded.safetensors"), Arch: ArchResNet18, Workers: 2,
		Images: photographs(t, 0, 1800, 4), HeldOut: photographs(t, 900, 1800, 4),
	}
	b, r, err := Import(context.Background(), opt)
	require.NoError(t, err)
	assert.Equal(t, []string{"layer2", "layer3"}, b.Graph.Taps)
	for _, tap := range r.Taps {
		assert.Greater(t, tap.ExplainedVariance, 0.98, tap.Name)
	}
	assert.Len(t, b.FeatureStd, 128+256)
}

// wideTensors are random weights of a Wide ResNet-50-2 whose stem has the given width (64 in the real one), named and shaped as torchvision's.
func wideTensors(width int) testTensors {
	rng := rand.New(rand.NewPCG(8, 8))
	t := testTensors{}
	add := func(conv, bn string, in, out, k int, gain float64) {
		t.random(rng, conv+".weight", 0, math.Sqrt(2/float64(in*k*k)), out, in, k, k)
		t.random(rng, bn+".weight", gain, 0.1*gain, out)
		t.random(rng, bn+".bias", 0, 0.1, out)
		t.random(rng, bn+".running_mean", 0, 0.1, out)
		t.random(rng, bn+".running_var", 1, 0.05, out)
	}
	add("conv1", "bn1", 3, width, 7, 1)
	in := width
	for stage, blocks := range []int{3, 4, 6} {
		middle, out := 2*width<<stage, 4*width<<stage
		for b := range blocks {
			name := fmt.Sprintf("layer%d.%d", stage+1, b)
			if b == 0 {
				add(name+".downsample.0", name+".downsample.1", in, out, 1, 1)
			}
			add(name+".conv1", name+".bn1", in, middle, 1, 1)
			add(name+".conv2", name+".bn2", middle, middle, 3, 1)
			add(name+".conv3", name+".bn3", middle, out, 1, 0.3) // trained networks add little in each block
			in = out
		}
	}
	t.random(rng, "layer4.0.conv1.weight", 0, 1, 8, 4, 1, 1)
	t.random(rng, "fc.bias", 0, 1, 1000)
	return t
}

// pth writes the tensors as torch.save does, in the form of today or of before PyTorch 1.6.
func (t testTensors) pth(test *testing.T, legacy bool) []byte {
	m := map[string]pthtest.Tensor{}
	for name, v := range t {
		m[name] = pthtest.Of(v)
	}
	if legacy {
		return pthtest.Legacy(m)
	}
	file, err := pthtest.Archive(pthtest.StateDict(m, false), m)
	require.NoError(test, err)
	return file
}

// TestResNet18FromPth: both forms of torchvision's .pth give the network that safetensors gives, at the exact shapes.
func TestResNet18FromPth(t *testing.T) {
	tensors, _ := resnetTensors(resnetWidth)
	tensors["bn1.num_batches_tracked"] = safetensors.Tensor{DType: safetensors.I64, Shape: []int{}, Data: make([]byte, 8)}
	read := func(data []byte) *network {
		w, err := readWeights(data)
		require.NoError(t, err)
		n, err := resnet18(w, resnetWidth)
		require.NoError(t, err)
		return n
	}
	want := read(tensors.encode(t))
	assert.True(t, reflect.DeepEqual(want, read(tensors.pth(t, false))), "archive")
	assert.True(t, reflect.DeepEqual(want, read(tensors.pth(t, true))), "before 1.6")
	_, err := readWeights(tensors.pth(t, false)[:1<<20])
	assert.ErrorContains(t, err, "importer: weights: pth: not a readable state dict")
}

// TestWideResNet50 imports a .pth file with random weights of the exact shapes of torchvision's network, and holds the integer taps against our float forward.
func TestWideResNet50(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: 25 million weights")
	}
	opt := tinyOptions(t)
	opt.Weights, opt.Arch, opt.Description, opt.Workers = wideTensors(64).pth(t, false), ArchWideResNet50, nil, 2
	b, r, err := Import(context.Background(), opt)
	require.NoError(t, err)
	assert.Equal(t, []string{"layer2", "layer3"}, b.Graph.Taps)
	assert.Len(t, b.FeatureStd, 512+1024)
	assert.Len(t, b.Graph.Ops, 1+1+3+13*3, "stem, pool, three shortcuts, 13 blocks")
	// With layer4, fc and the norms the same sum gives the 68,883,240 parameters that torchvision states.
	assert.EqualValues(t, 11_998_855_168, b.Graph.MultiplyAdds(256, 256))
	for _, tap := range r.Taps {
		assert.Greater(t, tap.ExplainedVariance, 0.9, tap.Name)
	}
	weights := 0
	for i := range b.Graph.Ops {
		weights += len(b.Graph.Ops[i].Weight) + len(b.Graph.Ops[i].Weight16)
	}
	assert.Equal(t, 24_822_976, weights)
}

// TestNarrowWideResNet: the same structure with a stem of 4 channels, and what does not belong to it is refused.
func TestNarrowWideResNet(t *testing.T) {
	tensors := wideTensors(4)
	read := func() (*network, error) {
		w, err := readWeights(tensors.encode(t))
		require.NoError(t, err)
		return wideResNet50(w, 4)
	}
	n, err := read()
	require.NoError(t, err)
	at := n.index()
	last := n.layers[at["layer3"]]
	assert.Equal(t, []any{"layer3.5.conv2", 32, 64, 1, "layer3.4.conv3"}, []any{last.input, last.in, last.out, last.kernel, last.residual})
	first := n.layers[at["layer2.0.conv2"]]
	assert.Equal(t, []int{16, 16, 3, 2}, []int{first.in, first.out, first.kernel, first.stride}, "the 3x3 has the stride")
	assert.Equal(t, "layer2", n.layers[at["layer3.0.conv1"]].input)
	tensors["layer1.0.conv3.weight"] = tensors["layer1.0.conv1.weight"]
	_, err = read()
	assert.ErrorContains(t, err, `"layer1.0.conv3.weight" is F32 [8 4 1 1], want F32 [16 8 1 1]`)
	delete(tensors, "layer3.5.conv3.weight")
	tensors["layer1.0.conv3.weight"] = wideTensors(4)["layer1.0.conv3.weight"]
	_, err = read()
	assert.ErrorContains(t, err, `"layer3.5.conv3.weight" is missing`)
}

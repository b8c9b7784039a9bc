package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/safetensors"
)

const testSide = 64

// testTensors is a weights file under construction.
type testTensors map[string]safetensors.Tensor

func (t testTensors) random(rng *rand.Rand, name string, mean, dev float64, shape ...int) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(mean + dev*rng.NormFloat64())
	}
	t[name] = safetensors.FromFloat32(v, shape...)
}

func (t testTensors) conv(rng *rand.Rand, name string, in, out, k int) {
	t.random(rng, name+".weight", 0, math.Sqrt(2/float64(in*k*k)), out, in, k, k)
	t.random(rng, name+".bias", 0, 0.1, out)
}

func (t testTensors) encode(tb testing.TB) []byte {
	tb.Helper()
	data, err := safetensors.Encode(&safetensors.File{Tensors: t})
	require.NoError(tb, err)
	return data
}

// testImages are smooth random pictures with some noise.
func testImages(seed uint64, n int) Images {
	var list []*imaging.RGB
	for i := range n {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		img := imaging.NewRGB(testSide/4, testSide/4)
		for j := range img.Pix {
			img.Pix[j] = uint8(rng.Uint32())
		}
		img = imaging.Resize(img, testSide, testSide)
		for j := range img.Pix {
			img.Pix[j] ^= uint8(rng.Uint32()) & 15
		}
		list = append(list, img)
	}
	return decoded(list)
}

// decoded are pictures in memory.
func decoded(list []*imaging.RGB) Images {
	return Images{N: len(list), Load: func(i int) (*imaging.RGB, error) { return list[i], nil }}
}

const tinyDescription = `{"note": "unknown keys are ignored", "layers": [
	{"name": "a", "kind": "conv3x3", "cin": 3, "cout": 9, "stride": 2, "pad": 1, "relu": true},
	{"name": "p", "kind": "maxpool3x3", "cin": 9, "cout": 9, "stride": 2},
	{"name": "s", "kind": "conv1x1", "cin": 9, "cout": 13, "stride": 2},
	{"name": "b", "kind": "conv3x3", "from": "p", "cin": 9, "cout": 13, "stride": 2, "relu": true},
	{"name": "c", "kind": "conv3x3", "residual": "s", "cin": 13, "cout": 13, "relu": true},
	{"name": "d", "kind": "conv5x5", "cin": 13, "cout": 8, "stride": 2, "relu": true},
	{"name": "head", "kind": "conv1x1", "cin": 8, "cout": 4}]}`

func tinyTensors() testTensors {
	rng, t := rand.New(rand.NewPCG(1, 2)), testTensors{}
	t.conv(rng, "a", 3, 9, 3)
	t.conv(rng, "s", 9, 13, 1)
	t.conv(rng, "b", 9, 13, 3)
	t.conv(rng, "c", 13, 13, 3)
	t.conv(rng, "d", 13, 8, 5)
	t.conv(rng, "head", 8, 4, 1)
	return t
}

func tinyOptions(t testing.TB) Options {
	return Options{
		Weights: tinyTensors().encode(t), Arch: ArchPlain, Description: []byte(tinyDescription), Images: testImages(1, 4), HeldOut: testImages(2, 3),
		Preprocess: imaging.Preprocess{Width: testSide, Height: testSide, Mode: imaging.Stretch},
	}
}

func TestImportPlain(t *testing.T) {
	opt := tinyOptions(t)
	opt.Licence, opt.DataSHA256 = "mine", "abc"
	b, r, err := Import(context.Background(), opt)
	require.NoError(t, err)
	assert.Equal(t, []string{"c", "d"}, b.Graph.Taps, "the last layers with relu at stride 8 and 16")
	assert.Len(t, b.Graph.Ops, 6, "the head is not part of it")
	assert.Len(t, b.FeatureStd, 13+8)
	for _, l := range r.Layers {
		assert.Greater(t, l.ExplainedVariance, 0.99, l.Name)
		assert.Less(t, l.Clip, 0.005, l.Name)
	}
	require.Len(t, r.Taps, 2)
	assert.Equal(t, "c", r.Taps[0].Name)
	assert.InDelta(t, 1, r.Taps[0].Loss+r.Taps[0].ExplainedVariance, 1e-12)
	assert.NotZero(t, r.Taps[0].Loss)
	assert.Equal(t, [2]int{8, 16}, [2]int{r.Taps[0].Stride, r.Taps[1].Stride})
	assert.Equal(t, []string{ArchPlain, "mine", "abc"}, []string{b.Name, b.Licence, b.Provenance.DataSHA256})
	assert.Equal(t, 4, b.Provenance.Images)

	data, err := model.Encode(&model.File{Backbone: b})
	require.NoError(t, err)
	f, err := model.Decode(data)
	require.NoError(t, err)
	assert.Equal(t, r.BackboneSHA256, f.Digest)
}

func TestImportDoesNotDependOnWorkers(t *testing.T) {
	opt := tinyOptions(t)
	_, one, err := Import(context.Background(), opt)
	require.NoError(t, err)
	calls := 0
	opt.Workers, opt.Progress = 3, func(string, int, int) { calls++ }
	_, three, err := Import(context.Background(), opt)
	require.NoError(t, err)
	assert.Equal(t, one, three)
	assert.Equal(t, 4+4+3, calls, "calibration, features, comparison")
}

func TestImportNormalisedInput(t *testing.T) {
	opt := tinyOptions(t)
	opt.Description = []byte(`{"input": {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.25, 0.3]},` + tinyDescription[1:])
	b, r, err := Import(context.Background(), opt)
	require.NoError(t, err)
	assert.Equal(t, engine.InputRaw, b.Graph.Input)
	assert.Equal(t, [3]uint8{128, 102, 76}, b.Graph.PadValue) // 127.5 and 76.5 are halves: to even
	for _, l := range r.Layers {
		assert.Greater(t, l.ExplainedVariance, 0.99, l.Name)
	}
}

func TestImportRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *Options)
		want   []string
	}{
		"arch":           {func(o *Options) { o.Arch = "vgg" }, []string{"vgg"}},
		"no images":      {func(o *Options) { o.Images = Images{} }, []string{"calibration images"}},
		"no held out":    {func(o *Options) { o.HeldOut = Images{} }, []string{"held-out"}},
		"percentile":     {func(o *Options) { o.Percentile = 101 }, []string{"101"}},
		"percentile NaN": {func(o *Options) { o.Percentile = math.NaN() }, []string{"NaN"}},
		"size":           {func(o *Options) { o.Preprocess.Width = 33 }, []string{"33"}},
		"weights":        {func(o *Options) { o.Weights = o.Weights[:20] }, []string{"weights"}},
		"empty image":    {func(o *Options) { o.Images = decoded([]*imaging.RGB{{}}) }, []string{"calibration", "image 0"}},
		"black images": {func(o *Options) {
			tensors := tinyTensors()
			tensors["a.bias"] = safetensors.FromFloat32(make([]float32, 9), 9)
			o.Weights, o.Images = tensors.encode(t), decoded([]*imaging.RGB{imaging.NewRGB(64, 64)})
		}, []string{`"a"`}},
		"taps for resnet18":  {func(o *Options) { o.Arch = ArchResNet18 }, []string{"neither description"}},
		"plain for resnet18": {func(o *Options) { o.Arch, o.Description = ArchResNet18, nil }, []string{`"conv1.weight" is missing`, "[64 3 7 7]"}},
	} {
		t.Run(name, func(t *testing.T) {
			opt := tinyOptions(t)
			c.change(&opt)
			_, _, err := Import(context.Background(), opt)
			require.Error(t, err)
			for _, want := range append(c.want, "importer: ") {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestImportStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	opt := tinyOptions(t)
	opt.Progress = func(string, int, int) { cancel() }
	_, _, err := Import(ctx, opt)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestTensorErrorsNameShapes(t *testing.T) {
	nan := safetensors.FromFloat32([]float32{float32(math.NaN()), 0, 0, 0, 0, 0, 0, 0, 0}, 9)
	for name, c := range map[string]struct {
		tensor string
		with   *safetensors.Tensor
		want   []string
	}{
		"missing": {"c.bias", nil, []string{`"c.bias" is missing`, "[13]"}},
		"shape":   {"s.weight", new(safetensors.FromFloat32(make([]float32, 9*13*9), 13, 9, 3, 3)), []string{`"s.weight"`, "[13 9 3 3]", "[13 9 1 1]"}},
		"dtype":   {"a.bias", new(safetensors.FromInt32(make([]int32, 9), 9)), []string{`"a.bias"`, "I32", "F32"}},
		"extra":   {"e.weight", new(safetensors.FromFloat32(make([]float32, 2), 2, 1)), []string{`"e.weight"`, "[2 1]", "not part of"}},
		"nan":     {"a.bias", &nan, []string{`"a.bias"`, "value 0", "NaN"}},
	} {
		t.Run(name, func(t *testing.T) {
			tensors := tinyTensors()
			delete(tensors, c.tensor)
			if c.with != nil {
				tensors[c.tensor] = *c.with
			}
			opt := tinyOptions(t)
			opt.Weights = tensors.encode(t)
			_, _, err := Import(context.Background(), opt)
			require.Error(t, err)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestDescriptionRefuses(t *testing.T) {
	for name, c := range map[string][3]string{
		"syntax":         {`{"note"`, `{note`, "invalid character"},
		"kind":           {`"conv5x5"`, `"conv5x3"`, `"d"`},
		"pad":            {`"pad": 1`, `"pad": 0`, `"a"`},
		"channels":       {`"cin": 13, "cout": 13`, `"cin": 13, "cout": 0`, `"c"`},
		"stride":         {`"cout": 8, "stride": 2`, `"cout": 8, "stride": 4`, `"d"`},
		"duplicate":      {`"name": "p"`, `"name": "a"`, "comes twice"},
		"image":          {`"name": "p"`, `"name": "image"`, "comes twice"},
		"from":           {`"from": "p"`, `"from": "q"`, `"q"`},
		"later":          {`"from": "p"`, `"from": "c"`, `"c"`},
		"residual":       {`"residual": "s"`, `"residual": "a"`, `"a"`},
		"linear input":   {`"from": "p", `, "", "is signed"},
		"tap":            {`"note":`, `"taps": ["z"], "note":`, `"z"`},
		"signed tap":     {`"note":`, `"taps": ["s"], "note":`, "signed"},
		"input order":    {`"note":`, `"input": {"order": "BGR"}, "note":`, "BGR"},
		"input mean":     {`"note":`, `"input": {"mean": [1]}, "note":`, "1 means"},
		"input std zero": {`"note":`, `"input": {"mean": [0,0,0], "std": [1,0,1]}, "note":`, "channel 1"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, tinyDescription, c[0])
			opt := tinyOptions(t)
			opt.Description = bytes.Replace([]byte(tinyDescription), []byte(c[0]), []byte(c[1]), 1)
			_, _, err := Import(context.Background(), opt)
			assert.ErrorContains(t, err, c[2])
			assert.ErrorContains(t, err, "importer: ")
		})
	}
	opt := tinyOptions(t)
	opt.Description = []byte(`{}`)
	_, _, err := Import(context.Background(), opt)
	assert.ErrorContains(t, err, "no taps")
}

func TestReportTableAndJSON(t *testing.T) {
	_, r, err := Import(context.Background(), tinyOptions(t))
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, r.WriteTable(&b))
	for _, l := range r.Layers {
		assert.Contains(t, b.String(), fmt.Sprintf("%.5f", l.ExplainedVariance))
	}
	assert.Contains(t, b.String(), "measured on 3 others")
	data, err := json.Marshal(r)
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, *r, back)
}

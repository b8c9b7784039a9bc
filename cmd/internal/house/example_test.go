package house

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/model"
	"anomnet/core/roi"
)

var update = flag.Bool("update", false, "write docs/example again")

// examples is the folder of the worked example of docs/model-format.md.
var examples = filepath.Join(root, "docs", "example")

// outcome is what expected.json says about a model and image.png.
type outcome struct {
	RawBits uint32   `json:"raw_bits"`
	MapBits []uint32 `json:"map_bits"`
	Verdict string   `json:"verdict"`
	Digest  string   `json:"digest"`
}

// rng makes the random weights of the example models.
type rng struct{ *rand.Rand }

func (r rng) i8(n, limit int) []int8 {
	v := make([]int8, n)
	for i := range v {
		v[i] = int8(r.IntN(2*limit+1) - limit)
	}
	return v
}

func (r rng) f32(n int, from, to float32) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = from + float32((to-from)*r.Float32())
	}
	return v
}

func (r rng) conv(name, input string, in, out, kernel, stride int) engine.Op {
	op := engine.Op{Name: name, Kind: engine.KindConv, Input: input, In: in, Out: out, Kernel: kernel, Stride: stride, Pad: kernel / 2}
	op.Weight, op.Scale = r.i8(out*kernel*kernel*in, 127), r.f32(out, 0.004, 0.006)
	for range out {
		op.Bias = append(op.Bias, int32(r.IntN(2000)))
	}
	return op
}

// tinyGraph has no more than a graph must have, fullGraph one of everything that the format knows.
func (r rng) tinyGraph() *engine.Graph {
	return &engine.Graph{Input: engine.InputU7, Taps: []string{"c", "d"}, Ops: []engine.Op{
		r.conv("a", engine.ImageInput, 3, 4, 3, 2), r.conv("b", "a", 4, 4, 3, 2), r.conv("c", "b", 4, 6, 3, 2), r.conv("d", "c", 6, 5, 3, 2),
	}}
}

func (r rng) fullGraph() *engine.Graph {
	stem := r.conv("stem", engine.ImageInput, 3, 4, 7, 2)
	stem.Weight, stem.Scale = nil, r.f32(4, 0.00004, 0.00006)
	for range 4 * 7 * 7 * 3 {
		stem.Weight16 = append(stem.Weight16, int16(r.IntN(4095)-2047))
	}
	pool := engine.Op{Name: "pool", Kind: engine.KindMaxPool, Input: "stem", In: 4, Out: 4, Kernel: 3, Stride: 2, Pad: 1}
	side, main := r.conv("side", "pool", 4, 6, 1, 2), r.conv("main", "pool", 4, 6, 3, 2)
	side.Signed, main.Residual, main.ResidualScale = true, "side", 0.37
	again := r.conv("again", "main", 6, 6, 3, 1)
	again.Residual, again.ResidualScale = "main", 0.81
	return &engine.Graph{Input: engine.InputRaw, PadValue: [3]uint8{124, 116, 104}, Taps: []string{"again", "last"},
		Ops: []engine.Op{stem, pool, side, main, again, r.conv("last", "again", 6, 5, 3, 2)}}
}

func (r rng) file(t *testing.T, name string, graph *engine.Graph, l2 bool, scale float32, pre imaging.Preprocess, review, limit float32) *model.File {
	made := model.Provenance{Method: "example", Software: "house", Seed: 1}
	b := &model.Backbone{Name: name, Licence: "none", Graph: graph, FeatureStd: r.f32(11, 10, 20), Provenance: made}
	digest, err := b.Digest()
	require.NoError(t, err)
	return &model.File{Backbone: b, Head: &model.Head{
		Part: name + " part", BackboneDigest: digest, Preprocess: pre, FeatureScale: r.f32(11, 0.05, 0.1), TopK: 2, Provenance: made,
		Adapter:   detect.Adapter{In: 11, Out: 7, L2: l2, Weight: r.i8(77, 127), Scale: r.f32(7, scale/2, scale)},
		Centroids: detect.Centroids{K: 14, D: 7, Data: r.i8(98, engine.EmbeddingMax)},
		Calibration: &calibrate.Calibration{Scores: []float32{150, 160.5, review, limit}, FalseRejectRate: 0.2, Limit: limit, Review: review,
			MapLow: 80, MapHigh: 2*limit - 80},
	}}
}

func exampleFiles(t *testing.T) map[string]*model.File {
	r := rng{rand.New(rand.NewPCG(1, 1))}
	stretch := imaging.Preprocess{Width: 64, Height: 32, Mode: imaging.Stretch}
	fit := imaging.Preprocess{Width: 64, Height: 32, Mode: imaging.Fit}
	files := map[string]*model.File{
		"tiny": r.file(t, "tiny", r.tinyGraph(), false, 0.005, stretch, 180, 200),
		"full": r.file(t, "full", r.fullGraph(), true, 1, fit, 165, 170),
	}
	files["coded"] = r.file(t, "coded", r.tinyGraph(), false, 0.005, stretch, 180, 200)
	code(files["coded"].Head)
	files["coded"].Head.ZeroPadding = true
	files["full"].Head.ROI = roi.Polygon([]roi.Point{{X: 0, Y: 1}, {X: 7, Y: 0}, {X: 6, Y: 3}, {X: 3, Y: 4}}, 8, 4, 8, 4)
	return files
}

// code puts the centroids of h into three bits a value, but for the first two, each a correction of the nearest before it.
func code(h *model.Head) {
	c, d := &detect.Coded{Bits: 3}, h.Centroids.D
	for k := range h.Centroids.K {
		row := h.Centroids.Data[k*d : (k+1)*d]
		copy(row, c.Append(row, detect.Centroids{K: k, D: d, Data: h.Centroids.Data[:k*d]}, 2))
	}
	h.Coded = c
}

// exampleImage is a PNG of 90 x 50 pixels with structure and noise.
func exampleImage(t *testing.T) []byte {
	r := rand.New(rand.NewPCG(3, 3))
	img := image.NewNRGBA(image.Rect(0, 0, 90, 50))
	for i := range img.Pix {
		x, y, c := i/4%90, i/360, i%4
		img.Pix[i] = 255
		if c < 3 {
			img.Pix[i] = uint8((x*3+y*(c+2))%200 + r.IntN(8))
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

// TestExample holds the worked example of docs/model-format.md against the code, and against a second scorer in another language.
// go test ./cmd/internal/house -run Example -update writes it again.
func TestExample(t *testing.T) {
	picture := filepath.Join(examples, "image.png")
	if *update {
		writeExamples(t, picture)
	}
	img, err := os.ReadFile(picture)
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(examples, "expected.json"))
	require.NoError(t, err)
	var expected map[string]outcome
	require.NoError(t, json.Unmarshal(text, &expected))
	for name, f := range exampleFiles(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(examples, name+".anomnet")
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			encoded, err := model.Encode(f)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(data, encoded), "the canonical bytes have changed: backbones would lose their identity")
			assert.Equal(t, expected[name], scoreExample(t, data, img))
			assert.Equal(t, expected[name], second(t, path, picture), "score.py")
		})
	}
}

// TestExampleWithTexts: score.py finds the identity of a backbone whose texts have every kind of character.
func TestExampleWithTexts(t *testing.T) {
	r := rng{rand.New(rand.NewPCG(2, 2))}
	f := r.file(t, "Gr\u00f6\u00dfe \u90e8\u54c1 \U0001f600 <a & b>\u2028\u2029\u007f\"\\\n\x01", r.tinyGraph(), false, 0.005,
		imaging.Preprocess{Width: 64, Height: 32, Mode: imaging.Crop, Gray: true}, 180, 200)
	data, err := model.Encode(f)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "texts.anomnet")
	require.NoError(t, os.WriteFile(path, data, 0o644))
	assert.Equal(t, scoreExample(t, data, exampleImage(t)), second(t, path, filepath.Join(examples, "image.png")))
}

// second is what score.py says.
func second(t *testing.T, path, picture string) (o outcome) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here: the second scorer was not run")
	}
	out, err := exec.Command(python, filepath.Join(examples, "score.py"), path, picture).Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &o))
	return o
}

// TestExampleIsDocumented: what section 16 of docs/model-format.md says of tiny.anomnet is in the file, and what comes out of it.
func TestExampleIsDocumented(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(examples, "tiny.anomnet"))
	require.NoError(t, err)
	img, err := os.ReadFile(filepath.Join(examples, "image.png"))
	require.NoError(t, err)
	o, doc := scoreExample(t, data, img), read(t, "docs/model-format.md")
	f, err := model.Decode(data)
	require.NoError(t, err)
	header, size := int(binary.LittleEndian.Uint64(data)), len(data)
	at, first := bytes.Index(data, []byte(o.Digest)), data[8+header:]
	cal := f.Head.Calibration
	for _, said := range []string{
		fmt.Sprintf("the header has 0x%04x = %d bytes, so the data begin at %d; the file has %d bytes, so there are %d bytes of data", header, header, 8+header, size, size-8-header),
		fmt.Sprintf("`\"sha256\":\"%s...` | the field of the digest; its 64 digits are bytes %d to %d", o.Digest[:8], at, at+63),
		fmt.Sprintf("| %d | `% x` | its values: %d, %d, %d, %d |", 8+header, first[:16], f.Backbone.Graph.Ops[0].Bias[0], f.Backbone.Graph.Ops[0].Bias[1],
			f.Backbone.Graph.Ops[0].Bias[2], f.Backbone.Graph.Ops[0].Bias[3]),
		fmt.Sprintf("| %d | `% x ...`", 8+header+16, first[16:24]),
		fmt.Sprintf("digest `%s`, backbone\n`%s`, score bits %d (about %.3f), verdict %s (review %v, limit %v)", o.Digest, f.Head.BackboneDigest, o.RawBits,
			math.Float32frombits(o.RawBits), o.Verdict, cal.Review, cal.Limit),
	} {
		assert.Contains(t, doc, said)
	}
}

func scoreExample(t *testing.T, data, img []byte) outcome {
	in, err := inspect.Open([][]byte{data}, nil)
	require.NoError(t, err)
	res, err := in.Inspect(img)
	require.NoError(t, err)
	o := outcome{RawBits: math.Float32bits(res.Raw), Verdict: string(res.Verdict), Digest: in.Info().HeadDigest}
	for _, v := range res.Map {
		o.MapBits = append(o.MapBits, math.Float32bits(v))
	}
	return o
}

func writeExamples(t *testing.T, picture string) {
	img := exampleImage(t)
	require.NoError(t, os.WriteFile(picture, img, 0o644))
	expected := map[string]outcome{}
	for name, f := range exampleFiles(t) {
		data, err := model.Encode(f)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(examples, name+".anomnet"), data, 0o644))
		expected[name] = scoreExample(t, data, img)
		t.Logf("%s: score %v", name, math.Float32frombits(expected[name].RawBits))
	}
	text, err := json.MarshalIndent(expected, "", " ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(examples, "expected.json"), append(text, '\n'), 0o644))
}

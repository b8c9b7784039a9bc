//go:build torch

package distill

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/metrics"
	"anomnet/core/model"
	"anomnet/trainer/cluster"
	"anomnet/trainer/dataset"
	"anomnet/trainer/torch"
)

// TestFloatAgainstIntegers makes the table of docs/backbone.md; it judges nothing. RUN names float weights and description without ending, BACKBONE the
// file that was made of them, DATA a set in MVTec layout. Both networks are scored alike: patch vectors (local 3x3 means), divided by their own deviations over
// good patches, CENTRES (1,024) by greedy k-centre from all patches of N (100) good images, drawn anew for each of SEEDS (3); mean of the ten largest distances.
func TestFloatAgainstIntegers(t *testing.T) {
	base, file, data := os.Getenv("RUN"), os.Getenv("BACKBONE"), os.Getenv("DATA")
	if base == "" || file == "" || data == "" {
		t.Skip("RUN, BACKBONE and DATA are not set")
	}
	set, err := dataset.Open(data)
	require.NoError(t, err)
	var labels []bool
	var test []string
	for i, it := range set.Test {
		if i%max(1, len(set.Test)/number(t, "TEST", 200)) == 0 {
			test, labels = append(test, it.Path), append(labels, !it.Good())
		}
	}
	good := set.Train
	if n := number(t, "N", 100); len(good) > n*5/4 { // seeds draw four fifths of these
		good = good[:0:0]
		for i := range n * 5 / 4 {
			good = append(good, set.Train[i*len(set.Train)/(n*5/4)])
		}
	}
	all := append(slices.Clone(good), test...)
	arms := []struct {
		name string
		v    []float32
		d    int
	}{{name: "float"}, {name: "integer"}}
	arms[0].v, arms[0].d = floatPatches(t, base, all)
	arms[1].v, arms[1].d = integerPatches(t, file, all)
	for i := range arms {
		standardise(arms[i].v, arms[i].d, len(good)*patches)
	}
	var sum [2]float64
	seeds := number(t, "SEEDS", 3)
	for seed := range seeds {
		rows := rand.New(rand.NewPCG(uint64(seed), 3)).Perm(len(good))[:len(good)*4/5]
		slices.Sort(rows)
		for i, a := range arms {
			size := patches * a.d
			known := cluster.Gather(a.v, size, rows)
			centres := cluster.Gather(known, a.d, first(cluster.KCentre(known, a.d, number(t, "CENTRES", 1024), 1)))
			scores := make([]float32, len(test))
			for k := range scores {
				_, dist := cluster.Nearest(a.v[(len(good)+k)*size:(len(good)+k+1)*size], centres, a.d, 1)
				slices.Sort(dist)
				for _, v := range dist[len(dist)-10:] {
					scores[k] += v / 10
				}
			}
			auroc, err := metrics.AUROC(scores, labels)
			require.NoError(t, err)
			sum[i] += auroc
			t.Logf("seed %d %s: image AUROC %.4f (%d good images, %d of the test set)", seed, a.name, auroc, len(rows), len(test))
		}
	}
	t.Logf("mean of %d seeds: float %.4f, integer %.4f", seeds, sum[0]/float64(seeds), sum[1]/float64(seeds))
}

const (
	evalSide = 256
	patches  = evalSide / detect.GridStride * (evalSide / detect.GridStride)
)

func first[A, B any](a A, _ B) A { return a }

func number(t *testing.T, name string, or int) int {
	v := os.Getenv(name)
	if v == "" {
		return or
	}
	n, err := strconv.Atoi(v)
	require.NoError(t, err)
	return n
}

func prepared(t *testing.T, path string) *imaging.RGB {
	img, err := dataset.Load(path, imaging.Preprocess{Width: evalSide, Height: evalSide, Mode: imaging.Stretch})
	require.NoError(t, err)
	return img
}

// floatPatches gives the patch vectors [images][patches][C] of the float network.
func floatPatches(t *testing.T, base string, paths []string) (v []float32, d int) {
	weights, err := os.ReadFile(base + ".safetensors")
	require.NoError(t, err)
	description, err := os.ReadFile(base + ".json")
	require.NoError(t, err)
	a, err := ReadArch(description)
	require.NoError(t, err)
	w, err := readInit(weights, a, nil)
	require.NoError(t, err)
	require.NoError(t, torch.Do(func() error {
		long, s := torch.NewScope(torch.CPU), torch.NewScope(torch.CPU)
		defer long.Free()
		n := &student{a: a, list: params(a, nil, false)}
		if err := n.load(long, w); err != nil {
			return err
		}
		for _, p := range paths {
			img := prepared(t, p)
			require.NoError(t, torch.NoGrad(func() {
				vals := n.body(s, img.Pix, 1, evalSide, false)
				var taps [][]float32
				for _, name := range a.Taps {
					taps = append(taps, s.Float32(s.Permute(vals[name], 0, 2, 3, 1)))
				}
				v = append(v, localMeans(taps)...)
			}))
			s.Free()
		}
		return s.Err()
	}))
	return v, len(v) / len(paths) / patches
}

// localMeans is the float form of detect.Grid.Sums, as means.
func localMeans(taps [][]float32) []float32 {
	side := evalSide / detect.GridStride
	var d int
	channels := make([]int, len(taps))
	for i := range taps {
		n := side >> i // the second tap has half the side
		channels[i] = len(taps[i]) / (n * n)
		d += channels[i]
	}
	out := make([]float32, side*side*d)
	at := 0
	for i, tap := range taps {
		n, c := side>>i, channels[i]
		box := make([]float32, len(tap))
		for p := range n * n {
			for k := range 9 {
				y, x := min(max(p/n+k/3-1, 0), n-1), min(max(p%n+k%3-1, 0), n-1)
				for ch, v := range tap[(y*n+x)*c:][:c] {
					box[p*c+ch] += v / 9
				}
			}
		}
		for p := range side * side {
			dst := out[p*d+at:][:c]
			if i == 0 {
				copy(dst, box[p*c:][:c])
				continue
			}
			y, x := p/side, p%side
			y1, x1 := min(max(y/2-1+y%2*2, 0), n-1), min(max(x/2-1+x%2*2, 0), n-1)
			for ch := range dst {
				f := func(y, x int) float32 { return box[(y*n+x)*c+ch] }
				dst[ch] = (9*f(y/2, x/2) + 3*f(y/2, x1) + 3*f(y1, x/2) + f(y1, x1)) / 16
			}
		}
		at += c
	}
	return out
}

// integerPatches gives those of core's engine.
func integerPatches(t *testing.T, file string, paths []string) (v []float32, d int) {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	f, err := model.Decode(data)
	require.NoError(t, err)
	net, err := engine.NewNet(f.Backbone.Graph, engine.Fastest())
	require.NoError(t, err)
	x, err := detect.NewExtractor(net, evalSide, evalSide, false, nil, f.Backbone.FeatureStd)
	require.NoError(t, err)
	d = x.Grid().C
	buf := make([]uint8, patches*d)
	for _, p := range paths {
		require.NoError(t, x.Extract(prepared(t, p), buf))
		for _, b := range buf {
			v = append(v, float32(b))
		}
	}
	return v, d
}

// standardise divides every channel by its deviation over the first n vectors.
func standardise(v []float32, d, n int) {
	sum, square := make([]float64, d), make([]float64, d)
	for i := range n {
		for c, x := range v[i*d:][:d] {
			sum[c] += float64(x)
			square[c] += float64(x) * float64(x)
		}
	}
	for c := range d {
		m := sum[c] / float64(n)
		sum[c] = math.Sqrt(max(square[c]/float64(n)-m*m, 1e-8))
	}
	for i := range v {
		v[i] /= float32(sum[i%d])
	}
}

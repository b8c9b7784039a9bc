package distill

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/imaging"
	"anomnet/core/safetensors"
	"anomnet/trainer/importer"
)

// tinyArch is a student of a few hundred weights.
func tinyArch() *Arch {
	return &Arch{Taps: []string{"conv2", "conv3"}, Layers: chain([3]int{3, 4, 2}, [3]int{4, 6, 2}, [3]int{6, 8, 2}, [3]int{8, 8, 2})}
}

// pictures writes n small pictures of blobs.
func pictures(t *testing.T, n int) string {
	dir := t.TempDir()
	for i := range n {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		img := image.NewRGBA(image.Rect(0, 0, 72, 64))
		fx, fy := rng.Float64(), rng.Float64()
		for y := range 64 {
			for x := range 72 {
				v := 127 * (1 + math.Sin(fx*float64(x)+fy*float64(y)))
				img.Set(x, y, color.RGBA{uint8(v), uint8(255 - v), uint8(rng.IntN(256)), 255})
			}
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%03d.png", i)))
		require.NoError(t, err)
		require.NoError(t, png.Encode(f, img))
		require.NoError(t, f.Close())
	}
	return dir
}

func TestArchitectures(t *testing.T) {
	require.NoError(t, Base().check())
	require.NoError(t, Small().check())
	assert.EqualValues(t, 562_692_096, Base().MultiplyAdds(256), "587,857,920 of the prototype less 25,165,824 of its heads")
	assert.EqualValues(t, 392_822_784, Small().MultiplyAdds(256), "two layers of 84,934,656 less")
	description, err := describe(Base(), []target{{tap: "conv5", stride: 8, channels: 128}}, nil, nil)
	require.NoError(t, err)
	back, err := ReadArch(description)
	require.NoError(t, err)
	assert.Equal(t, Base(), back, "and the head is left out")

	for name, change := range map[string]func(a *Arch){
		"name twice":      func(a *Arch) { a.Layers[1].Name = "conv0" },
		"reads below":     func(a *Arch) { a.Layers[1].From = "conv3" },
		"channels":        func(a *Arch) { a.Layers[1].In = 5 },
		"even window":     func(a *Arch) { a.Layers[1].Kernel = 2 },
		"stride":          func(a *Arch) { a.Layers[1].Stride = 3 },
		"tap at stride 4": func(a *Arch) { a.Taps = []string{"conv1"} },
		"no taps":         func(a *Arch) { a.Taps = nil },
		"leads nowhere":   func(a *Arch) { a.Taps = a.Taps[:1] },
		"named as a head": func(a *Arch) { a.Layers[0].Name = "head2" },
	} {
		a := tinyArch()
		change(a)
		assert.ErrorContains(t, a.check(), "distill: student", name)
	}
	for _, bad := range []string{`{`,
		`{"layers":[{"name":"a","kind":"maxpool3x3","cin":3,"cout":3,"relu":true}]}`,
		`{"layers":[{"name":"a","kind":"conv3","cin":3,"cout":3,"relu":true}]}`} {
		_, err := ReadArch([]byte(bad))
		assert.ErrorContains(t, err, "distill: student")
	}
}

// TestFoldIsTheImporters: folding here and leaving it to the importer give the same float32 weights, bit for bit.
func TestFoldIsTheImporters(t *testing.T) {
	a := tinyArch()
	list := params(a, nil, true)
	w := fresh(list, a, 3)
	rng := rand.New(rand.NewPCG(5, 5))
	f := &safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	for _, p := range list {
		for i := range w[p.name] {
			if len(p.shape) == 1 {
				w[p.name][i] = float32(0.2 + rng.Float64())
			}
		}
		f.Tensors[p.name] = safetensors.FromFloat32(w[p.name], p.shape...)
	}
	data, err := safetensors.Encode(f)
	require.NoError(t, err)
	description, err := describe(a, nil, nil, nil)
	require.NoError(t, err)
	var d importer.Description
	require.NoError(t, json.Unmarshal(description, &d))
	for i := range d.Layers {
		d.Layers[i].BN = d.Layers[i].Name + ".bn"
	}
	description, err = json.Marshal(d)
	require.NoError(t, err)
	net, err := importer.ReadFloat(data, importer.ArchPlain, description, nil)
	require.NoError(t, err)
	folded := fold(a, w)
	for _, l := range net.Layers {
		assert.Equal(t, l.Weight, folded[l.Name+".weight"], l.Name)
		assert.Equal(t, l.Bias, folded[l.Name+".bias"], l.Name)
	}
	assert.Len(t, folded, len(params(a, nil, false)))
}

func TestInitialWeights(t *testing.T) {
	a := tinyArch()
	targets := []target{{tap: "conv2", stride: 8, channels: 5}}
	list := params(a, targets, false)
	w := fresh(list, a, 1)
	good, err := encode(list, w)
	require.NoError(t, err)
	got, err := readInit(good, a, targets)
	require.NoError(t, err)
	assert.Equal(t, w, got)
	got, err = readInit(good, a, []target{{tap: "conv2", stride: 8, channels: 6}})
	require.NoError(t, err, "a head for another teacher is left out")
	assert.NotContains(t, got, "head2.weight")
	wide := tinyArch()
	wide.Layers[0].Out, wide.Layers[1].In = 5, 5
	_, err = readInit(good, wide, targets)
	assert.ErrorContains(t, err, `tensor "conv0.weight" is F32 [4 3 3 3], want F32 [5 3 3 3]`)
	w["conv1.bias"][2] = float32(math.NaN())
	bad, err := encode(list, w)
	require.NoError(t, err)
	_, err = readInit(bad, a, targets)
	assert.ErrorContains(t, err, `tensor "conv1.bias": value 2 is NaN`)
	_, err = readInit([]byte("x"), a, targets)
	assert.ErrorIs(t, err, safetensors.ErrFormat)
}

// TestPhotosAreDecodedOnce: unreadable images are listed, a cut cache is gone on with, a damaged one says what to do.
func TestPhotosAreDecodedOnce(t *testing.T) {
	dir, work := pictures(t, 5), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "002b.png"), []byte("no picture"), 0o644))
	p, err := openPhotos(t.Context(), dir, work, nil)
	require.NoError(t, err)
	defer p.close()
	require.Len(t, p.list, 5)
	require.Len(t, p.unreadable, 1)
	assert.Equal(t, filepath.Join(dir, "002b.png"), p.unreadable[0].Path)
	assert.NotEmpty(t, p.unreadable[0].Reason)
	img, err := p.read(3)
	require.NoError(t, err)
	want, err := decode(filepath.Join(dir, "003.png"))
	require.NoError(t, err)
	assert.Equal(t, want, img)

	name := filepath.Join(work, "photos-"+p.digest[:12]+".bin")
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	for _, cut := range []int{0, 7, len(whole) / 2, len(whole) - 1} { // as after a power failure
		require.NoError(t, os.Remove(name))
		require.NoError(t, os.WriteFile(name+".part", whole[:cut], 0o644))
		decoded := 0
		again, err := openPhotos(t.Context(), dir, work, func(done, _ int) { decoded = done })
		require.NoError(t, err)
		again.close()
		assert.Equal(t, 6, decoded)
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, whole, got, "cut at %d", cut)
	}
	require.NoError(t, os.WriteFile(name, whole[:len(whole)-5], 0o644))
	_, err = openPhotos(t.Context(), dir, work, nil)
	assert.ErrorContains(t, err, "remove it")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = openPhotos(ended, dir, t.TempDir(), nil)
	assert.ErrorIs(t, err, context.Canceled)
}

// TestAMovedFolderIsTheSame: a run that was cut goes on where the photographs were copied to, but not with others.
func TestAMovedFolderIsTheSame(t *testing.T) {
	dir := pictures(t, 3)
	digest := func(dir string) string {
		d, err := listDigest(dir, []string{filepath.Join(dir, "000.png"), filepath.Join(dir, "001.png")})
		require.NoError(t, err)
		return d
	}
	moved := t.TempDir()
	require.NoError(t, os.CopyFS(moved, os.DirFS(dir)))
	require.NoError(t, os.Chtimes(filepath.Join(moved, "000.png"), time.Time{}, time.Unix(1, 0)))
	assert.Equal(t, digest(dir), digest(moved))
	data, err := os.ReadFile(filepath.Join(moved, "001.png"))
	require.NoError(t, err)
	data[40]++
	require.NoError(t, os.WriteFile(filepath.Join(moved, "001.png"), data, 0o644))
	assert.NotEqual(t, digest(dir), digest(moved), "another picture of as many bytes")
}

func TestLargePhotosAreKeptSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, image.NewGray(image.Rect(0, 0, 600, 512))))
	require.NoError(t, f.Close())
	img, err := decode(path)
	require.NoError(t, err)
	assert.Equal(t, [2]int{300, 256}, [2]int{img.W, img.H})
}

func TestCropsFollowFromTheirNumber(t *testing.T) {
	p, err := openPhotos(t.Context(), pictures(t, 4), t.TempDir(), nil)
	require.NoError(t, err)
	defer p.close()
	a, b := sequence{seed: 1, train: []int{0, 1, 2, 3}, batch: 2}, sequence{seed: 1, train: []int{0, 1, 2, 3}, batch: 2}
	seen := map[int]int{}
	for id := range int64(8) {
		seen[a.photoOf(id)]++
		x, err := a.make(p, id, 32)
		require.NoError(t, err)
		_, err = b.make(p, 7-id, 32) // another order
		require.NoError(t, err)
		y, err := b.make(p, id, 32)
		require.NoError(t, err)
		assert.Equal(t, x, y)
	}
	assert.Equal(t, map[int]int{0: 2, 1: 2, 2: 2, 3: 2}, seen, "each photograph once before one comes again")
	other := sequence{seed: 2, train: a.train, batch: 2}
	x, _ := a.make(p, 0, 32)
	y, _ := other.make(p, 0, 32)
	assert.NotEqual(t, x, y)
}

func TestPoolComesInOrderThenMixed(t *testing.T) {
	s := sequence{seed: 1, batch: 3, pool: 9}
	assert.Equal(t, []int64{3, 4, 5}, s.crops(1))
	seen := map[int64]bool{}
	for i := 3; i < 6; i++ {
		for _, id := range s.crops(i) {
			seen[id] = true
		}
	}
	assert.Len(t, seen, 9, "the second time round all come once")
	resumed := sequence{seed: 1, batch: 3, pool: 9}
	assert.Equal(t, s.crops(5), resumed.crops(5))
	assert.NotEqual(t, s.crops(4), s.crops(7))
	fresh := sequence{seed: 1, batch: 3}
	assert.Equal(t, []int64{300, 301, 302}, fresh.crops(100))
}

func TestHeldOut(t *testing.T) {
	train, held, err := heldOut(10, 3)
	require.NoError(t, err)
	assert.Equal(t, []int{0, 3, 6}, held)
	assert.Equal(t, []int{1, 2, 4, 5, 7, 8, 9}, train)
	_, _, err = heldOut(5, 3)
	assert.ErrorContains(t, err, "too few")
}

func TestRate(t *testing.T) {
	assert.InDelta(t, 1.0/8, rateAt(0, 100), 1e-12)
	assert.InDelta(t, 1, rateAt(7, 100), 1e-12)
	assert.InDelta(t, lastRate+(1-lastRate)/2, rateAt(53, 100), 1e-12, "half-way down")
	assert.InDelta(t, lastRate, rateAt(99, 100), 1e-12)
	assert.InDelta(t, 1, rateAt(0, 1), 1e-12)
}

// TestAugmentation holds the parts of a crop against what they are to do.
func TestAugmentation(t *testing.T) {
	img := imaging.NewRGB(4, 4)
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 5)
	}
	seen := map[string]bool{}
	for k := range 8 {
		x := imaging.NewRGB(4, 4)
		copy(x.Pix, img.Pix)
		turn(x, k)
		seen[string(x.Pix)] = true
		assert.ElementsMatch(t, img.Pix, x.Pix, "a symmetry moves pixels only")
	}
	assert.Len(t, seen, 8)

	spot := imaging.NewRGB(5, 5)
	spot.Pix[(2*5+2)*3] = 160
	blur(spot)
	assert.EqualValues(t, 40, spot.Pix[(2*5+2)*3])
	assert.EqualValues(t, 20, spot.Pix[(2*5+1)*3])
	assert.EqualValues(t, 10, spot.Pix[(1*5+1)*3])
	assert.EqualValues(t, 0, spot.Pix[(2*5+2)*3+1], "channels stay apart")
	even := imaging.NewRGB(3, 3)
	for i := range even.Pix {
		even.Pix[i] = 77
	}
	want := append([]uint8(nil), even.Pix...)
	blur(even)
	assert.Equal(t, want, even.Pix, "constants stay")

	toGray(img)
	assert.Equal(t, img.Pix[3], img.Pix[4])
	assert.Equal(t, img.Pix[3], img.Pix[5])
	noise(img, 5, true, rand.New(rand.NewPCG(1, 1)))
	assert.Equal(t, img.Pix[3], img.Pix[5], "gray stays gray")

	inverted := 0
	for i := range 2000 {
		tb := tone(rand.New(rand.NewPCG(uint64(i), 9)))
		if tb[255] < tb[0] {
			inverted++
		}
	}
	assert.InDelta(t, 2000*shareInvert, inverted, 40)
}

func TestPoolOfCrops(t *testing.T) {
	dir, key := t.TempDir(), digestOfNothing
	p, err := openPool(dir, key, 4, 2)
	require.NoError(t, err)
	require.NoError(t, p.put(3, []uint8{1, 2, 3, 4}, []uint16{500, 600}))
	_, _, ok := p.get(1)
	assert.False(t, ok, "a hole")
	pix, features, ok := p.get(3)
	require.True(t, ok)
	assert.Equal(t, []uint8{1, 2, 3, 4}, pix)
	assert.Equal(t, []uint16{500, 600}, features)
	_, err = p.f.WriteAt([]byte{9}, 3*int64(len(p.buf)))
	require.NoError(t, err)
	_, _, ok = p.get(3)
	assert.False(t, ok, "damage")
	_, _, ok = p.get(4)
	assert.False(t, ok, "beyond the end")
	p.close()
}

const digestOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestCheckpointsOfOthersAreRefused(t *testing.T) {
	a := tinyArch()
	list := params(a, nil, true)
	w := fresh(list, a, 1)
	st := &state{step: 7, plan: `{"Seed":1,"Batch":16}`, weights: w, m: w, v: w,
		steps: map[string]float64{"conv0": 0.5}, curve: []Measure{{Step: 5, Loss: 0.25, Explained: []float64{0.5}}}}
	data, err := st.encode()
	require.NoError(t, err)
	dir := t.TempDir()
	none, _, err := readCheckpoint(dir, st.plan, false)
	require.NoError(t, err)
	assert.Nil(t, none)
	require.NoError(t, os.WriteFile(checkpointPath(dir), data, 0o644))
	_, _, err = readCheckpoint(dir, st.plan, false)
	assert.ErrorIs(t, err, ErrCheckpoint)
	_, _, err = readCheckpoint(dir, `{"Seed":2,"Batch":16}`, true)
	assert.ErrorIs(t, err, ErrCheckpoint)
	assert.ErrorContains(t, err, "Seed was 1 and is 2")
	got, f, err := readCheckpoint(dir, st.plan, true)
	require.NoError(t, err)
	require.NoError(t, got.take(f, list, nil))
	assert.Equal(t, st.curve, got.curve)
	assert.Equal(t, st.steps, got.steps)
	assert.Equal(t, w, got.weights)
	other := tinyArch()
	other.Layers[0].Out, other.Layers[1].In = 5, 5
	assert.ErrorContains(t, got.take(f, params(other, nil, true), nil), `tensor "`)
}

func TestOptionsAreChecked(t *testing.T) {
	good := func() *Options {
		return &Options{Teacher: []byte{1}, Arch: "resnet18", Images: "x", Dir: "y", Steps: 1}
	}
	for says, change := range map[string]func(o *Options){
		"required":  func(o *Options) { o.Images = "" },
		"steps":     func(o *Options) { o.Steps = -1 },
		"batch":     func(o *Options) { o.Batch = -1 },
		"fewer":     func(o *Options) { o.Crops = 3 },
		"multiples": func(o *Options) { o.Side = 100 },
		"number":    func(o *Options) { o.Rate = math.NaN() },
		"student":   func(o *Options) { o.Student = &Arch{} },
	} {
		o := good()
		change(o)
		_, err := Run(t.Context(), o)
		assert.ErrorContains(t, err, says)
	}
}

func readDescription(t *testing.T, data []byte) importer.Description {
	var d importer.Description
	require.NoError(t, json.Unmarshal(data, &d))
	return d
}

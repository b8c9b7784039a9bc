package compare

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/model"
	"anomnet/trainer/dataset"
	"anomnet/trainer/evaluate"
)

func made(data, method string, seed int64, auroc float64) *Cell {
	c := &Cell{Key: Key{Method: method, Data: data, Bytes: 262144, Seed: seed}, ImageTop: auroc, HeadBytes: 300000}
	c.Figures.ImageAUROC, c.Figures.AUPRO = auroc, auroc/2
	return c
}

// TestTableByHand: means, deviations, and the mean over data sets for the method that has a row on each.
func TestTableByHand(t *testing.T) {
	one := made("screw", "padim", 0, 0.5)
	one.Figures.Left = map[string]string{"pixel": "no masks", "limit": "none"}
	rows := Table([]*Cell{made("screw", "anomnet", 0, 0.9), one, made("fabric", "anomnet", 0, 0.7), made("screw", "anomnet", 1, 0.8)})
	require.Len(t, rows, 4)
	assert.Equal(t, []string{"screw", "screw", "fabric", Mean}, []string{rows[0].Data, rows[1].Data, rows[2].Data, rows[3].Data})
	f := rows[0].Figures["image_auroc"]
	assert.InDelta(t, 0.85, f.Mean, 1e-12)
	assert.InDelta(t, 0.0707106781, f.Spread, 1e-9, "sqrt((0.05^2 + 0.05^2) / 1)")
	assert.Equal(t, []float64{0.9, 0.8}, f.Each)
	assert.NotContains(t, rows[1].Figures, "aupro")
	assert.Contains(t, rows[1].Figures, "image_auroc")
	assert.Equal(t, "anomnet", rows[3].Method)
	assert.InDelta(t, (0.85+0.7)/2, rows[3].Figures["image_auroc"].Mean, 1e-12)

	var text, md, csv strings.Builder
	require.NoError(t, WriteText(&text, rows))
	require.NoError(t, WriteMarkdown(&md, rows))
	require.NoError(t, WriteCSV(&csv, rows))
	assert.Contains(t, text.String(), "0.850 ±0.071")
	assert.Contains(t, md.String(), "| screw | padim 262 KB | 0.500 |")
	assert.Contains(t, strings.Split(csv.String(), "\n")[2], "screw,padim,262144,1,0.5,0,")
	assert.Equal(t, 5, strings.Count(csv.String(), "\n"))
}

// TestWorstMaps: the defective image below both good ones is most wrong, then the good one above half of the defective ones.
func TestWorstMaps(t *testing.T) {
	item := func(label string, raw float32) evaluate.Scored {
		return evaluate.Scored{Item: dataset.Item{Label: label}, Result: &inspect.Result{Raw: raw}}
	}
	got := worstMaps([]evaluate.Scored{item("good", 1), item("good", 3), item("bad", 0.5), item("bad", 5)})
	var order []int
	var wrong []float64
	for _, m := range got {
		order, wrong = append(order, m.Image), append(wrong, m.Wrong)
	}
	assert.Equal(t, []int{2, 0, 1, 3}, order)
	assert.Equal(t, []float64{1, 0.5, 0.5, 0}, wrong)
	assert.Zero(t, worstMaps([]evaluate.Scored{item("bad", 5)})[0].Wrong, "no other image is on either side")
}

func TestStore(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	c := made("screw", "anomnet", 4, 0.9)
	got, err := s.Load(c.Key)
	require.NoError(t, err)
	assert.Nil(t, got)
	require.NoError(t, s.Save(c))
	got, err = s.Load(c.Key)
	require.NoError(t, err)
	assert.Equal(t, c.Figures.ImageAUROC, got.Figures.ImageAUROC)
	other := c.Key
	other.Train = "other images"
	got, err = s.Load(other)
	require.NoError(t, err)
	assert.Nil(t, got, "other images are another cell")

	require.NoError(t, os.Rename(s.path(c.Key), s.path(other)))
	_, err = s.Load(other)
	assert.ErrorContains(t, err, "of another cell")
	got, err = Store{}.Load(c.Key)
	assert.NoError(t, err)
	assert.Nil(t, got)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	assert.Error(t, Store{Dir: file}.Save(c), "no folder can be made there")
}

// TestStoredSetNeedsNoFeatures: all cells of a set are found without loading it; when one is missing, none is given.
func TestStoredSetNeedsNoFeatures(t *testing.T) {
	r := Runner{Grid: Grid{Methods: []string{"anomnet", PaDiM}, Seeds: 2, Bytes: []int{4096, 8192}}, Store: Store{Dir: t.TempDir()}}
	d := &Data{Name: "screw"}
	keys := r.Grid.keys(d)
	require.Len(t, keys, 6, "PaDiM has no sizes")
	for i, k := range keys {
		got, err := r.Stored(d)
		require.NoError(t, err)
		assert.Nil(t, got, "%d of 6 are there", i)
		require.NoError(t, r.Store.Save(&Cell{Key: k, ImageTop: float64(i)}))
	}
	got, err := r.Stored(d)
	require.NoError(t, err)
	require.Len(t, got, 6)
	assert.Equal(t, 5.0, got[5].ImageTop)
}

// TestCellsOfAnotherDevice are other cells; those of the CPU, and of methods that need none, stay what they are.
func TestCellsOfAnotherDevice(t *testing.T) {
	d := &Data{Name: "screw"}
	g := Grid{Methods: Methods(), Seeds: 1, Bytes: []int{4096}}
	none := g.keys(d)
	g.Device = "cpu"
	assert.Equal(t, none, g.keys(d))
	g.Device = "cuda:0"
	for i, k := range g.keys(d) {
		assert.Equal(t, Gradient(k.Method), none[i] != k, k.Method)
		assert.Equal(t, Gradient(k.Method), Store{}.path(none[i]) != Store{}.path(k), k.Method)
	}
	assert.Len(t, slices.DeleteFunc(Methods(), Gradient), 4)
}

// TestFullDisk: a device without room gives an error, and no cell that is half there.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	dir := t.TempDir()
	c := made("screw", "anomnet", 0, 0.9)
	s := Store{Dir: dir}
	require.NoError(t, os.Symlink("/dev/full", s.path(c.Key)))
	assert.Error(t, s.Save(c))
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, list, 1, "only the link")
}

func TestNotANumberIsAnError(t *testing.T) {
	nan := float32(0)
	nan /= nan
	assert.ErrorContains(t, finite(1, []float32{0, nan}), "score of NaN")
	assert.ErrorContains(t, finite(nan, nil), "score of NaN")
	assert.NoError(t, finite(1, []float32{2}))
}

func TestRunStopsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	r := Runner{Grid: Grid{Methods: []string{PaDiM}, Seeds: 1, Bytes: []int{4096}}}
	_, _, err := r.Run(ctx, &Data{Name: "none"})
	assert.ErrorContains(t, err, "enough")
}

// TestDescribeSeesLabelsAndMasks: a label or a mask that was put right makes other cells; where the data lies does not.
func TestDescribeSeesLabelsAndMasks(t *testing.T) {
	b := builtIn(t)
	digest := func(change func(dir string)) string {
		dir := t.TempDir()
		for _, name := range []string{"train/good/a.png", "test/dent/a.png", "test/good/b.png", "ground_truth/dent/a_mask.png"} {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644))
		}
		change(dir)
		s, err := Open(dir)
		require.NoError(t, err)
		d, err := s.Describe(b, imaging.Preprocess{Width: 96, Height: 96, Mode: imaging.Stretch})
		require.NoError(t, err)
		return d.TestSHA
	}
	was := digest(func(string) {})
	assert.Equal(t, was, digest(func(string) {}))
	assert.NotEqual(t, was, digest(func(dir string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "ground_truth/dent/a_mask.png"), []byte("right"), 0o644))
	}), "another mask")
	assert.NotEqual(t, was, digest(func(dir string) { require.NoError(t, os.RemoveAll(filepath.Join(dir, "ground_truth"))) }), "no mask")
	assert.NotEqual(t, was, digest(func(dir string) {
		require.NoError(t, os.Rename(filepath.Join(dir, "test/dent/a.png"), filepath.Join(dir, "test/good/a.png")))
	}), "the same images in the same order, both good")
}

func builtIn(t *testing.T) *model.Backbone {
	t.Helper()
	f, err := model.Decode(assets.Backbone())
	require.NoError(t, err)
	return f.Backbone
}

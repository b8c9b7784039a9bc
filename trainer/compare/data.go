package compare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"

	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/parallel"
	"anomnet/core/teach"
	"anomnet/trainer/baseline"
	"anomnet/trainer/dataset"
	"anomnet/trainer/evaluate"
	"anomnet/trainer/method"
)

// trainingFakes is how many pseudo-defects a trained method learns from.
const trainingFakes = 200

// Data is a data set with the features that all methods see.
type Data struct {
	Name     string // as given, or the last part of the folder
	Dir      string
	Backbone string // digest
	SHA256   string // of the good images
	TestSHA  string // of the test images, their labels and masks
	Set      *teach.Set
	Test     []Test
	pre      imaging.Preprocess
	masks    *evaluate.Masks
}

// Test is an image of the test set with its patch vectors.
type Test struct {
	dataset.Item
	X []uint8 // [patches][C]
}

// Source is a data set that is to be loaded: its images, and what it is called.
type Source struct {
	Name, Dir string
	Set       *dataset.Set
}

// Open finds the images in a folder in MVTec layout.
func Open(dir string) (Source, error) {
	set, err := dataset.Open(dir)
	return Source{Name: filepath.Base(filepath.Clean(dir)), Dir: dir, Set: set}, err
}

// Describe gives a data set without features: enough to find its cells in a store. Load adds the features.
func (s Source) Describe(b *model.Backbone, pre imaging.Preprocess) (*Data, error) {
	if len(s.Set.Test) == 0 {
		return nil, fmt.Errorf("compare: %s has no test images", s.Dir)
	}
	d := &Data{Name: s.Name, Dir: s.Dir, pre: pre}
	var err error
	if d.Backbone, err = b.Digest(); err != nil {
		return nil, err
	}
	if d.SHA256, err = dataset.Digest(s.Set.Train); err != nil {
		return nil, err
	}
	d.TestSHA, err = testDigest(s.Set.Test)
	return d, err
}

// testDigest hashes what the figures depend on: images in order, what each is said to show, and the masks.
func testDigest(items []dataset.Item) (string, error) {
	var paths, masks []string
	h := sha256.New()
	for _, it := range items {
		paths = append(paths, it.Path)
		masked := it.Mask != "" && !it.Good()
		if masked {
			files, err := it.MaskFiles()
			if err != nil {
				return "", err
			}
			masks = append(masks, files...)
		}
		fmt.Fprintf(h, "%q %v %d\n", it.Label, masked, it.MaskLevel)
	}
	for _, list := range [][]string{paths, masks} {
		sum, err := dataset.Digest(list)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, sum)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Load computes the features that the methods of a grid need, into what Describe gave.
func (s Source) Load(ctx context.Context, d *Data, b *model.Backbone, g Grid, opt *teach.Options) (err error) {
	o := teach.Options{}
	if opt != nil {
		o = *opt
	}
	o.Copies, o.TrainingFakes = teach.AugmentNone, 0
	if slices.Contains(g.Methods, method.AnomNet) { // the others use neither
		o.Copies, o.TrainingFakes = method.Copies(len(s.Set.Train)), trainingFakes
	}
	d.masks = evaluate.NewMasks(d.pre)
	src := teach.Source{Len: len(s.Set.Train), File: func(i int) (string, []byte, error) {
		data, err := dataset.Read(s.Set.Train[i])
		return s.Set.Train[i], data, err
	}}
	if d.Set, err = teach.Collect(ctx, b, d.pre, src, &o); err != nil {
		return fmt.Errorf("compare: %s: %w", s.Name, err)
	}
	if d.Set.DataSHA256() != d.SHA256 {
		return fmt.Errorf("compare: images of %s changed while they were read", s.Name)
	}
	return d.loadTest(ctx, b, s.Set.Test, &o)
}

// loadTest makes the patch vectors of the test images.
func (d *Data) loadTest(ctx context.Context, b *model.Backbone, items []dataset.Item, opt *teach.Options) error {
	f, err := teach.NewFeaturizer(b, d.pre, opt)
	if err != nil {
		return err
	}
	d.Test = make([]Test, len(items))
	progress := func(done, total int) {
		if opt.Progress != nil {
			opt.Progress("test features", done, total)
		}
	}
	_, err = parallel.Run(ctx, len(items), max(1, opt.Workers), progress, f.Clone, func(f *teach.Featurizer, i int) error {
		data, err := dataset.Read(items[i].Path)
		if err != nil {
			return err
		}
		x, err := f.Vectors(data)
		if err != nil {
			return fmt.Errorf("compare: %s: %w", items[i].Path, err)
		}
		d.Test[i] = Test{items[i], x}
		return nil
	})
	return err
}

// input is what the float methods learn from.
func (d *Data) input() *baseline.Input {
	in := &baseline.Input{H: d.pre.Height / 8, W: d.pre.Width / 8, C: d.Set.C}
	for _, f := range d.Set.Features {
		in.Good = append(in.Good, f.X)
	}
	return in
}

// CellBytes is about the memory that one cell takes beside the features: embeddings and working copies of the good patches, and the pixels of
// the test maps, which are ranked.
func (d *Data) CellBytes() int64 {
	patches := int64(d.Set.Images) * int64(d.Set.Patches)
	pixels := int64(len(d.Test)) * int64(d.pre.Width) * int64(d.pre.Height)
	return patches*int64(2*d.Set.C) + 24*pixels + 1<<26
}

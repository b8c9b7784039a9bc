// Package teach learns a part from good images in pure Go: no gradients, seconds on one core, the same bits on every machine.
//
// A Featurizer runs the backbone over an image and keeps its patch vectors (Features); Collect does it for many, a Session holds them while
// a person adds and removes images. Set.Fit projects them (random orthogonal rows, or a projection
// that the trainer learned), chooses centroids from all patches by greedy k-centre, and calibrates on held-out images. PatchCore (Roth
// et al. 2022) is the ancestor; what differs is the integer arithmetic and the calibration by cross-validation.
package teach

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/parallel"
	"anomnet/core/pseudo"
	"anomnet/core/roi"
)

// MinImages is the fewest good images that can be taught from: cross-validation needs them.
const MinImages = 5

// ErrTooFew is wrapped when there are fewer than MinImages images.
var ErrTooFew = errors.New("teach: too few good images")

// MaxImages is the most good images that can be taught from: at 256 x 256, their patch vectors and embeddings take 2.1 GB, and a fit about twice that.
const MaxImages = 5000

// ErrTooMany is wrapped when there are more than MaxImages images.
var ErrTooMany = errors.New("teach: too many good images; a sample of them will do")

// checkCount refuses too few and too many images, before minutes are spent on them.
func checkCount(n int) error {
	switch {
	case n < MinImages:
		return fmt.Errorf("%w: %d, want at least %d", ErrTooFew, n, MinImages)
	case n > MaxImages:
		return fmt.Errorf("%w: %d, want at most %d", ErrTooMany, n, MaxImages)
	}
	return nil
}

// Source delivers the good images: either files, or prepared pictures at the size of the head's preprocessing.
type Source struct {
	Len   int
	File  func(i int) (name string, data []byte, err error)
	Image func(i int) (*imaging.RGB, error) // used when File is nil
}

// features makes the features of image i. Errors of an image name its file.
func (s *Source) features(f *Featurizer, i int) (*Features, error) {
	if s.File == nil {
		img, err := s.Image(i)
		if err != nil {
			return nil, err
		}
		return f.Image(img)
	}
	name, data, err := s.File(i)
	if err != nil {
		return nil, err
	}
	out, err := f.File(name, data)
	if err != nil {
		return nil, fmt.Errorf("teach: %s: %w", name, err)
	}
	return out, nil
}

// prepared returns picture i at the size of the model's input.
func (s *Source) prepared(f *Featurizer, i int) (*imaging.RGB, error) {
	if s.File == nil {
		return s.Image(i)
	}
	_, data, err := s.File(i)
	if err != nil {
		return nil, err
	}
	img, err := imaging.Open(data, f.limits)
	if err != nil {
		return nil, err
	}
	return img.Prepare(f.pre)
}

// Set is the features of a set of good images.
type Set struct {
	backbone *model.Backbone
	pre      imaging.Preprocess
	h, w     int // of the grid
	roi      roi.Mask

	Images   int
	Patches  int       // a image, of those inside
	C        int       // length of a patch vector
	Scale    []float32 // [C], see detect.Extractor
	Features []*Features
	alike    *resemblance
	fold     []int // of each image
	training []Fake
}

// Fake is an image with a pseudo-defect, for training.
type Fake struct {
	Image   int     // the good image that it was drawn into
	X       []uint8 // [Patches][C]
	Changed []bool  // [Patches], whether the defect touches the patch
}

// Options control Collect and Fit; the zero value of each field is the default.
type Options struct {
	Kernels  engine.Kernels                      // tier, default the fastest of this machine
	Workers  int                                 // images in parallel, default 1
	Progress func(stage string, done, total int) // called from one goroutine at a time
	Limits   *imaging.Limits                     // of image files, nil for imaging's defaults

	// Copies says of which copies features are made; Fit cannot use others. They take most of the time. The default is AugmentAuto: all turned and mirrored ones
	// that the picture allows, and in Collect what so many images call for (CopiesFor).
	Copies Augment

	// ROI says which patches count, nil for all. Features do not depend on it, so another set of the same features can have another one.
	ROI roi.Mask

	TrainingFakes int // pseudo-defects for training, see Set.Learnable
}

func (o *Options) limits() *imaging.Limits {
	if o == nil {
		return nil
	}
	return o.Limits
}

func (o *Options) copies() Augment {
	if o == nil || o.Copies == "" {
		return AugmentAuto
	}
	return o.Copies
}

func (o *Options) roi() roi.Mask {
	if o == nil {
		return nil
	}
	return o.ROI
}

func (o *Options) trainingFakes() int {
	if o == nil {
		return 0
	}
	return o.TrainingFakes
}

func (o *Options) progress(stage string) func(done, total int) {
	if o == nil || o.Progress == nil {
		return func(int, int) {}
	}
	return func(done, total int) { o.Progress(stage, done, total) }
}

func (o *Options) workers() int {
	if o == nil {
		return 1
	}
	return max(1, o.Workers)
}

func (o *Options) kernels() engine.Kernels {
	if o == nil || o.Kernels == nil {
		return engine.Fastest()
	}
	return o.Kernels
}

// NewSet makes a set of the features of good images, in order. They are kept, not copied, and must not be changed. Of opt it takes Kernels and ROI.
func NewSet(b *model.Backbone, pre imaging.Preprocess, features []*Features, opt *Options) (*Set, error) {
	f, err := NewFeaturizer(b, pre, opt)
	if err != nil {
		return nil, err
	}
	return f.set(b, features, opt.roi())
}

func (f *Featurizer) set(b *model.Backbone, features []*Features, m roi.Mask) (*Set, error) {
	if err := checkCount(len(features)); err != nil {
		return nil, err
	}
	g := f.extract.Grid()
	if err := m.Validate(g.Patches()); err != nil {
		return nil, fmt.Errorf("teach: %w", err)
	}
	s := &Set{backbone: b, pre: f.pre, h: g.H, w: g.W, roi: m, Images: len(features), Patches: m.Count(g.Patches()), C: g.C, Scale: f.extract.Scale()}
	for _, x := range features {
		if err := f.fits(x); err != nil {
			return nil, err
		}
		s.Features = append(s.Features, x.inside(m, g.W, g.H))
	}
	s.alike = s.resemblance()
	s.fold = assignFolds(s.alike.related(s.Images))
	return s, nil
}

// fits says whether features are for this backbone and preprocessing.
func (f *Featurizer) fits(x *Features) error {
	g := f.extract.Grid()
	if x.Maker != f.maker || x.Patches != g.Patches() || x.Channels != g.C {
		return fmt.Errorf("%w: %q was made for another backbone or preprocessing", ErrFeatures, x.Name)
	}
	return nil
}

// Collect makes the features of all images of src, and the pseudo-defects for training that opt asks for.
func Collect(ctx context.Context, b *model.Backbone, pre imaging.Preprocess, src Source, opt *Options) (*Set, error) {
	if err := checkCount(src.Len); err != nil {
		return nil, err
	}
	f, err := NewFeaturizer(b, pre, opt)
	if err != nil {
		return nil, err
	}
	if opt.copies() == AugmentAuto {
		f.copies = CopiesFor(src.Len)
	}
	features := make([]*Features, src.Len)
	_, err = parallel.Run(ctx, src.Len, opt.workers(), opt.progress("features"), f.Clone, func(f *Featurizer, i int) (err error) {
		features[i], err = src.features(f, i)
		return err
	})
	if err != nil {
		return nil, err
	}
	s, err := f.set(b, features, opt.roi())
	if err != nil {
		return nil, err
	}
	var learnable []int // the images that get pseudo-defects for training
	for i, fold := range s.fold {
		if fold != 0 {
			learnable = append(learnable, i)
		}
	}
	if len(learnable) == 0 {
		return s, nil
	}
	s.training = make([]Fake, opt.trainingFakes())
	_, err = parallel.Run(ctx, len(s.training), opt.workers(), opt.progress("pseudo-defects"), f.Clone, func(f *Featurizer, i int) (err error) {
		s.training[i], err = f.fake(&src, i, learnable[i%len(learnable)], s.roi)
		return err
	})
	return s, err
}

// folds is the number of folds of cross-validation. The first also serves to choose between trained and untrained projections.
const folds = 5

// assignFolds puts images into folds. Folds are runs of neighbours, because images taken in a row resemble each other, and related images
// (resemblance.related) stay together at the place of the first of them: a copy of a held-out image among the others would make the
// held-out scores look better than they are.
func assignFolds(group []int) []int {
	n := len(group)
	members := make([][]int, n)
	for i, g := range group {
		members[g] = append(members[g], i)
	}
	fold := make([]int, n)
	at := 0
	for _, m := range members {
		for _, i := range m {
			fold[i] = (2*at + len(m)) * folds / (2 * n) // where the middle of the group lies
		}
		at += len(m)
	}
	used := slices.Compact(slices.Sorted(slices.Values(fold))) // large groups can leave folds empty
	for i, f := range fold {
		fold[i] = slices.Index(used, f)
	}
	return fold
}

// foldImages lists the images of a fold.
func (s *Set) foldImages(fold int) []int {
	var list []int
	for i, f := range s.fold {
		if f == fold {
			list = append(list, i)
		}
	}
	return list
}

// Learnable returns what an adapter may learn from: the patches of the good images outside the first fold, [n][C], and those
// patches of their pseudo-defects that a defect touches, [m][C].
func (s *Set) Learnable() (good, fake []uint8) {
	for _, f := range s.training {
		for p, changed := range f.Changed {
			if changed {
				fake = append(fake, f.X[p*s.C:(p+1)*s.C]...)
			}
		}
	}
	for i, f := range s.Features {
		if s.fold[i] != 0 {
			good = append(good, f.X...)
		}
	}
	return good, fake
}

// fake draws pseudo-defect n for training into an image, and keeps the patches inside m.
func (f *Featurizer) fake(src *Source, n, image int, m roi.Mask) (Fake, error) {
	img, err := src.prepared(f, image)
	if err != nil {
		return Fake{}, err
	}
	g := f.extract.Grid()
	drawn, mask, _ := pseudo.Make(img, uint64(n))
	out := Fake{Image: image, X: make([]uint8, g.Patches()*g.C), Changed: make([]bool, g.Patches())}
	for i, m := range mask {
		if m {
			out.Changed[i/img.W/detect.GridStride*g.W+i%img.W/detect.GridStride] = true
		}
	}
	if err := f.extract.Extract(drawn, out.X); err != nil {
		return out, err
	}
	out.X, out.Changed = roi.Keep(m, out.X, g.C), roi.Keep(m, out.Changed, 1)
	return out, nil
}

// quantile returns the value at rank ceil(q*n) of v, which it sorts.
func quantile(v []float32, q float64) float32 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[min(len(v)-1, max(0, int(math.Ceil(q*float64(len(v))))-1))]
}

// Package teach learns a part from good images in pure Go: no gradients, seconds on one core, the same bits on every machine.
//
// Collect runs the backbone over the images and keeps their patch vectors; Set.Fit projects them (random orthogonal rows, or a projection
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
)

// MinImages is the fewest good images that can be taught from: cross-validation needs them.
const MinImages = 5

// ErrTooFew is wrapped when there are fewer than MinImages images.
var ErrTooFew = errors.New("teach: too few good images")

// Source delivers the prepared good images: image i of Len, at the size of the head's preprocessing.
type Source struct {
	Len   int
	Image func(i int) (*imaging.RGB, error)
}

// Set is the patch vectors of a set of good images, and of pseudo-defects drawn into some of them.
type Set struct {
	backbone *model.Backbone
	pre      imaging.Preprocess
	grid     *detect.Grid

	Images  int
	Patches int       // a image
	C       int       // length of a patch vector
	X       []uint8   // [Images][Patches][C]
	Scale   []float32 // [C], see detect.Extractor
	Fakes   []Fake
}

// Fake is an image with a pseudo-defect.
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

	TrainingFakes int // pseudo-defects for training, see Set.Learnable
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

// Collect computes the patch vectors of all images of src and of some pseudo-defects.
func Collect(ctx context.Context, b *model.Backbone, pre imaging.Preprocess, src Source, opt *Options) (*Set, error) {
	if src.Len < MinImages {
		return nil, fmt.Errorf("%w: %d, want at least %d", ErrTooFew, src.Len, MinImages)
	}
	if err := pre.Validate(); err != nil {
		return nil, err
	}
	net, err := engine.NewNet(b.Graph, opt.kernels())
	if err != nil {
		return nil, err
	}
	first, err := detect.NewExtractor(net, pre.Height, pre.Width, nil, b.FeatureStd)
	if err != nil {
		return nil, err
	}
	g := first.Grid()
	s := &Set{backbone: b, pre: pre, grid: g, Images: src.Len, Patches: g.Patches(), C: g.C, Scale: first.Scale()}
	size := s.Patches * s.C
	s.X = make([]uint8, s.Images*size)
	fakes := fakePlan(s.Images, opt.trainingFakes())
	s.Fakes = make([]Fake, len(fakes))
	extractor := func() (*detect.Extractor, error) {
		return detect.NewExtractor(net, pre.Height, pre.Width, s.Scale, nil)
	}
	_, err = parallel.Run(ctx, s.Images+len(fakes), opt.workers(), opt.progress("features"), extractor, func(x *detect.Extractor, i int) error {
		if i >= s.Images {
			return s.addFake(x, src, i-s.Images, fakes[i-s.Images])
		}
		img, err := src.Image(i)
		if err != nil {
			return err
		}
		return x.Extract(img, s.image(i))
	})
	return s, err
}

// folds is the number of folds of cross-validation. The first also serves to choose between settings.
const folds = 5

// Pseudo-defects for choosing are drawn into the first fold only: at most maxFakeImages of it, fakesPerImage each.
const (
	maxFakeImages = 40
	fakesPerImage = 2
)

// foldOf returns the fold of image i of n. Folds are runs of neighbours: images taken in a row resemble each other, and a copy of
// a held-out image among the others would make the held-out scores look better than they are.
func foldOf(i, n int) int { return i * folds / n }

// foldImages lists the images of a fold.
func foldImages(fold, n int) []int {
	var list []int
	for i := 0; i < n; i++ {
		if foldOf(i, n) == fold {
			list = append(list, i)
		}
	}
	return list
}

// heldOut reports whether image i is in the first fold, from which nothing may be learned that is judged by it.
func (s *Set) heldOut(i int) bool { return foldOf(i, s.Images) == 0 }

// fakePlan lists the good images that get a pseudo-defect, one entry a fake: those for choosing, then those for training,
// which are drawn into the other folds.
func fakePlan(images, training int) []int {
	var plan []int
	first := foldImages(0, images)
	step := (len(first) + maxFakeImages - 1) / maxFakeImages
	for i := 0; i < len(first); i += step {
		for range fakesPerImage {
			plan = append(plan, first[i])
		}
	}
	rest := images - len(first)
	for i := range training {
		plan = append(plan, len(first)+i%rest)
	}
	return plan
}

// Learnable returns what an adapter may learn from: the patches of the good images outside the first fold, [n][C], and those
// patches of their pseudo-defects that a defect touches, [m][C].
func (s *Set) Learnable() (good, fake []uint8) {
	for _, f := range s.Fakes {
		if s.heldOut(f.Image) {
			continue
		}
		for p, changed := range f.Changed {
			if changed {
				fake = append(fake, f.X[p*s.C:(p+1)*s.C]...)
			}
		}
	}
	return s.X[len(foldImages(0, s.Images))*s.Patches*s.C:], fake
}

func (s *Set) addFake(x *detect.Extractor, src Source, n, image int) error {
	img, err := src.Image(image)
	if err != nil {
		return err
	}
	drawn, mask, _ := pseudo.Make(img, uint64(n))
	f := Fake{Image: image, X: make([]uint8, s.Patches*s.C), Changed: make([]bool, s.Patches)}
	for i, m := range mask {
		if m {
			y, x := i/img.W/detect.GridStride, i%img.W/detect.GridStride
			f.Changed[y*s.grid.W+x] = true
		}
	}
	s.Fakes[n] = f
	return x.Extract(drawn, f.X)
}

// image returns the patch vectors of image i.
func (s *Set) image(i int) []uint8 { return s.X[i*s.Patches*s.C : (i+1)*s.Patches*s.C] }

// quantile returns the value at rank ceil(q*n) of v, which it sorts.
func quantile(v []float32, q float64) float32 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[min(len(v)-1, max(0, int(math.Ceil(q*float64(len(v))))-1))]
}

package teach

import (
	"context"
	"errors"
	"math"
	"slices"

	"anomnet/core/detect"
	"anomnet/core/metrics"
)

// Judgement tells how well a head separates held-out good images from pseudo-defects drawn into them.
type Judgement struct {
	AUROC float64 `json:"auroc"` // image AUROC
	// Separation is the distance of the mean scores in standard deviations of the good scores (d'). It uses how far a
	// score lies, not only its rank, so it says more than the AUROC when there are few images.
	Separation float64 `json:"separation"`

	n int // good scores
}

// Tried is a combination that was judged.
type Tried struct {
	Norm    Norm    `json:"norm"`
	Augment Augment `json:"augment"`
	Judgement
}

// errNoDefects is wrapped when no pseudo-defect touches what is inspected of the images that are held out.
var errNoDefects = errors.New("teach: no pseudo-defect touches the region of interest")

// A comparison holds out as many folds as give ruleImages images.
const ruleImages = 40

// Below fewImages the length of a patch vector is trusted less: few pictures do not show how brightness and contrast vary.
const fewImages = 50

// tieMargin is how much larger a separation must be to count as larger. A deviation of n scores is uncertain by 1/sqrt(2n) of itself, the ratio of two by
// up to 1/sqrt(n).
func tieMargin(n int) float64 { return 1 + 1/math.Sqrt(float64(max(n, 1))) }

// Choose sets those of fit.Norm and fit.Augment that are automatic: it takes the combination whose scores separate held-out good images best
// from pseudo-defects (judge). Equal within tieMargin: more copies, and raw, or L2 with few images. It also returns all judgements.
func (s *Set) Choose(ctx context.Context, fit FitOptions, opt *Options) (FitOptions, []Tried, error) {
	fit = fit.withDefaults()
	norms, augments := []Norm{fit.Norm}, []Augment{fit.Augment}
	if fit.Norm == NormAuto {
		if norms = []Norm{NormRaw, NormL2}; s.Images < fewImages {
			slices.Reverse(norms)
		}
	}
	if fit.Augment == AugmentAuto {
		augments = s.augments()
		slices.Reverse(augments)
	}
	fit.Norm, fit.Augment = norms[0], augments[0]
	if len(norms)*len(augments) == 1 {
		return fit, nil, nil
	}
	by := s
	if s.Images > MaxForD4 { // runs of neighbours: with many images, groups of related ones would make the held-out scores differ more than settings do
		runs := *s
		runs.fold = make([]int, s.Images)
		for i := range runs.fold {
			runs.fold[i] = i * folds / s.Images
		}
		by = &runs
	}
	var tried []Tried
	best := Judgement{}
	for _, augment := range augments {
		for _, norm := range norms {
			c := fit
			c.Norm, c.Augment = norm, augment
			j, err := by.judge(ctx, c, ruleImages, opt)
			if errors.Is(err, errNoDefects) { // nothing to choose by
				return fit, tried, nil
			}
			if err != nil {
				return fit, nil, err
			}
			tried = append(tried, Tried{norm, augment, j})
			if len(tried) == 1 || j.Separation > float64(tieMargin(j.n)*best.Separation) {
				fit, best = c, j
			}
		}
	}
	return fit, tried, nil
}

// Judge holds out the first fold, from which no projection has learned, makes a head of the others as fit says (nothing in it may be
// automatic), and compares the scores of the held-out images with those of the pseudo-defects drawn into them. It uses good images only.
func (s *Set) Judge(ctx context.Context, fit FitOptions, opt *Options) (Judgement, error) {
	fit = fit.withDefaults()
	if err := fit.Check(s.C); err != nil {
		return Judgement{}, err
	}
	return s.judge(ctx, fit, 1, opt)
}

// judge holds out as many folds as give enough images, each from centres of the others.
func (s *Set) judge(ctx context.Context, fit FitOptions, enough int, opt *Options) (Judgement, error) {
	if fit.Projection == nil {
		fit.Projection = RandomProjection(fit.Embedding, s.C, fit.Seed)
	}
	f := &fitter{set: s, opt: opt, fit: fit}
	if err := f.embed(ctx, fit.Norm); err != nil {
		return Judgement{}, err
	}
	without := f.dropped
	if s.Images > MaxForD4 {
		without = f.chosenAnew
	}
	var good, bad []float32
	for fold := 0; fold < folds && len(good) < enough; fold++ {
		heldOut := s.foldImages(fold)
		if len(heldOut) == 0 || len(heldOut) == s.Images {
			continue
		}
		c, err := without(ctx, fold)
		if err != nil {
			return Judgement{}, err
		}
		scores, _, err := f.score(ctx, &c, f.images(heldOut))
		if err != nil {
			return Judgement{}, err
		}
		good = append(good, scores...)
		fakes, err := f.fakes(heldOut)
		if err != nil {
			return Judgement{}, err
		}
		if scores, _, err = f.score(ctx, &c, fakes); err != nil {
			return Judgement{}, err
		}
		bad = append(bad, scores...)
	}
	if len(good) == 0 {
		return Judgement{}, ErrAlike
	}
	if len(bad) == 0 {
		return Judgement{}, errNoDefects
	}
	return judge(good, bad)
}

// ruleCentroids is how many centroids are chosen anew for a comparison: enough to rank, cheap to find.
const ruleCentroids = 1024

// chosenAnew chooses centres from all images but those of a fold.
func (f *fitter) chosenAnew(ctx context.Context, fold int) (detect.Centroids, error) {
	return f.centroids(ctx, fold, min(ruleCentroids, f.fit.Centroids), "comparing")
}

// dropped chooses centres from all images, once for all folds, and leaves out those of the images of one. It saves most of the time where few
// images call for all folds. With many images the holes that it leaves would count more than the differences that are looked for.
func (f *fitter) dropped(ctx context.Context, fold int) (detect.Centroids, error) {
	if f.chosen == nil {
		f.chosenFrom, f.owner = f.pool(-1)
		index, err := f.chooseFrom(ctx, f.chosenFrom, f.budget(), "comparing")
		if err != nil {
			return detect.Centroids{}, err
		}
		f.chosen = index
	}
	var others []int32
	for _, p := range f.chosen {
		if f.set.fold[f.owner[p]] != fold {
			others = append(others, p)
		}
	}
	if len(others) == 0 {
		return detect.Centroids{}, ErrAlike
	}
	return gather(f.chosenFrom, f.adapter.Out, others), nil
}

func judge(good, bad []float32) (Judgement, error) {
	labels := make([]bool, len(good)+len(bad))
	for i := range bad {
		labels[len(good)+i] = true
	}
	auroc, err := metrics.AUROC(slices.Concat(good, bad), labels)
	if err != nil {
		return Judgement{}, err
	}
	mean, deviation := moments(good)
	badMean, _ := moments(bad)
	return Judgement{AUROC: auroc, Separation: (badMean - mean) / max(deviation, 1e-9), n: len(good)}, nil
}

// moments returns mean and standard deviation; every operation is rounded on its own.
func moments(v []float32) (mean, deviation float64) {
	for _, x := range v {
		mean += float64(x)
	}
	mean /= float64(len(v))
	for _, x := range v {
		d := float64(x) - mean
		deviation += float64(d * d)
	}
	return mean, math.Sqrt(deviation / float64(len(v)))
}

// fakes returns the embeddings of the pseudo-defects in some images: those of the image, but for the patches that the defect changes.
func (f *fitter) fakes(images []int) ([][]int8, error) {
	em, err := f.embedder()
	if err != nil {
		return nil, err
	}
	var out [][]int8
	d := f.adapter.Out
	for _, i := range images {
		for _, p := range f.set.Features[i].Drawn {
			e, changed := slices.Clone(f.image(i)), make([]int8, len(p.At)*d)
			em.Embed(p.X, len(p.At), changed)
			for n, at := range p.At {
				copy(e[int(at)*d:], changed[n*d:(n+1)*d])
			}
			out = append(out, e)
		}
	}
	return out, nil
}

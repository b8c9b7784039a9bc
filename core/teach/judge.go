package teach

import (
	"context"
	"errors"
	"math"
	"slices"

	"anomnet/core/detect"
	"anomnet/core/metrics"
	"anomnet/core/parallel"
)

// Judgement tells how well a head separates held-out good images from pseudo-defects drawn into them.
type Judgement struct {
	AUROC float64 `json:"auroc"` // image AUROC
	// Separation is the distance of the mean scores in standard deviations of the good scores (d'). It uses how far a
	// score lies, not only its rank, so it says more than the AUROC when there are few images. It is 0 when the good scores have none, as one alone has none.
	Separation float64 `json:"separation"`
	// Patch is the AUROC of patch distances: of the patches that the pseudo-defects change most, against all of the held-out good images. It says how well
	// defects are found in their place.
	Patch float64 `json:"patch_auroc"`

	n, bad int // good scores and pseudo-defects
}

// AUROCError is the standard error of AUROC (Hanley and McNeil, The meaning and use of the area under a ROC curve, 1982): how far chance moves it with so few images.
func (j Judgement) AUROCError() float64 {
	if j.n == 0 || j.bad == 0 {
		return 1
	}
	a := j.AUROC
	q1, q2 := a/(2-a), 2*a*a/(1+a)
	v := a*(1-a) + float64(j.bad-1)*(q1-a*a) + float64(j.n-1)*(q2-a*a)
	return math.Sqrt(max(v, 0) / float64(j.n*j.bad))
}

// Tried is a combination that was judged.
type Tried struct {
	Norm    Norm    `json:"norm"`
	Augment Augment `json:"augment"`
	Judgement
}

// Judged says whether there were pseudo-defects to judge by: all may lie outside of the region of interest.
func (j Judgement) Judged() bool { return j.bad > 0 }

// errNoDefects is wrapped when no pseudo-defect touches what is inspected of the images that are held out.
var errNoDefects = errors.New("teach: no pseudo-defect touches the region of interest")

// A comparison holds out as many folds as give ruleImages images.
const ruleImages = 40

// With more than manyImages images, settings are compared by fewer centroids, chosen anew.
const manyImages = 150

// tieMargin is how much larger a separation must be to count as larger. A deviation of n scores is uncertain by 1/sqrt(2n) of itself, the ratio of two by
// up to 1/sqrt(n).
func tieMargin(n int) float64 { return 1 + 1/math.Sqrt(float64(max(n, 1))) }

// clearer says whether the separation is larger than another by more than chance makes it.
func (j Judgement) clearer(than Judgement) bool {
	return j.Separation > float64(tieMargin(j.n)*than.Separation)
}

// Better says whether the separation is clearly larger than another's and nothing is lost for it: a deviation, and so a separation, can hang on a few good images that
// lie far out, while the other two figures count them as what they are.
func (j Judgement) Better(than Judgement) bool {
	return j.clearer(than) && j.Separation > 0 && j.AUROC >= than.AUROC && j.Patch >= than.Patch
}

// Choose sets those of fit.Norm and fit.Augment that are automatic: it takes the combination whose scores separate held-out good images best
// from pseudo-defects (judge). Normalisations are compared with the most copies, then fewer copies with the normalisation taken. Where none is
// Better: more copies, and raw. It also returns all judgements.
func (s *Set) Choose(ctx context.Context, fit FitOptions, opt *Options) (FitOptions, []Tried, error) {
	fit, tried, _, err := s.choose(ctx, fit, opt)
	return fit, tried, err
}

// choose is Choose; where the comparison made all that a head of the settings taken begins with, it returns that too.
func (s *Set) choose(ctx context.Context, fit FitOptions, opt *Options) (FitOptions, []Tried, *fitter, error) {
	fit = fit.withDefaults()
	norms, augments := []Norm{fit.Norm}, []Augment{fit.Augment}
	if fit.Norm == NormAuto {
		norms = []Norm{NormRaw, NormL2}
	}
	if fit.Augment == AugmentAuto {
		augments = s.augments()
		slices.Reverse(augments)
	}
	fit.Norm, fit.Augment = norms[0], augments[0]
	if len(norms)*len(augments) == 1 {
		return fit, nil, nil, nil
	}
	by := s.forRule()
	var tried []Tried
	var best Judgement
	var begun *fitter
	try := func(norm Norm, augment Augment) error {
		c := fit
		c.Norm, c.Augment = norm, augment
		j, f, err := by.judgeOften(ctx, c, opt)
		if err != nil {
			return err
		}
		tried = append(tried, Tried{norm, augment, j})
		if len(tried) == 1 || j.Better(best) {
			fit, best, begun = c, j, f
		}
		return nil
	}
	for _, norm := range norms {
		if err := try(norm, augments[0]); err != nil {
			return nothingToChooseBy(fit, err)
		}
	}
	for _, augment := range augments[1:] {
		if err := try(fit.Norm, augment); err != nil {
			return nothingToChooseBy(fit, err)
		}
	}
	if by != s || begun.covered == nil {
		begun = nil
	}
	return fit, tried, begun, nil
}

// nothingToChooseBy keeps the first settings when no pseudo-defect touches the region of interest, which is the same for all.
func nothingToChooseBy(fit FitOptions, err error) (FitOptions, []Tried, *fitter, error) {
	if errors.Is(err, errNoDefects) {
		err = nil
	}
	return fit, nil, nil, err
}

// Compare judges fit, in which nothing may be automatic, as Choose judges its combinations. The judgement is zero when no pseudo-defect touches the region of
// interest.
func (s *Set) Compare(ctx context.Context, fit FitOptions, opt *Options) (Judgement, error) {
	fit = fit.withDefaults()
	if err := fit.Check(s.C); err != nil {
		return Judgement{}, err
	}
	j, _, err := s.forRule().judgeOften(ctx, fit, opt)
	return judgedOrNot(j, err)
}

// judgedOrNot is the zero judgement where there is nothing to judge by.
func judgedOrNot(j Judgement, err error) (Judgement, error) {
	if errors.Is(err, errNoDefects) {
		return Judgement{}, nil
	}
	return j, err
}

// ruleSeeds is over how many seeds settings are judged with many images. The seed draws the projection and the first centre, and these move a separation as much as settings
// that are near each other do: with one seed, 2 of 12 choices for 320 screws differed from the others.
const ruleSeeds = 3

// judgeOften judges fit as Choose and Compare do: with more than manyImages images by the mean over ruleSeeds seeds, unless the projection is given.
func (s *Set) judgeOften(ctx context.Context, fit FitOptions, opt *Options) (Judgement, *fitter, error) {
	seeds := int64(ruleSeeds)
	if s.Images <= manyImages || fit.Projection != nil {
		seeds = 1
	}
	var mean Judgement
	var f *fitter
	for seed := range seeds {
		c := fit
		c.Seed += seed
		j, one, err := s.judge(ctx, c, ruleImages, ruleCentroids, opt)
		if err != nil {
			return Judgement{}, nil, err
		}
		mean.n, mean.bad, f = j.n, j.bad, one
		mean.AUROC += float64(j.AUROC / float64(seeds))
		mean.Separation += float64(j.Separation / float64(seeds))
		mean.Patch += float64(j.Patch / float64(seeds))
	}
	return mean, f, nil
}

// forRule returns the set with the folds that settings are compared by. With many images they are runs of neighbours, whether related or not: groups of related
// ones would make the held-out scores differ more than settings do.
func (s *Set) forRule() *Set {
	if s.Images <= manyImages {
		return s
	}
	runs := *s
	runs.fold = make([]int, s.Images)
	for i := range runs.fold {
		runs.fold[i] = i * folds / s.Images
	}
	return &runs
}

// Judge holds out the first fold, from which no projection has learned, makes a head of the others as fit says (nothing in it may be
// automatic), and compares the scores of the held-out images with those of the pseudo-defects drawn into them. It uses good images only. The judgement is zero when no
// pseudo-defect touches the region of interest.
func (s *Set) Judge(ctx context.Context, fit FitOptions, opt *Options) (Judgement, error) {
	fit = fit.withDefaults()
	if err := fit.Check(s.C); err != nil {
		return Judgement{}, err
	}
	j, _, err := s.judge(ctx, fit, 1, fit.Centroids, opt)
	return judgedOrNot(j, err)
}

// CrossJudge is Judge over all folds, for heads whose projection has learned from none of the images: more images, so less chance.
func (s *Set) CrossJudge(ctx context.Context, fit FitOptions, opt *Options) (Judgement, error) {
	fit = fit.withDefaults()
	if err := fit.Check(s.C); err != nil {
		return Judgement{}, err
	}
	j, _, err := s.judge(ctx, fit, s.Images, fit.Centroids, opt)
	return judgedOrNot(j, err)
}

// judge holds out as many folds as give enough images, each from at most so many centres of the others.
func (s *Set) judge(ctx context.Context, fit FitOptions, enough, most int, opt *Options) (Judgement, *fitter, error) {
	if fit.Projection == nil {
		fit.Projection = RandomProjection(fit.Embedding, s.C, fit.Seed)
	}
	f := &fitter{set: s, opt: opt, fit: fit, most: most}
	if err := f.embed(ctx, fit.Norm); err != nil {
		return Judgement{}, nil, err
	}
	without := f.dropped
	if s.Images > manyImages || fit.Refine != nil {
		without = f.chosenAnew
	}
	var t trial
	for fold := 0; fold < folds && len(t.good) < enough; fold++ {
		heldOut := s.foldImages(fold)
		if len(heldOut) == 0 || len(heldOut) == s.Images {
			continue
		}
		nearest, err := without(ctx, fold)
		if err != nil {
			return Judgement{}, nil, err
		}
		if err := f.compare(ctx, heldOut, nearest, &t); err != nil {
			return Judgement{}, nil, err
		}
	}
	if len(t.good) == 0 {
		return Judgement{}, nil, ErrAlike
	}
	if len(t.bad) == 0 {
		return Judgement{}, nil, errNoDefects
	}
	j, err := t.judge()
	return j, f, err
}

// nearestFunc writes the squared distances of n embeddings to their nearest centres.
type nearestFunc func(e []int8, n int, d2 []int32)

// ruleCentroids is how many centroids are chosen anew for a comparison: enough to rank, cheap to find.
const ruleCentroids = 1024

// chosenAnew chooses centres from all images but those of a fold.
func (f *fitter) chosenAnew(ctx context.Context, fold int) (nearestFunc, error) {
	c, err := f.centroids(ctx, fold, min(f.most, f.fit.Centroids), "comparing")
	if err != nil {
		return nil, err
	}
	s, err := detect.NewScorer(&c, f.opt.kernels())
	if err != nil {
		return nil, err
	}
	return s.Nearest, nil
}

// dropped chooses centres from all images, once for all folds, and leaves out those of the images of one. It saves most of the time where few
// images call for all folds. With many images the holes that it leaves would count more than the differences that are looked for.
func (f *fitter) dropped(ctx context.Context, fold int) (nearestFunc, error) {
	c, err := f.cover(ctx, "comparing")
	if err != nil {
		return nil, err
	}
	if c.others(fold) == 0 {
		return nil, ErrAlike
	}
	return func(e []int8, n int, d2 []int32) {
		for i := range d2[:n] {
			d2[i] = math.MaxInt32
		}
		c.without(fold, e, n, d2)
	}, nil
}

// comparer scores images and the pseudo-defects drawn into them.
type comparer struct {
	embedder  *detect.Embedder
	d2, fake  []int32
	distances []float32
	scratch   []float32
	e         []int8
}

// trial is what a judgement is made of: scores of held-out good images and of pseudo-defects in them, the patch distances of the good ones, and those of
// the patches that the defects change.
type trial struct{ good, bad, around, changed []float32 }

// compare scores images, and the pseudo-defects drawn into them: those have the patches of the image, but for the ones that the defect changes.
func (f *fitter) compare(ctx context.Context, images []int, nearest nearestFunc, t *trial) error {
	n, d := f.set.Patches, f.adapter.Out
	worker := func() (*comparer, error) {
		em, err := f.embedder()
		return &comparer{em, make([]int32, n), make([]int32, n), nil, make([]float32, n), make([]int8, n*d)}, err
	}
	each := make([]trial, len(images))
	_, err := parallel.Run(ctx, len(images), f.opt.workers(), f.opt.progress("comparing"), worker, func(w *comparer, k int) error {
		score := func(d2 []int32) float32 {
			w.distances = distances(d2, w.distances)
			return detect.ImageScore(w.distances, f.set.topK(), w.scratch)
		}
		i, own := images[k], &each[k]
		nearest(f.image(i), n, w.d2)
		own.good = []float32{score(w.d2)}
		own.around = slices.Clone(w.distances)
		for _, p := range f.set.Features[i].Drawn {
			changed := make([]int32, len(p.At))
			w.embedder.Embed(p.X, len(p.At), w.e)
			nearest(w.e, len(p.At), changed)
			copy(w.fake, w.d2)
			for j, at := range p.At {
				w.fake[at] = changed[j]
			}
			own.bad = append(own.bad, score(w.fake))
			own.changed = append(own.changed, distances(changed, nil)...)
		}
		return nil
	})
	for _, own := range each {
		t.good, t.bad = append(t.good, own.good...), append(t.bad, own.bad...)
		t.around, t.changed = append(t.around, own.around...), append(t.changed, own.changed...)
	}
	return err
}

func (t *trial) judge() (Judgement, error) {
	image, err := auroc(t.good, t.bad)
	if err != nil {
		return Judgement{}, err
	}
	patch, err := auroc(t.around, t.changed)
	if errors.Is(err, metrics.ErrOneClass) { // no defect changes a patch
		patch, err = 0.5, nil
	}
	if err != nil {
		return Judgement{}, err
	}
	mean, deviation := moments(t.good)
	j := Judgement{AUROC: image, Patch: patch, n: len(t.good), bad: len(t.bad)}
	if deviation > 0 {
		badMean, _ := moments(t.bad)
		j.Separation = (badMean - mean) / max(deviation, 1e-9)
	}
	return j, nil
}

func auroc(good, bad []float32) (float64, error) {
	labels := make([]bool, len(good)+len(bad))
	for i := range bad {
		labels[len(good)+i] = true
	}
	return metrics.AUROC(slices.Concat(good, bad), labels)
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

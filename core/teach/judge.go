package teach

import (
	"context"
	"math"
	"slices"

	"anomnet/core/metrics"
)

// Judgement tells how well a head separates held-out good images from pseudo-defects drawn into them.
type Judgement struct {
	AUROC float64 `json:"auroc"` // image AUROC
	// Separation is the distance of the mean scores in standard deviations of the good scores (d'). It uses how far a
	// score lies, not only its rank, so it says more than the AUROC when there are few images.
	Separation float64 `json:"separation"`
}

// ruleCentroids is how many centroids a comparison uses at most: enough to rank, cheap to find.
const ruleCentroids = 1024

// tieMargin is how much larger a separation must be to count as larger.
const tieMargin = 1.1

// minJudged is the fewest held-out images whose scores have a deviation to speak of.
const minJudged = 4

// ChooseNorm takes the normalisation whose scores separate held-out good images best from pseudo-defects (Judge). Equal within
// tieMargin, or fewer than minJudged images held out (of fewer than 16 in all): the simpler one, raw. It also returns the judgements.
func (s *Set) ChooseNorm(ctx context.Context, fit FitOptions, opt *Options) (Norm, map[Norm]Judgement, error) {
	judged := map[Norm]Judgement{}
	if len(foldImages(0, s.Images)) < minJudged {
		return NormRaw, judged, nil
	}
	for _, norm := range []Norm{NormRaw, NormL2} {
		fit.Norm = norm
		j, err := s.Judge(ctx, fit, opt)
		if err != nil {
			return "", nil, err
		}
		judged[norm] = j
	}
	if judged[NormL2].Separation > float64(tieMargin*judged[NormRaw].Separation) {
		return NormL2, judged, nil
	}
	return NormRaw, judged, nil
}

// Judge holds out the first fold, makes a head of the others as fit says (fit.Norm must not be NormAuto), and compares the scores
// of the held-out images with those of the pseudo-defects drawn into them. It uses good images only.
func (s *Set) Judge(ctx context.Context, fit FitOptions, opt *Options) (Judgement, error) {
	fit = fit.withDefaults()
	if err := fit.Check(s.C); err != nil {
		return Judgement{}, err
	}
	if fit.Projection == nil {
		fit.Projection = RandomProjection(fit.Embedding, s.C, fit.Seed)
	}
	f := &fitter{set: s, opt: opt, fit: fit}
	if err := f.embed(ctx, fit.Norm); err != nil {
		return Judgement{}, err
	}
	c, err := f.centroids(ctx, 0, min(ruleCentroids, fit.Centroids), "comparing")
	if err != nil {
		return Judgement{}, err
	}
	good, _, err := f.score(ctx, &c, f.images(foldImages(0, s.Images)))
	if err != nil {
		return Judgement{}, err
	}
	fakes, err := f.heldOutFakes()
	if err != nil {
		return Judgement{}, err
	}
	bad, _, err := f.score(ctx, &c, fakes)
	if err != nil {
		return Judgement{}, err
	}
	return judge(good, bad)
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
	return Judgement{AUROC: auroc, Separation: (badMean - mean) / max(deviation, 1e-9)}, nil
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

// heldOutFakes returns the embeddings of the pseudo-defects in the first fold.
func (f *fitter) heldOutFakes() ([][]int8, error) {
	em, err := f.embedder()
	if err != nil {
		return nil, err
	}
	var out [][]int8
	d := f.adapter.Out
	for _, i := range foldImages(0, f.set.Images) {
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

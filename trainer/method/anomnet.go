package method

import (
	"context"

	"anomnet/core/teach"
	"anomnet/trainer"
)

// Two rules decide what is kept, both by held-out good images and pseudo-defects drawn into them. The metric must raise merit by metricGain; it has
// seen no pseudo-defect. The projection of the gradient stages has learned from such defects, so a small gain on others of their kind means nothing for
// real ones: it must raise the AUROC by clearGain, and by more than chance moves it (Judgement.AUROCError). What is at stake is more than the gain: a learned
// projection can be calibrated on the fold alone that it has not seen.
const (
	metricGain = 0.005
	clearGain  = 0.02
)

// merit of a judgement is the mean of how well defective images and defective patches are told apart.
func merit(j teach.Judgement) float64 { return (j.AUROC + j.Patch) / 2 }

// Metric is a projection that was tried: power 0 is the untrained one.
type Metric struct {
	Power float64 `json:"power"`
	teach.Judgement
}

// powers of the whitening that are tried; see whitening.
var powers = [...]float64{0.25, 0.5, 0.75}

// fitAnomNet chooses normalisation and copies as teach does, then learns in two stages: centroid optimisation and contrast against fakes, by
// gradients, after a metric from good patches where that is asked for. What is learned is kept where it helps.
func fitAnomNet(ctx context.Context, set *teach.Set, o Options, opt *teach.Options) (*Made, error) {
	number := o.Fit.Centroids
	o.Fit.Centroids = min(number, max(1, DefaultBytes/o.Fit.Embedding)) // comparisons are made with whole centroids, as teach makes them
	fit, tried, err := set.Choose(ctx, o.Fit, opt)
	if err != nil {
		return nil, err
	}
	if o.Fit.Augment == "" || o.Fit.Augment == teach.AugmentAuto {
		fit.Augment = inPlace(set.Images, fit, tried)
		if fit.Augment, tried, err = tolerant(ctx, set, fit, tried, opt); err != nil {
			return nil, err
		}
	}
	made := &Made{Kept: KeepUntrained}
	plain := fit
	if o.Metric && o.Keep != KeepUntrained {
		if fit, err = made.chooseMetric(ctx, set, fit, opt); err != nil {
			return nil, err
		}
	}
	if made.Before, err = set.Judge(ctx, fit, opt); err != nil {
		return nil, err
	}
	if err := made.learn(ctx, set, fit, o.Learn); err != nil {
		return nil, err
	}
	trained := fit
	trained.Projection, trained.Augment = made.Learned.Weight, teach.AugmentNone // it has seen no copies
	if made.After, err = set.Judge(ctx, trained, opt); err != nil {
		return nil, err
	}
	better := made.After.AUROC > made.Before.AUROC+max(clearGain, made.Before.AUROCError()) && !made.Learned.Collapsed
	switch {
	case o.Keep == KeepTrained || (o.Keep != KeepUntrained && better):
		made.Kept, fit = KeepTrained, trained
	case o.Keep != KeepUntrained && fit.Projection != nil:
		made.Kept = KeepMetric
	default:
		fit = plain
		fit.Provenance.Method = "teach"
	}
	fit.Centroids, fit.CodeBits = number, codeBits
	if made.Before.Judged() {
		fit.Provenance.Metrics = map[string]float64{"pseudo_auroc_before": made.Before.AUROC, "pseudo_auroc_trained": made.After.AUROC}
	}
	if err := made.finish(ctx, set, fit, opt); err != nil {
		return nil, err
	}
	made.Report.Tried = tried
	return made, nil
}

// chooseMetric tries the projection that makes equal what good patches do around their centres, and takes the strength that helps most, if any.
func (m *Made) chooseMetric(ctx context.Context, set *teach.Set, fit teach.FitOptions, opt *teach.Options) (teach.FitOptions, error) {
	j, err := set.CrossJudge(ctx, fit, opt)
	if err != nil {
		return fit, err
	}
	m.Metrics = []Metric{{0, j}}
	best, need := fit, merit(j)+metricGain
	good, _ := set.Learnable()
	good = sample(good, set.C, whitenPatches)
	for _, p := range powers {
		try := fit
		try.Augment = teach.AugmentNone
		try.Projection = whitening(good, set.C, fit.Embedding, fit.Norm == teach.NormL2, p, whitenFloor, fit.Seed, workers(opt))
		if j, err = set.CrossJudge(ctx, try, opt); err != nil {
			return fit, err
		}
		m.Metrics = append(m.Metrics, Metric{p, j})
		if v := merit(j); v > need {
			best, need, m.Power = try, v, p
		}
	}
	return best, nil
}

// learn runs the gradient stages from the projection of fit.
func (m *Made) learn(ctx context.Context, set *teach.Set, fit teach.FitOptions, learn trainer.LearnOptions) (err error) {
	good, fake := set.Learnable()
	in := &trainer.AdapterInput{Dim: set.C, Out: fit.Embedding, Real: good, Fake: fake, L2: fit.Norm == teach.NormL2, Init: fit.Projection}
	if in.Init == nil {
		in.Init = teach.RandomProjection(fit.Embedding, set.C, fit.Seed)
	}
	learn.Seed = fit.Seed
	m.Learned, err = trainer.LearnAdapter(ctx, in, &learn)
	return err
}

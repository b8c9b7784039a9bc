package method

import (
	"context"

	"anomnet/core/teach"
	"anomnet/trainer"
)

// clearGain is how much the AUROC against pseudo-defects must rise for the trained head to replace the untrained one. The training
// has learned from such defects, so a small gain on them means nothing for real ones.
const clearGain = 0.02

// fitAnomNet runs the two-stage training and keeps its projection where it is clearly better.
func fitAnomNet(ctx context.Context, set *teach.Set, o Options, opt *teach.Options) (*Made, error) {
	fit, tried, err := set.Choose(ctx, o.Fit, opt)
	if err != nil {
		return nil, err
	}
	made := &Made{Kept: KeepUntrained}
	if made.Before, err = set.Judge(ctx, fit, opt); err != nil {
		return nil, err
	}
	good, fake := set.Learnable()
	in := &trainer.AdapterInput{Dim: set.C, Out: fit.Embedding, Real: good, Fake: fake, L2: fit.Norm == teach.NormL2,
		Init: teach.RandomProjection(fit.Embedding, set.C, fit.Seed)}
	learn := o.Learn
	learn.Seed = fit.Seed
	if made.Learned, err = trainer.LearnAdapter(ctx, in, &learn); err != nil {
		return nil, err
	}
	trained := fit
	trained.Projection = made.Learned.Weight
	if made.After, err = set.Judge(ctx, trained, opt); err != nil {
		return nil, err
	}
	better := made.After.AUROC > made.Before.AUROC+clearGain && !made.Learned.Collapsed
	if o.Keep == KeepTrained || (o.Keep != KeepUntrained && better) {
		made.Kept, fit = KeepTrained, trained
	} else {
		fit.Provenance.Method = "teach"
	}
	fit.Provenance.Metrics = map[string]float64{"pseudo_auroc_untrained": made.Before.AUROC, "pseudo_auroc_trained": made.After.AUROC}
	if err := made.finish(ctx, set, fit, opt); err != nil {
		return nil, err
	}
	made.Report.Tried = tried
	return made, nil
}

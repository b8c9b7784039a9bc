package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"time"

	"anomnet/core/teach"
	"anomnet/trainer"
	"anomnet/trainer/atomicfile"
	"anomnet/trainer/dataset"
)

// trainingFakes is how many pseudo-defects the training learns from.
const trainingFakes = 200

// trainFlags are the flags of train beside those it shares with teach.
type trainFlags struct {
	learnFlags
	data, keep, curve string
	opt               trainer.LearnOptions
}

func trainCommand(fs *flag.FlagSet) func(context.Context, *console, []string) error {
	t := &trainFlags{}
	t.add(fs)
	fs.StringVar(&t.data, "data", "", "data set in MVTec layout, or a `folder` of good images")
	fs.StringVar(&t.opt.Device, "device", "auto", "auto, cpu or cuda")
	fs.StringVar(&t.keep, "keep", "better", "which head to write: better (by pseudo-defects), trained or untrained")
	fs.StringVar(&t.curve, "curve", "", "`file` for the curve of the losses, JSON lines")
	fs.IntVar(&t.opt.Steps1, "steps1", 0, "steps of stage 1; 0: the default")
	fs.IntVar(&t.opt.Steps2, "steps2", 0, "steps of stage 2; 0: the default")
	return func(ctx context.Context, c *console, args []string) error {
		if err := t.check(); err != nil {
			return err
		}
		if t.data == "" || len(args) > 0 {
			return usageError("--data is missing or there are extra arguments")
		}
		if t.keep != "better" && t.keep != "trained" && t.keep != "untrained" {
			return usageError("--keep %q", t.keep)
		}
		if err := trainer.CheckDevice(t.opt.Device); err != nil { // before minutes of features
			return err
		}
		return t.run(ctx, c)
	}
}

func (t *trainFlags) run(ctx context.Context, c *console) error {
	start := time.Now()
	data, err := dataset.Open(t.data)
	if err != nil {
		return err
	}
	opt, err := t.options(c)
	if err != nil {
		return err
	}
	opt.TrainingFakes, opt.Copies = trainingFakes, teach.AugmentNone
	set, prov, err := t.collect(ctx, data.Train, opt)
	if err != nil {
		return err
	}
	prov.Method = "train"
	fit := t.fitOptions(prov)
	fit.Augment = teach.AugmentNone // a learned projection has seen no copies
	if fit, _, err = set.Choose(ctx, fit, opt); err != nil {
		return err
	}
	before, err := set.Judge(ctx, fit, opt)
	if err != nil {
		return err
	}
	learned, err := t.learn(ctx, c, set, fit)
	if err != nil {
		return err
	}
	if fit, err = t.choose(ctx, c, set, fit, before, learned, opt); err != nil {
		return err
	}
	head, rep, err := set.Fit(ctx, fit, opt)
	if err != nil {
		return err
	}
	return t.save(c, head, rep, data.Train, start)
}

// learn runs the two stages.
func (t *trainFlags) learn(ctx context.Context, c *console, set *teach.Set, fit teach.FitOptions) (*trainer.Learned, error) {
	good, fake := set.Learnable()
	in := &trainer.AdapterInput{Dim: set.C, Out: fit.Embedding, Real: good, Fake: fake, L2: fit.Norm == teach.NormL2,
		Init: teach.RandomProjection(fit.Embedding, set.C, fit.Seed)}
	t.opt.Seed = fit.Seed
	t.opt.Progress = func(s trainer.Step) { c.progress(fmt.Sprintf("stage %d", s.Stage), s.Step, s.Steps) }
	learned, err := trainer.LearnAdapter(ctx, in, &t.opt)
	if err != nil {
		return nil, err
	}
	c.log("device: %s", learned.Device)
	c.log("coverage (worst 10 %% of held-out distances): untrained %.3f, stage 1 %.3f, trained %.3f", learned.Before.Coverage,
		learned.Stage1.Coverage, learned.After.Coverage)
	if t.curve == "" {
		return learned, nil
	}
	var lines strings.Builder
	enc := json.NewEncoder(&lines)
	for _, s := range learned.Curve {
		if err := enc.Encode(map[string]any{"stage": s.Stage, "step": s.Step, "loss": s.Loss}); err != nil {
			return nil, err
		}
	}
	return learned, atomicfile.Write(t.curve, []byte(lines.String()))
}

// clearGain is how much the AUROC against pseudo-defects must rise for the trained adapter to replace the untrained one. The training
// has learned from such defects, so a small gain on them means nothing for real ones.
const clearGain = 0.02

// choose answers whether training helped, by pseudo-defects in held-out good images, and takes the head to keep. before is the
// judgement of the untrained one.
func (t *trainFlags) choose(ctx context.Context, c *console, set *teach.Set, fit teach.FitOptions, before teach.Judgement, l *trainer.Learned,
	opt *teach.Options) (teach.FitOptions, error) {
	trained := fit
	trained.Projection = l.Weight
	after, err := set.Judge(ctx, trained, opt)
	if err != nil {
		return fit, err
	}
	better := after.AUROC > before.AUROC+clearGain && !l.Collapsed
	keep := t.keep == "trained" || (t.keep == "better" && better)
	c.log("pseudo-defects, untrained: %s", judged(before))
	c.log("pseudo-defects, trained:   %s", judged(after))
	if l.Collapsed {
		c.log("anomnet: warning: the training collapsed: %s", l.Reason)
	}
	if keep {
		c.log("kept: the trained adapter")
		trained.Provenance.Metrics = map[string]float64{"pseudo_auroc": after.AUROC, "pseudo_auroc_untrained": before.AUROC}
		return trained, nil
	}
	c.log("kept: the untrained adapter; training did not clearly help on these images")
	fit.Provenance.Method = "teach"
	fit.Provenance.Metrics = map[string]float64{"pseudo_auroc": before.AUROC, "pseudo_auroc_trained": after.AUROC}
	return fit, nil
}

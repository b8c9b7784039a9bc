package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"anomnet/core/teach"
	"anomnet/trainer"
	"anomnet/trainer/atomicfile"
	"anomnet/trainer/dataset"
	"anomnet/trainer/method"
)

// trainingFakes is how many pseudo-defects the training learns from.
const trainingFakes = 200

// trainFlags are the flags of train beside those it shares with teach.
type trainFlags struct {
	learnFlags
	data, method, keep, curve string
	dir, resume               string // the folder of the run, and the same when it goes on
	metric                    bool
	counted                   bool // --centroids was given
	opt                       trainer.LearnOptions
}

func trainCommand(fs *flag.FlagSet) func(context.Context, *console, []string) error {
	t := &trainFlags{}
	t.add(fs)
	fs.Lookup("centroids").Usage += "; not given, anomnet and patchcore take as many as fill the bytes of the default"
	fs.StringVar(&t.data, "data", "", "data set in MVTec layout, or a `folder` of good images")
	fs.StringVar(&t.method, "method", method.AnomNet, "`name`: "+strings.Join(method.Names(), ", ")+"; the last three need no libtorch")
	fs.StringVar(&t.augment, "augment", string(teach.AugmentAuto), "copies of the images that give centroids too: auto to choose among turned, lighter and shifted ones by good images, or none, "+
		"for a part that always lies the same way")
	fs.StringVar(&t.opt.Device, "device", "auto", "auto, cpu or cuda")
	fs.StringVar(&t.keep, "keep", string(method.KeepBetter), "which head to write: better (by pseudo-defects), trained or untrained")
	fs.BoolVar(&t.metric, "metric", false, "also try whitened projections: they find places better on some parts and lose image AUROC, see docs/accuracy.md")
	fs.StringVar(&t.curve, "curve", "", "`file` for the curve of the losses, JSON lines")
	fs.StringVar(&t.dir, "run", "", "`folder` for run.json, curve.csv and the checkpoint; default: none")
	fs.StringVar(&t.resume, "resume", "", "`folder` of a run that was stopped: goes on from its checkpoint, with the same other flags")
	fs.IntVar(&t.opt.CheckpointEvery, "save", 0, "steps between two checkpoints; 0: the default, 50")
	fs.IntVar(&t.opt.Steps1, "steps1", 0, "steps of stage 1; 0: the default")
	fs.IntVar(&t.opt.Steps2, "steps2", 0, "steps of stage 2; 0: the default")
	return func(ctx context.Context, c *console, args []string) error {
		fs.Visit(func(f *flag.Flag) { t.counted = t.counted || f.Name == "centroids" })
		if err := t.check(); err != nil {
			return err
		}
		if t.data == "" || len(args) > 0 {
			return usageError("--data is missing or there are extra arguments")
		}
		if t.augment != string(teach.AugmentAuto) && t.augment != string(teach.AugmentNone) {
			return usageError("--augment %q, want %s or %s", t.augment, teach.AugmentAuto, teach.AugmentNone)
		}
		if err := t.prepare(); err != nil { // before minutes of features
			return err
		}
		return t.run(ctx, c)
	}
}

// prepare checks what does not need images, and reads the checkpoint to go on from.
func (t *trainFlags) prepare() error {
	o := t.methodOptions()
	if err := o.Check(); err != nil {
		return err
	}
	if t.curve != "" {
		if err := atomicfile.Check(t.curve); err != nil {
			return err
		}
	}
	if t.resume == "" {
		if t.dir == "" {
			return nil
		}
		return os.MkdirAll(t.dir, 0o755) // it says that there is a run, before the first checkpoint does
	}
	if t.dir != "" && t.dir != t.resume {
		return usageError("--run and --resume name two folders")
	}
	t.dir = t.resume
	data, err := os.ReadFile(filepath.Join(t.resume, checkpointFile))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(t.resume); err != nil {
			return fmt.Errorf("%s is no folder of a run to go on with: %w", t.resume, err)
		}
		return nil // stopped before the first checkpoint: from the beginning
	}
	if err != nil {
		return err
	}
	t.opt.Resume, err = trainer.DecodeCheckpoint(data)
	return err
}

func (t *trainFlags) methodOptions() method.Options {
	return method.Options{Method: t.method, Learn: t.opt, Keep: method.Keep(t.keep), Metric: t.metric}
}

func (t *trainFlags) run(ctx context.Context, c *console) error {
	start := time.Now()
	data, err := dataset.Open(t.data)
	if err != nil {
		return err
	}
	if err := eachOnce(c, data); err != nil {
		return err
	}
	opt, err := t.options(c)
	if err != nil {
		return err
	}
	if opt.TrainingFakes, opt.Copies = trainingFakes, teach.AugmentNone; t.method == method.AnomNet && t.augment != string(teach.AugmentNone) {
		opt.Copies = method.Copies(len(data.Train))
	}
	set, prov, err := t.collect(ctx, c, data.Train, opt)
	if err != nil {
		return err
	}
	t.opt.Progress = func(s trainer.Step) { c.progress(fmt.Sprintf("stage %d", s.Stage), s.Step, s.Steps) }
	if t.dir != "" {
		t.opt.Checkpoint = func(k *trainer.Checkpoint) error {
			data, err := k.Encode()
			if err != nil {
				return err
			}
			return atomicfile.Write(filepath.Join(t.dir, checkpointFile), data)
		}
	}
	o := t.methodOptions()
	o.Fit = t.fitOptions(prov)
	if (t.method == method.PatchCore || t.method == method.AnomNet) && !t.counted { // as many bytes, not as many centroids
		o.Fit.Centroids = 0
	}
	made, err := method.Fit(ctx, set, o, opt)
	if err != nil {
		return t.kept(c, err)
	}
	t.tell(c, made)
	if err := t.save(c, made.Head, made.Report, data.Train, start); err != nil { // first: nothing else is worth as much
		return err
	}
	if t.curve != "" && made.Learned != nil {
		if err := writeCurve(t.curve, made.Learned.Curve); err != nil {
			return err
		}
	}
	if t.dir == "" {
		return nil
	}
	return t.writeRun(made, time.Since(start))
}

// kept adds to the error of a run that was stopped, by a person or a full disk, where it can go on from.
func (t *trainFlags) kept(c *console, err error) error {
	var disk *os.PathError
	if (errors.Is(err, context.Canceled) || errors.As(err, &disk)) && t.dir != "" {
		if _, statErr := os.Stat(filepath.Join(t.dir, checkpointFile)); statErr == nil {
			c.log("stopped; --resume %s goes on from the last checkpoint", t.dir)
		}
	}
	return err
}

// tell answers whether training helped, by pseudo-defects in held-out good images.
func (t *trainFlags) tell(c *console, m *method.Made) {
	l := m.Learned
	if l == nil {
		return
	}
	c.log("device: %s", l.Device)
	for _, x := range m.Metrics {
		c.log("pseudo-defects, whitened %.2f: %s, patches %.3f", x.Power, judged(x.Judgement), x.Patch)
	}
	c.log("coverage (worst 10 %% of held-out distances): before %.3f, stage 1 %.3f, trained %.3f; entropy of the centres' use %.3f, %.3f, %.3f; variance %.3g, %.3g, %.3g",
		l.Before.Coverage, l.Stage1.Coverage, l.After.Coverage, l.Before.Entropy, l.Stage1.Entropy, l.After.Entropy, l.Before.Variance, l.Stage1.Variance, l.After.Variance)
	if l.Moved > 0 {
		c.log("%d centres that no patch was near were moved", l.Moved)
	}
	if l.Collapsed {
		c.log("anomnet: warning: the training collapsed: %s", l.Reason)
	}
	if !m.Before.Judged() {
		c.log("no pseudo-defect touches the region of interest: nothing says whether training helped; kept: the %s adapter", m.Kept)
		return
	}
	c.log("pseudo-defects, untrained: %s", judged(m.Before))
	c.log("pseudo-defects, trained:   %s", judged(m.After))
	switch gain := m.After.AUROC - m.Before.AUROC; {
	case m.Kept == method.KeepTrained:
		c.log("did training help? it changes the AUROC by %+.3f; kept: the trained adapter", gain)
	case m.Kept == method.KeepMetric:
		c.log("did training help? the whitened metric did and is kept; the gradient stages (%+.3f AUROC) did not clearly help", gain)
	case gain < 0:
		c.log("did training help? no, it made things worse (%+.3f AUROC); kept: the untrained adapter", gain)
	default:
		c.log("did training help? not clearly (%+.3f AUROC); kept: the untrained adapter", gain)
	}
}

package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"time"
	"unicode/utf8"

	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/trainer/dataset"
)

// learnFlags are the flags that teach and train share.
type learnFlags struct {
	modelFlags
	part, out, mode, roi string
	size                 int
	gray                 bool
	centroids, embedding int
	norm, augment        string
	asJSON               bool
	rate                 float64
	seed                 int64
	workers              int
}

func (l *learnFlags) add(fs *flag.FlagSet) {
	l.addBackbone(fs)
	fs.StringVar(&l.part, "part", "", "`name` of the part")
	fs.StringVar(&l.out, "out", "", "`file` to write the head to")
	fs.IntVar(&l.size, "size", 256, "side of the model's input in `pixels`, a multiple of 32")
	fs.StringVar(&l.mode, "mode", string(imaging.Stretch), "how images come to that size: stretch, fit or crop")
	fs.BoolVar(&l.gray, "gray", false, "look at brightness only")
	fs.StringVar(&l.roi, "roi", "", "`file` with the region of interest: a picture that is white where is inspected, a JSON of shapes, or a head that has one")
	fs.IntVar(&l.centroids, "centroids", teach.DefaultCentroids, "at most so many centroids; each takes --embedding bytes")
	fs.IntVar(&l.embedding, "embedding", teach.DefaultEmbedding, "length of an embedding")
	fs.StringVar(&l.norm, "norm", string(teach.NormAuto), "normalisation: raw, l2, or auto to choose by good images")
	fs.Float64Var(&l.rate, "frr", teach.DefaultRate, "false-reject rate to aim at")
	fs.Int64Var(&l.seed, "seed", 0, "seed of every random choice")
	fs.BoolVar(&l.asJSON, "json", false, "print the result as one JSON object with stable keys")
	fs.IntVar(&l.workers, "workers", runtime.NumCPU(), "images in parallel")
}

func (l *learnFlags) check() error {
	switch {
	case l.part == "":
		return usageError("--part is missing")
	case l.out == "":
		return usageError("--out is missing")
	case l.centroids < 1 || l.embedding < 1 || l.rate == 0: // to the library 0 is the default; here somebody typed it
		return usageError("--centroids %d, --embedding %d, --frr %v: none may be 0", l.centroids, l.embedding, l.rate)
	case !utf8.ValidString(l.part):
		return usageError("--part %q is not UTF-8", l.part)
	}
	if err := l.preprocess().Validate(); err != nil {
		return usageError("%v", err)
	}
	return checkOutput(l.out, l.backbone)
}

func (l *learnFlags) preprocess() imaging.Preprocess {
	return imaging.Preprocess{Width: l.size, Height: l.size, Mode: imaging.Mode(l.mode), Gray: l.gray}
}

func (l *learnFlags) options(c *console) (*teach.Options, error) {
	kernels, err := engine.Choose(engine.Tiers(), l.tier)
	if err != nil {
		return nil, err
	}
	region, err := l.region()
	return &teach.Options{Kernels: kernels, Workers: l.workers, Progress: c.progress, ROI: region, Copies: teach.Augment(l.augment)}, err
}

func (l *learnFlags) fitOptions(p model.Provenance) teach.FitOptions {
	return teach.FitOptions{Part: l.part, Centroids: l.centroids, Embedding: l.embedding, Norm: teach.Norm(l.norm), Augment: teach.Augment(l.augment),
		FalseRejectRate: l.rate, Seed: l.seed, Provenance: p}
}

// collect computes the features of the images at paths.
func (l *learnFlags) collect(ctx context.Context, c *console, paths []string, opt *teach.Options) (*teach.Set, model.Provenance, error) {
	prov := model.Provenance{Software: model.Software}
	b, err := l.loadBackbone()
	if err != nil {
		return nil, prov, err
	}
	if err := l.fitOptions(prov).Check(len(b.FeatureStd)); err != nil {
		return nil, prov, err
	}
	l.within(c, len(paths), len(b.FeatureStd))
	src := teach.Source{Len: len(paths), File: func(i int) (string, []byte, error) {
		data, err := dataset.Read(paths[i])
		return paths[i], data, err
	}}
	set, err := teach.Collect(ctx, b, l.preprocess(), src, opt)
	if err != nil {
		return nil, prov, err
	}
	prov.DataSHA256 = set.DataSHA256()
	return set, prov, nil
}

func judged(j teach.Judgement) string {
	return fmt.Sprintf("AUROC %.3f, separation %.2f", j.AUROC, j.Separation)
}

func teachCommand(fs *flag.FlagSet) func(context.Context, *console, []string) error {
	var l learnFlags
	l.add(fs)
	fs.StringVar(&l.augment, "augment", string(teach.AugmentAuto), "copies that give centroids too: none, d4 (quarter turns, mirrored), turns (also by 30 degrees), light "+
		"(darker, brighter), shift (by 3 pixels), several as d4+light+shift, or auto to choose among the turned ones by good images")
	good := fs.String("good", "", "`folder` of good images (or a data set in MVTec layout: its train/good)")
	return func(ctx context.Context, c *console, args []string) error {
		if err := l.check(); err != nil {
			return err
		}
		if *good == "" || len(args) > 0 {
			return usageError("--good is missing or there are extra arguments")
		}
		start := time.Now()
		data, err := dataset.Open(*good)
		if err != nil {
			return err
		}
		if err := eachOnce(c, data); err != nil {
			return err
		}
		opt, err := l.options(c)
		if err != nil {
			return err
		}
		set, prov, err := l.collect(ctx, c, data.Train, opt)
		if err != nil {
			return err
		}
		head, rep, err := set.Fit(ctx, l.fitOptions(prov), opt)
		if err != nil {
			return err
		}
		return l.save(c, head, rep, data.Train, start)
	}
}

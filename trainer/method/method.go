package method

import (
	"context"
	"fmt"
	"slices"

	"anomnet/core/detect"
	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/trainer"
	"anomnet/trainer/baseline"
)

// The methods.
const (
	AnomNet   = "anomnet"   // copies by teach's rule, two-stage training, kept only when it helps on good images
	Untrained = "kcentre"   // random projection and k-centre, which is teach without copies
	KMeans    = "kmeans"    // random projection and k-means
	PatchCore = "patchcore" // k-centre of all dimensions, not normalised
)

// Names lists the methods.
func Names() []string { return []string{AnomNet, Untrained, PatchCore, KMeans} }

// Keep says which head AnomNet ends with.
type Keep string

// The values of Keep.
const (
	KeepBetter    Keep = "better" // the trained one where it is clearly better on held-out pseudo-defects
	KeepTrained   Keep = "trained"
	KeepUntrained Keep = "untrained"
	KeepMetric    Keep = "metric" // only as a result: the whitened projection, without the gradient stages
)

// Options say what to fit; the zero value of each field is the default.
type Options struct {
	Method string // default AnomNet
	Fit    teach.FitOptions
	Bytes  int // of the centroids, when Fit.Centroids is 0; default 262,144
	Learn  trainer.LearnOptions
	Keep   Keep
	Metric bool // AnomNet also tries whitened projections
}

// codeBits is in how many bits a value AnomNet keeps its centroids: 4,753 of 128 values where 2,048 whole ones would lie.
const codeBits = 3

// DefaultBytes is the usual size of a head's centroids: 2,048 of 128 bytes.
const DefaultBytes = 2048 * 128

// Made is a head and how it came about.
type Made struct {
	Head    *model.Head
	Report  *teach.Report
	Fit     teach.FitOptions // as used, nothing automatic
	Learned *trainer.Learned // of AnomNet
	Metrics []Metric         // of AnomNet: the untrained metric and the whitened ones
	Power   float64          // of the whitening that was taken, 0 for none
	Before  teach.Judgement  // of AnomNet: that head before the gradient stages against pseudo-defects in held-out good images,
	After   teach.Judgement  // and after them
	Kept    Keep             // KeepTrained, KeepMetric or KeepUntrained
}

// Check says whether the options make sense, before minutes are spent.
func (o *Options) Check() error {
	if o.Method != "" && !slices.Contains(Names(), o.Method) {
		return fmt.Errorf("method: %q, want one of %v", o.Method, Names())
	}
	if o.Keep != "" && o.Keep != KeepBetter && o.Keep != KeepTrained && o.Keep != KeepUntrained {
		return fmt.Errorf("method: keep %q, want %s, %s or %s", o.Keep, KeepBetter, KeepTrained, KeepUntrained)
	}
	if o.Bytes < 0 || o.Bytes > 1<<26 {
		return fmt.Errorf("method: %d bytes of centroids, want 0..%d", o.Bytes, 1<<26)
	}
	if o.Method == "" || o.Method == AnomNet {
		_, err := trainer.Device(o.Learn.Device)
		return err
	}
	return nil
}

// Fit makes a head. The same set and options give the same head; on CUDA within what its kernels promise.
func Fit(ctx context.Context, set *teach.Set, o Options, opt *teach.Options) (*Made, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Method != "" && o.Method != AnomNet {
		o.Fit.Augment = teach.AugmentNone // the baselines see the images as they are, as published
	}
	if o.Method == PatchCore {
		o.Fit.Embedding, o.Fit.Norm = set.C, teach.NormRaw
	}
	o.budget(set.C)
	if o.Fit.Provenance.Method = o.Method; o.Method == "" || o.Method == AnomNet {
		o.Fit.Provenance.Method = "train"
	}
	switch o.Method {
	case KMeans:
		var err error
		if o.Fit, _, err = set.Choose(ctx, o.Fit, opt); err != nil { // the normalisation by k-centre: k-means takes minutes for each of many trials
			return nil, err
		}
		o.Fit.Refine = func(ctx context.Context, e []int8, c detect.Centroids) (detect.Centroids, error) {
			return baseline.KMeans(ctx, e, c, o.Fit.Seed, workers(opt))
		}
	case Untrained, PatchCore:
	default:
		return fitAnomNet(ctx, set, o, opt)
	}
	made := &Made{Kept: KeepUntrained}
	return made, made.finish(ctx, set, o.Fit, opt)
}

// budget sets the number of centroids and the length of an embedding, where they are open, by the bytes that the centroids may take.
func (o *Options) budget(channels int) {
	fit := &o.Fit
	fit.AllCentroids = true
	open := fit.Embedding == 0
	if open {
		fit.Embedding = min(teach.DefaultEmbedding, channels)
	}
	if fit.Centroids > 0 {
		return
	}
	bytes := o.Bytes
	if bytes == 0 {
		bytes = DefaultBytes
	}
	if o.Method != "" && o.Method != AnomNet {
		fit.Centroids = max(1, bytes/fit.Embedding)
		return
	}
	if fit.Centroids = coded(bytes, fit.Embedding); !open {
		return
	}
	for fit.Centroids == detect.MaxCoded && fit.Embedding < channels { // more bytes than so many can take
		fit.Embedding = min(fit.Embedding+32, channels)
		fit.Centroids = coded(bytes, fit.Embedding)
	}
}

// coded is how many coded centroids of d values bytes hold.
func coded(bytes, d int) int {
	more := bytes - teach.WholeCentroids*d
	if more <= 0 {
		return max(1, bytes/d)
	}
	return min(teach.WholeCentroids+more/detect.CodedBytes(1, d, 0, codeBits), detect.MaxCoded)
}

// finish fits the head that was decided on.
func (m *Made) finish(ctx context.Context, set *teach.Set, fit teach.FitOptions, opt *teach.Options) (err error) {
	var tried []teach.Tried
	if fit, tried, err = set.Choose(ctx, fit, opt); err != nil {
		return err
	}
	m.Fit = fit
	if m.Head, m.Report, err = set.Fit(ctx, fit, opt); err == nil && m.Report.Tried == nil {
		m.Report.Tried = tried
	}
	return err
}

func workers(opt *teach.Options) int {
	if opt == nil {
		return 1
	}
	return max(1, opt.Workers)
}

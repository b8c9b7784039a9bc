package teach

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/model"
	"anomnet/core/parallel"
)

// Norm is the normalisation of patch vectors.
type Norm string

const (
	// NormAuto chooses by Set.Choose, on good images only.
	NormAuto Norm = "auto"
	// NormRaw keeps the length of a patch vector: it says foreground or background.
	NormRaw Norm = "raw"
	// NormL2 divides by it: it says brightness and contrast.
	NormL2 Norm = "l2"
)

// Defaults of FitOptions.
const (
	DefaultCentroids = 2048
	DefaultEmbedding = 128
	DefaultRate      = 0.01
)

// FitOptions say what head to make; the zero value of each field is the default.
type FitOptions struct {
	Part            string
	Centroids       int     // at most so many centroids; see fitter.size
	AllCentroids    bool    // take all of them, also where fewer would do
	CodeBits        int     // bits of a value of a centroid (detect.Coded), behind the first; 0: whole centroids
	Embedding       int     // length of an embedding
	Norm            Norm    // default NormAuto
	Augment         Augment // default AugmentAuto; with a Projection AugmentNone
	FalseRejectRate float64 // target share of good images called NG
	Seed            int64
	Projection      []float32 // [Embedding][C] learned by the trainer; nil for a random orthogonal one
	Provenance      model.Provenance

	// Refine, if set, may replace the centroids c that k-centre chose from the embeddings e, [n][Embedding], by others. The trainer's methods use it.
	Refine func(ctx context.Context, e []int8, c detect.Centroids) (detect.Centroids, error)
}

func (o FitOptions) withDefaults() FitOptions {
	if o.Centroids == 0 {
		o.Centroids = DefaultCentroids
	}
	if o.Embedding == 0 {
		o.Embedding = DefaultEmbedding
	}
	if o.FalseRejectRate == 0 {
		o.FalseRejectRate = DefaultRate
	}
	if o.Norm == "" {
		o.Norm = NormAuto
	}
	if o.Augment == "" {
		o.Augment = AugmentAuto
	}
	if o.Projection != nil {
		o.Augment = AugmentNone
	}
	if o.Part == "" {
		o.Part = "part"
	}
	return o
}

// Check says whether a head can be fitted on patch vectors of c values with o, before minutes are spent on them. Errors name the option.
func (o FitOptions) Check(c int) error {
	o = o.withDefaults()
	switch {
	case !(o.FalseRejectRate > 0 && o.FalseRejectRate <= calibrate.MaxRate):
		return fmt.Errorf("teach: false-reject rate %v, want above 0 and at most %v", o.FalseRejectRate, calibrate.MaxRate)
	case o.Centroids < 1 || o.Centroids > 1<<16:
		return fmt.Errorf("teach: %d centroids, want 1..%d", o.Centroids, 1<<16)
	case o.Embedding < 1 || o.Embedding > c:
		return fmt.Errorf("teach: embedding of %d values, want 1..%d", o.Embedding, c)
	case o.CodeBits != 0 && (o.CodeBits < detect.MinCodeBits || o.CodeBits > detect.MaxCodeBits || o.Centroids > detect.MaxCoded || o.Refine != nil):
		return fmt.Errorf("teach: centroids of %d bits a value, want %d..%d for at most %d centroids, or 0", o.CodeBits, detect.MinCodeBits, detect.MaxCodeBits, detect.MaxCoded)
	case o.Norm != NormAuto && o.Norm != NormRaw && o.Norm != NormL2:
		return fmt.Errorf("teach: normalisation %q, want %s, %s or %s", o.Norm, NormAuto, NormRaw, NormL2)
	case !validAugment(o.Augment):
		return fmt.Errorf("teach: augmentation %q, want %s, %s, or one of %s and %s, %s, %s, joined by + in this order", o.Augment, AugmentAuto, AugmentNone,
			AugmentD4, AugmentTurns, AugmentLight, AugmentShift)
	case o.Projection != nil && len(o.Projection) != o.Embedding*c:
		return fmt.Errorf("teach: projection of %d values, want %d x %d", len(o.Projection), o.Embedding, c)
	}
	return nil
}

// Report tells how a head was fitted. All figures come from good images and pseudo-defects.
type Report struct {
	Norm      Norm      `json:"norm"`
	Augment   Augment   `json:"augment"`
	Tried     []Tried   `json:"tried"` // what was compared to choose them
	Centroids int       `json:"centroids"`
	HeldOut   int       `json:"held_out"` // good images scored by cross-validation
	Scores    []float32 `json:"-"`        // their scores, in order of Images
	Images    []int     `json:"-"`        // which images these are
	Checks    []Check   `json:"checks"`   // the check cases of a Session
	Warnings
}

// LeastNormal returns the positions in Scores of the n held-out images that look least normal, the oddest first.
func (r *Report) LeastNormal(n int) []int {
	order := make([]int, len(r.Scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Scores[b], r.Scores[a]) })
	return order[:min(n, len(order))]
}

// Fit learns a head. The same set and options give the same bytes on every machine.
func (s *Set) Fit(ctx context.Context, fit FitOptions, opt *Options) (*model.Head, *Report, error) {
	fit = fit.withDefaults()
	if err := fit.Check(s.C); err != nil {
		return nil, nil, err
	}
	learned := fit.Projection != nil
	digest, err := s.backbone.Digest()
	if err != nil {
		return nil, nil, err
	}
	if s.allSame() {
		return nil, nil, ErrAlike
	}
	rep := &Report{}
	var f *fitter
	if fit, rep.Tried, f, err = s.choose(ctx, fit, opt); err != nil {
		return nil, nil, err
	}
	rep.Norm, rep.Augment = fit.Norm, fit.Augment
	if f == nil {
		if !learned {
			fit.Projection = RandomProjection(fit.Embedding, s.C, fit.Seed)
		}
		f = &fitter{set: s, opt: opt, fit: fit}
		if err := f.embed(ctx, fit.Norm); err != nil {
			return nil, nil, err
		}
	}
	f.learned = learned
	cal, centroids, coded, err := f.learn(ctx, rep)
	if err != nil {
		return nil, nil, err
	}
	rep.Centroids = centroids.K
	rep.Warnings = Warnings{Same: s.same(), Groups: s.groups(), Sizes: s.sizes()}
	rep.Odd, rep.Look = rep.odd(s)
	return &model.Head{
		Part: fit.Part, BackboneDigest: digest, Preprocess: s.pre, ZeroPadding: zeroPadding, FeatureScale: s.Scale, Adapter: f.adapter, Centroids: centroids, Coded: coded,
		TopK: s.topK(), ROI: s.roi, Calibration: cal, Provenance: f.provenance(),
	}, rep, nil
}

// topK is one percent of the patches inside.
func (s *Set) topK() int { return max(1, s.Patches/100) }

// fitter holds the embeddings of one fit.
type fitter struct {
	set     *Set
	opt     *Options
	fit     FitOptions
	learned bool // the projection has learned from all folds but the first (Learnable)
	adapter detect.Adapter
	e       []int8  // [n][Embedding], of each image its patches, then those of its copies
	owner   []int32 // [n] the image of each
	first   []int   // [Images] where the patches of an image begin
	covered *cover  // made by cover
	most    int     // centroids at most that a comparison chooses anew
}

func (f *fitter) provenance() model.Provenance {
	p := f.fit.Provenance
	p.Seed, p.Images = f.fit.Seed, f.set.Images
	if p.Method == "" {
		p.Method = "teach"
	}
	return p
}

// The scale of the embeddings is set from every sampleStep-th patch, or from maxSample patches.
const (
	sampleStep = 61
	maxSample  = 600
)

// embed quantises the projection and embeds all patches.
func (f *fitter) embed(ctx context.Context, norm Norm) error {
	s := f.set
	var sample []uint8
	for p := 0; p < s.Images*s.Patches; p += max(sampleStep, s.Images*s.Patches/maxSample|1) {
		at := p % s.Patches * s.C
		sample = append(sample, s.Features[p/s.Patches].X[at:at+s.C]...)
	}
	f.adapter = quantizeProjection(f.fit.Projection, s.C, norm == NormL2, sample)
	f.lay()
	d := f.adapter.Out
	_, err := parallel.Run(ctx, s.Images, f.opt.workers(), f.opt.progress("embeddings"), f.embedder, func(em *detect.Embedder, i int) error {
		em.Embed(s.Features[i].X, s.Patches, f.image(i))
		at := f.first[i] + s.Patches
		for _, t := range s.Features[i].Turned {
			if f.fit.Augment.uses(t.Kind) {
				em.Embed(t.X, len(t.At), f.e[at*d:(at+len(t.At))*d])
				at += len(t.At)
			}
		}
		return nil
	})
	return err
}

// lay makes room for the embeddings.
func (f *fitter) lay() {
	f.first = make([]int, f.set.Images)
	for i, x := range f.set.Features {
		f.first[i] = len(f.owner)
		n := f.set.Patches
		for _, t := range x.Turned {
			if f.fit.Augment.uses(t.Kind) {
				n += len(t.At)
			}
		}
		f.owner = append(f.owner, slices.Repeat([]int32{int32(i)}, n)...)
	}
	f.e = make([]int8, len(f.owner)*f.adapter.Out)
}

func (f *fitter) embedder() (*detect.Embedder, error) {
	return detect.NewEmbedder(&f.adapter, f.opt.kernels())
}

// image returns the embeddings of image i.
func (f *fitter) image(i int) []int8 {
	at, d := f.first[i], f.adapter.Out
	return f.e[at*d : (at+f.set.Patches)*d]
}

// centroids chooses k centres from all images but those of one fold, and from their copies.
func (f *fitter) centroids(ctx context.Context, leaveOut, k int, stage string) (detect.Centroids, error) {
	d := f.adapter.Out
	pool := make([]int8, 0, len(f.e))
	for p, owner := range f.owner {
		if f.set.fold[owner] != leaveOut {
			pool = append(pool, f.e[p*d:(p+1)*d]...)
		}
	}
	greedy, err := f.choose(ctx, pool, k, stage)
	if err != nil {
		return detect.Centroids{}, err
	}
	return f.refine(ctx, pool, detect.Centroids{K: len(greedy.centres), D: d, Data: greedy.rows})
}

func (f *fitter) choose(ctx context.Context, pool []int8, k int, stage string) (*kCentre, error) {
	if len(pool) == 0 {
		return nil, ErrAlike
	}
	first := int(uint64(f.fit.Seed) * 0x9e3779b97f4a7c15 % uint64(len(pool)/f.adapter.Out))
	var coded *detect.Coded
	if f.fit.CodeBits > 0 {
		coded = &detect.Coded{Bits: f.fit.CodeBits}
	}
	return chooseCentres(ctx, pool, f.adapter.Out, k, first, coded, f.opt, f.opt.progress(stage))
}

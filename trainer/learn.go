package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
)

// ErrNoTorch is what [LearnAdapter] gives in a program that was built without libtorch.
var ErrNoTorch = errors.New("trainer: this program was built without libtorch; to train, get libtorch (Debian: apt-get " +
	"install -y --no-install-recommends libtorch-dev libopenblas0-pthread g++; any other: LIBTORCH=DIR) and build with: " +
	`e=$(trainer/torch/setup.sh) && eval "$e" && go build -tags torch ./cmd/anomnet`)

// AdapterInput is everything that the two-stage training sees: u7 patch vectors that core computed. A vector x enters
// the learner as x/127 in float32.
type AdapterInput struct {
	Dim  int       // C, length of one patch vector
	Out  int       // D, length of one embedding, at most C
	Real []uint8   // [N][C] patch vectors of good images, 0..127
	Fake []uint8   // [M][C] patch vectors of pseudo-defect regions, 0..127; may be empty
	L2   bool      // an embedding is Wx/|x| instead of Wx
	Init []float32 // [D][C] projection of the untrained head, with orthonormal rows
	// Centroids is how many centres the training uses; 0 means 1,024. Fewer are taken where there are few patches.
	Centroids int
}

// LearnOptions steers [LearnAdapter]. The zero value, like nil, means the defaults given here. They are gentle: on real parts
// (fabric, magnetic tile) larger steps or a weaker identity penalty separate the pseudo-defects better and real ones worse.
type LearnOptions struct {
	Device  string // "auto" (default), "cpu" or "cuda"
	Seed    int64  // equal seed, input and thread count give equal bits on the CPU
	Threads int    // CPU threads; 0: as many as the program may use
	Steps1  int    // steps of stage 1; 0: 100, negative: none
	Steps2  int    // steps of stage 2; 0: 80, negative: none
	Batch   int    // good patches per step; 0: 4,096

	RateCentres float64 // stage 1: learning rate, in mean nearest distances; 0: 0.01
	Rate        float64 // stage 2: learning rate, in root mean squares of the weights of Init; 0: 0.003
	Separation  float64 // stage 1: weight of the separation; 0: 1, negative: none
	Entropy     float64 // stage 1: weight of the usage entropy; 0: 0.05, negative: none
	Identity    float64 // stage 2: weight of the identity penalty; 0: 40, negative: none
	Contrast    float64 // stage 2: weight of the contrast between centres; default none
	Noise       float64 // stage 2: weight of noisy copies as fakes; 0: 0.1, negative: none
	Outward     float64 // stage 2: weight of copies moved away from their centre; 0: 0.05, negative: none
	Length      float64 // stage 2: typical length of noise (in mean nearest distances) and of moves (in radii); 0: 1
	Margin      float64 // stage 2: fakes are to lie beyond (1+Margin) radii; 0: 0.5

	// Progress, if set, hears of every step, without Loss, in the goroutine that called LearnAdapter. It must be quick. On a GPU a step is
	// then queued, and may not be done.
	Progress func(Step) `json:"-"`

	// Waited, if set, hears how long LearnAdapter waited for its turn: libtorch does one training of a process at a time.
	Waited func(time.Duration) `json:"-"`

	// Checkpoint, if set, gets the state every CheckpointEvery steps (0: 50), at the end of a stage, and when ctx ends, so that nothing done is lost.
	Checkpoint      func(*Checkpoint) error `json:"-"`
	CheckpointEvery int                     `json:"-"`
	// Resume goes on from a checkpoint of the same input and options.
	Resume *Checkpoint `json:"-"`
}

// Step is one step of training. Loss holds the value of each term before weighting, and their weighted sum under "total".
//
// Stage 1 has coverage, separation and entropy; stage 2 has reach, pseudo (only with Fake patches), noise, outward, contrast
// and identity. Lengths are in mean nearest distances of the untrained head.
type Step struct {
	Stage int                `json:"stage"` // 1 or 2
	Step  int                `json:"step"`  // from 1
	Steps int                `json:"steps"` // of this stage
	Loss  map[string]float64 `json:"loss"`  // value of each term
	Left  time.Duration      `json:"-"`     // estimate for all that remains
}

// Spread describes an embedding of the held-out good patches.
type Spread struct {
	Variance float64 `json:"variance"` // sum of the variances of the D dimensions
	Coverage float64 `json:"coverage"` // mean of the worst 10 % of the distances to the nearest centre, over sqrt(Variance)
	Entropy  float64 `json:"entropy"`  // of how the patches spread over the centres, over its largest value: 1 when all are used alike
}

// Learned is what the training found. The caller derives the final centres from Weight by k-centre over all patches.
type Learned struct {
	Weight []float32 // [D][C], finite; equal to Init when training left the finite numbers
	Device string    // what it ran on and why, for the user
	Curve  []Step    // every step, without Left

	Before Spread // untrained projection, k-centre centres
	Stage1 Spread // untrained projection, centres after stage 1
	After  Spread // learned projection, k-centre centres of the same patches

	Moved int // centres that no patch was near after stage 1, and that were put where coverage is worst

	// Collapsed is true when the features lost more than half of their variance, the coverage grew by half, the patches came together on few
	// centres (half of the entropy) or training left the finite numbers; Reason says which. The untrained head is then to be preferred.
	Collapsed bool
	Reason    string
}

// LearnAdapter learns a linear adapter W [D][C] in two stages, starting from in.Init and held near it.
//
// Stage 1, centroid optimisation: W rests; centres start at a greedy k-centre of the projected good patches and learn to cover
// the worst placed patches, apart from each other, all in use. Stage 2, centroid contrast: the centres rest; W learns to keep
// good patches within reach of their centre, and pseudo-defects, noisy and displaced copies beyond it. The formulas stand
// at the loss functions of losses_torch.go.
//
// It gives [ErrNoTorch] without the build tag torch, the context's error when ctx ends, and an error for input that does not
// fit together or a device that is not there. Collapse is reported in the result and is no error.
func LearnAdapter(ctx context.Context, in *AdapterInput, opt *LearnOptions) (*Learned, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	o, err := opt.resolve()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("trainer: %w", err)
	}
	return learnAdapter(ctx, in, o)
}

// minPatches is the least number of good patches that can be split into a held-out part, centres and batches.
const minPatches = 32

func (in *AdapterInput) check() error {
	switch {
	case in == nil:
		return errors.New("trainer: no input")
	case in.Dim < 1 || in.Out < 1 || in.Out > in.Dim:
		return fmt.Errorf("trainer: dimensions %d to %d, want 1 <= out <= dim", in.Dim, in.Out)
	case len(in.Real)%in.Dim != 0:
		return fmt.Errorf("trainer: real: %d bytes are no whole number of vectors of %d", len(in.Real), in.Dim)
	case len(in.Fake)%in.Dim != 0:
		return fmt.Errorf("trainer: fake: %d bytes are no whole number of vectors of %d", len(in.Fake), in.Dim)
	case len(in.Real)/in.Dim < minPatches:
		return fmt.Errorf("trainer: real: %d patches, want at least %d", len(in.Real)/in.Dim, minPatches)
	case len(in.Init) != in.Out*in.Dim:
		return fmt.Errorf("trainer: init: %d weights, want %d x %d", len(in.Init), in.Out, in.Dim)
	case in.Centroids < 0 || in.Centroids > 1<<16:
		return fmt.Errorf("trainer: %d centroids, want 0..65536", in.Centroids)
	}
	for i, w := range in.Init {
		if math.IsNaN(float64(w)) || math.IsInf(float64(w), 0) {
			return fmt.Errorf("trainer: init: weight %d is %v", i, w)
		}
	}
	if err := checkU7("real", in.Real); err != nil {
		return err
	}
	return checkU7("fake", in.Fake)
}

func checkU7(name string, v []uint8) error {
	for i, x := range v {
		if x > 127 {
			return fmt.Errorf("trainer: %s: value %d at %d, want 0..127", name, x, i)
		}
	}
	return nil
}

// resolve gives a copy with every default filled in; weights that are switched off become 0.
func (opt *LearnOptions) resolve() (*LearnOptions, error) {
	o := LearnOptions{}
	if opt != nil {
		o = *opt
	}
	if o.Batch < 0 || o.Batch > 1<<20 || o.Threads < 0 {
		return nil, fmt.Errorf("trainer: batch %d, threads %d: out of range", o.Batch, o.Threads)
	}
	fillInt(&o.CheckpointEvery, 50)
	fillInt(&o.Steps1, 100)
	fillInt(&o.Steps2, 80)
	fillInt(&o.Batch, 4096)
	fillInt(&o.Threads, runtime.GOMAXPROCS(0))
	for _, f := range []struct {
		name  string
		v     *float64
		value float64
	}{
		{"rate of the centres", &o.RateCentres, 0.01}, {"rate", &o.Rate, 0.003}, {"separation", &o.Separation, 1},
		{"entropy", &o.Entropy, 0.05}, {"identity", &o.Identity, 40}, {"contrast", &o.Contrast, 0},
		{"noise", &o.Noise, 0.1}, {"outward", &o.Outward, 0.05}, {"length", &o.Length, 1}, {"margin", &o.Margin, 0.5},
	} {
		if math.IsNaN(*f.v) || math.IsInf(*f.v, 0) {
			return nil, fmt.Errorf("trainer: %s is %v", f.name, *f.v)
		}
		if *f.v == 0 {
			*f.v = f.value
		}
		*f.v = max(*f.v, 0)
	}
	return &o, nil
}

func fillInt(v *int, value int) {
	if *v == 0 {
		*v = value
	}
	*v = max(*v, 0)
}

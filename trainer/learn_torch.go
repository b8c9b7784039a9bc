//go:build torch

package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"anomnet/trainer/cluster"
	"anomnet/trainer/torch"
)

const (
	heldOut     = 2048  // good patches kept out of training, for the guard
	centreRows  = 16384 // good patches that the centres are chosen from
	defaultK    = 1024
	embedBlock  = 8192 // patches embedded at a time
	rowsPerCent = 4    // at least so many patches for each centre
)

// learner is one run of the two stages. Slices are in Go's memory, tensors in the scope of a stage or a step.
type learner struct {
	in     *AdapterInput
	o      *LearnOptions
	device torch.Device
	rng    *rand.Rand // for what is drawn once; each step has its own
	out    *Learned
	copies torch.Copies

	whole      *torch.Scope // lives as long as the run
	real, fake *patches
	stepwise   bool          // patches stay in Go's memory and are uploaded as they are drawn
	shift      *torch.Tensor // [1][C] middle on the device

	held   []int // rows of Real for the guard
	train  []int // the other rows
	sample []int // rows that the centres are chosen from, a part of train

	middle  []float32 // [C] mean of the sample; see project
	k       int
	unit    float64   // mean distance of the sample to its nearest centre
	gap     float64   // median gap between the centres
	centres []float32 // [k][D]
	reach   []float32 // [k] radius of each centre
	done    int       // steps so far
	begun   int       // of them by the run that this one goes on from
	plan    string
	started time.Time
}

func learnAdapter(ctx context.Context, in *AdapterInput, o *LearnOptions) (*Learned, error) {
	l := &learner{in: in, o: o, out: &Learned{}, rng: rand.New(rand.NewPCG(uint64(o.Seed), 0x616e6f6d))}
	asked := time.Now()
	err := torch.Do(func() error {
		if o.Waited != nil {
			o.Waited(time.Since(asked))
		}
		return l.run(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("trainer: %w", err)
	}
	return l.out, nil
}

func (l *learner) run(ctx context.Context) error {
	restore, err := l.prepare()
	if err != nil {
		return err
	}
	defer restore()
	if l.plan, err = plan(l.in, l.o); err != nil {
		return err
	}
	if r := l.o.Resume; r != nil {
		if r.Plan != l.plan {
			return errOtherRun
		}
		l.out.Curve, l.done, l.begun = slices.Clone(r.Curve), len(r.Curve), len(r.Curve)
	}
	l.split()
	if done, err := l.place(); done || err != nil {
		return err
	}
	l.started = time.Now()
	if err := l.stage1(ctx); err != nil {
		return err
	}
	if l.out.Stage1, err = l.spread(l.in.Init, l.centres); err != nil {
		return err
	}
	if err := l.stage2(ctx); err != nil {
		return err
	}
	return l.guard()
}

// prepare chooses the device and sets what libtorch keeps for the whole process; restore puts the thread count back.
func (l *learner) prepare() (restore func(), err error) {
	l.device, l.out.Device, err = torch.Open(l.o.Device)
	if err != nil {
		return nil, err
	}
	was, err := torch.Threads()
	if err != nil {
		return nil, err
	}
	for _, err := range []error{torch.SetThreads(l.o.Threads), torch.Seed(l.o.Seed), torch.Deterministic(true)} {
		if err != nil {
			return nil, err
		}
	}
	l.whole = l.scope()
	return func() {
		l.whole.Free()
		torch.SetThreads(was) //nolint:errcheck // a number that was in use
	}, nil
}

// scope makes a scope on the device, whose copies are counted.
func (l *learner) scope() *torch.Scope { return torch.NewScope(l.device).Count(&l.copies) }

// split draws the held-out rows (at most a fifth) and the rows for the centres.
func (l *learner) split() {
	n := len(l.in.Real) / l.in.Dim
	order := l.rng.Perm(n)
	h := min(heldOut, n/5)
	l.held, l.train = order[:h], order[h:]
	l.sample = l.train[:min(centreRows, len(l.train))]
	l.k = l.in.Centroids
	if l.k == 0 {
		l.k = defaultK
	}
	l.k = max(1, min(l.k, len(l.sample)/rowsPerCent))
}

// place chooses the first centres. It reports done when the patches are all alike, so that there is nothing to learn.
func (l *learner) place() (done bool, err error) {
	l.out.Weight = slices.Clone(l.in.Init)
	if err := l.load(); err != nil {
		return false, err
	}
	if err := l.centre(); err != nil {
		return false, err
	}
	e, err := l.embed(l.sample, l.in.Init)
	if err != nil {
		return false, err
	}
	rows, near := cluster.KCentre(e, l.in.Out, l.k, l.o.Threads)
	l.k = len(rows)
	l.centres = cluster.Gather(e, l.in.Out, rows)
	for i := range near {
		near[i] = float32(math.Sqrt(float64(near[i])))
	}
	l.unit, l.gap = mean(near), float64(medianGap(l.centres, l.in.Out))
	if l.unit == 0 || l.gap == 0 {
		l.out.Collapsed, l.out.Reason = true, "the good patches are all alike: nothing to learn"
		return true, nil
	}
	l.out.Before, err = l.spread(l.in.Init, l.centres)
	return false, err
}

// embed gives the embeddings [n][D] of rows of Real under the projection w [D][C].
func (l *learner) embed(rows []int, w []float32) ([]float32, error) {
	s := l.scope()
	defer s.Free()
	out := make([]float32, 0, len(rows)*l.in.Out)
	err := torch.NoGrad(func() {
		for block := range slices.Chunk(rows, embedBlock) {
			out = append(out, s.Float32(l.project(s, l.input(s, l.real, l.pick(s, block)), s.FromFloat32(w, l.in.Out, l.in.Dim)))...)
			s.Free()
		}
	})
	if err != nil {
		return nil, err
	}
	return out, s.Err()
}

// project gives (x - middle) W^T for x [B][C] and w [D][C]. The shift moves all embeddings alike and so changes no distance, but
// lets identityLoss measure against the spread of the patches instead of against their mean, which is far larger.
func (l *learner) project(s *torch.Scope, x, w *torch.Tensor) *torch.Tensor {
	return s.Matmul(s.Sub(x, l.shift), s.T(w))
}

// centre computes the mean of the sample as the learner sees it.
func (l *learner) centre() error {
	s := l.scope()
	defer s.Free()
	sum := make([]float64, l.in.Dim)
	for block := range slices.Chunk(l.sample, embedBlock) {
		for i, v := range s.Float32(s.SumDim(l.input(s, l.real, l.pick(s, block)), 0, false)) {
			sum[i] += float64(v)
		}
		s.Free()
	}
	l.middle = make([]float32, l.in.Dim)
	for i, v := range sum {
		l.middle[i] = float32(v / float64(len(l.sample)))
	}
	l.shift = l.whole.FromFloat32(l.middle, 1, l.in.Dim)
	return errors.Join(s.Err(), l.whole.Err())
}

func (l *learner) normal(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	if l.in.L2 {
		return unitRows(s, x)
	}
	return x
}

// spread describes the held-out patches under w with the given centres.
func (l *learner) spread(w, centres []float32) (Spread, error) {
	e, err := l.embed(l.held, w)
	if err != nil {
		return Spread{}, err
	}
	places, dist := cluster.Nearest(e, centres, l.in.Out, l.o.Threads)
	v := variance(e, l.in.Out)
	entropy, _ := usage(len(centres)/l.in.Out, places)
	return Spread{Variance: v, Coverage: worstTenth(dist) / math.Sqrt(v+tiny), Entropy: entropy}, nil
}

// guard compares the learned embedding with the untrained one.
func (l *learner) guard() error {
	if l.out.Collapsed {
		l.out.Weight = slices.Clone(l.in.Init)
		l.out.After = l.out.Before
		return nil
	}
	e, err := l.embed(l.sample, l.out.Weight)
	if err != nil {
		return err
	}
	rows, _ := cluster.KCentre(e, l.in.Out, l.k, l.o.Threads)
	if l.out.After, err = l.spread(l.out.Weight, cluster.Gather(e, l.in.Out, rows)); err != nil {
		return err
	}
	before, after := l.out.Before, l.out.After
	switch {
	case after.Variance < before.Variance/2:
		l.out.Collapsed = true
		l.out.Reason = fmt.Sprintf("the variance fell from %.3g to %.3g", before.Variance, after.Variance)
	case after.Coverage > before.Coverage*1.5:
		l.out.Collapsed = true
		l.out.Reason = fmt.Sprintf("the coverage distance rose from %.3g to %.3g", before.Coverage, after.Coverage)
	case after.Entropy < before.Entropy/2:
		l.out.Collapsed = true
		l.out.Reason = fmt.Sprintf("the entropy of the use of centres fell from %.3g to %.3g", before.Entropy, after.Entropy)
	}
	return nil
}

// cosine is the learning rate's factor at step i of n: from 1 down to 0.1.
func cosine(i, n int) float64 {
	return 0.1 + 0.45*(1+math.Cos(math.Pi*float64(i)/float64(n)))
}

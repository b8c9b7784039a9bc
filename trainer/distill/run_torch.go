//go:build torch

package distill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"anomnet/trainer/atomicfile"
	"anomnet/trainer/importer"
	"anomnet/trainer/torch"
)

// adam as the prototype had it.
var adam = torch.AdamW{Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8}

// runner is one run.
type runner struct {
	o       *Options
	res     *Result
	net     *importer.Float
	photos  *photos
	train   []int
	held    *heldSet
	device  torch.Device
	long    *torch.Scope // the networks
	teacher *teacher
	student *student
	moments map[string]torch.Moments
	live    *torch.Scope // the student and its moments
	means   []*torch.Tensor
	stds    []*torch.Tensor
	st      *state
	pool    *pool

	started time.Time
	begun   int // step at which this process began
}

func run(ctx context.Context, o *Options) (*Result, error) {
	r := &runner{o: o, res: &Result{}}
	var err error
	if r.net, err = importer.ReadFloat(o.Teacher, o.Arch, o.Plain, nil); err != nil {
		return nil, fmt.Errorf("distill: teacher: %w", err)
	}
	targets, err := r.findTargets()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("distill: %w", err)
	}
	if r.photos, err = openPhotos(ctx, o.Images, o.Dir, nil); err != nil {
		return nil, err
	}
	defer r.photos.close()
	r.res.Unreadable = r.photos.unreadable
	r.student = &student{a: o.Student, targets: targets, bf16: o.BFloat16}
	if err := torch.Do(func() error { return r.inTorch(ctx) }); err != nil {
		return nil, err
	}
	return r.res, nil
}

// findTargets pairs the student's taps with the teacher's of the same stride.
func (r *runner) findTargets() ([]target, error) {
	var list []target
	strides := r.o.Student.strides()
	for _, tap := range r.o.Student.Taps {
		t := target{tap: tap, stride: strides[tap]}
		for i, name := range r.net.Taps {
			if r.net.Strides[i] != t.stride {
				continue
			}
			t.layer = name
			for _, l := range r.net.Layers {
				if l.Name == name {
					t.channels = l.Out
				}
			}
		}
		if t.layer == "" {
			return nil, fmt.Errorf("distill: the teacher has no tap at stride %d for the student's %q", t.stride, tap)
		}
		list = append(list, t)
	}
	return list, nil
}

func (r *runner) inTorch(ctx context.Context) error {
	restore, err := r.prepare()
	if err != nil {
		return err
	}
	defer restore()
	r.long, r.live = torch.NewScope(r.device), torch.NewScope(r.device)
	defer r.long.Free()
	defer func() { r.live.Free() }()
	r.teacher = newTeacher(r.long, r.net, r.o.BFloat16)
	if err := r.long.Err(); err != nil {
		return fmt.Errorf("distill: %w", err)
	}
	var held []int
	if r.train, held, err = heldOut(len(r.photos.list), r.o.HeldOut); err != nil {
		return err
	}
	if err := r.begin(); err != nil {
		return err
	}
	if r.held, err = r.prepareHeld(held); err != nil {
		return err
	}
	if r.o.Crops > 0 {
		if r.pool, err = r.openPool(); err != nil {
			return err
		}
		defer r.pool.close()
	}
	if err := r.phases(ctx); err != nil {
		return err
	}
	return r.finish()
}

// prepare chooses the device and sets what libtorch keeps for the whole process.
func (r *runner) prepare() (restore func(), err error) {
	if r.device, r.res.Device, err = torch.Open(r.o.Device); err != nil {
		return nil, err
	}
	was, err := torch.Threads()
	if err != nil {
		return nil, err
	}
	for _, err := range []error{torch.SetThreads(r.o.Threads), torch.Seed(r.o.Seed), torch.Deterministic(true)} {
		if err != nil {
			return nil, err
		}
	}
	return func() { torch.SetThreads(was) }, nil //nolint:errcheck // a number that was in use
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (r *runner) plan() (string, error) {
	o := r.o
	p := plan{Teacher: digest(o.Teacher), Photos: r.photos.digest, Student: o.Student, NoNorm: o.NoNorm, BFloat16: o.BFloat16, Steps: o.Steps, Finish: o.Finish,
		Batch: o.Batch, Side: o.Side, FinishSide: o.FinishSide, Crops: o.Crops, HeldOut: o.HeldOut, Every: o.Every, Seed: o.Seed, Rate: o.Rate,
		FinishRate: o.FinishRate, Decay: o.Decay, Percentile: o.Percentile, Cosine: o.Cosine, Relational: o.Relational, Device: r.device.String(),
		Augmentation: 1}
	if o.Init != nil {
		p.Init = digest(o.Init)
	}
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("distill: %w", err)
	}
	return string(text), nil
}

// begin makes the student: from a checkpoint, from given weights, or from random ones.
func (r *runner) begin() error {
	text, err := r.plan()
	if err != nil {
		return err
	}
	st, file, err := readCheckpoint(r.o.Dir, text, r.o.Resume)
	if err != nil {
		return err
	}
	if st == nil {
		if st, err = r.start(); err != nil {
			return err
		}
		st.plan = text
	} else {
		r.o.Log(fmt.Sprintf("resumed at step %d", st.step))
	}
	r.st, r.begun = st, st.step
	r.student.norm, r.student.steps = !r.o.NoNorm && !st.folded, st.steps
	r.student.list = params(r.o.Student, r.student.targets, r.student.norm)
	if file != nil {
		if err := st.take(file, r.student.list, r.student.targets); err != nil {
			return err
		}
	}
	for i := range r.student.targets {
		t := &r.student.targets[i]
		t.mean, t.std = st.mean[i], st.std[i]
		r.means = append(r.means, r.long.FromFloat32(t.mean, 1, t.channels, 1, 1))
		r.stds = append(r.stds, r.long.FromFloat32(t.std, 1, t.channels, 1, 1))
	}
	return r.loadStudent()
}

// identityPhotos is how many photographs the first statistics of batch norm come from when the weights are given.
const identityPhotos = 64

// start gives the state of step 0.
func (r *runner) start() (*state, error) {
	st := &state{m: map[string][]float32{}, v: map[string][]float32{}}
	var err error
	if st.mean, st.std, err = r.targetStatistics(); err != nil {
		return nil, err
	}
	n := r.student
	n.list = params(n.a, n.targets, !r.o.NoNorm)
	st.weights = fresh(n.list, n.a, r.o.Seed)
	if r.o.Init == nil {
		return st, nil
	}
	given, err := readInit(r.o.Init, n.a, n.targets)
	if err != nil {
		return nil, err
	}
	if !r.o.NoNorm {
		places := spaced(r.train, identityPhotos)
		pix, err := centre(r.photos, places, r.o.Side)
		if err != nil {
			return nil, err
		}
		if given, err = n.identify(r.device, given, pix, len(places), r.o.Side); err != nil {
			return nil, fmt.Errorf("distill: initial weights: %w", err)
		}
	}
	for name, v := range given {
		if v != nil {
			st.weights[name] = v
		}
	}
	return st, nil
}

// loadStudent puts the state's weights and moments into tensors; moments that it lacks are zero.
func (r *runner) loadStudent() error {
	r.live.Free()
	if err := r.student.load(r.live, r.st.weights); err != nil {
		return err
	}
	r.moments = map[string]torch.Moments{}
	for _, p := range r.student.list {
		if p.fixed {
			continue
		}
		m, v := r.st.m[p.name], r.st.v[p.name]
		if m == nil || v == nil {
			m, v = make([]float32, p.len()), make([]float32, p.len())
		}
		r.moments[p.name] = torch.Moments{M: r.live.FromFloat32(m, p.shape...), V: r.live.FromFloat32(v, p.shape...)}
	}
	if err := r.live.Err(); err != nil {
		return fmt.Errorf("distill: %w", err)
	}
	return nil
}

// save writes a checkpoint. What cannot be written (a full disk) leaves the last one.
func (r *runner) save() error {
	st := r.st
	st.weights = r.student.weights(r.live)
	st.m, st.v = map[string][]float32{}, map[string][]float32{}
	for name, m := range r.moments {
		st.m[name], st.v[name] = r.live.Float32(m.M), r.live.Float32(m.V)
	}
	if err := r.live.Err(); err != nil {
		return fmt.Errorf("distill: %w", err)
	}
	data, err := st.encode()
	if err != nil {
		return err
	}
	write := r.o.write
	if write == nil {
		write = atomicfile.Write
	}
	if err := write(checkpointPath(r.o.Dir), data); err != nil {
		return fmt.Errorf("distill: checkpoint: %w", err)
	}
	return nil
}

// finish folds and exports.
func (r *runner) finish() error {
	w := r.student.weights(r.live)
	if err := r.live.Err(); err != nil {
		return fmt.Errorf("distill: %w", err)
	}
	w = fold(r.o.Student, w)
	var err error
	if r.res.Weights, err = encode(params(r.o.Student, r.student.targets, false), w); err != nil {
		return err
	}
	r.res.Curve = r.st.curve
	notes := map[string]any{"distilled": map[string]any{"seed": r.o.Seed, "steps": r.o.Steps, "finish": r.o.Finish, "batch": r.o.Batch, "curve": r.st.curve,
		"teacher_sha256": digest(r.o.Teacher)}}
	r.res.Description, err = describe(r.o.Student, r.student.targets, r.st.steps, notes)
	return err
}

// finiteLoss reports a training that left the finite numbers.
func finiteLoss(step int, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("distill: step %d: the loss is %v; the last checkpoint is kept: try a lower rate", step, v)
	}
	return nil
}

//go:build torch

package distill

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"anomnet/core/imaging"
	"anomnet/trainer/importer"
	"anomnet/trainer/torch"
)

// finishSeed keeps the crops of the finish apart from those before.
const finishSeed = 0x66696e69

// phases runs what is left of the float training and of the finish.
func (r *runner) phases(ctx context.Context) error {
	r.started = time.Now()
	if len(r.st.curve) == 0 {
		if err := r.measure(); err != nil {
			return err
		}
	}
	seq := sequence{seed: r.o.Seed, train: r.train, batch: r.o.Batch, pool: poolSize(r.o.Crops, r.o.Batch)}
	if err := r.phase(ctx, phase{seq: seq, pool: r.pool, side: r.o.Side, first: 0, last: r.o.Steps, rate: r.o.Rate}); err != nil {
		return err
	}
	if r.o.Finish == 0 {
		return r.save()
	}
	if !r.st.folded {
		if err := r.toIntegers(ctx); err != nil {
			return err
		}
	}
	seq = sequence{seed: r.o.Seed ^ finishSeed, train: r.train, batch: r.o.Batch}
	p := phase{seq: seq, side: r.o.FinishSide, first: r.o.Steps, last: r.o.Steps + r.o.Finish, rate: r.o.FinishRate}
	if err := r.phase(ctx, p); err != nil {
		return err
	}
	return r.save()
}

// phase is a stretch of steps with one schedule.
type phase struct {
	seq         sequence
	pool        *pool
	side        int
	first, last int
	rate        float64
}

func (r *runner) phase(ctx context.Context, p phase) error {
	if r.st.step >= p.last {
		return nil
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := load(inner, p.seq, r.photos, p.pool, p.side, r.st.step-p.first, p.last-p.first)
	s := torch.NewScope(r.device)
	defer s.Free()
	for r.st.step < p.last {
		b, ok := <-batches
		if err := ctx.Err(); err != nil || !ok {
			return errors.Join(fmt.Errorf("distill: %w", err), r.save())
		}
		if b.err != nil {
			return b.err
		}
		i := r.st.step - p.first
		loss, err := r.step(s, &p, b, i+1, p.rate*rateAt(i, p.last-p.first))
		if err != nil {
			return err
		}
		r.st.step++
		r.st.sum, r.st.count = r.st.sum+loss, r.st.count+1
		r.report(loss)
		if err := r.keep(p.last); err != nil {
			return err
		}
	}
	return nil
}

// step trains on one batch; t counts the optimiser's steps from 1.
func (r *runner) step(s *torch.Scope, p *phase, b *batch, t int, rate float64) (float64, error) {
	defer s.Free()
	if err := r.complete(s, p, b); err != nil {
		return 0, err
	}
	n := len(b.ids)
	preds := r.student.forward(s, b.pix, n, p.side, true)
	var total *torch.Tensor
	for i, pred := range preds {
		want := r.standardised(s, i, r.gather(b.features, i, p.side), n, p.side)
		for _, l := range []struct {
			weight float64
			f      func(s *torch.Scope, p, t *torch.Tensor) *torch.Tensor
		}{{1, squaredLoss}, {r.o.Cosine, cosineLoss}, {r.o.Relational, relationalLoss}} {
			if l.weight == 0 {
				continue
			}
			part := s.Scale(l.f(s, pred, want), l.weight)
			if total == nil {
				total = part
			} else {
				total = s.Add(total, part)
			}
		}
	}
	s.Backward(total)
	for _, p := range r.student.list {
		if p.fixed {
			continue
		}
		decay := 0.0
		if p.decay {
			decay = r.o.Decay
		}
		adam.Step(s, r.student.p[p.name], r.moments[p.name], t, rate, decay)
	}
	loss := s.Item(s.Detach(total)) // last: on a GPU it waits for all that is queued
	if err := s.Err(); err != nil {
		return 0, fmt.Errorf("distill: step %d: %w", r.st.step+1, err)
	}
	return loss, finiteLoss(r.st.step+1, loss)
}

// report tells how far the run is.
func (r *runner) report(loss float64) {
	total, done := r.o.Steps+r.o.Finish, r.st.step-r.begun
	spent := time.Since(r.started)
	r.o.Progress(Progress{Step: r.st.step, Steps: total, Loss: loss, Left: spent / time.Duration(done) * time.Duration(total-r.st.step),
		Rate: float64(done*r.o.Batch) / spent.Seconds()})
}

// keep measures and saves when it is time.
func (r *runner) keep(last int) error {
	if r.st.step%r.o.Every == 0 || r.st.step == last {
		if err := r.measure(); err != nil {
			return err
		}
	}
	if r.st.step%r.o.Save != 0 {
		return nil
	}
	if err := r.save(); err != nil { // the last one is still there; the disk may have room when it is tried again
		r.o.Log(fmt.Sprintf("warning: step %d: %v", r.st.step, err))
	}
	return nil
}

// measure adds a point to the curve.
func (r *runner) measure() error {
	m := Measure{Step: r.st.step, Integer: r.student.steps != nil}
	if r.st.count > 0 {
		m.Loss = r.st.sum / float64(r.st.count)
	}
	var err error
	if m.Explained, err = r.explained(); err != nil {
		return err
	}
	r.st.curve = append(r.st.curve, m)
	r.st.sum, r.st.count = 0, 0
	text := fmt.Sprintf("step %d/%d loss %.4f explained", m.Step, r.o.Steps+r.o.Finish, m.Loss)
	for i, t := range r.student.targets {
		text += fmt.Sprintf(" %s %.4f", t.layer, m.Explained[i])
	}
	if m.Integer {
		text += " (integers)"
	}
	if done := r.st.step - r.begun; done > 0 {
		text += fmt.Sprintf(", %.1f crops/s", float64(done*r.o.Batch)/time.Since(r.started).Seconds())
	}
	r.o.Log(text)
	return nil
}

// calibrationPhotos is how many photographs the steps of the activations come from.
const calibrationPhotos = 100

// toIntegers folds batch norm, calibrates the activations and begins the finish.
func (r *runner) toIntegers(ctx context.Context) error {
	st := r.st
	st.weights = fold(r.o.Student, r.student.weights(r.live))
	if err := r.live.Err(); err != nil {
		return fmt.Errorf("distill: %w", err)
	}
	n := r.student
	list := params(n.a, n.targets, false)
	weights, err := encode(list, st.weights)
	if err != nil {
		return err
	}
	description, err := describe(n.a, n.targets, nil, nil)
	if err != nil {
		return err
	}
	places := spaced(r.train, calibrationPhotos)
	opt := importer.Options{Weights: weights, Arch: importer.ArchPlain, Description: description, Percentile: r.o.Percentile, Workers: runtime.GOMAXPROCS(0),
		Images: importer.Images{N: len(places), Load: func(i int) (*imaging.RGB, error) { return r.photos.read(places[i]) }}}
	if st.steps, err = importer.Calibrate(ctx, opt); err != nil {
		return errors.Join(fmt.Errorf("distill: %w", err), r.save()) // the end of the float training is between two checkpoints
	}
	if err := checkExact(n.a, st.weights, st.steps); err != nil {
		return err
	}
	st.folded, st.m, st.v = true, map[string][]float32{}, map[string][]float32{}
	n.list, n.norm, n.steps = list, false, st.steps
	if err := r.loadStudent(); err != nil {
		return err
	}
	return r.measure()
}

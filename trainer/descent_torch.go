//go:build torch

package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"anomnet/trainer/torch"
)

// lineSteps is how many steps are queued between two log lines. At a log line the losses are read, in one copy; that is where a GPU is waited for.
const lineSteps = 25

// adam has PyTorch's defaults.
var adam = torch.AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}

// term is one part of a loss.
type term struct {
	name   string
	weight float64
	value  *torch.Tensor
}

// descent is the course of one stage on the parameter p.
type descent struct {
	l            *learner
	stage, steps int
	rate         float64
	p            *torch.Tensor
	m            torch.Moments
	terms        func(s *torch.Scope, at choice) []term

	long *torch.Scope // for the stage
	line *torch.Scope // until the next log line
	step *torch.Scope // for a step

	names   []string
	pending []Step          // steps whose losses are not read yet
	losses  []*torch.Tensor // [terms+1] for each of them
}

// descend runs the steps of one stage on the parameter p; it ends early when ctx does or the loss leaves the finite numbers.
func (l *learner) descend(ctx context.Context, stage, steps int, rate float64, p *torch.Tensor, terms func(s *torch.Scope, at choice) []term) error {
	d := &descent{l: l, stage: stage, steps: steps, rate: rate, p: p, terms: terms, long: l.scope(), line: l.scope(), step: l.scope()}
	defer d.long.Free()
	defer d.line.Free()
	defer d.step.Free()
	dims := d.long.Shape(p)
	d.m = torch.Moments{M: d.long.Zeros(dims...), V: d.long.Zeros(dims...)}
	every := max(1, l.o.CheckpointEvery)
	for i := d.restore(); i < steps && d.long.Err() == nil; {
		to := min(steps, i+lineSteps, i-i%every+every)
		if err := d.upTo(ctx, i, to); err != nil || l.out.Collapsed {
			return err
		}
		if to%every == 0 || to == steps { // what the next stage prepares, or the caller does, may be stopped before it has a checkpoint of its own
			if err := d.checkpoint(to); err != nil {
				return err
			}
		}
		i = to
	}
	return d.long.Err()
}

// upTo takes the steps from..to and reads their losses: one log line.
func (d *descent) upTo(ctx context.Context, from, to int) error {
	defer d.line.Free()
	choices := d.l.ahead(d.line, d.stage, from, to)
	if d.line.Err() != nil {
		return d.line.Err()
	}
	for i, at := range choices {
		if err := ctx.Err(); err != nil {
			if failed := d.read(); failed != nil || d.l.out.Collapsed {
				return errors.Join(err, failed)
			}
			return errors.Join(err, d.checkpoint(from+i))
		}
		err := d.take(from+i, at)
		d.step.Free()
		if err != nil {
			return err
		}
	}
	return d.read()
}

// take queues step i, counted from 0.
func (d *descent) take(i int, at choice) error {
	if err := torch.Seed(at.seed); err != nil {
		return err
	}
	s := d.step
	terms := d.terms(s, at)
	var total *torch.Tensor
	var values []*torch.Tensor
	d.names = d.names[:0]
	for _, t := range terms {
		d.names = append(d.names, t.name)
		values = append(values, s.Reshape(s.Detach(t.value), 1))
		part := s.Scale(t.value, t.weight)
		if total == nil {
			total = part
		} else {
			total = s.Add(total, part)
		}
	}
	d.names = append(d.names, "total")
	values = append(values, s.Reshape(s.Detach(total), 1))
	s.Backward(total)
	adam.Step(s, d.p, d.m, i+1, d.rate*cosine(i, d.steps), 0)
	if s.Err() != nil {
		return s.Err()
	}
	step := Step{Stage: d.stage, Step: i + 1, Steps: d.steps}
	d.losses, d.pending = append(d.losses, d.line.Cat(0, values...)), append(d.pending, step)
	d.l.report(step)
	return d.line.Err()
}

// report tells of a step as soon as it is queued.
func (l *learner) report(step Step) {
	l.done++
	if l.o.Progress == nil {
		return
	}
	each := time.Since(l.started) / time.Duration(l.done-l.begun)
	step.Left = each * time.Duration(l.o.Steps1+l.o.Steps2-l.done)
	l.o.Progress(step)
}

// read adds the pending steps to the curve, with their losses. At the first that is no finite number it ends, and reports the collapse; what
// was queued behind that step is of no use.
func (d *descent) read() error {
	if len(d.pending) == 0 {
		return d.line.Err()
	}
	values := d.line.Float32(d.line.Cat(0, d.losses...))
	if d.line.Err() != nil {
		return d.line.Err()
	}
	out, n := d.l.out, len(d.names)
	for i, step := range d.pending {
		step.Loss = make(map[string]float64, n)
		for j, name := range d.names {
			v := float64(values[i*n+j])
			if math.IsNaN(v) || math.IsInf(v, 0) {
				out.Collapsed, out.Reason = true, fmt.Sprintf("stage %d, step %d: the loss %s is %v", step.Stage, step.Step, name, v)
				return nil
			}
			step.Loss[name] = v
		}
		out.Curve = append(out.Curve, step)
	}
	d.pending, d.losses = d.pending[:0], d.losses[:0]
	return nil
}

// restore sets parameter and moments from the checkpoint of this stage, if there is one, and gives the steps that are done.
func (d *descent) restore() int {
	r := d.l.o.Resume
	if r == nil || r.Stage != d.stage {
		return 0
	}
	d.long.Set(d.p, r.Param)
	d.long.Set(d.m.M, r.Mean)
	d.long.Set(d.m.V, r.Square)
	return r.Step
}

// checkpoint hands the state out after some steps of the stage, whose losses have been read. A state that is no finite number is kept back: the next
// log line, or the end of the stage, reports it.
func (d *descent) checkpoint(steps int) error {
	l, s := d.l, d.long
	if l.o.Checkpoint == nil || steps == 0 {
		return s.Err()
	}
	c := &Checkpoint{Plan: l.plan, Stage: d.stage, Step: steps, Param: s.Float32(d.p), Mean: s.Float32(d.m.M), Square: s.Float32(d.m.V), Moved: l.out.Moved,
		Curve: slices.Clone(l.out.Curve)}
	if d.stage == 2 {
		c.Centres = slices.Clone(l.centres)
	}
	if s.Err() != nil || c.check() != nil {
		return s.Err()
	}
	return l.o.Checkpoint(c)
}

//go:build torch

package baseline

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"anomnet/trainer/torch"
)

// session is one training with libtorch: the device, and the numbers that belong to the whole process.
type session struct {
	device torch.Device
	opt    GradientOptions
	rng    *rand.Rand
	loss   []float64
	copies torch.Copies // of loop
}

// train calls f with libtorch ready, and restores the thread count.
func train(opt GradientOptions, f func(s *session) error) ([]float64, error) {
	s := &session{opt: opt, rng: rand.New(rand.NewPCG(uint64(opt.Seed), 0x6772616469656e74))}
	asked := time.Now()
	err := torch.Do(func() (err error) {
		opt.Waited(time.Since(asked))
		if s.device, _, err = torch.Open(opt.Device); err != nil {
			return err
		}
		was, err := torch.Threads()
		if err != nil {
			return err
		}
		for _, err := range []error{torch.SetThreads(opt.Threads), torch.Seed(opt.Seed), torch.Deterministic(true)} {
			if err != nil {
				return err
			}
		}
		defer torch.SetThreads(was) //nolint:errcheck // a number that was in use
		return f(s)
	})
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	return s.loss, nil
}

// lineSteps is how many steps are queued before their losses are read, in one copy; that is where a GPU is waited for.
const lineSteps = 25

// loop takes the steps: loss computes the loss of one batch, whose tensors live in the scope for that step only.
func (s *session) loop(ctx context.Context, adams []*torch.Adam, loss func(t *torch.Scope) *torch.Tensor) error {
	t, line := torch.NewScope(s.device).Count(&s.copies), torch.NewScope(s.device).Count(&s.copies)
	defer t.Free()
	defer line.Free()
	var queued []*torch.Tensor
	for i := range s.opt.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		value := loss(t)
		if t.Err() != nil {
			return t.Err()
		}
		for _, a := range adams {
			if err := a.ZeroGrad(); err != nil {
				return err
			}
		}
		if t.Backward(value); t.Err() != nil {
			return t.Err()
		}
		for _, a := range adams {
			if err := a.Step(); err != nil {
				return err
			}
		}
		queued = append(queued, line.Reshape(line.Detach(value), 1))
		t.Free()
		s.opt.Progress(i+1, s.opt.Steps)
		if len(queued) == lineSteps || i+1 == s.opt.Steps {
			if err := s.read(line, queued); err != nil {
				return err
			}
			queued = queued[:0]
		}
	}
	return nil
}

// read adds the losses of queued steps. What was queued behind one that is no finite number is of no use.
func (s *session) read(line *torch.Scope, queued []*torch.Tensor) error {
	defer line.Free()
	for _, v := range line.Float32(line.Cat(0, queued...)) {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("step %d: the loss is %v", len(s.loss)+1, v)
		}
		s.loss = append(s.loss, float64(v))
	}
	return line.Err()
}

// uniform draws n values of -limit..limit.
func (s *session) uniform(n int, limit float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(limit * (2*s.rng.Float64() - 1))
	}
	return out
}

// features gives patches [n][C] of the given images and places as float32, x/levels.
func features(in *Input, patches []int) []float32 {
	out := make([]float32, 0, len(patches)*in.C)
	n := in.H * in.W
	for _, p := range patches {
		at := p % n * in.C
		for _, v := range in.Good[p/n][at : at+in.C] {
			out = append(out, float32(v)/levels)
		}
	}
	return out
}

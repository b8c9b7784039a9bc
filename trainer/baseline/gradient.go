package baseline

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"anomnet/trainer"
)

// GradientOptions steer CFA and SimpleNet; the zero value means the defaults.
type GradientOptions struct {
	Device   string // "auto" (default), "cpu" or "cuda"
	Seed     int64
	Steps    int                   // default 200
	Batch    int                   // good patches of a step; default 4,096 for CFA, which takes whole images, and 1,024 for SimpleNet
	Threads  int                   // CPU threads; default: as many as the program may use
	Progress func(done, total int) // called after each step
	Waited   func(time.Duration)   // hears how long training, and each Detect, waited for libtorch, which does one thing of a process at a time
}

func (o *GradientOptions) withDefaults() GradientOptions {
	r := GradientOptions{}
	if o != nil {
		r = *o
	}
	if r.Steps == 0 {
		r.Steps = 200
	}
	if r.Threads == 0 {
		r.Threads = runtime.GOMAXPROCS(0)
	}
	if r.Progress == nil {
		r.Progress = func(int, int) {}
	}
	if r.Waited == nil {
		r.Waited = func(time.Duration) {}
	}
	return r
}

// Trained is a detector that was learned by gradients, with the loss of each step.
type Trained struct {
	Detector
	Loss []float64
}

// NewCFA learns a [CFA]. Without the build tag torch it gives trainer.ErrNoTorch.
func NewCFA(ctx context.Context, in *Input, opt *GradientOptions) (*Trained, error) {
	return learnable(ctx, in, opt, newCFA)
}

// NewSimpleNet learns a [SimpleNet]. Without the build tag torch it gives trainer.ErrNoTorch.
func NewSimpleNet(ctx context.Context, in *Input, opt *GradientOptions) (*Trained, error) {
	return learnable(ctx, in, opt, newSimpleNet)
}

func learnable(ctx context.Context, in *Input, opt *GradientOptions, learn func(context.Context, *Input, GradientOptions) (*Trained, error)) (*Trained, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	o := opt.withDefaults()
	if o.Steps < 1 || o.Steps > 1<<20 || o.Batch < 0 || o.Batch > 1<<20 {
		return nil, fmt.Errorf("baseline: %d steps of %d patches, want 1..%d", o.Steps, o.Batch, 1<<20)
	}
	if _, err := trainer.Device(o.Device); err != nil {
		return nil, err
	}
	return learn(ctx, in, o)
}

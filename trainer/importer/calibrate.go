package importer

import (
	"context"
	"fmt"
	"math"

	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/parallel"
)

// levels is the largest u7 activation.
const levels = 127

// minFeatureStd is the floor of a patch channel's deviation, in steps of its tap: less than the error of rounding (0.29 of a
// step) is not signal, and must not be stretched to the size of one.
const minFeatureStd = 0.25

// prepared returns image i of set, ready for the network.
func (o *Options) prepared(set Images, i int) (*imaging.RGB, error) {
	img, err := set.Load(i)
	if err != nil {
		return nil, err
	}
	return imaging.Prepare(img, o.Preprocess)
}

// each runs do on every image of set, with a state for every worker, and returns the states. The first error stops it.
func each[S any](ctx context.Context, o *Options, stage string, set Images, state func() (S, error), do func(s S, i int, img *imaging.RGB) error) ([]S, error) {
	progress := func(done, total int) { o.progress(stage, done, total) }
	states, err := parallel.Run(ctx, set.N, o.Workers, progress, state, func(s S, i int) error {
		img, err := o.prepared(set, i)
		if err == nil {
			err = do(s, i, img)
		}
		if err != nil {
			return fmt.Errorf("%s: image %d: %w", stage, i, err)
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("importer: %w", err)
	}
	return states, err
}

// steps holds the step of every layer's output and of the image: value = integer * step.
type steps struct {
	image float64
	layer []float64
}

// of returns the step of tensor j, -1 being the image.
func (s *steps) of(j int) float64 {
	if j < 0 {
		return s.image
	}
	return s.layer[j]
}

// floatState is one worker's float network and its histograms, by layer (nil for pools).
type floatState struct {
	*forward
	hist []*histogram
}

// calibrate takes the steps that the description gives, or runs the float network over the calibration images and chooses them.
func calibrate(ctx context.Context, opt *Options, n *network) (*steps, error) {
	if s, err := n.fixedSteps(); s != nil || err != nil {
		return s, err
	}
	states, err := each(ctx, opt, "calibration", opt.Images, func() (*floatState, error) {
		s := &floatState{forward: newForward(n, opt.Preprocess.Height, opt.Preprocess.Width), hist: make([]*histogram, len(n.layers))}
		for i := range n.layers {
			if n.layers[i].kind == engine.KindConv {
				s.hist[i] = newHistogram()
			}
		}
		return s, nil
	}, func(s *floatState, _ int, img *imaging.RGB) error {
		s.run(img)
		for i, h := range s.hist {
			if h != nil {
				h.add(s.out[i].data)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	hist := states[0].hist
	for _, s := range states[1:] {
		for i, h := range s.hist {
			if h != nil {
				hist[i].merge(h)
			}
		}
	}
	return chooseSteps(n, hist, opt.Percentile)
}

func chooseSteps(n *network, hist []*histogram, percentile float64) (*steps, error) {
	s := &steps{image: n.scale, layer: make([]float64, len(n.layers))}
	if n.raw {
		s.image = 1
	}
	at := n.index()
	for i := range n.layers {
		l := &n.layers[i]
		if hist[i] == nil {
			s.layer[i] = s.of(at[l.input])
			continue
		}
		top := hist[i].percentile(percentile)
		if !(top > 0) || math.IsInf(top, 0) {
			return nil, fmt.Errorf("importer: layer %q: activations reach %v on the calibration images", l.name, top)
		}
		s.layer[i] = top / levels
	}
	return s, nil
}

// featureState is one worker's integer network and its sums over patches.
type featureState struct {
	runner    *engine.Runner
	grid      *detect.Grid
	local     []uint16 // [P][C]
	n         int64    // patches
	sum, sum2 []int64  // [C]
}

// deviations returns the deviation of every patch channel (the local 3x3 mean of its tap) over the calibration images, in
// steps of the tap, and how many of them had to be raised to minFeatureStd. Sums are integers, so their order is of no matter.
func deviations(ctx context.Context, opt *Options, net *engine.Net) (std []float32, floored int, err error) {
	h, w := opt.Preprocess.Height, opt.Preprocess.Width
	states, err := each(ctx, opt, "features", opt.Images, func() (*featureState, error) {
		r, err := engine.NewRunner(net, h, w, nil)
		if err != nil {
			return nil, err
		}
		s := &featureState{runner: r}
		if s.grid, err = detect.NewGrid(r.Taps(), h, w); err != nil {
			return nil, err
		}
		s.local = make([]uint16, s.grid.Patches()*s.grid.C)
		s.sum, s.sum2 = make([]int64, s.grid.C), make([]int64, s.grid.C)
		return s, nil
	}, func(s *featureState, _ int, img *imaging.RGB) error { return s.add(img) })
	if err != nil {
		return nil, 0, err
	}
	total := states[0]
	for _, s := range states[1:] {
		total.n += s.n
		for c := range s.sum {
			total.sum[c] += s.sum[c]
			total.sum2[c] += s.sum2[c]
		}
	}
	std = make([]float32, total.grid.C)
	for c := range std {
		mean := float64(total.sum[c]) / float64(total.n)
		variance := float64(total.sum2[c])/float64(total.n) - float64(mean*mean)
		std[c] = float32(math.Sqrt(max(variance, 0)) * float64(total.grid.MeanFactor(c)))
		if std[c] < minFeatureStd {
			std[c] = minFeatureStd
			floored++
		}
	}
	return std, floored, nil
}

func (s *featureState) add(img *imaging.RGB) error {
	if err := s.runner.Run(img.Pix); err != nil {
		return err
	}
	s.grid.Sums(s.local)
	for p := 0; p < len(s.local); p += s.grid.C {
		for c, v := range s.local[p : p+s.grid.C] {
			s.sum[c] += int64(v)
			s.sum2[c] += int64(v) * int64(v)
		}
	}
	s.n += int64(s.grid.Patches())
	return nil
}

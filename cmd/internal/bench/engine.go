package bench

import (
	"context"
	"os"
	"time"

	"anomnet/core/engine"
	"anomnet/core/model"
	"anomnet/wasm/bench/steps"
)

// Native times tiers beside each other and, where python is not nil, beside onnxruntime. Layers and stages follow.
func Native(ctx context.Context, nets []*Net, tiers []engine.Kernels, python *Python, opt *Options) (*Report, error) {
	r := &Report{Machine: ThisMachine()}
	list, err := r.nativeContenders(nets, tiers, python)
	if err != nil {
		return nil, err
	}
	if r.Results, err = Alternate(ctx, list, opt); err != nil {
		return nil, err
	}
	r.Ratios = Ratios(r.Results)
	for _, k := range tiers {
		if p, ok := k.(peaker); ok {
			r.Peaks = append(r.Peaks, Peak{k.Name(), peakOf(p)})
		}
	}
	r.addPeakShares()
	for _, n := range nets {
		var list []Contender
		for _, k := range tiers {
			s, err := n.steps(nil, k)
			if err != nil {
				return nil, err
			}
			list = append(list, Contender{Engine: k.Name(), Run: func(context.Context, int) ([]float64, error) { return s.Layers(nil) }})
		}
		if err := r.addLayers(ctx, n, list, opt); err != nil {
			return nil, err
		}
	}
	if err := r.addStages(ctx, nets, tiers, opt); err != nil {
		return nil, err
	}
	targets := nets[0].targets()
	return r, r.addWorkers(ctx, opt, func(n int) (Contender, error) {
		return targets[len(targets)-1].parallel(tiers[len(tiers)-1], n)
	})
}

// nativeContenders loads all targets in our tiers and, where python is not nil, in onnxruntime.
func (r *Report) nativeContenders(nets []*Net, tiers []engine.Kernels, python *Python) (list []Contender, err error) {
	var targets []target
	for _, n := range nets {
		targets = append(targets, n.targets()...)
	}
	for _, t := range targets {
		for _, k := range tiers {
			c, err := t.native(k)
			if err != nil {
				return nil, err
			}
			list = append(list, c)
		}
	}
	if python == nil {
		return list, nil
	}
	dir, err := os.MkdirTemp("", "anomnet-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	peers, err := python.contenders(targets, dir)
	r.Peers = append(r.Peers, "onnxruntime "+python.Version+" (Python, CPU, one thread)")
	return append(list, peers...), err
}

// addPeakShares says which part of its tier's peak every result of ours reaches.
func (r *Report) addPeakShares() {
	for i := range r.Results {
		if peak := r.peak(r.Results[i].Engine); peak > 0 {
			r.Results[i].Peak = r.Results[i].Gops / peak
		}
	}
}

// peak returns the peak of a tier, 0 where it is not known.
func (r *Report) peak(tier string) float64 {
	for _, p := range r.Peaks {
		if p.Engine == tier {
			return p.Gops
		}
	}
	return 0
}

// peaker is a tier that can run its dot instruction in a loop over registers; Peak says how many multiply-adds n steps were.
type peaker interface{ Peak(n int) int }

// peakOf returns the best of some turns, in thousand million operations a second.
func peakOf(p peaker) float64 {
	const turns, steps = 40, 200_000
	best := 0.0
	for range turns {
		start := time.Now()
		macs := p.Peak(steps)
		best = max(best, gops(2*int64(macs), milliseconds(time.Since(start))))
	}
	return best
}

// native is a target in a tier of ours.
func (t *target) native(k engine.Kernels) (Contender, error) {
	s, err := t.net.steps(t.head, k)
	if err != nil {
		return Contender{}, err
	}
	return Contender{Net: t.name, Engine: k.Name(), Ours: true, Ops: t.ops, Run: Repeat(s.All)}, nil
}

func (n *Net) steps(h *model.Head, k engine.Kernels) (*steps.Steps, error) {
	return steps.New(n.Backbone, h, n.Image, k)
}

// addStages times what one image goes through from a JPEG of one megapixel to the map, in the fastest tier.
func (r *Report) addStages(ctx context.Context, nets []*Net, tiers []engine.Kernels, opt *Options) error {
	k := tiers[len(tiers)-1]
	for _, n := range nets {
		if n.Head == nil {
			continue
		}
		s, err := n.steps(n.Head, k)
		if err != nil {
			return err
		}
		stages, err := s.Stages(n.JPEG, n.Head.Preprocess)
		if err != nil {
			return err
		}
		var list []Contender
		for _, x := range stages {
			list = append(list, Contender{Net: x.Name, Engine: k.Name(), Ours: true, Run: Repeat(x.Run)})
		}
		results, err := Alternate(ctx, list, opt)
		if err != nil {
			return err
		}
		r.Stages = append(r.Stages, results...)
	}
	return nil
}

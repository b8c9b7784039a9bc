package detect

import (
	"fmt"

	"anomnet/core/engine"
	"anomnet/core/imaging"
)

// levelsPerStd is how many u7 levels one standard deviation of a channel over natural images takes: 127 levels reach
// eight deviations.
const levelsPerStd = 16

// Extractor computes the patch vectors of prepared images. It is for one goroutine.
type Extractor struct {
	runner *engine.Runner
	grid   *Grid
	scale  []float32
	means  []engine.MeanCall
}

// NewExtractor returns an extractor for images of h x w pixels. With zeros, local means at the border count zeros outside of the taps (a head's
// ZeroPadding). scale is the feature scale of a head, [C]; when it is nil, one that balances the channels is made from std, the deviation of each
// channel's local mean in steps of its tap, [C].
func NewExtractor(net *engine.Net, h, w int, zeros bool, scale, std []float32) (*Extractor, error) {
	r, err := engine.NewRunner(net, h, w, nil)
	if err != nil {
		return nil, err
	}
	g, err := NewGrid(r.Taps(), h, w)
	if err != nil {
		return nil, err
	}
	if scale == nil && len(std) == g.C {
		scale = make([]float32, g.C)
		for c := range scale {
			scale[c] = float32(float32(g.MeanFactor(c)*levelsPerStd) / std[c])
		}
	}
	if len(scale) != g.C {
		return nil, fmt.Errorf("detect: %d feature scales for %d channels", len(scale), g.C)
	}
	return &Extractor{runner: r, grid: g, scale: scale, means: g.calls(scale, zeros)}, nil
}

// Grid returns the shape of the patch vectors.
func (x *Extractor) Grid() *Grid { return x.grid }

// Scale returns the feature scales.
func (x *Extractor) Scale() []float32 { return x.scale }

// Extract writes the patch vectors of img, [Patches][C], to dst: clamp(roundHalfToEven(f32(sum) * scale[c]), 0, 127).
func (x *Extractor) Extract(img *imaging.RGB, dst []uint8) error {
	if h, w := x.runner.Size(); img.W != w || img.H != h {
		return fmt.Errorf("detect: image of %d x %d, want %d x %d", img.W, img.H, w, h)
	}
	if err := x.runner.Run(img.Pix); err != nil {
		return err
	}
	x.Means(dst)
	return nil
}

// Runner returns the runner behind the extractor.
func (x *Extractor) Runner() *engine.Runner { return x.runner }

// Means writes the patch vectors of the taps that the runner holds.
func (x *Extractor) Means(dst []uint8) {
	for i := range x.means {
		x.means[i].Out.Data = dst
		x.runner.Net().Kernels().LocalMean(&x.means[i])
		x.means[i].Out.Data = nil
	}
}

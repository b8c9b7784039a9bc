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
	taps   []TapMap
	grid   *Grid
	sums   []uint16
	scale  []float32
}

// NewExtractor returns an extractor for images of h x w pixels. scale is the feature scale of a head, [C]; when it is nil,
// one that balances the channels is made from std, the deviation of each channel's local mean in steps of its tap, [C].
func NewExtractor(net *engine.Net, h, w int, scale, std []float32) (*Extractor, error) {
	r, err := engine.NewRunner(net, h, w)
	if err != nil {
		return nil, err
	}
	taps := CopyTaps(r, len(net.Graph().Taps), nil)
	g, err := NewGrid(taps, h, w)
	if err != nil {
		return nil, err
	}
	if scale == nil && len(std) == g.C {
		scale = make([]float32, g.C)
		for c := range scale {
			scale[c] = float32(float32(g.MeanFactor(taps, c)*levelsPerStd) / std[c])
		}
	}
	if len(scale) != g.C {
		return nil, fmt.Errorf("detect: %d feature scales for %d channels", len(scale), g.C)
	}
	return &Extractor{runner: r, taps: taps, grid: g, sums: make([]uint16, g.Patches()*g.C), scale: scale}, nil
}

// Grid returns the shape of the patch vectors.
func (x *Extractor) Grid() *Grid { return x.grid }

// Scale returns the feature scales.
func (x *Extractor) Scale() []float32 { return x.scale }

// Extract writes the patch vectors of img, [Patches][C], to dst.
func (x *Extractor) Extract(img *imaging.RGB, dst []uint8) error {
	if h, w := x.runner.Size(); img.W != w || img.H != h {
		return fmt.Errorf("detect: image of %d x %d, want %d x %d", img.W, img.H, w, h)
	}
	if err := x.runner.Run(img.Pix); err != nil {
		return err
	}
	CopyTaps(x.runner, len(x.taps), x.taps)
	x.grid.Sums(x.taps, x.sums)
	Quantize(x.sums, x.scale, dst)
	return nil
}

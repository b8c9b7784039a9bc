// Package baseline holds the methods that AnomNet is compared with, written from their papers: PatchCore, PaDiM, k-means, CFA and
// SimpleNet. All work on the patch vectors that core computed, so that a comparison is of methods and not of backbones; docs/baselines.md
// has the formulas and says where ours differ from the papers.
//
//	d, err := baseline.NewPaDiM(ctx, in, seed)
//	image := d.Detect(x, patches) // patch scores of one image, and its score by the method's own rule
//
// PatchCore and k-means end as centroids, so core/teach makes heads of them and the engine scores them. CFA and SimpleNet learn with
// libtorch (build tag torch) and score in float32 here.
package baseline

import (
	"fmt"

	"anomnet/core/detect"
)

// levels is how many u7 levels a patch vector has for one standard deviation of a channel over natural images; float methods see x/levels.
const levels = 16

// Input is what the float methods learn from: patch vectors of good images on one grid.
type Input struct {
	H, W, C int
	Good    [][]uint8 // of each image [H*W][C], 0..127
}

func (in *Input) check() error {
	if in == nil || in.H < 1 || in.W < 1 || in.C < 1 || len(in.Good) < 2 {
		return fmt.Errorf("baseline: want at least two images on a grid")
	}
	for i, x := range in.Good {
		if len(x) != in.H*in.W*in.C {
			return fmt.Errorf("baseline: image %d has %d values, want %d x %d x %d", i, len(x), in.H, in.W, in.C)
		}
		for j, v := range x {
			if v > 127 {
				return fmt.Errorf("baseline: image %d: value %d at %d, want 0..127", i, v, j)
			}
		}
	}
	return nil
}

// Detector scores images by their patch vectors. It is for one goroutine.
type Detector interface {
	// Detect writes the patch scores of x [H*W][C] to patches and gives the image score by the method's own rule.
	Detect(x []uint8, patches []float32) (image float32, err error)
	// Bytes is the size of what must be kept to score, in float32 unless the method says otherwise.
	Bytes() int
}

// peak is the image score of PaDiM, CFA and SimpleNet: the maximum of the smoothed map. scratch has twice the length of patches.
func peak(patches []float32, h, w int, scratch []float32) float32 {
	n := len(patches)
	detect.Smooth(patches, h, w, scratch[:n], scratch[n:2*n])
	best := scratch[0]
	for _, v := range scratch[:n] {
		best = max(best, v)
	}
	return best
}

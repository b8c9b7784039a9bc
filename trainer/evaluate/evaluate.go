// Package evaluate measures a head on a test set: image and pixel figures of the field, and what a plant would see
// (recall at a false-reject rate, the real false-reject rate at the calibrated limit).
package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/metrics"
	"anomnet/trainer/dataset"
)

// Scored is one image of the test set with its result.
type Scored struct {
	dataset.Item
	Result *inspect.Result
	MS     float64 // decoding and scoring
}

// Figures are the results; the JSON keys are stable.
type Figures struct {
	ImageAUROC      float64 `json:"image_auroc"`
	AP              float64 `json:"ap"`
	F1Max           float64 `json:"f1_max"`
	PixelAUROC      float64 `json:"pixel_auroc"`
	AUPRO           float64 `json:"aupro"`    // false-positive rate up to 0.3
	AUPRO05         float64 `json:"aupro_05"` // up to 0.05, where inspection happens
	RecallAt1       float64 `json:"recall_at_1"`
	RecallAt5       float64 `json:"recall_at_5"`
	FalseRejectRate float64 `json:"false_reject_rate"` // good images called NG at the calibrated limit
	Recall          float64 `json:"recall"`            // defective images called NG at the calibrated limit
	Good            int     `json:"n_good"`
	Defect          int     `json:"n_defect"`
	Masked          int     `json:"n_masked"` // defective images with a mask; pixel figures use these and the good ones
	Empty           int     `json:"n_empty"`  // of those, the ones whose mask is empty at the model's input: too small, or cropped away
	MSPerImage      float64 `json:"ms_per_image"`
	// Targets are the limits for false-reject rates of 1 % and 5 %; none for a method without a calibrated limit.
	Targets []Target `json:"targets,omitempty"`
	// Left names figures that could not be computed, and why; they are 0.
	Left map[string]string `json:"left_out,omitempty"`
}

// Score inspects all images of items with a number of workers, in order. progress is called from one goroutine at a time.
func Score(ctx context.Context, in *inspect.Inspector, items []dataset.Item, workers int, progress func(done, total int)) ([]Scored, error) {
	out := make([]Scored, len(items))
	err := in.Each(ctx, len(items), workers, progress, func(worker *inspect.Inspector, i int) error {
		return scoreOne(worker, items[i], &out[i])
	})
	return out, err
}

func scoreOne(in *inspect.Inspector, item dataset.Item, out *Scored) error {
	data, err := dataset.Read(item.Path)
	if err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	start := time.Now()
	res, err := in.Inspect(data)
	if err != nil {
		return fmt.Errorf("evaluate: %s: %w", item.Path, err)
	}
	*out = Scored{Item: item, Result: res, MS: float64(time.Since(start).Microseconds()) / 1000}
	res.Preview = nil // the pixels of all images are more than memory holds
	return nil
}

// Compute turns scored images into figures. Pixel figures are taken of the model's input, to which images come by pre; what fit leaves over counts as good.
func Compute(scored []Scored, pre imaging.Preprocess) (*Figures, error) {
	return ComputeWith(scored, NewMasks(pre))
}

// ComputeWith is Compute with masks that may have been loaded before.
func ComputeWith(scored []Scored, masks *Masks) (*Figures, error) {
	f := &Figures{Left: map[string]string{}}
	var scores []float32
	var labels, called []bool
	for _, s := range scored {
		scores, labels = append(scores, s.Result.Raw), append(labels, !s.Good())
		called = append(called, s.Result.Verdict == calibrate.NG)
		f.MSPerImage += s.MS / float64(len(scored))
	}
	c, err := metrics.Confuse(called, labels)
	if err != nil {
		return nil, err
	}
	f.Good, f.Defect, f.FalseRejectRate, f.Recall = c.FP+c.TN, c.TP+c.FN, c.FalseRejectRate(), c.Recall()
	if err := f.imageFigures(scores, labels); errors.Is(err, metrics.ErrOneClass) {
		f.Left["image"] = err.Error()
	} else if err != nil {
		return nil, err
	}
	return f, f.pixelFigures(scored, masks)
}

func (f *Figures) imageFigures(scores []float32, labels []bool) (err error) {
	if f.ImageAUROC, err = metrics.AUROC(scores, labels); err != nil {
		return err
	}
	if f.AP, err = metrics.AveragePrecision(scores, labels); err != nil {
		return err
	}
	if f.F1Max, _, err = metrics.F1Max(scores, labels); err != nil {
		return err
	}
	if f.RecallAt1, err = metrics.RecallAtFPR(scores, labels, 0.01); err != nil {
		return err
	}
	f.RecallAt5, err = metrics.RecallAtFPR(scores, labels, 0.05)
	return err
}

// The false-positive rates up to which the region overlap is integrated: the usual one, and one where inspection happens.
const (
	auproLimit = 0.3
	auproTight = 0.05
)

func (f *Figures) pixelFigures(scored []Scored, masks *Masks) error {
	if len(scored) > 0 && scored[0].Result.ROI != nil {
		f.Left["pixel"] = "the head looks at a region of interest only"
		return nil
	}
	var known []Scored // what is defective in them
	for _, s := range scored {
		if s.Good() || s.Mask != "" {
			known = append(known, s)
		}
		if !s.Good() && s.Mask != "" {
			f.Masked++
		}
	}
	if f.Masked == 0 {
		f.Left["pixel"] = "no defective image has a mask"
		return nil
	}
	w, h := masks.pre.Width, masks.pre.Height
	if len(known)*w*h > metrics.MaxPixels { // the image figures do not depend on it
		f.Left["pixel"] = fmt.Sprintf("%d images at %d x %d have more than %d pixels", len(known), w, h, metrics.MaxPixels)
		return nil
	}
	var maps [][]float32
	var truth []metrics.Mask
	for _, s := range known {
		mask, err := masks.Of(s.Item)
		if err != nil {
			return err
		}
		if !s.Good() && !slices.Contains(mask.Pix, true) {
			f.Empty++
		}
		truth = append(truth, mask)
		maps = append(maps, detect.Upsample(s.Result.Map, s.Result.MapW, s.Result.MapH, w, h))
	}
	auroc, aupro, err := metrics.Pixels(maps, truth, auproLimit, auproTight)
	if errors.Is(err, metrics.ErrOneClass) { // small defects vanish at a small input size
		f.Left["pixel"] = fmt.Sprintf("the masks are empty, or full, at %d x %d pixels", w, h)
		return nil
	}
	if err != nil {
		return err
	}
	f.PixelAUROC, f.AUPRO, f.AUPRO05 = auroc, aupro[0], aupro[1]
	return nil
}

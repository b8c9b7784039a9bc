package compare

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/inspect"
	"anomnet/core/metrics"
	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/trainer/baseline"
	"anomnet/trainer/evaluate"
	"anomnet/trainer/method"
)

// The methods that have no head.
const (
	PaDiM     = "padim"
	CFA       = "cfa"
	SimpleNet = "simplenet"
)

// Methods lists all methods, AnomNet first.
func Methods() []string { return append(method.Names(), PaDiM, CFA, SimpleNet) }

// Gradient says whether a method is trained with libtorch, on a device.
func Gradient(name string) bool { return name == method.AnomNet || name == CFA || name == SimpleNet }

// Key says which cell of the table it is. Two cells with the same key are the same.
type Key struct {
	Method   string `json:"method"`
	Data     string `json:"data"`
	Bytes    int    `json:"head_bytes_allowed"` // of the centroids; methods without a head ignore it
	Seed     int64  `json:"seed"`
	Size     string `json:"input"` // width x height
	Backbone string `json:"backbone_sha256"`
	Train    string `json:"train_sha256"`
	Test     string `json:"test_sha256"`
	Steps    string `json:"steps"` // what was asked of gradient methods; "default"
	Software string `json:"software"`
	Device   string `json:"device,omitempty"` // of gradient methods, unless it is the CPU
}

// Cell is the result of one method on one data set with one seed.
type Cell struct {
	Key
	Figures      evaluate.Figures  `json:"figures"`         // image figures by the method's own score
	ImageTop     float64           `json:"image_auroc_top"` // image AUROC by the mean of the 1 % largest patch scores, the same rule for all
	TrainSeconds float64           `json:"train_seconds"`   // without features
	HeadBytes    int               `json:"head_bytes"`      // of the model file, or of what a method without a head keeps
	ScoreMS      float64           `json:"score_ms"`        // from patch vectors to map and score, on one core
	Settings     map[string]any    `json:"settings"`        // what was chosen
	Images       []Image           `json:"images"`
	Worst        []Map             `json:"worst"` // maps of the images that are most wrong
	Notes        map[string]string `json:"notes,omitempty"`
}

// Image is a test image with its score.
type Image struct {
	Path  string  `json:"path"` // below the data set's folder
	Label string  `json:"label"`
	Mask  string  `json:"mask,omitempty"`
	Score float32 `json:"score"`

	MaskLevel uint8 `json:"mask_level,omitempty"`
}

// Map is the anomaly map of an image.
type Map struct {
	Image  int       `json:"image"` // in Images
	Wrong  float64   `json:"wrong"` // share of the images of the other kind that lie on the wrong side of this one
	W      int       `json:"w"`
	H      int       `json:"h"`
	Values []float32 `json:"values"`
}

// worst is how many images of a cell keep their maps.
const worst = 10

// detector is a method after training.
type detector struct {
	detect   func(x []uint8, patches []float32) (image float32, err error)
	bytes    int
	cal      *calibrate.Calibration // of a head
	settings map[string]any
}

// Options of the cells; nil for defaults.
type Options struct {
	Kernels engine.Kernels
	Workers int    // of one cell, default 1
	Device  string // of gradient methods
	Steps   int    // of each stage of AnomNet and of CFA and SimpleNet; 0 for the defaults
}

// cell trains and measures.
func (d *Data) cell(ctx context.Context, k Key, o Options) (*Cell, error) {
	var waited time.Duration // for libtorch, while other cells had it: a cell is timed as if it ran alone
	start := time.Now()
	det, err := d.train(ctx, k, o, &waited)
	if err != nil {
		return nil, fmt.Errorf("compare: %s on %s, seed %d: %w", k.Method, k.Data, k.Seed, err)
	}
	c := &Cell{Key: k, TrainSeconds: (time.Since(start) - waited).Seconds(), HeadBytes: det.bytes, Settings: det.settings}
	if err := d.measure(ctx, det, c, &waited); err != nil {
		return nil, fmt.Errorf("compare: %s on %s, seed %d: %w", k.Method, k.Data, k.Seed, err)
	}
	return c, nil
}

// train makes the detector of a cell. To waited it adds how long this, and later detecting, waits for libtorch.
func (d *Data) train(ctx context.Context, k Key, o Options, waited *time.Duration) (*detector, error) {
	hear := func(t time.Duration) { *waited += t }
	gradient := &baseline.GradientOptions{Device: o.Device, Seed: k.Seed, Steps: o.Steps, Threads: max(1, o.Workers), Waited: hear}
	switch k.Method {
	case PaDiM:
		p, err := baseline.NewPaDiM(ctx, d.input(), k.Seed)
		if err != nil {
			return nil, err
		}
		return &detector{detect: p.Detect, bytes: p.Bytes(), settings: map[string]any{"channels": 100}}, nil
	case CFA, SimpleNet:
		learn := baseline.NewCFA
		if k.Method == SimpleNet {
			learn = baseline.NewSimpleNet
		}
		t, err := learn(ctx, d.input(), gradient)
		if err != nil {
			return nil, err
		}
		return &detector{detect: t.Detect, bytes: t.Bytes(), settings: map[string]any{"steps": len(t.Loss), "first_loss": t.Loss[0], "last_loss": t.Loss[len(t.Loss)-1]}}, nil
	}
	mo := method.Options{Method: k.Method, Bytes: k.Bytes}
	mo.Fit.Part, mo.Fit.Seed = k.Data, k.Seed
	mo.Learn.Device, mo.Learn.Threads, mo.Learn.Steps1, mo.Learn.Steps2, mo.Learn.Waited = o.Device, max(1, o.Workers), o.Steps, o.Steps, hear
	made, err := method.Fit(ctx, d.Set, mo, &teach.Options{Kernels: o.Kernels, Workers: max(1, o.Workers)})
	if err != nil {
		return nil, err
	}
	return d.engineDetector(made, k.Method, o)
}

// engineDetector scores with the engine; PatchCore's image score is weighed here.
func (d *Data) engineDetector(made *method.Made, name string, o Options) (*detector, error) {
	h := made.Head
	kernels := o.Kernels
	if kernels == nil {
		kernels = engine.Fastest()
	}
	em, err := detect.NewEmbedder(&h.Adapter, kernels)
	if err != nil {
		return nil, err
	}
	scorer, err := detect.NewScorer(&h.Centroids, kernels)
	if err != nil {
		return nil, err
	}
	data, err := model.Encode(&model.File{Head: h})
	if err != nil {
		return nil, err
	}
	n := d.Set.Patches
	e, d2, scratch := make([]int8, n*h.Adapter.Out), make([]int32, n), make([]float32, n)
	score := func(patches []float32) (float32, error) { return detect.ImageScore(patches, h.TopK, scratch), nil }
	det := &detector{bytes: len(data), cal: h.Calibration, settings: map[string]any{"norm": made.Fit.Norm, "copies": made.Fit.Augment, "centroids": h.Centroids.K, "embedding": h.Adapter.Out}}
	if made.Learned != nil {
		det.settings["kept"], det.settings["whitening"], det.settings["pseudo_untrained"], det.settings["pseudo_trained"] = made.Kept, made.Power, made.Before.AUROC, made.After.AUROC
	}
	if name == method.PatchCore {
		p, err := baseline.NewPatchCore(h.Centroids)
		if err != nil {
			return nil, err
		}
		score = func(patches []float32) (float32, error) { return p.Image(e, patches) }
		det.cal = nil // made for the score of the engine
	}
	det.detect = func(x []uint8, patches []float32) (float32, error) {
		em.Embed(x, n, e)
		scorer.Nearest(e, n, d2)
		for i, v := range d2 {
			patches[i] = detect.Distance(v)
		}
		return score(patches)
	}
	return det, nil
}

// measure scores the test set and fills the figures in.
func (d *Data) measure(ctx context.Context, det *detector, c *Cell, waited *time.Duration) error {
	h, w := d.pre.Height/detect.GridStride, d.pre.Width/detect.GridStride
	n := h * w
	patches, scratch := make([]float32, n), make([]float32, n)
	scored := make([]evaluate.Scored, len(d.Test))
	top, labels := make([]float32, len(d.Test)), make([]bool, len(d.Test))
	for i, t := range d.Test {
		if err := ctx.Err(); err != nil {
			return err
		}
		start, before := time.Now(), *waited
		image, err := det.detect(t.X, patches)
		if err != nil {
			return err
		}
		m := make([]float32, n)
		detect.Smooth(patches, h, w, m, scratch)
		c.ScoreMS += float64((time.Since(start) - *waited + before).Microseconds()) / 1000 / float64(len(d.Test))
		if err := finite(image, m); err != nil {
			return fmt.Errorf("%s: %w", t.Path, err)
		}
		top[i], labels[i] = detect.ImageScore(patches, max(1, n/100), scratch), !t.Good()
		verdict := calibrate.OK
		if det.cal != nil {
			verdict = det.cal.Verdict(image)
		}
		scored[i] = evaluate.Scored{Item: t.Item, Result: &inspect.Result{Raw: image, Map: m, MapW: w, MapH: h, Verdict: verdict}}
		c.Images = append(c.Images, Image{below(d.Dir, t.Path), t.Label, below(d.Dir, t.Mask), image, t.MaskLevel})
	}
	f, err := evaluate.ComputeWith(scored, d.masks)
	if err != nil {
		return err
	}
	f.MSPerImage = c.ScoreMS
	if det.cal == nil {
		f.FalseRejectRate, f.Recall = 0, 0
		f.Left["limit"] = "the method has no calibrated limit"
	} else {
		f.Targets = evaluate.Targets(scored, det.cal)
	}
	c.Figures = *f
	c.Worst = worstMaps(scored)
	if f.Left["image"] == "" {
		c.ImageTop, err = metrics.AUROC(top, labels)
	}
	return err
}

// finite refuses scores that are no numbers, which a training that diverged can give.
func finite(image float32, m []float32) error {
	for _, v := range append(slices.Clone(m), image) {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("the method gives a score of %v", v)
		}
	}
	return nil
}

func below(dir, path string) string {
	if path == "" {
		return ""
	}
	if rel, err := filepath.Rel(dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// worstMaps keeps the maps of the images that are most wrong: a defective image below many good ones, a good one above many defective ones.
func worstMaps(scored []evaluate.Scored) []Map {
	var good, bad []float32
	for _, s := range scored {
		if s.Good() {
			good = append(good, s.Result.Raw)
		} else {
			bad = append(bad, s.Result.Raw)
		}
	}
	slices.Sort(good)
	slices.Sort(bad)
	share := func(sorted []float32, v float32) float64 { // at or below v
		n, _ := slices.BinarySearchFunc(sorted, v, func(x, v float32) int {
			if x <= v {
				return -1
			}
			return 1
		})
		return float64(n) / float64(max(1, len(sorted)))
	}
	all := make([]Map, len(scored))
	for i, s := range scored {
		all[i] = Map{Image: i, W: s.Result.MapW, H: s.Result.MapH, Values: s.Result.Map}
		if s.Good() {
			all[i].Wrong = share(bad, s.Result.Raw)
		} else if len(good) > 0 {
			all[i].Wrong = 1 - share(good, s.Result.Raw)
		}
	}
	slices.SortStableFunc(all, func(a, b Map) int {
		switch {
		case a.Wrong > b.Wrong:
			return -1
		case a.Wrong < b.Wrong:
			return 1
		}
		return 0
	})
	return all[:min(worst, len(all))]
}

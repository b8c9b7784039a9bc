package teach

import (
	"context"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/model"
	"anomnet/core/parallel"
)

// Check is what a head says about a check case.
type Check struct {
	Name    string            `json:"name"`
	SHA256  string            `json:"sha256"`
	Score   float32           `json:"score"`
	Ratio   float64           `json:"ratio"` // to the limit
	Verdict calibrate.Verdict `json:"verdict"`
}

// scorer scores features with a finished head.
type scorer struct {
	embedder *detect.Embedder
	mapper   *detect.Mapper
	e        []int8
}

// check scores images with a head, as core/inspect would from the images.
func (s *Set) check(ctx context.Context, head *model.Head, images []*Features, opt *Options) ([]Check, error) {
	packed, err := detect.NewScorer(&head.Centroids, opt.kernels())
	if err != nil {
		return nil, err
	}
	newScorer := func() (*scorer, error) {
		em, err := detect.NewEmbedder(&head.Adapter, opt.kernels())
		return &scorer{em, detect.NewMapper(packed, s.h, s.w, s.roi), make([]int8, s.Patches*head.Adapter.Out)}, err
	}
	out := make([]Check, len(images))
	_, err = parallel.Run(ctx, len(images), opt.workers(), opt.progress("check cases"), newScorer, func(w *scorer, i int) error {
		w.embedder.Embed(images[i].inside(s.roi, s.w, s.h).X, s.Patches, w.e)
		w.mapper.Map(w.e)
		score, cal := w.mapper.ImageScore(head.TopK), head.Calibration
		out[i] = Check{images[i].Name, images[i].SHA256, score, cal.Ratio(score), cal.Verdict(score)}
		return nil
	})
	return out, err
}

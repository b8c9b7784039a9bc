// Package steps cuts scoring into its steps, on prepared pixels and buffers that exist already, so that the benchmarks time the same code
// natively and in the browser.
package steps

import (
	"fmt"
	"time"

	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
)

// Steps is a network, and perhaps a head, in one tier. It is for one goroutine.
type Steps struct {
	Runner   *engine.Runner
	img      *imaging.RGB
	extract  *detect.Extractor // this and the rest is nil without a head
	embedder *detect.Embedder
	scorer   *detect.Scorer
	mapper   *detect.Mapper
	patches  int
	x        []uint8
	e        []int8
}

// New prepares to score img with a backbone and, when it is not nil, a head.
func New(b *model.Backbone, h *model.Head, img *imaging.RGB, k engine.Kernels) (*Steps, error) {
	net, err := engine.NewNet(b.Graph, k)
	if err != nil {
		return nil, err
	}
	s := &Steps{img: img}
	if h == nil {
		s.Runner, err = engine.NewRunner(net, img.H, img.W, nil)
		return s, err
	}
	if s.extract, err = detect.NewExtractor(net, img.H, img.W, h.ZeroPadding, h.FeatureScale, nil); err != nil {
		return nil, err
	}
	s.Runner = s.extract.Runner()
	if s.embedder, err = detect.NewEmbedder(&h.Adapter, k); err != nil {
		return nil, err
	}
	if s.scorer, err = detect.NewScorer(&h.Centroids, k); err != nil {
		return nil, err
	}
	g := s.extract.Grid()
	s.mapper = detect.NewMapper(s.scorer, g.H, g.W, nil)
	s.patches, s.x, s.e = g.Patches(), make([]uint8, g.Patches()*g.C), make([]int8, g.Patches()*h.Adapter.Out)
	return s, nil
}

// Net runs the network.
func (s *Steps) Net() error { return s.Runner.Run(s.img.Pix) }

func (s *Steps) features() { s.extract.Means(s.x) }
func (s *Steps) embed()    { s.embedder.Embed(s.x, s.patches, s.e) }
func (s *Steps) search()   { s.mapper.Map(s.e) }

// Stage is a part of the way from a file to the map.
type Stage struct {
	Name string
	Run  func() error
}

// Stages returns all parts of the way of an image file; s must have a head.
func (s *Steps) Stages(file []byte, pre imaging.Preprocess) ([]Stage, error) {
	img, err := imaging.Open(file, nil)
	if err != nil {
		return nil, err
	}
	do := func(f func()) func() error { return func() error { f(); return nil } }
	return []Stage{
		{fmt.Sprintf("decode JPEG %d x %d", img.W, img.H), func() error { _, err := imaging.Open(file, nil); return err }},
		{"convert and resize", func() error { _, err := img.Prepare(pre); return err }},
		{"backbone", s.Net}, {"features", do(s.features)}, {"embedding", do(s.embed)}, {"search and map", do(s.search)},
	}, nil
}

// Layers runs the network once and appends to ms how many milliseconds the image and each operation took.
func (s *Steps) Layers(ms []float64) ([]float64, error) {
	start := time.Now()
	if err := s.Runner.Load(s.img.Pix); err != nil {
		return ms, err
	}
	for i := range s.Runner.Net().Graph().Ops {
		now := time.Now()
		ms, start = append(ms, float64(now.Sub(start).Nanoseconds())/1e6), now
		s.Runner.Step(i)
	}
	return append(ms, float64(time.Since(start).Nanoseconds())/1e6), nil
}

// All is everything that there is: the network, and what belongs to the head.
func (s *Steps) All() error {
	if err := s.Net(); err != nil || s.extract == nil {
		return err
	}
	s.features()
	s.embed()
	s.search()
	return nil
}

// Distances returns the distance of every patch to its nearest centroid.
func (s *Steps) Distances() []float64 {
	d2 := make([]int32, s.patches)
	s.scorer.Nearest(s.e, s.patches, d2)
	d := make([]float64, s.patches)
	for i := range d {
		d[i] = float64(detect.Distance(d2[i]))
	}
	return d
}

package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/model"
)

// builtIn returns the built-in backbone and head and a sample image.
func builtIn(b *testing.B) (*model.Backbone, *model.File, []byte) {
	b.Helper()
	data, err := os.ReadFile("../../assets/models/default.anomnet")
	require.NoError(b, err)
	head, err := model.Decode(data)
	require.NoError(b, err)
	backbone, err := model.Decode(assets.Backbone())
	require.NoError(b, err)
	sample, err := os.ReadFile("../../assets/samples/good-1.jpg")
	require.NoError(b, err)
	return backbone.Backbone, head, sample
}

// BenchmarkInspect scores a sample of the built-in part from file bytes to verdict, on one core, by tier.
func BenchmarkInspect(b *testing.B) {
	backbone, head, sample := builtIn(b)
	for _, tier := range engine.Tiers() {
		b.Run("tier="+tier.Name(), func(b *testing.B) {
			in, err := inspect.New(backbone, head.Head, head.Digest, &inspect.Options{Kernels: tier})
			require.NoError(b, err)
			for b.Loop() {
				if _, err := in.Inspect(sample); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStages times what BenchmarkInspect is made of, in the fastest tier.
func BenchmarkStages(b *testing.B) {
	backbone, head, sample := builtIn(b)
	h := head.Head
	img, err := imaging.Open(sample, nil)
	require.NoError(b, err)
	pre, err := img.Prepare(h.Preprocess)
	require.NoError(b, err)
	net, err := engine.NewNet(backbone.Graph, engine.Fastest())
	require.NoError(b, err)
	run, err := engine.NewRunner(net, h.Preprocess.Height, h.Preprocess.Width, nil)
	require.NoError(b, err)
	extract, err := detect.NewExtractor(net, h.Preprocess.Height, h.Preprocess.Width, h.ZeroPadding, h.FeatureScale, nil)
	require.NoError(b, err)
	grid := extract.Grid()
	x, e := make([]uint8, grid.Patches()*grid.C), make([]int8, grid.Patches()*h.Adapter.Out)
	require.NoError(b, extract.Extract(pre, x))
	embed, err := detect.NewEmbedder(&h.Adapter, engine.Fastest())
	require.NoError(b, err)
	scorer, err := detect.NewScorer(&h.Centroids, engine.Fastest())
	require.NoError(b, err)
	mapper := detect.NewMapper(scorer, grid.H, grid.W, nil)
	for _, stage := range []struct {
		name string
		do   func()
	}{
		{"decode", func() { _, _ = imaging.Open(sample, nil) }}, {"prepare", func() { _, _ = img.Prepare(h.Preprocess) }},
		{"backbone", func() { _ = run.Run(pre.Pix) }}, {"backbone+features", func() { _ = extract.Extract(pre, x) }},
		{"embed", func() { embed.Embed(x, grid.Patches(), e) }}, {"distances", func() { mapper.Map(e) }},
	} {
		b.Run("stage="+stage.name, func(b *testing.B) {
			for b.Loop() {
				stage.do()
			}
		})
	}
}

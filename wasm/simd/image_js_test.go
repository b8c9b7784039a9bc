//go:build js && wasm

package simd

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/wasm/bench/steps"
)

// BenchmarkImage times the steps of scoring 256x256 pixels with the built-in backbone and a head of 2,048 centroids x 128 with random values.
func BenchmarkImage(b *testing.B) {
	f, err := model.Decode(assets.Backbone())
	require.NoError(b, err)
	const size = 256
	rng := rand.New(rand.NewPCG(1, 1))
	img := &imaging.RGB{W: size, H: size, Pix: randomBytes(rng, size*size*3)}
	channels := len(f.Backbone.FeatureStd)
	head := &model.Head{FeatureScale: make([]float32, channels), Adapter: detect.Adapter{In: channels, Out: 128, Weight: make([]int8, channels*128), Scale: make([]float32, 128)},
		Centroids: detect.Centroids{K: 2048, D: 128, Data: make([]int8, 2048*128)}}
	for i := range head.FeatureScale {
		head.FeatureScale[i] = 1
	}
	for i := range head.Adapter.Weight {
		head.Adapter.Weight[i] = int8(min(max(rng.NormFloat64()*127/4, -127), 127))
	}
	for i := range head.Adapter.Scale {
		head.Adapter.Scale[i] = 0.001
	}
	fillEmbeddings(rng, head.Centroids.Data)
	for _, k := range append(engine.Tiers()[1:], bound()...) {
		s, err := steps.New(f.Backbone, head, img, k)
		require.NoError(b, err)
		for _, step := range []struct {
			name string
			run  func()
		}{{"net", func() { _ = s.Net() }}, {"all", func() { _ = s.All() }}} {
			b.Run(k.Name()+"/"+step.name, func(b *testing.B) { best(b, step.run) })
		}
	}
}

// best runs f and reports the best time of samples of at least 4 ms, beside the mean.
func best(b *testing.B, f func()) {
	for warm := time.Now(); time.Since(warm) < 100*time.Millisecond; {
		f()
	}
	time.Sleep(200 * time.Millisecond)
	least, n, from := time.Hour, 0, time.Now()
	b.ResetTimer()
	for range b.N {
		f()
		n++
		if d := time.Since(from); d >= 4*time.Millisecond {
			least, n, from = min(least, d/time.Duration(n)), 0, time.Now()
		}
	}
	b.ReportMetric(float64(least.Microseconds())/1000, "best-ms")
}

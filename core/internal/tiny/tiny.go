// Package tiny makes small random models for tests of the core packages.
package tiny

import (
	"math/rand/v2"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
)

// Backbone has two taps, of 6 channels at stride 8 and 5 at stride 16.
func Backbone(seed uint64) *model.Backbone {
	rng := rand.New(rand.NewPCG(seed, 1))
	conv := func(name, in string, ci, co int) engine.Op {
		op := engine.Op{Name: name, Kind: engine.KindConv, Input: in, In: ci, Out: co, Kernel: 3, Stride: 2, Pad: 1}
		for range ci * co * 9 {
			op.Weight = append(op.Weight, int8(rng.IntN(255)-127))
		}
		for range co {
			op.Bias = append(op.Bias, int32(rng.IntN(2000)))
			op.Scale = append(op.Scale, 0.004+0.002*rng.Float32())
		}
		return op
	}
	b := &model.Backbone{
		Name: "tiny", Licence: "none", Provenance: model.Provenance{Method: "test", Software: "tiny"},
		Graph: &engine.Graph{Input: engine.InputU7, Taps: []string{"c", "d"}, Ops: []engine.Op{
			conv("a", engine.ImageInput, 3, 4), conv("b", "a", 4, 4), conv("c", "b", 4, 6), conv("d", "c", 6, 5),
		}},
	}
	for range 11 {
		b.FeatureStd = append(b.FeatureStd, 10+10*rng.Float32())
	}
	return b
}

// Head is a random head of images of 64 x 32 pixels for b.
func Head(b *model.Backbone, seed uint64) *model.Head {
	rng := rand.New(rand.NewPCG(seed, 2))
	digest, err := b.Digest()
	if err != nil {
		panic(err) // tests only
	}
	h := &model.Head{
		Part: "tiny part", BackboneDigest: digest, TopK: 2,
		Preprocess: imaging.Preprocess{Width: 64, Height: 32, Mode: imaging.Stretch},
		Adapter:    detect.Adapter{In: 11, Out: 7}, Centroids: detect.Centroids{K: 14, D: 7},
		Calibration: &calibrate.Calibration{
			Scores: []float32{1, 2, 3, 4}, FalseRejectRate: 0.2, Limit: 4, Review: 3, MapLow: 1, MapHigh: 7,
		},
		Provenance: model.Provenance{Method: "test", Software: "tiny", Seed: int64(seed)},
	}
	for range 11 {
		h.FeatureScale = append(h.FeatureScale, 0.05+0.05*rng.Float32())
	}
	for range 7 * 11 {
		h.Adapter.Weight = append(h.Adapter.Weight, int8(rng.IntN(255)-127))
	}
	for range 7 {
		h.Adapter.Scale = append(h.Adapter.Scale, 0.005+0.005*rng.Float32())
	}
	for range 14 * 7 {
		h.Centroids.Data = append(h.Centroids.Data, int8(rng.IntN(127)-63))
	}
	return h
}

// CodedHead is Head with its centroids in three bits a value, but for the first two.
func CodedHead(b *model.Backbone, seed uint64) *model.Head {
	h := Head(b, seed)
	h.Coded = &detect.Coded{Bits: 3}
	all := h.Centroids.Data
	before := detect.Centroids{D: h.Centroids.D}
	for ; before.K < h.Centroids.K; before.K++ {
		row := all[before.K*before.D:][:before.D]
		before.Data = all[:before.K*before.D]
		copy(row, h.Coded.Append(row, before, 2))
	}
	return h
}

// Image is a random picture with some structure.
func Image(w, h int, seed uint64) *imaging.RGB {
	rng := rand.New(rand.NewPCG(seed, 3))
	img := imaging.NewRGB(w, h)
	for y := range h {
		for x := range w {
			for c := range 3 {
				img.Pix[(y*w+x)*3+c] = uint8((x*3+y*(c+2))%200 + rng.IntN(56))
			}
		}
	}
	return img
}

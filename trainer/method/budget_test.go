package method

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"anomnet/core/detect"
	"anomnet/core/teach"
)

func TestBudget(t *testing.T) {
	for _, c := range []struct {
		name              string
		o                 Options
		embedding, number int
	}{
		{"anomnet", Options{}, 128, 4753},
		{"anomnet, 1 MB", Options{Bytes: 1_000_000}, 128, 19221},
		{"anomnet, a length given", Options{Bytes: 1_000_000, Fit: teach.FitOptions{Embedding: 288}}, 288, 8600},
		{"anomnet, 2 MB", Options{Bytes: 2_000_000}, 160, 31351},
		{"anomnet, a number given", Options{Fit: teach.FitOptions{Centroids: 100}}, 128, 100},
		{"anomnet, hardly any bytes", Options{Bytes: 1280}, 128, 10},
		{"k-centre", Options{Method: Untrained}, 128, 2048},
		{"patchcore", Options{Method: PatchCore, Fit: teach.FitOptions{Embedding: 288}}, 288, 910},
	} {
		c.o.budget(288)
		assert.Equal(t, c.embedding, c.o.Fit.Embedding, c.name)
		assert.Equal(t, c.number, c.o.Fit.Centroids, c.name)
		if k := c.o.Fit.Centroids; c.o.Bytes > 0 && k > teach.WholeCentroids {
			assert.LessOrEqual(t, detect.CodedBytes(k, c.o.Fit.Embedding, teach.WholeCentroids, codeBits), c.o.Bytes, c.name)
		}
	}
}

func TestInPlace(t *testing.T) {
	tried := func(image, patch float64) []teach.Tried {
		return []teach.Tried{
			{Norm: teach.NormRaw, Augment: teach.AugmentNone, Judgement: teach.Judgement{AUROC: 1, Patch: 1}}, // of the other normalisation
			{Norm: teach.NormL2, Augment: teach.AugmentD4, Judgement: teach.Judgement{AUROC: 0.65, Patch: 0.66}},
			{Norm: teach.NormL2, Augment: teach.AugmentNone, Judgement: teach.Judgement{AUROC: image, Patch: patch}},
		}
	}
	fit := teach.FitOptions{Norm: teach.NormL2, Augment: teach.AugmentD4}
	assert.Equal(t, teach.AugmentNone, inPlace(50, fit, tried(0.66, 0.7)))
	assert.Equal(t, teach.AugmentD4, inPlace(49, fit, tried(0.66, 0.7)), "few images")
	assert.Equal(t, teach.AugmentD4, inPlace(50, fit, tried(0.64, 0.7)), "images lose")
	assert.Equal(t, teach.AugmentD4, inPlace(50, fit, tried(0.66, 0.67)), "places hardly gain")
	assert.Equal(t, teach.AugmentD4, inPlace(50, fit, nil))
}

func TestCopies(t *testing.T) {
	for images, want := range map[int]teach.Augment{5: "turns+light+shift", 50: "turns+light+shift", 51: "d4+light+shift", 150: "d4+light+shift", 151: "none"} {
		assert.Equal(t, want, Copies(images), images)
	}
}

package protocol

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScoresTravelWithTheLoadResult(t *testing.T) {
	in := LoadResult{Part: "p", Calibration: 3, Mode: ModeFit, Limit: 2, Review: 1, MapHigh: 4}
	meta, err := Encode(in)
	require.NoError(t, err)
	out, err := Decode[LoadResult](meta)
	require.NoError(t, err)
	out, err = out.WithScores([][]byte{EncodeMap([]float32{0.5, 0.5, 1.5})})
	require.NoError(t, err)
	in.Scores = []float32{0.5, 0.5, 1.5}
	assert.Equal(t, in, out)
	for name, bufs := range map[string][][]byte{
		"none": nil, "two": {nil, nil}, "short": {EncodeMap([]float32{1, 2})}, "order": {EncodeMap([]float32{1, 3, 2})},
		"nan": {EncodeMap([]float32{1, 2, float32(math.NaN())})}, "negative": {EncodeMap([]float32{-1, 2, 3})},
	} {
		_, err := in.WithScores(bufs)
		assert.Error(t, err, name)
	}
	for name, spoil := range map[string]func(*LoadResult){
		"nan limit": func(r *LoadResult) { r.Limit = float32(math.NaN()) }, "review": func(r *LoadResult) { r.Review = 3 },
		"map": func(r *LoadResult) { r.MapHigh = -1 }, "top_k": func(r *LoadResult) { r.TopK = -1 },
	} {
		bad := in
		spoil(&bad)
		_, err := Encode(bad)
		assert.Error(t, err, name)
	}
}

func TestSimilarResult(t *testing.T) {
	good := SimilarResult{MapW: 4, MapH: 3, Worst: Spot{3, 2, 5}, Good: []Spot{{0, 0, 1.5}, {Distance: -1}}}
	meta, err := Encode(good)
	require.NoError(t, err)
	out, err := Decode[SimilarResult](meta)
	require.NoError(t, err)
	assert.Equal(t, good, out)
	for name, spoil := range map[string]func(*SimilarResult){
		"nil":      func(r *SimilarResult) { r.Good = nil },
		"many":     func(r *SimilarResult) { r.Good = make([]Spot, MaxSimilar+1) },
		"outside":  func(r *SimilarResult) { r.Worst.X = 4 },
		"above":    func(r *SimilarResult) { r.Good = []Spot{{0, -1, 1}} },
		"infinite": func(r *SimilarResult) { r.Good = []Spot{{0, 0, float32(math.Inf(1))}} },
		"size":     func(r *SimilarResult) { r.MapW = -1 },
	} {
		bad := good
		spoil(&bad)
		_, err := Encode(bad)
		assert.Error(t, err, name)
	}
}

func TestRegionsInAScore(t *testing.T) {
	r := sampleScore()
	r.Regions = []Region{{12, 0.5}}
	_, err := Encode(r)
	require.NoError(t, err)
	for _, g := range []Region{{0, 0.5}, {1, 1.5}, {1, math.NaN()}} {
		r.Regions = []Region{g}
		_, err := Encode(r)
		assert.ErrorContains(t, err, "regions")
	}
}

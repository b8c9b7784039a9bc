package baseline

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/trainer/cluster"
)

// k-means runs on a sample: Lloyd's rounds on all patches would take hours, and more patches than a few for each centre change its mean little.
const (
	kmeansPatches = 32768
	kmeansRounds  = 8
)

// KMeans is a chooser of centroids for core/teach: means of clusters of the embeddings e [n][D], as many as c has, instead of the members
// that k-centre chose.
func KMeans(ctx context.Context, e []int8, c detect.Centroids, seed int64, workers int) (detect.Centroids, error) {
	n := len(e) / c.D
	rng := rand.New(rand.NewPCG(uint64(seed), 0x6b6d))
	rows := rng.Perm(n)[:min(n, kmeansPatches)]
	slices.Sort(rows)
	x := make([]float32, 0, len(rows)*c.D)
	for _, r := range rows {
		for _, v := range e[r*c.D : (r+1)*c.D] {
			x = append(x, float32(v))
		}
	}
	if err := ctx.Err(); err != nil {
		return detect.Centroids{}, fmt.Errorf("baseline: %w", err)
	}
	centres, _ := cluster.KMeans(x, c.D, c.K, kmeansRounds, uint64(seed), workers)
	out := detect.Centroids{K: len(centres) / c.D, D: c.D, Data: make([]int8, len(centres))}
	for i, v := range centres {
		out.Data[i] = int8(max(-engine.EmbeddingMax, min(engine.EmbeddingMax, math.RoundToEven(float64(v)))))
	}
	return out, nil
}

package main

import (
	"encoding/json"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/bench"
)

// TestBenchEngine measures one round of the default part, without a peer.
func TestBenchEngine(t *testing.T) {
	models := filepath.Join("..", "..", "assets", "models")
	args := []string{"bench", "engine", "--json", "--rounds", "1", "--peer", "none", "--tier", "generic", "--image", filepath.Join("..", "..", "assets", "samples", "good-1.jpg")}
	var rep bench.Report
	code, stdout, stderr := cli(t, append(args, "--model", filepath.Join(models, "default.anomnet"))...)
	require.Equal(t, exitOK, code, stderr)
	require.NoError(t, json.Unmarshal([]byte(stdout), &rep))
	require.Len(t, rep.Results, 2)
	own, err := builtInBackbone()
	require.NoError(t, err)
	assert.Equal(t, []string{own.Name, own.Name + " + head"}, []string{rep.Results[0].Net, rep.Results[1].Net})
	for _, r := range rep.Results { // which is faster is for a quiet machine to say
		assert.Positive(t, r.Min, r.Net)
		assert.LessOrEqual(t, r.Min, r.Median, r.Net)
	}
	assert.InDelta(t, 2*float64(own.Graph.MultiplyAdds(256, 256)), rep.Results[0].Gops*rep.Results[0].Median*1e6, 0.1e6)
	layers := len(own.Graph.Ops)
	require.Len(t, rep.Layers, layers+2, "image, layers, total")
	total := rep.Layers[layers+1]
	assert.InDelta(t, 2*float64(own.Graph.MultiplyAdds(256, 256)), total.Gops*total.Median*1e6, 0.1e6)
	assert.Len(t, rep.Stages, 6)
	assert.Equal(t, runtime.NumCPU() > 1, len(rep.Ratios) == 1, "only that of several workers to one")
}

func TestBenchRefuses(t *testing.T) {
	image := filepath.Join("..", "..", "assets", "samples", "good-1.jpg")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"bench"}, exitUsage, "want engine or browser"},
		{[]string{"bench", "engine", "--image", image, "--tier", "magic"}, exitFailed, `no tier "magic"`},
		{[]string{"bench", "engine", "--image", image, "--peer", "/no/python"}, exitFailed, "/no/python"},
		{[]string{"bench", "engine", "--image", image, "--model", image}, exitFailed, "good-1.jpg"},
		{[]string{"bench", "browser", "--image", image, "--peer", "none", "--chromium", "/no/chromium"}, exitFailed, "/no/chromium"},
	} {
		code, _, stderr := cli(t, c.args...)
		assert.Equal(t, c.code, code, "%v", c.args)
		assert.Contains(t, stderr, c.says)
	}
}

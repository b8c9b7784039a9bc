//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/bench"
	"anomnet/core/model"
)

// TestBenchBrowser runs one round of `anomnet bench browser` without its peer. What it measures is of no interest here.
func TestBenchBrowser(t *testing.T) {
	read := func(path ...string) []byte {
		data, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "assets"}, path...)...))
		require.NoError(t, err)
		return data
	}
	b, err := model.Decode(read("models", "backbone.anomnet"))
	require.NoError(t, err)
	h, err := model.Decode(read("models", "default.anomnet"))
	require.NoError(t, err)
	n, err := bench.NewNet("default", b.Backbone, h.Head, read("samples", "good-1.jpg"))
	require.NoError(t, err)
	exe := os.Getenv("CHROMIUM")
	if exe == "" {
		exe = "/usr/bin/chromium"
	}
	opt := &bench.BrowserOptions{Options: bench.Options{Rounds: 1, Warm: time.Nanosecond}, Chromium: exe, Tiers: []string{"simd128", "relaxed"}}
	rep, err := bench.Browser(t.Context(), []*bench.Net{n}, opt)
	require.NoError(t, err)
	var got []string
	for _, r := range rep.Results {
		got = append(got, r.Net+", "+r.Engine)
		assert.Positive(t, r.Median)
	}
	assert.Equal(t, []string{"default, simd128", "default, relaxed", "default + head, simd128", "default + head, relaxed"}, got)
	require.Len(t, rep.Peaks, 2)
	assert.Positive(t, rep.Peaks[0].Gops)
	assert.Positive(t, rep.Peaks[1].Gops)
	assert.Len(t, rep.Stages, 6)
	opt.Tiers = []string{"magic"}
	_, err = bench.Browser(t.Context(), []*bench.Net{n}, opt)
	assert.ErrorContains(t, err, `not "magic"`)
}

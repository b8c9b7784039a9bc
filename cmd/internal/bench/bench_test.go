package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuantile(t *testing.T) {
	v := []float64{4, 1, 3, 2}
	assert.Equal(t, 1.0, Quantile(v, 0))
	assert.Equal(t, 1.75, Quantile(v, 0.25))
	assert.Equal(t, 2.5, Quantile(v, 0.5))
	assert.Equal(t, 4.0, Quantile(v, 1))
	assert.Equal(t, []float64{4, 1, 3, 2}, v)
	assert.True(t, math.IsNaN(Quantile(nil, 0.5)))
}

// steady returns a contender that takes ms by its own account and notes its turns.
func steady(name string, ours bool, turns *[]string, sizes map[string]int, ms func() float64) Contender {
	return Contender{Net: "net", Engine: name, Ours: ours, Ops: 6e6, Run: func(_ context.Context, n int) ([]float64, error) {
		*turns, sizes[name] = append(*turns, name), n
		out := make([]float64, n)
		for i := range out {
			out[i] = ms()
		}
		return out, nil
	}}
}

// TestAlternateTakesTurns: ratios are those within a round, so a machine that slows down during the run does not disturb them.
func TestAlternateTakesTurns(t *testing.T) {
	var turns []string
	sizes := map[string]int{}
	slow := 1.0
	fast := steady("ours", true, &turns, sizes, func() float64 { return 2 * slow })
	peer := steady("peer", false, &turns, sizes, func() float64 { return 6 * slow })
	results, err := Alternate(t.Context(), []Contender{fast, peer}, &Options{Rounds: 5, Turn: 20 * time.Millisecond, Warm: 1,
		Progress: func(done, _ int) { slow = float64(1 + done*done) }})
	require.NoError(t, err)
	assert.Equal(t, []string{"ours", "peer", "ours", "peer", "ours", "peer"}, turns[:6])
	assert.Equal(t, map[string]int{"ours": 10, "peer": 3}, sizes)
	assert.Equal(t, 50, results[0].Runs)
	assert.Equal(t, 2.0, results[0].Min)
	assert.Equal(t, 2.0*5, results[0].Median)
	assert.InDelta(t, 0.6, results[0].Gops, 1e-9)
	assert.Equal(t, []Ratio{{"net", "ours", "peer", 3, 3, 3, 3}}, Ratios(results))
}

func TestRatiosAreOfOurs(t *testing.T) {
	of := func(net, engine string, ours bool, ms float64) Result {
		return Result{Net: net, Engine: engine, Ours: ours, Min: ms, rounds: []float64{2 * ms}}
	}
	got := Ratios([]Result{of("a", "generic", true, 8), of("a", "fast", true, 2), of("a", "peer", false, 4), of("b", "peer", false, 1)})
	assert.Equal(t, []Ratio{{"a", "generic", "peer", 0.5, 0.5, 0.5, 0.5}, {"a", "fast", "generic", 4, 4, 4, 4}, {"a", "fast", "peer", 2, 2, 2, 2}}, got)
}

func TestAlternateStops(t *testing.T) {
	boom := errors.New("boom")
	_, err := Alternate(t.Context(), []Contender{{Net: "n", Engine: "e", Run: func(context.Context, int) ([]float64, error) { return nil, boom }}}, nil)
	require.ErrorIs(t, err, boom)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = Alternate(ctx, []Contender{{Run: func(_ context.Context, n int) ([]float64, error) {
		cancel()
		return make([]float64, n), nil
	}}}, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestMachineReadsCpuinfo(t *testing.T) {
	var m Machine
	m.read("processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2 avx512_vnni cmov\n\nprocessor\t: 1\nmodel name\t: other\n")
	assert.Equal(t, Machine{CPU: "AMD EPYC (family 25, model 17)", Flags: []string{"avx2", "avx512_vnni"}}, m)
	m = Machine{CPU: "arm64"}
	m.read("processor\t: 0\nFeatures\t: fp asimd asimddp\n")
	assert.Equal(t, Machine{CPU: "arm64", Flags: []string{"asimd", "asimddp"}}, m)
}

func TestReport(t *testing.T) {
	r := &Report{Machine: Machine{CPU: "abacus"}, Missing: []string{"onnxruntime: gone"},
		Results: []Result{{Net: "net", Engine: "relaxed", Median: 1.5, Low: 1.25, High: 2, Min: 1, Runs: 9, Gops: 80}}, Peaks: []Peak{{"relaxed", 100}},
		Ratios: []Ratio{{"net", "relaxed", "peer", 5.25, 5, 5.5, 5.125}},
		Layers: []Layer{{Net: "net", Engine: "relaxed", Name: "conv1", Shape: "3x3", Median: 0.5, Gops: 70, Share: 0.25, Peak: 0.7}}}
	r.addPeakShares()
	var table, text bytes.Buffer
	require.NoError(t, r.WriteTable(&table))
	for _, want := range []string{"machine: abacus", "NOT MEASURED: onnxruntime: gone", "1.25-2.00", "80 %", "5.25", "5.12", "net, relaxed", "25.0 %", "70 %"} {
		assert.Contains(t, table.String(), want)
	}
	require.NoError(t, r.WriteJSON(&text))
	var back map[string]any
	require.NoError(t, json.Unmarshal(text.Bytes(), &back))
	result := back["results"].([]any)[0].(map[string]any)
	assert.Equal(t, 1.5, result["median_ms"])
	assert.Equal(t, 0.8, result["peak_share"])
}

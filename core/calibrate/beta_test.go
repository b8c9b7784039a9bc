package calibrate

import (
	_ "embed"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/golden.json
var betaGolden []byte // embedded so that the test also runs as wasm

func TestBetaQuantileGolden(t *testing.T) {
	var rows [][4]float64
	require.NoError(t, json.Unmarshal(betaGolden, &rows))
	require.Len(t, rows, 98)
	for _, r := range rows {
		assert.InEpsilon(t, r[3], betaQuantile(r[0], r[1], r[2]), 1e-9, "p=%v a=%v b=%v", r[0], r[1], r[2])
	}
}

// TestBetaCDF checks the closed forms I_x(1, b) = 1-(1-x)^b and I_x(a, 1) = x^a, and the ends.
func TestBetaCDF(t *testing.T) {
	for _, x := range []float64{0.001, 0.1, 0.5, 0.9, 0.999} {
		assert.InDelta(t, 1-math.Pow(1-x, 7), betaCDF(x, 1, 7), 1e-13)
		assert.InDelta(t, math.Pow(x, 7), betaCDF(x, 7, 1), 1e-13)
	}
	assert.Equal(t, 0.0, betaCDF(0, 2, 3))
	assert.Equal(t, 1.0, betaCDF(1, 2, 3))
}

func TestLn(t *testing.T) {
	for _, x := range []float64{1e-9, 0.3, 0.70710678, 0.75, 1, 1.41421356, 1.5, 2, 50, 32768.5} {
		assert.InDelta(t, math.Log(x), ln(x), 1e-15*max(1, math.Abs(math.Log(x))), "x=%v", x)
	}
	assert.Equal(t, 0.0, ln(1))
}

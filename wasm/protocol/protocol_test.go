package protocol

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sampleScore() ScoreResult {
	return ScoreResult{Name: "a \"b\".png", Raw: 0.1, RawBits: math.Float32bits(0.1), Limit: 2.5, Review: 2, Ratio: 0.04, PValue: 0.5,
		Verdict: VerdictOK, Width: 4, Height: 3, MapW: 2, MapH: 1, MapHigh: 3, PreW: 1, PreH: 1, SHA256: "00", Millis: 1.5}
}

func TestScoreRoundTripIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		bits := rng.Uint32()
		raw := math.Float32frombits(bits)
		if raw != raw || math.IsInf(float64(raw), 0) {
			continue
		}
		in := sampleScore()
		in.Raw, in.RawBits = raw, bits
		meta, err := Encode(in)
		require.NoError(t, err)
		out, err := Decode[ScoreResult](meta)
		require.NoError(t, err, meta)
		require.Equal(t, bits, math.Float32bits(out.Raw), meta)
		require.Equal(t, in, out)
	}
}

func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	for name, spoil := range map[string]func(*ScoreResult){
		"nan ratio":    func(r *ScoreResult) { r.Ratio = math.NaN() },
		"infinite raw": func(r *ScoreResult) { r.Raw = float32(math.Inf(1)); r.RawBits = math.Float32bits(r.Raw) },
		"bits differ":  func(r *ScoreResult) { r.RawBits++ },
		"verdict":      func(r *ScoreResult) { r.Verdict = "ok" },
		"p-value":      func(r *ScoreResult) { r.PValue = 1.01 },
		"width":        func(r *ScoreResult) { r.Width = -1 },
	} {
		r := sampleScore()
		spoil(&r)
		_, err := Encode(r)
		assert.Error(t, err, name)
	}
	for _, lend := range []int{-1, MaxModelFiles} {
		_, err := Encode(LoadRequest{Lend: lend})
		assert.ErrorContains(t, err, "field lend", lend)
	}
	for _, roi := range []string{"AAE", "AA?=", strings.Repeat("A", maxROI+2)} {
		_, err := Encode(FitRequest{Shape: Shape{Mode: ModeFit}, ROI: roi})
		assert.ErrorContains(t, err, "field roi")
		_, err = Encode(LoadResult{Mode: ModeFit, ROI: roi})
		assert.ErrorContains(t, err, "field roi")
		_, err = Encode(FitResult{Model: Model{Shape: Shape{Mode: ModeFit}, ROI: roi}})
		assert.ErrorContains(t, err, "field roi")
	}
	_, err := Encode(Error{Code: "nonsense"})
	assert.ErrorContains(t, err, `unknown code "nonsense"`)
}

func TestDecodeIsStrict(t *testing.T) {
	for meta, want := range map[string]string{
		``:                            "EOF",
		`null`:                        "not a JSON object",
		`[]`:                          "not a JSON object",
		`{"tier":"generic"} x`:        "trailing data",
		`{"tier":"generic"}{}`:        "trailing data",
		`{"tier":"ref","tier":"ref"}`: `duplicate field "tier"`,
		`{"Tier":"ref"}`:              `unknown field "Tier"`,
		`{"tire":"ref"}`:              `unknown field "tire"`,
		`{"tier":null}`:               `field "tier" is null`,
		`{"tier":3}`:                  "cannot unmarshal number",
		`{"tier"`:                     "EOF",
	} {
		_, err := Decode[LoadRequest](meta)
		assert.ErrorContains(t, err, want, meta)
	}
	_, err := Decode[Progress](`{"stage":"x","done":3,"total":2}`)
	assert.ErrorContains(t, err, "3 of 2")
	v, err := Decode[LoadRequest](` {"tier":"ref"} `)
	require.NoError(t, err)
	assert.Equal(t, "ref", v.Tier)
}

func TestBuffers(t *testing.T) {
	r := sampleScore()
	heat, pre, err := r.Buffers([][]byte{EncodeMap([]float32{1, float32(math.Copysign(0, -1))}), {1, 2, 3, 4}})
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 2, 3, 4}, pre)
	assert.Equal(t, float32(1), heat[0])
	assert.True(t, math.Signbit(float64(heat[1])))
	for _, bufs := range [][][]byte{nil, {{}, {}}, {make([]byte, 8), {1}}, {make([]byte, 7), make([]byte, 4)}} {
		_, _, err := r.Buffers(bufs)
		assert.Error(t, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, v := range []any{sampleScore(), LoadResult{Part: "p", Width: 256, Height: 256, Mode: ModeFit, ROI: "AAEB"}, Ready{Version: "v", Tiers: []string{"generic"}},
		Progress{Stage: "load", Done: 1, Total: 2}, Error{Code: CodeEmpty}, LoadRequest{Tier: "ref"},
		FitRequest{Part: "p", Shape: Shape{Width: 64, Height: 64, Mode: ModeFit}, Good: 5, Rate: 0.01, ROI: "AAEB"}} {
		s, err := Encode(v)
		require.NoError(f, err)
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, meta string) {
		roundTrip[ScoreResult](t, meta)
		roundTrip[LoadResult](t, meta)
		roundTrip[Ready](t, meta)
		roundTrip[Progress](t, meta)
		roundTrip[Error](t, meta)
		roundTrip[LoadRequest](t, meta)
		roundTrip[ScoreRequest](t, meta)
		roundTrip[FitRequest](t, meta)
	})
}

// roundTrip requires that whatever decodes encodes again to something that decodes to the same value.
func roundTrip[T any](t *testing.T, meta string) {
	v, err := Decode[T](meta)
	if err != nil {
		return
	}
	s, err := Encode(v)
	require.NoError(t, err)
	w, err := Decode[T](s)
	require.NoError(t, err)
	require.Equal(t, v, w)
}

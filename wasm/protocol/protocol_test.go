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
	_, err := Encode(FitRequest{Shape: Shape{Mode: ModeFit}, Revision: MaxRevision + 1}) // a worker counts them one by one
	assert.ErrorContains(t, err, "field good, revision or lend")
	_, err = Encode(Error{Code: "nonsense"})
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
	_, err := Decode[ScoreRequest](`{"name":"` + strings.Repeat("x", MaxMeta) + `"}`)
	assert.ErrorContains(t, err, "the limit is 65536")
	_, err = Decode[Progress](`{"stage":"x","done":3,"total":2}`)
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

// TestListsAreBounded: more images than a lesson takes, or entries than a message, are refused on both sides.
func TestListsAreBounded(t *testing.T) {
	shape := Shape{Mode: ModeFit}
	_, err := Encode(FitRequest{Shape: shape, Good: MaxTaught + 1})
	assert.ErrorContains(t, err, "field good")
	_, err = Decode[FitRequest](`{"part":"","backbone":"","shape":{"width":1,"height":1,"mode":"fit"},"good":1001,"rate":0}`)
	assert.ErrorContains(t, err, "field good")
	b, err := EncodeDrafts(make([]Draft, MaxDrafts+1))
	require.NoError(t, err)
	_, err = DecodeDrafts(b)
	assert.ErrorContains(t, err, "1001 drafts")
	_, err = Encode(TrustRequest{Kind: KindModel, Keys: make([]Pinned, MaxPinned+1)})
	assert.ErrorContains(t, err, "field keys")
	_, err = Encode(KeyRequest{Text: strings.Repeat("x", MaxKeyText+1)})
	assert.ErrorContains(t, err, "field text")
	_, err = Encode(SimilarResult{MapW: 1, MapH: 1, Good: make([]Spot, MaxSimilar+1)})
	assert.ErrorContains(t, err, "field good")
}

// fuzzSeeds are metas of every shape.
func fuzzSeeds(f *testing.F) {
	shape := Shape{Width: 64, Height: 64, Mode: ModeFit}
	for _, v := range []any{sampleScore(), LoadResult{Part: "p", Width: 256, Height: 256, Mode: ModeFit, ROI: "AAEB"}, Ready{Version: "v", Tiers: []string{"generic"}},
		Progress{Stage: "load", Done: 1, Total: 2}, Error{Code: CodeEmpty}, LoadRequest{Tier: "ref"},
		FitRequest{Part: "p", Shape: shape, Good: 5, Rate: 0.01, ROI: "AAEB"}, FitResult{Model: Model{Shape: shape}, Scores: []float32{2}, Images: []int{1}, Checks: []float32{}, Same: [][2]int{{1, 2}}, Odd: []int{}, Look: []int{}, Sizes: []int{}},
		FeaturesRequest{Name: "a", Backbone: "b", Shape: shape, Copies: CopiesD4}, CompareRequest{Name: "a", Heads: 2},
		CompareResult{Opinions: []Opinion{{Head: "h", Raw: 1, RawBits: 0x3f800000, Verdict: VerdictNG}}},
		AppendRequest{Seq: 1, Hash: "aa"}, AppendResult{Seq: 2, Hash: "bb"}, VerifyResult{Entries: 3, Reason: "hash", Line: 2},
		TrustRequest{Kind: KindModel, Keys: []Pinned{{Label: "l", Origin: "user", Text: "RWQ"}}}, Trust{State: TrustRefused, Reason: WhyPolicy},
		SimilarResult{MapW: 3, MapH: 2, Good: []Spot{{X: 1, Y: 1, Distance: 2}}}, ResultsRequest{Form: FormRead}, PINRequest{Rounds: 1000, Salt: "00", Hash: "11"}} {
		s, err := Encode(v)
		require.NoError(f, err)
		f.Add(s)
	}
}

func FuzzDecode(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, meta string) {
		for _, try := range []func(*testing.T, string){
			roundTrip[ScoreResult], roundTrip[LoadResult], roundTrip[Ready], roundTrip[Progress], roundTrip[Error], roundTrip[LoadRequest],
			roundTrip[ScoreRequest], roundTrip[FitRequest], roundTrip[FitResult], roundTrip[FeaturesRequest], roundTrip[FeaturesResult], roundTrip[Model],
			roundTrip[ReviseRequest], roundTrip[CompareRequest], roundTrip[CompareResult], roundTrip[AppendRequest], roundTrip[AppendResult],
			roundTrip[VerifyRequest], roundTrip[VerifyResult], roundTrip[TrustRequest], roundTrip[Trust], roundTrip[KeyRequest], roundTrip[KeyResult],
			roundTrip[ChunkRequest], roundTrip[SimilarResult], roundTrip[ResultsRequest], roundTrip[PINRequest], roundTrip[PINResult], roundTrip[Requests],
		} {
			try(t, meta)
		}
	})
}

// FuzzBuffers: buffers that do not fit what a result says are an error.
func FuzzBuffers(f *testing.F) {
	f.Add(uint16(2), uint16(1), uint16(1), uint16(1), []byte{0, 0, 128, 63, 0, 0, 0, 64, 1, 2, 3, 255})
	f.Add(uint16(65535), uint16(65535), uint16(0), uint16(0), []byte{})
	f.Fuzz(func(t *testing.T, w, h, pw, ph uint16, data []byte) {
		r := ScoreResult{MapW: int(w), MapH: int(h), PreW: int(pw), PreH: int(ph)}
		n := min(4*r.MapW*r.MapH, len(data))
		heat, pre, err := r.Buffers([][]byte{data[:n], data[n:]})
		if err == nil {
			require.Equal(t, data[:n], EncodeMap(heat))
			require.Len(t, pre, 4*r.PreW*r.PreH)
		}
		if scores, err := (LoadResult{Calibration: int(w)}).WithScores([][]byte{data}); err == nil {
			require.Equal(t, data, EncodeMap(scores.Scores))
		}
	})
}

// FuzzDrafts: entries of the history that travel come back as they were.
func FuzzDrafts(f *testing.F) {
	b, err := EncodeDrafts([]Draft{{Time: "2026-05-04T14:00:00.000+02:00", Operator: "Ada", Kind: "note", Payload: []byte(`{"a":1}`)}})
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte(`[{"payload":null}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		drafts, err := DecodeDrafts(data)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(drafts), MaxDrafts)
		text, err := EncodeDrafts(drafts)
		require.NoError(t, err)
		again, err := DecodeDrafts(text)
		require.NoError(t, err)
		more, err := EncodeDrafts(again)
		require.NoError(t, err)
		require.Equal(t, string(text), string(more))
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

package session

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/model"
	"anomnet/core/report"
	"anomnet/core/teach"
	"anomnet/wasm/protocol"
)

// ops are all jobs, and one that is none.
var ops = []string{protocol.OpLoad, protocol.OpScore, protocol.OpSimilar, protocol.OpAppend, protocol.OpVerify, protocol.OpPIN, protocol.OpResults,
	protocol.OpFeatures, protocol.OpFit, protocol.OpDescribe, protocol.OpRevise, protocol.OpCompare, protocol.OpTrust, protocol.OpKey, protocol.OpChunk, "dance"}

// FuzzHandle sends any message to a worker, before and after a load: there is an answer with the same id that the page can read, and never one that
// says "panic", although Handle would survive it.
func FuzzHandle(f *testing.F) {
	file, err := os.ReadFile("../../docs/example/tiny.anomnet")
	require.NoError(f, err)
	features := tinyFeatures(f, file)
	batch, err := json.Marshal(&report.Batch{})
	require.NoError(f, err)
	for op, metas := range map[string][]string{
		protocol.OpLoad: {`{}`, `{"lend":1}`, `{"tier":"ref"}`}, protocol.OpScore: {`{"name":"a"}`}, protocol.OpSimilar: {`{}`},
		protocol.OpAppend: {`{"seq":0}`, `{"seq":1,"hash":"aa"}`}, protocol.OpVerify: {`{}`, `{"head":"aa"}`},
		protocol.OpPIN:      {`{"rounds":1000,"salt":"00112233445566778899aabbccddeeff","hash":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}`},
		protocol.OpResults:  {`{"form":"csv"}`, `{"form":"json"}`, `{"form":"html"}`, `{"form":"read"}`},
		protocol.OpFeatures: {`{"name":"a","backbone":"","shape":{"width":32,"height":32,"mode":"fit"}}`},
		protocol.OpFit:      {`{"part":"p","backbone":"","shape":{"width":32,"height":32,"mode":"fit"},"good":2,"rate":0.1}`},
		protocol.OpDescribe: {`{}`}, protocol.OpRevise: {`{"part":"q"}`, `{"rate":0.5}`}, protocol.OpCompare: {`{"name":"a","heads":1}`},
		protocol.OpTrust: {`{"kind":"model","now":1}`, `{"kind":"catalogue","now":1e300}`, `{"kind":"policy","now":1,"keys":[{"label":"a","origin":"user","text":"RWQ"}]}`},
		protocol.OpKey:   {`{"text":"RWQ"}`}, protocol.OpChunk: {`{"sha256":"aa"}`}, "dance": {`{}`},
	} {
		for i := range ops {
			for _, meta := range metas {
				if ops[i] == op {
					f.Add(uint8(i), meta, file, features)
					f.Add(uint8(i), meta, batch, []byte(`{}`))
					f.Add(uint8(i), meta, []byte(`[{"time":"2026-05-04T14:00:00.000+02:00","kind":"note","payload":{}}]`), []byte{})
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, op uint8, meta string, a, b []byte) {
		if len(meta) > 4096 || slow(ops[int(op)%len(ops)], meta) {
			return
		}
		s := New(engine.Tiers()[:1], nil)
		if op >= 128 {
			s.Handle(protocol.Message{ID: 1, Op: protocol.OpLoad, Meta: `{}`, Bufs: [][]byte{file}})
		}
		for _, bufs := range [][][]byte{{a}, {a, b}, {b, a, a}} {
			m := s.Handle(protocol.Message{ID: 7, Op: ops[int(op)%len(ops)], Meta: meta, Bufs: bufs})
			require.Equal(t, 7, m.ID)
			if m.Op == protocol.OpError {
				e, err := protocol.Decode[protocol.Error](m.Meta)
				require.NoError(t, err)
				require.NotContains(t, e.Message, "panic:")
				continue
			}
			require.Equal(t, protocol.OpResult, m.Op)
		}
	})
}

// slow tells whether a job is allowed to take seconds: the hash of a PIN, large shapes.
func slow(op, meta string) bool {
	switch op {
	case protocol.OpPIN:
		r, err := protocol.Decode[protocol.PINRequest](meta)
		return err == nil && r.Rounds > 10_000
	case protocol.OpFeatures:
		r, err := protocol.Decode[protocol.FeaturesRequest](meta)
		return err == nil && r.Shape.Width*r.Shape.Height > 1<<14
	}
	return false
}

// tinyFeatures are features of a picture for the backbone of a file.
func tinyFeatures(f *testing.F, file []byte) []byte {
	got, err := model.Decode(file)
	require.NoError(f, err)
	maker, err := teach.NewFeaturizer(got.Backbone, got.Head.Preprocess, nil)
	require.NoError(f, err)
	img, err := os.ReadFile("../../core/imaging/testdata/formats/rgb.png")
	require.NoError(f, err)
	one, err := maker.File(strings.Repeat("a", 3), img)
	require.NoError(f, err)
	data, err := teach.EncodeFeatures(one)
	require.NoError(f, err)
	return data
}

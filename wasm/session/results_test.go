package session

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
)

func batch() *report.Batch {
	digest := strings.Repeat("ab", 32)
	h := report.Header{Part: "Bracket", HeadSHA256: digest, BackboneSHA256: digest, Software: "anomnet 1", Limit: 2, Review: 1.5, FalseRejectRate: 0.01}
	at := report.Time{Milli: 1777896000123, Offset: 120}
	return &report.Batch{Header: h, Records: []report.Record{
		{Path: "good/a.png", Time: at, Label: report.Good, Verdict: "OK", Raw: 0.1, Limit: 2, Review: 1.5, PValue: 1.0 / 3, SHA256: digest, Width: 4, Height: 3,
			Override: &report.Override{Verdict: "NG", Reason: "burr", Operator: "Eva", Time: at}},
		{Path: "b.png", Time: at, Err: &report.Failure{Code: "empty", Message: "no bytes", Hint: "copy it again"}},
	}}
}

// TestResultsTravel writes results through messages and directly: the same bytes.
func TestResultsTravel(t *testing.T) {
	s := New(engine.Tiers(), open)
	b := batch()
	raw, err := json.Marshal(b)
	require.NoError(t, err)
	page, err := json.Marshal(protocol.Page{Lang: "de", Texts: map[string]string{"report.title": "Bericht", "format.decimal": ","}, Thumbs: []string{"data:image/jpeg;base64,AA=="}})
	require.NoError(t, err)
	ask := func(meta string, bufs ...[]byte) []byte {
		m := s.Handle(protocol.Message{ID: -1, Op: protocol.OpResults, Meta: meta, Bufs: bufs})
		require.Equal(t, protocol.OpResult, m.Op, m.Meta)
		return m.Bufs[0]
	}
	assert.Equal(t, string(report.CSV(b, &report.CSVOptions{BOM: true})), string(ask(`{"form":"csv","bom":true}`, raw)))
	file := ask(`{"form":"json"}`, raw)
	want, err := report.JSON(b)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(file))
	var again report.Batch
	require.NoError(t, json.Unmarshal(ask(`{"form":"read"}`, file), &again))
	assert.Equal(t, b, &again)
	html := string(ask(`{"form":"html"}`, raw, page))
	assert.Contains(t, html, "<h1>Bericht: Bracket</h1>")
	assert.Contains(t, html, "data:image/jpeg;base64,AA==")

	for name, m := range map[string]protocol.Message{
		"form":      {Meta: `{"form":"xls"}`, Bufs: [][]byte{raw}},
		"no buffer": {Meta: `{"form":"csv"}`},
		"no page":   {Meta: `{"form":"html"}`, Bufs: [][]byte{raw}},
		"no batch":  {Meta: `{"form":"csv"}`, Bufs: [][]byte{[]byte("x")}},
		"no report": {Meta: `{"form":"read"}`, Bufs: [][]byte{[]byte("{}")}},
		"wrong":     {Meta: `{"form":"json"}`, Bufs: [][]byte{[]byte(`{"Header":{},"Records":[]}`)}},
		"bad page":  {Meta: `{"form":"html"}`, Bufs: [][]byte{raw, []byte("[")}},
	} {
		m.Op = protocol.OpResults
		assert.Equal(t, protocol.OpError, s.Handle(m).Op, name)
	}
}

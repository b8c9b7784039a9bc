package session

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/audit"
	"anomnet/core/engine"
	"anomnet/wasm/protocol"
)

func drafts(t *testing.T, n int) []byte {
	t.Helper()
	var list []protocol.Draft
	for i := range n {
		list = append(list, protocol.Draft{Time: "2026-05-04T14:00:00.000+02:00", Operator: "Eva", Kind: "note", Payload: fmt.Appendf(nil, `{ "n": %d }`, i)})
	}
	b, err := protocol.EncodeDrafts(list)
	require.NoError(t, err)
	return b
}

func TestAppendAndVerify(t *testing.T) {
	s := New(engine.Tiers(), open)
	m := s.Handle(protocol.Message{ID: -7, Op: protocol.OpAppend, Meta: `{"seq":0}`, Bufs: [][]byte{drafts(t, 3)}})
	require.Equal(t, protocol.OpResult, m.Op, m.Meta)
	end, err := protocol.Decode[protocol.AppendResult](m.Meta)
	require.NoError(t, err)
	file := m.Bufs[0]
	m = s.Handle(protocol.Message{Op: protocol.OpAppend, Meta: fmt.Sprintf(`{"seq":%d,"hash":%q}`, end.Seq, end.Hash), Bufs: [][]byte{drafts(t, 2)}})
	require.Equal(t, protocol.OpResult, m.Op, m.Meta)
	file = append(file, m.Bufs[0]...)
	sum, err := audit.Verify(bytes.NewReader(file), nil)
	require.NoError(t, err)
	assert.EqualValues(t, 5, sum.Entries)

	ask := func(file []byte, meta string) protocol.VerifyResult {
		m := s.Handle(protocol.Message{Op: protocol.OpVerify, Meta: meta, Bufs: [][]byte{file}})
		require.Equal(t, protocol.OpResult, m.Op, m.Meta)
		r, err := protocol.Decode[protocol.VerifyResult](m.Meta)
		require.NoError(t, err)
		return r
	}
	r := ask(file, fmt.Sprintf(`{"head":%q}`, end.Hash))
	assert.Equal(t, protocol.VerifyResult{Entries: 5, Hash: sum.Chain.Hash, First: "2026-05-04T14:00:00.000+02:00", Last: "2026-05-04T14:00:00.000+02:00", HeadSeq: 3}, r)
	changed := bytes.Replace(file, []byte(`"n":1`), []byte(`"n":9`), 1)
	r = ask(changed, `{}`)
	assert.Equal(t, []any{"changed", int64(2), int64(1)}, []any{r.Reason, r.Line, r.Entries})
	assert.Equal(t, "empty", ask(nil, `{}`).Reason)
}

func TestHistoryMessagesThatMakeNoSense(t *testing.T) {
	s := New(engine.Tiers(), open)
	bad := drafts(t, 1)
	for name, m := range map[string]protocol.Message{
		"no buffer":    {Op: protocol.OpAppend, Meta: `{"seq":0}`},
		"no drafts":    {Op: protocol.OpAppend, Meta: `{"seq":0}`, Bufs: [][]byte{[]byte("[]")}},
		"no JSON":      {Op: protocol.OpAppend, Meta: `{"seq":0}`, Bufs: [][]byte{[]byte("{")}},
		"no hash":      {Op: protocol.OpAppend, Meta: `{"seq":3}`, Bufs: [][]byte{bad}},
		"bad hash":     {Op: protocol.OpAppend, Meta: `{"seq":3,"hash":"x"}`, Bufs: [][]byte{bad}},
		"bad time":     {Op: protocol.OpAppend, Meta: `{"seq":0}`, Bufs: [][]byte{bytes.Replace(bad, []byte("T14"), []byte("T99"), 1)}},
		"bad payload":  {Op: protocol.OpAppend, Meta: `{"seq":0}`, Bufs: [][]byte{bytes.Replace(bad, []byte(`{"n":0}`), []byte(`[1]`), 1)}},
		"verify what":  {Op: protocol.OpVerify, Meta: `{}`},
		"a wrong head": {Op: protocol.OpVerify, Meta: `{"head":"x"}`, Bufs: [][]byte{bad}},
	} {
		got := s.Handle(m)
		require.Equal(t, protocol.OpError, got.Op, name)
		e, err := protocol.Decode[protocol.Error](got.Meta)
		require.NoError(t, err)
		assert.Equal(t, protocol.CodeBadMessage, e.Code, name)
	}
}

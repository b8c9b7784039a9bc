package session

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
	"anomnet/wasm/protocol"
)

func TestSimilar(t *testing.T) {
	s := New(engine.Tiers(), open)
	ask := func(bufs ...[]byte) protocol.Message {
		return s.Handle(protocol.Message{ID: 9, Op: protocol.OpSimilar, Meta: `{}`, Bufs: bufs})
	}
	code := func(m protocol.Message) string {
		require.Equal(t, protocol.OpError, m.Op, m.Meta)
		e, err := protocol.Decode[protocol.Error](m.Meta)
		require.NoError(t, err)
		return e.Code
	}
	assert.Equal(t, protocol.CodeNoModel, code(ask([]byte{1})))
	s.Handle(protocol.Message{ID: 1, Op: protocol.OpLoad, Meta: `{}`, Bufs: [][]byte{{1}}})
	m := ask([]byte{'x'}, []byte{'a'}, []byte{'b'})
	require.Equal(t, protocol.OpResult, m.Op, m.Meta)
	r, err := protocol.Decode[protocol.SimilarResult](m.Meta)
	require.NoError(t, err)
	assert.Equal(t, protocol.SimilarResult{MapW: 32, MapH: 24, Worst: protocol.Spot{X: 3, Y: 2, Distance: 5}, Good: make([]protocol.Spot, 2)}, r)
	assert.Equal(t, protocol.OpResult, ask([]byte{'x'}).Op, "no good image is no error")
	assert.Equal(t, protocol.CodeInternal, code(ask([]byte{'e'})))
	assert.Equal(t, protocol.CodeBadMessage, code(ask()))
	assert.Equal(t, protocol.CodeBadMessage, code(ask(make([][]byte, 10)...)))
	assert.Equal(t, protocol.CodeBadMessage, code(s.Handle(protocol.Message{Op: protocol.OpSimilar, Meta: `{"x":1}`, Bufs: [][]byte{{1}}})))
}

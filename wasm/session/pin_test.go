package session

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/policy"
	"anomnet/core/policy/pin"
	"anomnet/wasm/protocol"
)

func TestPIN(t *testing.T) {
	p, err := pin.New("4711", []byte("0123456789abcdef"), policy.MinRounds)
	require.NoError(t, err)
	good := protocol.PINRequest{Rounds: p.Rounds, Salt: p.Salt, Hash: p.Hash}
	few := good
	few.Rounds = 1
	s := New(nil, nil)
	for name, c := range map[string]struct {
		req  protocol.PINRequest
		bufs [][]byte
		op   string
		ok   bool
	}{
		"right": {good, [][]byte{[]byte("4711")}, protocol.OpResult, true}, "wrong": {good, [][]byte{[]byte("4712")}, protocol.OpResult, false},
		"no PIN": {good, nil, protocol.OpError, false}, "few rounds": {few, [][]byte{[]byte("4711")}, protocol.OpError, false},
	} {
		meta, err := protocol.Encode(c.req)
		require.NoError(t, err)
		m := s.Handle(protocol.Message{ID: -1, Op: protocol.OpPIN, Meta: meta, Bufs: c.bufs})
		require.Equal(t, c.op, m.Op, name)
		if c.op == protocol.OpResult {
			r, err := protocol.Decode[protocol.PINResult](m.Meta)
			require.NoError(t, err)
			assert.Equal(t, c.ok, r.OK, name)
		}
	}
}

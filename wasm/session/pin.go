package session

import (
	"fmt"

	"anomnet/core/policy"
	"anomnet/core/policy/pin"
	"anomnet/wasm/protocol"
)

// checkPIN tells whether a PIN is the right one.
func checkPIN(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.PINRequest](m.Meta)
	if err == nil && len(m.Bufs) != 1 {
		err = fmt.Errorf("session: pin has %d buffers, want 1 with the PIN", len(m.Bufs))
	}
	want := policy.PIN{Rounds: req.Rounds, Salt: req.Salt, Hash: req.Hash}
	if err == nil {
		err = want.Validate()
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	return answer(m.ID, protocol.PINResult{OK: pin.Check(&want, string(m.Bufs[0]))})
}

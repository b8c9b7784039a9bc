package session

import (
	"bytes"
	"errors"
	"fmt"

	"anomnet/core/audit"
	"anomnet/core/report"
	"anomnet/wasm/protocol"
)

// chain appends drafts to a history and answers with the lines.
func chain(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.AppendRequest](m.Meta)
	if err == nil && len(m.Bufs) != 1 {
		err = fmt.Errorf("session: append has %d buffers, want 1 with the drafts", len(m.Bufs))
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	drafts, err := protocol.DecodeDrafts(m.Bufs[0])
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	c := audit.Chain{Seq: uint64(req.Seq), Hash: req.Hash}
	var lines []byte
	for i, d := range drafts {
		t, err := report.ParseTime(d.Time)
		if err != nil {
			return failure(m.ID, protocol.CodeBadMessage, fmt.Sprintf("draft %d: %v", i, err), "")
		}
		e, err := c.Append(t, d.Operator, d.Kind, d.Payload)
		if err != nil {
			return failure(m.ID, protocol.CodeBadMessage, fmt.Sprintf("draft %d: %v", i, err), "")
		}
		lines = append(lines, e.Line()...)
	}
	return answer(m.ID, protocol.AppendResult{Seq: int64(c.Seq), Hash: c.Hash}, lines)
}

// verify checks a history.
func verify(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.VerifyRequest](m.Meta)
	if err == nil && len(m.Bufs) != 1 {
		err = fmt.Errorf("session: verify has %d buffers, want 1 with the history", len(m.Bufs))
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	sum, err := audit.Verify(bytes.NewReader(m.Bufs[0]), &audit.Options{Head: req.Head})
	var broken *audit.Broken
	if err != nil && !errors.As(err, &broken) {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	r := protocol.VerifyResult{Entries: sum.Entries, Hash: sum.Chain.Hash, ClockBack: sum.ClockBack, HeadSeq: int64(sum.HeadSeq)}
	if sum.Entries > 0 {
		r.First, r.Last = sum.First.String(), sum.Last.String()
	}
	if broken != nil {
		r.Reason, r.Line, r.Seq, r.Detail = string(broken.Reason), broken.Line, int64(broken.Seq), broken.Detail
	}
	return answer(m.ID, r)
}

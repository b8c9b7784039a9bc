package session

import (
	"fmt"

	"anomnet/core/detect"
	"anomnet/core/inspect"
	"anomnet/core/regions"
	"anomnet/wasm/protocol"
)

// similar answers with spots of good images.
func (s *Session) similar(m protocol.Message) protocol.Message {
	_, err := protocol.Decode[protocol.Empty](m.Meta)
	if err == nil && (len(m.Bufs) < 1 || len(m.Bufs) > 1+protocol.MaxSimilar) {
		err = fmt.Errorf("session: similar has %d buffers, want an image and up to %d good ones", len(m.Bufs), protocol.MaxSimilar)
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	if s.inspector == nil {
		return failure(m.ID, protocol.CodeNoModel, "session: similar before a successful load", "")
	}
	worst, good, err := s.inspector.Similar(m.Bufs[0], m.Bufs[1:])
	if err != nil {
		return fromError(m.ID, err)
	}
	i := s.inspector.Info()
	r := protocol.SimilarResult{MapW: i.Width / detect.GridStride, MapH: i.Height / detect.GridStride, Worst: spot(worst), Good: []protocol.Spot{}}
	for _, g := range good {
		r.Good = append(r.Good, spot(g))
	}
	return answer(m.ID, r)
}

func spot(s inspect.Spot) protocol.Spot { return protocol.Spot{X: s.X, Y: s.Y, Distance: s.Distance} }

func found(rs []regions.Region) []protocol.Region {
	var out []protocol.Region
	for _, r := range rs {
		out = append(out, protocol.Region{Area: r.Area, Share: r.Share})
	}
	return out
}

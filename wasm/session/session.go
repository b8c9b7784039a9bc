// Package session is the worker's side of wasm/protocol without JavaScript: it takes one message and returns the answer.
// It never panics: whatever goes wrong in a job becomes an error message for that job.
package session

import (
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"anomnet/core/calibrate"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/wasm/protocol"
)

// Inspector scores images with one model.
type Inspector interface {
	Calibration() *calibrate.Calibration
	Similar(data []byte, good [][]byte) (inspect.Spot, []inspect.Spot, error)
	Inspect(data []byte) (*inspect.Result, error)
	Info() inspect.Info
}

// Session holds the loaded model of one worker: the last that could be loaded. It is not safe for concurrent use; a worker runs one job at a time.
type Session struct {
	tiers     []engine.Kernels
	open      Open
	now       func() time.Time
	kernels   engine.Kernels
	inspector Inspector
	studio    studio

	// Report is told how far a long job is, at most ten times a second; a false answer cancels the job. It may be nil.
	Report func(id int, p protocol.Progress) bool
}

// New returns a session without a model. tiers are what it may score with, slowest first. open makes an inspector from model files; nil
// means OpenModel.
func New(tiers []engine.Kernels, open Open) *Session {
	if open == nil {
		open = OpenModel
	}
	return &Session{tiers: tiers, open: open, now: time.Now}
}

// Handle does one job and returns a result or error message with the same id.
func (s *Session) Handle(m protocol.Message) (reply protocol.Message) {
	defer func() {
		if e := recover(); e != nil {
			reply = failure(m.ID, protocol.CodeInternal, fmt.Sprintf("panic: %v", e), "")
		}
	}()
	switch m.Op {
	case protocol.OpLoad:
		return s.load(m)
	case protocol.OpScore:
		return s.score(m)
	case protocol.OpSimilar:
		return s.similar(m)
	case protocol.OpAppend:
		return chain(m)
	case protocol.OpVerify:
		return verify(m)
	case protocol.OpPIN:
		return checkPIN(m)
	case protocol.OpResults:
		return results(m)
	case protocol.OpFeatures:
		return s.features(m)
	case protocol.OpFit:
		return s.fit(m)
	case protocol.OpDescribe:
		return s.describe(m)
	case protocol.OpRevise:
		return s.revise(m)
	case protocol.OpCompare:
		return s.compare(m)
	case protocol.OpTrust:
		return trust(m)
	case protocol.OpKey:
		return key(m)
	case protocol.OpChunk:
		return chunk(m)
	}
	return failure(m.ID, protocol.CodeBadMessage, fmt.Sprintf("session: unknown op %q", m.Op), "")
}

// Cancelled is the answer to a job that was cancelled before it started.
func Cancelled(id int) protocol.Message {
	return failure(id, protocol.CodeCancelled, "session: cancelled before it started", "")
}

// Unreadable is the answer to a job whose file the browser could not read.
func Unreadable(id int, err error) protocol.Message {
	return failure(id, protocol.CodeUnreadable, "session: "+err.Error(), "")
}

func (s *Session) load(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.LoadRequest](m.Meta)
	if err == nil && (len(m.Bufs) <= req.Lend || len(m.Bufs) > protocol.MaxModelFiles) {
		err = fmt.Errorf("session: load has %d buffers, want %d to %d model files", len(m.Bufs), req.Lend+1, protocol.MaxModelFiles)
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	kernels, err := engine.Choose(s.tiers, req.Tier)
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	in, err := s.open(m.Bufs[:req.Lend], m.Bufs[req.Lend:], kernels)
	if err != nil {
		return fromError(m.ID, err)
	}
	i, c := in.Info(), in.Calibration()
	r := answer(m.ID, protocol.LoadResult{Part: i.Part, BackboneDigest: i.BackboneDigest, HeadDigest: i.HeadDigest,
		Calibration: i.CalibrationSize, FalseRejectRate: i.FalseRejectRate, Promised: i.Promised, Centroids: i.Centroids,
		Width: i.Width, Height: i.Height, Mode: string(i.Mode), Method: i.Method, Tier: i.Tier, TopK: i.TopK, ROI: i.ROI.String(),
		Limit: c.Limit, Review: c.Review, MapLow: c.MapLow, MapHigh: c.MapHigh}, protocol.EncodeMap(c.Scores))
	if r.Op == protocol.OpResult {
		s.inspector, s.kernels = in, kernels
		s.studio.reset(m.Bufs)
	}
	return r
}

func (s *Session) score(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.ScoreRequest](m.Meta)
	if err == nil && len(m.Bufs) != 1 {
		err = fmt.Errorf("session: score has %d buffers, want 1 image file", len(m.Bufs))
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	if s.inspector == nil {
		return failure(m.ID, protocol.CodeNoModel, "session: score before a successful load", "")
	}
	start := s.now()
	res, err := s.inspector.Inspect(m.Bufs[0])
	if err != nil {
		return fromError(m.ID, err)
	}
	if len(res.Map) != res.MapW*res.MapH {
		return failure(m.ID, protocol.CodeInternal, fmt.Sprintf("session: map has %d values, want %d x %d", len(res.Map), res.MapW, res.MapH), "")
	}
	pre, w, h := rgba(res.Preview)
	return answer(m.ID, protocol.ScoreResult{
		Name: req.Name, Raw: res.Raw, RawBits: math.Float32bits(res.Raw), Limit: res.Limit, Review: res.Review,
		Ratio: res.Ratio, PValue: res.PValue, Verdict: string(res.Verdict), Width: res.Width, Height: res.Height,
		MapW: res.MapW, MapH: res.MapH, MapLow: res.MapLow, MapHigh: res.MapHigh,
		WorstX: res.Worst.X, WorstY: res.Worst.Y, Worst: res.Worst.Distance, Regions: found(res.Regions), PreW: w, PreH: h,
		SHA256: res.SHA256, Millis: float64(s.now().Sub(start).Microseconds()) / 1000,
	}, protocol.EncodeMap(res.Map), pre)
}

// rgba returns p as [h][w][4]uint8 with full opacity; nothing for nil.
func rgba(p *imaging.RGB) (pix []byte, w, h int) {
	if p == nil {
		return nil, 0, 0
	}
	pix = make([]byte, 4*p.W*p.H)
	for d, s := pix, p.Pix; len(d) >= 4 && len(s) >= 3; d, s = d[4:], s[3:] {
		d[0], d[1], d[2], d[3] = s[0], s[1], s[2], 255
	}
	return pix, p.W, p.H
}

// answer is a result message, or an error when meta cannot travel (a score that is not finite, say, or a part's name of 100 kB).
func answer(id int, meta any, bufs ...[]byte) protocol.Message {
	s, err := protocol.Encode(meta)
	if err == nil && len(s) > protocol.MaxMeta {
		err = fmt.Errorf("session: an answer of %d bytes, the limit is %d", len(s), protocol.MaxMeta)
	}
	if err != nil {
		return failure(id, protocol.CodeInternal, err.Error(), "")
	}
	return protocol.Message{ID: id, Op: protocol.OpResult, Meta: s, Bufs: bufs}
}

// clip returns the first n bytes of a text at most, whole characters.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

func fromError(id int, err error) protocol.Message {
	code, hint := inspect.ErrorCode(err)
	return failure(id, code, err.Error(), hint)
}

// maxMessage is how much of an error's text travels: some quote a file, and the page could not read them.
const maxMessage = 4 << 10

func failure(id int, code, message, hint string) protocol.Message {
	message = clip(message, maxMessage)
	s, err := protocol.Encode(protocol.Error{Code: code, Message: message, Hint: hint})
	if err != nil { // a code that the protocol does not know
		both := errors.Join(err, errors.New(message))
		s, _ = protocol.Encode(protocol.Error{Code: protocol.CodeInternal, Message: both.Error(), Hint: hint})
	}
	return protocol.Message{ID: id, Op: protocol.OpError, Meta: s}
}

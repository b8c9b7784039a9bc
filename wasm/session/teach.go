package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/model"
	"anomnet/core/roi"
	"anomnet/core/teach"
	"anomnet/wasm/protocol"
)

// features makes what teaching keeps of an image.
func (s *Session) features(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.FeaturesRequest](m.Meta)
	if err == nil && (len(m.Bufs) < 1 || len(m.Bufs) > protocol.MaxModelFiles) {
		err = fmt.Errorf("session: features has %d buffers, want 1 image file and perhaps its backbone", len(m.Bufs))
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	start := s.now()
	maker, err := s.featurizer(req, m.Bufs[1:])
	if err != nil {
		return teachError(m.ID, err)
	}
	f, img, err := featuresOf(maker, req, m.Bufs[0])
	if err != nil {
		return fromError(m.ID, err)
	}
	data, err := teach.EncodeFeatures(f)
	if err != nil {
		return fromError(m.ID, err)
	}
	pre, w, h := rgba(img)
	return answer(m.ID, protocol.FeaturesResult{Name: req.Name, SHA256: f.SHA256, Width: f.Width, Height: f.Height, PreW: w, PreH: h,
		Millis: s.millis(start)}, data, pre)
}

// featuresOf is maker.File, and the picture that it looked at.
func featuresOf(maker *teach.Featurizer, req protocol.FeaturesRequest, data []byte) (*teach.Features, *imaging.RGB, error) {
	full, err := imaging.Open(data, nil)
	if err != nil {
		return nil, nil, err
	}
	img, err := full.Prepare(preprocess(req.Shape))
	if err != nil {
		return nil, nil, err
	}
	f, err := maker.Image(img)
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(data)
	f.Name, f.SHA256, f.Width, f.Height = req.Name, hex.EncodeToString(sum[:]), full.W, full.H
	return f, img, nil
}

// featurizer keeps the one that was used last: images of one part come in a row.
func (s *Session) featurizer(req protocol.FeaturesRequest, lent [][]byte) (*teach.Featurizer, error) {
	req.Name = ""
	if s.studio.maker != nil && s.studio.makes == req {
		return s.studio.maker, nil
	}
	b, err := s.studio.backbone(req.Backbone, lent...)
	if err != nil {
		return nil, err
	}
	f, err := teach.NewFeaturizer(b, preprocess(req.Shape), &teach.Options{Kernels: s.kernels, Copies: teach.Augment(req.Copies)})
	if err != nil {
		return nil, err
	}
	s.studio.maker, s.studio.makes = f, req
	return f, nil
}

// fit learns a head from features.
func (s *Session) fit(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.FitRequest](m.Meta)
	if err == nil && (len(m.Bufs) < req.Good+req.Lend || len(m.Bufs) > protocol.MaxTaught+req.Lend) {
		err = fmt.Errorf("session: fit has %d buffers for %d good images", len(m.Bufs), req.Good)
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	start := s.now()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	opt := &teach.Options{Kernels: s.kernels, Progress: s.progress(m.ID, cancel)}
	course, err := s.course(ctx, req, m.Bufs, opt)
	if err != nil {
		return teachError(m.ID, err)
	}
	fit := teach.FitOptions{Part: req.Part, FalseRejectRate: req.Rate, Seed: req.Seed}
	if req.Upright {
		fit.Augment = teach.AugmentNone
	}
	taught, err := course.Fit(ctx, fit, opt)
	if err != nil {
		return teachError(m.ID, err)
	}
	rep := taught.Report
	out := protocol.FitResult{Model: describe(taught.Head, taught.Digest), Norm: string(rep.Norm), Turned: rep.Augment.Turned(), Scores: append([]float32{}, rep.Scores...),
		Images: append([]int{}, rep.Images...), Checks: []float32{},
		Same: append([][2]int{}, rep.Same...), Odd: append([]int{}, rep.Odd...), Look: append([]int{}, rep.Look...),
		Sizes: append([]int{}, rep.Sizes...), Groups: len(rep.Groups), Millis: s.millis(start)}
	for _, c := range rep.Checks {
		out.Checks = append(out.Checks, c.Score)
	}
	return answer(m.ID, out, taught.File)
}

// course puts the features of a fit message into a teach.Session.
func (s *Session) course(ctx context.Context, req protocol.FitRequest, bufs [][]byte, opt *teach.Options) (*teach.Session, error) {
	n := len(bufs) - req.Lend
	b, err := s.studio.backbone(req.Backbone, bufs[n:]...)
	if err != nil {
		return nil, err
	}
	bufs = bufs[:n]
	course, err := teach.NewSession(b, preprocess(req.Shape))
	if err != nil {
		return nil, err
	}
	region, err := roi.Parse(req.ROI)
	if err == nil {
		err = course.SetROI(region)
	}
	if err != nil {
		return nil, err
	}
	for range req.Revision {
		course.Keep(&teach.Taught{Digest: req.Parent})
	}
	for i, data := range bufs {
		f, err := teach.DecodeFeatures(data)
		if err != nil {
			return nil, err
		}
		bufs[i] = nil // twice the features of many images are worth saving
		add := course.Add
		if i >= req.Good {
			add = course.AddCheck
		}
		if err := add(f); err != nil {
			return nil, err
		}
		if opt.Progress("reading", i+1, len(bufs)); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return course, nil
}

// progressEvery is how often a long job tells how far it is, and looks whether it is cancelled.
const progressEvery = 100 * time.Millisecond

// progress reports the stages of a job, and cancels it when the report says so.
func (s *Session) progress(id int, cancel func()) func(stage string, done, total int) {
	last := s.now()
	return func(stage string, done, total int) {
		if s.Report == nil || s.now().Sub(last) < progressEvery {
			return
		}
		if !s.Report(id, protocol.Progress{Stage: stage, Done: min(done, total), Total: total}) {
			cancel()
		}
		last = s.now()
	}
}

// teachError gives the errors of teaching their codes.
func teachError(id int, err error) protocol.Message {
	code := ""
	switch {
	case errors.Is(err, context.Canceled):
		return failure(id, protocol.CodeCancelled, "session: cancelled", "")
	case errors.Is(err, teach.ErrTooFew):
		code = protocol.CodeTooFew
	case errors.Is(err, teach.ErrAlike):
		code = protocol.CodeAllSame
	case errors.Is(err, teach.ErrFeatures), errors.Is(err, model.ErrMismatch): // of a backbone that is not here any more
		code = protocol.CodeStale
	default:
		return fromError(id, err)
	}
	return failure(id, code, err.Error(), "")
}

func (s *Session) millis(start time.Time) float64 {
	return float64(s.now().Sub(start).Microseconds()) / 1000
}

func rawBits(r *inspect.Result) uint32 { return math.Float32bits(r.Raw) }

package session

import (
	"fmt"

	"anomnet/core/imaging"
	"anomnet/core/inspect"
	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/wasm/protocol"
)

// studio is what a session needs to teach and to compare: the backbones that came with the last load and those that jobs have lent since,
// decoded when they are asked for.
type studio struct {
	files     [][]byte
	backbones map[string]*model.Backbone // by digest
	maker     *teach.Featurizer
	makes     protocol.FeaturesRequest // what maker is for; the name is empty
	heads     map[string]Inspector     // by digest, of the last compare job
}

func (d *studio) reset(files [][]byte) { *d = studio{files: files} }

// backbone finds one by its digest: among the files of the last load, else among those that a job lends.
func (d *studio) backbone(digest string, lent ...[]byte) (*model.Backbone, error) {
	if d.backbones == nil {
		d.backbones = map[string]*model.Backbone{}
		if err := d.take(d.files); err != nil {
			return nil, err
		}
	}
	if d.backbones[digest] == nil {
		if err := d.take(lent); err != nil {
			return nil, err
		}
	}
	if b := d.backbones[digest]; b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("session: %w: the backbone %.12s is not here", model.ErrMismatch, digest)
}

// take remembers the backbones of model files.
func (d *studio) take(files [][]byte) error {
	all, err := lend(files)
	if err != nil {
		return err
	}
	for _, b := range all {
		key, err := b.Digest()
		if err != nil {
			return err
		}
		d.backbones[key] = b
	}
	return nil
}

func preprocess(s protocol.Shape) imaging.Preprocess {
	return imaging.Preprocess{Width: s.Width, Height: s.Height, Mode: imaging.Mode(s.Mode), Gray: s.Gray}
}

func shape(p imaging.Preprocess) protocol.Shape {
	return protocol.Shape{Width: p.Width, Height: p.Height, Mode: string(p.Mode), Gray: p.Gray}
}

// describe says what a head holds.
func describe(h *model.Head, digest string) protocol.Model {
	c, p := h.Calibration, h.Provenance
	return protocol.Model{
		Part: h.Part, Head: digest, Backbone: h.BackboneDigest, Shape: shape(h.Preprocess), Centroids: h.Centroids.K, Embedding: h.Adapter.Out,
		HeldOut: len(c.Scores), Rate: c.FalseRejectRate, Promised: c.Promised(), Limit: c.Limit, Review: c.Review,
		Method: p.Method, Software: p.Software, Seed: p.Seed, Images: p.Images, DataSHA256: p.DataSHA256, Revision: p.Revision, Parent: p.ParentSHA256,
		ROI: h.ROI.String(), Card: clip(p.Card, protocol.MaxCard),
	}
}

// one decodes the model file of a message, which may have so many further ones.
func one(m protocol.Message, more int) (*model.File, error) {
	if len(m.Bufs) < 1 || len(m.Bufs) > 1+more {
		return nil, fmt.Errorf("session: %s has %d buffers, want 1 model file and at most %d more", m.Op, len(m.Bufs), more)
	}
	return model.Decode(m.Bufs[0])
}

// describe takes a model file apart, so that each backbone needs to be kept only once. A head alone gets its backbone from the files behind it or from
// the last load.
func (s *Session) describe(m protocol.Message) protocol.Message {
	f, err := one(m, protocol.MaxModelFiles-1)
	if err != nil {
		return fromError(m.ID, err)
	}
	if f.Head == nil {
		return fromError(m.ID, fmt.Errorf("session: %w: a backbone without a part", model.ErrMismatch))
	}
	head := &model.File{Head: f.Head}
	data, err := model.Encode(head)
	if err != nil {
		return fromError(m.ID, err)
	}
	b := f.Backbone
	if b == nil {
		if b, err = s.studio.backbone(f.Head.BackboneDigest, m.Bufs[1:]...); err != nil {
			return fromError(m.ID, err)
		}
	}
	if err := f.Head.Fits(b); err != nil {
		return fromError(m.ID, err)
	}
	backbone, err := model.Encode(&model.File{Backbone: b})
	if err != nil {
		return fromError(m.ID, err)
	}
	return answer(m.ID, describe(f.Head, head.Digest), data, backbone)
}

// revise changes what does not change any score.
func (s *Session) revise(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.ReviseRequest](m.Meta)
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	f, err := one(m, 0)
	if err == nil && f.Head == nil {
		err = fmt.Errorf("session: %w: a backbone without a part", model.ErrMismatch)
	}
	if err != nil {
		return fromError(m.ID, err)
	}
	h := *f.Head
	if req.Part != "" {
		h.Part = req.Part
	}
	if req.Rate > 0 {
		h.Calibration = h.Calibration.WithRate(req.Rate)
	}
	out := &model.File{Head: &h}
	data, err := model.Encode(out)
	if err != nil {
		return fromError(m.ID, err)
	}
	return answer(m.ID, describe(&h, out.Digest), data)
}

// compare asks several heads about one image.
func (s *Session) compare(m protocol.Message) protocol.Message {
	req, err := protocol.Decode[protocol.CompareRequest](m.Meta)
	if err == nil && len(m.Bufs) < 1+req.Heads {
		err = fmt.Errorf("session: compare has %d buffers, want an image and %d heads", len(m.Bufs), req.Heads)
	}
	if err != nil {
		return failure(m.ID, protocol.CodeBadMessage, err.Error(), "")
	}
	heads, lent := m.Bufs[1:1+req.Heads], m.Bufs[1+req.Heads:]
	out := protocol.CompareResult{Name: req.Name, Opinions: []protocol.Opinion{}}
	seen := map[string]Inspector{}
	for _, data := range heads {
		key := string(data) // equal bytes, equal head
		in := s.studio.heads[key]
		if in == nil {
			if in, err = s.open(append(append([][]byte{}, s.studio.files...), lent...), [][]byte{data}, s.kernels); err != nil {
				return fromError(m.ID, err)
			}
		}
		seen[key] = in
		r, err := in.Inspect(m.Bufs[0])
		if err != nil {
			return fromError(m.ID, err)
		}
		out.Opinions = append(out.Opinions, protocol.Opinion{Head: in.Info().HeadDigest, Raw: r.Raw, RawBits: rawBits(r), Ratio: r.Ratio, Verdict: string(r.Verdict)})
	}
	s.studio.heads = seen
	return answer(m.ID, out)
}

var _ Inspector = (*inspect.Inspector)(nil)

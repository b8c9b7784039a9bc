package teach

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"anomnet/core/detect"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/roi"
)

// ErrKnown is wrapped when the same file is added again.
var ErrKnown = errors.New("teach: image is there already")

// Session is the teaching of one part: its good images and check cases, as features, and where the present head came from. It is what the
// page keeps on the device, so that a head can be refitted without the images. It is for one goroutine.
//
//	s := teach.NewSession(backbone, pre)
//	s.Add(features)                    // good, in the order that the head shall learn them; from any worker
//	taught, err := s.Fit(ctx, fit, opt)
//	s.Keep(taught)                     // taught.File is now the part's model
//	s.Add(falseAlarm)                  // "this one is good"
//	taught, err = s.Fit(ctx, fit, opt) // version 2, which names version 1 as its parent
//
// Fit gives the same bytes as `anomnet teach` on the same files, order, seed and options.
type Session struct {
	backbone *model.Backbone
	pre      imaging.Preprocess
	maker    string
	good     []*Features
	checks   []*Features
	lineage  Lineage
	roi      roi.Mask
}

// Lineage says where a session stands.
type Lineage struct {
	Revision int    `json:"revision"` // refits kept so far; the next head gets this number, 0 for the first
	Parent   string `json:"parent"`   // digest of the head kept last, or ""
}

// NewSession starts without images.
func NewSession(b *model.Backbone, pre imaging.Preprocess) (*Session, error) {
	if err := pre.Validate(); err != nil {
		return nil, err
	}
	maker, err := Maker(b, pre)
	if err != nil {
		return nil, err
	}
	return &Session{backbone: b, pre: pre, maker: maker}, nil
}

// SetROI says which patches count from the next Fit on, nil for all. The features of images stay good.
func (s *Session) SetROI(m roi.Mask) error {
	if err := m.Validate(s.pre.Width / detect.GridStride * (s.pre.Height / detect.GridStride)); err != nil {
		return fmt.Errorf("teach: %w", err)
	}
	s.roi = m
	return nil
}

// Add appends a good image. A file that is among the good images or the check cases already is refused with ErrKnown.
func (s *Session) Add(f *Features) error { return s.add(&s.good, f) }

// AddCheck appends a check case: an image known to be bad. Fit does not learn from it, but reports its score.
func (s *Session) AddCheck(f *Features) error { return s.add(&s.checks, f) }

func (s *Session) add(list *[]*Features, f *Features) error {
	if err := f.validate(); err != nil {
		return err
	}
	if f.Maker != s.maker {
		return fmt.Errorf("%w: %q was made for another backbone or preprocessing", ErrFeatures, f.Name)
	}
	for _, known := range [][]*Features{s.good, s.checks} {
		if i := find(known, f.SHA256); i >= 0 {
			return fmt.Errorf("%w: %q is the file %q", ErrKnown, f.Name, known[i].Name)
		}
	}
	*list = append(*list, f)
	return nil
}

func find(list []*Features, sha256 string) int {
	return slices.IndexFunc(list, func(f *Features) bool { return f.SHA256 == sha256 })
}

// Taught is a head and how it was fitted.
type Taught struct {
	File   []byte // the model file
	Digest string // of it
	Head   *model.Head
	Report *Report
}

// Fit learns a head from the good images and scores the check cases. The session stays as it is: Keep makes the head its present one.
// Of fit it sets the provenance.
func (s *Session) Fit(ctx context.Context, fit FitOptions, opt *Options) (*Taught, error) {
	within := Options{}
	if opt != nil {
		within = *opt
	}
	within.ROI = s.roi
	set, err := NewSet(s.backbone, s.pre, slices.Clone(s.good), &within)
	if err != nil {
		return nil, err
	}
	fit.Provenance = model.Provenance{Software: model.Software, DataSHA256: set.DataSHA256(), ParentSHA256: s.lineage.Parent, Revision: s.lineage.Revision}
	head, rep, err := set.Fit(ctx, fit, opt)
	if err != nil {
		return nil, err
	}
	if rep.Checks, err = set.check(ctx, head, s.checks, opt); err != nil {
		return nil, err
	}
	file := &model.File{Head: head}
	data, err := model.Encode(file)
	if err != nil {
		return nil, err
	}
	return &Taught{File: data, Digest: file.Digest, Head: head, Report: rep}, nil
}

// Keep makes a head that Fit returned the present one: the next Fit is its child.
func (s *Session) Keep(t *Taught) { s.lineage = Lineage{s.lineage.Revision + 1, t.Digest} }

// DataSHA256 is the digest over the images' digests in order.
func (s *Set) DataSHA256() string {
	h := sha256.New()
	for _, f := range s.Features {
		sum, err := hex.DecodeString(f.SHA256)
		if err != nil {
			return "" // validate has seen it
		}
		h.Write(sum)
	}
	return hex.EncodeToString(h.Sum(nil))
}

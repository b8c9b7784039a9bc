package teach

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"anomnet/core/detect"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/roi"
	"anomnet/core/safetensors"
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

// ROI is what SetROI has set.
func (s *Session) ROI() roi.Mask { return s.roi }

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

// Remove takes out good image i and returns it, so that Insert can bring it back.
func (s *Session) Remove(i int) (*Features, error) { return remove(&s.good, i) }

// RemoveCheck takes out check case i.
func (s *Session) RemoveCheck(i int) (*Features, error) { return remove(&s.checks, i) }

func remove(list *[]*Features, i int) (*Features, error) {
	if i < 0 || i >= len(*list) {
		return nil, fmt.Errorf("teach: image %d of %d", i, len(*list))
	}
	f := (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return f, nil
}

// Insert puts a good image in before image i, where it was before Remove. The order of images is part of what a head depends on.
func (s *Session) Insert(i int, f *Features) error {
	if i < 0 || i > len(s.good) {
		return fmt.Errorf("teach: image %d of %d", i, len(s.good))
	}
	if err := s.Add(f); err != nil {
		return err
	}
	s.good = slices.Insert(s.good[:len(s.good)-1], i, f)
	return nil
}

// Good returns the good images in order. The features must not be changed.
func (s *Session) Good() []*Features { return slices.Clone(s.good) }

// Checks returns the check cases in order.
func (s *Session) Checks() []*Features { return slices.Clone(s.checks) }

// Lineage returns where the session stands.
func (s *Session) Lineage() Lineage { return s.lineage }

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

// sessionJSON is the index of a session: everything but the features.
type sessionJSON struct {
	Version int             `json:"version"`
	Maker   string          `json:"maker"`
	Pre     json.RawMessage `json:"preprocess"`
	ROI     string          `json:"roi,omitempty"` // roi.Mask.String
	Lineage Lineage         `json:"lineage"`
	Good    []string        `json:"good"`   // SHA256 of the features
	Checks  []string        `json:"checks"` // SHA256 of the features
}

const sessionVersion = 1

func (s *Session) index() (*sessionJSON, error) {
	pre, err := json.Marshal(s.pre)
	if err != nil {
		return nil, fmt.Errorf("teach: %w", err)
	}
	j := &sessionJSON{sessionVersion, s.maker, pre, s.roi.String(), s.lineage, []string{}, []string{}}
	for _, f := range s.good {
		j.Good = append(j.Good, f.SHA256)
	}
	for _, f := range s.checks {
		j.Checks = append(j.Checks, f.SHA256)
	}
	return j, nil
}

// Index returns all of the session but the features, a few hundred bytes: preprocessing, region of interest, lineage, and the SHA256 of good images and check
// cases in order. Whoever stores the bytes of each Features under its SHA256 can go back to any earlier index: see OpenSession.
func (s *Session) Index() ([]byte, error) {
	j, err := s.index()
	if err != nil {
		return nil, err
	}
	return seal(metaSession, j, nil)
}

// OpenSession makes the session that Index described. load returns the bytes (EncodeFeatures) stored under a SHA256.
func OpenSession(b *model.Backbone, index []byte, load func(sha256 string) ([]byte, error)) (*Session, error) {
	var j sessionJSON
	t, err := unseal(index, metaSession, &j)
	if err != nil {
		return nil, err
	}
	if len(t) > 0 {
		return nil, fmt.Errorf("%w: an index with features", ErrFeatures)
	}
	return j.open(b, load)
}

func (j *sessionJSON) open(b *model.Backbone, load func(sha256 string) ([]byte, error)) (*Session, error) {
	if j.Version != sessionVersion {
		return nil, fmt.Errorf("%w: session version %d, this program reads %d", ErrFeatures, j.Version, sessionVersion)
	}
	var pre imaging.Preprocess
	if err := safetensors.StrictJSON(j.Pre, &pre); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFeatures, err)
	}
	s, err := NewSession(b, pre)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFeatures, err)
	}
	m, err := roi.Parse(j.ROI)
	if err == nil {
		err = s.SetROI(m)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFeatures, err)
	}
	if s.maker != j.Maker {
		return nil, fmt.Errorf("%w: the session is for another backbone or version", ErrFeatures)
	}
	l := j.Lineage
	if l.Revision < 0 || (l.Revision == 0) != (l.Parent == "") || (l.Parent != "" && !isDigest(l.Parent)) {
		return nil, fmt.Errorf("%w: revision %d of parent %.70q", ErrFeatures, l.Revision, l.Parent)
	}
	s.lineage = l
	for k, list := range [][]string{j.Good, j.Checks} {
		for _, sha := range list {
			if err := s.restore(k == 1, sha, load); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

func (s *Session) restore(check bool, sha string, load func(sha256 string) ([]byte, error)) error {
	data, err := load(sha)
	if err != nil {
		return fmt.Errorf("teach: features %.12s: %w", sha, err)
	}
	f, err := DecodeFeatures(data)
	if err != nil {
		return err
	}
	if f.SHA256 != sha {
		return fmt.Errorf("%w: features of %.12s where %.12s should be", ErrFeatures, f.SHA256, sha)
	}
	if check {
		return s.AddCheck(f)
	}
	return s.Add(f)
}

// Encode returns the session with all features in one piece; DecodeSession reads it.
func (s *Session) Encode() ([]byte, error) {
	j, err := s.index()
	if err != nil {
		return nil, err
	}
	t := map[string]safetensors.Tensor{}
	for _, f := range slices.Concat(s.good, s.checks) {
		data, err := EncodeFeatures(f)
		if err != nil {
			return nil, err
		}
		t[f.SHA256] = safetensors.Tensor{DType: safetensors.U8, Shape: []int{len(data)}, Data: data}
	}
	return seal(metaSession, j, t)
}

// DecodeSession reads what Encode wrote. Any changed byte is refused; errors wrap ErrFeatures.
func DecodeSession(b *model.Backbone, data []byte) (*Session, error) {
	var j sessionJSON
	t, err := unseal(data, metaSession, &j)
	if err != nil {
		return nil, err
	}
	s, err := j.open(b, func(sha string) ([]byte, error) {
		f, ok := t[sha]
		if !ok {
			return nil, fmt.Errorf("%w: missing", ErrFeatures)
		}
		return f.Data, nil
	})
	if err != nil {
		return nil, err
	}
	canonical, err := s.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(data, canonical) {
		return nil, fmt.Errorf("%w: not in canonical form", ErrFeatures)
	}
	return s, nil
}

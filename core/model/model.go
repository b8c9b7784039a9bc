// Package model reads and writes AnomNet's model file: a safetensors container whose metadata hold a strict, versioned manifest.
//
// A file holds a backbone, a head, or both. A head names its backbone by digest. Everything that a verdict depends on is
// inside: preprocessing, graph, scales, adapter, centroids, score rule and calibration. docs/model-format.md is the
// specification.
//
// # Security considerations
//
// Decode first checks the digest over the whole file, so any changed byte is refused, and then checks every shape against the
// manifest. The digest protects against damage, not against a forger: that is what a signature is for.
package model

import (
	"errors"
	"fmt"
	"slices"

	"anomnet/core/calibrate"
	"anomnet/core/detect"
	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/roi"
)

// Version is the version of the manifest that this package writes and reads.
const Version = 1

// Software is the program and version that heads carry in their provenance. It is the same in every build, so that a head
// taught in the page equals one taught on the command line.
const Software = "anomnet 0.1.0"

// MaxFileBytes is the largest file that Decode accepts.
const MaxFileBytes = 256 << 20

var (
	// ErrCorrupt is wrapped when bytes are damaged or do not follow the format.
	ErrCorrupt = errors.New("model: file is damaged or not a model file")
	// ErrMismatch is wrapped when a head and a backbone do not belong together.
	ErrMismatch = errors.New("model: head and backbone do not belong together")
)

// Provenance says where a backbone or a head came from.
type Provenance struct {
	Method     string             `json:"method"`                // for instance "teach", "train", "import"
	Software   string             `json:"software"`              // program and version
	Seed       int64              `json:"seed"`                  // of every random choice
	Images     int                `json:"images,omitempty"`      // images learned or calibrated from
	DataSHA256 string             `json:"data_sha256,omitempty"` // digest over the images' digests in order
	Metrics    map[string]float64 `json:"metrics,omitempty"`
	Card       string             `json:"card,omitempty"` // model card, plain text

	// A head that was refitted names the file of the head before it, and counts: the first refit is revision 1. Both or neither are set.
	ParentSHA256 string `json:"parent_sha256,omitempty"`
	Revision     int    `json:"revision,omitempty"`
}

// Backbone is a network without a part. One that was decoded must not be changed: it remembers its digest.
type Backbone struct {
	Name       string
	Licence    string
	Graph      *engine.Graph
	FeatureStd []float32 // [C] deviation of each patch channel over natural images, in steps of its tap
	Provenance Provenance

	digest string // of a backbone that came in a file of its own
}

// Head is what was learned about one part.
type Head struct {
	Part           string
	BackboneDigest string // Backbone.Digest
	Preprocess     imaging.Preprocess
	ZeroPadding    bool      // local means count zeros outside of the taps; without it edges are repeated
	FeatureScale   []float32 // [C], see detect.Extractor
	Adapter        detect.Adapter
	Centroids      detect.Centroids
	Coded          *detect.Coded // Centroids as the file holds them, nil when it holds them whole
	TopK           int           // patches whose mean distance is the image score
	ROI            roi.Mask      // patches that are inspected, nil for all
	Calibration    *calibrate.Calibration
	Provenance     Provenance
}

// File is the content of a model file; either part may be nil, not both.
type File struct {
	Backbone *Backbone
	Head     *Head
	Digest   string // of the file, lower-case hex; set by Encode and Decode
}

// Digest identifies the backbone: the digest of the file that holds it alone.
func (b *Backbone) Digest() (string, error) {
	if b.digest != "" {
		return b.digest, nil
	}
	f := &File{Backbone: b}
	_, err := Encode(f)
	return f.Digest, err
}

// Validate checks the backbone's graph and feature deviations.
func (b *Backbone) Validate() error {
	if b.Graph == nil {
		return errors.New("model: backbone has no graph")
	}
	if err := b.Graph.Validate(); err != nil {
		return fmt.Errorf("model: backbone %q: %w", b.Name, err)
	}
	if n := channels(b.Graph); len(b.FeatureStd) != n {
		return fmt.Errorf("model: backbone %q: %d feature deviations, want %d", b.Name, len(b.FeatureStd), n)
	}
	if err := b.Provenance.validate(); err != nil {
		return fmt.Errorf("model: backbone %q: %w", b.Name, err)
	}
	return checkScales("feature deviation", b.FeatureStd)
}

// channels returns the length of a patch vector: the sum of the taps' channels.
func channels(g *engine.Graph) int {
	total := 0
	for i := range g.Taps {
		c, _ := g.TapShape(i)
		total += c
	}
	return total
}

// Validate checks everything that can be checked without the backbone.
func (h *Head) Validate() error {
	err := h.Preprocess.Validate()
	if err == nil {
		err = h.Adapter.Validate()
	}
	if err == nil {
		err = h.Centroids.Validate()
	}
	if err == nil {
		err = h.checkCoded()
	}
	if err == nil {
		err = checkScales("feature scale", h.FeatureScale)
	}
	if err == nil && h.Calibration == nil {
		err = errors.New("no calibration")
	}
	if err == nil {
		err = h.Calibration.Validate()
	}
	if err == nil {
		err = h.checkShapes()
	}
	if err == nil {
		err = h.Provenance.validate()
	}
	if err != nil {
		return fmt.Errorf("model: head %q: %w", h.Part, err)
	}
	return nil
}

// checkCoded wants the file to hold the centroids that are scored with.
func (h *Head) checkCoded() error {
	if h.Coded == nil {
		return nil
	}
	c, err := h.Coded.Decode(h.Centroids.D)
	if err == nil && (c.K != h.Centroids.K || !slices.Equal(c.Data, h.Centroids.Data)) {
		err = errors.New("coded centroids are not the centroids")
	}
	return err
}

// Grid is the number of patches in each direction.
func (h *Head) Grid() (columns, rows int) {
	return h.Preprocess.Width / detect.GridStride, h.Preprocess.Height / detect.GridStride
}

// Inspected is how many patches are inspected, of how many.
func (h *Head) Inspected() (inside, all int) {
	gw, gh := h.Grid()
	return h.ROI.Count(gw * gh), gw * gh
}

func (h *Head) checkShapes() error {
	patches, all := h.Inspected()
	if err := h.ROI.Validate(all); err != nil {
		return err
	}
	switch {
	case len(h.FeatureScale) != h.Adapter.In:
		return fmt.Errorf("%d feature scales for an adapter of %d inputs", len(h.FeatureScale), h.Adapter.In)
	case h.Centroids.D != h.Adapter.Out:
		return fmt.Errorf("centroids of %d values for embeddings of %d", h.Centroids.D, h.Adapter.Out)
	case h.TopK < 1 || h.TopK > patches:
		return fmt.Errorf("score rule takes %d of %d patches", h.TopK, patches)
	case len(h.BackboneDigest) != digestLen:
		return fmt.Errorf("backbone digest %q", h.BackboneDigest)
	}
	return nil
}

// Fits reports whether head and backbone belong together.
func (h *Head) Fits(b *Backbone) error {
	d, err := b.Digest()
	if err != nil {
		return err
	}
	if d != h.BackboneDigest {
		return fmt.Errorf("%w: part %q was made for backbone %.12s, this is %.12s (%s)", ErrMismatch, h.Part, h.BackboneDigest, d, b.Name)
	}
	if n := channels(b.Graph); n != h.Adapter.In {
		return fmt.Errorf("%w: backbone gives %d channels, the head takes %d", ErrMismatch, n, h.Adapter.In)
	}
	return nil
}

// validate checks the lineage. The other fields may hold anything.
func (p *Provenance) validate() error {
	if p.Revision < 0 || (p.Revision == 0) != (p.ParentSHA256 == "") {
		return fmt.Errorf("revision %d of parent %.70q", p.Revision, p.ParentSHA256)
	}
	if p.ParentSHA256 != "" && len(p.ParentSHA256) != digestLen {
		return fmt.Errorf("parent digest %.70q", p.ParentSHA256)
	}
	return nil
}

func checkScales(what string, v []float32) error {
	for i, s := range v {
		if !(s > 0) || s > 1e30 {
			return fmt.Errorf("%s %d is %v", what, i, s)
		}
	}
	return nil
}

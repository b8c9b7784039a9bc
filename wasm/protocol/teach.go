package protocol

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Operations of teaching and of model files.
const (
	OpFeatures = "features"
	OpFit      = "fit"
	OpDescribe = "describe"
	OpRevise   = "revise"
	OpCompare  = "compare"
)

// MaxTaught is the most images, good ones and check cases together, that a fit message brings.
const MaxTaught = 1000

// MaxRevision is the largest revision that is asked for; a head can be taught further less often than that.
const MaxRevision = 1_000_000

// MaxCard is how much of a model card travels, in bytes.
const MaxCard = 16 << 10

// Shape is how pictures come to the size that a head works at, as in core/imaging.Preprocess.
type Shape struct {
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Mode   string `json:"mode"`
	Gray   bool   `json:"gray,omitempty"`
}

// FeaturesRequest asks for the features of the image whose bytes travel as the first buffer. Backbone is the digest of one that came with the last
// load, or that a model file in a further buffer holds.
type FeaturesRequest struct {
	Name     string `json:"name"`
	Backbone string `json:"backbone"`
	Shape    Shape  `json:"shape"`
	Copies   Copies `json:"copies,omitempty"` // which turned and mirrored copies of the image are wanted, too
}

// Copies says of which turned and mirrored copies of an image features are made: as few as so many good images call for, since they take most of the time.
type Copies string

// The copies, the most first. An empty text stands for all.
const (
	CopiesAll  Copies = "turns"
	CopiesD4   Copies = "d4"
	CopiesNone Copies = "none"
)

// CopiesFor is core/teach.CopiesFor, and none for a part that always lies the same way.
func CopiesFor(images int, upright bool) Copies {
	switch {
	case upright:
		return CopiesNone
	case images <= 50:
		return CopiesAll
	case images <= 150:
		return CopiesD4
	}
	return CopiesNone
}

// Cover tells whether features with these copies can be used where others are wanted.
func (c Copies) Cover(others Copies) bool {
	return c == others || others == CopiesNone || c == "" || c == CopiesAll
}

// FeaturesResult comes with two buffers: the features (core/teach.EncodeFeatures) and the preview, PreW*PreH*4 bytes RGBA.
type FeaturesResult struct {
	Name   string  `json:"name"`
	SHA256 string  `json:"sha256"` // of the image file, hex
	Width  int     `json:"width"`  // of the decoded picture
	Height int     `json:"height"` // of the decoded picture
	PreW   int     `json:"pre_w"`
	PreH   int     `json:"pre_h"`
	Millis float64 `json:"ms"` // time in the worker
}

// FitRequest asks for a head. The buffers are features: of Good good images in the order in which they are learned, then of check cases. The last
// Lend buffers are model files, whose backbones are used when no file of the last load holds the one that is asked for.
type FitRequest struct {
	Part     string  `json:"part"`
	Backbone string  `json:"backbone"`
	Shape    Shape   `json:"shape"`
	Good     int     `json:"good"`
	Lend     int     `json:"lend,omitempty"`
	Rate     float64 `json:"rate"` // target false-reject rate, 0..1
	Seed     int64   `json:"seed,omitempty"`
	Revision int     `json:"revision,omitempty"` // of the head, 0 for a first one
	Parent   string  `json:"parent,omitempty"`   // digest of the head that it was taught further from
	ROI      string  `json:"roi,omitempty"`      // region of interest as core/roi writes it, "" for the whole picture
	Upright  bool    `json:"upright,omitempty"`  // turned and mirrored copies do not count as good
}

// FitResult comes with one buffer, the head's file. Scores are of the held-out good images, and Images says which of the good ones these are.
type FitResult struct {
	Model  Model     `json:"model"`
	Norm   string    `json:"norm"`
	Turned bool      `json:"turned,omitempty"` // turned and mirrored copies count as good
	Scores []float32 `json:"scores"`
	Images []int     `json:"images"`
	Checks []float32 `json:"checks"` // scores of the check cases, in order
	Same   [][2]int  `json:"same"`   // pairs of good images that look like copies of each other
	Odd    []int     `json:"odd"`    // good images that look unlike the others, the oddest first
	Look   []int     `json:"look"`   // good images to look at first, whether odd or not
	Sizes  []int     `json:"sizes"`  // good images whose size or shape is far from the usual one
	Groups int       `json:"groups"` // 2 when the good images look like two parts
	Millis float64   `json:"ms"`
}

// Model describes a head, as a model file tells of itself.
type Model struct {
	Part       string  `json:"part"`
	Head       string  `json:"head"`     // digest
	Backbone   string  `json:"backbone"` // digest
	Shape      Shape   `json:"shape"`
	Centroids  int     `json:"centroids"`
	Embedding  int     `json:"embedding"`
	HeldOut    int     `json:"held_out"`
	Rate       float64 `json:"rate"`
	Promised   bool    `json:"promised"`
	Limit      float32 `json:"limit"`
	Review     float32 `json:"review"`
	Method     string  `json:"method"`
	Software   string  `json:"software"`
	Seed       int64   `json:"seed"`
	Images     int     `json:"images"`
	DataSHA256 string  `json:"data_sha256,omitempty"`
	Revision   int     `json:"revision,omitempty"`
	Parent     string  `json:"parent,omitempty"`
	ROI        string  `json:"roi,omitempty"` // region of interest as core/roi writes it
	Card       string  `json:"card,omitempty"`
}

// ReviseRequest asks for the head of the only buffer with another name or false-reject rate; "" and 0 keep what it has. The result is a Model with
// the head's file.
type ReviseRequest struct {
	Part string  `json:"part,omitempty"`
	Rate float64 `json:"rate,omitempty"`
}

// CompareRequest asks what several heads say about one image. The buffers are the image and the heads, on backbones of the last load; further
// model files lend theirs.
type CompareRequest struct {
	Name  string `json:"name"`
	Heads int    `json:"heads"` // how many buffers behind the image are heads
}

// Opinion is what a head says about an image.
type Opinion struct {
	Head    string  `json:"head"`
	Raw     float32 `json:"raw"`
	RawBits uint32  `json:"raw_bits"`
	Ratio   float64 `json:"ratio"`
	Verdict string  `json:"verdict"`
}

// CompareResult has the heads' opinions in their order.
type CompareResult struct {
	Name     string    `json:"name"`
	Opinions []Opinion `json:"opinions"`
}

func (s Shape) check() error {
	if !slices.Contains([]string{ModeStretch, ModeFit, ModeCrop}, s.Mode) {
		return fmt.Errorf("field mode: unknown mode %q", s.Mode)
	}
	return side("width", s.Width, "height", s.Height)
}

func (r FeaturesRequest) check() error {
	if !slices.Contains([]Copies{"", CopiesAll, CopiesD4, CopiesNone}, r.Copies) {
		return fmt.Errorf("field copies: unknown %q", r.Copies)
	}
	return r.Shape.check()
}

func (r FeaturesResult) check() error {
	return errors.Join(finite(r.Millis), side("width", r.Width, "height", r.Height, "pre_w", r.PreW, "pre_h", r.PreH))
}

func (r FitRequest) check() error {
	if r.Good < 0 || r.Good > MaxTaught || r.Revision < 0 || r.Revision > MaxRevision || r.Lend < 0 || r.Lend > MaxModelFiles {
		return fmt.Errorf("field good, revision or lend: %d, %d, %d", r.Good, r.Revision, r.Lend)
	}
	return errors.Join(r.Shape.check(), rate(r.Rate), region(r.ROI))
}

func (r FitResult) check() error {
	if len(r.Scores) != len(r.Images) || len(r.Scores)+len(r.Checks) > MaxTaught || r.Groups < 0 {
		return fmt.Errorf("field scores: %d scores of %d images, %d checks", len(r.Scores), len(r.Images), len(r.Checks))
	}
	for _, i := range slices.Concat(r.Images, r.Odd, r.Look, r.Sizes) {
		if i < 0 || i >= MaxTaught {
			return fmt.Errorf("field images, odd, look or sizes: %d", i)
		}
	}
	for _, p := range r.Same {
		if min(p[0], p[1]) < 0 || max(p[0], p[1]) >= MaxTaught {
			return fmt.Errorf("field same: %v", p)
		}
	}
	for _, s := range slices.Concat(r.Scores, r.Checks) {
		if err := finite(float64(s)); err != nil {
			return err
		}
	}
	if err := errors.Join(r.Model.check(), finite(r.Millis)); err != nil {
		return err
	}
	if r.Scores == nil || r.Images == nil || r.Checks == nil || r.Same == nil || r.Odd == nil || r.Look == nil || r.Sizes == nil { // null does not travel
		return errors.New("a list is missing")
	}
	return nil
}

func (m Model) check() error {
	if m.Centroids < 0 || m.Embedding < 0 || m.HeldOut < 0 || m.Images < 0 || m.Revision < 0 {
		return errors.New("a count is negative")
	}
	if m.Revision >= MaxRevision { // the page asks for the next one
		return fmt.Errorf("field revision: %d, the limit is %d", m.Revision, MaxRevision-1)
	}
	return errors.Join(m.Shape.check(), rate(m.Rate), region(m.ROI), finite(float64(m.Limit), float64(m.Review)))
}

func (r ReviseRequest) check() error { return rate(r.Rate) }

func (r CompareRequest) check() error {
	if r.Heads < 1 || r.Heads > MaxModelFiles {
		return fmt.Errorf("field heads: %d is not in 1..%d", r.Heads, MaxModelFiles)
	}
	return nil
}

func (r CompareResult) check() error {
	if r.Opinions == nil {
		return errors.New("field opinions: none")
	}
	for _, o := range r.Opinions {
		if math.Float32bits(o.Raw) != o.RawBits {
			return fmt.Errorf("field raw_bits: %#x, but raw %v", o.RawBits, o.Raw)
		}
		if !slices.Contains([]string{VerdictOK, VerdictReview, VerdictNG}, o.Verdict) {
			return fmt.Errorf("field verdict: unknown verdict %q", o.Verdict)
		}
		if err := finite(float64(o.Raw), o.Ratio); err != nil {
			return err
		}
	}
	return nil
}

// maxROI is the length of a region of interest of 2,048 x 2,048 pixels: a bit for each patch, in base64.
const maxROI = 256*256/8*4/3 + 4

func region(roi string) error {
	if len(roi) > maxROI || len(roi)%4 != 0 || strings.Trim(roi, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != "" {
		return fmt.Errorf("field roi: %d characters, not base64 of a mask", len(roi))
	}
	return nil
}

func rate(r float64) error {
	if !(r >= 0 && r <= 1) {
		return fmt.Errorf("field rate: %v is not in 0..1", r)
	}
	return nil
}

func finite(vs ...float64) error {
	for _, v := range vs {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("a number is not finite")
		}
	}
	return nil
}

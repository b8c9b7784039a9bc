package report

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"anomnet/core/calibrate"
)

// Limits of what JSON writes and Parse reads.
const (
	MaxBytes   = 64 << 20 // of a file
	MaxRecords = 100_000
	MaxRegions = 1000
	MaxPath    = 16 << 10 // bytes of a path
	MaxText    = 4 << 10  // bytes of any other text
	maxCount   = 1 << 30  // pixels, held-out images
)

// Validate says what is wrong with a header.
func (h *Header) Validate() error {
	switch {
	case !isDigest(h.HeadSHA256):
		return fmt.Errorf("head_sha256 %.80q is no SHA-256", h.HeadSHA256)
	case !isDigest(h.BackboneSHA256):
		return fmt.Errorf("backbone_sha256 %.80q is no SHA-256", h.BackboneSHA256)
	case !(h.FalseRejectRate >= 0 && h.FalseRejectRate <= 1):
		return fmt.Errorf("false_reject_rate %v is not in 0..1", h.FalseRejectRate)
	case h.Calibration < 0 || h.Calibration > maxCount:
		return fmt.Errorf("calibration %d is not in 0..%d", h.Calibration, maxCount)
	}
	if err := checkLimits(h.Limit, h.Review); err != nil {
		return err
	}
	if err := h.Started.check(); err != nil {
		return fmt.Errorf("started: %w", err)
	}
	if err := h.Ended.check(); err != nil {
		return fmt.Errorf("ended: %w", err)
	}
	return longest(MaxText, "part", h.Part, "software", h.Software, "tier", h.Tier, "operator", h.Operator, "signature", h.Signature)
}

// Validate says what is wrong with a record. The verdict must be the one that raw score and limits give.
func (r *Record) Validate() error {
	if err := longest(MaxPath, "path", r.Path); err != nil {
		return err
	}
	if r.Label != "" && r.Label != Good && r.Label != Defect {
		return fmt.Errorf("label %.40q is neither good nor defect", r.Label)
	}
	if err := r.Time.check(); err != nil {
		return err
	}
	if r.SHA256 != "" && !isDigest(r.SHA256) {
		return fmt.Errorf("sha256 %.80q is no SHA-256", r.SHA256)
	}
	if r.Err == nil {
		return r.checkScored()
	}
	if r.Err.Code == "" {
		return errors.New("error has no code")
	}
	if r.Verdict != "" || r.RawBits()|math.Float32bits(r.Limit)|math.Float32bits(r.Review) != 0 || r.PValue != 0 || r.Width|r.Height != 0 ||
		len(r.Regions) > 0 || r.Override != nil {
		return errors.New("a result beside an error")
	}
	return longest(MaxText, "code", r.Err.Code, "message", r.Err.Message, "hint", r.Err.Hint)
}

func (r *Record) checkScored() error {
	if err := checkLimits(r.Limit, r.Review); err != nil {
		return err
	}
	limits := calibrate.Calibration{Limit: r.Limit, Review: r.Review}
	switch want := limits.Verdict(r.Raw); {
	case !(r.Raw >= 0 && r.Raw <= math.MaxFloat32) || math.Signbit(float64(r.Raw)):
		return fmt.Errorf("raw %v is no score", r.Raw)
	case math.IsInf(r.Ratio(), 0) || math.IsNaN(r.Ratio()):
		return fmt.Errorf("ratio %v is no number", r.Ratio())
	case r.Verdict != want:
		return fmt.Errorf("verdict %.40q, but raw %v with review %v and limit %v is %s", r.Verdict, r.Raw, r.Review, r.Limit, want)
	case !(r.PValue >= 0 && r.PValue <= 1):
		return fmt.Errorf("p_value %v is not in 0..1", r.PValue)
	case r.SHA256 == "":
		return errors.New("sha256 is missing")
	case r.Width < 1 || r.Height < 1 || r.Width > maxCount || r.Height > maxCount:
		return fmt.Errorf("width and height %d x %d are no size", r.Width, r.Height)
	case len(r.Regions) > MaxRegions:
		return fmt.Errorf("regions: %d, want at most %d", len(r.Regions), MaxRegions)
	}
	for i, g := range r.Regions {
		if g.Area < 1 || g.Area > maxCount || !(g.Share >= 0 && g.Share <= 1) {
			return fmt.Errorf("regions[%d]: area %d, share %v", i, g.Area, g.Share)
		}
	}
	if o := r.Override; o != nil {
		if o.Verdict != calibrate.OK && o.Verdict != calibrate.Review && o.Verdict != calibrate.NG {
			return fmt.Errorf("override: verdict %.40q", o.Verdict)
		}
		if err := o.Time.check(); err != nil {
			return fmt.Errorf("override: %w", err)
		}
		return longest(MaxText, "override: reason", o.Reason, "override: operator", o.Operator)
	}
	return nil
}

func checkLimits(limit, review float32) error {
	if !(limit > 0 && limit <= math.MaxFloat32) || !(review >= 0 && review <= limit) || math.Signbit(float64(review)) {
		return fmt.Errorf("limit %v and review %v: want 0 <= review <= limit", limit, review)
	}
	return nil
}

// longest checks alternating names and texts.
func longest(limit int, pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if len(pairs[i+1]) > limit {
			return fmt.Errorf("%s has %d bytes, want at most %d", pairs[i], len(pairs[i+1]), limit)
		}
	}
	return nil
}

func isDigest(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// Package calibrate turns the raw score of an image into a verdict, OK, REVIEW or NG, from the scores of good images that the
// model was not taught with (held out or cross-validated).
//
//	c, err := calibrate.New(heldOut, maps, 0.01) // at most 1 good image in 100 rejected
//	c.Verdict(score)                             // calibrate.OK, calibrate.Review or calibrate.NG
//	c.Ratio(score)                               // 1.0 is the limit
//
// # Units
//
// The score of an image is the mean of the top 1 % of its patch distances, so scores and the values of an anomaly map share
// one unit, and the limit can be drawn on the scale of the map.
//
// # What is promised
//
// The limit is the split-conformal quantile (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; Lei
// and others, JASA 113, 2018, section 2.2). If the held-out images and the images inspected later are exchangeable, the
// chance that a good image is rejected, averaged over draws of the held-out set, is at most the target; no assumption about
// the shape of the scores is made. One particular held-out set can be lucky or unlucky: see [Calibration.Interval]. Fewer
// than 1/target - 1 images cannot support a target: see [Calibration.Promised]. Cross-validated scores come from several
// models, so for them the promise is approximate.
//
// # Numbers
//
// Limits and the map scale decide verdicts and pictures, so they are float32 with each operation rounded, never fused, and
// use no function of package math whose result depends on the processor. P-values, ratios and intervals are float64 and are
// only shown.
package calibrate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
)

// Verdict is what an inspector is told about an image.
type Verdict string

// The verdicts, from best to worst.
const (
	OK     Verdict = "OK"     // score <= Calibration.Review
	Review Verdict = "REVIEW" // between the two limits: a person should look
	NG     Verdict = "NG"     // score > Calibration.Limit
)

// Limits of what New and Validate accept.
const (
	MaxScores = 1 << 16 // held-out images
	MaxRate   = 0.5     // largest false-reject rate
)

// Calibration is what a model file keeps to turn scores into verdicts. Scores, limits and map scale are in the unit of the
// image score. The zero value is not valid; use New, or decode JSON and call Validate.
type Calibration struct {
	Scores          []float32 `json:"scores"`            // held-out or cross-validated scores of good images, ascending
	FalseRejectRate float64   `json:"false_reject_rate"` // target: share of good images that may be called NG, (0, MaxRate]
	Limit           float32   `json:"limit"`             // NG above this; > 0
	Review          float32   `json:"review"`            // REVIEW above this; 0 <= Review <= Limit
	MapLow          float32   `json:"map_low"`           // anomaly map value shown as the bottom of the colour scale
	MapHigh         float32   `json:"map_high"`          // and as its top; > MapLow
}

// New calibrates from the scores of held-out good images and, for the display scale, their anomaly maps (each flat, any size;
// nil is allowed). frr is the target false-reject rate, 0 < frr <= MaxRate. Neither argument is changed or kept.
// It fails on no or too many scores, on a value that is negative, above 1e30 or NaN, and when every score is 0, which means that
// the images are copies of those the model was taught with.
//
// Limit: with n scores, the k-th smallest, k = ceil((n+1)(1-frr)), or the smallest score above 0 if that is larger. When k > n,
// see Promised, an exponential tail through the median and the maximum is followed instead (extrapolate).
// Review: the limit for five times the rate, but at most 20 %, and never above Limit.
// MapLow: the (lower) median of all map values, or half the median score without maps. MapHigh: such that Limit is in
// the middle of the scale: MapLow + 2(Limit - MapLow), where the half is taken as at least an eighth of either.
func New(scores []float32, maps [][]float32, frr float64) (*Calibration, error) {
	if err := checkRate(frr); err != nil {
		return nil, err
	}
	sorted := slices.Clone(scores)
	for i, s := range sorted {
		if !valid(s) {
			return nil, fmt.Errorf("calibrate: score %d is %v, want 0 to %g", i, s, maxScore)
		}
	}
	slices.Sort(sorted)
	if err := checkScores(sorted); err != nil {
		return nil, err
	}
	c := &Calibration{Scores: sorted}
	low, ok, err := mapMedian(maps)
	if err != nil {
		return nil, err
	}
	if !ok {
		low = median(sorted) / 2
	}
	c.MapLow = low
	c.threshold(frr)
	return c, nil
}

// WithRate is a copy of c with Limit, Review and MapHigh set again for another target, as New would set them. The rate is
// clamped to [1e-6, MaxRate]; NaN keeps c's own.
func (c *Calibration) WithRate(frr float64) *Calibration {
	if math.IsNaN(frr) {
		frr = c.FalseRejectRate
	}
	n := *c
	n.Scores = slices.Clone(c.Scores)
	n.threshold(min(max(frr, 1e-6), MaxRate))
	return &n
}

// Verdict is OK up to Review, REVIEW up to Limit and NG above it. A NaN is NG.
func (c *Calibration) Verdict(score float32) Verdict {
	switch {
	case !(score <= c.Limit):
		return NG
	case !(score <= c.Review):
		return Review
	}
	return OK
}

// PValue is the conformal p-value (1 + number of held-out scores >= score) / (n + 1): how often a good image looks at least
// this bad. It is in (0, 1]; a NaN gets the smallest, 1/(n+1).
func (c *Calibration) PValue(score float32) float64 {
	n := len(c.Scores)
	below := sort.Search(n, func(i int) bool { return c.Scores[i] >= score })
	return float64(1+n-below) / float64(n+1)
}

// Ratio is score relative to Limit: above 1 is NG.
func (c *Calibration) Ratio(score float32) float64 { return float64(score) / float64(c.Limit) }

// Validate checks a calibration that came from outside: the number of scores, their order and range, the rate, the order of the
// two limits and of the map scale. Limits need not be those that New would choose: a person may have set them.
func (c *Calibration) Validate() error {
	if err := checkRate(c.FalseRejectRate); err != nil {
		return err
	}
	for i, s := range c.Scores {
		if !valid(s) {
			return fmt.Errorf("calibrate: scores[%d] is %v, want 0 to %g", i, s, maxScore)
		}
		if i > 0 && s < c.Scores[i-1] {
			return fmt.Errorf("calibrate: scores[%d] = %v is below the one before, want ascending order", i, s)
		}
	}
	if err := checkScores(c.Scores); err != nil {
		return err
	}
	switch {
	case !(c.Limit > 0 && c.Limit <= maxLimit):
		return fmt.Errorf("calibrate: limit is %v, want above 0 and at most %g", c.Limit, maxLimit)
	case !(c.Review >= 0 && c.Review <= c.Limit):
		return fmt.Errorf("calibrate: review is %v, want 0 to limit = %v", c.Review, c.Limit)
	case !valid(c.MapLow):
		return fmt.Errorf("calibrate: map_low is %v, want 0 to %g", c.MapLow, maxScore)
	case !(c.MapHigh > c.MapLow && c.MapHigh <= maxLimit):
		return fmt.Errorf("calibrate: map_high is %v, want above map_low = %v and at most %g", c.MapHigh, c.MapLow, maxLimit)
	}
	return nil
}

func checkRate(frr float64) error {
	if !(frr > 0 && frr <= MaxRate) {
		return fmt.Errorf("calibrate: false_reject_rate is %v, want above 0 and at most %v", frr, MaxRate)
	}
	return nil
}

// checkScores checks number and maximum; sorted is ascending and valid.
func checkScores(sorted []float32) error {
	switch n := len(sorted); {
	case n == 0:
		return errors.New("calibrate: no held-out scores")
	case n > MaxScores:
		return fmt.Errorf("calibrate: %d held-out scores, want at most %d", n, MaxScores)
	case sorted[n-1] == 0:
		return errors.New("calibrate: every held-out score is 0: the held-out images are copies of the taught ones")
	}
	return nil
}

// Scores and map values are at most maxScore, so that a limit or scale made from them (at most 8 times as large) is below maxLimit
// and nothing overflows float32.
const (
	maxScore = 1e30
	maxLimit = 1e32
)

// valid says whether v can be a score or a map value.
func valid(v float32) bool { return v >= 0 && v <= maxScore }

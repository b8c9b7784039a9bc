package evaluate

import (
	"math"

	"anomnet/core/calibrate"
)

// Rates are the false-reject rates at which a limit's promise is checked.
var Rates = [...]float64{0.01, 0.05}

// Target says what came of a limit that was set for some false-reject rate.
type Target struct {
	Rate     float64 `json:"rate"`     // aimed at
	Limit    float32 `json:"limit"`    // of the score, from held-out good images
	Promised bool    `json:"promised"` // whether there were enough of those for the rate
	Low      float64 `json:"low"`      // the real rate was said to lie between Low and High, with calibrate.Confidence
	High     float64 `json:"high"`
	Rejected int     `json:"rejected"` // good test images above Limit
	Good     int     `json:"good"`     // of so many
	Recall   float64 `json:"recall"`   // defective test images above Limit
	// Chance of at least so many rejected images if the real rate were High (binomial). A small one contradicts the promise; a rate above High with a
	// large one does not, there are then too few images to tell.
	Chance float64 `json:"chance"`
}

// Real is the share of good test images that were rejected.
func (t Target) Real() float64 { return float64(t.Rejected) / float64(max(1, t.Good)) }

// Targets sets the limit of cal anew for each of Rates and counts what lies above it.
func Targets(scored []Scored, cal *calibrate.Calibration) []Target {
	var out []Target
	for _, rate := range Rates {
		c := cal.WithRate(rate)
		t := Target{Rate: rate, Limit: c.Limit, Promised: c.Promised()}
		t.Low, t.High = c.Interval(calibrate.Confidence)
		found, defective := 0, 0
		for _, s := range scored {
			above := 0
			if !(s.Result.Raw <= c.Limit) { // as Verdict: what is no number is rejected
				above = 1
			}
			if s.Good() {
				t.Good, t.Rejected = t.Good+1, t.Rejected+above
			} else {
				defective, found = defective+1, found+above
			}
		}
		t.Recall = float64(found) / float64(max(1, defective))
		t.Chance = atLeast(t.Rejected, t.Good, t.High)
		out = append(out, t)
	}
	return out
}

// atLeast is the chance of k or more of n, each with probability p.
func atLeast(k, n int, p float64) float64 {
	if k <= 0 || p >= 1 {
		return 1
	}
	if p <= 0 {
		return 0
	}
	choose := func(k int) float64 { // log of n over k
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	sum := 0.0
	for i := k; i <= n; i++ {
		sum += math.Exp(choose(i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(sum, 1)
}

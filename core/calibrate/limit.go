package calibrate

import (
	"math"
	"sort"
)

const (
	reviewFactor = 5   // Review's rate in units of the target
	reviewCap    = 0.2 // and its largest value
	maxReach     = 4   // extrapolation ends this many (max - median) above the median
	minSpread    = 16  // extrapolation takes max - median as at least max/minSpread
)

// rejected is how many of n+1 exchangeable good scores, the new one included, may lie above the limit: floor((n+1) frr). The
// limit is then the k-th smallest with k = n+1-rejected = ceil((n+1)(1-frr)). The small term undoes the binary rounding of
// rates such as 0.29, for which 100 * 0.29 is 28.999999999999996 and must count as 29.
func rejected(n int, frr float64) int {
	return int(math.Floor(float64(float64(n+1)*frr) + 1e-9))
}

// Promised says whether there are enough held-out scores for the target: (n+1) FalseRejectRate >= 1. If not, Limit is an
// extrapolation above all of them, and only the upper end of Interval is certain.
func (c *Calibration) Promised() bool { return rejected(len(c.Scores), c.FalseRejectRate) >= 1 }

// Confidence is how sure the intervals are that people are shown, everywhere.
const Confidence = 0.95

// Interval says between which values the real false-reject rate lies with probability conf (0 < conf < 1), seen over draws of the
// held-out set, each end missed equally often. The real rate given the set is Beta(n+1-k, k) distributed for a limit at the
// k-th of n scores (Vovk, ACML 2012, proposition 2a; continuous scores, with ties it can only be lower). When the target is
// not Promised, lo is 0 and hi is the one-sided bound for a limit at the maximum, Beta(1, n), which holds for any limit
// above it. A conf outside (0, 1) gives 0 and 1.
func (c *Calibration) Interval(conf float64) (lo, hi float64) {
	n := len(c.Scores)
	if !(conf > 0 && conf < 1) || n == 0 {
		return 0, 1
	}
	r := rejected(n, c.FalseRejectRate)
	if r < 1 {
		return 0, betaQuantile(conf, 1, float64(n))
	}
	r = min(r, n)
	a, b := float64(r), float64(n+1-r)
	return betaQuantile((1-conf)/2, a, b), betaQuantile((1+conf)/2, a, b)
}

// RateAt says what a limit means that need not be c's own, a person's for instance. With r of n held-out scores above it, a good image
// is rejected with a chance of at most rate = (r+1)/(n+1), averaged over draws of the held-out set, if the limit was not chosen by
// looking at these scores. lo and hi hold the real rate with probability conf at least (Clopper and Pearson, Biometrika 26, 1934; 0 to
// the one-sided bound when no score is above). A conf outside (0, 1) gives 0 and 1.
func (c *Calibration) RateAt(limit float32, conf float64) (rate, lo, hi float64) {
	n := len(c.Scores)
	if n == 0 {
		return 1, 0, 1
	}
	r := n - sort.Search(n, func(i int) bool { return c.Scores[i] > limit })
	rate = float64(r+1) / float64(n+1)
	above, below := float64(r), float64(n-r)
	switch {
	case !(conf > 0 && conf < 1):
		return rate, 0, 1
	case r == 0:
		return rate, 0, betaQuantile(conf, 1, below)
	case r == n:
		return rate, betaQuantile(1-conf, above, 1), 1
	}
	return rate, betaQuantile((1-conf)/2, above, below+1), betaQuantile((1+conf)/2, above+1, below)
}

// threshold sets the target and everything that follows from it; Scores and MapLow are set.
func (c *Calibration) threshold(frr float64) {
	c.FalseRejectRate = frr
	c.Limit = limitAt(c.Scores, frr)
	c.Review = c.Limit
	if loose := min(float64(reviewFactor*frr), reviewCap); loose > frr {
		c.Review = min(c.Limit, quantile(c.Scores, loose))
	}
	half := max(c.Limit-c.MapLow, c.Limit/8, c.MapLow/8, 1e-30) // never an empty scale
	c.MapHigh = c.MapLow + float32(2*half)
}

// limitAt is quantile, but never 0, so that a score can be shown relative to it; a higher limit rejects no more.
func limitAt(sorted []float32, frr float64) float32 {
	q := quantile(sorted, frr)
	for i := 0; q == 0 && i < len(sorted); i++ {
		q = sorted[i]
	}
	return q
}

// quantile is the conformal quantile: the value that at most a share frr of new good scores exceeds.
func quantile(sorted []float32, frr float64) float32 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	r := rejected(n, frr)
	if r < 1 {
		return extrapolate(sorted, frr)
	}
	return sorted[n-min(r, n)]
}

// extrapolate follows an exponential tail through the median, exceeded by one half, and the maximum, exceeded by 1/(n+1), to the
// rate frr: median + (max - median) ln(0.5/frr) / ln((n+1)/2). It meets the maximum where the promised range ends, grows as
// the target falls, and stops at maxReach so that a very small target cannot switch the inspection off.
// TestExtrapolation, target 1 %: the mean real rate is 0.02 to 1.4 % at n = 20 (limit at the maximum: 4.8 %) and 0.2 to
// 2.1 % at n = 10 (9.1 %) over uniform, exponential, normal and log-normal scores.
func extrapolate(sorted []float32, frr float64) float32 {
	n := len(sorted)
	top := sorted[n-1]
	spread := max(top-median(sorted), top/minSpread)
	reach := min(ln(0.5/frr)/ln(float64(max(n, 2)+1)/2), maxReach)
	beyond := float32(max(reach-1, 0))
	return top + float32(spread*beyond)
}

// median is the middle of sorted, or the mean of the middle two.
func median(sorted []float32) float32 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return float32(sorted[(n-1)/2]/2) + float32(sorted[n/2]/2)
}

// ln is the natural logarithm of a positive finite x, within a few ulp. Package math's has processor-specific variants, whose
// results differ in the last bit; this one is the same everywhere: x = 2^e f, ln f = 2 atanh((f-1)/(f+1)) by its series.
func ln(x float64) float64 {
	f, e := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f, e = float64(2*f), e-1
	}
	s := (f - 1) / (f + 1)
	s2 := float64(s * s)
	sum := 0.0
	for i := 25; i >= 1; i -= 2 { // |s| <= 0.172: the next term is below 1e-21
		sum = float64(sum*s2) + 1/float64(i)
	}
	return float64(2*float64(s*sum)) + float64(float64(e)*math.Ln2)
}

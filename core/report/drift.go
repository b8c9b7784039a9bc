package report

import (
	"math"
	"slices"

	"anomnet/core/calibrate"
	"anomnet/core/metrics"
)

// The drift test's constants.
const (
	DriftReference = 100   // accepted parts at the start, with which the later ones are compared
	DriftBlock     = 50    // accepted parts that are compared at a time
	DriftAlpha     = 0.001 // chance that a block without drift raises the warning
)

// DriftResult compares one block of accepted parts with the reference.
type DriftResult struct {
	From, To int     // indices of its first and last record
	Shift    float64 // chance that one of its scores is above one of the reference; 0.5 without drift
	P        float64 // two-sided
	Warning  bool    // P < DriftAlpha
}

// Drift tells whether the scores of accepted parts move: dust on the lens, a lamp that ages, another batch of material. Accepted
// are records that the program calls OK and no person calls otherwise, under the limits of the last record; records are in order of
// time. The first DriftReference of them are the reference, or the scores given as such (for instance the last session's); each
// further DriftBlock of them are compared with it by the two-sided Mann-Whitney test with correction for ties (Mann and Whitney 1947;
// Lehmann, Nonparametrics, 1975, section 1.4, without correction for continuity).
//
// Without drift a block raises the warning in about one of 1000 cases, averaged over references; blocks of one session share their
// reference, so false warnings come together. TestDriftFalseAlarms simulates it. An incomplete last block waits for more. Drift returns nil
// while there is no whole block, and with a reference smaller than a block.
func Drift(records []Record, reference []float32) []DriftResult {
	accepted := acceptedIndices(records)
	if reference == nil {
		n := min(DriftReference, len(accepted))
		for _, i := range accepted[:n] {
			reference = append(reference, records[i].Raw)
		}
		accepted = accepted[n:]
	}
	if len(reference) < DriftBlock {
		return nil
	}
	var blocks []DriftResult
	for ; len(accepted) >= DriftBlock; accepted = accepted[DriftBlock:] {
		block := make([]float32, DriftBlock)
		for k, i := range accepted[:DriftBlock] {
			block[k] = records[i].Raw
		}
		shift, p := MannWhitney(reference, block)
		blocks = append(blocks, DriftResult{accepted[0], accepted[DriftBlock-1], shift, p, p < DriftAlpha})
	}
	return blocks
}

func acceptedIndices(records []Record) []int {
	var last *Record
	for i := range records {
		if records[i].Err == nil {
			last = &records[i]
		}
	}
	var accepted []int
	for i := range records {
		r := &records[i]
		if r.Err == nil && r.Verdict == calibrate.OK && r.Final() == calibrate.OK && r.Limit == last.Limit && r.Review == last.Review {
			accepted = append(accepted, i)
		}
	}
	return accepted
}

// MannWhitney compares two samples: shift is the share of pairs in which b is above a, ties counting half, and p the two-sided
// p-value of the normal approximation. Samples that are empty, not finite, or of one value only give 0.5 and 1.
func MannWhitney(a, b []float32) (shift, p float64) {
	all := slices.Concat(a, b)
	labels := make([]bool, len(all))
	for i := range b {
		labels[len(a)+i] = true
	}
	shift, err := metrics.AUROC(all, labels)
	if err != nil {
		return 0.5, 1
	}
	slices.Sort(all)
	ties := 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j] == all[i] {
			j++
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	m, n, total := float64(len(a)), float64(len(b)), float64(len(all))
	variance := m * n / 12 * (total + 1 - ties/(total*(total-1)))
	if !(variance > 0) {
		return shift, 1
	}
	z := math.Abs(shift-0.5) * m * n / math.Sqrt(variance)
	return shift, math.Erfc(z / math.Sqrt2)
}

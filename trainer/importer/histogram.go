package importer

import "math"

// A histogram counts magnitudes of float32 values in bins whose width is 1/512 of a power of two: it needs no range in
// advance, takes 160 KB, and finds a quantile to 0.2 %. Values below 2^-20 count as zero, values from 2^20 on as the largest.
const (
	histMantissa = 9
	histShift    = 23 - histMantissa
	histLow      = (127 - 20) << histMantissa
	histBins     = 40 << histMantissa
)

type histogram struct {
	zero, total uint64
	bins        []uint64
	largest     float32
}

func newHistogram() *histogram { return &histogram{bins: make([]uint64, histBins)} }

func (h *histogram) add(values []float32) {
	h.total += uint64(len(values))
	for _, v := range values {
		bits := math.Float32bits(v) &^ (1 << 31)
		i := int(bits>>histShift) - histLow
		if i < 0 {
			h.zero++
			continue
		}
		h.bins[min(i, histBins-1)]++
		h.largest = max(h.largest, math.Float32frombits(bits))
	}
}

func (h *histogram) merge(o *histogram) {
	h.zero += o.zero
	h.total += o.total
	h.largest = max(h.largest, o.largest)
	for i, n := range o.bins {
		h.bins[i] += n
	}
}

// percentile returns the magnitude that p percent of the values do not exceed, interpolated within its bin; where that is
// zero, the largest magnitude.
func (h *histogram) percentile(p float64) float64 {
	rank := p / 100 * float64(h.total)
	seen := float64(h.zero)
	if seen >= rank {
		return float64(h.largest)
	}
	for i, n := range h.bins {
		if n == 0 || seen+float64(n) < rank {
			seen += float64(n)
			continue
		}
		if i == histBins-1 {
			break
		}
		low, high := binEdge(i), binEdge(i+1)
		return math.Min(low+float64((high-low)*((rank-seen)/float64(n))), float64(h.largest))
	}
	return float64(h.largest)
}

func binEdge(i int) float64 { return float64(math.Float32frombits(uint32(i+histLow) << histShift)) }

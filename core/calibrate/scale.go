package calibrate

import (
	"fmt"
	"math"
)

// mapMedian is the lower median of all values of all maps; ok is false when there is no value. Values must be valid.
// The bits of such float32 values order like the values, so two counting passes over halves of the bits find it exactly,
// without copying or sorting the maps (200 maps of 256 x 256 are 52 MB).
func mapMedian(maps [][]float32) (m float32, ok bool, err error) {
	total := 0
	for _, mp := range maps {
		total += len(mp)
	}
	if total == 0 {
		return 0, false, nil
	}
	count := make([]int, 1<<16)
	for i, mp := range maps {
		for j, v := range mp {
			if !valid(v) {
				return 0, false, fmt.Errorf("calibrate: map %d value %d is %v, want 0 to %g", i, j, v, maxScore)
			}
			count[bits(v)>>16]++
		}
	}
	high, rank := pick(count, (total-1)/2)
	clear(count)
	for _, mp := range maps {
		for _, v := range mp {
			if b := bits(v); b>>16 == high {
				count[b&0xffff]++
			}
		}
	}
	low, _ := pick(count, rank)
	return math.Float32frombits(high<<16 | low), true, nil
}

// bits orders like v; the sign bit can only be that of a negative zero.
func bits(v float32) uint32 { return math.Float32bits(v) &^ (1 << 31) }

// pick finds the bin that holds the element of this rank, and the element's rank inside the bin.
func pick(count []int, rank int) (bin uint32, rest int) {
	for i, c := range count {
		if rank < c {
			return uint32(i), rank
		}
		rank -= c
	}
	return uint32(len(count) - 1), 0
}

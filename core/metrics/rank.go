package metrics

import (
	"fmt"
	"iter"
	"math"
	"slices"
)

// ranking holds elements as key<<32 | tag, sorted ascending by key. The key orders like the score; tag 0 is a good element, other
// tags are defective ones (pixels carry their region).
type ranking struct {
	items    []uint64
	pos, neg int
}

// group is the run of elements that share one score.
type group struct {
	key      uint32
	pos, neg int
	items    []uint64
}

// key maps finite floats to integers in the same order, both zeros to one.
func key(v float32) uint32 {
	if v == 0 {
		return 1 << 31
	}
	b := math.Float32bits(v)
	if b>>31 == 1 {
		return ^b
	}
	return b | 1<<31
}

func unkey(k uint32) float32 {
	if k>>31 == 1 {
		return math.Float32frombits(k &^ (1 << 31))
	}
	return math.Float32frombits(^k)
}

// add appends scores with a tag each; where names them in errors.
func (r *ranking) add(scores []float32, tag func(i int) uint32, where string) error {
	for i, s := range scores {
		if !(math.Abs(float64(s)) <= math.MaxFloat32) {
			return fmt.Errorf("metrics: %s: element %d is %v, want a finite value", where, i, s)
		}
		t := tag(i)
		if t == 0 {
			r.neg++
		} else {
			r.pos++
		}
		r.items = append(r.items, uint64(key(s))<<32|uint64(t))
	}
	return nil
}

// finish sorts and checks that both classes are there.
func (r *ranking) finish() error {
	if r.pos == 0 || r.neg == 0 {
		return fmt.Errorf("%w: %d good, %d defective", ErrOneClass, r.neg, r.pos)
	}
	r.items = sortByKey(r.items)
	return nil
}

func rankLabelled(scores []float32, labels []bool) (*ranking, error) {
	if len(scores) != len(labels) {
		return nil, fmt.Errorf("metrics: %d scores but %d labels", len(scores), len(labels))
	}
	r := &ranking{items: make([]uint64, 0, len(scores))}
	if err := r.add(scores, boolTag(labels), "scores"); err != nil {
		return nil, err
	}
	return r, r.finish()
}

func boolTag(labels []bool) func(int) uint32 {
	return func(i int) uint32 {
		if labels[i] {
			return 1
		}
		return 0
	}
}

// groups yields the runs of equal scores, highest score first.
func (r *ranking) groups() iter.Seq[group] {
	return func(yield func(group) bool) {
		for end := len(r.items); end > 0; {
			g := group{key: uint32(r.items[end-1] >> 32)}
			start := end
			for start > 0 && uint32(r.items[start-1]>>32) == g.key {
				start--
				if uint32(r.items[start]) == 0 {
					g.neg++
				} else {
					g.pos++
				}
			}
			g.items = r.items[start:end]
			if !yield(g) {
				return
			}
			end = start
		}
	}
}

// auroc is the Mann-Whitney statistic over pos*neg, from integer counts of halves: exact for up to 2^31 elements.
func (r *ranking) auroc() float64 {
	var halves, pos int64 // pos: defective elements seen, all of them above what follows
	for g := range r.groups() {
		halves += int64(g.neg) * (2*pos + int64(g.pos))
		pos += int64(g.pos)
	}
	return float64(halves) / 2 / float64(r.pos) / float64(r.neg)
}

const (
	digitBits = 11 // three digits cover the key; the counters fit in the first-level cache
	radixFrom = 1 << 12
)

// sortByKey sorts by the upper 32 bits, in place or into a second slice that it returns: a least-significant-digit radix sort for
// the millions of pixels of a test set, a comparison sort for the few images.
func sortByKey(items []uint64) []uint64 {
	if len(items) < radixFrom {
		slices.Sort(items)
		return items
	}
	other := make([]uint64, len(items))
	for shift := 32; shift < 64; shift += digitBits {
		var start [1 << digitBits]int
		const mask = 1<<digitBits - 1
		for _, it := range items {
			start[it>>shift&mask]++
		}
		sum := 0
		for d, c := range start {
			start[d] = sum
			sum += c
		}
		for _, it := range items {
			d := it >> shift & mask
			other[start[d]] = it
			start[d]++
		}
		items, other = other, items
	}
	return items
}

package report

import (
	"errors"
	"math"
	"slices"
	"time"

	"anomnet/core/calibrate"
	"anomnet/core/metrics"
)

// Counts are images by the verdict that counts, see Record.Final.
type Counts struct{ OK, Review, NG, Failed int }

// Tally counts records.
func Tally(records []Record) Counts {
	var c Counts
	for i := range records {
		c.add(&records[i])
	}
	return c
}

func (c *Counts) add(r *Record) {
	switch r.Final() {
	case calibrate.OK:
		c.OK++
	case calibrate.Review:
		c.Review++
	case calibrate.NG:
		c.NG++
	default:
		c.Failed++
	}
}

// Inspected is the number of images with a verdict.
func (c Counts) Inspected() int { return c.OK + c.Review + c.NG }

// Yield is the share of inspected images that are OK, 0 when there is none.
func (c Counts) Yield() float64 {
	if c.Inspected() == 0 {
		return 0
	}
	return float64(c.OK) / float64(c.Inspected())
}

// Period is an hour or a day on the clock of the place.
type Period struct {
	Start Time
	Counts
}

// Yield counts records by hour or day of local time, in order of time; hours and days without records are left out, and so are records
// without time. The two hours that have one name when summer time ends are two, for their offsets differ.
func Yield(records []Record, daily bool) []Period {
	at := map[Time]*Period{}
	for i := range records {
		r := &records[i]
		if !r.Time.known() {
			continue
		}
		w := r.Time.Wall()
		hour := w.Hour()
		if daily {
			hour = 0
		}
		start := At(time.Date(w.Year(), w.Month(), w.Day(), hour, 0, 0, 0, w.Location()))
		if daily {
			start.Offset = 0 // a day in which summer time begins or ends is one day
			start.Milli = time.Date(w.Year(), w.Month(), w.Day(), 0, 0, 0, 0, time.UTC).UnixMilli()
		}
		if at[start] == nil {
			at[start] = &Period{Start: start}
		}
		at[start].add(r)
	}
	periods := make([]Period, 0, len(at))
	for _, p := range at {
		periods = append(periods, *p)
	}
	slices.SortStableFunc(periods, func(a, b Period) int {
		if a.Start.Milli != b.Start.Milli {
			return int(min(max(a.Start.Milli-b.Start.Milli, -1), 1))
		}
		return a.Start.Offset - b.Start.Offset
	})
	return periods
}

// Confusion holds the program's verdicts, not a person's, on images with a label.
type Confusion struct {
	Good, Defect Counts
	AUROC        float64 // of the raw scores
	Both         bool    // whether there are good and defective images, without which there is no AUROC
}

// Confuse makes the confusion table of labelled records.
func Confuse(records []Record) Confusion {
	var c Confusion
	var scores []float32
	var defective []bool
	for i := range records {
		r := records[i]
		r.Override = nil
		switch r.Label {
		case Good:
			c.Good.add(&r)
		case Defect:
			c.Defect.add(&r)
		default:
			continue
		}
		if r.Err == nil {
			scores, defective = append(scores, r.Raw), append(defective, r.Label == Defect)
		}
	}
	auroc, err := metrics.AUROC(scores, defective)
	c.AUROC, c.Both = auroc, err == nil
	return c
}

// Binary counts with REVIEW as a call for defective or not.
func (c Confusion) Binary(reviewIsNG bool) metrics.Confusion {
	m := metrics.Confusion{TP: c.Defect.NG, FN: c.Defect.OK, FP: c.Good.NG, TN: c.Good.OK}
	if reviewIsNG {
		m.TP, m.FP = m.TP+c.Defect.Review, m.FP+c.Good.Review
	} else {
		m.FN, m.TN = m.FN+c.Defect.Review, m.TN+c.Good.Review
	}
	return m
}

// Labelled is the number of labelled images with a verdict.
func (c Confusion) Labelled() int { return c.Good.Inspected() + c.Defect.Inspected() }

// Histogram counts values in bins of equal width from Low to High; bin i has Low + i*width <= value < Low + (i+1)*width.
type Histogram struct {
	Low, High   float64
	Bins        []int
	Under, Over int // below Low; High and above
}

// NewHistogram counts values in n bins. It fails on an empty range and n < 1; NaN is counted nowhere.
func NewHistogram(values []float64, low, high float64, n int) (*Histogram, error) {
	if n < 1 || n > 1<<16 || !(high > low) || math.IsInf(high-low, 0) {
		return nil, errors.New("report: histogram: want at least one bin and low < high")
	}
	h := &Histogram{Low: low, High: high, Bins: make([]int, n)}
	for _, v := range values {
		switch i := (v - low) / (high - low) * float64(n); {
		case v < low:
			h.Under++
		case v >= high:
			h.Over++
		case v == v:
			h.Bins[min(int(i), n-1)]++
		}
	}
	return h, nil
}

// Highest is the largest bin.
func (h *Histogram) Highest() int { return slices.Max(h.Bins) }

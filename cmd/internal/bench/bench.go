// Package bench times implementations of the same network beside each other, natively and in Chromium: our kernel tiers, and
// onnxruntime as the peer (package onnx writes it our networks).
//
// A machine with other work on it is never equally busy twice, so contenders take turns within one run: in every round each runs for a moment, and a
// ratio is the median over rounds of the ratio of the shortest runs in a round.
package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Contender is an implementation of a network, ready to run on an image in memory.
type Contender struct {
	Net    string // what it computes
	Engine string // who computes it
	Ours   bool
	Ops    int64 // operations of one run, two for each multiply-add
	// Run runs n times and returns how many milliseconds each run took.
	Run func(ctx context.Context, n int) ([]float64, error)
}

// Options of Alternate; the zero value works.
type Options struct {
	Rounds   int                   // turns of every contender; default 15
	Turn     time.Duration         // how long a turn lasts, at least one run; default 100 ms
	Warm     time.Duration         // how long every contender runs before; default 300 ms
	Progress func(done, total int) // of rounds; default: none
}

// resolve fills in the defaults; nil is the zero value.
func (opt *Options) resolve() Options {
	o := Options{}
	if opt != nil {
		o = *opt
	}
	if o.Rounds < 1 {
		o.Rounds = 15
	}
	if o.Turn <= 0 {
		o.Turn = 100 * time.Millisecond
	}
	if o.Warm <= 0 {
		o.Warm = 300 * time.Millisecond
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	return o
}

// maxTurn bounds the runs of one turn.
const maxTurn = 50

// Result is what a contender took, in milliseconds.
type Result struct {
	Net     string    `json:"net"`
	Engine  string    `json:"engine"`
	Ours    bool      `json:"ours"`
	Runs    int       `json:"runs"`
	Median  float64   `json:"median_ms"`
	Low     float64   `json:"quartile1_ms"`
	High    float64   `json:"quartile3_ms"`
	Min     float64   `json:"min_ms"`
	Gops    float64   `json:"gops"` // thousand million operations a second at the median
	Peak    float64   `json:"peak_share,omitempty"`
	rounds  []float64 // the shortest run of each
	samples []float64
}

// Alternate runs all contenders in turns.
func Alternate(ctx context.Context, list []Contender, opt *Options) ([]Result, error) {
	o := opt.resolve()
	results, times := make([]Result, len(list)), make([]int, len(list))
	for i, c := range list {
		results[i] = Result{Net: c.Net, Engine: c.Engine, Ours: c.Ours}
		best, err := c.warm(ctx, o.Warm)
		if err != nil {
			return nil, err
		}
		times[i] = max(1, min(maxTurn, int(o.Turn.Seconds()*1000/best)))
	}
	for round := range o.Rounds {
		o.Progress(round, o.Rounds)
		for i, c := range list {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			ms, err := c.run(ctx, times[i])
			if err != nil {
				return nil, err
			}
			results[i].rounds = append(results[i].rounds, slices.Min(ms))
			results[i].samples = append(results[i].samples, ms...)
		}
	}
	for i := range results {
		results[i].finish(list[i].Ops)
	}
	return results, nil
}

func (c *Contender) run(ctx context.Context, n int) ([]float64, error) {
	ms, err := c.Run(ctx, n)
	if err == nil && len(ms) == 0 {
		err = errors.New("no times")
	}
	if err != nil {
		return nil, fmt.Errorf("bench: %s, %s: %w", c.Net, c.Engine, err)
	}
	return ms, nil
}

// warm runs for a while and returns the shortest time: browsers compile what runs often again, and better.
func (c *Contender) warm(ctx context.Context, d time.Duration) (best float64, err error) {
	best = math.Inf(1)
	for start := time.Now(); time.Since(start) < d || math.IsInf(best, 1); {
		ms, err := c.run(ctx, 2)
		if err != nil {
			return 0, err
		}
		best = min(best, slices.Min(ms))
	}
	return best, ctx.Err()
}

func (r *Result) finish(ops int64) {
	r.Runs = len(r.samples)
	r.Median, r.Low, r.High, r.Min = Quantile(r.samples, 0.5), Quantile(r.samples, 0.25), Quantile(r.samples, 0.75), Quantile(r.samples, 0)
	r.Gops = gops(ops, r.Median)
}

// gops is thousand million operations a second.
func gops(ops int64, ms float64) float64 {
	if ms <= 0 {
		return 0
	}
	return float64(ops) / ms / 1e6
}

// Quantile returns the q-quantile of v by linear interpolation, NaN of nothing.
func Quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

// Ratio says how many times as long Peer takes as Engine, on the same network in the same rounds.
type Ratio struct {
	Net    string  `json:"net"`
	Engine string  `json:"engine"`
	Peer   string  `json:"peer"`
	Times  float64 `json:"times"`
	Low    float64 `json:"quartile1"`
	High   float64 `json:"quartile3"`
	Minima float64 `json:"minima"` // the ratio of the shortest runs: what other work on the machine disturbed least
}

// baseline is the tier of ours with which the others are compared: portable Go.
const baseline = "generic"

// Ratios compares each of ours with each result on the same network that is not ours, and with the baseline.
func Ratios(results []Result) []Ratio {
	var list []Ratio
	for i := range results {
		for j := range results {
			a, b := &results[i], &results[j]
			if i == j || !a.Ours || a.Net != b.Net || (b.Ours && b.Engine != baseline) {
				continue
			}
			list = append(list, ratio(a, b))
		}
	}
	return list
}

func ratio(a, peer *Result) Ratio {
	var times []float64
	for i := range min(len(a.rounds), len(peer.rounds)) {
		times = append(times, peer.rounds[i]/a.rounds[i])
	}
	return Ratio{a.Net, a.Engine, peer.Engine, Quantile(times, 0.5), Quantile(times, 0.25), Quantile(times, 0.75), peer.Min / a.Min}
}

// Repeat makes Contender.Run of a function that runs once.
func Repeat(once func() error) func(context.Context, int) ([]float64, error) {
	return func(_ context.Context, n int) ([]float64, error) {
		ms := make([]float64, n)
		for i := range ms {
			start := time.Now()
			if err := once(); err != nil {
				return nil, err
			}
			ms[i] = milliseconds(time.Since(start))
		}
		return ms, nil
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

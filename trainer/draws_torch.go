//go:build torch

package trainer

import (
	"math"
	"math/rand/v2"

	"anomnet/trainer/cluster"
	"anomnet/trainer/torch"
)

// patches are vectors [N][C] in Go's memory, and where they fit also on the device.
type patches struct {
	v  []uint8
	on *torch.Tensor
}

// pick names rows of patches: in Go's memory and, for patches on the device, as a tensor there.
type pick struct {
	rows []int
	on   *torch.Tensor
}

// choice is what one step draws.
type choice struct {
	seed           int64 // of libtorch's numbers
	good, bad      pick
	noise, outward *torch.Tensor // [B/4][1] lengths, only in stage 2
}

// load puts the patches on the device, once for the run.
func (l *learner) load() error {
	l.real, l.fake = &patches{v: l.in.Real}, &patches{v: l.in.Fake}
	if l.stepwise {
		return nil
	}
	// A step takes a few tensors of [B][K] for the distances; the rest is small.
	spare := int64(1)<<30 + 16*int64(l.o.Batch)*int64(l.k)
	for _, p := range []*patches{l.real, l.fake} {
		if len(p.v) == 0 {
			continue
		}
		var ok bool
		if p.on, ok = l.whole.Matrix(p.v, l.in.Dim, spare); l.whole.Err() != nil {
			return l.whole.Err()
		}
		if !ok {
			p.on, l.stepwise = nil, true
			l.out.Device += "; the patches do not fit into its memory: each step uploads its own"
			break
		}
	}
	return nil
}

// pick uploads the numbers of rows, if the patches are on the device.
func (l *learner) pick(s *torch.Scope, rows []int) pick {
	if l.stepwise {
		return pick{rows: rows}
	}
	at := make([]int64, len(rows))
	for i, r := range rows {
		at[i] = int64(r)
	}
	return pick{rows, s.FromInt64(at, len(at))}
}

// part gives n picked rows from start on.
func (p pick) part(s *torch.Scope, start, n int) pick {
	if n == 0 {
		return pick{}
	}
	q := pick{rows: p.rows[start:][:n]}
	if p.on != nil {
		q.on = s.Narrow(p.on, 0, start, n)
	}
	return q
}

// input gives rows of v as x/127 [n][C], of length 1 where the head normalises.
func (l *learner) input(s *torch.Scope, v *patches, at pick) *torch.Tensor {
	var b *torch.Tensor
	if v.on != nil && at.on != nil {
		b = s.Select(v.on, 0, at.on)
	} else {
		b = s.FromUint8(cluster.Gather(v.v, l.in.Dim, at.rows), len(at.rows), l.in.Dim)
	}
	return l.normal(s, s.Scale(s.Float(b), 1.0/127))
}

// few is how many patches of a batch get a noisy and a displaced copy.
func (l *learner) few() int { return max(1, l.o.Batch/4) }

// ahead draws for the steps from..to of a stage and uploads it in two copies, so that a step itself uploads nothing. Each step draws from its own
// seed, so that a run can go on in the middle. The tensors live in s.
func (l *learner) ahead(s *torch.Scope, stage, from, to int) []choice {
	good, bad, few := l.o.Batch, 0, 0
	if stage == 2 {
		few = l.few()
		if len(l.in.Fake) > 0 {
			bad = max(1, l.o.Batch/2)
		}
	}
	var rows []int
	var lengths []float32
	out := make([]choice, to-from)
	for i := range out {
		r := rand.New(rand.NewPCG(uint64(l.o.Seed), uint64(stage)<<32|uint64(from+i)))
		out[i].seed = int64(r.Uint64() >> 1)
		for range good {
			rows = append(rows, l.train[r.IntN(len(l.train))])
		}
		for range bad {
			rows = append(rows, r.IntN(len(l.in.Fake)/l.in.Dim))
		}
		for _, v := range []float64{l.o.Length * l.unit / math.Sqrt(float64(l.in.Out)), l.o.Length} {
			for range few {
				lengths = append(lengths, float32(v*(0.5+r.Float64())))
			}
		}
	}
	at := l.pick(s, rows)
	var q *torch.Tensor
	if few > 0 {
		q = s.FromFloat32(lengths, len(lengths), 1)
	}
	for i := range out {
		c, n := &out[i], i*(good+bad)
		c.good, c.bad = at.part(s, n, good), at.part(s, n+good, bad)
		if few > 0 {
			c.noise, c.outward = s.Narrow(q, 0, 2*i*few, few), s.Narrow(q, 0, (2*i+1)*few, few)
		}
	}
	return out
}

//go:build torch

package trainer

import (
	"context"
	"fmt"
	"math"
	"slices"

	"anomnet/trainer/cluster"
	"anomnet/trainer/torch"
)

// stage1 moves the centres; the projection rests, since pulling patches to their centres compresses the space, and
// defects come along.
func (l *learner) stage1(ctx context.Context) error {
	if r := l.o.Resume; r != nil && r.Stage == 2 {
		if len(r.Centres) != len(l.centres) {
			return errOtherRun
		}
		l.centres, l.out.Moved = slices.Clone(r.Centres), r.Moved
		return nil
	}
	if l.o.Steps1 == 0 {
		return nil
	}
	long := l.scope()
	defer long.Free()
	w := long.FromFloat32(l.in.Init, l.in.Out, l.in.Dim)
	c := long.Param(l.centres, l.k, l.in.Out)
	if long.Err() != nil {
		return long.Err()
	}
	// Adam moves each coordinate by about the rate, so a centre by rate sqrt(D).
	rate := l.o.RateCentres * l.unit / math.Sqrt(float64(l.in.Out))
	err := l.descend(ctx, 1, l.o.Steps1, rate, c, func(s *torch.Scope, at choice) []term {
		var e *torch.Tensor
		if err := torch.NoGrad(func() { e = l.project(s, l.input(s, l.real, at.good), w) }); err != nil {
			return nil
		}
		return l.coverTerms(s, e, c)
	})
	if err != nil {
		return err
	}
	moved := long.Float32(c)
	if long.Err() != nil || l.out.Collapsed || !l.finite(1, moved) {
		return long.Err()
	}
	e, err := l.embed(l.sample, l.in.Init)
	if err != nil {
		return err
	}
	l.out.Moved = reseed(moved, e, l.in.Out, l.o.Threads)
	l.centres = moved
	return nil
}

// coverTerms gives the losses of stage 1 for embeddings e [B][D] and centres c [K][D].
func (l *learner) coverTerms(s *torch.Scope, e, c *torch.Tensor) []term {
	m := min(soft, l.k)
	_, places := around(s, e, c, m)
	b := l.o.Batch
	own := s.Reshape(s.Select(c, 0, s.Reshape(places, b*m)), b, m, l.in.Out)
	d2 := s.SumDim(s.Square(s.Sub(s.Reshape(e, b, 1, l.in.Out), own)), 2, false)
	d := s.Reshape(s.Sqrt(s.Shift(s.Narrow(d2, 1, 0, 1), tiny)), b)
	return []term{
		{"coverage", 1, coverageLoss(s, d, l.unit)},
		{"separation", l.o.Separation, separationLoss(s, c, l.gap)},
		{"entropy", l.o.Entropy, entropyLoss(s, d2, places, l.k, l.unit*l.unit)},
	}
}

// stage2 moves the projection; the centres rest, with a radius each.
func (l *learner) stage2(ctx context.Context) error {
	if l.o.Steps2 == 0 || l.out.Collapsed {
		return nil
	}
	e, err := l.embed(l.sample, l.in.Init)
	if err != nil {
		return err
	}
	places, dist := cluster.Nearest(e, l.centres, l.in.Out, l.o.Threads)
	l.reach = radii(l.k, places, dist, float32(l.unit))

	long := l.scope()
	defer long.Free()
	f := &field{
		l:  l,
		w:  long.Param(l.in.Init, l.in.Out, l.in.Dim),
		w0: long.FromFloat32(l.in.Init, l.in.Out, l.in.Dim),
		c:  long.FromFloat32(l.centres, l.k, l.in.Out),
		r:  long.FromFloat32(l.reach, l.k),
	}
	if long.Err() != nil {
		return long.Err()
	}
	rate := l.o.Rate * rms(l.in.Init)
	if err := l.descend(ctx, 2, l.o.Steps2, rate, f.w, f.terms); err != nil {
		return err
	}
	if w := long.Float32(f.w); !l.out.Collapsed && l.finite(2, w) {
		l.out.Weight = w
	}
	return long.Err()
}

// finite reports a collapse when a stage ends with parameters that are no finite numbers.
func (l *learner) finite(stage int, v []float32) bool {
	for _, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			l.out.Collapsed, l.out.Reason = true, fmt.Sprintf("stage %d ended with a parameter of %v", stage, x)
			return false
		}
	}
	return true
}

// field is the world of stage 2.
type field struct {
	l     *learner
	w, w0 *torch.Tensor // [D][C] the projection and what it started from
	c     *torch.Tensor // [K][D] the centres
	r     *torch.Tensor // [K] their radii
}

// found is where embeddings lie among the centres.
type found struct {
	e      *torch.Tensor // [B][D]
	d      *torch.Tensor // [B] distance to the nearest centre
	r      *torch.Tensor // [B] that centre's radius
	own    *torch.Tensor // [B][D] that centre
	d2     *torch.Tensor // [B][m] squared distances of the nearest, without gradient
	places *torch.Tensor // [B][m]
}

// find embeds x [B][C] with w and looks m centres up.
func (f *field) find(s *torch.Scope, x, w *torch.Tensor, m int) found {
	e := f.l.project(s, x, w)
	d2, places := around(s, e, f.c, m)
	first := s.Reshape(s.Narrow(places, 1, 0, 1), -1)
	own := s.Select(f.c, 0, first)
	return found{e: e, d: rowDistances(s, e, own), r: s.Select(f.r, 0, first), own: own, d2: d2, places: places}
}

// terms gives the losses of stage 2 for one batch: B good patches, B/2 pseudo-defects, B/4 noisy and B/4 displaced copies.
func (f *field) terms(s *torch.Scope, at choice) []term {
	l := f.l
	x := l.input(s, l.real, at.good)
	e0 := l.project(s, x, f.w0)
	m := min(neighbours+1, l.k)
	good := f.find(s, x, f.w, m)
	w := confidence(s, s.Narrow(good.d2, 1, 0, min(neighbours, m)), l.unit)
	terms := []term{
		{"reach", 1, reachLoss(s, good.d, good.r, w, l.unit)},
		{"identity", l.o.Identity, identityLoss(s, good.e, e0)},
	}
	if m > neighbours {
		far := s.Select(f.c, 0, s.Reshape(s.Narrow(good.places, 1, neighbours, 1), -1))
		terms = append(terms, term{"contrast", l.o.Contrast, contrastLoss(s, good.d, rowDistances(s, good.e, far), w, l.gap/2, l.unit)})
	}
	if len(at.bad.rows) > 0 {
		terms = append(terms, term{"pseudo", 1, f.repel(s, l.input(s, l.fake, at.bad))})
	}
	few := s.Narrow(x, 0, 0, l.few())
	return append(terms,
		term{"noise", l.o.Noise, f.repel(s, f.noisy(s, few, at.noise))},
		term{"outward", l.o.Outward, f.repel(s, f.displaced(s, few, at.outward))})
}

// repel is the loss of fakes x [B][C].
func (f *field) repel(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	at := f.find(s, x, f.w, 1)
	return beyondLoss(s, at.d, at.r, suspicion(s, at.d, at.r), f.l.o.Margin, f.l.unit)
}

// noisy gives x + q unit / sqrt(D) n with n normal [B][C] and q uniform in Length (0.5..1.5) for each row: feature noise as in
// SimpleNet (Liu et al. 2023, section 3.3), of a length that is typically Length mean nearest distances after the projection.
func (f *field) noisy(s *torch.Scope, x, q *torch.Tensor) *torch.Tensor {
	l := f.l
	return l.normal(s, s.Add(x, s.Mul(s.Randn(l.few(), l.in.Dim), q)))
}

// displaced gives x + q r W0^T u with u = (e0 - c)/|e0 - c| in the untrained space and q uniform in Length (0.5..1.5): a step of
// q radii straight away from the patch's own centre (PBAS, Chen et al. 2024). W0 has orthonormal rows, so W0 W0^T u = u.
func (f *field) displaced(s *torch.Scope, x, q *torch.Tensor) *torch.Tensor {
	l := f.l
	at := f.find(s, x, f.w0, 1)
	u := unitRows(s, s.Sub(at.e, at.own))
	return l.normal(s, s.Add(x, s.Matmul(s.Mul(u, s.Mul(q, s.Reshape(at.r, l.few(), 1))), f.w0)))
}

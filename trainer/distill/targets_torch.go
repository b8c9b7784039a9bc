//go:build torch

package distill

import (
	"fmt"
	"math"
	"slices"

	"anomnet/trainer/torch"
)

const (
	measureSide  = 256 // of the photographs that are measured on
	measureBatch = 8
	statistics   = 256  // photographs that the targets' means and deviations come from
	leastStd     = 1e-3 // of a target: a dead channel must not be stretched
)

// names gives the teacher's layers.
func (r *runner) names() []string {
	var names []string
	for _, t := range r.student.targets {
		names = append(names, t.layer)
	}
	return names
}

// ask gives the teacher's features for pixels, as float16 bits, by target: [B][h][w][C].
func (r *runner) ask(s *torch.Scope, pix []uint8, batch, side int) ([][]uint16, error) {
	var out [][]uint16
	for _, f := range r.teacher.features(s, pix, batch, side, r.names()) {
		out = append(out, s.Bits(s.Half(s.Contiguous(s.Permute(f, 0, 2, 3, 1)))))
	}
	return out, s.Err()
}

// values counts the features of a crop, by target.
func (r *runner) values(side int) (each []int, total int) {
	for _, t := range r.student.targets {
		n := t.channels * (side / t.stride) * (side / t.stride)
		each, total = append(each, n), total+n
	}
	return each, total
}

// byCrop puts the features of a batch into one slice for each crop.
func (r *runner) byCrop(features [][]uint16, batch, side int) [][]uint16 {
	each, _ := r.values(side)
	out := make([][]uint16, batch)
	for k := range out {
		for i, n := range each {
			out[k] = append(out[k], features[i][k*n:(k+1)*n]...)
		}
	}
	return out
}

// gather is the way back: target i of all crops.
func (r *runner) gather(crops [][]uint16, i, side int) []uint16 {
	each, _ := r.values(side)
	at := 0
	for _, n := range each[:i] {
		at += n
	}
	var out []uint16
	for _, c := range crops {
		out = append(out, c[at:at+each[i]]...)
	}
	return out
}

// standardised makes the target tensor [B][C][h][w] of target i.
func (r *runner) standardised(s *torch.Scope, i int, bits []uint16, batch, side int) *torch.Tensor {
	t := &r.student.targets[i]
	x := s.Float(s.FromBits(bits, batch, side/t.stride, side/t.stride, t.channels))
	return s.Div(s.Sub(s.Permute(x, 0, 3, 1, 2), r.means[i]), r.stds[i])
}

// complete asks the teacher for what the batch lacks. Crops that come again are asked for in the groups in which they came first, so that the answer has
// the same bits.
func (r *runner) complete(s *torch.Scope, p *phase, b *batch) error {
	if !slices.ContainsFunc(b.features, func(f []uint16) bool { return f == nil }) {
		return nil
	}
	n := len(b.ids)
	if p.pool == nil || b.ids[0]%int64(n) == 0 && b.ids[n-1] == b.ids[0]+int64(n)-1 {
		return r.askGroup(s, p, b)
	}
	for k, id := range b.ids {
		if b.features[k] != nil {
			continue
		}
		group := &batch{ids: make([]int64, n), features: make([][]uint16, n)}
		seq := sequence{seed: p.seq.seed, train: p.seq.train, batch: n, pool: p.seq.pool}
		for j := range group.ids {
			group.ids[j] = id/int64(n)*int64(n) + int64(j)
			img, err := seq.make(r.photos, group.ids[j], p.side)
			if err != nil {
				return err
			}
			group.pix = append(group.pix, img.Pix...)
		}
		if err := r.askGroup(s, p, group); err != nil {
			return err
		}
		b.features[k] = group.features[id%int64(n)]
	}
	return nil
}

// askGroup asks for a whole batch and keeps the answers.
func (r *runner) askGroup(s *torch.Scope, p *phase, b *batch) error {
	n := len(b.ids)
	features, err := r.ask(s, b.pix, n, p.side)
	if err != nil {
		return fmt.Errorf("distill: teacher: %w", err)
	}
	b.features = r.byCrop(features, n, p.side)
	if p.pool == nil {
		return nil
	}
	size := len(b.pix) / n
	for k, id := range b.ids {
		if err := p.pool.put(id, b.pix[k*size:(k+1)*size], b.features[k]); err != nil {
			r.o.Log("warning: " + err.Error()) // a full disk: the crop will be made again
			break
		}
	}
	return nil
}

func (r *runner) openPool() (*pool, error) {
	_, values := r.values(r.o.Side)
	key := fmt.Sprintf("crops 1\n%s\n%s\n%v\nseed %d side %d batch %d held-out %d crops %d %v bf16 %v", digest(r.o.Teacher), r.photos.digest, r.names(), r.o.Seed,
		r.o.Side, r.o.Batch, r.o.HeldOut, poolSize(r.o.Crops, r.o.Batch), r.device, r.o.BFloat16)
	return openPool(r.o.Dir, digest([]byte(key)), r.o.Side*r.o.Side*3, values)
}

// targetStatistics gives mean and deviation of the teacher's channels over training photographs.
func (r *runner) targetStatistics() (means, stds [][]float32, err error) {
	sums := make([][2][]float64, len(r.student.targets))
	counts := make([]float64, len(sums))
	for i, t := range r.student.targets {
		sums[i] = [2][]float64{make([]float64, t.channels), make([]float64, t.channels)}
	}
	s := torch.NewScope(r.device)
	defer s.Free()
	for block := range slices.Chunk(spaced(r.train, statistics), measureBatch) {
		pix, err := centre(r.photos, block, measureSide)
		if err != nil {
			return nil, nil, err
		}
		for i, f := range r.teacher.features(s, pix, len(block), measureSide, r.names()) {
			n := r.student.targets[i].channels
			flat := s.Reshape(s.Permute(f, 0, 2, 3, 1), -1, n)
			for k, v := range [2][]float32{s.Float32(s.SumDim(flat, 0, false)), s.Float32(s.SumDim(s.Square(flat), 0, false))} {
				for c, x := range v {
					sums[i][k][c] += float64(x)
				}
			}
			side := measureSide / r.student.targets[i].stride
			counts[i] += float64(len(block) * side * side)
		}
		s.Free()
	}
	for i := range sums {
		mean, std := make([]float32, len(sums[i][0])), make([]float32, len(sums[i][0]))
		for c := range mean {
			m := sums[i][0][c] / counts[i]
			mean[c] = float32(m)
			std[c] = float32(max(leastStd, math.Sqrt(max(0, sums[i][1][c]/counts[i]-m*m))))
		}
		means, stds = append(means, mean), append(stds, std)
	}
	return means, stds, s.Err()
}

// heldSet is what the student is measured on.
type heldSet struct {
	batches []heldBatch
	spread  []float64 // by target: sum (t - mean_c)^2 over all positions and channels
}

type heldBatch struct {
	pix      []uint8
	n        int
	features [][]uint16 // by target
}

// prepareHeld asks the teacher about the held-out photographs, once.
func (r *runner) prepareHeld(places []int) (*heldSet, error) {
	h := &heldSet{spread: make([]float64, len(r.student.targets))}
	sums := make([][]float64, len(h.spread))
	for i, t := range r.student.targets {
		sums[i] = make([]float64, t.channels)
	}
	counts := make([]float64, len(h.spread))
	s := torch.NewScope(r.device)
	defer s.Free()
	for block := range slices.Chunk(places, measureBatch) {
		b := heldBatch{n: len(block)}
		var err error
		if b.pix, err = centre(r.photos, block, measureSide); err != nil {
			return nil, err
		}
		if b.features, err = r.ask(s, b.pix, b.n, measureSide); err != nil {
			return nil, fmt.Errorf("distill: teacher: %w", err)
		}
		for i := range r.student.targets {
			t := r.standardised(s, i, b.features[i], b.n, measureSide)
			flat := s.Reshape(s.Permute(t, 0, 2, 3, 1), -1, len(sums[i]))
			for c, v := range s.Float32(s.SumDim(flat, 0, false)) {
				sums[i][c] += float64(v)
			}
			h.spread[i] += s.Item(s.Sum(s.Square(t)))
			side := measureSide / r.student.targets[i].stride
			counts[i] += float64(b.n * side * side)
		}
		h.batches = append(h.batches, b)
		s.Free()
	}
	for i := range sums {
		for _, v := range sums[i] {
			h.spread[i] -= v * v / counts[i]
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("distill: held-out photographs: %w", err)
	}
	return h, nil
}

// explained gives 1 - sum (p - t)^2 / sum (t - mean_c)^2 over the held-out photographs, by target.
func (r *runner) explained() ([]float64, error) {
	errs := make([]float64, len(r.student.targets))
	s := torch.NewScope(r.device)
	defer s.Free()
	for _, b := range r.held.batches {
		err := torch.NoGrad(func() {
			for i, p := range r.student.forward(s, b.pix, b.n, measureSide, false) {
				errs[i] += s.Item(s.Sum(s.Square(s.Sub(p, r.standardised(s, i, b.features[i], b.n, measureSide)))))
			}
		})
		s.Free()
		if err != nil {
			return nil, err
		}
	}
	for i := range errs {
		errs[i] = 1 - errs[i]/r.held.spread[i]
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("distill: measurement: %w", err)
	}
	return errs, nil
}

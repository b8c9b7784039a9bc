//go:build torch

package trainer

import (
	"math"

	"anomnet/trainer/torch"
)

// The losses of the two stages. Shapes: B patches, K centres, D dimensions; e [B][D] embeddings, c [K][D] centres, d [B]
// distances to the nearest centre, r [B] the radius of that centre, w [B] weights. The unit of length is the mean nearest
// distance of the untrained head, so that one set of weights serves every part. The paper's own formulas are not public:
// these are ours, and each comment names what it follows.

const (
	tiny = 1e-12 // keeps roots and logarithms differentiable

	// sharpness of the softplus hinges: at 4, one tenth of a unit inside the margin still costs 0.1.
	sharpness = 4

	// soft is how many of the nearest centres share a patch in a soft assignment; the rest have no weight to speak of.
	soft = 8

	// neighbours is how many of the nearest centres are the patch's own surroundings, so no negatives.
	neighbours = 4
)

// rowDistances gives |a_i - b_i| for a, b [B][D], as [B].
func rowDistances(s *torch.Scope, a, b *torch.Tensor) *torch.Tensor {
	return s.Sqrt(s.Shift(s.SumDim(s.Square(s.Sub(a, b)), 1, false), tiny))
}

// coverageLoss is the mean of the worst tenth of the distances, mean(top_{B/10}(d)) / unit: what k-centre minimises
// (Gonzalez 1985), softened so that more than one patch has a say. Rare good patches must have a centre.
func coverageLoss(s *torch.Scope, d *torch.Tensor, unit float64) *torch.Tensor {
	n := 1
	for _, v := range s.Shape(d) {
		n *= v
	}
	worst, _ := s.TopK(d, max(1, n/10), 0, true)
	return s.Scale(s.Mean(worst), 1/unit)
}

// separationLoss is mean_j max(0, 1 - |c_j - c_k(j)| / gap)^2 with k(j) the nearest other centre: a repelling hinge of reach
// gap, the median gap of the k-centre start. It gives 0 for a single centre.
func separationLoss(s *torch.Scope, c *torch.Tensor, gap float64) *torch.Tensor {
	if k := s.Shape(c); len(k) == 0 || k[0] < 2 {
		return s.Scale(s.Sum(c), 0)
	}
	rest := s.Detach(c)
	_, other := s.Min(s.FillDiagonal(s.SquaredDistances(rest, rest), math.MaxFloat32), 1)
	d := rowDistances(s, c, s.Select(c, 0, other))
	return s.Mean(s.Square(s.Relu(s.Shift(s.Scale(d, -1/gap), 1))))
}

// entropyLoss is 1 - H(p) / log K for the mean soft assignment p = mean_i softmax_j(-d2_ij / temperature) over the centres
// places [B][m] with squared distances d2 [B][m]. It is 0 when all K centres are used alike (the mean-entropy term of
// discriminative clustering, Krause et al. 2010).
func entropyLoss(s *torch.Scope, d2, places *torch.Tensor, k int, temperature float64) *torch.Tensor {
	shape := s.Shape(d2)
	if len(shape) != 2 || k < 2 {
		return s.Scale(s.Sum(d2), 0)
	}
	n := shape[0] * shape[1]
	q := s.Softmax(s.Scale(d2, -1/temperature), 1)
	p := s.ScatterAdd(s.Zeros(k), 0, s.Reshape(places, n), s.Reshape(q, n))
	p = s.Scale(p, 1/float64(shape[0]))
	h := s.Sum(s.Mul(p, s.Log(s.Shift(p, tiny))))
	return s.Shift(s.Scale(h, 1/math.Log(float64(k))), 1)
}

// reachLoss is the weighted mean of softplus(a (d - r) / unit) / a, a = sharpness: a good patch is to lie within the radius of
// its centre (deep SVDD, Ruff et al. 2018, with a centre and a radius for each mode).
func reachLoss(s *torch.Scope, d, r, w *torch.Tensor, unit float64) *torch.Tensor {
	return weightedMean(s, softHinge(s, s.Scale(s.Sub(d, r), 1/unit)), w)
}

// beyondLoss is the weighted mean of softplus(a ((1 + margin) r - d) / unit) / a: a fake is to lie beyond the reach of its
// nearest centre by a margin of that centre's own radius (the hinge of SimpleNet, Liu et al. 2023, equation 5, on distances).
func beyondLoss(s *torch.Scope, d, r, w *torch.Tensor, margin, unit float64) *torch.Tensor {
	return weightedMean(s, softHinge(s, s.Scale(s.Sub(s.Scale(r, 1+margin), d), 1/unit)), w)
}

// contrastLoss is the weighted mean of softplus(a (d - far + gap) / unit) / a, far [B] being the distance to the nearest centre
// outside the patch's neighbourhood: a triplet loss among centres (Schroff et al. 2015).
func contrastLoss(s *torch.Scope, d, far, w *torch.Tensor, gap, unit float64) *torch.Tensor {
	return weightedMean(s, softHinge(s, s.Scale(s.Shift(s.Sub(d, far), gap), 1/unit)), w)
}

// identityLoss is mean |e - e0|^2 / mean |e0|^2: how far the adapter has moved good patches from where the untrained one puts
// them. Without it the stages destroy the metric: measured on tiles, image AUROC fell from 88.9 to 47.6.
func identityLoss(s *torch.Scope, e, e0 *torch.Tensor) *torch.Tensor {
	moved := s.Mean(s.Square(s.Sub(e, e0)))
	return s.Div(moved, s.Shift(s.Mean(s.Square(e0)), tiny))
}

// softHinge is softplus(a x) / a, a smooth max(x, 0).
func softHinge(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	return s.Scale(s.Softplus(s.Scale(x, sharpness)), 1.0/sharpness)
}

func weightedMean(s *torch.Scope, x, w *torch.Tensor) *torch.Tensor {
	return s.Div(s.Sum(s.Mul(x, w)), s.Shift(s.Sum(w), tiny))
}

// confidence gives w [B] = the largest of softmax_j(-d2_ij / unit^2) over the neighbours: near 1 where the nearest centre stands
// alone, 1/neighbours where the assignment is a toss-up. It carries no gradient.
func confidence(s *torch.Scope, d2 *torch.Tensor, unit float64) *torch.Tensor {
	q := s.Softmax(s.Scale(s.Detach(d2), -1/(unit*unit)), 1)
	top, _ := s.TopK(q, 1, 1, true)
	return s.Reshape(top, -1)
}

// suspicion gives w [B] = min(1, d / r): a fake that looks like a good patch may be one, and is asked for less. No gradient.
func suspicion(s *torch.Scope, d, r *torch.Tensor) *torch.Tensor {
	return s.AtMost(s.Detach(s.Div(d, s.Shift(r, tiny))), 1)
}

// unitRows gives x [B][C] with every row divided by its length.
func unitRows(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	return s.Div(x, s.Sqrt(s.Shift(s.SumDim(s.Square(x), 1, true), tiny)))
}

// around finds the m nearest centres of each row of e, without gradients: their squared distances [B][m], nearest first, and
// their places [B][m].
func around(s *torch.Scope, e, c *torch.Tensor, m int) (d2, places *torch.Tensor) {
	all := s.SquaredDistances(s.Detach(e), s.Detach(c))
	d2, places = s.TopK(all, m, 1, false)
	all.Free()
	return d2, places
}

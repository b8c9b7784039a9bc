//go:build torch

package distill

import "anomnet/trainer/torch"

// The losses compare a head's prediction p with the teacher's standardised features t, both [B][C][h][w].

const tiny = 1e-6 // keeps lengths away from zero

// squaredLoss is mean (p - t)^2.
func squaredLoss(s *torch.Scope, p, t *torch.Tensor) *torch.Tensor {
	return s.Mean(s.Square(s.Sub(p, t)))
}

// cosineLoss is mean (1 - cos(p, t)) over the positions: only the direction of a feature vector counts.
func cosineLoss(s *torch.Scope, p, t *torch.Tensor) *torch.Tensor {
	dot := s.SumDim(s.Mul(directions(s, p), directions(s, t)), 1, false)
	return s.Shift(s.Scale(s.Mean(dot), -1), 1)
}

// relationalLoss is mean (cos(p_i, p_j) - cos(t_i, t_j))^2 over the pairs of positions within an image (similarity-preserving distillation, Tung and Mori 2019,
// within images): how alike two places are is what the distances of a part's patches are made of.
func relationalLoss(s *torch.Scope, p, t *torch.Tensor) *torch.Tensor {
	return s.Mean(s.Square(s.Sub(similarities(s, p), similarities(s, t))))
}

// directions gives x with the vectors along dimension 1 brought to length 1.
func directions(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	return s.Div(x, s.Sqrt(s.Shift(s.SumDim(s.Square(x), 1, true), tiny)))
}

// similarities gives the cosines of all pairs of positions, [B][hw][hw].
func similarities(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	shape := s.Shape(x)
	if len(shape) != 4 {
		return &torch.Tensor{}
	}
	flat := s.Reshape(directions(s, x), shape[0], shape[1], shape[2]*shape[3])
	return s.Matmul(s.Permute(flat, 0, 2, 1), flat)
}

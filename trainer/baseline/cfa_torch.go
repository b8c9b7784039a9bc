//go:build torch

package baseline

import (
	"context"
	"fmt"
	"math"

	"anomnet/trainer/torch"
)

// CFA's settings, from the paper and its authors' code.
const (
	cfaNear   = 3    // K of equation 2: centroids that attract a patch
	cfaHard   = 3    // J of equation 3: the next nearest, which repel it
	cfaAlpha  = 0.1  // margin of equation 3
	cfaRadius = 1e-5 // start of the radius, which is learned
	cfaRate   = 1e-3
	cfaDecay  = 5e-4
	cfaBatch  = 4096 // patches of a batch: 4 images of 1,024, as in the paper
)

// CFA is Coupled-hypersphere-based Feature Adaptation (Lee, Lee and Song 2022): a linear patch descriptor, learned so that patches lie in
// the hyperspheres of their nearest memorised centroids and outside of the next ones.
type CFA struct {
	in      *Input
	opt     GradientOptions
	weight  []float32 // [D][C+2] descriptor: a 1x1 CoordConv, which sees the patch vector and its place
	centres []float32 // [H*W][D] memory: means of the untrained descriptors of each place (section III-B)
	radius  float32
	scratch []float32
}

func newCFA(ctx context.Context, in *Input, opt GradientOptions) (*Trained, error) {
	c := &CFA{in: &Input{H: in.H, W: in.W, C: in.C}, opt: opt, scratch: make([]float32, 2*in.H*in.W)}
	if opt.Batch == 0 {
		opt.Batch = cfaBatch
	}
	loss, err := train(opt, func(s *session) error {
		d, wide := in.C, in.C+2
		c.weight = s.uniform(d*wide, 1/math.Sqrt(float64(wide))) // the default start of a convolution in PyTorch
		if err := c.remember(s, in); err != nil {
			return err
		}
		long := torch.NewScope(s.device)
		defer long.Free()
		w, r := long.Param(c.weight, d, wide), long.Param([]float32{cfaRadius}, 1)
		centres := long.FromFloat32(c.centres, in.H*in.W, d)
		if long.Err() != nil {
			return long.Err()
		}
		adam, err := torch.NewAdam(cfaRate, cfaDecay, w, r)
		if err != nil {
			return err
		}
		defer adam.Free()
		n := in.H * in.W
		err = s.loop(ctx, []*torch.Adam{adam}, func(t *torch.Scope) *torch.Tensor {
			var patches []int
			for len(patches) < opt.Batch {
				image := s.rng.IntN(len(in.Good))
				for at := range n {
					patches = append(patches, image*n+at)
				}
			}
			return cfaLoss(t, t.Matmul(t.FromFloat32(c.coords(features(in, patches)), len(patches), wide), t.T(w)), centres, r)
		})
		if err != nil {
			return err
		}
		c.weight, c.radius = long.Float32(w), float32(long.Item(r))
		return long.Err()
	})
	if err != nil {
		return nil, err
	}
	return &Trained{c, loss}, nil
}

// coords appends the place to each patch vector: x and y from -1 to 1.
func (c *CFA) coords(x []float32) []float32 {
	out := make([]float32, 0, len(x)/c.in.C*(c.in.C+2))
	for i := 0; i*c.in.C < len(x); i++ {
		at := i % (c.in.H * c.in.W)
		u := 2*float32(at%c.in.W)/float32(max(c.in.W-1, 1)) - 1
		v := 2*float32(at/c.in.W)/float32(max(c.in.H-1, 1)) - 1
		out = append(append(out, x[i*c.in.C:(i+1)*c.in.C]...), u, v)
	}
	return out
}

// remember makes the memory: as the descriptor is linear, the mean of the descriptors of a place is the descriptor of the mean.
func (c *CFA) remember(s *session, in *Input) error {
	n := in.H * in.W
	mean := make([]float32, n*in.C)
	for _, x := range in.Good {
		for i, v := range x {
			mean[i] += float32(v) / levels
		}
	}
	for i := range mean {
		mean[i] /= float32(len(in.Good))
	}
	t := torch.NewScope(s.device)
	defer t.Free()
	c.centres = t.Float32(t.Matmul(t.FromFloat32(c.coords(mean), n, in.C+2), t.T(t.FromFloat32(c.weight, in.C, in.C+2))))
	return t.Err()
}

// cfaLoss is equations 2 to 4 for descriptors e [B][D], centroids c [M][D] and the radius r [1]: with D the squared Euclidean distance,
//
//	att = mean_{k <= K} max(0, D(e, c_k) - r^2)
//	rep = mean_{K < j <= K+J} max(0, r^2 - D(e, c_j) - alpha)
//
// over the K nearest centroids and the J next ones.
func cfaLoss(t *torch.Scope, e, c, r *torch.Tensor) *torch.Tensor {
	shape := t.Shape(e)
	m := t.Shape(c)
	if len(shape) != 2 || len(m) != 2 {
		return t.Zeros(1)
	}
	k := min(cfaNear+cfaHard, m[0])
	_, places := t.TopK(t.SquaredDistances(t.Detach(e), t.Detach(c)), k, 1, false)
	own := t.Reshape(t.Select(c, 0, t.Reshape(places, shape[0]*k)), shape[0], k, shape[1])
	d := t.SumDim(t.Square(t.Sub(t.Reshape(e, shape[0], 1, shape[1]), own)), 2, false)
	square := t.Square(r)
	near := min(cfaNear, k)
	loss := t.Mean(t.Relu(t.Sub(t.Narrow(d, 1, 0, near), square)))
	if k > near {
		loss = t.Add(loss, t.Mean(t.Relu(t.Shift(t.Sub(square, t.Narrow(d, 1, near, k-near)), -cfaAlpha))))
	}
	return loss
}

// Detect computes equation 6: the distance to the nearest centroid, weighed by the softmin over the K nearest,
// d_1 exp(-d_1) / sum_k exp(-d_k). The image score is the maximum of the smoothed map.
func (c *CFA) Detect(x []uint8, patches []float32) (float32, error) {
	n := c.in.H * c.in.W
	if len(x) != n*c.in.C || len(patches) != n {
		return 0, fmt.Errorf("baseline: cfa: %d values and %d patches for a grid of %d x %d x %d", len(x), len(patches), c.in.H, c.in.W, c.in.C)
	}
	_, err := train(c.opt, func(s *session) error {
		t := torch.NewScope(s.device)
		defer t.Free()
		f := make([]float32, len(x))
		for i, v := range x {
			f[i] = float32(v) / levels
		}
		err := torch.NoGrad(func() {
			w := t.FromFloat32(c.weight, c.in.C, c.in.C+2)
			e := t.Matmul(t.FromFloat32(c.coords(f), n, c.in.C+2), t.T(w))
			d2, _ := t.TopK(t.SquaredDistances(e, t.FromFloat32(c.centres, n, c.in.C)), min(cfaNear, n), 1, false)
			d := t.Sqrt(d2)
			first := t.Mul(t.Narrow(t.Softmax(t.Scale(d, -1), 1), 1, 0, 1), t.Narrow(d, 1, 0, 1))
			copy(patches, t.Float32(t.Reshape(first, n)))
		})
		if err != nil {
			return err
		}
		return t.Err()
	})
	if err != nil {
		return 0, err
	}
	return peak(patches, c.in.H, c.in.W, c.scratch), nil
}

// Bytes counts descriptor and memory in float32.
func (c *CFA) Bytes() int { return 4 * (len(c.weight) + len(c.centres)) }

package baseline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// PaDiM's settings, from the paper.
const (
	padimChannels = 100  // Rd-100, section III-D: as many random channels as for ResNet-18
	padimEpsilon  = 0.01 // equation 1: added to the diagonal of each covariance
)

// PaDiM is Patch Distribution Modeling (Defard et al. 2021): at each place of the grid a Gaussian of the good images' patch vectors there,
// reduced to random channels. The score of a patch is the Mahalanobis distance to the Gaussian of its place (equation 2).
type PaDiM struct {
	h, w, c  int
	channels []int     // the random channels, ascending
	mean     []float32 // [H*W][d]
	root     []float32 // [H*W][d*(d+1)/2] lower Cholesky factors of the covariances, by rows
	y        []float64
	scratch  []float32
}

// NewPaDiM fits the Gaussians: mean and covariance (divided by n-1) of each place, with 0.01 added to the diagonal.
func NewPaDiM(ctx context.Context, in *Input, seed int64) (*PaDiM, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	d := min(padimChannels, in.C)
	p := &PaDiM{h: in.H, w: in.W, c: in.C, y: make([]float64, d), scratch: make([]float32, 2*in.H*in.W)}
	p.channels = rand.New(rand.NewPCG(uint64(seed), 0x706164696d)).Perm(in.C)[:d]
	slices.Sort(p.channels)
	n := in.H * in.W
	p.mean, p.root = make([]float32, n*d), make([]float32, n*d*(d+1)/2)
	for at := range n {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("baseline: %w", err)
		}
		if err := p.fit(in, at); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// fit computes the Gaussian of one place.
func (p *PaDiM) fit(in *Input, at int) error {
	d, n := len(p.channels), float64(len(in.Good))
	x := make([]float64, len(in.Good)*d)
	mean := make([]float64, d)
	for i, good := range in.Good {
		for j, c := range p.channels {
			v := float64(good[at*in.C+c]) / levels
			x[i*d+j] = v
			mean[j] += v / n
		}
	}
	cov := make([]float64, d*(d+1)/2)
	for i := range in.Good {
		row := x[i*d : (i+1)*d]
		for j := range row {
			row[j] -= mean[j]
		}
		k := 0
		for a, va := range row {
			for _, vb := range row[:a+1] {
				cov[k] += va * vb
				k++
			}
		}
	}
	k := 0
	for a := range d {
		for b := range a + 1 {
			if cov[k] /= n - 1; a == b {
				cov[k] += padimEpsilon
			}
			k++
		}
	}
	if err := cholesky(cov, d); err != nil {
		return err
	}
	for j, v := range mean {
		p.mean[at*d+j] = float32(v)
	}
	for j, v := range cov {
		p.root[at*len(cov)+j] = float32(v)
	}
	return nil
}

// cholesky replaces the lower triangle a of a positive definite matrix, by rows, by its factor L with L L^T = a.
func cholesky(a []float64, d int) error {
	row := func(i int) []float64 { return a[i*(i+1)/2 : (i+1)*(i+2)/2] }
	for i := range d {
		ri := row(i)
		for j := range i + 1 {
			rj := row(j)
			s := ri[j]
			for k := range j {
				s -= ri[k] * rj[k]
			}
			if i != j {
				ri[j] = s / rj[j]
				continue
			}
			if !(s > 0) {
				return errors.New("baseline: a covariance is not positive definite")
			}
			ri[i] = math.Sqrt(s)
		}
	}
	return nil
}

// Detect solves L y = x - mean at each place; the Mahalanobis distance is |y|. The image score is the maximum of the smoothed map.
func (p *PaDiM) Detect(x []uint8, patches []float32) (float32, error) {
	if len(x) != p.h*p.w*p.c || len(patches) != p.h*p.w {
		return 0, fmt.Errorf("baseline: padim: %d values and %d patches for a grid of %d x %d x %d", len(x), len(patches), p.h, p.w, p.c)
	}
	d := len(p.channels)
	for at := range patches {
		root := p.root[at*d*(d+1)/2:]
		sum := 0.0
		for i, c := range p.channels {
			v := float64(x[at*p.c+c])/levels - float64(p.mean[at*d+i])
			for j, r := range root[:i] {
				v -= float64(r) * p.y[j]
			}
			v /= float64(root[i])
			p.y[i] = v
			sum += v * v
			root = root[i+1:]
		}
		patches[at] = float32(math.Sqrt(sum))
	}
	return peak(patches, p.h, p.w, p.scratch), nil
}

// Bytes counts means and covariances in float32.
func (p *PaDiM) Bytes() int { return 4 * (len(p.mean) + len(p.root)) }

package simd

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"anomnet/core/engine"
)

// right returns the tiers that give the same bits as ref on a few small problems, and an error that names the others. It guards against browsers that compile
// an instruction wrongly; the proof that the kernels are right is the exactness suite.
func right(tiers []engine.Kernels, ref engine.Kernels) ([]engine.Kernels, error) {
	var good []engine.Kernels
	var errs []error
	for _, k := range tiers {
		if err := check(k, ref); err != nil {
			errs = append(errs, fmt.Errorf("simd: tier %s is not used: %w", k.Name(), err))
			continue
		}
		good = append(good, k)
	}
	return good, errors.Join(errs...)
}

// check compares two tiers on a layer, a stem on raw pixels and a search.
func check(k, ref engine.Kernels) error {
	for _, wide := range []bool{false, true} {
		if err := checkConv(k, ref, wide); err != nil {
			return err
		}
	}
	return checkSearch(k, ref)
}

var errUnequal = errors.New("its results differ from those of the portable tier")

func checkConv(k, ref engine.Kernels, wide bool) error {
	const h, w, in, out, window = 3, 5, 12, 17, 3
	rng := rand.New(rand.NewPCG(1, 2))
	c := engine.Conv{Out: out, Rows: window, Run: window * in, Bias: make([]int32, out), Scale: make([]float32, out), Low: -127, High: 127,
		Residual: engine.ResidualI8, ResidualScale: 0.37}
	scale := float32(0.001) // few results are beyond their range, where a fault would not show
	if wide {
		scale /= 16
	}
	for o := range out {
		c.Bias[o], c.Scale[o] = int32(rng.IntN(2001)-1000), scale*(1+2*rng.Float32())
		for range window * window * in {
			if v := rng.IntN(255) - 127; wide {
				c.Weight16 = append(c.Weight16, int16(v*16))
			} else {
				c.Weight = append(c.Weight, int8(v))
			}
		}
	}
	const row = (w + window - 1) * in
	call := engine.ConvCall{H: h, W: w, RowStep: row,
		In:  engine.Plane{Data: randomBytes(rng, (h+window)*row), Row: row, Col: in},
		Res: engine.Plane{Data: randomBytes(rng, h*w*out+engine.ReadSlack), Row: w * out, Col: out}}
	var got [2][]uint8
	for i, k := range []engine.Kernels{ref, k} {
		conv, err := k.NewConv(&c)
		if err != nil {
			return err
		}
		got[i] = make([]uint8, h*w*out)
		call.Out = engine.Plane{Data: got[i], Row: w * out, Col: out}
		call.Scratch = make([]uint8, conv.Scratch(&call))
		conv.Run(&call)
	}
	if !bytes.Equal(got[0], got[1]) {
		return errUnequal
	}
	return nil
}

func checkSearch(k, ref engine.Kernels) error {
	const d, rows, n = 20, 21, 9
	var got [2][]int32
	for i, k := range []engine.Kernels{ref, k} {
		rng := rand.New(rand.NewPCG(3, 4))
		s, err := k.NewSearch(d)
		if err != nil {
			return err
		}
		v := make([]int8, n*d+engine.ReadSlack)
		for range rows {
			fillEmbeddings(rng, v[:d])
			s.Append(v[:d])
		}
		fillEmbeddings(rng, v)
		got[i] = slices.Repeat([]int32{math.MaxInt32}, n)
		s.Nearest(v, n, 0, got[i])
	}
	if !slices.Equal(got[0], got[1]) {
		return errUnequal
	}
	return nil
}

func fillEmbeddings(rng *rand.Rand, v []int8) {
	for i := range v {
		v[i] = int8(rng.IntN(2*engine.EmbeddingMax+1) - engine.EmbeddingMax)
	}
}

func randomBytes(rng *rand.Rand, n int) []uint8 {
	v := make([]uint8, n)
	for i := range v {
		v[i] = uint8(rng.IntN(128))
	}
	return v
}

package detect

import (
	"fmt"
	"math"

	"anomnet/core/engine"
)

// l2Epsilon keeps the norm of an empty patch away from zero; it is part of the numeric contract.
const l2Epsilon = 1

// Adapter is the linear map from patch vectors to embeddings. Weight is [Out][In], -127..127; for patch x
//
//	t = f32(sum W*x) * Scale[d]
//	t = t * f32(1 / sqrt(f64(sum x*x) + 1))      only with L2
//	e = clamp(roundHalfToEven(t), -63, 63)
type Adapter struct {
	In, Out int
	Weight  []int8
	Scale   []float32
	L2      bool
}

// maxScale keeps every product finite.
const maxScale = 1e20

// Validate checks shapes and ranges.
func (a *Adapter) Validate() error {
	if a.In < 1 || a.Out < 1 || a.In > 8192 || a.Out > 1024 || len(a.Weight) != a.In*a.Out || len(a.Scale) != a.Out {
		return fmt.Errorf("detect: adapter %d -> %d has %d weights and %d scales", a.In, a.Out, len(a.Weight), len(a.Scale))
	}
	for i, s := range a.Scale {
		if !(s > 0 && s <= maxScale) {
			return fmt.Errorf("detect: adapter scale[%d] = %v", i, s)
		}
	}
	for i, w := range a.Weight {
		if w == -128 {
			return fmt.Errorf("detect: adapter weight %d is -128", i)
		}
	}
	return nil
}

// Embedder applies an Adapter. It is for one goroutine.
type Embedder struct {
	in, out int
	l2      bool
	kernel  engine.ConvKernel
	call    engine.ConvCall
	x       []uint8 // the last block, where the caller's patches have no slack behind them
	e       []uint8 // the embeddings of a block
}

// rowBlock is how many patches are multiplied at a time: small enough for the cache, large enough to reuse the weights.
const rowBlock = 256

// NewEmbedder validates and packs a.
func NewEmbedder(a *Adapter, k engine.Kernels) (*Embedder, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	kernel, err := k.NewConv(&engine.Conv{Out: a.Out, Rows: 1, Run: a.In, Weight: a.Weight, Bias: make([]int32, a.Out), Scale: a.Scale,
		Low: -engine.EmbeddingMax, High: engine.EmbeddingMax})
	if err != nil {
		return nil, fmt.Errorf("detect: adapter: %w", err)
	}
	e := &Embedder{in: a.In, out: a.Out, l2: a.L2, kernel: kernel}
	e.call = engine.ConvCall{H: 1, W: rowBlock, In: engine.Plane{Col: a.In}, Out: engine.Plane{Col: a.Out}}
	return e.Clone(), nil
}

// Clone returns an embedder for another goroutine that shares the weights.
func (e *Embedder) Clone() *Embedder {
	c := *e
	c.x, c.call.Scratch = make([]uint8, rowBlock*e.in+engine.ReadSlack), make([]uint8, e.kernel.Scratch(&e.call))
	c.e = make([]uint8, rowBlock*e.out)
	c.call.Out.Data = c.e
	if e.l2 {
		c.call.Factor = make([]float32, rowBlock)
	}
	return &c
}

// Embed writes the embeddings of n patches, x [n][In], to dst, [n][Out].
func (e *Embedder) Embed(x []uint8, n int, dst []int8) {
	for first := 0; first < n; first += rowBlock {
		rows := min(rowBlock, n-first)
		block := x[first*e.in:]
		if len(block) < rows*e.in+engine.ReadSlack {
			copy(e.x, block[:rows*e.in])
			block = e.x
		}
		if e.l2 {
			for i := range rows {
				e.call.Factor[i] = InverseNorm(block[i*e.in : (i+1)*e.in])
			}
		}
		e.call.W, e.call.In.Data = rows, block
		e.kernel.Run(&e.call)
		out := dst[first*e.out:][:rows*e.out]
		for i, v := range e.e[:len(out)] {
			out[i] = int8(v)
		}
	}
	e.call.In.Data = nil
}

// InverseNorm returns f32(1 / sqrt(f64(sum x*x) + 1)) of at most 8,192 values of 0..127.
func InverseNorm(x []uint8) float32 {
	var a, b, c, d uint32 // four sums keep the multipliers of a CPU busy
	for ; len(x) >= 4; x = x[4:] {
		v := x[:4:4]
		a += uint32(v[0]) * uint32(v[0])
		b += uint32(v[1]) * uint32(v[1])
		c += uint32(v[2]) * uint32(v[2])
		d += uint32(v[3]) * uint32(v[3])
	}
	for _, v := range x {
		a += uint32(v) * uint32(v)
	}
	return float32(1 / math.Sqrt(float64(a+b+c+d)+l2Epsilon))
}

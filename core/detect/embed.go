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
	x       []uint8 // a block of patches with slack, where those of the caller have none
	e       []uint8 // their embeddings
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
	e := &Embedder{in: a.In, out: a.Out, l2: a.L2, kernel: kernel, x: make([]uint8, rowBlock*a.In+engine.ReadSlack), e: make([]uint8, rowBlock*a.Out)}
	e.call = engine.ConvCall{H: 1, W: rowBlock, In: engine.Plane{Data: e.x, Col: a.In}, Out: engine.Plane{Data: e.e, Col: a.Out}}
	e.call.Scratch = make([]uint8, kernel.Scratch(&e.call))
	if a.L2 {
		e.call.Factor = make([]float32, rowBlock)
	}
	return e, nil
}

// Clone returns an embedder for another goroutine that shares the weights.
func (e *Embedder) Clone() *Embedder {
	c := *e
	c.x, c.e = make([]uint8, len(e.x)), make([]uint8, len(e.e))
	c.call.In.Data, c.call.Out.Data, c.call.Scratch = c.x, c.e, make([]uint8, len(e.call.Scratch))
	if e.l2 {
		c.call.Factor = make([]float32, rowBlock)
	}
	return &c
}

// Embed writes the embeddings of n patches, x [n][In], to dst, [n][Out].
func (e *Embedder) Embed(x []uint8, n int, dst []int8) {
	for first := 0; first < n; first += rowBlock {
		rows := min(rowBlock, n-first)
		copy(e.x, x[first*e.in:(first+rows)*e.in])
		if e.l2 {
			for i := range rows {
				e.call.Factor[i] = InverseNorm(e.x[i*e.in : (i+1)*e.in])
			}
		}
		e.call.W = rows
		e.kernel.Run(&e.call)
		for i, v := range e.e[:rows*e.out] {
			dst[first*e.out+i] = int8(v)
		}
	}
}

// InverseNorm returns f32(1 / sqrt(f64(sum x*x) + 1)).
func InverseNorm(x []uint8) float32 {
	var sum int64
	for _, v := range x {
		sum += int64(v) * int64(v)
	}
	return float32(1 / math.Sqrt(float64(sum)+l2Epsilon))
}

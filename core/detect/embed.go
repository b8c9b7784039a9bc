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
//	e = clamp(roundHalfToEven(t), -127, 127)
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
	return checkI8("adapter weight", a.Weight)
}

func checkI8(what string, v []int8) error {
	for i, w := range v {
		if w == -128 {
			return fmt.Errorf("detect: %s %d is -128", what, i)
		}
	}
	return nil
}

// Embedder applies an Adapter. It is for one goroutine.
type Embedder struct {
	adapter *Adapter
	mat     *engine.Matrix
	inverse []float32
	acc     []int32
}

// rowBlock is how many patches are multiplied at a time: small enough for the cache, large enough to reuse the weights.
const rowBlock = 128

// NewEmbedder validates and packs a.
func NewEmbedder(a *Adapter, tier engine.Tier) (*Embedder, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	m, err := engine.NewMatrix(a.Weight, a.Out, a.In, tier)
	if err != nil {
		return nil, err
	}
	return &Embedder{adapter: a, mat: m, inverse: make([]float32, rowBlock), acc: make([]int32, rowBlock*engine.GroupRows)}, nil
}

// Embed writes the embeddings of n patches, x [n][In], to dst, [n][Out].
func (e *Embedder) Embed(x []uint8, n int, dst []int8) {
	for first := 0; first < n; first += rowBlock {
		rows := min(rowBlock, n-first)
		e.embedBlock(x[first*e.adapter.In:(first+rows)*e.adapter.In], rows, dst[first*e.adapter.Out:(first+rows)*e.adapter.Out])
	}
}

func (e *Embedder) embedBlock(x []uint8, rows int, dst []int8) {
	a := e.adapter
	if a.L2 {
		for i := 0; i < rows; i++ {
			e.inverse[i] = InverseNorm(x[i*a.In : (i+1)*a.In])
		}
	}
	for g := 0; g < e.mat.Groups(); g++ {
		e.mat.MulU7(g, x, rows, e.acc)
		first := g * engine.GroupRows
		count := min(engine.GroupRows, a.Out-first)
		for i := 0; i < rows; i++ {
			out := dst[i*a.Out+first:][:count]
			for d := range out {
				t := float32(float32(e.acc[i*engine.GroupRows+d]) * a.Scale[first+d])
				if a.L2 {
					t = float32(t * e.inverse[i])
				}
				out[d] = int8(engine.Requantize(t, -127, 127))
			}
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

package engine

import (
	"errors"
	"fmt"
	"slices"
)

// EmbeddingMax is the largest magnitude of an embedding. With 64 added an embedding fits into the 7 bits that the fastest dot instruction of
// browsers takes on one side.
const EmbeddingMax = 63

// Kernels is one tier: an implementation of the inner operations. All tiers give the same bits; package enginetest proves it. Constructors
// refuse what the tier cannot run, so nothing can fail while an image is scored. Kernels and what they pack are read-only after
// construction and may be shared by goroutines, except a Search that still grows.
type Kernels interface {
	// Name is how people choose and see the tier: "generic", "amd64", "relaxed".
	Name() string
	// NewConv packs the weights of a convolution or a matrix product.
	NewConv(c *Conv) (ConvKernel, error)
	// NewSearch returns an empty set of rows of d values for nearest-row search.
	NewSearch(d int) (Search, error)
	// MaxPool takes the maximum over windows.
	MaxPool(c *PoolCall)
	// LocalMean takes the local mean of a tap and requantises it into patch vectors.
	LocalMean(c *MeanCall)
}

// ReadSlack is how many bytes kernels may read after the last value of a run (they read whole vectors and multiply what is too much by zero).
// Buffers that kernels read hold so many bytes more.
const ReadSlack = 16

// Plane says where the values of position (y, x) lie: they are consecutive from Data[At + y*Row + x*Col]. Values are u7, or int8 bits.
type Plane struct {
	Data         []uint8
	At, Row, Col int
}

// at returns the place of the values of position (y, x).
func (p *Plane) at(y, x int) int { return p.At + y*p.Row + x*p.Col }

// Conv is a convolution, or a matrix product (Rows = 1), as kernels see it. Output position p reads Rows runs of Run consecutive values;
// for output channel o
//
//	acc = Bias[o] + sum x[r][i] * Weight[o][r][i]    exact in int32
//	t = f32(acc) * Scale[o]                          rounded
//	t = t * Factor[p]                                rounded; only with Factor
//	t = t + f32(res) * ResidualScale                 product rounded, then sum rounded; only with a residual
//	y = clamp(roundHalfToEven(t), Low, High)
type Conv struct {
	Out, Rows, Run int
	Weight         []int8    // [Out][Rows][Run], -127..127; x is u7
	Weight16       []int16   // instead of Weight: -2047..2047; x is 0..255
	Bias           []int32   // [Out]
	Scale          []float32 // [Out]
	Low, High      float32   // whole numbers within -127..127
	Residual       Residual
	ResidualScale  float32
}

// Check is for NewConv: lengths and ranges. That no accumulator leaves int32 is for the caller to know (Graph.Validate, detect.Adapter).
func (c *Conv) Check() error {
	n, limit := c.Out*c.Rows*c.Run, float32(127)
	switch {
	case c.Out < 1 || c.Rows < 1 || c.Run < 1 || len(c.Bias) != c.Out || len(c.Scale) != c.Out:
		return fmt.Errorf("engine: conv %d x %d x %d has %d biases and %d scales", c.Out, c.Rows, c.Run, len(c.Bias), len(c.Scale))
	case len(c.Weight)+len(c.Weight16) != n || (c.Weight != nil && c.Weight16 != nil):
		return fmt.Errorf("engine: conv %d x %d x %d has %d + %d weights", c.Out, c.Rows, c.Run, len(c.Weight), len(c.Weight16))
	case !(c.Low >= -limit && c.High <= limit && c.Low <= c.High): // NaN too
		return fmt.Errorf("engine: conv clamps to %v..%v", c.Low, c.High)
	case slices.Contains(c.Weight, -128):
		return errors.New("engine: conv has a weight of -128")
	}
	return nil
}

// Residual says what is added before clamping.
type Residual int

// Kinds of residuals.
const (
	NoResidual Residual = iota
	ResidualU7
	ResidualI8
)

// ConvCall is one execution of a ConvKernel over H x W output positions. Out must not overlap In or Res.
type ConvCall struct {
	H, W    int
	In      Plane // first run of the window of an output position
	RowStep int   // bytes from one run of a window to the next
	Out     Plane
	Res     Plane     // with a residual
	Factor  []float32 // [H*W], or nil
	Scratch []uint8   // at least ConvKernel.Scratch bytes
}

// ConvKernel is a packed Conv.
type ConvKernel interface {
	// Scratch returns how many bytes of Scratch a call needs; it looks at no data.
	Scratch(c *ConvCall) int
	Run(c *ConvCall)
}

// Search finds the squared distance to the nearest of a growing set of int8 rows.
type Search interface {
	// Append adds a row, [D], -127..127.
	Append(row []int8)
	// Len returns the number of rows.
	Len() int
	// Nearest lowers d2[i] to the smallest |e_i - row|^2 over the rows from the given one on, for n vectors e, [n][D], of -EmbeddingMax..EmbeddingMax.
	// Rows before from may be looked at too.
	Nearest(e []int8, n, from int, d2 []int32)
}

// PoolCall is a maximum over Kernel x Kernel windows of H x W output positions of C channels. In is the first pixel of a window.
type PoolCall struct {
	H, W, C          int
	Kernel           int
	In, Out          Plane
	RowStep, ColStep int // bytes between rows and columns inside a window
}

// MeanCall makes patch vectors of a tap: sums over 3x3 neighbours (9 times the local mean), with Up the sums are upsampled by two with bilinear
// weights of quarters, 3 and 1 on each axis (144 times the mean), and then
//
//	y = clamp(roundHalfToEven(f32(sum) * Scale[c]), 0, 127)
type MeanCall struct {
	H, W, C int   // of the tap
	In      Plane // the tap
	Out     Plane // H x W positions, 2H x 2W with Up
	Up      bool
	Zeros   bool      // neighbours outside count as zeros; without it the nearest inside is repeated
	Scale   []float32 // [C]
	Scratch []uint16  // MeanScratch values
}

// MeanScratch returns how many values MeanCall.Scratch must have.
func MeanScratch(h, w, c int) int { return (h*w + 4*w) * c }

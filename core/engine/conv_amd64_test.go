package engine

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/engine/internal/x86"
)

// TestPackedWeightsAreAligned: NewConv counts on the allocator, and a vector that crosses a cache line costs two loads.
func TestPackedWeightsAreAligned(t *testing.T) {
	for _, k := range nativeTiers() {
		for _, out := range []int{1, 16, 24, 48, 64, 96, 100} {
			for _, run := range []int{1, 9, 72, 288, 1000} {
				conv, err := k.NewConv(&Conv{Out: out, Rows: 1, Run: run, Weight: make([]int8, out*run), Bias: make([]int32, out), Scale: make([]float32, out)})
				require.NoError(t, err)
				assert.Zero(t, uintptr(unsafe.Pointer(&conv.(*x86Conv).weight[0]))%64, "%s: %d x %d", k.Name(), out, run)
			}
		}
	}
}

// TestFit wants the tile that wastes least, and of those the widest useful one.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		isa              x86.ISA
		channels, expect int
	}{{x86.VNNI, 1, 16}, {x86.VNNI, 17, 24}, {x86.VNNI, 24, 24}, {x86.VNNI, 40, 48}, {x86.VNNI, 48, 48}, {x86.VNNI, 64, 64}, {x86.VNNI, 96, 48},
		{x86.VNNI, 128, 64}, {x86.VNNI, 192, 48}, {x86.VNNI, 256, 64}, {x86.AVX2, 16, 16}, {x86.AVX2, 24, 24}, {x86.AVX2, 64, 16}, {x86.AVX2, 96, 24}} {
		assert.Equal(t, c.expect, c.isa.Fit(c.channels).Channels, "%v: %d channels", c.isa, c.channels)
	}
}

// TestShortPlanesPanic: the assembly checks nothing, so Run does.
func TestShortPlanesPanic(t *testing.T) {
	for _, k := range nativeTiers() {
		conv, err := k.NewConv(&Conv{Out: 20, Rows: 2, Run: 6, Weight: make([]int8, 240), Bias: make([]int32, 20), Scale: make([]float32, 20), Residual: ResidualU7})
		require.NoError(t, err)
		call := func(in, out, res, factor int) func() {
			c := ConvCall{H: 2, W: 3, RowStep: 20, In: Plane{Data: make([]uint8, in), Row: 20, Col: 2}, Out: Plane{Data: make([]uint8, out), Row: 60, Col: 20},
				Res: Plane{Data: make([]uint8, res), Row: 60, Col: 20}, Factor: make([]float32, factor)}
			c.Scratch = make([]uint8, conv.Scratch(&c))
			return func() { conv.Run(&c) }
		}
		const in = 20 + 2*2 + 20 + 8 // the last window starts at 24, and its second run of 6, read as 8, at 44
		assert.NotPanics(t, call(in, 120, 120, 6), k.Name())
		for _, short := range []func(){call(in-1, 120, 120, 6), call(in, 119, 120, 6), call(in, 120, 119, 6), call(in, 120, 120, 5)} {
			assert.Panics(t, short, k.Name())
		}
	}
}

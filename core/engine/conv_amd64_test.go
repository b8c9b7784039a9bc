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

//go:build linux

package engine_test

import (
	"fmt"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"anomnet/core/engine"
)

// guarded returns n values between two pages that cannot be touched: they end where the second starts, or start where the first ends.
func guarded[T any](t *testing.T, n int, atEnd bool) []T {
	t.Helper()
	var v T
	bytes, page := n*int(unsafe.Sizeof(v)), syscall.Getpagesize()
	body := (bytes + page) / page * page
	m, err := syscall.Mmap(-1, 0, body+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Munmap(m) })
	require.NoError(t, syscall.Mprotect(m[:page], syscall.PROT_NONE))
	require.NoError(t, syscall.Mprotect(m[page+body:], syscall.PROT_NONE))
	start := page
	if atEnd {
		start = page + body - bytes
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&m[start])), n)
}

// TestNothingOutsideIsTouched runs every operation on values beside pages without access: a byte too far ends the test program.
func TestNothingOutsideIsTouched(t *testing.T) {
	for _, k := range engine.Tiers()[2:] {
		for _, atEnd := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/end=%v", k.Name(), atEnd), func(t *testing.T) {
				for _, out := range []int{1, 15, 16, 17, 24, 25, 31, 32, 48, 49, 64, 72, 96, 128} {
					for _, w := range []int{1, 5, 7, 8, 9, 16, 19} {
						guardConv(t, k, w, 5, out, atEnd)
						guardConv(t, k, w, 8, out, atEnd)
					}
				}
				for _, d := range []int{1, 15, 16, 33, 128} {
					for _, n := range []int{1, 3, 4, 8, 13} {
						guardSearch(t, k, n, d, atEnd)
					}
				}
				for _, c := range []int{3, 16, 17, 31, 64} {
					guardPool(t, k, c, atEnd)
					for _, zeros := range []bool{false, true} {
						guardMean(t, k, c, false, zeros, atEnd)
						guardMean(t, k, c, true, zeros, atEnd)
					}
				}
			})
		}
	}
}

// guardConv runs a 3 x 3 convolution with residual and factor.
func guardConv(t *testing.T, k engine.Kernels, w, in, out int, atEnd bool) {
	const h = 3
	conv, err := k.NewConv(&engine.Conv{Out: out, Rows: 3, Run: 3 * in, Weight: make([]int8, 9*in*out), Bias: make([]int32, out), Scale: make([]float32, out),
		High: 127, Residual: engine.ResidualU7, ResidualScale: 1})
	require.NoError(t, err)
	row := (w + 2) * in
	plane := func() engine.Plane {
		return engine.Plane{Data: guarded[uint8](t, h*w*out, atEnd), Row: w * out, Col: out}
	}
	call := &engine.ConvCall{H: h, W: w, RowStep: row, In: engine.Plane{Data: guarded[uint8](t, (h+2)*row+engine.ReadSlack, atEnd), Row: row, Col: in},
		Out: plane(), Res: plane(), Factor: guarded[float32](t, h*w, atEnd)}
	call.Scratch = guarded[uint8](t, conv.Scratch(call), atEnd)
	conv.Run(call)
}

func guardSearch(t *testing.T, k engine.Kernels, n, d int, atEnd bool) {
	s, err := k.NewSearch(d)
	require.NoError(t, err)
	for range 50 {
		s.Append(guarded[int8](t, d, atEnd))
	}
	s.Nearest(guarded[int8](t, n*d, atEnd), n, 0, guarded[int32](t, n, atEnd))
}

func guardPool(t *testing.T, k engine.Kernels, c int, atEnd bool) {
	row := 7 * c
	k.MaxPool(&engine.PoolCall{H: 3, W: 3, C: c, Kernel: 3, RowStep: row, ColStep: c,
		In:  engine.Plane{Data: guarded[uint8](t, 7*row+engine.ReadSlack, atEnd), Row: 2 * row, Col: 2 * c},
		Out: engine.Plane{Data: guarded[uint8](t, 9*c, atEnd), Row: 3 * c, Col: c}})
}

func guardMean(t *testing.T, k engine.Kernels, c int, up, zeros, atEnd bool) {
	n := 3
	if up {
		n = 6
	}
	k.LocalMean(&engine.MeanCall{H: 3, W: 3, C: c, Up: up, Zeros: zeros, Scale: guarded[float32](t, c, atEnd), Scratch: guarded[uint16](t, engine.MeanScratch(3, 3, c), atEnd),
		In:  engine.Plane{Data: guarded[uint8](t, 9*c+engine.ReadSlack, atEnd), Row: 3 * c, Col: c},
		Out: engine.Plane{Data: guarded[uint8](t, n*n*c, atEnd), Row: n * c, Col: c}})
}

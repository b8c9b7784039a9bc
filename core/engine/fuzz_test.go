package engine_test

import (
	"testing"

	"anomnet/core/engine"
	"anomnet/core/engine/enginetest"
)

// everyTier calls f for every tier but the definition.
func everyTier(f func(k engine.Kernels)) {
	for _, k := range engine.Tiers()[1:] {
		f(k)
	}
}

func FuzzConv(f *testing.F) {
	f.Add(uint64(1), uint8(4), uint8(9), uint8(24), uint8(48), uint8(0b0_01_0_1_01))
	f.Add(uint64(2), uint8(8), uint8(8), uint8(3), uint8(64), uint8(0b1_00_1_1_11))
	f.Add(uint64(3), uint8(1), uint8(17), uint8(33), uint8(25), uint8(0b1_10_0_0_00))
	f.Fuzz(func(t *testing.T, seed uint64, h, w, in, out, kind uint8) {
		c := enginetest.ConvCase{H: 1 + int(h)%9, W: 1 + int(w)%40, In: 1 + int(in)%70, Out: 1 + int(out)%140, Kernel: 1 + 2*int(kind&3), Stride: 1 + int(kind>>2&1),
			Wide: kind>>3&1 != 0, Residual: engine.Residual((kind >> 4 & 3) % 3), Fill: enginetest.Fill(kind >> 6 & 1), Factor: kind>>7 != 0, Signed: seed&1 != 0}
		everyTier(func(k engine.Kernels) { enginetest.CheckConv(t, k, c, seed) })
	})
}

func FuzzSearch(f *testing.F) {
	f.Add(uint64(1), uint8(9), uint8(50), uint16(128), uint8(3), false)
	f.Add(uint64(2), uint8(1), uint8(97), uint16(13), uint8(49), true)
	f.Add(uint64(3), uint8(17), uint8(24), uint16(288), uint8(0), true)
	f.Fuzz(func(t *testing.T, seed uint64, n, rows uint8, d uint16, from uint8, extreme bool) {
		c := enginetest.SearchCase{N: int(n) % 40, K: int(rows), D: 1 + int(d)%1100, From: int(from) % (int(rows) + 1)}
		if extreme {
			c.Fill = enginetest.Extreme
		}
		everyTier(func(k engine.Kernels) { enginetest.CheckSearch(t, k, c, seed) })
	})
}

func FuzzPool(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(5), uint8(64), uint8(2), uint8(1))
	f.Add(uint64(2), uint8(1), uint8(1), uint8(17), uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, h, w, c, kernel, stride uint8) {
		everyTier(func(k engine.Kernels) {
			enginetest.CheckPool(t, k, 1+int(h)%6, 1+int(w)%12, 1+int(c), 1+int(kernel)%5, 1+int(stride)%2, seed)
		})
	})
}

func FuzzMean(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(5), uint8(95), true, false, true)
	f.Add(uint64(2), uint8(1), uint8(1), uint8(16), false, true, false)
	f.Fuzz(func(t *testing.T, seed uint64, h, w, c uint8, up, extreme, zeros bool) {
		fill := enginetest.Random
		if extreme {
			fill = enginetest.Extreme
		}
		everyTier(func(k engine.Kernels) {
			enginetest.CheckMean(t, k, 1+int(h)%6, 1+int(w)%12, 1+int(c), up, zeros, fill, seed)
		})
	})
}

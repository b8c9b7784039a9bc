package simd

import (
	"anomnet/core/engine"
	"anomnet/core/engine/enginetest"
)

// fuzzConv makes a case of a fuzzer's choice.
func fuzzConv(h, w, in, out, kernel, kind uint8) enginetest.ConvCase {
	c := enginetest.ConvCase{H: 1 + int(h)%10, W: 1 + int(w)%20, In: 1 + int(in)%72, Out: 1 + int(out)%40, Kernel: 1 + 2*(int(kernel)%3), Stride: 1 + int(kind)&1,
		Wide: kind&2 != 0, Signed: kind&4 != 0, Factor: kind&8 != 0, Residual: engine.Residual(int(kind>>4) % 3)}
	if kind&128 != 0 {
		c.Fill = enginetest.Extreme
	}
	return c
}

// fuzzSearch makes a case of a fuzzer's choice.
func fuzzSearch(n, rows, d, from uint8, extreme bool) enginetest.SearchCase {
	c := enginetest.SearchCase{N: 1 + int(n), K: int(rows), D: 1 + int(d)}
	c.From = int(from) % (c.K + 1)
	if extreme {
		c.Fill = enginetest.Extreme
	}
	return c
}

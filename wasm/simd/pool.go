package simd

import (
	"unsafe"

	"anomnet/core/engine"
	"anomnet/wasm/kernels"
)

// poolArgs is what the module reads. It panics when a plane does not hold what the kernel would touch.
func poolArgs(c *engine.PoolCall) kernels.PoolArgs {
	return kernels.PoolArgs{
		In: first(&c.In, c.H, c.W, (c.Kernel-1)*(c.RowStep+c.ColStep)+c.C), Out: first(&c.Out, c.H, c.W, c.C),
		H: int32(c.H), W: int32(c.W), C: int32(c.C), Kernel: int32(c.Kernel), InRow: int32(c.In.Row), InCol: int32(c.In.Col),
		OutRow: int32(c.Out.Row), OutCol: int32(c.Out.Col), RowStep: int32(c.RowStep), ColStep: int32(c.ColStep),
	}
}

// meanArgs is what the module reads, with the same checks.
func meanArgs(c *engine.MeanCall) kernels.MeanArgs {
	h, w, up, zeros := c.H, c.W, int32(0), int32(0)
	if c.Up {
		h, w, up = 2*h, 2*w, 1
	}
	if c.Zeros {
		zeros = 1
	}
	return kernels.MeanArgs{
		In: first(&c.In, c.H, c.W, c.C), Out: first(&c.Out, h, w, c.C), Scale: unsafe.Pointer(&c.Scale[:c.C][0]),
		Scratch: unsafe.Pointer(&c.Scratch[:engine.MeanScratch(c.H, c.W, c.C)][0]), H: int32(c.H), W: int32(c.W), C: int32(c.C),
		InRow: int32(c.In.Row), InCol: int32(c.In.Col), OutRow: int32(c.Out.Row), OutCol: int32(c.Out.Col), Up: up, Zeros: zeros,
		High: 127, Magic: kernels.RoundMagic,
	}
}

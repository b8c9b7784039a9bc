//go:build !js

package simd

import (
	"context"
	"encoding/binary"
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"anomnet/core/engine"
	"anomnet/core/engine/enginetest"
	"anomnet/wasm/kernels"
	"anomnet/wasm/kernels/asm"
)

// native runs the module simd128 in wazero, for tests and fuzzing without a browser. Relaxed SIMD is not in wazero; cmd/e2e runs that module in Chromium.
type native struct {
	engine.Kernels
	tb     testing.TB
	module api.Module
}

const nativePages = 2048

func newNative(tb testing.TB) *native {
	tb.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2))
	tb.Cleanup(func() { require.NoError(tb, r.Close(ctx)) })
	mem := asm.NewModule()
	mem.OwnMemory("mem", nativePages)
	_, err := r.InstantiateWithConfig(ctx, mem.Bytes(), wazero.NewModuleConfig().WithName("go"))
	require.NoError(tb, err)
	m, err := r.InstantiateWithConfig(ctx, kernels.SIMD128(), wazero.NewModuleConfig().WithName("simd128"))
	require.NoError(tb, err)
	return &native{engine.Generic(), tb, m}
}

// on returns the same for another test.
func (n *native) on(tb testing.TB) *native { return &native{n.Kernels, tb, n.module} }

func (n *native) Name() string { return "simd128 in wazero" }

// region is memory of this program and its place in the module's.
type region struct {
	host  []byte
	place uint32
}

// call runs a function of the module on args, a struct of package kernels, whose pointers point into the buffers; these are copied there and back. The memory
// ends where the last one ends.
func (n *native) call(name string, args any, buffers ...[]byte) {
	mem, at := n.module.Memory(), uint32(4096)
	var regions []region
	for i, b := range buffers {
		if i == len(buffers)-1 {
			at = mem.Size() - uint32(len(b))
		}
		regions = append(regions, region{b, at})
		require.True(n.tb, mem.Write(at, b), "out of memory")
		at += (uint32(len(b)) + 4096) &^ 63
	}
	v := reflect.ValueOf(args).Elem()
	raw := make([]byte, v.Type().Size())
	for i := range v.NumField() {
		f, to := v.Field(i), raw[v.Type().Field(i).Offset:]
		switch f.Kind() {
		case reflect.UnsafePointer:
			binary.LittleEndian.PutUint64(to, uint64(place(n.tb, regions, uintptr(f.UnsafePointer()))))
		case reflect.Int32:
			binary.LittleEndian.PutUint32(to, uint32(f.Int()))
		case reflect.Float32:
			binary.LittleEndian.PutUint32(to, floatBits(float32(f.Float())))
		default:
			require.Fail(n.tb, "unexpected field", f.Kind().String())
		}
	}
	require.True(n.tb, mem.Write(0, raw))
	_, err := n.module.ExportedFunction(name).Call(context.Background(), 0)
	require.NoError(n.tb, err)
	for _, r := range regions {
		b, ok := mem.Read(r.place, uint32(len(r.host)))
		require.True(n.tb, ok)
		copy(r.host, b)
	}
}

func place(tb testing.TB, regions []region, p uintptr) uint32 {
	if p == 0 {
		return 0
	}
	for _, r := range regions {
		if base := uintptr(unsafe.Pointer(unsafe.SliceData(r.host))); p >= base && p < base+uintptr(len(r.host)) {
			return r.place + uint32(p-base)
		}
	}
	require.Fail(tb, "pointer to no buffer")
	return 0
}

// bytesOf returns the memory of a slice.
func bytesOf[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}

func floatBits(f float32) uint32 { return *(*uint32)(unsafe.Pointer(&f)) }

type nativeConv struct {
	*packed
	n *native
}

func (n *native) NewConv(c *engine.Conv) (engine.ConvKernel, error) {
	p, err := pack(c, kernels.DotOf(kernels.Int16))
	if err != nil {
		return nil, err
	}
	return nativeConv{p, n}, nil
}

func (k nativeConv) Run(c *engine.ConvCall) {
	var a kernels.ConvArgs
	k.args(c, &a)
	k.n.call("conv16", &a, k.panels, bytesOf(c.Factor), c.Scratch, c.In.Data, c.Res.Data, c.Out.Data)
}

type nativeSearch struct {
	*rows
	n *native
}

func (n *native) NewSearch(d int) (engine.Search, error) {
	s, err := newRows(d, kernels.SearchDotOf(kernels.Int16))
	if err != nil {
		return nil, err
	}
	return nativeSearch{s, n}, nil
}

func (s nativeSearch) Nearest(e []int8, n, from int, d2 []int32) {
	if n <= 0 || from >= s.rows.n {
		return
	}
	whole, tail := s.split(e, n)
	s.nearest(e, whole, from, d2)
	s.nearest(tail, n-whole, from, d2[whole:])
}

func (s nativeSearch) nearest(e []int8, n, from int, d2 []int32) {
	if n == 0 {
		return
	}
	var a kernels.NearestArgs
	s.args(e, n, from, d2, &a)
	s.n.call("nearest16", &a, s.panels, s.scratch, bytesOf(d2), bytesOf(e[:min(cap(e), n*s.d+load)]))
}

func (n *native) MaxPool(c *engine.PoolCall) {
	if c.C < kernels.MinPoolChannels {
		n.Kernels.MaxPool(c)
		return
	}
	a := poolArgs(c)
	n.call("max_pool", &a, c.In.Data, c.Out.Data)
}

func (n *native) LocalMean(c *engine.MeanCall) {
	if c.C < kernels.MinMeanChannels {
		n.Kernels.LocalMean(c)
		return
	}
	a := meanArgs(c)
	n.call("local_mean", &a, bytesOf(c.Scale), bytesOf(c.Scratch), c.In.Data, c.Out.Data)
}

// TestModuleSIMD128 runs the exactness suite, without the check of allocations: the calls above copy.
func TestModuleSIMD128(t *testing.T) {
	k := newNative(t)
	for i, c := range enginetest.ConvCases() {
		enginetest.CheckConv(t, k, c, uint64(i))
	}
	for i, c := range enginetest.SearchCases() {
		enginetest.CheckSearch(t, k, c, uint64(i))
	}
	for _, c := range []int{1, 15, 16, 17, 31, 33, 64} {
		enginetest.CheckPool(t, k, 3, 5, c, 3, 2, uint64(c))
	}
	for _, c := range []int{1, 7, 8, 9, 15, 33} {
		for _, up := range []bool{false, true} {
			for _, zeros := range []bool{false, true} {
				enginetest.CheckMean(t, k, 4, 5, c, up, zeros, enginetest.Random, uint64(c))
				enginetest.CheckMean(t, k, 1, 1, c, up, zeros, enginetest.Extreme, uint64(c))
			}
		}
	}
}

// The fuzz targets choose shapes; the values follow from the seed. Native fuzzing reaches the module simd128; the browser's tests run the corpora over every tier.

func FuzzConv(f *testing.F) {
	f.Add(uint8(3), uint8(5), uint8(12), uint8(17), uint8(1), uint8(7), uint64(1))
	f.Add(uint8(1), uint8(1), uint8(1), uint8(1), uint8(0), uint8(0), uint64(2))
	f.Add(uint8(7), uint8(9), uint8(40), uint8(8), uint8(3), uint8(255), uint64(3))
	k := newNative(f)
	f.Fuzz(func(t *testing.T, h, w, in, out, kernel, kind uint8, seed uint64) {
		enginetest.CheckConv(t, k.on(t), fuzzConv(h, w, in, out, kernel, kind), seed)
	})
}

func FuzzSearch(f *testing.F) {
	f.Add(uint8(9), uint8(19), uint8(20), uint8(3), false, uint64(1))
	f.Add(uint8(97), uint8(8), uint8(1), uint8(0), true, uint64(2))
	k := newNative(f)
	f.Fuzz(func(t *testing.T, n, rows, d, from uint8, extreme bool, seed uint64) {
		enginetest.CheckSearch(t, k.on(t), fuzzSearch(n, rows, d, from, extreme), seed)
	})
}

func FuzzPool(f *testing.F) {
	f.Add(uint8(3), uint8(5), uint8(33), uint8(3), uint8(2), uint64(1))
	k := newNative(f)
	f.Fuzz(func(t *testing.T, h, w, c, kernel, stride uint8, seed uint64) {
		enginetest.CheckPool(t, k.on(t), 1+int(h)%8, 1+int(w)%8, 1+int(c), 1+int(kernel)%7, 1+int(stride)%2, seed)
	})
}

func FuzzMean(f *testing.F) {
	f.Add(uint8(4), uint8(5), uint8(9), true, true, uint64(1))
	k := newNative(f)
	f.Fuzz(func(t *testing.T, h, w, c uint8, up, zeros bool, seed uint64) {
		enginetest.CheckMean(t, k.on(t), 1+int(h)%9, 1+int(w)%9, 1+int(c), up, zeros, enginetest.Random, seed)
	})
}

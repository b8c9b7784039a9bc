package pth

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/safetensors"
	"anomnet/trainer/importer/pth/pthtest"
)

func floats(shape []int, v ...float32) pthtest.Tensor {
	return pthtest.Of(safetensors.FromFloat32(v, shape...))
}

func archive(t *testing.T, pickle []byte, tensors map[string]pthtest.Tensor) []byte {
	file, err := pthtest.Archive(pickle, tensors)
	require.NoError(t, err)
	return file
}

func sample() map[string]pthtest.Tensor {
	halves := pthtest.Tensor{Shape: []int{5}, Kind: "HalfStorage"}
	for _, h := range []uint16{0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00} {
		halves.Data = binary.LittleEndian.AppendUint16(halves.Data, h)
	}
	turned := floats([]int{2, 3}, 0, 1, 2, 3, 4, 5, 6)
	turned.Stride, turned.Offset, turned.N = []int{1, 2}, 1, 7
	return map[string]pthtest.Tensor{
		"conv.weight":            floats([]int{2, 1, 1, 2}, 1, -2, 0.5, 4),
		"half":                   halves,
		"brain":                  {Shape: []int{2}, Kind: "BFloat16Storage", Data: []byte{0x80, 0x3f, 0x49, 0xc0}},
		"double":                 {Shape: []int{1}, Kind: "DoubleStorage", Data: binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.1))},
		"bn.num_batches_tracked": {Shape: nil, Kind: "LongStorage", Data: []byte{7, 0, 0, 0, 0, 0, 0, 0}},
		"turned":                 turned,
		"empty":                  {Shape: []int{0}, Kind: "FloatStorage"},
	}
}

// TestDecode reads both containers: every type, a scalar, a view with an offset whose columns are contiguous, and an empty tensor.
func TestDecode(t *testing.T) {
	for name, file := range map[string][]byte{"archive": archive(t, pthtest.StateDict(sample(), false), sample()), "legacy": pthtest.Legacy(sample())} {
		t.Run(name, func(t *testing.T) {
			assert.True(t, Is(file))
			got, err := Decode(file)
			require.NoError(t, err)
			require.Len(t, got, 7)
			for key, want := range map[string][]float32{
				"conv.weight": {1, -2, 0.5, 4}, "half": {1, -2, 65504, float32(math.Ldexp(1, -24)), float32(math.Inf(1))},
				"brain": {1, -3.140625}, "double": {0.1}, "turned": {1, 3, 5, 2, 4, 6}, "empty": {},
			} {
				v, err := got[key].Float32()
				require.NoError(t, err, key)
				assert.Equal(t, want, v, key)
			}
			assert.Equal(t, []int{2, 1, 1, 2}, got["conv.weight"].Shape)
			assert.Equal(t, safetensors.Tensor{DType: safetensors.I64, Shape: []int{}, Data: []byte{7, 0, 0, 0, 0, 0, 0, 0}}, got["bn.num_batches_tracked"])
		})
	}
	assert.False(t, Is([]byte("\x10\x00\x00\x00\x00\x00\x00\x00{}")), "safetensors")
}

// wrapped writes a dict with one key.
func wrapped(key string, inner []byte) []byte {
	p := &pthtest.Pickler{}
	p.Write([]byte{opProto, 2, opEmptyDict})
	p.Text(key)
	p.Write(inner[2 : len(inner)-1])
	p.WriteString("s.")
	return p.Bytes()
}

func TestCheckpointHoldsAStateDict(t *testing.T) {
	got, err := Decode(archive(t, wrapped("state_dict", pthtest.StateDict(sample(), false)), sample()))
	require.NoError(t, err)
	assert.Len(t, got, 7)
	_, err = Decode(archive(t, wrapped("optimizer", pthtest.StateDict(sample(), false)), sample()))
	assert.ErrorContains(t, err, "is no tensor with a name")
}

func TestRefuses(t *testing.T) {
	one := func(change func(w *pthtest.Tensor)) []byte {
		w := floats([]int{2}, 1, 2)
		change(&w)
		m := map[string]pthtest.Tensor{"w": w}
		return archive(t, pthtest.StateDict(m, false), m)
	}
	pickle := func(text string) []byte { return archive(t, []byte("\x80\x02"+text), nil) }
	shared := map[string]pthtest.Tensor{}
	deep := strings.Repeat("(", maxStack+1)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "ends too early"},
		"no archive":      {[]byte("PK\x03\x04 but no more"), "zip"},
		"code":            {pickle("cos\nsystem\n(X\x02\x00\x00\x00lst R."), `"os.system" is not part`},
		"builtin":         {pickle("c__builtin__\neval\n."), "is not part"},
		"unknown opcode":  {pickle("i"), "0x69 is not part"},
		"protocol":        {archive(t, []byte("\x80\x04."), nil), "protocol 4"},
		"only a mark":     {pickle("(."), "a mark where"},
		"nothing":         {pickle("."), "stack is empty"},
		"a list":          {pickle("]."), "holds no dict"},
		"long text":       {pickle("X\xff\xff\xff\xff"), "a text of 4294967295 bytes"},
		"memo":            {pickle("h\x01."), "nothing was kept as 1"},
		"deep":            {pickle(deep), "values on the stack"},
		"call of a dict":  {pickle("})R."), "no known name"},
		"fill":            {pickle(")]a."), "does not fit"},
		"odd dict":        {pickle("}(Nu."), "does not fit"},
		"name of no end":  {pickle("cos"), "without an end"},
		"persistent":      {pickle("NQ."), "no storage"},
		"outside":         {one(func(w *pthtest.Tensor) { w.Offset = 1 }), "in a storage of 2 values"},
		"blown up":        {one(func(w *pthtest.Tensor) { w.Shape, w.Stride, w.N = []int{2, 2}, []int{0, 0}, 2 }), "in a storage of 2 values"},
		"negative stride": {one(func(w *pthtest.Tensor) { w.Stride = []int{-1} }), "stride [-1]"},
		"negative offset": {one(func(w *pthtest.Tensor) { w.Offset = -1 }), "offset -1"},
		"many values":     {one(func(w *pthtest.Tensor) { w.N = 1 << 30 }), "a storage that is not understood"},
		"short storage":   {one(func(w *pthtest.Tensor) { w.Data = w.Data[:4] }), "has 4 bytes, want 2 x 4"},
		"no storage":      {archive(t, pthtest.StateDict(map[string]pthtest.Tensor{"w": floats([]int{1}, 1)}, false), shared), "lacks storage"},
		"legacy cut off":  {pthtest.Legacy(sample())[:len(pthtest.Legacy(sample()))-2], "ends too early"},
		"big endian":      {legacyBig(), "another byte order"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(c.file)
			require.ErrorIs(t, err, ErrFormat)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func legacyBig() []byte {
	file := pthtest.Legacy(sample())
	at := strings.Index(string(file), "little_endian") + len("little_endian")
	file[at] = opFalse
	return file
}

// TestSharedStorageIsBounded: many tensors may share a storage, but not so many that reading takes much more memory than the file.
func TestSharedStorageIsBounded(t *testing.T) {
	w := floats([]int{256}, make([]float32, 256)...)
	p := &pthtest.Pickler{}
	p.Write([]byte{opProto, 2, opEmptyDict, opMark})
	for i := range 100 {
		p.Text(strings.Repeat("a", i))
		p.Tensor("0", w, false)
	}
	p.WriteString("u.")
	_, err := Decode(archive(t, p.Bytes(), map[string]pthtest.Tensor{"w": w}))
	assert.ErrorContains(t, err, "much larger than the file")
}

// TestDamagedBytes: no bytes make it panic, and no changed byte of a storage goes unseen in an archive, which has sums.
func TestDamagedBytes(t *testing.T) {
	for _, file := range [][]byte{archive(t, pthtest.StateDict(sample(), false), sample()), pthtest.Legacy(sample())} {
		for i := range file {
			bad := append([]byte(nil), file...)
			bad[i] ^= 0x55
			Decode(bad)      //nolint:errcheck // it must only not panic
			Decode(file[:i]) //nolint:errcheck // the same
		}
	}
}

func FuzzDecode(f *testing.F) {
	file, err := pthtest.Archive(pthtest.StateDict(sample(), false), sample())
	require.NoError(f, err)
	f.Add(file)
	f.Add(pthtest.Legacy(sample()))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Decode(data)
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		total := 0
		for name, v := range got {
			n := v.DType.Size()
			for _, d := range v.Shape {
				n *= d
			}
			require.Len(t, v.Data, n, name)
			total += n
		}
		require.LessOrEqual(t, total, maxGrowth*len(data))
	})
}

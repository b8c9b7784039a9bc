package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// file puts a header and data together without any check.
func file(header string, data int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), make([]byte, data)...)
}

func TestRoundTrip(t *testing.T) {
	in := &File{Metadata: map[string]string{"a": "b<&>\"", "c": ""}, Tensors: map[string]Tensor{
		"i8": FromInt8([]int8{-1, 2, 3}, 3), "i16": FromInt16([]int16{-300, 5}, 1, 2), "i32": FromInt32([]int32{-70000}, 1),
		"f32": FromFloat32([]float32{1.5, -2}, 2), "empty": FromFloat32(nil, 0),
	}}
	data, err := Encode(in)
	require.NoError(t, err)
	out, err := Decode(data)
	require.NoError(t, err)
	assert.Equal(t, in.Metadata, out.Metadata)
	i8, err := out.Tensors["i8"].Int8()
	require.NoError(t, err)
	assert.Equal(t, []int8{-1, 2, 3}, i8)
	i16, err := out.Tensors["i16"].Int16()
	require.NoError(t, err)
	assert.Equal(t, []int16{-300, 5}, i16)
	i32, err := out.Tensors["i32"].Int32()
	require.NoError(t, err)
	assert.Equal(t, []int32{-70000}, i32)
	f32, err := out.Tensors["f32"].Float32()
	require.NoError(t, err)
	assert.Equal(t, []float32{1.5, -2}, f32)
	_, err = out.Tensors["f32"].Int8()
	assert.Error(t, err)
}

func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		data   int
	}{
		"not json":         {`{`, 0},
		"array":            {`[]`, 0},
		"trailing":         {`{} {}`, 0},
		"duplicate tensor": {`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1},
		"duplicate field":  {`{"a":{"dtype":"I8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1},
		"unknown field":    {`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1],"x":1}}`, 1},
		"unknown dtype":    {`{"a":{"dtype":"Q3","shape":[1],"data_offsets":[0,1]}}`, 1},
		"hole":             {`{"a":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}}`, 2},
		"overlap":          {`{"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"I8","shape":[2],"data_offsets":[1,3]}}`, 3},
		"past the end":     {`{"a":{"dtype":"I8","shape":[9],"data_offsets":[0,9]}}`, 8},
		"rest":             {`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 2},
		"size mismatch":    {`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1]}}`, 1},
		"negative shape":   {`{"a":{"dtype":"I8","shape":[-1],"data_offsets":[0,1]}}`, 1},
		"overflow":         {`{"a":{"dtype":"I8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0},
		"end before begin": {`{"a":{"dtype":"I8","shape":[0],"data_offsets":[1,0]}}`, 0},
		"metadata number":  {`{"__metadata__":{"a":1}}`, 0},
		"metadata null":    {`{"__metadata__":{"a":null}}`, 0},
		"three offsets":    {`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1,9]}}`, 1},
		"one offset":       {`{"a":{"dtype":"I8","shape":[0],"data_offsets":[0]}}`, 0},
		"no offsets":       {`{"a":{"dtype":"I8","shape":[0]}}`, 0},
		"float offset":     {`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1.5]}}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(file(c.header, c.data))
			assert.ErrorIs(t, err, ErrFormat)
		})
	}
}

func TestHeaderLimits(t *testing.T) {
	for _, n := range []uint64{MaxHeader + 1, 1<<64 - 1} {
		_, err := Decode(append(binary.LittleEndian.AppendUint64(nil, n), make([]byte, MaxHeader+1)...))
		assert.ErrorIs(t, err, ErrFormat)
	}
}

func TestStrictJSONDepth(t *testing.T) {
	deep := ""
	for range 1000 {
		deep += "["
	}
	var v any
	assert.Error(t, StrictJSON([]byte(deep), &v))
	assert.NoError(t, StrictJSON([]byte(`[[1]]`), &v))
}

func TestEncodeRefusesWrongSize(t *testing.T) {
	_, err := Encode(&File{Tensors: map[string]Tensor{"a": {I8, []int{3}, []byte{1}}}})
	assert.Error(t, err)
}

// TestManyTensors: a header full of names is refused before each gets a tensor.
func TestManyTensors(t *testing.T) {
	var header strings.Builder
	header.WriteByte('{')
	for i := range MaxTensors + 1 {
		fmt.Fprintf(&header, `"%d":{"dtype":"I8","shape":[0],"data_offsets":[0,0]},`, i)
	}
	_, err := Decode(file(header.String()[:header.Len()-1]+"}", 0))
	assert.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, "10001 tensors, the limit is 10000")
}

func FuzzDecode(f *testing.F) {
	data, err := Encode(&File{Metadata: map[string]string{"k": "v"}, Tensors: map[string]Tensor{"a": FromInt8([]int8{1, 2}, 2)}})
	require.NoError(f, err)
	f.Add(data)
	f.Add(file(`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Decode(data)
		if err != nil {
			return
		}
		total := 0
		for _, tensor := range got.Tensors {
			total += len(tensor.Data)
		}
		_, body, err := split(data)
		require.NoError(t, err)
		require.Equal(t, len(body), total, "every byte belongs to one tensor")
		again, err := Encode(got)
		require.NoError(t, err)
		back, err := Decode(again)
		require.NoError(t, err)
		require.Equal(t, len(got.Metadata), len(back.Metadata))
		require.Equal(t, len(got.Tensors), len(back.Tensors))
		for name, tensor := range got.Tensors {
			require.Equal(t, string(tensor.Data), string(back.Tensors[name].Data), name)
		}
	})
}

// FuzzStrictJSON: what is accepted encoding/json accepts too, with the same outcome, however it is nested.
func FuzzStrictJSON(f *testing.F) {
	for _, s := range []string{`{"dtype":"I8","shape":[1,2],"data_offsets":[0,2]}`, `{"a":1,"a":2}`, `[[[[]]]]`, `{"a":{"b":null}} x`, "\"\\ud800\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v, want any
		if StrictJSON(data, &v) != nil {
			return
		}
		require.NoError(t, json.Unmarshal(data, &want))
		require.Equal(t, want, v)
		var e entry
		if StrictJSON(data, &e) == nil {
			_, _ = byteSize(e.DType, e.Shape)
		}
	})
}

func Example() {
	data, _ := Encode(&File{Tensors: map[string]Tensor{"w": FromInt8([]int8{1, -2}, 2)}})
	f, err := Decode(data)
	fmt.Println(f.Tensors["w"].Shape, err)
	// Output: [2] <nil>
}

package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// FromInt8 makes a tensor that owns its bytes.
func FromInt8(v []int8, shape ...int) Tensor {
	b := make([]byte, len(v))
	for i, x := range v {
		b[i] = byte(x)
	}
	return Tensor{I8, shape, b}
}

// FromInt16 makes a tensor of 16-bit values.
func FromInt16(v []int16, shape ...int) Tensor {
	b := make([]byte, 0, 2*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, uint16(x))
	}
	return Tensor{I16, shape, b}
}

// FromInt32 makes a tensor of 32-bit values.
func FromInt32(v []int32, shape ...int) Tensor {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return Tensor{I32, shape, b}
}

// FromFloat32 makes a tensor of 32-bit floats.
func FromFloat32(v []float32, shape ...int) Tensor {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return Tensor{F32, shape, b}
}

func (t Tensor) want(d DType) error {
	if t.DType != d {
		return fmt.Errorf("safetensors: dtype %s, want %s", t.DType, d)
	}
	return nil
}

// Int8 returns a copy of the values.
func (t Tensor) Int8() ([]int8, error) {
	if err := t.want(I8); err != nil {
		return nil, err
	}
	v := make([]int8, len(t.Data))
	for i, b := range t.Data {
		v[i] = int8(b)
	}
	return v, nil
}

// Uint8 returns a copy of the values.
func (t Tensor) Uint8() ([]uint8, error) {
	if err := t.want(U8); err != nil {
		return nil, err
	}
	return bytes.Clone(t.Data), nil
}

// Int16 returns a copy of the values.
func (t Tensor) Int16() ([]int16, error) {
	if err := t.want(I16); err != nil {
		return nil, err
	}
	v := make([]int16, len(t.Data)/2)
	for i := range v {
		v[i] = int16(binary.LittleEndian.Uint16(t.Data[2*i:]))
	}
	return v, nil
}

// Int32 returns a copy of the values.
func (t Tensor) Int32() ([]int32, error) {
	if err := t.want(I32); err != nil {
		return nil, err
	}
	v := make([]int32, len(t.Data)/4)
	for i := range v {
		v[i] = int32(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return v, nil
}

// Float32 returns a copy of the values.
func (t Tensor) Float32() ([]float32, error) {
	if err := t.want(F32); err != nil {
		return nil, err
	}
	v := make([]float32, len(t.Data)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return v, nil
}

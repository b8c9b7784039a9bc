// Package pthtest writes files as torch.save does, for tests. No file of the real one is among them.
package pthtest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"anomnet/core/safetensors"
)

// The opcodes in use (pickletools.py).
const (
	opProto     = 0x80
	opStop      = '.'
	opMark      = '('
	opUnicode   = 'X'
	opInt       = 'J'
	opInt2      = 'M'
	opLong1     = 0x8a
	opTuple     = 't'
	opNone      = 'N'
	opTrue      = 0x88
	opFalse     = 0x89
	opEmptyDict = '}'
	opEmptyList = ']'
	opSetItems  = 'u'
)

// Tensor is a tensor for a test file.
type Tensor struct {
	Shape, Stride []int // Stride nil: row-major
	Offset, N     int   // of the storage; N 0: as many values as the shape
	Kind          string
	Data          []byte
}

// Of gives a tensor of floats or of 64-bit integers.
func Of(t safetensors.Tensor) Tensor {
	kind := map[safetensors.DType]string{safetensors.F32: "FloatStorage", safetensors.I64: "LongStorage"}[t.DType]
	return Tensor{Shape: t.Shape, Kind: kind, Data: t.Data}
}

// Pickler writes pickles as torch.save does, with the same opcodes.
type Pickler struct{ bytes.Buffer }

// Text writes a text.
func (p *Pickler) Text(s string) {
	p.WriteByte(opUnicode)
	binary.Write(p, binary.LittleEndian, uint32(len(s))) //nolint:errcheck // a buffer
	p.WriteString(s)
}

func (p *Pickler) int(v int) {
	p.WriteByte(opInt)
	binary.Write(p, binary.LittleEndian, int32(v)) //nolint:errcheck // a buffer
}

func (p *Pickler) global(module, name string) { fmt.Fprintf(p, "c%s\n%s\n", module, name) }

func (p *Pickler) ints(v []int) {
	p.WriteByte(opMark)
	for _, x := range v {
		p.int(x)
	}
	p.WriteByte(opTuple)
}

func (p *Pickler) orderedDict() {
	p.global("collections", "OrderedDict")
	p.WriteString(")R")
}

func (t Tensor) count() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Tensor writes a tensor whose storage has the given key.
func (p *Pickler) Tensor(key string, t Tensor, legacy bool) {
	p.global("torch._utils", "_rebuild_tensor_v2")
	p.WriteString("((")
	p.Text("storage")
	p.global("torch", t.Kind)
	p.Text(key)
	p.Text("cpu")
	n := t.N
	if n == 0 {
		n = t.count()
	}
	p.int(n)
	if legacy {
		p.WriteByte(opNone)
	}
	p.WriteString("tQ")
	p.int(t.Offset)
	p.ints(t.Shape)
	stride := t.Stride
	if stride == nil {
		stride = make([]int, len(t.Shape))
		for i, s := len(t.Shape)-1, 1; i >= 0; i-- {
			stride[i], s = s, s*t.Shape[i]
		}
	}
	p.ints(stride)
	p.WriteByte(opFalse)
	p.orderedDict()
	p.WriteString("tR")
}

// StateDict writes the pickle of a state dict; the storage of a tensor has its place in sorted order as key.
func StateDict(tensors map[string]Tensor, legacy bool) []byte {
	p := &Pickler{}
	p.Write([]byte{opProto, 2})
	p.orderedDict()
	p.WriteByte(opMark)
	for i, name := range slices.Sorted(maps.Keys(tensors)) {
		p.Text(name)
		p.Tensor(fmt.Sprint(i), tensors[name], legacy)
	}
	p.WriteString("u}")
	p.Text("_metadata")
	p.orderedDict()
	p.WriteString("sb.")
	return p.Bytes()
}

// Archive packs a pickle and storages as PyTorch 1.6 and later do.
func Archive(pickle []byte, tensors map[string]Tensor) ([]byte, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	var fault error
	put := func(name string, data []byte) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: "net/" + name, Method: zip.Store})
		if err == nil {
			_, err = f.Write(data)
		}
		fault = errors.Join(fault, err)
	}
	put("data.pkl", pickle)
	put("byteorder", []byte("little"))
	for i, name := range slices.Sorted(maps.Keys(tensors)) {
		put("data/"+fmt.Sprint(i), tensors[name].Data)
	}
	put("version", []byte("3\n"))
	err := errors.Join(fault, w.Close())
	return buf.Bytes(), err
}

// Legacy packs the same as PyTorch before 1.6 did.
func Legacy(tensors map[string]Tensor) []byte {
	p := &Pickler{}
	p.Write([]byte{opProto, 2, opLong1, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, opStop})
	p.Write([]byte{opProto, 2, opInt2, 0xe9, 0x03, opStop})
	p.Write([]byte{opProto, 2, opEmptyDict, opMark})
	p.Text("little_endian")
	p.Write([]byte{opTrue, opSetItems, opStop})
	p.Write(StateDict(tensors, true))
	p.Write([]byte{opProto, 2, opEmptyList, opMark})
	names := slices.Sorted(maps.Keys(tensors))
	for i := range names {
		p.Text(fmt.Sprint(i))
	}
	p.WriteString("e.")
	for _, name := range names {
		t := tensors[name]
		n := t.N
		if n == 0 {
			n = t.count()
		}
		binary.Write(p, binary.LittleEndian, int64(n)) //nolint:errcheck // a buffer
		p.Write(t.Data)
	}
	return p.Bytes()
}

package pth

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"path"
	"strings"

	"anomnet/core/safetensors"
)

// ErrFormat is wrapped by every error of Decode.
var ErrFormat = errors.New("pth: not a readable state dict")

func errorAt(at int, format string, args ...any) error {
	return fmt.Errorf("%w: at byte %d of the pickle: %s", ErrFormat, at, fmt.Sprintf(format, args...))
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

const (
	legacyMagic    = "1950a86a20f9469cfc6c" // torch/serialization.py, MAGIC_NUMBER
	legacyProtocol = 1001
	maxTensors     = 1 << 16
	maxEntries     = 1 << 16 // of an archive
	// A half is widened to twice its size and a storage may be shared; more than this times the file is an attack.
	maxGrowth = 4
)

// Is reports whether data begins like a file of torch.save.
func Is(data []byte) bool {
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte{opProto, 2, opLong1, 10, 0x6c, 0xfc, 0x9c, 0x46})
}

// Decode reads a state dict: its tensors by name, floats of any width as float32. A dict below the key "state_dict", as in checkpoints, is
// taken instead of the whole; else every value must be a tensor.
func Decode(data []byte) (map[string]safetensors.Tensor, error) {
	m := &machine{storages: map[string]*storage{}, limit: int64(len(data))}
	var top any
	var err error
	if bytes.HasPrefix(data, []byte("PK")) {
		top, err = m.archive(data)
	} else {
		top, err = m.legacy(data)
	}
	if err != nil {
		return nil, err
	}
	d, ok := top.(*dict)
	if !ok {
		return nil, malformed("the file holds no dict")
	}
	for i, k := range d.keys {
		if inner, ok := d.values[i].(*dict); ok && k == "state_dict" {
			d = inner
			break
		}
	}
	return d.tensors(maxGrowth * int64(len(data)))
}

// archive reads a ZIP file: the folder's name is free, the entries in it are data.pkl and data/KEY.
func (m *machine) archive(data []byte) (any, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, malformed("%v", err)
	}
	if len(r.File) > maxEntries {
		return nil, malformed("an archive of %d files", len(r.File))
	}
	entries := map[string]*zip.File{}
	folder := ""
	for _, f := range r.File {
		if entries[f.Name] != nil {
			return nil, malformed("%.80q is there twice", f.Name)
		}
		entries[f.Name] = f
		if path.Base(f.Name) == "data.pkl" {
			folder = strings.TrimSuffix(f.Name, "data.pkl")
		}
	}
	if f := entries[folder+"byteorder"]; f != nil {
		if order, err := stored(f, len(data)); err != nil || string(order) != "little" {
			return nil, malformed("byte order %.10q, want little", order)
		}
	}
	if entries[folder+"data.pkl"] == nil {
		return nil, malformed("an archive without data.pkl")
	}
	if m.data, err = stored(entries[folder+"data.pkl"], len(data)); err != nil {
		return nil, err
	}
	top, err := m.load()
	if err != nil {
		return nil, err
	}
	for key, s := range m.storages {
		f := entries[folder+"data/"+key]
		if f == nil {
			return nil, malformed("the archive lacks storage %.40q", key)
		}
		if f.UncompressedSize64 != uint64(s.n)*uint64(s.size) {
			return nil, malformed("storage %.40q has %d bytes, want %d x %d", key, f.UncompressedSize64, s.n, s.size)
		}
		if s.data, err = stored(f, len(data)); err != nil {
			return nil, err
		}
	}
	return top, nil
}

// stored reads an entry that is not compressed, and checks its sum.
func stored(f *zip.File, limit int) ([]byte, error) {
	if f.Method != zip.Store || f.UncompressedSize64 > uint64(limit) {
		return nil, malformed("%.80q is compressed, or larger than the file", f.Name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, malformed("%.80q: %v", f.Name, err)
	}
	defer r.Close()
	out := make([]byte, f.UncompressedSize64)
	if _, err := io.ReadFull(r, out); err != nil {
		return nil, malformed("%.80q: %v", f.Name, err)
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF { // the end is where the sum is checked
		return nil, malformed("%.80q: %v", f.Name, err)
	}
	return out, nil
}

// legacy reads magic number, protocol, system, object and keys, a pickle each, and then for each key the number of values and the values.
func (m *machine) legacy(data []byte) (any, error) {
	m.data = data
	magic, err := m.load()
	if err != nil {
		return nil, err
	}
	if n, ok := magic.(*big.Int); !ok || n.Text(16) != legacyMagic {
		return nil, malformed("neither an archive nor a file of torch.save")
	}
	protocol, err := m.load()
	if err != nil {
		return nil, err
	}
	if protocol != int64(legacyProtocol) {
		return nil, malformed("another protocol than %d", legacyProtocol)
	}
	system, err := m.load()
	if err != nil {
		return nil, err
	}
	if d, ok := system.(*dict); !ok || d.get("little_endian") != true {
		return nil, malformed("a file of a machine with another byte order")
	}
	top, err := m.load()
	if err != nil {
		return nil, err
	}
	keys, err := m.load()
	if err != nil {
		return nil, err
	}
	l, ok := keys.(*list)
	if !ok {
		return nil, malformed("no list of storages")
	}
	for _, k := range l.items {
		key, _ := k.(string)
		s := m.storages[key]
		if s == nil || s.data != nil {
			return nil, malformed("storage %.40q is not in use, or there twice", key)
		}
		head, err := m.take(8)
		if err != nil {
			return nil, err
		}
		if n := binary.LittleEndian.Uint64(head); n != uint64(s.n) {
			return nil, malformed("storage %.40q has %d values, want %d", key, n, s.n)
		}
		if s.data, err = m.take(int(s.n) * s.size); err != nil {
			return nil, err
		}
	}
	return top, nil
}

func (d *dict) get(key string) any {
	for i, k := range d.keys {
		if k == key {
			return d.values[i]
		}
	}
	return nil
}

// tensors copies the tensors of a dict out of their storages.
func (d *dict) tensors(budget int64) (map[string]safetensors.Tensor, error) {
	if len(d.keys) > maxTensors {
		return nil, malformed("%d tensors", len(d.keys))
	}
	out := map[string]safetensors.Tensor{}
	for i, k := range d.keys {
		name, ok := k.(string)
		t, ok2 := d.values[i].(*tensor)
		if !ok || !ok2 {
			return nil, malformed("entry %d (%T, %T) is no tensor with a name", i, k, d.values[i])
		}
		if _, twice := out[name]; twice {
			return nil, malformed("%.80q is there twice", name)
		}
		v, err := t.values(&budget)
		if err != nil {
			return nil, fmt.Errorf("%.80q: %w", name, err)
		}
		out[name] = v
	}
	return out, nil
}

// dtypes are the types that are passed on as they are; floats become float32.
var dtypes = map[string]safetensors.DType{"int64": safetensors.I64, "int32": safetensors.I32, "int16": safetensors.I16, "int8": safetensors.I8,
	"uint8": safetensors.U8, "bool": safetensors.U8, "float32": safetensors.F32, "float64": safetensors.F32, "float16": safetensors.F32, "bfloat16": safetensors.F32}

// values copies a view in row-major order.
func (t *tensor) values(budget *int64) (safetensors.Tensor, error) {
	out := safetensors.Tensor{DType: dtypes[t.of.name], Shape: make([]int, len(t.shape))}
	n := int64(1)
	for i, d := range t.shape {
		out.Shape[i] = int(d)
		n *= d
	}
	if t.of.data == nil && t.of.n > 0 {
		return out, malformed("the file lacks storage %.40q", t.of.key)
	}
	size := int64(out.DType.Size())
	if *budget -= n * size; *budget < 0 {
		return out, malformed("the tensors are much larger than the file")
	}
	out.Data = make([]byte, 0, n*size)
	index := make([]int64, len(t.shape))
	at := t.offset
	for range n {
		v := t.of.data[at*int64(t.of.size):][:t.of.size]
		if out.DType == safetensors.F32 {
			out.Data = binary.LittleEndian.AppendUint32(out.Data, math.Float32bits(t.of.float(v)))
		} else {
			out.Data = append(out.Data, v...)
		}
		for i := len(index) - 1; i >= 0; i-- { // the next place, the last dimension first
			index[i]++
			if at += t.stride[i]; index[i] < t.shape[i] {
				break
			}
			at -= t.stride[i] * t.shape[i]
			index[i] = 0
		}
	}
	return out, nil
}

// float reads one value.
func (e element) float(v []byte) float32 {
	switch e.name {
	case "float64":
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(v)))
	case "float16":
		return half(binary.LittleEndian.Uint16(v))
	case "bfloat16":
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(v)) << 16)
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(v))
}

// half widens an IEEE 754 binary16.
func half(h uint16) float32 {
	sign, exponent, fraction := float64(1), int(h>>10&31), float64(h&1023)
	if h&0x8000 != 0 {
		sign = -1
	}
	switch {
	case exponent == 31 && fraction != 0:
		return float32(math.NaN())
	case exponent == 31:
		return float32(math.Inf(int(sign)))
	case exponent == 0:
		return float32(sign * math.Ldexp(fraction, -24))
	}
	return float32(sign * math.Ldexp(1+fraction/1024, exponent-15))
}

// Package safetensors reads and writes the safetensors container: eight bytes of little-endian header length, a JSON header, and
// the tensors' bytes (https://github.com/huggingface/safetensors, "Format").
//
// The reader follows the format's audited rules and is stricter where the format is silent: the header has a size limit,
// names may not repeat, offsets ascend without holes or overlap, the data ends where the last tensor ends, and every size is
// checked against dtype and shape with checked multiplication. Bad bytes give an error that names the place, never a panic.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// MaxHeader is the largest header that Decode accepts, in bytes.
const MaxHeader = 8 << 20

// MaxTensors is the most tensors that Decode accepts: a header of MaxHeader bytes could name 150,000.
const MaxTensors = 10_000

// metadataKey is the header entry that is not a tensor.
const metadataKey = "__metadata__"

// ErrFormat is wrapped by every error of Decode.
var ErrFormat = errors.New("safetensors: malformed file")

// DType is an element type.
type DType string

// The element types that this package knows the size of.
const (
	I8  DType = "I8"
	U8  DType = "U8"
	I16 DType = "I16"
	F16 DType = "F16"
	I32 DType = "I32"
	F32 DType = "F32"
	I64 DType = "I64"
	F64 DType = "F64"
)

// Size returns the bytes of one element, or 0 for an unknown type.
func (d DType) Size() int {
	switch d {
	case I8, U8:
		return 1
	case I16, F16:
		return 2
	case I32, F32:
		return 4
	case I64, F64:
		return 8
	}
	return 0
}

// Tensor is one entry: Data is row-major and little-endian.
type Tensor struct {
	DType DType
	Shape []int
	Data  []byte
}

// File is the content of a container.
type File struct {
	Metadata map[string]string
	Tensors  map[string]Tensor
}

type entry struct {
	DType   DType    `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets []uint64 `json:"data_offsets"` // two; encoding/json would drop more from an array, and fill it up with zeros
}

// Encode writes f: tensors in order of their names, the header padded with spaces to a multiple of eight. The same content
// always gives the same bytes.
func Encode(f *File) ([]byte, error) {
	var header, data bytes.Buffer
	header.WriteByte('{')
	if len(f.Metadata) > 0 {
		if err := writeEntry(&header, metadataKey, f.Metadata); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Tensors)) {
		t := f.Tensors[name]
		size, err := byteSize(t.DType, t.Shape)
		if err != nil || size != uint64(len(t.Data)) || name == metadataKey {
			return nil, fmt.Errorf("safetensors: tensor %q: %s %v has %d bytes", name, t.DType, t.Shape, len(t.Data))
		}
		at := uint64(data.Len())
		if err := writeEntry(&header, name, entry{t.DType, t.Shape, []uint64{at, at + size}}); err != nil {
			return nil, err
		}
		data.Write(t.Data)
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(header.Len()))
	return append(append(out, header.Bytes()...), data.Bytes()...), nil
}

func writeEntry(header *bytes.Buffer, key string, value any) error {
	if header.Len() > 1 {
		header.WriteByte(',')
	}
	k, err := json.Marshal(key)
	if err != nil {
		return fmt.Errorf("safetensors: name %q: %w", key, err)
	}
	v, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("safetensors: entry %q: %w", key, err)
	}
	header.Write(k)
	header.WriteByte(':')
	header.Write(v)
	return nil
}

// byteSize multiplies with overflow checks.
func byteSize(d DType, shape []int) (uint64, error) {
	size := uint64(d.Size())
	if size == 0 {
		return 0, fmt.Errorf("dtype %q is not supported", d)
	}
	for _, n := range shape {
		if n < 0 || (n > 0 && size > math.MaxInt64/uint64(n)) {
			return 0, fmt.Errorf("shape %v is out of range", shape)
		}
		size *= uint64(n)
	}
	return size, nil
}

// Decode reads a container. The tensors' Data are slices of data.
func Decode(data []byte) (*File, error) {
	header, body, err := split(data)
	if err != nil {
		return nil, err
	}
	raw, names, err := objectKeys(header)
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrFormat, err)
	}
	if len(names) > MaxTensors {
		return nil, fmt.Errorf("%w: header: %d tensors, the limit is %d", ErrFormat, len(names), MaxTensors)
	}
	f := &File{Tensors: map[string]Tensor{}}
	type span struct {
		name string
		e    entry
	}
	var spans []span
	for _, name := range names {
		if name == metadataKey {
			if f.Metadata, err = decodeMetadata(raw[name]); err != nil {
				return nil, fmt.Errorf("%w: %s: %w", ErrFormat, metadataKey, err)
			}
			continue
		}
		var e entry
		if err := StrictJSON(raw[name], &e); err != nil {
			return nil, fmt.Errorf("%w: tensor %q: %w", ErrFormat, name, err)
		}
		if len(e.Offsets) != 2 {
			return nil, fmt.Errorf("%w: tensor %q: %d offsets, want 2", ErrFormat, name, len(e.Offsets))
		}
		spans = append(spans, span{name, e})
	}
	slices.SortStableFunc(spans, func(a, b span) int { return compare(a.e.Offsets[0], b.e.Offsets[0]) })
	var at uint64
	for _, s := range spans {
		size, err := byteSize(s.e.DType, s.e.Shape)
		if err != nil {
			return nil, fmt.Errorf("%w: tensor %q: %w", ErrFormat, s.name, err)
		}
		begin, end := s.e.Offsets[0], s.e.Offsets[1]
		if begin != at || end < begin || end-begin != size || end > uint64(len(body)) {
			return nil, fmt.Errorf("%w: tensor %q: offsets %d..%d at offset %d, %d bytes of %d", ErrFormat, s.name, begin, end, at, size, len(body))
		}
		f.Tensors[s.name] = Tensor{DType: s.e.DType, Shape: s.e.Shape, Data: body[begin:end:end]}
		at = end
	}
	if at != uint64(len(body)) {
		return nil, fmt.Errorf("%w: tensors end at offset %d, the data at %d", ErrFormat, at, len(body))
	}
	return f, nil
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// split cuts data into header and body.
func split(data []byte) (header, body []byte, err error) {
	if len(data) < 8 {
		return nil, nil, fmt.Errorf("%w: %d bytes, the header length needs 8: %w", ErrFormat, len(data), io.ErrUnexpectedEOF)
	}
	n := binary.LittleEndian.Uint64(data)
	if n > MaxHeader {
		return nil, nil, fmt.Errorf("%w: header length %d at offset 0 is over %d", ErrFormat, n, MaxHeader)
	}
	if n > uint64(len(data)-8) {
		return nil, nil, fmt.Errorf("%w: header of %d bytes in a file of %d: %w", ErrFormat, n, len(data), io.ErrUnexpectedEOF)
	}
	return data[8 : 8+n], data[8+n:], nil
}

func decodeMetadata(raw json.RawMessage) (map[string]string, error) {
	values, names, err := objectKeys(raw)
	if err != nil {
		return nil, err
	}
	m := make(map[string]string, len(names))
	for _, n := range names {
		var s string
		if err := json.Unmarshal(values[n], &s); err != nil || !strings.HasPrefix(strings.TrimSpace(string(values[n])), `"`) {
			return nil, fmt.Errorf("key %q is not a string", n)
		}
		m[n] = s
	}
	return m, nil
}

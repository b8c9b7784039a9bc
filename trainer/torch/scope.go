//go:build torch

package torch

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

// libtorch's numbers for the element types.
const (
	kindUint8    = 0
	kindInt64    = 4
	kindFloat16  = 5
	kindFloat32  = 6
	kindBFloat16 = 15
)

var errFreed = errors.New("a tensor that is freed or was never made")

// Tensor is one libtorch tensor. It lives until its scope ends or Free is called.
type Tensor struct {
	c lib.Ctensor
}

// Free releases the tensor before its scope ends. Freeing twice does nothing.
func (t *Tensor) Free() {
	if t.c != nil {
		lib.AtFree(t.c)
		t.c = nil
	}
}

// Scope owns the tensors made through it and keeps the first error. Its methods give an empty tensor after an error, so a
// formula is written down first and [Scope.Err] is asked once.
//
//	s := torch.NewScope(torch.CPU)
//	defer s.Free()
//	d := s.Sqrt(s.SumDim(s.Square(s.Sub(e, c)), 1, false))
//	values := s.Float32(d)
//	if err := s.Err(); err != nil { ... }
type Scope struct {
	device Device
	owned  []*Tensor
	pins   runtime.Pinner
	copies *Copies
	err    error
}

// Copies counts what crosses between Go's memory and a device. On a GPU every Down waits for all work that was queued before it.
type Copies struct {
	Up, Down int
}

// NewScope makes a scope whose new tensors lie on device d.
func NewScope(d Device) *Scope {
	return &Scope{device: d, copies: &Copies{}}
}

// Count lets the scope add its copies to c, which several scopes may share, and gives the scope.
func (s *Scope) Count(c *Copies) *Scope {
	s.copies = c
	return s
}

// Free releases every tensor of the scope. The scope can be used again; its error stays.
func (s *Scope) Free() {
	for _, t := range s.owned {
		t.Free()
	}
	s.owned = s.owned[:0]
	s.pins.Unpin()
}

// Err gives the first error of the scope.
func (s *Scope) Err() error {
	return s.err
}

// Device says where the scope's new tensors lie.
func (s *Scope) Device() Device {
	return s.device
}

// Len gives the number of tensors that the scope holds and that are not freed.
func (s *Scope) Len() int {
	n := 0
	for _, t := range s.owned {
		if t.c != nil {
			n++
		}
	}
	return n
}

func (s *Scope) fail(what string, err error) {
	if s.err == nil && err != nil {
		s.err = fmt.Errorf("torch: %s: %w", what, err)
	}
}

// ready says whether an operation may run: no error so far, and every argument alive.
func (s *Scope) ready(what string, args []*Tensor) bool {
	if s.err != nil {
		return false
	}
	for _, t := range args {
		if t == nil || t.c == nil {
			s.fail(what, errFreed)
			return false
		}
	}
	return true
}

// pair runs one libtch call that writes up to two tensors.
func (s *Scope) pair(what string, f func(out *lib.Ctensor), args ...*Tensor) (*Tensor, *Tensor) {
	a, b := &Tensor{}, &Tensor{}
	if !s.ready(what, args) {
		return a, b
	}
	var out [4]lib.Ctensor
	f(&out[0])
	if err := lastError(what); err != nil && s.err == nil {
		s.err = err
	}
	a.c, b.c = out[0], out[1]
	for _, t := range []*Tensor{a, b} {
		if t.c != nil {
			s.owned = append(s.owned, t)
		}
	}
	if s.err != nil {
		a.Free()
		b.Free()
	}
	return a, b
}

func (s *Scope) one(what string, f func(out *lib.Ctensor), args ...*Tensor) *Tensor {
	t, _ := s.pair(what, f, args...)
	return t
}

// scalar runs a libtch call that needs a scalar, and frees the scalar.
func (s *Scope) scalar(what string, v float64, f func(out *lib.Ctensor, v lib.Cscalar), args ...*Tensor) *Tensor {
	return s.one(what, func(out *lib.Ctensor) {
		c := lib.AtsFloat(v)
		defer lib.AtsFree(c)
		f(out, c)
	}, args...)
}

// FromFloat32 copies data, of shape dims in row order, into a tensor on the scope's device.
func (s *Scope) FromFloat32(data []float32, dims ...int) *Tensor {
	return fromSlice(s, "from float32", data, kindFloat32, dims)
}

// FromUint8 copies data into a tensor of bytes on the scope's device.
func (s *Scope) FromUint8(data []uint8, dims ...int) *Tensor {
	return fromSlice(s, "from uint8", data, kindUint8, dims)
}

// FromInt64 copies data into a tensor of indices on the scope's device.
func (s *Scope) FromInt64(data []int64, dims ...int) *Tensor {
	return fromSlice(s, "from int64", data, kindInt64, dims)
}

func fromSlice[T float32 | uint8 | uint16 | int64](s *Scope, what string, data []T, kind int, dims []int) *Tensor {
	n := 1
	for _, d := range dims {
		n *= d
	}
	if len(dims) == 0 || n != len(data) || n == 0 {
		s.fail(what, fmt.Errorf("%d values for the shape %v", len(data), dims))
		return &Tensor{}
	}
	s.copies.Up++
	t := s.one(what, func(out *lib.Ctensor) {
		*out = lib.AtTensorOfData(unsafe.Pointer(&data[0]), int64s(dims), uint(len(dims)), uint(unsafe.Sizeof(data[0])), kind)
	})
	if s.device < 0 {
		return t
	}
	on := s.one(what, func(out *lib.Ctensor) { *out, s.err = upload(t.c, s.device, 0, pinned) }, t)
	t.Free()
	return on
}

// pinned is how many values are uploaded from page-locked memory at a time.
const pinned = 32 << 20

// Matrix gives bytes [rows][columns] on the scope's device for reading. On the CPU it is data itself, not to be changed until the scope ends. On
// a GPU it is a copy, made only where spare more bytes would fit; ok is false, without an error, where they do not.
func (s *Scope) Matrix(data []uint8, columns int, spare int64) (t *Tensor, ok bool) {
	if columns < 1 || len(data) == 0 || len(data)%columns != 0 {
		s.fail("matrix", fmt.Errorf("%d bytes in rows of %d", len(data), columns))
		return &Tensor{}, false
	}
	if s.err == nil {
		s.pins.Pin(&data[0])
	}
	host := s.one("matrix", func(out *lib.Ctensor) { *out, s.err = bytesAt(unsafe.Pointer(&data[0]), len(data)/columns, columns) })
	if s.device < 0 || s.err != nil {
		return host, s.err == nil
	}
	defer host.Free()
	s.copies.Up++
	on, err := upload(host.c, s.device, spare, pinned)
	if err != nil {
		if !strings.Contains(err.Error(), "out of memory") {
			s.err = err
		}
		return &Tensor{}, false
	}
	t = &Tensor{on}
	s.owned = append(s.owned, t)
	return t, true
}

// Float32 copies a float32 tensor back, in row order; nil after an error.
func (s *Scope) Float32(t *Tensor) []float32 {
	return toSlice[float32](s, "to float32", t, kindFloat32)
}

// Int64 copies a tensor of indices back.
func (s *Scope) Int64(t *Tensor) []int64 {
	return toSlice[int64](s, "to int64", t, kindInt64)
}

func toSlice[T float32 | uint16 | int64](s *Scope, what string, t *Tensor, kind int32) []T {
	if !s.ready(what, []*Tensor{t}) {
		return nil
	}
	if k := lib.AtScalarType(t.c); k != kind {
		s.fail(what, fmt.Errorf("the tensor's element type is %d, want %d", k, kind))
		return nil
	}
	n := 1
	for _, d := range s.Shape(t) {
		n *= d
	}
	data := make([]T, n)
	s.copies.Down++
	if n > 0 {
		lib.AtCopyData(t.c, unsafe.Pointer(&data[0]), uint(n), uint(unsafe.Sizeof(data[0])))
	}
	if err := lastError(what); err != nil {
		s.err = err
		return nil
	}
	return data
}

// Item gives the value of a tensor of one float32, 0 after an error.
func (s *Scope) Item(t *Tensor) float64 {
	v := s.Float32(t)
	if len(v) != 1 {
		if s.err == nil {
			s.fail("item", fmt.Errorf("the tensor has %d values, want 1", len(v)))
		}
		return 0
	}
	return float64(v[0])
}

// Shape gives the lengths of the tensor's dimensions; empty for a single value.
func (s *Scope) Shape(t *Tensor) []int {
	if !s.ready("shape", []*Tensor{t}) {
		return nil
	}
	dims := make([]int64, lib.AtDim(t.c))
	if len(dims) > 0 {
		lib.AtShape(t.c, unsafe.Pointer(&dims[0]))
	}
	if err := lastError("shape"); err != nil {
		s.err = err
		return nil
	}
	out := make([]int, len(dims))
	for i, d := range dims {
		out[i] = int(d)
	}
	return out
}

func int64s(v []int) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(x)
	}
	return out
}

package pth

import (
	"bytes"
	"fmt"
)

// global is a name of Python's that a pickle may mention.
type global string

// The globals of state dicts. Nothing else can be named, and naming one runs no code.
const (
	orderedDict      global = "collections OrderedDict"
	rebuildTensor    global = "torch._utils _rebuild_tensor"    // before PyTorch 0.4
	rebuildTensorV2  global = "torch._utils _rebuild_tensor_v2" // since
	rebuildParameter global = "torch._utils _rebuild_parameter"
)

// element is the type of a storage's values.
type element struct {
	name string
	size int
}

var storageTypes = map[global]element{
	"torch FloatStorage":    {"float32", 4},
	"torch DoubleStorage":   {"float64", 8},
	"torch HalfStorage":     {"float16", 2},
	"torch BFloat16Storage": {"bfloat16", 2},
	"torch LongStorage":     {"int64", 8},
	"torch IntStorage":      {"int32", 4},
	"torch ShortStorage":    {"int16", 2},
	"torch CharStorage":     {"int8", 1},
	"torch ByteStorage":     {"uint8", 1},
	"torch BoolStorage":     {"bool", 1},
}

// storage is a run of values in the file.
type storage struct {
	element
	key  string
	n    int64
	data []byte // once the file's place of it is known
}

// tensor is a view of a storage.
type tensor struct {
	of     *storage
	offset int64
	shape  []int64
	stride []int64
}

// object handles globals and what is made with them.
func (m *machine) object(op byte) error {
	switch op {
	case opGlobal:
		return m.global()
	case opPersID:
		return m.persistent()
	}
	args, err := m.pop()
	if err != nil {
		return err
	}
	callee, err := m.pop()
	if err != nil {
		return err
	}
	name, ok := callee.(global)
	a, ok2 := args.(tuple)
	if !ok || !ok2 {
		return m.errorf("a call of something that is no known name")
	}
	switch name {
	case orderedDict:
		if len(a) == 0 || emptyList(a[0]) {
			return m.push(&dict{})
		}
	case rebuildParameter: // data, requires_grad, backward_hooks
		if len(a) == 3 {
			if t, ok := a[0].(*tensor); ok {
				return m.push(t)
			}
		}
	case rebuildTensor, rebuildTensorV2:
		return m.rebuild(a)
	}
	return m.errorf("a call of %s with %d arguments that do not fit", name, len(a))
}

func emptyList(v any) bool {
	l, ok := v.(*list)
	return ok && len(l.items) == 0
}

// global reads a module and a name, a line each.
func (m *machine) global() error {
	var part [2]string
	for i := range part {
		end := bytes.IndexByte(m.data[m.at:min(len(m.data), m.at+maxText)], '\n')
		if end < 0 {
			return m.errorf("a name without an end")
		}
		part[i] = string(m.data[m.at : m.at+end])
		m.at += end + 1
	}
	g := global(part[0] + " " + part[1])
	if _, ok := storageTypes[g]; !ok && g != orderedDict && g != rebuildTensor && g != rebuildTensorV2 && g != rebuildParameter {
		return m.errorf("%.80q is not part of a state dict of weights", part[0]+"."+part[1])
	}
	return m.push(g)
}

// persistent makes a storage of ("storage", type, key, location, number of values[, view]).
func (m *machine) persistent() error {
	id, err := m.pop()
	if err != nil {
		return err
	}
	t, ok := id.(tuple)
	if !ok || len(t) < 5 || len(t) > 6 || t[0] != "storage" {
		return m.errorf("a reference that is no storage")
	}
	kind, ok := t[1].(global)
	el, known := storageTypes[kind]
	key, ok2 := t[2].(string)
	n, ok3 := t[4].(int64)
	if !ok || !known || !ok2 || !ok3 || n < 0 || n > m.limit || len(t) == 6 && t[5] != nil {
		return m.errorf("a storage that is not understood")
	}
	s := m.storages[key]
	if s == nil {
		s = &storage{element: el, key: key, n: n}
		m.storages[key] = s
	}
	if s.element != el || s.n != n {
		return m.errorf("storage %.40q is described in two ways", key)
	}
	return m.push(s)
}

// rebuild makes a tensor of storage, offset, shape and stride; what follows them (requires_grad, hooks, metadata) does not matter.
func (m *machine) rebuild(a tuple) error {
	if len(a) < 4 || len(a) > 7 {
		return m.errorf("a tensor with %d arguments", len(a))
	}
	s, ok := a[0].(*storage)
	offset, ok2 := a[1].(int64)
	shape, ok3 := integers(a[2])
	stride, ok4 := integers(a[3])
	if !ok || !ok2 || !ok3 || !ok4 {
		return m.errorf("a tensor whose storage, offset, shape or stride is not understood")
	}
	t := &tensor{s, offset, shape, stride}
	if err := t.check(); err != nil {
		return m.errorf("%v", err)
	}
	return m.push(t)
}

func integers(v any) ([]int64, bool) {
	t, ok := v.(tuple)
	if !ok || len(t) > 8 {
		return nil, false
	}
	out := make([]int64, len(t))
	for i, x := range t {
		if out[i], ok = x.(int64); !ok {
			return nil, false
		}
	}
	return out, true
}

// check holds the view against its storage: all of it lies inside, and it is no larger, so that a stride of 0 cannot blow it up.
func (t *tensor) check() error {
	n, last := int64(1), t.offset
	if t.offset < 0 || len(t.shape) != len(t.stride) {
		return fmt.Errorf("a tensor with offset %d, shape %v and stride %v", t.offset, t.shape, t.stride)
	}
	for i, d := range t.shape {
		st := t.stride[i]
		if d < 0 || st < 0 || d > t.of.n || d > 1 && st > t.of.n { // n is the file's, so no product below overflows
			return fmt.Errorf("a tensor of shape %v and stride %v in a storage of %d values", t.shape, t.stride, t.of.n)
		}
		if n *= d; d > 1 {
			last += (d - 1) * st
		}
		if n > t.of.n || last > t.of.n {
			return fmt.Errorf("a tensor of shape %v and stride %v in a storage of %d values", t.shape, t.stride, t.of.n)
		}
	}
	if n > 0 && last >= t.of.n {
		return fmt.Errorf("a tensor of shape %v at %d in a storage of %d values", t.shape, t.offset, t.of.n)
	}
	return nil
}

package pth

import (
	"bytes"
	"encoding/binary"
	"math/big"
)

// The opcodes of protocol 2 that torch.save uses for state dicts (pickletools.py).
const (
	opMark       = '('
	opStop       = '.'
	opEmptyDict  = '}'
	opEmptyList  = ']'
	opEmptyTuple = ')'
	opAppend     = 'a'
	opAppends    = 'e'
	opBuild      = 'b'
	opGlobal     = 'c'
	opBinGet     = 'h'
	opLongBinGet = 'j'
	opBinPut     = 'q'
	opLongBinPut = 'r'
	opSetItem    = 's'
	opSetItems   = 'u'
	opTuple      = 't'
	opReduce     = 'R'
	opNone       = 'N'
	opInt        = 'J'
	opInt1       = 'K'
	opInt2       = 'M'
	opFloat      = 'G'
	opUnicode    = 'X'
	opPersID     = 'Q'
	opProto      = 0x80
	opTuple1     = 0x85
	opTuple2     = 0x86
	opTuple3     = 0x87
	opTrue       = 0x88
	opFalse      = 0x89
	opLong1      = 0x8a
)

const (
	maxSteps = 1 << 22 // opcodes; wide_resnet50_2 has about 20,000
	maxStack = 1 << 16
	maxMemo  = 1 << 20
	maxText  = 1 << 12
)

// The values of a pickle. Others are nil, bool, int64, float64, string, *big.Int (only magic numbers), global, *storage and *tensor.
type (
	dict  struct{ keys, values []any }
	list  struct{ items []any }
	tuple []any
	mark  struct{}
)

// machine runs one pickle after the other; the memo is each pickle's own.
type machine struct {
	data  []byte
	at    int
	stack []any
	memo  map[uint32]any
	steps int

	storages map[string]*storage // by key, shared by the pickles of a file
	limit    int64               // bytes of the file, so no storage has more values
}

// load runs the next pickle and gives its value.
func (m *machine) load() (any, error) {
	m.stack, m.memo = m.stack[:0], map[uint32]any{}
	for {
		if m.steps++; m.steps > maxSteps {
			return nil, m.errorf("more than %d instructions", maxSteps)
		}
		op, err := m.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == opStop {
			return m.pop()
		}
		if err := m.step(op[0]); err != nil {
			return nil, err
		}
		if len(m.stack) > maxStack || len(m.memo) > maxMemo {
			return nil, m.errorf("%d values on the stack and %d kept", len(m.stack), len(m.memo))
		}
	}
}

// step carries out one instruction.
func (m *machine) step(op byte) error {
	switch op {
	case opProto:
		v, err := m.take(1)
		if err == nil && v[0] != 2 {
			err = m.errorf("protocol %d, want 2", v[0])
		}
		return err
	case opMark:
		return m.push(mark{})
	case opEmptyDict:
		return m.push(&dict{})
	case opEmptyList:
		return m.push(&list{})
	case opEmptyTuple:
		return m.push(tuple{})
	case opNone:
		return m.push(nil)
	case opTrue, opFalse:
		return m.push(op == opTrue)
	case opTuple, opTuple1, opTuple2, opTuple3:
		return m.tuple(op)
	case opAppend, opAppends, opSetItem, opSetItems, opBuild:
		return m.fill(op)
	case opBinPut, opLongBinPut, opBinGet, opLongBinGet:
		return m.remember(op)
	case opGlobal, opReduce, opPersID:
		return m.object(op)
	}
	return m.literal(op)
}

// literal pushes a number or a text that stands in the pickle.
func (m *machine) literal(op byte) error {
	width := map[byte]int{opInt: 4, opInt1: 1, opInt2: 2, opFloat: 8, opUnicode: 4, opLong1: 1}[op]
	if width == 0 {
		return m.errorf("instruction 0x%02x is not part of a state dict", op)
	}
	v, err := m.take(width)
	if err != nil {
		return err
	}
	switch op {
	case opInt:
		return m.push(int64(int32(binary.LittleEndian.Uint32(v))))
	case opInt1:
		return m.push(int64(v[0]))
	case opInt2:
		return m.push(int64(binary.LittleEndian.Uint16(v)))
	case opFloat:
		return m.push(nil) // no float has a meaning in a state dict; what it counts for is an error where it is used
	case opLong1:
		return m.long(int(v[0]))
	}
	n := binary.LittleEndian.Uint32(v)
	if n > maxText {
		return m.errorf("a text of %d bytes", n)
	}
	text, err := m.take(int(n))
	if err != nil {
		return err
	}
	return m.push(string(text))
}

// long pushes an integer of n bytes, little-endian, two's complement: an int64 where it fits.
func (m *machine) long(n int) error {
	v, err := m.take(n)
	if err != nil {
		return err
	}
	big1 := bytes.Clone(v)
	for i, j := 0, len(big1)-1; i < j; i, j = i+1, j-1 {
		big1[i], big1[j] = big1[j], big1[i]
	}
	x := new(big.Int).SetBytes(big1)
	if n > 0 && big1[0] >= 0x80 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	if x.IsInt64() {
		return m.push(x.Int64())
	}
	return m.push(x)
}

// tuple takes its items from the stack.
func (m *machine) tuple(op byte) error {
	if op == opTuple {
		items, err := m.popMark()
		if err != nil {
			return err
		}
		return m.push(tuple(items))
	}
	n := int(op-opTuple1) + 1
	if len(m.stack) < n {
		return m.errorf("a tuple of %d with %d values on the stack", n, len(m.stack))
	}
	items := append(tuple{}, m.stack[len(m.stack)-n:]...)
	m.stack = m.stack[:len(m.stack)-n]
	return m.push(items)
}

// fill puts items from the stack into the list or dict below them.
func (m *machine) fill(op byte) error {
	var items []any
	var err error
	switch op {
	case opAppends, opSetItems:
		items, err = m.popMark()
	default:
		n := 1
		if op == opSetItem {
			n = 2
		}
		if len(m.stack) < n {
			return m.errorf("no values for instruction %q", op)
		}
		items = append(items, m.stack[len(m.stack)-n:]...)
		m.stack = m.stack[:len(m.stack)-n]
	}
	if err != nil {
		return err
	}
	if len(m.stack) == 0 {
		return m.errorf("nothing to fill")
	}
	switch target := m.stack[len(m.stack)-1].(type) {
	case *list:
		if op == opAppend || op == opAppends {
			target.items = append(target.items, items...)
			return nil
		}
	case *dict:
		if op == opBuild {
			return nil // attributes of an OrderedDict: _metadata with versions of modules, which change no weight
		}
		if (op == opSetItem || op == opSetItems) && len(items)%2 == 0 {
			for i := 0; i < len(items); i += 2 {
				target.keys, target.values = append(target.keys, items[i]), append(target.values, items[i+1])
			}
			return nil
		}
	}
	return m.errorf("instruction %q does not fit what it is to fill", op)
}

// remember puts the value on top into the memo, or one of the memo on top.
func (m *machine) remember(op byte) error {
	width := 1
	if op == opLongBinPut || op == opLongBinGet {
		width = 4
	}
	v, err := m.take(width)
	if err != nil {
		return err
	}
	key := uint32(v[0])
	if width == 4 {
		key = binary.LittleEndian.Uint32(v)
	}
	if op == opBinGet || op == opLongBinGet {
		value, ok := m.memo[key]
		if !ok {
			return m.errorf("nothing was kept as %d", key)
		}
		return m.push(value)
	}
	if len(m.stack) == 0 {
		return m.errorf("nothing to keep")
	}
	m.memo[key] = m.stack[len(m.stack)-1]
	return nil
}

func (m *machine) take(n int) ([]byte, error) {
	if n > len(m.data)-m.at {
		return nil, m.errorf("the file ends too early")
	}
	v := m.data[m.at : m.at+n]
	m.at += n
	return v, nil
}

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

func (m *machine) pop() (any, error) {
	if len(m.stack) == 0 {
		return nil, m.errorf("the stack is empty")
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	if _, ok := v.(mark); ok {
		return nil, m.errorf("a mark where a value should be")
	}
	return v, nil
}

// popMark takes what lies above the last mark.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			items := append([]any(nil), m.stack[i+1:]...)
			m.stack = m.stack[:i]
			return items, nil
		}
	}
	return nil, m.errorf("no mark on the stack")
}

func (m *machine) errorf(format string, args ...any) error { return errorAt(m.at, format, args...) }

// Package asm writes WebAssembly modules from Go: typed expressions, locals by handle, structured control.
//
//	m := asm.NewModule()
//	m.ImportMemory("go", "mem")
//	f := m.Func("sum", 2) // export sum, two i32 parameters
//	at, n, sum := f.Param(0), f.Param(1), f.I32()
//	f.Loop(func(again asm.Label) {
//		sum.Set(sum.Add(at.Load(0)))
//		at.Set(at.Add(asm.Const(4)))
//		n.Set(n.Sub(asm.Const(1)))
//		f.BranchIf(again, n.NonZero())
//	})
//	f.StoreI32(at, 0, sum.I32)
//	wasm := m.Bytes()
//
// An expression (I32, F32, V128) is a value that Go's compiler checks: vectors cannot be added to addresses. Methods are named after the
// instruction they emit and evaluate their receiver first. Only what kernels need exists: functions take i32 and return nothing, memory is
// imported, there are no tables and no globals. Encodings are those of the WebAssembly core specification 3.0, section 5.
package asm

// Type is a value type.
type Type byte

// Value types.
const (
	typeI32  Type = 0x7f
	typeF32  Type = 0x7d
	typeV128 Type = 0x7b
)

// Module is a module that grows.
type Module struct {
	funcs    []*Func
	mem      memory
	imported bool
	exported string
}

type memory struct {
	module, name string
	pages        uint32
}

// NewModule returns an empty module.
func NewModule() *Module { return &Module{} }

// ImportMemory makes the module use the memory of another.
func (m *Module) ImportMemory(module, name string) {
	m.mem, m.imported = memory{module: module, name: name}, true
}

// OwnMemory gives the module a memory of its own and exports it.
func (m *Module) OwnMemory(name string, pages uint32) {
	m.mem, m.exported = memory{pages: pages}, name
}

// Func adds a function with n i32 parameters. It is exported when it has a name.
func (m *Module) Func(name string, n int) *Func {
	f := &Func{name: name, params: n, index: uint32(len(m.funcs))}
	for range n {
		f.locals = append(f.locals, typeI32)
	}
	m.funcs = append(m.funcs, f)
	return f
}

// Section identifiers.
const (
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionMemory   = 5
	sectionExport   = 7
	sectionCode     = 10
)

// Kinds of imports and exports.
const (
	kindFunc   = 0
	kindMemory = 2
)

const (
	funcType     = 0x60
	noMaximum    = 0
	instructions = "\x00asm\x01\x00\x00\x00"
)

// Bytes returns the module in the binary format.
func (m *Module) Bytes() []byte {
	out := []byte(instructions)
	out = section(out, sectionType, m.types())
	if m.imported {
		b := appendName(appendName([]byte{1}, m.mem.module), m.mem.name)
		out = section(out, sectionImport, append(b, kindMemory, noMaximum, 0))
	}
	out = section(out, sectionFunction, m.signatures())
	if !m.imported && m.exported != "" {
		out = section(out, sectionMemory, appendUint([]byte{1, noMaximum}, m.mem.pages))
	}
	out = section(out, sectionExport, m.exports())
	return section(out, sectionCode, m.code())
}

// types lists a signature for every number of parameters in use.
func (m *Module) types() []byte {
	n := m.maxParams()
	b := appendUint(nil, uint32(n+1))
	for i := range n + 1 {
		b = appendUint(append(b, funcType), uint32(i))
		for range i {
			b = append(b, byte(typeI32))
		}
		b = append(b, 0) // results
	}
	return b
}

func (m *Module) maxParams() int {
	n := 0
	for _, f := range m.funcs {
		n = max(n, f.params)
	}
	return n
}

func (m *Module) signatures() []byte {
	b := appendUint(nil, uint32(len(m.funcs)))
	for _, f := range m.funcs {
		b = appendUint(b, uint32(f.params)) // type i has i parameters
	}
	return b
}

func (m *Module) exports() []byte {
	var list []byte
	count := uint32(0)
	if m.exported != "" {
		list, count = append(appendName(list, m.exported), kindMemory, 0), count+1
	}
	for _, f := range m.funcs {
		if f.name != "" {
			list, count = appendUint(append(appendName(list, f.name), kindFunc), f.index), count+1
		}
	}
	return append(appendUint(nil, count), list...)
}

func (m *Module) code() []byte {
	b := appendUint(nil, uint32(len(m.funcs)))
	for _, f := range m.funcs {
		body := f.bytes()
		b = append(appendUint(b, uint32(len(body))), body...)
	}
	return b
}

func section(out []byte, id byte, content []byte) []byte {
	return append(appendUint(append(out, id), uint32(len(content))), content...)
}

func appendName(b []byte, s string) []byte { return append(appendUint(b, uint32(len(s))), s...) }

// appendUint appends v as unsigned LEB128.
func appendUint(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// appendInt appends v as signed LEB128.
func appendInt(b []byte, v int32) []byte {
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if (v == 0 && low&0x40 == 0) || (v == -1 && low&0x40 != 0) {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

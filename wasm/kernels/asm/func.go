package asm

// Func is a function that grows: each method appends to its body.
type Func struct {
	name   string
	params int
	index  uint32
	locals []Type // parameters first
	body   []byte
	depth  int // of structured control around the next instruction
}

// Local variables. Each is also the expression that reads it.
type (
	// LocalI32 is an i32 variable.
	LocalI32 struct {
		I32
		variable
	}
	// LocalV128 is a v128 variable.
	LocalV128 struct {
		V128
		variable
	}
)

type variable struct {
	f     *Func
	index uint32
}

func (v variable) set(code []byte) {
	v.f.emit(code, appendUint([]byte{opLocalSet}, v.index))
}

// Set emits an assignment.
func (l LocalI32) Set(e I32) { l.set(e.code) }

// Increase emits l += n.
func (l LocalI32) Increase(n int32) { l.Set(l.Add(Const(n))) }

// Set emits an assignment.
func (l LocalV128) Set(e V128) { l.set(e.code) }

// Param returns parameter i.
func (f *Func) Param(i int) LocalI32 { return f.local32(uint32(i)) }

// I32 declares a variable, which starts as 0.
func (f *Func) I32() LocalI32 { return f.local32(f.declare(typeI32)) }

// V128 declares a variable, which starts as 0.
func (f *Func) V128() LocalV128 {
	i := f.declare(typeV128)
	return LocalV128{V128{get(i)}, variable{f, i}}
}

// Let declares a variable and assigns e to it.
func (f *Func) Let(e I32) LocalI32 {
	l := f.I32()
	l.Set(e)
	return l
}

// LetV128 declares a variable and assigns e to it.
func (f *Func) LetV128(e V128) LocalV128 {
	l := f.V128()
	l.Set(e)
	return l
}

func (f *Func) local32(i uint32) LocalI32 { return LocalI32{I32{get(i)}, variable{f, i}} }

func (f *Func) declare(t Type) uint32 {
	f.locals = append(f.locals, t)
	return uint32(len(f.locals) - 1)
}

func get(i uint32) []byte { return appendUint([]byte{opLocalGet}, i) }

// Opcodes of control and variables.
const (
	opBlock    = 0x02
	opLoop     = 0x03
	opIf       = 0x04
	opElse     = 0x05
	opEnd      = 0x0b
	opBr       = 0x0c
	opBrIf     = 0x0d
	opCall     = 0x10
	opLocalGet = 0x20
	opLocalSet = 0x21
	noResult   = 0x40
)

// Label is a place to branch to: the end of a Block or the start of a Loop.
type Label struct{ depth int }

// Block emits body; a branch to its label leaves it.
func (f *Func) Block(body func(leave Label)) { f.nest(opBlock, body) }

// Loop emits body; a branch to its label starts it again, otherwise it runs once.
func (f *Func) Loop(body func(again Label)) { f.nest(opLoop, body) }

// If emits body, which runs when cond is not 0.
func (f *Func) If(cond I32, body func()) {
	f.emit(cond.code)
	f.nest(opIf, func(Label) { body() })
}

// IfElse emits two bodies, of which one runs.
func (f *Func) IfElse(cond I32, then, otherwise func()) {
	f.emit(cond.code)
	f.nest(opIf, func(Label) {
		then()
		f.emit([]byte{opElse})
		otherwise()
	})
}

// Branch emits a jump to a label around the current place.
func (f *Func) Branch(l Label) { f.emit(appendUint([]byte{opBr}, f.distance(l))) }

// BranchIf emits a jump that is taken when cond is not 0.
func (f *Func) BranchIf(l Label, cond I32) {
	f.emit(cond.code, appendUint([]byte{opBrIf}, f.distance(l)))
}

func (f *Func) distance(l Label) uint32 { return uint32(f.depth - l.depth) }

func (f *Func) nest(op byte, body func(Label)) {
	f.emit([]byte{op, noResult})
	f.depth++
	body(Label{f.depth})
	f.depth--
	f.emit([]byte{opEnd})
}

// Call emits a call.
func (f *Func) Call(callee *Func, args ...I32) {
	if len(args) != callee.params {
		panic("asm: wrong number of arguments")
	}
	for _, a := range args {
		f.emit(a.code)
	}
	f.emit(appendUint([]byte{opCall}, callee.index))
}

func (f *Func) emit(parts ...[]byte) {
	for _, p := range parts {
		f.body = append(f.body, p...)
	}
}

// bytes returns locals and body: runs of equal types are declared together.
func (f *Func) bytes() []byte {
	var runs []byte
	count := uint32(0)
	own := f.locals[f.params:]
	for i := 0; i < len(own); {
		n := i
		for n < len(own) && own[n] == own[i] {
			n++
		}
		runs = append(appendUint(runs, uint32(n-i)), byte(own[i]))
		count, i = count+1, n
	}
	b := append(appendUint(nil, count), runs...)
	return append(append(b, f.body...), opEnd)
}

package site

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
)

// Two things make a program of Go larger than it needs to be as it travels.
//
// The linker writes into it which source file and line each instruction came from, and where the arguments of each function are. Only stack traces
// read that, and it is a sixteenth of what travels. drop writes zeros over it, by which the runtime means "not known": traces then have the
// names of functions that were not inlined, and "?:0". Of names outside of this program's module it leaves the package, and every name is there once. What
// the runtime needs (sizes of frames, maps of pointers) stays as it is.
//
// And it cuts the memory that the program starts with into 100,000 pieces, to save a few zeros between each two; joined compresses better
// and starts faster.

// The places of the tables (runtime.pcHeader) and of what belongs to a function (runtime._func), in bytes, for programs whose pointers have 8.
const (
	pcMagic        = 0xfffffff1 // of Go 1.20 and later
	headerBytes    = 72
	funcBytes      = 44
	funcName       = 4
	funcPCSP       = 16
	funcPCFile     = 20
	funcNPCData    = 28
	funcCUOffset   = 32
	funcID         = 40
	funcNFuncData  = 43
	functabEntry   = 8
	sectionData    = 11
	maxTables      = 16 // of one function
	maxFuncs       = 1 << 20
	maxInlined     = 1 << 16 // into one function
	maxMemoryBytes = 1 << 28
	gapBytes       = 64 // zeros that are worth a segment of their own
)

// The places of what drop reads of runtime.moduledata, in words, and of an inlined call (runtime.inlinedCall), in bytes.
const (
	moduleTables = 10
	moduleRodata = 39
	moduleGofunc = 40
	moduleEnd    = 41
	inlineBytes  = 16
	inlineName   = 4
	inlineLine   = 12
)

// What only traces read, and preemption by signals, which wasm does not have; see internal/abi/symtab.go of Go.
const (
	pcdataUnsafePoint   = 0
	pcdataInlined       = 2
	pcdataArgLiveIndex  = 3
	funcdataInlined     = 3
	funcdataArgInfo     = 5
	funcdataArgLiveInfo = 6
	idWrapper           = 23
)

var errNoTable = errors.New("no table of functions that this program knows")

// segment is a piece of a program's memory as it starts.
type segment struct {
	at   int // address
	data []byte
}

// startMemory is a program's memory as it starts. Reading beyond it gives zeros and is remembered.
type startMemory struct {
	mem  []byte
	fail bool
}

func (m *startMemory) at(off, n int) []byte {
	if off < 0 || n < 0 || off > len(m.mem)-n {
		m.fail = true
		return make([]byte, max(n, 0))
	}
	return m.mem[off : off+n]
}

func (m *startMemory) u32(off int) int { return int(binary.LittleEndian.Uint32(m.at(off, 4))) }

func (m *startMemory) word(off int) int {
	v := binary.LittleEndian.Uint64(m.at(off, 8))
	if v > maxMemoryBytes {
		m.fail = true
		return 0
	}
	return int(v)
}

// trim makes a program for js/wasm smaller. err tells that its tables are not known; the rest is done then.
func trim(prog []byte, traces bool) ([]byte, error) {
	section, segments, err := dataSegments(prog)
	if err != nil {
		return prog, err
	}
	top := 0
	for _, s := range segments {
		top = max(top, s.at+len(s.data))
	}
	m := &startMemory{mem: make([]byte, top)}
	for _, s := range segments {
		copy(m.mem[s.at:], s.data)
	}
	if !traces {
		whole := bytes.Clone(m.mem)
		if err = m.drop(); err != nil {
			m.mem = whole
		}
	}
	data := joined(m.mem, segments)
	out := append([]byte{}, prog[:section.from]...)
	out = append(out, sectionData)
	out = binary.AppendUvarint(out, uint64(len(data)))
	out = append(out, data...)
	return append(out, prog[section.to:]...), err
}

// joined is the data section for mem: what lies closely together is one segment.
func joined(mem []byte, segments []segment) []byte {
	segments = slices.Clone(segments)
	slices.SortFunc(segments, func(a, b segment) int { return cmp.Compare(a.at, b.at) })
	var parts [][2]int
	for _, s := range segments {
		if n := len(parts); n > 0 && s.at-parts[n-1][1] < gapBytes {
			parts[n-1][1] = max(parts[n-1][1], s.at+len(s.data))
		} else {
			parts = append(parts, [2]int{s.at, s.at + len(s.data)})
		}
	}
	out := binary.AppendUvarint(nil, uint64(len(parts)))
	for _, p := range parts {
		out = append(out, 0, 0x41)
		out = appendSigned(out, p[0])
		out = binary.AppendUvarint(append(out, 0x0b), uint64(p[1]-p[0]))
		out = append(out, mem[p[0]:p[1]]...)
	}
	return out
}

// appendSigned writes a number that is not negative as a signed varint.
func appendSigned(out []byte, v int) []byte {
	for v >= 0x40 {
		out = append(out, byte(v&0x7f)|0x80)
		v >>= 7
	}
	return append(out, byte(v))
}

// drop finds the tables and zeroes those of lines.
func (m *startMemory) drop() error {
	start := append(binary.LittleEndian.AppendUint32(nil, pcMagic), 0, 0, 1, 8)
	for from := 0; ; {
		i := bytes.Index(m.mem[from:], start)
		if i < 0 {
			return errNoTable
		}
		head := from + i
		from = head + 1
		if funcs := m.word(head + 8); funcs > 0 && funcs < maxFuncs && m.word(head+32) == headerBytes {
			return m.dropFrom(head, funcs)
		}
		m.fail = false // the bytes were something else
	}
}

func (m *startMemory) dropFrom(head, funcs int) error {
	cus, tables, functab := head+m.word(head+40), head+m.word(head+56), head+m.word(head+64)
	gofunc := m.gofunc(head, tables)
	if m.fail || cus > tables || tables > functab {
		return errNoTable
	}
	t := &funcTables{m, tables, gofunc, make([]bool, functab-tables), functionNames{m: m, from: head + headerBytes, to: cus, once: map[string]int{}}}
	for i := range funcs {
		t.drop(functab + m.u32(functab+i*functabEntry+4))
	}
	t.names.write()
	clear(m.at(cus, tables-cus)) // lists of files
	for i := range t.kept {
		if !t.kept[i] {
			clear(m.at(tables+i, 1))
		}
	}
	if m.fail {
		return errNoTable
	}
	return nil
}

// funcTables are what belongs to functions.
type funcTables struct {
	m      *startMemory
	tables int    // their place
	gofunc int    // the place of the rest
	kept   []bool // bytes of tables
	names  functionNames
}

// drop drops what belongs to the function that is described at f, and keeps its tables that are needed. Which calls were inlined only matters in a wrapper:
// recover counts the functions between itself and a panic up to the second, and wrappers are none; what recovers is never inlined itself.
func (t *funcTables) drop(f int) {
	t.names.shorten(f + funcName)
	t.walk(t.m.u32(f+funcPCSP), true)
	clear(t.m.at(f+funcPCFile, 8))   // the file's and the line's
	clear(t.m.at(f+funcCUOffset, 8)) // and that of its start
	pcdata, inlined, wrapper := t.m.u32(f+funcNPCData), 0, t.m.at(f+funcID, 1)[0] == idWrapper
	for j := range min(pcdata, maxTables) {
		at := f + funcBytes + 4*j
		kept := j != pcdataUnsafePoint && j != pcdataArgLiveIndex && (j != pcdataInlined || wrapper)
		most := t.walk(t.m.u32(at), kept)
		if j == pcdataInlined {
			inlined = min(most+1, maxInlined)
		}
		if !kept {
			clear(t.m.at(at, 4))
		}
	}
	for j := range int(t.m.at(f+funcNFuncData, 1)[0]) {
		at := f + funcBytes + 4*(pcdata+j)
		if j == funcdataInlined && inlined > 0 {
			t.dropInlined(t.gofunc+t.m.u32(at), inlined, wrapper)
		}
		if j == funcdataArgInfo || j == funcdataArgLiveInfo || j == funcdataInlined && !wrapper {
			copy(t.m.at(at, 4), "\xff\xff\xff\xff") // none
		}
	}
}

// dropInlined drops inlined calls of one function, n from at on, or only what they say of names and lines.
func (t *funcTables) dropInlined(at, n int, kept bool) {
	if !kept {
		clear(t.m.at(at, n*inlineBytes))
		return
	}
	for ; n > 0; n, at = n-1, at+inlineBytes {
		t.names.shorten(at + inlineName)
		clear(t.m.at(at+inlineLine, 4))
	}
}

// gofunc finds the place that functions count what belongs to them from.
func (m *startMemory) gofunc(head, tables int) int {
	start := binary.LittleEndian.AppendUint64(nil, uint64(head))
	module := bytes.Index(m.mem, binary.LittleEndian.AppendUint64(start, uint64(head+headerBytes)))
	at := m.word(module + 8*moduleGofunc)
	if m.word(module+8*moduleTables) != tables || at < m.word(module+8*moduleRodata) || at > m.word(module+8*moduleEnd) {
		m.fail = true
	}
	return at
}

// namesKept are the packages whose functions keep their names.
var namesKept = []string{"anomnet/", "main."}

// functionNames are the names of functions, which are separated by zeros.
type functionNames struct {
	m        *startMemory
	from, to int
	once     map[string]int // where each name stays
}

// shorten leaves of a name that is not kept the package and the dot that the runtime wants in it. at is where its place stands.
func (n *functionNames) shorten(at int) {
	off := n.m.u32(at)
	name, _, ok := bytes.Cut(n.m.at(n.from+off, n.to-n.from-off), []byte{0})
	if !ok {
		n.m.fail = true
		return
	}
	if !slices.ContainsFunc(namesKept, func(p string) bool { return bytes.HasPrefix(name, []byte(p)) }) {
		pkg, _, _ := bytes.Cut(name, []byte{'('}) // of a method
		path := 1 + bytes.LastIndexByte(pkg, '/')
		if dot := bytes.IndexByte(name[path:], '.'); dot >= 0 {
			name = name[:path+dot+1]
		}
	}
	if _, ok := n.once[string(name)]; !ok {
		n.once[string(name)] = off
	}
	binary.LittleEndian.PutUint32(n.m.at(at, 4), uint32(n.once[string(name)]))
}

// write leaves the names that are used.
func (n *functionNames) write() {
	clear(n.m.at(n.from, n.to-n.from))
	for name, off := range n.once {
		copy(n.m.at(n.from+off, len(name)), name)
	}
}

// walk reads a table, pairs of varints up to a pair that begins with zero; the first pair may; and marks it when the runtime needs it. It returns the largest
// value: the first of a pair is the change of it, from -1, with its sign in the lowest bit.
func (t *funcTables) walk(off int, needed bool) (most int) {
	most = -1
	value := int32(-1)
	for first := true; off > 0 && off < len(t.kept); first = false { // 0: there is none
		if t.m.at(t.tables+off, 1)[0] == 0 && !first {
			t.kept[off] = t.kept[off] || needed
			return most
		}
		for i := range 2 {
			var v uint32
			for shift, more := 0, true; more && off < len(t.kept); shift += 7 {
				b := t.m.at(t.tables+off, 1)[0]
				v |= uint32(b&0x7f) << shift
				t.kept[off], more = t.kept[off] || needed, b >= 0x80
				off++
			}
			if i == 0 {
				value += int32(-(v & 1) ^ v>>1)
				most = max(most, int(value))
			}
		}
	}
	return most
}

// span is a section's place in the file, with its head.
type span struct{ from, to int }

// dataSegments lists what a program's memory starts with.
func dataSegments(prog []byte) (section span, out []segment, err error) {
	r := &wasmReader{prog: prog, at: 8}
	for r.at < len(prog) && !r.fail {
		section.from = r.at
		id, n := r.byte(), r.uint()
		section.to = r.at + n
		if id != sectionData {
			r.at = section.to
			continue
		}
		for range r.uint() {
			if r.uint() != 0 || r.byte() != 0x41 { // active, in the only memory, at a constant
				r.fail = true
			}
			s := segment{at: r.uint()}
			if r.byte() != 0x0b {
				r.fail = true
			}
			s.data = r.bytes(r.uint())
			if r.fail || s.at+len(s.data) > maxMemoryBytes {
				return section, nil, fmt.Errorf("%w: its data are not as Go writes them", errNoTable)
			}
			out = append(out, s)
		}
		if r.at == section.to && len(out) > 0 {
			return section, out, nil
		}
		break
	}
	return section, nil, fmt.Errorf("%w: no data", errNoTable)
}

// wasmReader reads a module. Beyond its end it reads zeros and remembers that.
type wasmReader struct {
	prog []byte
	at   int
	fail bool
}

func (r *wasmReader) byte() byte {
	if r.at >= len(r.prog) {
		r.fail = true
		return 0
	}
	r.at++
	return r.prog[r.at-1]
}

func (r *wasmReader) bytes(n int) []byte {
	if r.fail || n > len(r.prog)-r.at {
		r.fail = true
		return nil
	}
	r.at += n
	return r.prog[r.at-n : r.at]
}

// uint reads a varint below 2^28. Signed ones of this size have one byte more at most, whose bits are zero.
func (r *wasmReader) uint() (v int) {
	for shift := 0; ; shift += 7 {
		b := r.byte()
		v |= int(b&0x7f) << shift
		if b < 0x80 || shift > 28 {
			break
		}
	}
	if v > maxMemoryBytes {
		r.fail = true
		return 0
	}
	return v
}

// trimFile is trim for a file.
func (b *builder) trimFile(path string) error {
	prog, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	prog, err = trim(prog, b.Traces)
	if err != nil {
		b.logf("the program keeps what only stack traces need: %v", err) // of a later Go perhaps; it is only larger
	}
	return os.WriteFile(path, prog, 0o755)
}

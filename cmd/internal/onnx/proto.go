package onnx

import (
	"encoding/binary"
	"math"
)

// Field numbers and types are those of onnx.proto3 (github.com/onnx/onnx); only what the exported graphs need is written.
const (
	irVersion    = 8
	opsetVersion = 17
)

// elem is TensorProto.DataType.
type elem int

const (
	elemFloat elem = 1
	elemU8    elem = 2
	elemI8    elem = 3
	elemI32   elem = 6
	elemI64   elem = 7
)

// AttributeProto.AttributeType.
const (
	attrFloat  = 1
	attrInt    = 2
	attrString = 3
	attrInts   = 7
)

// message is a protocol buffer being written.
type message []byte

func (m *message) key(field, wire int) { *m = binary.AppendUvarint(*m, uint64(field<<3|wire)) }

func (m *message) varint(field int, v int64) {
	m.key(field, 0)
	*m = binary.AppendUvarint(*m, uint64(v))
}

func (m *message) bytes(field int, b []byte) {
	m.key(field, 2)
	*m = binary.AppendUvarint(*m, uint64(len(b)))
	*m = append(*m, b...)
}

func (m *message) text(field int, s string) { m.bytes(field, []byte(s)) }

func (m *message) float(field int, f float32) {
	m.key(field, 5)
	*m = binary.LittleEndian.AppendUint32(*m, math.Float32bits(f))
}

// attribute is a named argument of a node: an int, float32, string or []int.
type attribute struct {
	name  string
	value any
}

func (a attribute) encode() message {
	var m message
	m.text(1, a.name)
	switch v := a.value.(type) {
	case float32:
		m.float(2, v)
		m.varint(20, attrFloat)
	case int:
		m.varint(3, int64(v))
		m.varint(20, attrInt)
	case string:
		m.text(4, v)
		m.varint(20, attrString)
	case []int:
		for _, i := range v {
			m.varint(8, int64(i))
		}
		m.varint(20, attrInts)
	default:
		panic("onnx: attribute of an unknown type") // our own code
	}
	return m
}

// tensorProto encodes a constant; raw is little-endian.
func tensorProto(name string, t elem, shape []int, raw []byte) message {
	var m message
	for _, d := range shape {
		m.varint(1, int64(d))
	}
	m.varint(2, int64(t))
	m.text(8, name)
	m.bytes(9, raw)
	return m
}

// valueInfo encodes the name and type of an input or output.
func valueInfo(name string, t elem, shape []int) message {
	var dims, tensor, typ, m message
	for _, d := range shape {
		var dim message
		dim.varint(1, int64(d))
		dims.bytes(1, dim)
	}
	tensor.varint(1, int64(t))
	tensor.bytes(2, dims)
	typ.bytes(1, tensor)
	m.text(1, name)
	m.bytes(2, typ)
	return m
}

// graph collects nodes and constants in the order of execution.
type graph struct {
	nodes, constants, inputs, outputs []message
	known                             map[string]bool // constants
}

// microsoft is the domain of onnxruntime's own operations.
const microsoft = "com.microsoft"

// node adds an operation with one output, which it returns.
func (g *graph) node(op, output string, inputs []string, attrs ...attribute) string {
	return g.nodeOf("", op, output, inputs, attrs...)
}

func (g *graph) nodeOf(domain, op, output string, inputs []string, attrs ...attribute) string {
	var m message
	for _, in := range inputs {
		m.text(1, in)
	}
	m.text(2, output)
	m.text(3, output)
	m.text(4, op)
	for _, a := range attrs {
		m.bytes(5, a.encode())
	}
	m.text(7, domain)
	g.nodes = append(g.nodes, m)
	return output
}

func (g *graph) constant(name string, t elem, shape []int, raw []byte) string {
	if !g.known[name] {
		if g.known == nil {
			g.known = map[string]bool{}
		}
		g.known[name] = true
		g.constants = append(g.constants, tensorProto(name, t, shape, raw))
	}
	return name
}

func (g *graph) floats(name string, shape []int, v []float32) string {
	var raw []byte
	for _, f := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return g.constant(name, elemFloat, shape, raw)
}

func (g *graph) int8s(name string, shape []int, v []int8) string {
	raw := make([]byte, len(v))
	for i, x := range v {
		raw[i] = byte(x)
	}
	return g.constant(name, elemI8, shape, raw)
}

func (g *graph) int32s(name string, shape []int, v []int32) string {
	var raw []byte
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(x))
	}
	return g.constant(name, elemI32, shape, raw)
}

func (g *graph) encode() []byte {
	var gm, m message
	for _, n := range g.nodes {
		gm.bytes(1, n)
	}
	gm.text(2, "anomnet")
	for _, c := range g.constants {
		gm.bytes(5, c)
	}
	for _, v := range g.inputs {
		gm.bytes(11, v)
	}
	for _, v := range g.outputs {
		gm.bytes(12, v)
	}
	m.varint(1, irVersion)
	m.text(2, "anomnet")
	m.bytes(7, gm)
	for _, set := range []struct {
		domain  string
		version int64
	}{{"", opsetVersion}, {microsoft, 1}} {
		var opset message
		opset.text(1, set.domain)
		opset.varint(2, set.version)
		m.bytes(8, opset)
	}
	return m
}

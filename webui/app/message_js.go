//go:build js && wasm

package app

import (
	"errors"
	"syscall/js"

	"anomnet/wasm/protocol"
)

var errBuffers = errors.New("anomnet: a result without its two buffers")

// message is an envelope from a worker; its buffers stay on the JavaScript side until needed.
type message struct {
	id       int
	op, meta string
	bufs     js.Value
}

func receive(data js.Value) message {
	m := message{bufs: data.Get("bufs")}
	if v := data.Get("id"); v.Type() == js.TypeNumber {
		m.id = v.Int()
	}
	if v := data.Get("op"); v.Type() == js.TypeString {
		m.op = v.String()
	}
	if v := data.Get("meta"); v.Type() == js.TypeString {
		m.meta = v.String()
	}
	if !m.bufs.Truthy() {
		m.bufs = js.Global().Get("Array").New()
	}
	return m
}

// failure reads the error of an error message.
func (m message) failure() protocol.Error {
	e, err := protocol.Decode[protocol.Error](m.meta)
	if err != nil {
		return protocol.Error{Code: protocol.CodeBadMessage, Message: err.Error()}
	}
	return e
}

// loaded reads the answer of a load job.
func (m message) loaded() (protocol.LoadResult, error) {
	r, err := protocol.Decode[protocol.LoadResult](m.meta)
	if err != nil {
		return r, err
	}
	return r.WithScores(m.bytes())
}

// bytes copies the buffers.
func (m message) bytes() [][]byte {
	var out [][]byte
	for i := range m.bufs.Length() {
		u := js.Global().Get("Uint8Array").New(m.bufs.Index(i))
		b := make([]byte, u.Length())
		js.CopyBytesToGo(b, u)
		out = append(out, b)
	}
	return out
}

// send posts a request and gives its buffers away; blobs are only handles and stay. Metas of requests encode: those of tasks were tried (pool.do), the others always do.
func send(w js.Value, id int, op string, meta any, bufs js.Value) {
	s, err := protocol.Encode(meta)
	if err != nil {
		panic(err)
	}
	transfer, buffer := js.Global().Get("Array").New(), js.Global().Get("ArrayBuffer")
	for i := range bufs.Length() {
		if b := bufs.Index(i); b.InstanceOf(buffer) {
			transfer.Call("push", b)
		}
	}
	w.Call("postMessage", map[string]any{"id": id, "op": op, "meta": s, "bufs": bufs}, transfer)
}

// heatMap copies the anomaly map; the preview is only measured.
func heatMap(r protocol.ScoreResult, heat, preview js.Value) ([]float32, error) {
	pre := preview.Get("byteLength").Int()
	if pre != 4*r.PreW*r.PreH {
		return nil, errBuffers
	}
	u := js.Global().Get("Uint8Array").New(heat)
	if u.Length() != 4*r.MapW*r.MapH {
		return nil, errBuffers
	}
	b := make([]byte, u.Length())
	js.CopyBytesToGo(b, u)
	return protocol.DecodeMap(b), nil
}

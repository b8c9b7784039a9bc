//go:build js && wasm

package dom

import (
	"syscall/js"

	"github.com/vugu/vugu"
	vjs "github.com/vugu/vugu/js"
)

// event is a vugu.DOMEvent that reads the browser's event on demand instead of copying it.
type event struct {
	ev, current js.Value
	env         vugu.EventEnv
	stopped     bool
}

// Prop walks the event's properties and returns a string, float64 or bool, or nil for anything else.
func (e *event) Prop(keys ...string) any {
	v := e.ev
	for _, k := range keys {
		if t := v.Type(); t != js.TypeObject && t != js.TypeFunction {
			return nil
		}
		v = v.Get(k)
	}
	switch v.Type() {
	case js.TypeString:
		return v.String()
	case js.TypeNumber:
		return v.Float()
	case js.TypeBoolean:
		return v.Bool()
	}
	return nil
}

func (e *event) PropString(keys ...string) string {
	s, _ := e.Prop(keys...).(string)
	return s
}

func (e *event) PropFloat64(keys ...string) float64 {
	f, _ := e.Prop(keys...).(float64)
	return f
}

func (e *event) PropBool(keys ...string) bool {
	b, _ := e.Prop(keys...).(bool)
	return b
}

func (e *event) EventSummary() map[string]any    { return nil }
func (e *event) JSEvent() vjs.Value              { return vjs.Value(e.ev) }
func (e *event) JSEventTarget() vjs.Value        { return vjs.Value(e.ev.Get("target")) }
func (e *event) JSEventCurrentTarget() vjs.Value { return vjs.Value(e.current) }
func (e *event) EventEnv() vugu.EventEnv         { return e.env }
func (e *event) PreventDefault()                 { e.ev.Call("preventDefault") }

func (e *event) StopPropagation() {
	e.stopped = true
	e.ev.Call("stopPropagation")
}

//go:build js && wasm

// Command dom is a page that does to the renderer what has killed others: focus inside handlers, blur while an element is
// removed, panics, moves of focused elements. dom_test.go drives it.
package main

import (
	"strconv"
	"strings"
	"syscall/js"

	"github.com/vugu/vugu"

	"anomnet/webui/dom"
)

type demo struct {
	log     []string
	order   string
	input   bool
	boom    bool
	renders int
	clicks  int
}

func main() {
	d := &demo{order: "abcde", input: true}
	page, err := dom.Mount("#app", d, &dom.Options{Panic: func(err error) { d.note("panic " + strings.SplitN(err.Error(), "\n", 2)[0]) }})
	if err != nil {
		panic(err)
	}
	js.Global().Set("update", js.FuncOf(func(js.Value, []js.Value) any {
		go page.Update(func() { d.note("update") })
		return nil
	}))
	js.Global().Set("fuzz", js.FuncOf(func(_ js.Value, args []js.Value) any {
		go fuzz(args[0].Int(), args[1].Int())
		return nil
	}))
	select {}
}

func (d *demo) note(s string) { d.log = append(d.log, s) }

func el(tag, attrs string, on map[string]func(vugu.DOMEvent), kids ...*vugu.VGNode) *vugu.VGNode {
	n := &vugu.VGNode{Type: vugu.ElementNode, Data: tag}
	for _, a := range strings.Fields(attrs) {
		k, v, _ := strings.Cut(a, "=")
		n.Attr = append(n.Attr, vugu.VGAttribute{Key: k, Val: v})
	}
	for typ, f := range on {
		n.DOMEventHandlerSpecList = append(n.DOMEventHandlerSpecList, vugu.DOMEventHandlerSpec{EventType: typ, Func: f})
	}
	for _, k := range kids {
		n.AppendChild(k)
	}
	return n
}

func text(s string) *vugu.VGNode { return &vugu.VGNode{Type: vugu.TextNode, Data: s} }

func button(id string, f func()) *vugu.VGNode {
	return el("button", "id="+id+" data-key="+id, map[string]func(vugu.DOMEvent){"click": func(vugu.DOMEvent) { f() }}, text(id))
}

// Build implements vugu.Builder.
func (d *demo) Build(*vugu.BuildIn) *vugu.BuildOut {
	d.renders++
	if d.boom {
		d.boom = false
		panic("boom in build")
	}
	root := el("div", "", nil,
		button("count", func() { d.clicks++ }),
		button("panic", func() { panic("boom in handler") }),
		button("build", func() { d.boom = true }),
		button("focus", func() { js.Global().Get("document").Call("querySelector", "#field").Call("focus") }),
		button("remove", func() { d.input = false }),
		button("reverse", func() {
			b := []byte(d.order)
			for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
				b[i], b[j] = b[j], b[i]
			}
			d.order = string(b)
		}),
		el("p", "id=still data-key=still", nil, text("select me")))
	if d.input {
		root.AppendChild(el("input", "id=field data-key=field", map[string]func(vugu.DOMEvent){
			"focus": func(vugu.DOMEvent) { d.note("focus") }, "blur": func(vugu.DOMEvent) { d.note("blur") }}))
	}
	list := el("ul", "id=list data-key=list", nil)
	for _, c := range d.order {
		list.AppendChild(el("li", "data-key="+string(c), nil, el("input", "id=in-"+string(c), nil)))
	}
	root.AppendChild(list)
	big := el("p", "id=big data-key=big data-x="+strings.Repeat("x", 20000), nil) // more than domrender's buffer
	root.AppendChild(big)
	root.AppendChild(el("output", "id=out data-key=out", nil, text(strings.Join(d.log, ","))))
	root.AppendChild(el("output", "id=numbers data-key=numbers", nil, text(strconv.Itoa(d.clicks)+"/"+strconv.Itoa(d.renders))))
	return &vugu.BuildOut{Out: []*vugu.VGNode{root}}
}

package vdom

import (
	"fmt"
	"strings"

	"github.com/vugu/vugu"
)

// KeyAttr is the attribute that gives an element its identity among its siblings. Vugu's vg-key reaches only components.
const KeyAttr = "data-key"

// Flatten resolves components and templates of a build into one tree. It returns an error when the root component does not
// build exactly one element, or when static markup cannot be read.
func Flatten(br *vugu.BuildResults) (*Node, error) {
	var out []*Node
	for _, v := range br.Out.Out {
		if err := flatten(br, v, &out); err != nil {
			return nil, err
		}
	}
	if len(out) != 1 || out[0].Tag == "" {
		return nil, fmt.Errorf("vdom: the root component builds %d nodes, want one element", len(out))
	}
	return out[0], nil
}

func flatten(br *vugu.BuildResults, v *vugu.VGNode, out *[]*Node) error {
	switch {
	case v.Component != nil:
		if k, ok := v.Component.(*Keep); ok {
			nodes, err := k.nodes()
			*out = append(*out, nodes...)
			return err
		}
		bo := br.ResultFor(v.Component)
		if bo == nil {
			return fmt.Errorf("vdom: component %T was not built", v.Component)
		}
		for _, o := range bo.Out {
			if err := flatten(br, o, out); err != nil {
				return err
			}
		}
		return nil
	case v.IsTemplate():
		return flattenKids(br, v, out)
	case v.Type == vugu.TextNode:
		if !layout(v.Data) {
			*out = append(*out, &Node{Text: v.Data})
		}
		return nil
	case v.Type != vugu.ElementNode:
		return nil // comments
	}
	n := &Node{NS: v.Namespace, Tag: v.Data, Attrs: v.Attr, Props: v.Prop, On: v.DOMEventHandlerSpecList,
		Create: v.JSCreateHandler, Populate: v.JSPopulateHandler}
	n.Key, _ = attr(v.Attr, KeyAttr)
	*out = append(*out, n)
	if v.InnerHTML == nil {
		return flattenKids(br, v, &n.Kids)
	}
	kids, err := ParseStatic(*v.InnerHTML, n.NS)
	n.Kids = kids
	return err
}

func flattenKids(br *vugu.BuildResults, v *vugu.VGNode, out *[]*Node) error {
	for c := v.FirstChild; c != nil; c = c.NextSibling {
		if err := flatten(br, c, out); err != nil {
			return err
		}
	}
	return nil
}

// layout tells whether text is only the line break and indent between tags of a .vugu file. A space on one line stays.
func layout(s string) bool { return strings.TrimSpace(s) == "" && strings.Contains(s, "\n") }

package vdom

import (
	"fmt"
	"html"
	"strings"

	"github.com/vugu/vugu"
)

// voidTags have no end tag.
var voidTags = map[string]bool{"br": true, "hr": true, "img": true, "input": true, "link": true, "meta": true, "wbr": true}

// ParseStatic reads the markup that vugugen makes from static parts of a template, and the escaped text of vg-content, so
// that the renderer needs no innerHTML. It is not an HTML parser: it takes exactly what html.Render writes (quoted
// attributes, every element closed) and refuses everything else, script elements and on* attributes included.
func ParseStatic(s, ns string) ([]*Node, error) {
	if !strings.Contains(s, "<") {
		if s == "" {
			return nil, nil
		}
		return []*Node{{Text: html.UnescapeString(s)}}, nil
	}
	p := &staticParser{in: s}
	kids, err := p.kids("", ns)
	if err != nil {
		return nil, fmt.Errorf("vdom: static markup at offset %d: %w", p.pos, err)
	}
	return kids, nil
}

// maxDepth bounds the nesting, because the parser recurses.
const maxDepth = 64

type staticParser struct {
	in    string
	pos   int
	depth int
}

// kids reads nodes up to the end tag of the given element, or to the end of the input for the top level.
func (p *staticParser) kids(tag, ns string) ([]*Node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	var out []*Node
	for p.pos < len(p.in) {
		rest := p.in[p.pos:]
		switch {
		case strings.HasPrefix(rest, "</"):
			if tag == "" || !strings.HasPrefix(rest[2:], tag+">") {
				return nil, fmt.Errorf("unexpected end tag in <%s>", tag)
			}
			p.pos += len(tag) + 3
			return out, nil
		case strings.HasPrefix(rest, "<"):
			n, err := p.element(ns)
			if err != nil {
				return nil, err
			}
			out = append(out, n)
		default:
			end := strings.IndexByte(rest, '<')
			if end < 0 {
				end = len(rest)
			}
			p.pos += end
			if text := html.UnescapeString(rest[:end]); !layout(text) {
				out = append(out, &Node{Text: text})
			}
		}
	}
	if tag != "" {
		return nil, fmt.Errorf("<%s> is not closed", tag)
	}
	return out, nil
}

// element reads one element whose < is at pos.
func (p *staticParser) element(ns string) (*Node, error) {
	p.pos++
	n := &Node{Tag: p.name(), NS: ns}
	switch n.Tag {
	case "":
		return nil, fmt.Errorf("tag name expected")
	case "script", "style", "iframe", "object", "embed":
		return nil, fmt.Errorf("<%s> is not allowed", n.Tag)
	case "svg", "math":
		n.NS = n.Tag
	}
	for {
		switch {
		case p.take("/>"):
			return n, nil
		case p.take(">"):
			if voidTags[n.Tag] && n.NS == "" {
				return n, nil
			}
			var err error
			n.Kids, err = p.kids(n.Tag, n.NS)
			return n, err
		case p.take(" "):
			if err := p.attribute(n); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("malformed <%s>", n.Tag)
		}
	}
}

// attribute reads name="value"; nothing when the tag ends after a space.
func (p *staticParser) attribute(n *Node) error {
	key := p.name()
	if key == "" {
		return nil
	}
	if strings.HasPrefix(strings.ToLower(key), "on") {
		return fmt.Errorf("attribute %q is not allowed", key)
	}
	if !p.take(`="`) {
		return fmt.Errorf("attribute %q has no quoted value", key)
	}
	end := strings.IndexByte(p.in[p.pos:], '"')
	if end < 0 {
		return fmt.Errorf("attribute %q is not closed", key)
	}
	val := html.UnescapeString(p.in[p.pos : p.pos+end])
	p.pos += end + 1
	n.Attrs = append(n.Attrs, vugu.VGAttribute{Key: key, Val: val})
	if key == KeyAttr {
		n.Key = val
	}
	return nil
}

func (p *staticParser) take(s string) bool {
	if strings.HasPrefix(p.in[p.pos:], s) {
		p.pos += len(s)
		return true
	}
	return false
}

func (p *staticParser) name() string {
	start := p.pos
	for p.pos < len(p.in) {
		c := p.in[p.pos]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == ':') {
			break
		}
		p.pos++
	}
	return p.in[start:p.pos]
}

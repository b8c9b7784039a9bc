package main

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// What vugugen writes, statement by statement.
var (
	element   = regexp.MustCompile(`vgn = &vugu\.VGNode\{Type: vugu\.VGNodeType\(3\), Namespace: ("[^"]*"), Data: ("[^"]*"), Attr: \[\]vugu\.VGAttribute(?:\(nil\)|\{(.*)\})\}\n\s*vgparent\.AppendChild\(vgn\)`)
	attribute = regexp.MustCompile(`(?:vugu\.VGAttribute)?\{Namespace: "", Key: ("(?:[^"\\]|\\.)*"), Val: ("(?:[^"\\]|\\.)*")\}(?:, )?`)
	text      = regexp.MustCompile(`vgn = &vugu\.VGNode\{Type: vugu\.VGNodeType\(1\), Data: ("(?:[^"\\]|\\.)*")\}\n\s*vgparent\.AppendChild\(vgn\)`)
	use       = regexp.MustCompile(`vgcomp, _ := vgin\.BuildEnv\.CachedComponent\(vgcompKey\)\.\(\*([\w.]+)\)\n\s*if vgcomp == nil \{\n\s*//.*\n\s*vgcomp = new\(([\w.]+)\)\n\s*vgin\.BuildEnv\.WireComponent\(vgcomp\)\n\s*\}\n\s*vgin\.BuildEnv\.UseComponent\(vgcompKey, vgcomp\).*`)
	put       = regexp.MustCompile(`vgout\.Components = append\(vgout\.Components, vgcomp\)\n\s*vgn = &vugu\.VGNode\{Component: vgcomp\}\n\s*vgparent\.AppendChild\(vgn\)`)
	on        = regexp.MustCompile(`vgn\.DOMEventHandlerSpecList = append\(vgn\.DOMEventHandlerSpecList, vugu\.DOMEventHandlerSpec\{\n\s*EventType:\s*("[^"]*"),\n\s*Func:\s*(.*),\n(?:\s*//.*\n)?\s*\}\)`)
	imports   = []byte("import \"log\"\n")
	unused    = []byte("var _ log.Logger\n")
)

// Slim shortens a file that vugugen has made. What it does not know stays as it is; a file that it has shortened stays the same.
func Slim(src []byte) []byte {
	if bytes.Contains(src, []byte("webui/dom/slim")) {
		return src
	}
	out := element.ReplaceAllFunc(src, slimElement)
	out = text.ReplaceAll(out, []byte("vgn = slim.Text(vgparent, $1)"))
	out = use.ReplaceAllFunc(out, func(m []byte) []byte {
		if s := use.FindSubmatch(m); bytes.Equal(s[1], s[2]) {
			return append(append([]byte("vgcomp := slim.Use["), s[1]...), "](vgin, vgcompKey)"...)
		}
		return m
	})
	out = put.ReplaceAll(out, []byte("vgn = slim.Put(vgout, vgparent, vgcomp)"))
	out = on.ReplaceAll(out, []byte("slim.On(vgn, $1, $2)"))
	if !bytes.Contains(out, []byte("slim.")) {
		return out
	}
	with := []byte("import \"anomnet/webui/dom/slim\"\n")
	if bytes.Count(out, []byte("log.")) > 1 { // vugugen imports it, used or not, and with it comes 20 KB of code
		return bytes.Replace(out, imports, append(with, imports...), 1)
	}
	return bytes.Replace(bytes.Replace(out, unused, nil, 1), imports, with, 1)
}

// slimElement writes an element with constant attributes as one string.
func slimElement(m []byte) []byte {
	s := element.FindSubmatch(m)
	if rest := attribute.ReplaceAll(s[3], nil); len(bytes.TrimSpace(rest)) > 0 {
		return m
	}
	words := []string{unquote(s[2])}
	for _, a := range attribute.FindAllSubmatch(s[3], -1) {
		words = append(words, unquote(a[1]), unquote(a[2]))
	}
	for _, w := range words {
		if strings.Contains(w, "\x00") {
			return m
		}
	}
	return []byte("vgn = slim.El(vgparent, " + string(s[1]) + ", " + strconv.Quote(strings.Join(words, "\x00")) + ")")
}

func unquote(b []byte) string {
	s, err := strconv.Unquote(string(b))
	if err != nil {
		return "\x00" // which keeps the element as it is
	}
	return s
}

package house

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var (
	placed      = regexp.MustCompile(`^(?:\.ci|assets|cmd|core|docs|trainer|wasm|webui)/[\w./-]+$`)
	sourceFile  = regexp.MustCompile(`^\w[\w./-]*\.(?:go|mjs|js|vugu|css|sh|py)$`)
	placeholder = regexp.MustCompile(`NAME|[A-Z]{4,}`)
	elsewhere   = regexp.MustCompile(`^(?:assets/site\b.*|assets/js/hashes\.mjs|wasm_exec\.js|_gen\.go|dct\.go)$`) // built, one of Go's, the end of a name, and a file of Go's image/jpeg
)

// TestDocumentsNameRealFiles: a file or folder of the tree that a document names is there, and so is what it names behind a package's path.
func TestDocumentsNameRealFiles(t *testing.T) {
	known, there, n := declarations(t), map[string]bool{}, 0
	walk(t, func(file string) {
		for p := file; p != "."; p = path.Dir(p) { // and each tail of it: documents leave the first folders out
			for tail, more := p, true; more; _, tail, more = strings.Cut(tail, "/") {
				there[tail] = true
			}
		}
	})
	for doc, text := range documents(t) {
		for _, m := range codeWords.FindAllStringSubmatch(text, -1) {
			word := strings.TrimSuffix(m[1], "/")
			if !placed.MatchString(word) && !sourceFile.MatchString(word) || placeholder.MatchString(word) || elsewhere.MatchString(word) {
				continue
			}
			n++
			parts := strings.Split(path.Base(word), ".") // core/engine.Kernels.LocalMean
			last := len(parts) - 1
			member := last > 0 && there[path.Join(path.Dir(word), parts[0])] && known[parts[last-1]+"."+parts[last]]
			assert.True(t, there[word] || member, "%s names %s, which is not there", doc, word)
		}
	}
	assert.Greater(t, n, 100)
}

var (
	call = regexp.MustCompile("(?m)(?:anomnet |`)(audit|bench|compare|distill|eval|import|kiosk|model|policy|score|serve|synth|teach|train)\\b([^`\n]*)")
	dash = regexp.MustCompile(`(?:^|\s)--([a-z][a-z0-9-]*)`)
	made = regexp.MustCompile("(?m)(?:^|`)make ([a-z][a-z0-9-]*)")
	rule = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)
)

// TestDocumentsNameRealFlags: a flag in a command that a document shows is one of anomnet, and a target behind make is one of the Makefile.
func TestDocumentsNameRealFlags(t *testing.T) {
	flags, targets, n := map[string]bool{}, map[string]bool{}, 0
	for _, s := range sources(t) {
		if !s.isTest() && strings.HasPrefix(s.Path, "cmd/anomnet/") {
			ast.Inspect(s.File, func(node ast.Node) bool {
				if lit, ok := node.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if name, err := strconv.Unquote(lit.Value); err == nil {
						flags[name] = true
					}
				}
				return true
			})
		}
	}
	for _, m := range rule.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[m[1]] = true
	}
	for doc, text := range documents(t) {
		for _, c := range call.FindAllStringSubmatch(text, -1) {
			for _, m := range dash.FindAllStringSubmatch(c[2], -1) {
				n++
				assert.True(t, flags[m[1]], "%s: %s has no flag --%s", doc, c[1], m[1])
			}
		}
		for _, m := range made.FindAllStringSubmatch(text, -1) {
			n++
			assert.True(t, targets[m[1]], "%s: there is no make %s", doc, m[1])
		}
	}
	assert.Greater(t, n, 100)
}

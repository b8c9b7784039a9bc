package house

import (
	"go/ast"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documents are the texts for people: the Markdown files of the tree, by path.
func documents(t *testing.T) map[string]string {
	texts := map[string]string{}
	walk(t, func(file string) {
		if path.Ext(file) == ".md" {
			texts[file] = read(t, file)
		}
	})
	require.Greater(t, len(texts), 15)
	return texts
}

var (
	named = regexp.MustCompile(`\b((?:Test|Fuzz)[A-Z]\w*)(\.\.\.|…)?`) // a test or fuzz target; with dots, all that begin so
	runs  = regexp.MustCompile(`\s-run[ =]'?([\w|]+)`)
)

// TestDocumentsNameRealTests: a test that a document names exists, and a command with -run runs one.
func TestDocumentsNameRealTests(t *testing.T) {
	tests := map[string]bool{}
	var all []string
	for _, s := range sources(t) {
		for _, d := range s.File.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.isTest() && f.Recv == nil {
				tests[f.Name.Name] = true
				all = append(all, f.Name.Name)
			}
		}
	}
	n := 0
	for doc, text := range documents(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			n++
			begins := m[2] != "" && slices.ContainsFunc(all, func(name string) bool { return strings.HasPrefix(name, m[1]) })
			assert.True(t, tests[m[1]] || begins, "%s names %s, which does not exist", doc, m[1])
		}
		for _, m := range runs.FindAllStringSubmatch(text, -1) {
			for part := range strings.SplitSeq(m[1], "|") {
				n++
				assert.True(t, slices.ContainsFunc(all, func(name string) bool { return strings.Contains(name, part) }), "%s: -run %s runs nothing", doc, part)
			}
		}
	}
	assert.Greater(t, n, 200)
}

// declarations is what the tree declares: package.Name, Type.Member and bare names, of Go and of the scripts.
func declarations(t *testing.T) map[string]bool {
	known := map[string]bool{}
	add := func(owner, name string) { known[name], known[owner+"."+name] = true, true }
	for _, s := range sources(t) {
		pkg := s.File.Name.Name
		for _, d := range s.File.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add(pkg, d.Name.Name)
				} else {
					add(receiver(d), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						add(pkg, spec.Name.Name)
						for _, m := range members(spec.Type) {
							add(spec.Name.Name, m)
						}
					case *ast.ValueSpec:
						for _, n := range spec.Names {
							add(pkg, n.Name)
						}
					}
				}
			}
		}
	}
	walk(t, func(file string) {
		if path.Ext(file) == ".mjs" || path.Ext(file) == ".js" {
			owner := strings.TrimSuffix(path.Base(file), path.Ext(file))
			for _, m := range scriptNames.FindAllStringSubmatch(read(t, file), -1) {
				add(owner, m[1])
			}
		}
	})
	return known
}

// scriptNames matches what a script declares.
var scriptNames = regexp.MustCompile(`(?m)\b(?:function|const|let|class) (\w+)`)

// receiver is the name of a method's type.
func receiver(d *ast.FuncDecl) string {
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// members are the fields of a struct or the methods of an interface.
func members(typ ast.Expr) (names []string) {
	var list *ast.FieldList
	switch x := typ.(type) {
	case *ast.StructType:
		list = x.Fields
	case *ast.InterfaceType:
		list = x.Methods
	default:
		return nil
	}
	for _, f := range list.List {
		for _, n := range f.Names {
			names = append(names, n.Name)
		}
	}
	return names
}

var (
	codeWords  = regexp.MustCompile("`([^`\n]+)`")
	identifier = regexp.MustCompile(`^\w+(\.\w+)*(\(\w*\))?$`)
	camel      = regexp.MustCompile(`[a-z][A-Z]|^[A-Z][a-z]`)
	fileName   = regexp.MustCompile(`\.(go|js|mjs|json|md|html|vugu|py|css|br|wasm|NAME)$`)
)

// TestDocumentsNameRealFunctions: what docs/ARCHITECTURE.md calls by name exists: package.Name, Type.Member, or a name with a capital letter. Of the other
// documents, which name what is not ours too, those names are looked at whose package or type is.
func TestDocumentsNameRealFunctions(t *testing.T) {
	known, owners := declarations(t), map[string]bool{}
	for name := range known {
		if owner, _, member := strings.Cut(name, "."); member {
			owners[owner] = true
		}
	}
	n := 0
	for doc, text := range documents(t) {
		for _, m := range codeWords.FindAllStringSubmatch(text, -1) {
			word, _, _ := strings.Cut(m[1], "(")
			parts := strings.Split(word, ".")
			if !identifier.MatchString(m[1]) || fileName.MatchString(word) || len(parts) == 1 && !camel.MatchString(word) {
				continue
			}
			if doc != "docs/ARCHITECTURE.md" && (len(parts) == 1 || !owners[parts[0]] || !ast.IsExported(parts[1])) {
				continue
			}
			n++
			if len(parts) == 1 {
				assert.True(t, known[word], "%s names %s, which nothing declares", doc, word)
			}
			for i := 1; i < len(parts); i++ {
				pair := parts[i-1] + "." + parts[i]
				assert.True(t, known[pair], "%s names %s: there is no %s", doc, word, pair)
			}
		}
	}
	assert.Greater(t, n, 80)
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`) // from a heading, to make its anchor
)

// TestLinksOfDocuments: a link of a document leads to a file that is there, and to a heading of it.
func TestLinksOfDocuments(t *testing.T) {
	n := 0
	walk(t, func(doc string) {
		if path.Ext(doc) != ".md" {
			return
		}
		for _, m := range link.FindAllStringSubmatch(read(t, doc), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			n++
			file, anchor, _ := strings.Cut(m[1], "#")
			target := doc
			if file != "" {
				target = path.Join(path.Dir(doc), file)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which is not there", doc, m[1])
				continue
			}
			if anchor != "" {
				anchors := map[string]bool{}
				for _, h := range heading.FindAllStringSubmatch(read(t, target), -1) {
					anchors[strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-")] = true
				}
				assert.True(t, anchors[anchor], "%s links to %s: no such heading", doc, m[1])
			}
		}
	})
	assert.Greater(t, n, 50)
}

// TestHelpListsEveryTarget: make help finds targets by a pattern, which their names must fit.
func TestHelpListsEveryTarget(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed")
	}
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	cmd := exec.Command("make", "-s", "help")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "MAKEFLAGS=")
	out, err := cmd.Output()
	require.NoError(t, err)
	targets := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindSubmatch(text)
	require.NotNil(t, targets)
	for target := range strings.FieldsSeq(string(targets[1])) {
		assert.Regexp(t, `(?m)^`+target+` `, string(out))
	}
}

package house

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTopFolders keeps the top of the tree as small as docs/ARCHITECTURE.md draws it.
func TestTopFolders(t *testing.T) {
	known := map[string]bool{"core": true, "wasm": true, "webui": true, "trainer": true, "assets": true, "cmd": true, "docs": true, ".ci": true,
		".git": true, "shared": true} // shared is not part of the repository
	for _, dir := range ignored(t) {
		known[dir] = true
	}
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, e := range entries {
		if e.IsDir() {
			assert.True(t, known[e.Name()], "folder %s at the top", e.Name())
		}
	}
}

// TestPackageDocs wants exactly one doc comment for each package, "Package x ..." or, for a program, "Command x ...". Two
// comments would be joined by go doc in the order of file names.
func TestPackageDocs(t *testing.T) {
	docs, tests := map[string][]string{}, map[string]bool{}
	for _, s := range sources(t) {
		dir, name := path.Dir(s.Path), s.File.Name.Name
		if _, known := tests[dir]; !known {
			tests[dir] = true
		}
		tests[dir] = tests[dir] && s.isTest()
		if s.File.Doc == nil || strings.TrimSpace(s.File.Doc.Text()) == "" {
			continue
		}
		docs[dir] = append(docs[dir], s.Path)
		want := "Package " + name + " "
		if name == "main" {
			want = "Command " + path.Base(dir) + " "
			if !strings.HasPrefix(dir, "cmd/") && !strings.HasPrefix(s.File.Doc.Text(), want) {
				want = "Command "
			}
		}
		assert.True(t, strings.HasPrefix(s.File.Doc.Text(), want), "%s: the doc comment starts %.40q, want %q", s.Path, s.File.Doc.Text(), want)
	}
	for dir := range tests {
		assert.Len(t, docs[dir], 1, "%s: files with a package comment", dir)
	}
}

const (
	maxFileLines = 500 // of one file
	maxFuncLines = 80  // of one function, from func to the closing brace
)

// long lists what may be longer, and why. An entry that is no longer needed fails the test.
var long = map[string]string{}

// TestSizes keeps files and functions readable.
func TestSizes(t *testing.T) {
	used := map[string]bool{}
	check := func(what string, lines, limit int) {
		if lines <= limit {
			return
		}
		used[what] = true
		assert.NotEmpty(t, long[what], "%s has %d lines, want at most %d, or a reason in the list", what, lines, limit)
	}
	for _, s := range sources(t) {
		check(s.Path, s.lines(), maxFileLines-1)
		for _, d := range s.File.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				n := s.Fset.Position(f.End()).Line - s.Fset.Position(f.Pos()).Line + 1
				check(s.Path+" "+f.Name.Name, n, maxFuncLines)
			}
		}
	}
	for what := range long {
		assert.True(t, used[what], "%s is short enough now: take it off the list", what)
	}
}

// TestExportedNamesHaveComments wants a comment on every exported type, function, method of an exported type, constant and
// variable; those of a group may share one.
func TestExportedNamesHaveComments(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || s.File.Name.Name == "main" {
			continue
		}
		for _, d := range s.File.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: %s has no comment", s.Fset.Position(d.Pos()), name)
			}
		}
	}
}

// undocumented lists the exported names of a declaration that have no comment.
func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		isError := d.Recv != nil && d.Name.Name == "Error" // says what every Error says
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && !isError {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && spec.Doc == nil && (d.Doc == nil || d.Lparen.IsValid()) {
					names = append(names, spec.Name.Name)
				}
			case *ast.ValueSpec:
				if d.Doc == nil && spec.Doc == nil && spec.Comment == nil && d.Tok != token.IMPORT {
					for _, n := range spec.Names {
						if n.IsExported() {
							names = append(names, n.Name)
						}
					}
				}
			}
		}
		return names
	}
	return nil
}

// exportedReceiver is true for functions and for methods of exported types.
func exportedReceiver(d *ast.FuncDecl) bool { return d.Recv == nil || ast.IsExported(receiver(d)) }

// leftover matches marks of unfinished work.
var leftover = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`)

// generated is the mark of a file that a program wrote (go help generate).
var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// TestNothingLeftOver finds marks of unfinished work in everything that a person writes.
func TestNothingLeftOver(t *testing.T) {
	texts := map[string]bool{".go": true, ".vugu": true, ".mjs": true, ".js": true, ".css": true, ".html": true, ".json": true, ".sh": true,
		".py": true, ".md": true, ".cpp": true, ".h": true, "": true}
	walk(t, func(name string) {
		if !texts[path.Ext(name)] || strings.Contains(name, "testdata/") {
			return
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		if generated.Match(data) {
			return
		}
		if at := leftover.FindIndex(data); at != nil {
			t.Errorf("%s:%d: %s", name, 1+strings.Count(string(data[:at[0]]), "\n"), data[at[0]:at[1]])
		}
	})
}

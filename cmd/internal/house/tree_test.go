package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the source tree, seen from this package.
const root = "../../.."

// source is one parsed Go file. Path is relative to root.
type source struct {
	Path string
	File *ast.File
	Fset *token.FileSet
}

// isTest reports whether the file is compiled for tests only.
func (s source) isTest() bool { return strings.HasSuffix(s.Path, "_test.go") }

// lines is the number of lines of the file.
func (s source) lines() int { return s.Fset.File(s.File.Pos()).LineCount() }

// ignored lists the folders that .gitignore names at the top: build outputs.
func ignored(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	require.NoError(t, err)
	var dirs []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "/") && strings.HasSuffix(line, "/") {
			dirs = append(dirs, strings.Trim(line, "/"))
		}
	}
	return dirs
}

// walk calls f for every file of the source tree, with its path relative to root.
func walk(t *testing.T, f func(path string)) {
	t.Helper()
	skip := append(ignored(t), ".git", "assets/site", "shared")
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains(skip, filepath.ToSlash(rel)) {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			f(filepath.ToSlash(rel))
		}
		return nil
	}))
}

// parsed are the sources once they have been read: ten tests look at them.
var parsed []source

// sources parses every Go file that a person wrote, whatever its build tags.
func sources(t *testing.T) []source {
	t.Helper()
	if parsed != nil {
		return parsed
	}
	var list []source
	walk(t, func(path string) {
		if filepath.Ext(path) != ".go" || strings.Contains(path, "testdata/") {
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, filepath.Join(root, path), nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		if !ast.IsGenerated(file) {
			list = append(list, source{path, file, fset})
		}
	})
	require.Greater(t, len(list), 100, "the walk found the tree")
	parsed = list
	return list
}

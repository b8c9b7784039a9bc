package house

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read returns a file of the tree.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(text)
}

// rows are the rows of the tables of a Markdown text, by their first cell.
func rows(text string) map[string][]string {
	table := map[string][]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		table[cells[0]] = cells
	}
	return table
}

// required matches a module that go.mod requires.
var required = regexp.MustCompile(`(?m)^(?:require)?\s+([a-z0-9.-]+\.[a-z]+/\S+) v\d`)

// TestDependenciesAreListed: docs/dependencies.md has a row, with a reason and a licence, for every module, tool and package.
func TestDependenciesAreListed(t *testing.T) {
	table := rows(read(t, "docs/dependencies.md"))
	var want []string
	for _, mod := range []string{"go.mod", "core/engine/internal/x86/_asm/go.mod"} {
		for _, m := range required.FindAllStringSubmatch(read(t, mod), -1) {
			want = append(want, m[1])
		}
	}
	assert.Greater(t, len(want), 20)
	for _, m := range regexp.MustCompile(`(?m)[= ]([a-z.]+/\S+)@(?:v|latest)`).FindAllStringSubmatch(read(t, ".ci/static")+read(t, ".ci/deadcode"), -1) {
		want = append(want, m[1])
	}
	for _, m := range regexp.MustCompile(`want\+=\((.*)\)`).FindAllStringSubmatch(read(t, ".ci/deps"), -1) {
		want = append(want, strings.Fields(m[1])...)
	}
	for _, name := range want {
		if assert.Contains(t, table, name, "docs/dependencies.md") {
			assert.NotEmpty(t, table[name][1], "%s: the reason", name)
			assert.NotEmpty(t, table[name][2], "%s: the licence", name)
		}
	}
	installed := map[string]bool{}
	for cell := range table {
		for name := range strings.SplitSeq(strings.ToLower(cell), ", ") {
			installed[name] = true
		}
	}
	for _, m := range regexp.MustCompile(`pip install ([^;\n]*?)(?:;|\n)`).FindAllStringSubmatch(read(t, "Makefile"), -1) {
		for word := range strings.FieldsSeq(m[1]) {
			if name, _, _ := strings.Cut(word, "=="); !strings.HasPrefix(name, "-") {
				assert.True(t, installed[name], "docs/dependencies.md has no row for %s, which the Makefile installs", name)
			}
		}
	}
	for name := range table {
		if strings.Contains(name, "/") && strings.Contains(strings.Split(name, "/")[0], ".") {
			assert.Contains(t, want, name, "docs/dependencies.md lists what nothing asks for")
		}
	}
}

// TestDependenciesShipWhereListed holds the column "ships in" against what the programs reach.
func TestDependenciesShipWhereListed(t *testing.T) {
	table := rows(read(t, "docs/dependencies.md"))
	programs := []struct {
		name, path string
		on         target
	}{{"anomnet", "./cmd/anomnet", native}, {"torch", "./cmd/anomnet", torch}, {"page", "./cmd/page", js}, {"edge", "./cmd/edge", js}}
	for _, p := range programs {
		reached := p.on.golist(t, "{{with .Module}}{{.Path}}{{end}}", "-deps", p.path)
		for name, cells := range table {
			if len(cells) != 5 || !strings.Contains(cells[0], ".") {
				continue
			}
			listed := slices.Contains(strings.Split(cells[4], ", "), p.name)
			assert.Equal(t, slices.Contains(reached, name), listed, "%s ships in %s", name, p.name)
		}
	}
}

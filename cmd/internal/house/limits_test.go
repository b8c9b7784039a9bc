package house

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLimitsAreThoseOfTheCode reads the table of docs/limits.md: each value is that of the named constant, each named test exists.
func TestLimitsAreThoseOfTheCode(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/limits.md"))
	require.NoError(t, err)
	consts, tests := declared(t)
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "what" {
			continue
		}
		rows++
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[2] != "" {
			values := strings.Split(cells[1], ", ")
			for i, name := range strings.Split(cells[2], ", ") {
				require.Contains(t, consts, name, cells[0])
				assert.Equal(t, consts[name], number(t, values[i]), "%s: %s", cells[0], name)
			}
		}
		if cells[3] != "" {
			assert.Contains(t, tests, cells[3], cells[0])
		}
	}
	assert.Greater(t, rows, 30)
}

// declared lists the integer constants whose value stands in their own line, as PACKAGE.NAME, and the tests, as PACKAGE TEST.
func declared(t *testing.T) (consts map[string]int64, tests map[string]bool) {
	t.Helper()
	consts, tests = map[string]int64{}, map[string]bool{}
	for _, s := range sources(t) {
		pkg := path.Dir(filepath.ToSlash(s.Path))
		ast.Inspect(s.File, func(n ast.Node) bool {
			switch d := n.(type) {
			case *ast.FuncDecl:
				tests[pkg+" "+d.Name.Name] = true
			case *ast.ValueSpec:
				for i, v := range d.Values {
					got, err := types.Eval(token.NewFileSet(), nil, token.NoPos, types.ExprString(v))
					if err != nil || got.Value == nil {
						continue
					}
					if n, ok := constant.Int64Val(constant.ToInt(got.Value)); ok {
						consts[pkg+"."+d.Names[i].Name] = n
					}
				}
			}
			return true
		})
	}
	return consts, tests
}

// number reads "16,384", "64 MiB" or "1 Gi".
func number(t *testing.T, s string) int64 {
	t.Helper()
	digits, unit, _ := strings.Cut(s, " ")
	n, err := strconv.ParseInt(strings.ReplaceAll(digits, ",", ""), 10, 64)
	require.NoError(t, err, s)
	shift, ok := map[string]int{"": 0, "Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40}[strings.TrimSuffix(unit, "B")]
	require.True(t, ok, s)
	return n << shift
}

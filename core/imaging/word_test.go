package imaging

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNotFor32Bits: scores must be the same on every CPU, so a build for one with other ints has to fail.
func TestNotFor32Bits(t *testing.T) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "word.go", nil, 0)
	require.NoError(t, err)
	for arch, ok := range map[string]bool{"386": false, "arm": false, "mipsle": false, "amd64": true, "arm64": true, "wasm": true} {
		_, err := (&types.Config{Sizes: types.SizesFor("gc", arch)}).Check("imaging", fset, []*ast.File{f}, nil)
		if ok {
			assert.NoError(t, err, arch)
			continue
		}
		assert.ErrorContains(t, err, "overflows", arch)
	}
}

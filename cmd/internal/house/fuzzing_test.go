package house

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFuzzTargetsExist: every target that docs/fuzzing.md names is in the tree.
func TestFuzzTargetsExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/fuzzing.md"))
	require.NoError(t, err)
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (Fuzz\\w+) \\|").FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(rows), 50)
	_, tests := declared(t)
	for _, r := range rows {
		assert.Contains(t, tests, r[1]+" "+r[2])
	}
}

package house

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTypedFieldsTakeEveryKey: a field with .value that only listens to change loses what is typed when a render comes between two keys.
func TestTypedFieldsTakeEveryKey(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "webui/*/*.vugu"))
	require.NoError(t, err)
	field := regexp.MustCompile(`<(?:input|textarea)\b[^>]*\.value=[^>]*`)
	fixed, typed, found := regexp.MustCompile(`type="(?:date|range|file|checkbox|radio)"`), regexp.MustCompile(`@input=`), 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, tag := range field.FindAll(text, -1) {
			if found++; !fixed.Match(tag) {
				assert.Regexp(t, typed, string(tag), name)
			}
		}
	}
	assert.Greater(t, found, 8)
}

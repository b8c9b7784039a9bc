package atomicfile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOnlyFilesAreReplaced: as root, a rename over /dev/null would take the device away from the whole machine.
func TestOnlyFilesAreReplaced(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, path := range []string{pipe, dir} {
		assert.ErrorContains(t, Write(path, []byte("x")), "no regular file")
	}
	path := filepath.Join(dir, "new", "file")
	require.NoError(t, Write(path, []byte("a")))
	require.NoError(t, Write(path, []byte("b")))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "b", string(data))
}

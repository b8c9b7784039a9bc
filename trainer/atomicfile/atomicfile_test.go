package atomicfile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

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

// TestLeftovers: a program that is killed while it writes leaves its temporary file. The next write of the same file removes it, but none that may still be
// written, and none of another file.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * idle)
	for name, mtime := range map[string]time.Time{".anomnet-run.json-123": old, ".anomnet-run.json-77": time.Now(), ".anomnet-curve.csv-9": old, ".anomnet-run.json-mine": old, "run.json-4": old} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600))
		require.NoError(t, os.Chtimes(filepath.Join(dir, name), mtime, mtime))
	}
	require.NoError(t, Write(filepath.Join(dir, "run.json"), []byte("whole")))
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	assert.ElementsMatch(t, []string{".anomnet-run.json-77", ".anomnet-curve.csv-9", ".anomnet-run.json-mine", "run.json-4", "run.json"}, names)
}

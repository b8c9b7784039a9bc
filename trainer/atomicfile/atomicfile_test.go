package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
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

// TestCheckKnowsWhatCannotBeWritten: who checks first does not lose minutes of work to a path.
func TestCheckKnowsWhatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, path := range []string{"", filepath.Join(dir, "new") + "/", filepath.Join(file, "below"), filepath.Join(dir, strings.Repeat("n", 256))} {
		assert.Error(t, Check(path), path)
		assert.Error(t, Write(path, nil), path)
	}
	for _, n := range []int{1, nameBytes, 255} {
		path := filepath.Join(dir, strings.Repeat("n", n))
		require.NoError(t, Check(path))
		assert.NoError(t, Write(path, nil), n)
	}
	assert.Equal(t, strings.Repeat("n", nameBytes-1), short(strings.Repeat("n", nameBytes-1)+"üü"))
}

// TestUmask: what a person keeps from others stays kept.
func TestUmask(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	for mask, want := range map[int]os.FileMode{0o022: 0o644, 0o077: 0o600} {
		was := syscall.Umask(mask)
		err := Write(path, []byte("x"))
		syscall.Umask(was)
		require.NoError(t, err)
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), "umask %o", mask)
	}
}

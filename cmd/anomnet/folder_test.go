//go:build unix

package main

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

// trap adds to a folder what a careless or hostile person can put there under the name of an image: a loop of folders, links to nothing, to a device
// and to itself, a pipe that nobody writes to, and a folder. It returns the names of those that are files and no images, which are to be reported.
func trap(t *testing.T, dir string) (broken []string) {
	t.Helper()
	for name, to := range map[string]string{"loop": ".", "up": "..", "gone.png": "nowhere.png", "self.png": "self.png", "zero.png": "/dev/zero"} {
		require.NoError(t, os.Symlink(to, filepath.Join(dir, name)))
	}
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe.png"), 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.png"), 0o755))
	for _, name := range []string{
		"empty.png", "Gr\xf6\xdfe.png", "line\nend \x1b[31mred.png", strings.Repeat("n", 251) + ".png", "a..png", "-rf.png", "CON.png", " .png", "%s%n.png",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("x", len(name)%7)), 0o644))
		broken = append(broken, name)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "..png"), nil, 0o644)) // hidden, so it is none of the folder's images
	return broken
}

// within fails when a command waits for something that never comes.
func within(t *testing.T, f func()) {
	t.Helper()
	done := make(chan bool)
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatal("the command does not end")
	}
}

// TestHostileFolder: score reports every file that is no image and scores the others; teach names the first that it cannot read. Neither follows a
// loop, waits for a pipe, reads a device or writes a name as it is to the terminal.
func TestHostileFolder(t *testing.T) {
	data, head := washers(t)
	good := filepath.Join(data, "train", "good")
	images, err := os.ReadDir(good)
	require.NoError(t, err)
	broken := trap(t, good)
	within(t, func() {
		code, stdout, stderr := cli(t, "score", "--model", head, "--json", good)
		assert.NotEqual(t, exitOK, code, "some could not be read")
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		assert.Len(t, lines, len(images)+len(broken))
		assert.Equal(t, len(broken), strings.Count(stdout, `"error":`), stdout)
		assert.NotContains(t, stdout+stderr, "\x1b")
	})
	within(t, func() {
		code, stdout, _ := cli(t, "score", "--model", head, good)
		assert.NotEqual(t, exitOK, code)
		assert.NotContains(t, stdout, "\x1b")
	})
	within(t, func() {
		code, _, stderr := cli(t, "teach", "--good", good, "--part", "x", "--out", filepath.Join(t.TempDir(), "x.anomnet"), "--size", "96", "--centroids", "64")
		assert.NotEqual(t, exitOK, code)
		assert.Contains(t, stderr, "not image")
		assert.NotContains(t, stderr, "\x1b")
	})
	within(t, func() { // a device that is named is read up to the limit of an image, not to its end
		code, stdout, _ := cli(t, "score", "--model", head, "--json", "/dev/zero")
		assert.NotEqual(t, exitOK, code)
		assert.Contains(t, stdout, "too_large")
	})
	long := filepath.Join(good, strings.Repeat("ü", 125)+".png") // of 254 bytes
	require.NoError(t, os.WriteFile(long, readFile(t, filepath.Join(good, images[0].Name())), 0o644))
	maps := t.TempDir()
	code, _, stderr := cli(t, "score", "--model", head, "--maps", maps, long)
	assert.Equal(t, exitOK, code, stderr)
	assert.FileExists(t, filepath.Join(maps, "0001-"+strings.Repeat("ü", 100)+".png"))
	secret := filepath.Join(t.TempDir(), "secret.png")
	require.NoError(t, os.WriteFile(secret, []byte("x"), 0))
	if os.Getuid() != 0 { // root reads everything
		code, stdout, _ := cli(t, "score", "--model", head, "--json", secret)
		assert.NotEqual(t, exitOK, code)
		assert.Contains(t, stdout, "permission denied")
	}
}

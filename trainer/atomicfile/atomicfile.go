// Package atomicfile writes files that are either there whole or not there.
package atomicfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// idle is how long nobody has written to a temporary file that was left by a program that was killed.
const idle = time.Minute

// Check says whether Write could replace path: a folder cannot be replaced, and a device (/dev/null) or a pipe must not be.
func Check(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("write %s: it is there and is no regular file", path)
	}
	return nil
}

// Write writes to a temporary file beside path and renames it. It makes the folder of path when it is not there, and removes what writes of the same path
// have left that were killed.
func Write(path string, data []byte) error {
	if err := Check(path); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	prefix := ".anomnet-" + filepath.Base(path) + "-"
	sweep(filepath.Dir(path), prefix)
	tmp, err := os.CreateTemp(filepath.Dir(path), prefix+"*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(tmp.Name()) // nothing is left to remove after the rename
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// sweep removes temporary files that nobody writes any more. What cannot be removed stays: it is only in the way of an empty folder.
func sweep(dir, prefix string) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range list {
		digits, ok := strings.CutPrefix(e.Name(), prefix)
		if !ok || strings.Trim(digits, "0123456789") != "" {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > idle {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

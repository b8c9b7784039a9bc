// Package atomicfile writes files that are either there whole or not there.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// idle is how long nobody has written to a temporary file that was left by a program that was killed.
const idle = time.Minute

// nameBytes is how much of a file's name its temporary file has: a name of 255 bytes leaves no room for more.
const nameBytes = 200

// Check says whether Write could replace path: a folder cannot be replaced, and a device (/dev/null) or a pipe must not be. A path that ends like that of
// a folder, or leads through a file, names none.
func Check(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("write %s: it is there and is no regular file", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write %s: %w", path, err)
	case path == "" || os.IsPathSeparator(path[len(path)-1]):
		return fmt.Errorf("write %q: no name of a file", path)
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
	prefix := ".anomnet-" + short(filepath.Base(path)) + "-"
	sweep(filepath.Dir(path), prefix)
	tmp, err := create(filepath.Join(filepath.Dir(path), prefix))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(tmp.Name()) // nothing is left to remove after the rename
	_, err = tmp.Write(data)
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

// short cuts a name at a character's end; some systems take no half of one.
func short(name string) string {
	n := len(name)
	for n > nameBytes || n < len(name) && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n]
}

// create makes a file whose name is prefix and digits. Others may read it where the umask lets them, as any file that a program makes; os.CreateTemp would
// let nobody.
func create(prefix string) (*os.File, error) {
	for {
		f, err := os.OpenFile(prefix+strconv.FormatUint(uint64(rand.Uint32()), 10), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
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

package site

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"anomnet/cmd/internal/headers"
)

// Names of the list of files, which the service worker installs, and of the worker itself.
const (
	ListName   = "site.json"
	WorkerName = "sw.js"
)

// List names every file of a site by its SHA-256. The SHA-256 of its bytes names the build: the page shows it, and the service worker carries it.
type List struct {
	Version string `json:"version"`
	Sealed  bool   `json:"sealed,omitempty"`
	// Worker is the SHA-256 of the service worker before it got the name of the build.
	Worker string          `json:"worker"`
	Files  map[string]File `json:"files"` // by path
}

// File is a file of a List, written as [sha256, bytes].
type File struct {
	SHA256 string
	Bytes  int64
}

// MarshalJSON implements json.Marshaler.
func (f File) MarshalJSON() ([]byte, error) { return json.Marshal([]any{f.SHA256, f.Bytes}) }

// UnmarshalJSON implements json.Unmarshaler.
func (f *File) UnmarshalJSON(b []byte) error {
	both := []any{&f.SHA256, &f.Bytes}
	if err := json.Unmarshal(b, &both); err != nil {
		return err
	}
	if len(both) != 2 {
		return errors.New("site: a file is a digest and a length")
	}
	return nil
}

// bytes is the list as it is served: one line a file, in the order of the paths.
func (l *List) bytes() ([]byte, error) {
	raw, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	raw = bytes.ReplaceAll(raw, []byte(`],"`), []byte("],\n\""))
	return append(raw, '\n'), nil
}

func fileOf(data []byte) File { return File{digest(data), int64(len(data))} }

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// buildLine is where the service worker holds the name of its build.
var buildLine = regexp.MustCompile(`(?m)^const BUILD = "([0-9a-f]{64})";`)

// named returns a service worker with the name of a build.
func named(worker []byte, build string) ([]byte, error) {
	m := buildLine.FindSubmatchIndex(worker)
	if m == nil {
		return nil, errors.New("the service worker has no line for its build")
	}
	return append(append(append([]byte(nil), worker[:m[2]]...), build...), worker[m[3]:]...), nil
}

// hashes writes assets/js/hashes.mjs, with which the page checks its programs. A sealed site's index.html gets the digests of its scripts.
func (b *builder) hashes(_ context.Context, out string) error {
	modules, err := filepath.Glob(filepath.Join(out, "*.wasm"))
	if err != nil {
		return err
	}
	sums := map[string]string{}
	for _, name := range modules {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		sums[filepath.Base(name)] = digest(data)
	}
	raw, err := json.MarshalIndent(sums, "", "  ")
	if err != nil {
		return err
	}
	text := fmt.Sprintf("// Written by cmd/internal/site: what modules.mjs checks programs against, and whether this site is sealed.\nexport const sealed = %t;\nexport const sha256 = %s;\n", b.Sealed, raw)
	if err := os.WriteFile(filepath.Join(out, "assets", "js", "hashes.mjs"), []byte(text), 0o644); err != nil || !b.Sealed {
		return err
	}
	return sealIndex(out)
}

// script finds what index.html loads: scripts, modules that come early, and style sheets.
var script = regexp.MustCompile(`<(?:script type="module" src|link rel="(?:modulepreload|stylesheet)" href)="([^"]+)"`)

// sealIndex puts the digests of its scripts and styles into index.html; the browser runs them only when they are right. Modules that others import have
// theirs too, since index.html names them all.
func sealIndex(out string) error {
	name := filepath.Join(out, "index.html")
	page, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var bad error
	page = script.ReplaceAllFunc(page, func(tag []byte) []byte {
		data, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(string(script.FindSubmatch(tag)[1]))))
		if err != nil {
			bad = err
			return tag
		}
		sum := sha256.Sum256(data)
		return fmt.Appendf(nil, `%s integrity="sha256-%s"`, tag, base64.StdEncoding.EncodeToString(sum[:]))
	})
	if bad != nil {
		return bad
	}
	return os.WriteFile(name, page, 0o644)
}

// list writes site.json and the service worker. Models of a packed folder are not in it: there may be many, and each is named by its own digest.
func (b *builder) list(_ context.Context, out string) error {
	from := filepath.Join(out, "assets", "js", WorkerName)
	worker, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.Remove(from); err != nil { // its scope would be its folder
		return err
	}
	l := &List{Version: b.Version, Sealed: b.Sealed, Worker: digest(worker), Files: map[string]File{}}
	err = fs.WalkDir(os.DirFS(out), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || p == headers.FileName || b.Models != "" && strings.HasPrefix(p, "models/") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(p)))
		l.Files[p] = fileOf(data)
		return err
	})
	if err != nil {
		return err
	}
	files, err := signed(l, worker)
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil {
			return err
		}
	}
	b.logf("build %s, %d files", digest(files[ListName])[:12], len(l.Files))
	return nil
}

// signed returns site.json and the service worker that carries its digest.
func signed(l *List, worker []byte) (map[string][]byte, error) {
	list, err := l.bytes()
	if err != nil {
		return nil, err
	}
	if worker, err = named(worker, digest(list)); err != nil {
		return nil, err
	}
	return map[string][]byte{ListName: list, WorkerName: worker}, nil
}

// Relist returns the site.json and the service worker of a finished site in which some files are replaced, and those of folder, if it is not
// empty, come from elsewhere. A site without a list has none afterwards either.
func Relist(fsys fs.FS, replaced map[string][]byte, folder string) (map[string][]byte, error) {
	raw, err := fs.ReadFile(fsys, ListName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	l := &List{}
	if err := json.Unmarshal(raw, l); err != nil {
		return nil, fmt.Errorf("site: %s: %w", ListName, err)
	}
	for p := range l.Files {
		if folder != "" && strings.HasPrefix(p, path.Clean(folder)+"/") {
			delete(l.Files, p)
		}
	}
	for p, data := range replaced {
		l.Files[p] = fileOf(data)
	}
	worker, err := fs.ReadFile(fsys, WorkerName)
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	files, err := signed(l, worker)
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	return files, nil
}

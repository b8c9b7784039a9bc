package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/andybalholm/brotli"

	"anomnet/cmd/internal/headers"
	"anomnet/cmd/internal/modelstore"
	"anomnet/cmd/internal/pack"
	"anomnet/core/signature"
)

// Options of Build. The zero value works inside the source tree.
type Options struct {
	// Root is the source tree. Default: the folder with go.mod above the working directory.
	Root string
	// Version is what the worker reports. Default: "dev".
	Version string
	// Models is a packed folder (anomnet model pack) to offer instead of the built-in part.
	Models string
	// Sealed makes a site that checks its programs before it runs them and, once it runs, cannot fetch anything; see docs/security.md.
	Sealed bool
	// Keys are public keys (.pub files) that the page trusts from the start.
	Keys []string
	// Traces keeps source lines and arguments in the program, for stack traces.
	Traces bool
	// NoCompress leaves out the .br and .gz files.
	NoCompress bool
	// Env is the environment of the go command. Default: that of this process.
	Env []string
	// Log gets one line per step. Default: nowhere.
	Log io.Writer
}

// brotliLevel makes the two programs 4 % smaller than level 10 (1.94 MB together) for 9 s on two cores instead of 5.
const brotliLevel = 11

// compressed lists the kinds of files that get .br and .gz variants; images and models do not shrink.
var compressed = []string{".html", ".css", ".js", ".mjs", ".json", ".svg", ".wasm"}

// Build writes the site to outDir, replacing what is there. The site is made in a temporary folder beside it and renamed file
// by file, so a failed build leaves the old site. It runs the go command for anomnet.wasm.
func Build(ctx context.Context, outDir string, opt *Options) error {
	b, err := newBuilder(opt)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(outDir, 0o755); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(filepath.Clean(outDir)), ".site-*")
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	defer os.RemoveAll(tmp)
	for _, step := range []func(context.Context, string) error{b.programs, kernelModules, b.files, icons, b.models, b.hashes, b.list, b.compress} {
		if err := step(ctx, tmp); err != nil {
			return fmt.Errorf("site: %w", err)
		}
	}
	return replace(outDir, tmp)
}

type builder struct {
	Options
}

func newBuilder(opt *Options) (*builder, error) {
	b := &builder{}
	if opt != nil {
		b.Options = *opt
	}
	if b.Version == "" {
		b.Version = "dev"
	}
	if strings.ContainsAny(b.Version, " '\"\\") {
		return nil, fmt.Errorf("site: version %q has spaces or quotes", b.Version)
	}
	if b.Log == nil {
		b.Log = io.Discard
	}
	if b.Root == "" {
		root, err := findRoot()
		if err != nil {
			return nil, err
		}
		b.Root = root
	}
	return b, nil
}

// findRoot looks for go.mod upwards.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("site: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("site: no go.mod in this folder or above; give Options.Root")
		}
		dir = up
	}
}

// inlined are the packages in which calls are inlined, those with inner loops. Elsewhere it is switched off: that makes the program 7 % smaller as it
// travels (1.84 to 1.71 MB brotli).
var inlined = []string{"runtime", "internal/runtime/...", "anomnet/core/imaging/...", "anomnet/core/engine", "anomnet/core/detect", "anomnet/core/teach",
	"image", "image/png", "compress/..."}

// programs builds the one program of page and workers and copies Go's support script.
func (b *builder) programs(ctx context.Context, out string) error {
	abs, err := filepath.Abs(filepath.Join(out, "anomnet.wasm"))
	if err != nil {
		return err
	}
	keys, err := b.pageKeys()
	if err != nil {
		return err
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -X main.version=" + b.Version + " -X main.keys=" + keys, "-gcflags=all=-l"}
	for _, pkg := range inlined {
		args = append(args, "-gcflags="+pkg+"=")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "-o", abs, "./cmd/page")...)
	cmd.Dir = b.Root
	cmd.Env = append(b.environment(), "GOOS=js", "GOARCH=wasm")
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/page: %w\n%s", err, msg)
	}
	if err := b.trimFile(abs); err != nil {
		return err
	}
	b.logf("built anomnet.wasm")
	env := exec.CommandContext(ctx, "go", "env", "GOROOT")
	env.Dir, env.Env = b.Root, b.environment() // the script belongs to the Go that built the program
	goroot, err := env.Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	return copyFile(filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec.js"), filepath.Join(out, "wasm_exec.js"))
}

func (b *builder) environment() []string {
	if b.Env != nil {
		return slices.Clone(b.Env)
	}
	return os.Environ()
}

// pageKeys are the keys as cmd/page takes them; a key's label is the name of its file.
func (b *builder) pageKeys() (string, error) {
	var list []string
	for _, path := range b.Keys {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		label := strings.Map(func(r rune) rune {
			if strings.ContainsRune("-_.", r) || unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return '-'
		}, strings.TrimSuffix(filepath.Base(path), ".pub"))
		k, err := signature.ParseKey(string(text), label, signature.BuiltIn)
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, label+"="+k.String())
	}
	return strings.Join(list, ";"), nil
}

// files copies what is served as it is.
func (b *builder) files(_ context.Context, out string) error {
	if err := copyFile(filepath.Join(b.Root, "index.html"), filepath.Join(out, "index.html")); err != nil {
		return err
	}
	for _, dir := range []string{"css", "js", "icons"} {
		if err := copyDir(filepath.Join(b.Root, "assets", dir), filepath.Join(out, "assets", dir), nil); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(out, headers.FileName), headers.File(), 0o644); err != nil {
		return err
	}
	if b.Models != "" { // the sample images show the built-in part
		if err := os.MkdirAll(filepath.Join(out, "samples"), 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(out, "samples", "index.json"), []byte("[]\n"), 0o644)
	}
	samples := filepath.Join(b.Root, "assets", "samples")
	if _, err := os.Stat(filepath.Join(samples, "index.json")); err != nil {
		return fmt.Errorf("sample images: %w", err)
	}
	return copyDir(samples, filepath.Join(out, "samples"), nil)
}

// modelIndex is models/index.json, which tells the page what to fetch.
type modelIndex struct {
	Backbone string `json:"backbone"`
	Head     string `json:"head"`
}

// models copies the packed folder, or else the default part's files, and writes their index if the tree has none.
func (b *builder) models(_ context.Context, out string) error {
	if b.Models != "" {
		if _, err := pack.Check(os.DirFS(b.Models)); err != nil {
			return fmt.Errorf("%s: %w", b.Models, err)
		}
		return copyDir(b.Models, filepath.Join(out, "models"), modelstore.Offered)
	}
	src, dst := filepath.Join(b.Root, "assets", "models"), filepath.Join(out, "models")
	raw, err := os.ReadFile(filepath.Join(src, "index.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		raw, err = json.Marshal(modelIndex{Backbone: "backbone.anomnet", Head: "default.anomnet"})
		if err != nil {
			return err
		}
	case err != nil:
		return err
	}
	var ix modelIndex
	if err := json.Unmarshal(raw, &ix); err != nil {
		return fmt.Errorf("assets/models/index.json: %w", err)
	}
	for _, name := range []string{ix.Backbone, ix.Head} {
		if name == "" {
			continue
		}
		if name != filepath.Base(name) {
			return fmt.Errorf("assets/models/index.json: %q is not a plain file name", name)
		}
		if err := copyFile(filepath.Join(src, name), filepath.Join(dst, name)); err != nil {
			return fmt.Errorf("default model: %w", err)
		}
	}
	return os.WriteFile(filepath.Join(dst, "index.json"), raw, 0o644)
}

// compress writes .br and .gz beside every file that gains from it, several at a time.
func (b *builder) compress(ctx context.Context, out string) error {
	if b.NoCompress {
		return nil
	}
	var names []string
	err := filepath.WalkDir(out, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains(compressed, filepath.Ext(p)) {
			names = append(names, p)
		}
		return err
	})
	if err != nil {
		return err
	}
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			if errs[i] = ctx.Err(); errs[i] == nil {
				errs[i] = compressFile(name)
			}
		})
	}
	wg.Wait()
	b.logf("compressed %d files", len(names))
	return errors.Join(errs...)
}

// compressFile keeps a variant only when it is smaller than the file.
func compressFile(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var br, gz bytes.Buffer
	bw := brotli.NewWriterLevel(&br, brotliLevel)
	gw, err := gzip.NewWriterLevel(&gz, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, w := range []io.WriteCloser{bw, gw} {
		if _, err := w.Write(data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := w.Close(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for suffix, buf := range map[string]*bytes.Buffer{".br": &br, ".gz": &gz} {
		if buf.Len() < len(data) {
			if err := os.WriteFile(name+suffix, buf.Bytes(), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) logf(format string, args ...any) { fmt.Fprintf(b.Log, "site: "+format+"\n", args...) }

// replace moves the new site's entries into outDir and removes what is old. Hidden files such as .keep stay.
func replace(outDir, tmp string) error {
	old, err := os.ReadDir(outDir)
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	for _, e := range old {
		if !strings.HasPrefix(e.Name(), ".") {
			if err := os.RemoveAll(filepath.Join(outDir, e.Name())); err != nil {
				return fmt.Errorf("site: %w", err)
			}
		}
	}
	entries, err := os.ReadDir(tmp)
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(tmp, e.Name()), filepath.Join(outDir, e.Name())); err != nil {
			return fmt.Errorf("site: %w", err)
		}
	}
	return nil
}

// copyDir copies a folder; only, unless it is nil, says which files.
func copyDir(src, dst string, only func(name string) bool) error {
	return filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, p)
		if err != nil || d.IsDir() || only != nil && !only(filepath.ToSlash(rel)) {
			return err
		}
		return copyFile(p, filepath.Join(dst, rel))
	})
}

func copyFile(src, dst string) error {
	data, err := os.ReadFile(src)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return err
	}
	return os.WriteFile(dst, data, 0o644)
}

// Package release makes what people download: the command line for several systems and the site as archives, with checksums, a bill of materials
// and the licences of everything that is linked. Two builds of the same source by the same version of Go have the same bytes, wherever and whenever
// they are made: no path, time, user or setting of the machine goes into them. docs/release.md says how to check that.
package release

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"anomnet/cmd/internal/site"
)

// Target is a system that the command line is built for.
type Target struct{ OS, Arch string }

// Targets are those of a whole release.
func Targets() []Target {
	return []Target{{"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"darwin", "arm64"}}
}

// Options of Build.
type Options struct {
	Root    string // the source tree; its assets/site is written
	Version string
	Targets []Target // nil: Targets()
	// Fast leaves the site uncompressed, for tests.
	Fast bool
	// Sign returns the signature file of SHA256SUMS; nil: none.
	Sign func(sums []byte) ([]byte, error)
	Log  io.Writer // nil: nowhere
}

// The names of files beside the archives.
const (
	SumsName     = "SHA256SUMS"
	BOMName      = "sbom.cdx.json"
	LicencesName = "THIRD_PARTY.txt"
)

// Build writes a release to out, in the place of what is there: all of it, or nothing.
func Build(ctx context.Context, out string, opt *Options) error {
	b := &builder{Options: *opt}
	if b.Log == nil {
		b.Log = io.Discard
	}
	if b.Targets == nil {
		b.Targets = Targets()
	}
	tmp, err := os.MkdirTemp(filepath.Dir(filepath.Clean(out)), ".release-*")
	if err != nil {
		return fmt.Errorf("release: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := b.build(ctx, tmp); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	if err := os.RemoveAll(out); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	if err := os.Rename(tmp, out); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

type builder struct{ Options }

func (b *builder) build(ctx context.Context, dir string) error {
	siteDir := filepath.Join(b.Root, "assets", "site")
	if err := site.Build(ctx, siteDir, &site.Options{Root: b.Root, Version: b.Version, NoCompress: b.Fast, Env: environment(browser), Log: b.Log}); err != nil {
		return err
	}
	modules, err := Linked(ctx, b.Root, b.Targets)
	if err != nil {
		return err
	}
	licences, err := thirdParty(modules)
	if err != nil {
		return err
	}
	bom, err := billOfMaterials(b.Version, modules)
	if err != nil {
		return err
	}
	files := map[string][]byte{BOMName: bom, LicencesName: licences}
	if err := b.archive(files, siteDir, "site", licences); err != nil {
		return err
	}
	for _, t := range b.Targets {
		if err := b.binary(ctx, files, t, licences); err != nil {
			return err
		}
	}
	sums := sumsOf(files)
	files[SumsName] = sums
	if b.Sign != nil {
		if files[SumsName+".minisig"], err = b.Sign(sums); err != nil {
			return err
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// sumsOf lists files as sha256sum -c reads them.
func sumsOf(files map[string][]byte) []byte {
	var lines []string
	for name, data := range files {
		lines = append(lines, fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[66:], b[66:]) })
	return []byte(strings.Join(lines, ""))
}

func (b *builder) name(what string) string { return "anomnet-" + b.Version + "-" + what }

// archive packs the site's folder.
func (b *builder) archive(files map[string][]byte, dir, what string, licences []byte) error {
	list, err := folder(dir)
	if err != nil {
		return err
	}
	list = append(list, entry{name: LicencesName, data: licences})
	data, err := tarGz(b.name(what), list)
	files[b.name(what)+".tar.gz"] = data
	fmt.Fprintf(b.Log, "release: %s.tar.gz, %d bytes\n", b.name(what), len(data))
	return err
}

// binary builds the command line for a system and packs it.
func (b *builder) binary(ctx context.Context, files map[string][]byte, t Target, licences []byte) error {
	tmp, err := os.MkdirTemp("", "anomnet-release-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	exe := "anomnet"
	if t.OS == "windows" {
		exe += ".exe"
	}
	path := filepath.Join(tmp, exe)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -X main.version="+b.Version, "-o", path, "./cmd/anomnet")
	cmd.Dir, cmd.Env = b.Root, environment(t)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build for %s/%s: %w\n%s", t.OS, t.Arch, err, msg)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	list, err := b.texts()
	if err != nil {
		return err
	}
	list = append(list, entry{exe, data, true}, entry{LicencesName, licences, false})
	name, pack, suffix := b.name(t.OS+"-"+t.Arch), tarGz, ".tar.gz"
	if t.OS == "windows" {
		pack, suffix = zipFile, ".zip"
	}
	packed, err := pack(name, list)
	files[name+suffix] = packed
	fmt.Fprintf(b.Log, "release: %s%s, %d bytes\n", name, suffix, len(packed))
	return err
}

// texts are the README and what its links lead to.
func (b *builder) texts() (list []entry, err error) {
	tree := os.DirFS(b.Root)
	add := func(name string) error {
		data, err := fs.ReadFile(tree, name)
		list = append(list, entry{name, data, false})
		return err
	}
	if err := errors.Join(add("README.md"), add("CONTRIBUTING.md")); err != nil {
		return nil, err
	}
	return list, fs.WalkDir(tree, "docs", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return add(name)
	})
}

// environment is what a build depends on: the machine's own settings of Go do not count, except where its caches are and whence modules come.
func environment(t Target) []string {
	keep := []string{"PATH", "HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA", "SYSTEMROOT", "GOCACHE", "GOMODCACHE", "GOPATH", "GOROOT", "GOPROXY", "GONOSUMDB",
		"GOSUMDB", "GONOPROXY", "GOPRIVATE", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE"}
	var env []string
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); slices.Contains(keep, name) {
			env = append(env, kv)
		}
	}
	return append(env, "CGO_ENABLED=0", "GOOS="+t.OS, "GOARCH="+t.Arch, "GOAMD64=v1", "GOARM64=v8.0", "GOWASM=", "GOFLAGS=", "GOEXPERIMENT=", "GOENV=off", "GOWORK=off",
		"GOTOOLCHAIN=local")
}

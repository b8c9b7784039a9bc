package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../../.."

// TestLinkedLicences: everything that is linked has a licence that we know as permissive.
func TestLinkedLicences(t *testing.T) {
	t.Setenv("GOTOOLCHAIN", "none") // the machine's; the build, and what the bill of materials says of it, use their own
	modules, err := Linked(t.Context(), root, Targets())
	require.NoError(t, err)
	var names []string
	for _, m := range modules {
		names = append(names, m.Path)
		assert.NotEmpty(t, m.Texts, m.Path)
		assert.NotContains(t, m.Path, "gotch", "only the build with libtorch has it, and that is not released")
		t.Logf("%s %s: %s", m.Path, m.Version, m.Licence)
	}
	assert.Subset(t, names, []string{"std", "aead.dev/minisign", "golang.org/x/image", "github.com/vugu/vugu", "github.com/syumai/workers"})

	text, err := thirdParty(modules)
	require.NoError(t, err)
	bomText, err := billOfMaterials("v1", modules)
	require.NoError(t, err)
	var b bom
	require.NoError(t, json.Unmarshal(bomText, &b))
	assert.Len(t, b.Components, len(modules))
	for _, m := range modules {
		assert.Contains(t, string(text), m.Path+" "+m.Version+", "+m.Licence)
	}
}

func TestClassify(t *testing.T) {
	bsd := "Redistributions in binary form must\nreproduce the above"
	for name, c := range map[string]struct {
		texts map[string]string
		want  string
	}{
		"mit":     {map[string]string{"LICENSE": "Permission is hereby granted, free of charge, to any person\nobtaining a copy of this software"}, "MIT"},
		"bsd 3":   {map[string]string{"LICENSE": bsd + " Neither the name of"}, "BSD-3-Clause"},
		"bsd 2":   {map[string]string{"COPYING": bsd}, "BSD-2-Clause"},
		"apache":  {map[string]string{"NOTICE": "x", "LICENSE.txt": "Apache License\n  Version 2.0, January 2004"}, "Apache-2.0"},
		"gpl":     {map[string]string{"LICENSE": "GNU GENERAL PUBLIC LICENSE Version 3"}, ""},
		"none":    {nil, ""},
		"unknown": {map[string]string{"LICENSE": "All rights reserved"}, ""},
		"patents": {map[string]string{"PATENTS": "Permission is hereby granted, free of charge, to any person obtaining a copy of this software"}, ""},
	} {
		got, err := classify(c.texts)
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, c.want == "", errors.Is(err, ErrLicence), name)
	}
}

// copied is the tracked source tree in another folder, with other times.
func copied(t *testing.T, when time.Time) string {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Skipf("NOT TESTED: the source is no git checkout: %v", err)
	}
	dir := t.TempDir()
	for name := range strings.SplitSeq(strings.Trim(string(out), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // removed, and not yet committed
		}
		require.NoError(t, err)
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o644))
		require.NoError(t, os.Chtimes(path, when, when))
	}
	return dir
}

// TestReproducible builds twice, in other folders, at other times, under other settings of Go. RELEASE=whole takes all systems, compresses the site and
// gives each build an empty cache: `make release-check`. Otherwise it is one system, and the caches are shared.
func TestReproducible(t *testing.T) {
	whole := os.Getenv("RELEASE") == "whole"
	opt := Options{Version: "v0.0.0-test", Targets: []Target{{"linux", "amd64"}}, Fast: true}
	if whole {
		opt.Targets, opt.Fast = nil, false
	}
	var sums [2][]byte
	for i, when := range []time.Time{time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2031, 7, 7, 7, 7, 7, 0, time.UTC)} {
		opt.Root = copied(t, when)
		if whole {
			t.Setenv("GOCACHE", t.TempDir())
		}
		t.Setenv("GOFLAGS", []string{"", "-tags=torch"}[i])
		t.Setenv("GOTOOLCHAIN", []string{"local", "none"}[i])
		t.Setenv("GOAMD64", []string{"v1", "v3"}[i])
		t.Setenv("USER", []string{"anna", "ben"}[i])
		t.Setenv("TZ", []string{"UTC", "Asia/Tokyo"}[i])
		out := filepath.Join(t.TempDir(), "dist")
		begin := time.Now()
		require.NoError(t, Build(t.Context(), out, &opt))
		t.Logf("%.0f s", time.Since(begin).Seconds())
		var err error
		sums[i], err = os.ReadFile(filepath.Join(out, SumsName))
		require.NoError(t, err)
		check(t, out, opt.Root)
	}
	assert.Equal(t, string(sums[0]), string(sums[1]))
	t.Logf("\n%s", sums[0])
}

// check looks into a release: its sums fit, its archives hold what they should, and no path of the machine is in them.
func check(t *testing.T, out, root string) {
	t.Helper()
	files := map[string][]byte{}
	entries, err := os.ReadDir(out)
	require.NoError(t, err)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(out, e.Name()))
		require.NoError(t, err)
		if e.Name() != SumsName {
			files[e.Name()] = data
		}
	}
	sums, err := os.ReadFile(filepath.Join(out, SumsName))
	require.NoError(t, err)
	assert.Equal(t, string(sumsOf(files)), string(sums))
	const dir = "anomnet-v0.0.0-test-linux-amd64"
	zr, err := gzip.NewReader(bytes.NewReader(files[dir+".tar.gz"]))
	require.NoError(t, err)
	tr := tar.NewReader(zr)
	seen, readme := map[string]int64{}, ""
	for {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		seen[h.Name] = h.Mode
		data, err := io.ReadAll(tr)
		require.NoError(t, err)
		assert.False(t, bytes.Contains(data, []byte(root)), "%s holds a path of this machine", h.Name)
		if h.Name == dir+"/README.md" {
			readme = string(data)
		}
	}
	links := regexp.MustCompile(`\]\(([\w./-]+)(?:#[\w-]*)?\)`).FindAllStringSubmatch(readme, -1)
	assert.Greater(t, len(links), 20)
	for _, link := range links {
		assert.Contains(t, seen, dir+"/"+link[1], "the README leads there")
	}
	for name, mode := range seen {
		switch strings.TrimPrefix(name, dir+"/") {
		case "anomnet":
			assert.EqualValues(t, 0o755, mode)
		case "README.md", "CONTRIBUTING.md", "THIRD_PARTY.txt":
			assert.EqualValues(t, 0o644, mode, name)
		default:
			assert.Contains(t, name, dir+"/docs/")
			assert.EqualValues(t, 0o644, mode, name)
		}
	}
}

package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Module is a module that is linked into something we ship.
type Module struct {
	Path, Version string
	Sum           string // as in go.sum
	Dir           string // in the module cache
	Licence       string // SPDX
	Texts         map[string]string
}

// browser is what the programs of the site are built for, and wasm which they are.
var (
	browser = Target{"js", "wasm"}
	wasm    = []string{"./cmd/page", "./cmd/edge"}
)

// Linked lists the modules behind the command line for some systems and behind the programs of site and worker, by path, with their licences. The
// standard library is the module "std".
func Linked(ctx context.Context, root string, targets []Target) ([]Module, error) {
	found := map[string]Module{}
	for _, t := range targets {
		if err := list(ctx, root, t, found, "./cmd/anomnet"); err != nil {
			return nil, err
		}
	}
	if err := list(ctx, root, browser, found, wasm...); err != nil {
		return nil, err
	}
	env := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOROOT")
	env.Dir, env.Env = root, environment(browser) // the Go that builds, which need not be the one of the machine's settings
	out, err := env.Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	version, goroot, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	found["std"] = Module{Path: "std", Version: strings.TrimPrefix(version, "go"), Dir: goroot}
	var modules []Module
	for _, m := range found {
		if m.Texts, err = licenceFiles(m.Dir); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		if m.Licence, err = classify(m.Texts); err != nil {
			return nil, fmt.Errorf("%s %s: %w", m.Path, m.Version, err)
		}
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// list adds the modules behind packages.
func list(ctx context.Context, root string, t Target, found map[string]Module, packages ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-deps", "-json=Module"}, packages...)...)
	cmd.Dir, cmd.Env = root, environment(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list: %w\n%s", err, stderr.Bytes())
	}
	d := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			Module *struct {
				Path, Version, Dir, Sum string
				Main                    bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		if m := p.Module; m != nil && !m.Main {
			found[m.Path] = Module{Path: m.Path, Version: m.Version, Sum: m.Sum, Dir: m.Dir}
		}
	}
}

// licenceFiles reads the files of a module that must travel with it.
func licenceFiles(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, e := range entries {
		base := strings.ToUpper(strings.TrimSuffix(strings.TrimSuffix(e.Name(), ".md"), ".txt"))
		if e.IsDir() || !slices.Contains([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "PATENTS"}, base) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		texts[e.Name()] = string(data)
	}
	return texts, nil
}

// ErrLicence means that a module has no licence that we know as permissive.
var ErrLicence = errors.New("no known permissive licence")

// permissive are sentences that only the named licence has.
var permissive = []struct{ spdx, has, not string }{
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy of this software", ""},
	{"BSD-3-Clause", "Redistributions in binary form must reproduce", "\x00"},
	{"BSD-2-Clause", "Redistributions in binary form must reproduce", "Neither the name"},
	{"Apache-2.0", "Apache License Version 2.0, January 2004", ""},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted", ""},
}

// classify names the licence of a module by its text. It knows few, so that a new one is looked at by a person.
func classify(texts map[string]string) (string, error) {
	for name, text := range texts {
		if upper := strings.ToUpper(name); strings.HasPrefix(upper, "NOTICE") || strings.HasPrefix(upper, "PATENTS") {
			continue
		}
		flat := strings.Join(strings.Fields(text), " ")
		if strings.Contains(flat, "GNU ") && !strings.Contains(flat, "Apache License") {
			return "", fmt.Errorf("%w: %s speaks of GNU", ErrLicence, name)
		}
		for _, l := range permissive {
			if !strings.Contains(flat, l.has) {
				continue
			}
			if l.spdx == "BSD-3-Clause" && !strings.Contains(flat, "Neither the name") || l.not != "" && strings.Contains(flat, l.not) {
				continue
			}
			return l.spdx, nil
		}
	}
	return "", ErrLicence
}

// thirdParty is one text with the licences of all modules.
func thirdParty(modules []Module) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("What is linked into AnomNet, and under which licences.\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "\n%s\n%s %s, %s\n", strings.Repeat("=", 80), m.Path, m.Version, m.Licence)
		names := slices.Collect(func(yield func(string) bool) {
			for n := range m.Texts {
				if !yield(n) {
					return
				}
			}
		})
		slices.Sort(names)
		for _, n := range names {
			fmt.Fprintf(&b, "\n--- %s\n\n%s\n", n, strings.TrimSpace(m.Texts[n]))
		}
	}
	return b.Bytes(), nil
}

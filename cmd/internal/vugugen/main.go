// Command vugugen makes Go code of .vugu files, as vugugen of Vugu does, and puts calls of webui/dom/slim in the place of statements that it
// repeats for every element.
//
//	//go:generate go run anomnet/cmd/internal/vugugen .
//
// Arguments are those of go tool vugugen; the last one is the folder. Exit status: 0 made, 1 failed.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "vugugen: error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	dir := "."
	if len(args) > 0 {
		dir = args[len(args)-1]
	}
	gen := exec.Command("go", append([]string{"tool", "vugugen"}, args...)...)
	gen.Stdout, gen.Stderr = os.Stdout, os.Stderr
	if err := gen.Run(); err != nil {
		return fmt.Errorf("go tool vugugen: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*_gen.go"))
	if err != nil {
		return err
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, Slim(b), 0o644); err != nil {
			return err
		}
	}
	return nil
}

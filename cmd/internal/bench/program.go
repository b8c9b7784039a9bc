package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildProgram builds wasm/bench and puts beside it what it needs: kernel modules, their loader, Go's support script. All are made of the source tree around
// the working directory, so that they fit each other, whatever this binary was built of.
func buildProgram(ctx context.Context, dir string) error {
	for _, args := range [][]string{
		{"build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, "bench.wasm"), "anomnet/wasm/bench"},
		{"run", "anomnet/cmd/mksite", "-kernels", dir},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		if cmd.Env = os.Environ(); args[0] == "build" {
			cmd.Env = append(cmd.Env, "GOOS=js", "GOARCH=wasm")
		}
		if msg, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("bench: go %s, which needs Go and the source tree: %w\n%s", strings.Join(args, " "), err, msg)
		}
	}
	env, err := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("bench: go env: %w", err)
	}
	lines := strings.Split(string(env), "\n")
	for name, from := range map[string]string{
		"wasm_exec.js": filepath.Join(lines[0], "lib", "wasm", "wasm_exec.js"),
		"kernels.mjs":  filepath.Join(filepath.Dir(lines[1]), "assets", "js", "kernels.mjs"),
	} {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

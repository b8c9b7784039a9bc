package site

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Edge writes what wrangler deploys to out: the site, uncompressed (Cloudflare compresses), the worker's program with its support
// scripts, and wrangler.jsonc. It runs the go command.
func Edge(ctx context.Context, out string, opt *Options) error {
	b, err := newBuilder(opt)
	if err != nil {
		return err
	}
	b.NoCompress = true
	abs, err := filepath.Abs(out)
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	if err := Build(ctx, filepath.Join(abs, "site"), &b.Options); err != nil {
		return err
	}
	worker := filepath.Join(abs, "worker")
	for _, args := range [][]string{
		{"run", "github.com/syumai/workers/cmd/workers-assets-gen", "-mode=go", "-o", worker}, // empties the folder
		{"build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(worker, "app.wasm"), "./cmd/edge"},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Env = b.Root, os.Environ()
		if args[0] == "build" {
			cmd.Env = append(cmd.Env, "GOOS=js", "GOARCH=wasm")
		}
		if msg, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("site: go %s: %w\n%s", args[0], err, msg)
		}
	}
	b.logf("built the worker")
	for src, dst := range map[string]string{"entry.mjs": filepath.Join("worker", "entry.mjs"), "wrangler.jsonc": "wrangler.jsonc"} {
		if err := copyFile(filepath.Join(b.Root, "cmd", "edge", src), filepath.Join(abs, dst)); err != nil {
			return fmt.Errorf("site: %w", err)
		}
	}
	return nil
}

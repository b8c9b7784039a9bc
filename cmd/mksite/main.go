// Command mksite builds the static site of the page.
//
//	go run ./cmd/mksite [-o assets/site] [-version TEXT] [-models DIR] [-key FILE.pub]... [-fast] [-sealed]
//	go run ./cmd/mksite -edge DIR [-version TEXT] [-models DIR]
//	go run ./cmd/mksite -kernels DIR
//
// With -edge it writes what Cloudflare runs, the site included. With -kernels it writes the kernel modules only, for tests that run outside of the site.
// With -sealed the page checks its programs before it runs them, and once it runs it cannot fetch anything.
//
// Exit status: 0 built, 1 failed, 2 wrong usage.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"anomnet/cmd/internal/site"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stderr))
}

func run(ctx context.Context, args []string, stderr io.Writer) int {
	fl := flag.NewFlagSet("mksite", flag.ContinueOnError)
	fl.SetOutput(stderr)
	root := fl.String("root", ".", "source tree")
	out := fl.String("o", "", "folder to write (default assets/site in the source tree)")
	version := fl.String("version", "dev", "version that the worker reports")
	fast := fl.Bool("fast", false, "do not compress")
	kernels := fl.String("kernels", "", "folder to write the kernel modules to, and nothing else")
	models := fl.String("models", "", "packed `folder` (anomnet model pack) to offer instead of the built-in part")
	sealed := fl.Bool("sealed", false, "a site that checks its programs and, once it runs, cannot fetch anything; docs/security.md")
	traces := fl.Bool("traces", false, "keep source lines and arguments in the program, for the stack traces of a browser's console")
	edge := fl.String("edge", "", "`folder` to write the Cloudflare Worker and its site to")
	var keys []string
	fl.Func("key", "public key `FILE.pub` that the page trusts; may be repeated", func(path string) error {
		keys = append(keys, path)
		return nil
	})
	if err := fl.Parse(args); err != nil || fl.NArg() > 0 {
		return 2
	}
	if *kernels != "" {
		if err := site.Kernels(*kernels); err != nil {
			fmt.Fprintln(stderr, "mksite: error:", err)
			return 1
		}
		return 0
	}
	opt := &site.Options{Root: *root, Version: *version, Models: *models, Keys: keys, NoCompress: *fast, Sealed: *sealed, Traces: *traces, Log: stderr}
	var err error
	switch {
	case *edge != "":
		err = site.Edge(ctx, *edge, opt)
	case *out == "":
		err = site.Build(ctx, filepath.Join(*root, "assets", "site"), opt)
	default:
		err = site.Build(ctx, *out, opt)
	}
	if err != nil {
		fmt.Fprintln(stderr, "mksite: error:", err)
		return 1
	}
	return 0
}

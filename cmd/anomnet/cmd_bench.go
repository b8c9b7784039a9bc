package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"anomnet/assets"
	"anomnet/cmd/internal/bench"
	"anomnet/core/engine"
	"anomnet/core/model"
)

// benchFlags are the flags of bench.
type benchFlags struct {
	models, tiers []string
	image         string
	peer          string // program for engine, folder for browser
	chromium      string
	asJSON        bool
	opt           bench.Options
}

func benchCommand(flags *flag.FlagSet) func(context.Context, *console, []string) error {
	f := &benchFlags{}
	flags.Func("model", "`file` with a backbone, a head or both; may be repeated; default: the built-in backbone and part", func(s string) error {
		f.models = append(f.models, s)
		return nil
	})
	flags.Func("tier", "kernel `tiers`, comma-separated; default: all but ref", func(s string) error {
		f.tiers = strings.Split(s, ",")
		return nil
	})
	flags.StringVar(&f.image, "image", "", "picture `file` to run on; default: a built-in sample")
	flags.StringVar(&f.peer, "peer", "", "onnxruntime to compare with: a python `program` for engine (default .build/peer/bin/python or python3),\n"+
		"a folder that npm installs into for browser (default .build/peer), or none")
	flags.StringVar(&f.chromium, "chromium", "", "browser: `program`; default: chromium or google-chrome")
	flags.IntVar(&f.opt.Rounds, "rounds", 0, "turns of every contender (default 15)")
	flags.BoolVar(&f.asJSON, "json", false, "print the report as JSON")
	return func(ctx context.Context, c *console, args []string) error {
		if len(args) != 1 || (args[0] != "engine" && args[0] != "browser") {
			return usageError("want engine or browser")
		}
		f.opt.Progress = func(done, total int) { c.progress("rounds", done, total) }
		nets, err := f.nets()
		if err != nil {
			return err
		}
		run := f.engine
		if args[0] == "browser" {
			run = f.browser
		}
		rep, err := run(ctx, c, nets)
		if err != nil {
			return err
		}
		c.finish()
		if f.asJSON {
			return rep.WriteJSON(c.out)
		}
		return rep.WriteTable(c.out)
	}
}

// nets puts every backbone among the models together with the heads that were made for it.
func (f *benchFlags) nets() ([]*bench.Net, error) {
	picture, err := f.picture()
	if err != nil {
		return nil, err
	}
	files := [][]byte{assets.Backbone()}
	names := append([]string{"built-in backbone"}, f.models...)
	if len(f.models) == 0 {
		if part, err := fs.ReadFile(assets.Site, "models/default.anomnet"); err == nil {
			files, names = append(files, part), append(names, "built-in part")
		}
	}
	for _, name := range f.models {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, data)
	}
	var backbones []*model.Backbone
	heads := map[string]*model.Head{} // by digest of their backbone
	asked := map[string]bool{}
	for i, data := range files {
		m, err := model.Decode(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", names[i], err)
		}
		if m.Head != nil {
			heads[m.Head.BackboneDigest], asked[m.Head.BackboneDigest] = m.Head, true
		}
		if m.Backbone != nil {
			digest, err := m.Backbone.Digest()
			if err != nil {
				return nil, err
			}
			asked[digest] = asked[digest] || i > 0 || len(f.models) == 0
			backbones = append(backbones, m.Backbone)
		}
	}
	return f.join(backbones, heads, asked, picture)
}

// join leaves out the built-in backbone where nobody asked for it.
func (f *benchFlags) join(backbones []*model.Backbone, heads map[string]*model.Head, asked map[string]bool, picture []byte) (nets []*bench.Net, err error) {
	seen := map[string]bool{}
	for _, b := range backbones {
		digest, err := b.Digest()
		if err != nil {
			return nil, err
		}
		if seen[digest] || !asked[digest] {
			continue
		}
		seen[digest] = true
		n, err := bench.NewNet(b.Name, b, heads[digest], picture)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.Name, err)
		}
		nets = append(nets, n)
	}
	for digest, h := range heads {
		if !seen[digest] {
			return nil, fmt.Errorf("%w: no backbone for part %q", model.ErrMismatch, h.Part)
		}
	}
	return nets, nil
}

func (f *benchFlags) picture() ([]byte, error) {
	if f.image != "" {
		return os.ReadFile(f.image)
	}
	data, err := fs.ReadFile(assets.Site, "samples/good-1.jpg")
	if err != nil {
		return nil, errors.New("this binary holds no sample picture; give --image, or build it with: make build")
	}
	return data, nil
}

// peerDir is where `make bench` installs peers.
var peerDir = filepath.Join(".build", "peer")

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (f *benchFlags) engine(ctx context.Context, c *console, nets []*bench.Net) (*bench.Report, error) {
	tiers := engine.Tiers()[1:] // ref is the definition, not an engine
	if f.tiers != nil {
		tiers = nil
		for _, name := range f.tiers {
			k, err := engine.Choose(engine.Tiers(), name)
			if err != nil {
				return nil, err
			}
			tiers = append(tiers, k)
		}
	}
	var python *bench.Python
	var missing []string
	if f.peer != "none" {
		exe := f.peer
		if exe == "" {
			exe = "python3"
			if own := filepath.Join(peerDir, "bin", "python"); exists(own) {
				exe = own
			}
		}
		var err error
		if python, err = bench.StartPython(ctx, exe); err != nil {
			if missing, err = f.skip(c, "onnxruntime, native", err); err != nil {
				return nil, err
			}
		} else {
			defer python.Close()
		}
	}
	rep, err := bench.Native(ctx, nets, tiers, python, &f.opt)
	if rep != nil {
		rep.Missing = missing
	}
	return rep, err
}

func (f *benchFlags) browser(ctx context.Context, c *console, nets []*bench.Net) (*bench.Report, error) {
	opt := &bench.BrowserOptions{Options: f.opt, Chromium: f.chromium, Tiers: f.tiers}
	for _, name := range []string{"chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && opt.Chromium == "" {
			opt.Chromium = path
		}
	}
	if opt.Chromium == "" {
		return nil, errors.New("there is no chromium and no google-chrome; give --chromium")
	}
	var missing, peers []string
	if f.peer != "none" {
		dir := f.peer
		if dir == "" {
			dir = peerDir
		}
		dist, version, err := bench.OrtWeb(ctx, dir, c.err)
		if err != nil {
			if missing, err = f.skip(c, "onnxruntime-web", err); err != nil {
				return nil, err
			}
		} else {
			opt.OrtDir, peers = dist, []string{"onnxruntime-web " + version + " (npm, wasm backend, one thread)"}
		}
	}
	rep, err := bench.Browser(ctx, nets, opt)
	if rep != nil {
		rep.Missing, rep.Peers = missing, peers
	}
	return rep, err
}

// skip says loudly that a peer is missing. A peer that was asked for by name must be there.
func (f *benchFlags) skip(c *console, what string, err error) ([]string, error) {
	if !errors.Is(err, bench.ErrNoPeer) || f.peer != "" {
		return nil, err
	}
	c.log("anomnet: warning: no comparison with %s: %v", what, err)
	return []string{what + ": " + err.Error()}, nil
}

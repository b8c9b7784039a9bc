package bench

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"time"

	"anomnet/core/model"
)

//go:embed page
var page embed.FS

// BrowserOptions of Browser.
type BrowserOptions struct {
	Options
	Chromium string   // program
	OrtDir   string   // dist folder of onnxruntime-web, or "" to go without
	Tiers    []string // of ours; default: all but ref
}

// Browser times our tiers in workers of a Chromium beside onnxruntime-web.
func Browser(ctx context.Context, nets []*Net, opt *BrowserOptions) (*Report, error) {
	dir, err := os.MkdirTemp("", "anomnet-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := buildProgram(ctx, dir); err != nil {
		return nil, err
	}
	pages, err := fs.Sub(page, "page")
	if err != nil {
		return nil, err
	}
	srv := httptest.NewServer(handler(opt, pages, dir))
	defer srv.Close()
	if opt.Warm <= 0 {
		opt.Warm = browserWarm
	}
	r := &Report{Machine: ThisMachine()}
	c, err := startChromium(ctx, opt.Chromium, srv.URL+"/")
	if err != nil {
		return nil, err
	}
	defer c.stop()
	r.Browser = c.Version
	list, err := c.contenders(nets, opt, dir, r)
	if err != nil {
		return nil, err
	}
	if r.Results, err = Alternate(ctx, list, &opt.Options); err != nil {
		return nil, err
	}
	r.Ratios = Ratios(r.Results)
	r.addPeakShares()
	for i, n := range nets {
		if err := c.layers(ctx, n, i, opt, dir, r); err != nil {
			return nil, err
		}
	}
	return r, c.alone(ctx, nets[0], list, opt, dir, r)
}

// layers times every operation of a network in our tiers.
func (c *chromium) layers(ctx context.Context, n *Net, serial int, opt *BrowserOptions, dir string, r *Report) error {
	files, err := n.write(dir, serial)
	if err != nil {
		return err
	}
	t := &n.targets()[0]
	var list []Contender
	for _, x := range r.Results {
		if x.Net != t.name || !x.Ours {
			continue
		}
		load := files.message(t, x.Engine)
		load["layers"] = true
		name := "layers of " + n.Name + ", " + x.Engine
		if _, err := c.call("start", name, "ours.mjs", load); err != nil {
			return err
		}
		run := c.run(name, "")
		list = append(list, Contender{Engine: x.Engine, Run: func(ctx context.Context, _ int) ([]float64, error) { return run(ctx, 1) }})
	}
	return r.addLayers(ctx, n, list, &opt.Options)
}

// alone times what has no peer, in the fastest tier: the stages of an image, and several workers.
func (c *chromium) alone(ctx context.Context, n *Net, list []Contender, opt *BrowserOptions, dir string, r *Report) error {
	files, err := n.write(dir, 0)
	if err != nil {
		return err
	}
	var tier string
	for _, one := range list {
		if one.Ours {
			tier = one.Engine // the last is the fastest
		}
	}
	targets := n.targets()
	t := &targets[len(targets)-1]
	if t.head != nil {
		load := files.message(t, tier)
		load["file"] = files.jpeg
		loaded, err := c.call("start", "stages", "ours.mjs", load)
		if err != nil {
			return err
		}
		var stages []Contender
		for _, part := range loaded.Parts {
			stages = append(stages, Contender{Net: part, Engine: tier, Ours: true, Run: c.run("stages", part)})
		}
		if r.Stages, err = Alternate(ctx, stages, &opt.Options); err != nil {
			return err
		}
	}
	return r.addWorkers(ctx, &opt.Options, func(n int) (Contender, error) { return c.parallel(t, tier, files, n) })
}

// browserWarm is until V8 has compiled everything for speed, on a machine with other work.
const browserWarm = 2 * time.Second

// handler serves the page of the benchmark, in files/ what was made for this run, and in ort/ the peer.
func handler(opt *BrowserOptions, pages fs.FS, dir string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(pages))
	mux.Handle("/files/", http.StripPrefix("/files/", http.FileServer(http.Dir(dir))))
	if opt.OrtDir != "" {
		mux.Handle("/ort/", http.StripPrefix("/ort/", http.FileServer(http.Dir(opt.OrtDir))))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Isolated from other origins, a page's clock ticks every 5 microseconds instead of 100.
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		mux.ServeHTTP(w, r)
	})
}

func (c *chromium) contenders(nets []*Net, opt *BrowserOptions, dir string, r *Report) ([]Contender, error) {
	tiers, err := c.tiers(opt.Tiers, r)
	if err != nil {
		return nil, err
	}
	var list []Contender
	for i, n := range nets {
		files, err := n.write(dir, i)
		if err != nil {
			return nil, err
		}
		for _, t := range n.targets() {
			for _, tier := range tiers {
				one, err := c.ours(&t, tier, files)
				if err != nil {
					return nil, err
				}
				list = append(list, one)
			}
			for _, f := range forms {
				if opt.OrtDir == "" {
					break
				}
				one, err := c.peer(&t, f, dir, len(list))
				if err != nil {
					return nil, err
				}
				list = append(list, one)
			}
		}
	}
	return list, nil
}

func (c *chromium) ours(t *target, tier string, files netFiles) (Contender, error) {
	one, err := c.load(t, tier, tier, files)
	one.Ours = true
	return one, err
}

// load starts a worker with our program under the name of an engine.
func (c *chromium) load(t *target, engine, tier string, files netFiles) (Contender, error) {
	return c.contender(t, engine, "ours.mjs", files.message(t, tier))
}

// message is what ours.mjs loads.
func (f netFiles) message(t *target, tier string) map[string]any {
	m := map[string]any{"tier": tier, "backbone": f.backbone, "pixels": f.pixels, "width": t.net.Image.W, "height": t.net.Image.H}
	if t.head != nil {
		m["head"] = f.head
	}
	return m
}

func (c *chromium) peer(t *target, f form, dir string, serial int) (Contender, error) {
	m, net, input, err := t.export(dir, f, serial)
	if err != nil {
		return Contender{}, err
	}
	kind := "float32"
	if f.int8 {
		kind = "uint8"
	}
	return c.contender(t, "onnxruntime-web "+f.name, "ort.mjs", map[string]any{"model": "files/" + net, "input": "files/" + input, "type": kind, "shape": m.Shape})
}

// tiers asks the program which tiers the browser runs and keeps those that are wanted.
func (c *chromium) tiers(want []string, r *Report) ([]string, error) {
	have, err := c.call("start", "tiers", "ours.mjs", map[string]any{"tier": ""})
	if err != nil {
		return nil, err
	}
	var tiers []string
	for i, t := range have.Tiers {
		if (len(want) == 0 && t == "ref") || (len(want) > 0 && !slices.Contains(want, t)) {
			continue
		}
		tiers = append(tiers, t)
		if i < len(have.Peaks) && have.Peaks[i] > 0 {
			r.Peaks = append(r.Peaks, Peak{t, have.Peaks[i]})
		}
	}
	for _, t := range want {
		if !slices.Contains(have.Tiers, t) {
			return nil, fmt.Errorf("bench: this browser runs the tiers %v, not %q", have.Tiers, t)
		}
	}
	return tiers, nil
}

// netFiles are the addresses of a network's files.
type netFiles struct{ backbone, head, pixels, jpeg string }

func (n *Net) write(dir string, serial int) (f netFiles, err error) {
	put := func(what string, data []byte) string {
		name := fmt.Sprintf("ours%d.%s", serial, what)
		if e := os.WriteFile(filepath.Join(dir, name), data, 0o644); e != nil && err == nil {
			err = e
		}
		return "files/" + name
	}
	b, err := model.Encode(&model.File{Backbone: n.Backbone})
	if err != nil {
		return f, err
	}
	f.backbone = put("backbone", b)
	f.pixels, f.jpeg = put("pixels", n.Image.Pix), put("jpg", n.JPEG)
	if n.Head != nil {
		h, err := model.Encode(&model.File{Head: n.Head})
		if err != nil {
			return f, err
		}
		f.head = put("head", h)
	}
	return f, err
}

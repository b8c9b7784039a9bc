package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"anomnet/core/engine"
	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/trainer"
	"anomnet/trainer/atomicfile"
	"anomnet/trainer/compare"
	"anomnet/trainer/dataset"
	"anomnet/trainer/method"
	"anomnet/trainer/report"
)

// list is a flag that may be given more than once.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

// compareFlags are the flags of compare.
type compareFlags struct {
	modelFlags
	data                   list
	mvtec, visa, mvtec2    string
	methods, kb            string
	seeds, size, jobs      int
	steps                  int
	device, resume, report string
	asJSON, asCSV, asMD    bool
}

func compareCommand(fs *flag.FlagSet) func(context.Context, *console, []string) error {
	f := &compareFlags{}
	f.addBackbone(fs)
	fs.Var(&f.data, "data", "data set in MVTec layout, a `folder`; may be given more than once")
	fs.StringVar(&f.mvtec, "mvtec", "", "`folder` of MVTec AD: every category")
	fs.StringVar(&f.visa, "visa", "", "`folder` of VisA with split_csv/1cls.csv: every category")
	fs.StringVar(&f.mvtec2, "mvtec2", "", "`folder` of MVTec AD 2: every category, public test images")
	fs.StringVar(&f.methods, "methods", strings.Join(compare.Methods(), ","), "comma-separated `list` of methods")
	fs.IntVar(&f.seeds, "seeds", 1, "how many seeds, from 0")
	fs.StringVar(&f.kb, "head-kb", "262", "comma-separated sizes of the centroids in `KB`; 262 is 2,048 of 128 bytes")
	fs.IntVar(&f.size, "size", 256, "side of the model's input in `pixels`, a multiple of 32")
	fs.IntVar(&f.jobs, "jobs", 0, "cells side by side, each on one core; 0: as many as cores and memory allow")
	fs.IntVar(&f.steps, "steps", 0, "steps of each stage of gradient methods; 0: their defaults")
	fs.StringVar(&f.device, "device", "auto", "of gradient methods: auto, cpu or cuda")
	fs.StringVar(&f.resume, "resume", "", "`folder` that keeps finished cells; a run that was stopped goes on from there")
	fs.StringVar(&f.report, "report", "", "`folder` to write index.html, table.md, table.csv and table.json to")
	fs.BoolVar(&f.asJSON, "json", false, "print JSON with stable keys")
	fs.BoolVar(&f.asCSV, "csv", false, "print CSV")
	fs.BoolVar(&f.asMD, "markdown", false, "print Markdown")
	return func(ctx context.Context, c *console, args []string) error {
		if len(args) > 0 || (len(f.data) == 0 && f.mvtec == "" && f.visa == "" && f.mvtec2 == "") {
			return usageError("want --data, --mvtec, --visa or --mvtec2, and no other arguments")
		}
		if (f.asJSON && f.asCSV) || (f.asJSON || f.asCSV) && f.asMD {
			return usageError("want one of --json, --csv and --markdown; --report writes all")
		}
		if err := errors.Join(checkFolder(f.report), checkFolder(f.resume)); err != nil { // before hours of cells
			return err
		}
		return f.run(ctx, c)
	}
}

// grid reads the flags that say what to run.
func (f *compareFlags) grid() (compare.Grid, error) {
	g := compare.Grid{Methods: strings.Split(f.methods, ","), Seeds: f.seeds, Steps: f.steps}
	for kb := range strings.SplitSeq(f.kb, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(kb))
		if err != nil {
			return g, usageError("--head-kb %q", f.kb)
		}
		if n == 262 {
			g.Bytes = append(g.Bytes, method.DefaultBytes)
			continue
		}
		g.Bytes = append(g.Bytes, n*1000)
	}
	if err := g.Check(); err != nil {
		return g, usageError("%v", err)
	}
	var err error
	if slices.ContainsFunc(g.Methods, compare.Gradient) {
		g.Device, err = trainer.Device(f.device)
	}
	return g, err
}

// sources finds the data sets.
func (f *compareFlags) sources() ([]compare.Source, error) {
	var out []compare.Source
	for _, dir := range f.data {
		s, err := compare.Open(dir)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	for _, bench := range []struct {
		dir  string
		open func(string) ([]dataset.Category, error)
	}{{f.mvtec, dataset.MVTec}, {f.visa, dataset.VisA}, {f.mvtec2, dataset.MVTec2}} {
		if bench.dir == "" {
			continue
		}
		list, err := bench.open(bench.dir)
		if err != nil {
			return nil, err
		}
		for _, cat := range list {
			out = append(out, compare.Source{Name: cat.Name, Dir: cat.Dir, Set: cat.Set})
		}
	}
	names := map[string]bool{}
	for _, s := range out {
		if names[s.Name] {
			return nil, fmt.Errorf("two data sets are called %s", s.Name)
		}
		names[s.Name] = true
	}
	return out, nil
}

func (f *compareFlags) run(ctx context.Context, c *console) error {
	pre := imaging.Preprocess{Width: f.size, Height: f.size, Mode: imaging.Stretch}
	if err := pre.Validate(); err != nil {
		return usageError("%v", err)
	}
	grid, err := f.grid()
	if err != nil {
		return err
	}
	sources, err := f.sources()
	if err != nil {
		return err
	}
	b, err := f.loadBackbone()
	if err != nil {
		return err
	}
	kernels, err := engine.Choose(engine.Tiers(), f.tier)
	if err != nil {
		return err
	}
	var cells []*compare.Cell
	var failed []compare.Failed
	dirs := map[string]string{}
	lost := 0 // data sets
	for _, s := range sources {
		dirs[s.Name] = s.Dir
		r := compare.Runner{Grid: grid, Store: compare.Store{Dir: f.resume}, Options: compare.Options{Kernels: kernels, Device: f.device},
			Progress: func(done, total int, what string) { c.progress(what, done, total) }}
		ok, bad, err := f.onSet(ctx, c, &r, s, b, pre)
		switch {
		case err != nil && (ctx.Err() != nil || len(sources) == 1):
			return err
		case err != nil: // the others may have taken hours, or will
			lost, bad = lost+1, []compare.Failed{{Key: compare.Key{Data: s.Name}, Error: err.Error()}}
		}
		for _, x := range bad {
			c.log("anomnet: error: %s", oneLine(x.Error))
		}
		cells, failed = append(cells, ok...), append(failed, bad...)
	}
	c.finish()
	if err := f.write(c, cells, failed, dirs); err != nil {
		return err
	}
	if lost > 0 {
		return fmt.Errorf("%d of %d data sets failed", lost, len(sources))
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d cells failed", len(failed), len(failed)+len(cells))
	}
	return nil
}

// onSet makes the cells of a data set; features are left out when a run before this one has finished all of them.
func (f *compareFlags) onSet(ctx context.Context, c *console, r *compare.Runner, s compare.Source, b *model.Backbone, pre imaging.Preprocess) ([]*compare.Cell, []compare.Failed, error) {
	if err := eachOnce(c, s.Set); err != nil {
		return nil, nil, err
	}
	data, err := s.Describe(b, pre)
	if err != nil {
		return nil, nil, err
	}
	if f.resume != "" {
		if cells, err := r.Stored(data); err == nil && cells != nil { // which cell is broken is said below, beside those that are not
			return cells, nil, nil
		}
	}
	if err := s.Load(ctx, data, b, r.Grid, &teach.Options{Kernels: r.Options.Kernels, Workers: runtime.NumCPU(), Progress: c.progress}); err != nil {
		return nil, nil, err
	}
	r.Jobs = f.side(data)
	return r.Run(ctx, data)
}

// write writes the report and prints the table, also when there is no room for the report: cells may have taken hours.
func (f *compareFlags) write(c *console, cells []*compare.Cell, failed []compare.Failed, dirs map[string]string) error {
	rows := compare.Table(cells)
	err := f.writeReport(rows, cells, failed, dirs)
	switch {
	case f.asJSON:
		return errors.Join(err, compare.WriteJSON(c.out, rows, failed))
	case f.asCSV:
		return errors.Join(err, compare.WriteCSV(c.out, rows))
	case f.asMD:
		return errors.Join(err, compare.WriteMarkdown(c.out, rows))
	}
	return errors.Join(err, compare.WriteText(c.out, rows))
}

// writeReport writes the folder of --report.
func (f *compareFlags) writeReport(rows []compare.Row, cells []*compare.Cell, failed []compare.Failed, dirs map[string]string) error {
	if f.report != "" {
		notes := []string{fmt.Sprintf("Seeds 0 to %d; mean ± standard deviation. %s/%s, %d cores. Image AUROC by each method's own score, beside it by the mean of the 1 %% largest patch scores.",
			f.seeds-1, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())}
		page, err := compare.Page(rows, cells, failed, dirs, notes)
		if err != nil {
			return err
		}
		for name, write := range map[string]func(*strings.Builder) error{
			"index.html": func(w *strings.Builder) error { return report.Write(w, page) },
			"table.md":   func(w *strings.Builder) error { return compare.WriteMarkdown(w, rows) },
			"table.csv":  func(w *strings.Builder) error { return compare.WriteCSV(w, rows) },
			"table.json": func(w *strings.Builder) error { return compare.WriteJSON(w, rows, failed) },
		} {
			var text strings.Builder
			if err := write(&text); err != nil {
				return err
			}
			if err := atomicfile.Write(filepath.Join(f.report, name), []byte(text.String())); err != nil {
				return err
			}
		}
	}
	return nil
}

// side is how many cells run side by side: one for each core, as long as half of the free memory is enough.
func (f *compareFlags) side(d *compare.Data) int {
	if f.jobs > 0 {
		return f.jobs
	}
	free, known := freeMemory()
	if !known {
		free = 4 << 30
	}
	return int(max(1, min(int64(runtime.NumCPU()), free/2/d.CellBytes())))
}

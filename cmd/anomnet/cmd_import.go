package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"anomnet/core/imaging"
	"anomnet/core/model"
	"anomnet/trainer/atomicfile"
	"anomnet/trainer/dataset"
	"anomnet/trainer/importer"
)

// importFlags are the flags of import.
type importFlags struct {
	from, describe, images, out string
	taps                        string
	calibrate, heldOut          int
	asJSON                      bool
	skip                        map[string]bool // images that are known to be unreadable
	opt                         importer.Options
}

func importCommand(fs *flag.FlagSet) func(context.Context, *console, []string) error {
	f := &importFlags{}
	fs.StringVar(&f.from, "from", "", "`file` with weights: safetensors, or a .pth of PyTorch (a state dict)")
	fs.StringVar(&f.opt.Arch, "arch", importer.ArchPlain, "plain (with --describe), resnet18 or wide_resnet50_2 (torchvision's names)")
	fs.StringVar(&f.describe, "describe", "", "JSON `file` that describes a plain network")
	fs.StringVar(&f.taps, "taps", "", "layers to read, comma-separated; default: those of the description")
	fs.StringVar(&f.images, "images", "", "`folder` of photographs to calibrate on")
	fs.StringVar(&f.out, "out", "", "`file` to write the backbone to")
	fs.IntVar(&f.calibrate, "calibrate", 100, "how many photographs to calibrate on")
	fs.IntVar(&f.heldOut, "held-out", 100, "how many others to measure the loss on")
	fs.Float64Var(&f.opt.Percentile, "percentile", importer.DefaultPercentile, "of the activations that u7 covers")
	fs.StringVar(&f.opt.Name, "name", "", "`name` of the backbone")
	fs.StringVar(&f.opt.Licence, "licence", "", "licence of the weights, one line")
	fs.StringVar(&f.opt.Card, "card", "", "model card: where the weights come from and their limits")
	fs.IntVar(&f.opt.Workers, "workers", runtime.NumCPU(), "images in parallel")
	fs.BoolVar(&f.asJSON, "json", false, "print the report as JSON")
	return func(ctx context.Context, c *console, args []string) error {
		if f.from == "" || f.images == "" || f.out == "" || len(args) > 0 {
			return usageError("want --from, --images and --out")
		}
		if f.opt.Arch == importer.ArchPlain && f.describe == "" {
			return usageError("--arch plain needs --describe")
		}
		if err := checkOutput(f.out, f.from, f.describe); err != nil {
			return err
		}
		return f.run(ctx, c)
	}
}

func (f *importFlags) run(ctx context.Context, c *console) (err error) {
	if f.opt.Weights, err = os.ReadFile(f.from); err != nil {
		return err
	}
	if f.describe != "" {
		if f.opt.Description, err = os.ReadFile(f.describe); err != nil {
			return err
		}
	}
	if f.taps != "" {
		f.opt.Taps = strings.Split(f.taps, ",")
	}
	if err := f.pickImages(); err != nil {
		return err
	}
	f.opt.Progress = c.progress
	b, rep, err := importer.Import(ctx, f.opt)
	if err != nil {
		return fmt.Errorf("%s: %w", f.from, err)
	}
	file := &model.File{Backbone: b}
	data, err := model.Encode(file)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(f.out, data); err != nil {
		return err
	}
	c.finish()
	if f.asJSON {
		return json.NewEncoder(c.out).Encode(rep)
	}
	fmt.Fprintf(c.out, "%s: %d KB, sha256 %s\n", f.out, len(data)/1000, file.Digest)
	return rep.WriteTable(c.out)
}

// pickImages takes photographs at equal steps from the whole folder, and those half-way between them for the report.
func (f *importFlags) pickImages() error {
	paths, err := dataset.Images(f.images)
	if err != nil {
		return err
	}
	paths = slices.DeleteFunc(paths, func(p string) bool { return f.skip[p] })
	half, err := f.halfStep(len(paths))
	if err != nil {
		return err
	}
	var use, held []string
	for i := range max(f.calibrate, f.heldOut) {
		if i < f.calibrate {
			use = append(use, paths[2*half*i])
		}
		if i < f.heldOut {
			held = append(held, paths[2*half*i+half])
		}
	}
	f.opt.Images, f.opt.HeldOut = photographs(use), photographs(held)
	f.opt.DataSHA256, err = dataset.Digest(use)
	return err
}

// halfStep is how far photographs that are picked of n lie from those that are held out.
func (f *importFlags) halfStep(n int) (int, error) {
	if f.calibrate < 1 || f.heldOut < 1 {
		return 0, usageError("--calibrate %d, --held-out %d: want at least 1", f.calibrate, f.heldOut)
	}
	want := 2 * max(f.calibrate, f.heldOut)
	if n < want {
		return 0, fmt.Errorf("%s: %d photographs are too few to calibrate on %d and to hold out %d: want %d, twice the larger number", f.images, n, f.calibrate, f.heldOut, want)
	}
	return n / want, nil
}

func photographs(paths []string) importer.Images {
	return importer.Images{N: len(paths), Load: func(i int) (*imaging.RGB, error) {
		data, err := os.ReadFile(paths[i])
		if err != nil {
			return nil, err
		}
		img, err := imaging.Decode(data, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", paths[i], err)
		}
		return img, nil
	}}
}

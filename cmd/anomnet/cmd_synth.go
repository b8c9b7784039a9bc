package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"strings"

	"anomnet/core/imaging"
	"anomnet/trainer/atomicfile"
	"anomnet/trainer/synth"
)

func synthCommand(fs *flag.FlagSet) func(context.Context, *console, []string) error {
	var opt synth.Options
	fs.StringVar(&opt.Kind, "kind", synth.Kinds()[0], "part: "+strings.Join(synth.Kinds(), " or "))
	fs.IntVar(&opt.Size, "size", 384, "side of the pictures in `pixels`")
	fs.Uint64Var(&opt.Seed, "seed", 0, "seed of every random choice")
	n := fs.Int("n", 60, "good pictures to learn from")
	good := fs.Int("test-good", 20, "good pictures to test with")
	defects := fs.Int("defects", 20, "defective pictures, with masks")
	out := fs.String("out", "", "`folder` to write to, in MVTec layout")
	samples := fs.Bool("samples", false, "write a few small JPEG files and an index for the page instead of a data set")
	return func(ctx context.Context, c *console, args []string) error {
		if *out == "" || len(args) > 0 {
			return usageError("--out is missing or there are extra arguments")
		}
		if *samples {
			return writeSamples(c, *out, opt, *n+*good)
		}
		err := synth.WriteDataset(ctx, *out, opt, *n, *good, *defects, func(done, total int) { c.progress("rendering", done, total) })
		if err != nil {
			return err
		}
		c.finish()
		fmt.Fprintf(c.out, "%s: %d good, %d good to test, %d defective\n", *out, *n, *good, *defects)
		return nil
	}
}

// sample is an entry of the page's index of samples.
type sample struct {
	File  string `json:"file"`
	Label string `json:"label"` // good or defect
}

// sampleTries is how many defects of a kind are rendered to show the plainest of them.
const sampleTries = 8

// plainDefect returns the defect of a kind that changes the most pixels: a first look should show what is meant.
func plainDefect(opt synth.Options, kind int) (best *imaging.RGB, name string) {
	most := -1
	for try := range sampleTries {
		img, mask, k := synth.Defect(opt, kind+try*len(synth.DefectKinds()))
		area := 0
		for _, m := range mask {
			if m {
				area++
			}
		}
		if area > most {
			best, name, most = img, k, area
		}
	}
	return best, name
}

// sampleGood is the number of good samples; there is one defective sample of each kind.
const sampleGood = 3

// writeSamples renders the page's samples: good pictures from index first on, which no head was taught with, and one of each
// kind of defect.
func writeSamples(c *console, dir string, opt synth.Options, first int) error {
	if err := opt.Validate(); err != nil {
		return err
	}
	var index []sample
	write := func(name, label string, img *imaging.RGB) error {
		data, err := synth.EncodeJPEG(img, 0)
		if err != nil {
			return err
		}
		index = append(index, sample{name, label})
		return atomicfile.Write(filepath.Join(dir, name), data)
	}
	for i := range sampleGood {
		if err := write(fmt.Sprintf("good-%d.jpg", i+1), "good", synth.Good(opt, first+i)); err != nil {
			return err
		}
	}
	for i := range synth.DefectKinds() {
		img, kind := plainDefect(opt, i)
		if err := write(strings.ReplaceAll(kind, "_", "-")+".jpg", "defect", img); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, "index.json"), append(data, '\n')); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %d samples\n", dir, len(index))
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"anomnet/core/model"
	"anomnet/trainer/atomicfile"
	"anomnet/trainer/compare"
	"anomnet/trainer/dataset"
	"anomnet/trainer/evaluate"
	"anomnet/trainer/report"
)

func evalCommand(fs *flag.FlagSet) func(context.Context, *console, []string) error {
	var m modelFlags
	m.add(fs)
	dir := fs.String("data", "", "test set in MVTec layout, a `folder`")
	asJSON := fs.Bool("json", false, "print JSON with stable keys")
	scores := fs.Bool("scores", false, "with --json, also every image's raw score")
	dirOut := fs.String("report", "", "`folder` to write index.html to: curves, histogram, the images that are most wrong")
	workers := fs.Int("workers", runtime.NumCPU(), "images in parallel")
	return func(ctx context.Context, c *console, args []string) error {
		if *dir == "" || len(args) > 0 {
			return usageError("--data is missing or there are extra arguments")
		}
		if err := checkFolder(*dirOut); err != nil {
			return err
		}
		in, err := m.open()
		if err != nil {
			return err
		}
		set, err := dataset.Open(*dir)
		if err != nil {
			return err
		}
		if len(set.Test) == 0 {
			return fmt.Errorf("%s: no test images; want test/good and test/DEFECT", *dir)
		}
		if _, err := warnDuplicates(c, set); err != nil {
			return err
		}
		scored, err := evaluate.Score(ctx, in, set.Test, *workers, func(done, total int) { c.progress("scoring", done, total) })
		if err != nil {
			return err
		}
		f, err := evaluate.Compute(scored, m.loaded.Preprocess)
		if err != nil {
			return err
		}
		f.Targets = evaluate.Targets(scored, m.loaded.Calibration)
		c.finish()
		if *dirOut != "" {
			err = writeEvalReport(*dirOut, *dir, m.loaded, scored, f)
		}
		if *asJSON {
			return errors.Join(err, printJSON(c, f, scored, *scores))
		}
		printFigures(c, f)
		return err
	}
}

// writeEvalReport writes the page of one head on one test set.
func writeEvalReport(out, dir string, head *model.Head, scored []evaluate.Scored, f *evaluate.Figures) error {
	set, err := compare.EvalSet(filepath.Base(filepath.Clean(dir)), dir, head.Preprocess, scored, f)
	if err != nil {
		return err
	}
	set.Scores[0].Limit = head.Calibration.Limit
	var text strings.Builder
	page := &report.Page{Title: fmt.Sprintf("AnomNet: %s on %s", head.Part, set.Name), Header: []string{"figure", "value"}, Sets: []report.Set{*set},
		Notes: []string{fmt.Sprintf("%d good and %d defective images, %d with a mask. Head made by %s, seed %d, %d images.", f.Good, f.Defect, f.Masked,
			head.Provenance.Method, head.Provenance.Seed, head.Provenance.Images)}}
	for _, r := range []struct {
		name  string
		value float64
	}{{"image AUROC", f.ImageAUROC}, {"AP", f.AP}, {"F1max", f.F1Max}, {"pixel AUROC", f.PixelAUROC}, {"AUPRO (FPR <= 0.3)", f.AUPRO}, {"AUPRO (FPR <= 0.05)", f.AUPRO05},
		{"recall at 1 % false rejects", f.RecallAt1}, {"recall at 5 % false rejects", f.RecallAt5}, {"real false-reject rate", f.FalseRejectRate},
		{"recall at the limit", f.Recall}, {"ms an image", f.MSPerImage}} {
		page.Rows = append(page.Rows, []string{r.name, fmt.Sprintf("%.4f", r.value)})
	}
	for _, t := range f.Targets {
		page.Rows = append(page.Rows, []string{fmt.Sprintf("real false-reject rate, aimed at %g %%", 100*t.Rate), described(t)})
	}
	if f.Empty > 0 {
		page.Notes = append(page.Notes, emptyMasks(f))
	}
	for _, what := range slices.Sorted(maps.Keys(f.Left)) {
		page.Notes = append(page.Notes, fmt.Sprintf("Left out (shown as 0): %s figures: %s", what, f.Left[what]))
	}
	if err := report.Write(&text, page); err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(out, "index.html"), []byte(text.String()))
}

// emptyMasks says that pixel figures leave defects out.
func emptyMasks(f *evaluate.Figures) string {
	return fmt.Sprintf("%d of %d masks are empty at the model's input size: pixel figures do not count these defects", f.Empty, f.Masked)
}

// described says what came of a limit.
func described(t evaluate.Target) string {
	text := fmt.Sprintf("%d of %d, %.2f %%; said: %.2g to %.2g %%; recall %.4f", t.Rejected, t.Good, 100*t.Real(), 100*t.Low, 100*t.High, t.Recall)
	if t.Real() > t.High {
		text += fmt.Sprintf("; above, with a chance of %.2g", t.Chance)
	}
	return text
}

func printJSON(c *console, f *evaluate.Figures, scored []evaluate.Scored, each bool) error {
	type image struct {
		Path    string  `json:"path"`
		Label   string  `json:"label"`
		Raw     float32 `json:"raw"`
		RawBits uint32  `json:"raw_bits"`
	}
	out := struct {
		*evaluate.Figures
		Images []image `json:"images,omitempty"`
	}{Figures: f}
	if each {
		for _, s := range scored {
			out.Images = append(out.Images, image{s.Path, s.Label, s.Result.Raw, math.Float32bits(s.Result.Raw)})
		}
	}
	enc := json.NewEncoder(c.out)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func printFigures(c *console, f *evaluate.Figures) {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	row := func(name string, v float64) { fmt.Fprintf(w, "%s\t%.4f\n", name, v) }
	if f.Left["image"] == "" {
		row("image AUROC", f.ImageAUROC)
		row("AP", f.AP)
		row("F1max", f.F1Max)
		row("recall at 1 % false rejects", f.RecallAt1)
		row("recall at 5 % false rejects", f.RecallAt5)
	}
	if f.Masked > 0 && f.Left["pixel"] == "" {
		row("pixel AUROC", f.PixelAUROC)
		row("AUPRO (FPR <= 0.3)", f.AUPRO)
		row("AUPRO (FPR <= 0.05)", f.AUPRO05)
	}
	row("real false-reject rate", f.FalseRejectRate)
	row("recall at the limit", f.Recall)
	for _, t := range f.Targets {
		fmt.Fprintf(w, "false rejects, aimed at %g %%\t%s\n", 100*t.Rate, described(t))
	}
	fmt.Fprintf(w, "images\t%d good, %d defective, %d with mask\n", f.Good, f.Defect, f.Masked)
	if f.Empty > 0 {
		fmt.Fprintf(w, "masks\t%s\n", emptyMasks(f))
	}
	fmt.Fprintf(w, "time\t%.1f ms an image\n", f.MSPerImage)
	for _, what := range slices.Sorted(maps.Keys(f.Left)) {
		fmt.Fprintf(w, "left out\t%s figures: %s\n", what, f.Left[what])
	}
	w.Flush()
}

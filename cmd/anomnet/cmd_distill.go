package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"anomnet/core/model"
	"anomnet/trainer"
	"anomnet/trainer/atomicfile"
	"anomnet/trainer/dataset"
	"anomnet/trainer/distill"
	"anomnet/trainer/importer"
)

// distillFlags are the flags of distill.
type distillFlags struct {
	importFlags
	teacher, student, init, dir string
	teacherJSON                 string
	resume                      string
	opt                         distill.Options
}

func distillCommand(fs *flag.FlagSet) func(context.Context, *console, []string) error {
	f := &distillFlags{}
	o := &f.opt
	fs.StringVar(&f.teacher, "teacher", "", "`file` with the teacher's weights: safetensors, or a .pth of PyTorch (a state dict)")
	fs.StringVar(&o.Arch, "arch", importer.ArchResNet18, "architecture of the teacher, as for import")
	fs.StringVar(&f.teacherJSON, "describe", "", "JSON `file` that describes a teacher of --arch plain")
	fs.StringVar(&f.images, "images", "", "`folder` of photographs")
	fs.StringVar(&f.out, "out", "", "`file` to write the backbone to; weights and description go beside it")
	fs.StringVar(&f.dir, "dir", "", "`folder` for caches and checkpoints; default: OUT.run")
	fs.StringVar(&f.resume, "resume", "", "`folder` of a run that was cut, to go on with; give the same flags again")
	fs.StringVar(&f.student, "student", "base", "base, small, or a JSON `file` as import --describe takes it")
	fs.StringVar(&f.init, "init", "", "safetensors `file` of an earlier student to go on from")
	fs.BoolVar(&o.NoNorm, "no-norm", false, "train without batch norm")
	fs.IntVar(&o.Steps, "steps", 20000, "steps of float training")
	fs.IntVar(&o.Finish, "finish", 1000, "steps with simulated integers after them")
	fs.IntVar(&o.Batch, "batch", 16, "crops a step")
	fs.IntVar(&o.Side, "side", 160, "side of a crop in `pixels`")
	fs.IntVar(&o.FinishSide, "finish-side", 256, "side of a crop of the finish in `pixels`")
	fs.IntVar(&o.Crops, "crops", 0, "so many crops come again and again, with their targets on disk (230 KB each); 0: every crop is new")
	fs.Float64Var(&o.Rate, "rate", 0.003, "peak learning rate")
	fs.Float64Var(&o.FinishRate, "finish-rate", 0.0003, "peak learning rate of the finish")
	fs.Float64Var(&o.Decay, "decay", 0.02, "weight decay")
	fs.Float64Var(&o.Cosine, "cosine", 0, "weight of the cosine loss beside the squared error")
	fs.Float64Var(&o.Relational, "relational", 0, "weight of the relational loss")
	fs.Int64Var(&o.Seed, "seed", 0, "seed of every random choice")
	fs.IntVar(&o.HeldOut, "held-out", 200, "photographs to measure on")
	fs.IntVar(&o.Every, "every", 500, "steps between two measurements")
	fs.IntVar(&o.Save, "save", 200, "steps between two checkpoints")
	fs.IntVar(&f.calibrate, "calibrate", 100, "photographs for the deviations of the patch channels, and others for the report")
	fs.StringVar(&o.Device, "device", "auto", "auto, cpu or cuda")
	fs.BoolVar(&o.BFloat16, "bfloat16", false, "convolutions in bfloat16 (for CUDA)")
	fs.IntVar(&o.Threads, "threads", runtime.NumCPU(), "CPU threads")
	fs.StringVar(&f.importFlags.opt.Name, "name", "", "`name` of the backbone")
	fs.StringVar(&f.importFlags.opt.Licence, "licence", "", "licence, one line")
	fs.StringVar(&f.importFlags.opt.Card, "card", "", "model card; default: a sentence with the recipe")
	return func(ctx context.Context, c *console, args []string) error {
		if f.teacher == "" || f.images == "" || f.out == "" || len(args) > 0 {
			return usageError("want --teacher, --images and --out")
		}
		if err := f.checkOutputs(); err != nil { // before days of training
			return err
		}
		if _, err := trainer.Device(o.Device); err != nil {
			return err
		}
		if err := f.checkPhotographs(); err != nil { // and without libtorch the first thing to say is that
			return err
		}
		return f.distill(ctx, c)
	}
}

// checkOutputs says whether the three files of a run can be written, and that they are three and none is written over what the run is made of: the teacher
// resnet18.safetensors would be gone after --out resnet18.anomnet.
func (f *distillFlags) checkOutputs() error {
	inputs := []string{f.teacher, f.teacherJSON, f.init}
	if f.student != "base" && f.student != "small" {
		inputs = append(inputs, f.student)
	}
	beside := []string{f.base() + ".safetensors", f.base() + ".json"}
	if slices.Contains(beside, f.out) {
		return usageError("--out %s: the float weights and their description go to %s and %s", f.out, beside[0], beside[1])
	}
	for _, out := range append(beside, f.out) {
		if err := checkOutput(out, inputs...); err != nil {
			return err
		}
	}
	return nil
}

// checkPhotographs says whether there are enough for what follows the training, if all can be read.
func (f *distillFlags) checkPhotographs() error {
	paths, err := dataset.Images(f.images)
	if err != nil {
		return err
	}
	f.importFlags.heldOut = f.calibrate
	_, err = f.halfStep(len(paths))
	return err
}

// base is the path of --out without its ending.
func (f *distillFlags) base() string { return strings.TrimSuffix(f.out, filepath.Ext(f.out)) }

func (f *distillFlags) read() (err error) {
	o := &f.opt
	if o.Teacher, err = os.ReadFile(f.teacher); err != nil {
		return err
	}
	if f.init != "" {
		if o.Init, err = os.ReadFile(f.init); err != nil {
			return err
		}
	}
	if f.teacherJSON != "" {
		if o.Plain, err = os.ReadFile(f.teacherJSON); err != nil {
			return err
		}
	}
	switch f.student {
	case "base":
		o.Student = distill.Base()
	case "small":
		o.Student = distill.Small()
	default:
		description, err := os.ReadFile(f.student)
		if err != nil {
			return err
		}
		if o.Student, err = distill.ReadArch(description); err != nil {
			return fmt.Errorf("%s: %w", f.student, err)
		}
	}
	o.Images, o.Dir, o.Resume = f.images, f.dir, f.resume != ""
	if o.Resume {
		o.Dir = f.resume
	}
	if o.Dir == "" {
		o.Dir = f.base() + ".run"
	}
	return nil
}

func (f *distillFlags) distill(ctx context.Context, c *console) error {
	if err := f.read(); err != nil {
		return err
	}
	f.opt.Log = func(line string) { c.log("%s %s", time.Now().Format(time.TimeOnly), line) }
	f.opt.Progress = func(p distill.Progress) {
		c.progress(fmt.Sprintf("loss %.3f, %.1f crops/s, step", p.Loss, p.Rate), p.Step, p.Steps)
	}
	res, err := distill.Run(ctx, &f.opt)
	if err != nil {
		if ctx.Err() != nil {
			c.log("go on with: --resume %s and the same flags", f.opt.Dir)
		}
		return err
	}
	c.log("device: %s", res.Device)
	for _, u := range res.Unreadable {
		c.log("skipped %s: %s", oneLine(u.Path), oneLine(u.Reason))
	}
	for name, data := range map[string][]byte{".safetensors": res.Weights, ".json": res.Description} {
		if err := atomicfile.Write(f.base()+name, data); err != nil {
			return err
		}
	}
	return f.export(ctx, c, res)
}

// export makes the backbone as import would of the files beside it.
func (f *distillFlags) export(ctx context.Context, c *console, res *distill.Result) error {
	f.from, f.describe = f.base()+".safetensors", f.base()+".json"
	f.skip = map[string]bool{}
	for _, u := range res.Unreadable {
		f.skip[u.Path] = true
	}
	f.importFlags.opt.Arch, f.importFlags.opt.Workers = importer.ArchPlain, f.opt.Threads
	if o := &f.importFlags.opt; o.Card == "" {
		last := res.Curve[len(res.Curve)-1]
		o.Card = fmt.Sprintf("Distilled by %s from %s on %s: seed %d, %d steps and %d with simulated integers, %d crops each. Held-out explained variance by tap: %.3f.",
			model.Software, filepath.Base(f.teacher), filepath.Base(f.images), f.opt.Seed, f.opt.Steps, f.opt.Finish, f.opt.Batch, last.Explained)
	}
	return f.importFlags.run(ctx, c)
}

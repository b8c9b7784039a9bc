package distill

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
)

// Options steer [Run]. Teacher, Arch, Images, Dir and Steps are required; other zero values mean the defaults given here.
type Options struct {
	Teacher []byte // safetensors, float32
	Arch    string // of the teacher, as importer.Options.Arch
	Plain   []byte // JSON description of a teacher of importer.ArchPlain
	Images  string // folder of photographs
	Dir     string // folder of the run

	Student *Arch  // nil: Base()
	Init    []byte // safetensors of an earlier student to go on from; nil: random weights
	NoNorm  bool   // train without batch norm

	Steps  int     // of float training; may be 0 with Init and Finish
	Finish int     // steps with simulated integers after them
	Batch  int     // crops a step; 0: 16
	Side   int     // of a crop, a multiple of 32; 0: 160
	Crops  int     // so many crops come again and again, their targets kept on disk; 0: every crop is new
	Seed   int64   // of every random choice
	Rate   float64 // peak learning rate; 0: 0.003
	Decay  float64 // weight decay of the convolutions; 0: 0.02

	FinishRate float64 // peak learning rate of the finish; 0: 0.0003
	FinishSide int     // side of a crop of the finish; 0: 256
	Percentile float64 // of the activations that u7 covers; 0: importer.DefaultPercentile

	Cosine     float64 // weight of the cosine loss beside the mean squared error
	Relational float64 // weight of the relational loss

	HeldOut  int // photographs kept out to measure on; 0: 200
	Every    int // steps between two measurements; 0: 500
	Save     int // steps between two checkpoints; 0: 200
	Device   string
	BFloat16 bool // convolutions in bfloat16: for CUDA
	Threads  int  // of libtorch; 0: all

	Resume   bool           // go on from the checkpoint in Dir; without, a checkpoint there is an error
	Progress func(Progress) // hears of every step, quickly
	Log      func(line string)

	write func(path string, data []byte) error // of checkpoints; nil: atomicfile.Write
}

// Progress is where a run stands.
type Progress struct {
	Step, Steps int // of both phases together
	Loss        float64
	Left        time.Duration
	Rate        float64 // crops a second since the start or the resumption
}

// Measure is a measurement on the held-out photographs: how much of the variance of the teacher's standardised features each head explains.
type Measure struct {
	Step      int       `json:"step"`
	Loss      float64   `json:"loss"`      // mean of the training loss since the last measurement
	Explained []float64 `json:"explained"` // by tap
	Integer   bool      `json:"integer"`   // with simulated integers
}

// Result is a trained student.
type Result struct {
	Weights     []byte // safetensors: NAME.weight and NAME.bias, batch norm folded, and the heads
	Description []byte // JSON for importer.ArchPlain; with steps after a finish
	Curve       []Measure
	Unreadable  []Unreadable
	Device      string
}

// Unreadable is an image that was skipped.
type Unreadable struct{ Path, Reason string }

// ErrCheckpoint is wrapped when Dir holds a checkpoint and Resume is not set, or one of another run.
var ErrCheckpoint = errors.New("distill: the folder holds another run's checkpoint")

// Run trains a student. When ctx ends it writes a checkpoint and returns the context's error.
func Run(ctx context.Context, opt *Options) (*Result, error) {
	o := *opt
	if err := o.complete(); err != nil {
		return nil, err
	}
	return run(ctx, &o)
}

func (o *Options) complete() error {
	for _, f := range []struct {
		v     *int
		value int
	}{{&o.Batch, 16}, {&o.Side, 160}, {&o.FinishSide, 256}, {&o.HeldOut, 200}, {&o.Every, 500}, {&o.Save, 200}, {&o.Threads, runtime.GOMAXPROCS(0)}} {
		if *f.v == 0 {
			*f.v = f.value
		}
	}
	for _, f := range []struct {
		v     *float64
		value float64
	}{{&o.Rate, 0.003}, {&o.FinishRate, 0.0003}, {&o.Decay, 0.02}} {
		if *f.v == 0 {
			*f.v = f.value
		}
	}
	if o.Student == nil {
		o.Student = Base()
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	return o.check()
}

func (o *Options) check() error {
	for _, v := range []float64{o.Rate, o.FinishRate, o.Decay, o.Cosine, o.Relational} {
		if !(v >= 0) || math.IsInf(v, 0) {
			return fmt.Errorf("distill: rates, decay and weights of losses: %v, want a number of at least 0", v)
		}
	}
	switch {
	case len(o.Teacher) == 0 || o.Images == "" || o.Dir == "":
		return errors.New("distill: teacher, images and the folder of the run are required")
	case o.Steps < 0 || o.Finish < 0 || o.Steps+o.Finish == 0 || o.Steps+o.Finish > 1<<30:
		return fmt.Errorf("distill: %d steps and %d of the finish", o.Steps, o.Finish)
	case o.Batch < 1 || o.Batch > 4096 || o.Crops < 0 || o.HeldOut < 1 || o.Every < 1 || o.Save < 1:
		return fmt.Errorf("distill: batch %d, crops %d, held-out %d, every %d, save %d: out of range", o.Batch, o.Crops, o.HeldOut, o.Every, o.Save)
	case o.Crops > 0 && o.Crops < o.Batch:
		return fmt.Errorf("distill: %d crops are fewer than a batch of %d", o.Crops, o.Batch)
	case badSide(o.Side) || badSide(o.FinishSide):
		return fmt.Errorf("distill: crops of %d and %d pixels, want multiples of 32 up to 1024", o.Side, o.FinishSide)
	}
	return o.Student.check()
}

func badSide(n int) bool { return n < 32 || n > 1024 || n%32 != 0 }

package trainer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"anomnet/core/safetensors"
)

// Checkpoint is a training that was interrupted between two steps. What it does not hold is computed again from the same input, so going on from it
// ends with the same bits as a run that was not interrupted (on the CPU, at an equal number of threads).
type Checkpoint struct {
	Plan    string    // digest of input and options; see plan
	Stage   int       // 1 or 2
	Step    int       // steps of the stage that are done
	Param   []float32 // centres in stage 1, projection in stage 2
	Mean    []float32 // AdamW's moments
	Square  []float32
	Centres []float32 // after stage 1, only in stage 2
	Moved   int       // centres that stage 1 moved because no patch was near
	Curve   []Step
}

const checkpointFormat = "anomnet train 1"

// checkpointHead is the part of a checkpoint that is not floats.
type checkpointHead struct {
	Plan  string `json:"plan"`
	Stage int    `json:"stage"`
	Step  int    `json:"step"`
	Moved int    `json:"moved"`
	Curve []Step `json:"curve"`
}

// Encode makes a safetensors file of the checkpoint.
func (c *Checkpoint) Encode() ([]byte, error) {
	head, err := json.Marshal(checkpointHead{c.Plan, c.Stage, c.Step, c.Moved, c.Curve})
	if err != nil {
		return nil, fmt.Errorf("trainer: checkpoint: %w", err)
	}
	f := &safetensors.File{Metadata: map[string]string{"format": checkpointFormat, "state": string(head)}, Tensors: map[string]safetensors.Tensor{}}
	for name, v := range map[string][]float32{"param": c.Param, "mean": c.Mean, "square": c.Square, "centres": c.Centres} {
		if len(v) > 0 {
			f.Tensors[name] = safetensors.FromFloat32(v, len(v))
		}
	}
	return safetensors.Encode(f)
}

// DecodeCheckpoint reads what Encode wrote.
func DecodeCheckpoint(data []byte) (*Checkpoint, error) {
	f, err := safetensors.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("trainer: checkpoint: %w", err)
	}
	if f.Metadata["format"] != checkpointFormat {
		return nil, fmt.Errorf("trainer: checkpoint: format %.40q, want %q", f.Metadata["format"], checkpointFormat)
	}
	var head checkpointHead
	if err := safetensors.StrictJSON([]byte(f.Metadata["state"]), &head); err != nil {
		return nil, fmt.Errorf("trainer: checkpoint: state: %w", err)
	}
	c := &Checkpoint{Plan: head.Plan, Stage: head.Stage, Step: head.Step, Moved: head.Moved, Curve: head.Curve}
	for name, into := range map[string]*[]float32{"param": &c.Param, "mean": &c.Mean, "square": &c.Square, "centres": &c.Centres} {
		t, ok := f.Tensors[name]
		if !ok {
			continue
		}
		if *into, err = t.Float32(); err != nil {
			return nil, fmt.Errorf("trainer: checkpoint: %s: %w", name, err)
		}
	}
	return c, c.check()
}

func (c *Checkpoint) check() error {
	if c.Stage != 1 && c.Stage != 2 || c.Step < 1 || len(c.Param) == 0 || len(c.Mean) != len(c.Param) || len(c.Square) != len(c.Param) {
		return fmt.Errorf("trainer: checkpoint: stage %d, step %d with %d, %d and %d values", c.Stage, c.Step, len(c.Param), len(c.Mean), len(c.Square))
	}
	for _, v := range [][]float32{c.Param, c.Mean, c.Square, c.Centres} {
		for _, x := range v {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return fmt.Errorf("trainer: checkpoint: a value is %v", x)
			}
		}
	}
	return nil
}

// errOtherRun says that a checkpoint does not belong to the input and options.
var errOtherRun = errors.New("trainer: the checkpoint is of a run with other images, settings or seed")

// plan names what the course of a training depends on: input and options, but for device and callbacks.
func plan(in *AdapterInput, o *LearnOptions) (string, error) {
	h := sha256.New()
	same := *o
	same.Device, same.Progress, same.Checkpoint, same.Resume, same.CheckpointEvery = "", nil, nil, nil, 0
	text, err := json.Marshal(struct {
		Dim, Out, Centroids int
		L2                  bool
		Init                []float32
		Options             *LearnOptions
	}{in.Dim, in.Out, in.Centroids, in.L2, in.Init, &same})
	if err != nil {
		return "", fmt.Errorf("trainer: %w", err)
	}
	h.Write(text)
	h.Write(in.Real)
	h.Write(in.Fake)
	return hex.EncodeToString(h.Sum(nil)), nil
}

package distill

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"anomnet/core/safetensors"
)

const checkpointFormat = "anomnet distill 1"

// plan is what the sequence of a run depends on: a checkpoint is gone on from only when it is the same.
type plan struct {
	Teacher, Init, Photos   string // digests
	Student                 *Arch
	NoNorm, BFloat16        bool
	Steps, Finish           int
	Batch, Side, FinishSide int
	Crops, HeldOut, Every   int
	Seed                    int64
	Rate, FinishRate, Decay float64
	Percentile              float64
	Cosine, Relational      float64
	Device                  string
	Augmentation            int // version of the code
}

// state is what a checkpoint holds.
type state struct {
	step    int // steps done
	plan    string
	curve   []Measure
	sum     float64 // of the losses since the last measurement
	count   int
	folded  bool               // the finish has begun
	steps   map[string]float64 // of activations, once folded
	weights map[string][]float32
	m, v    map[string][]float32
	mean    [][]float32 // by target
	std     [][]float32
}

// stateJSON is the part of a state that is no tensor.
type stateJSON struct {
	Step   int                `json:"step"`
	Curve  []Measure          `json:"curve"`
	Sum    float64            `json:"sum"`
	Count  int                `json:"count"`
	Folded bool               `json:"folded"`
	Steps  map[string]float64 `json:"steps,omitempty"`
}

func checkpointPath(dir string) string { return filepath.Join(dir, "checkpoint.safetensors") }

func (s *state) encode() ([]byte, error) {
	head, err := json.Marshal(stateJSON{s.step, s.curve, s.sum, s.count, s.folded, s.steps})
	if err != nil {
		return nil, fmt.Errorf("distill: checkpoint: %w", err)
	}
	f := &safetensors.File{Metadata: map[string]string{"format": checkpointFormat, "plan": s.plan, "state": string(head)},
		Tensors: map[string]safetensors.Tensor{}}
	for prefix, group := range map[string]map[string][]float32{"w.": s.weights, "m.": s.m, "v.": s.v} {
		for name, v := range group {
			f.Tensors[prefix+name] = safetensors.FromFloat32(v, len(v))
		}
	}
	for i := range s.mean {
		f.Tensors[fmt.Sprintf("mean.%d", i)] = safetensors.FromFloat32(s.mean[i], len(s.mean[i]))
		f.Tensors[fmt.Sprintf("std.%d", i)] = safetensors.FromFloat32(s.std[i], len(s.std[i]))
	}
	return safetensors.Encode(f)
}

// decodeState reads a checkpoint. Names and lengths are checked by take.
func decodeState(data []byte) (*state, *safetensors.File, error) {
	f, err := safetensors.Decode(data)
	if err != nil {
		return nil, nil, fmt.Errorf("distill: checkpoint: %w", err)
	}
	if f.Metadata["format"] != checkpointFormat {
		return nil, nil, fmt.Errorf("distill: checkpoint: format %.40q, want %q", f.Metadata["format"], checkpointFormat)
	}
	var head stateJSON
	if err := safetensors.StrictJSON([]byte(f.Metadata["state"]), &head); err != nil {
		return nil, nil, fmt.Errorf("distill: checkpoint: state: %w", err)
	}
	if head.Step < 0 {
		return nil, nil, fmt.Errorf("distill: checkpoint: step %d", head.Step)
	}
	return &state{step: head.Step, plan: f.Metadata["plan"], curve: head.Curve, sum: head.Sum, count: head.Count, folded: head.Folded, steps: head.Steps}, f, nil
}

// take reads the tensors that the list asks for.
func (s *state) take(f *safetensors.File, list []param, targets []target) error {
	get := func(name string, n int) ([]float32, error) {
		t, ok := f.Tensors[name]
		if !ok || len(t.Shape) != 1 || t.Shape[0] != n {
			return nil, fmt.Errorf("distill: checkpoint: tensor %q: shape %v, want [%d]", name, t.Shape, n)
		}
		return t.Float32()
	}
	var err error
	s.weights, s.m, s.v = map[string][]float32{}, map[string][]float32{}, map[string][]float32{}
	for _, p := range list {
		for prefix, group := range map[string]map[string][]float32{"w.": s.weights, "m.": s.m, "v.": s.v} {
			if p.fixed && prefix != "w." {
				continue
			}
			if group[p.name], err = get(prefix+p.name, p.len()); err != nil {
				return err
			}
		}
	}
	for i, t := range targets {
		mean, err := get(fmt.Sprintf("mean.%d", i), t.channels)
		if err != nil {
			return err
		}
		std, err := get(fmt.Sprintf("std.%d", i), t.channels)
		if err != nil {
			return err
		}
		s.mean, s.std = append(s.mean, mean), append(s.std, std)
	}
	return nil
}

// readCheckpoint returns the state in dir, or nil when there is none.
func readCheckpoint(dir, wantPlan string, resume bool) (*state, *safetensors.File, error) {
	data, err := os.ReadFile(checkpointPath(dir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("distill: checkpoint: %w", err)
	}
	if !resume {
		return nil, nil, fmt.Errorf("%w: %s; resume it, or take another folder", ErrCheckpoint, checkpointPath(dir))
	}
	s, f, err := decodeState(data)
	if err != nil {
		return nil, nil, err
	}
	if s.plan != wantPlan {
		return nil, nil, fmt.Errorf("%w: it was begun with other settings: %s", ErrCheckpoint, difference(s.plan, wantPlan))
	}
	return s, f, nil
}

// difference names the settings that two plans, both JSON objects, do not share.
func difference(was, is string) string {
	var a, b map[string]json.RawMessage
	if json.Unmarshal([]byte(was), &a) != nil || json.Unmarshal([]byte(is), &b) != nil {
		return "the plan cannot be read"
	}
	text := ""
	for _, k := range sortedKeys(b) {
		if string(a[k]) != string(b[k]) {
			text += fmt.Sprintf("%s was %.60s and is %.60s; ", k, a[k], b[k])
		}
	}
	return text
}

package main

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"anomnet/core/model"
	"anomnet/core/teach"
	"anomnet/trainer"
	"anomnet/trainer/atomicfile"
	"anomnet/trainer/dataset"
	"anomnet/trainer/method"
)

// checkpointFile is the checkpoint's name in the folder of a run.
const checkpointFile = "checkpoint.safetensors"

// trainRun is what run.json holds; docs/commands.md describes the keys.
type trainRun struct {
	Software   string                `json:"software"`
	Method     string                `json:"method"`
	Kept       method.Keep           `json:"kept"`
	Seed       int64                 `json:"seed"`
	Data       string                `json:"data"`
	DataSHA256 string                `json:"data_sha256"`
	Backbone   string                `json:"backbone_sha256"`
	Images     int                   `json:"images"`
	Input      string                `json:"input"`
	Norm       teach.Norm            `json:"norm"`
	Centroids  int                   `json:"centroids"`
	Embedding  int                   `json:"embedding"`
	Rate       float64               `json:"false_reject_rate"`
	Learn      *trainer.LearnOptions `json:"learn,omitempty"`
	Device     string                `json:"device,omitempty"`
	Metrics    []method.Metric       `json:"metrics,omitempty"`
	Before     *teach.Judgement      `json:"pseudo_before,omitempty"`
	After      *teach.Judgement      `json:"pseudo_after,omitempty"`
	Spread     []trainer.Spread      `json:"spread,omitempty"` // before, after stage 1, trained
	Moved      int                   `json:"centres_moved"`
	Collapsed  string                `json:"collapsed,omitempty"`
	Curve      []trainer.Step        `json:"curve,omitempty"`
	Out        string                `json:"out"`
	Seconds    float64               `json:"seconds"`
}

// writeRun writes run.json and curve.csv.
func (t *trainFlags) writeRun(m *method.Made, took time.Duration) error {
	h := m.Head
	r := trainRun{Software: model.Software, Method: t.method, Kept: m.Kept, Seed: t.seed, Data: t.data, DataSHA256: h.Provenance.DataSHA256, Backbone: h.BackboneDigest,
		Images: h.Provenance.Images, Input: strconv.Itoa(h.Preprocess.Width) + "x" + strconv.Itoa(h.Preprocess.Height), Norm: m.Fit.Norm, Centroids: h.Centroids.K,
		Embedding: h.Adapter.Out, Rate: t.rate, Out: t.out, Seconds: took.Seconds()}
	if l := m.Learned; l != nil {
		r.Learn, r.Device, r.Metrics = &t.opt, l.Device, m.Metrics
		if m.Before.Judged() {
			r.Before, r.After = &m.Before, &m.After
		}
		r.Spread, r.Moved, r.Collapsed, r.Curve = []trainer.Spread{l.Before, l.Stage1, l.After}, l.Moved, l.Reason, l.Curve
		text, err := curveCSV(l.Curve)
		if err != nil {
			return err
		}
		if err := atomicfile.Write(filepath.Join(t.dir, "curve.csv"), []byte(text)); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(t.dir, "run.json"), text)
}

// curveCSV has a row for each step and a column for each term; a term that a stage lacks is empty.
func curveCSV(curve []trainer.Step) (string, error) {
	names := map[string]bool{}
	for _, s := range curve {
		for name := range s.Loss {
			names[name] = true
		}
	}
	terms := slices.Sorted(maps.Keys(names))
	var text strings.Builder
	w := csv.NewWriter(&text)
	if err := w.Write(append([]string{"stage", "step"}, terms...)); err != nil {
		return "", err
	}
	for _, s := range curve {
		row := []string{strconv.Itoa(s.Stage), strconv.Itoa(s.Step)}
		for _, name := range terms {
			v, ok := s.Loss[name]
			if !ok {
				row = append(row, "")
				continue
			}
			row = append(row, strconv.FormatFloat(v, 'g', -1, 64))
		}
		if err := w.Write(row); err != nil {
			return "", err
		}
	}
	w.Flush()
	return text.String(), w.Error()
}

// writeCurve writes the curve as JSON lines.
func writeCurve(path string, curve []trainer.Step) error {
	var lines strings.Builder
	enc := json.NewEncoder(&lines)
	for _, s := range curve {
		if err := enc.Encode(map[string]any{"stage": s.Stage, "step": s.Step, "loss": s.Loss}); err != nil {
			return err
		}
	}
	return atomicfile.Write(path, []byte(lines.String()))
}

// warnDuplicates names files that are both for training and for testing. It returns pairs that are for training twice, of which the second is no more in set.
func warnDuplicates(c *console, set *dataset.Set) (repeated [][2]string, err error) {
	repeated, both, err := set.Duplicates()
	for _, p := range both {
		c.log("anomnet: warning: the same file for training and for testing: %s and %s", oneLine(p[0]), oneLine(p[1]))
	}
	return repeated, err
}

// eachOnce leaves out the files that are for training twice, as the page does, and names them.
func eachOnce(c *console, set *dataset.Set) error {
	repeated, err := warnDuplicates(c, set)
	for _, p := range repeated {
		c.log("anomnet: warning: left out: %s is the file %s again", oneLine(p[1]), oneLine(p[0]))
	}
	return err
}

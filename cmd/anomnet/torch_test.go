//go:build torch

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/safetensors"
)

// TestTrainWritesTheSameKindOfHead trains a few steps on synthetic washers, twice.
func TestTrainWritesTheSameKindOfHead(t *testing.T) {
	data, _ := washers(t)
	dir := t.TempDir()
	train := func(name string, more ...string) (code int, stderr string) {
		args := append([]string{"train", "--data", data, "--part", "Washer", "--out", filepath.Join(dir, name), "--size", "96", "--centroids", "64",
			"--steps1", "5", "--steps2", "5", "--device", "cpu", "--norm", "raw"}, more...)
		code, _, stderr = cli(t, args...)
		return code, stderr
	}
	code, stderr := train("a.anomnet", "--keep", "trained", "--curve", filepath.Join(dir, "curve.jsonl"))
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stderr, "device: cpu (asked for)")
	assert.Contains(t, stderr, "kept: the trained adapter")
	assert.Contains(t, stderr, "did training help?")
	assert.FileExists(t, filepath.Join(dir, "curve.jsonl"))
	code, stderr = train("b.anomnet", "--keep", "trained")
	require.Equal(t, exitOK, code, stderr)
	assert.Equal(t, readFile(t, filepath.Join(dir, "a.anomnet")), readFile(t, filepath.Join(dir, "b.anomnet")), "the same seed gives the same file")

	code, stdout, stderr := cli(t, "eval", "--model", filepath.Join(dir, "a.anomnet"), "--data", data)
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "image AUROC")
	code, stderr = train("c.anomnet", "--keep", "untrained")
	require.Equal(t, exitOK, code, stderr)
	code, stdout, stderr = cli(t, "model", "show", filepath.Join(dir, "c.anomnet"))
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "made by teach")
}

// TestTrainInARegionWithoutPseudoDefects: nothing says whether training helps there, and the head is that of teach's settings.
func TestTrainInARegionWithoutPseudoDefects(t *testing.T) {
	data, _ := washers(t)
	dir := t.TempDir()
	region, run := filepath.Join(dir, "roi.json"), filepath.Join(dir, "run")
	require.NoError(t, os.WriteFile(region, []byte(`{"width":12,"height":12,"shapes":[{"rect":[10,10,12,12]}]}`), 0o644))
	code, stdout, stderr := cli(t, "train", "--data", data, "--part", "Washer", "--out", filepath.Join(dir, "a.anomnet"), "--size", "96", "--centroids", "64", "--roi", region,
		"--steps1", "2", "--steps2", "2", "--device", "cpu", "--run", run)
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stderr, "no pseudo-defect touches the region of interest")
	assert.Contains(t, stderr, "kept: the untrained adapter")
	assert.NotContains(t, stdout+stderr, "AUROC 0.000")
	assert.NotContains(t, string(readFile(t, filepath.Join(run, "run.json"))), "pseudo_before")
}

// TestDistillWritesABackbone distils from the built-in student's like, cuts nothing, and teaches a part with what came out.
func TestDistillWritesABackbone(t *testing.T) {
	data, _ := washers(t)
	dir := t.TempDir()
	images := filepath.Join(data, "train", "good")
	require.NoError(t, os.WriteFile(filepath.Join(images, "torn.png"), []byte("no picture"), 0o644))
	teacher, student := tinyTeacher(t, dir), filepath.Join(dir, "small.json")
	require.NoError(t, os.WriteFile(student, []byte(`{"taps":["c2","c3"],"layers":[
		{"name":"c0","kind":"conv3x3","cin":3,"cout":4,"stride":2,"relu":true},{"name":"c1","kind":"conv3x3","cin":4,"cout":4,"stride":2,"relu":true},
		{"name":"c2","kind":"conv3x3","cin":4,"cout":6,"stride":2,"relu":true},{"name":"c3","kind":"conv3x3","cin":6,"cout":6,"stride":2,"relu":true}]}`), 0o644))
	args := []string{"distill", "--teacher", teacher + ".safetensors", "--arch", "plain", "--describe", teacher + ".json", "--images", images, "--out", filepath.Join(dir, "b.anomnet"),
		"--student", student, "--steps", "3", "--finish", "2", "--batch", "2", "--side", "32", "--finish-side", "32", "--held-out", "2", "--device", "cpu", "--threads", "1",
		"--calibrate", "3"}
	code, stdout, stderr := cli(t, args...)
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "b.anomnet")
	assert.Contains(t, stderr, "step 5/5")
	assert.Contains(t, stderr, "skipped "+filepath.Join(images, "torn.png"))
	code, _, stderr = cli(t, args...)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "another run's checkpoint")
	code, again, stderr := cli(t, append(args, "--resume", filepath.Join(dir, "b.run"))...)
	require.Equal(t, exitOK, code, stderr)
	assert.Equal(t, stdout, again, "a finished run gives the same file")
	for n, want := range map[string]string{"0": "want at least 1", "100": "too few to calibrate on 100"} {
		code, _, stderr = cli(t, append(args, "--calibrate", n, "--dir", filepath.Join(dir, "other"))...)
		assert.Contains(t, []int{exitFailed, exitUsage}, code)
		assert.Contains(t, stderr, want)
		assert.NotContains(t, stderr, "step ", "before the training")
	}
	code, _, stderr = cli(t, append(args, "--student", "huge")...)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "huge")
}

// tinyTeacher writes random weights of four layers, NAME.safetensors and NAME.json.
func tinyTeacher(t *testing.T, dir string) string {
	name := filepath.Join(dir, "teacher")
	rng := rand.New(rand.NewPCG(1, 2))
	f := &safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	var layers []map[string]any
	in := 3
	for i, out := range []int{4, 6, 8, 8} {
		w := make([]float32, out*in*9)
		for k := range w {
			w[k] = float32(rng.NormFloat64() * 0.3)
		}
		layer := fmt.Sprintf("t%d", i)
		f.Tensors[layer+".weight"] = safetensors.FromFloat32(w, out, in, 3, 3)
		f.Tensors[layer+".bias"] = safetensors.FromFloat32(make([]float32, out), out)
		layers = append(layers, map[string]any{"name": layer, "kind": "conv3x3", "cin": in, "cout": out, "stride": 2, "relu": true})
		in = out
	}
	data, err := safetensors.Encode(f)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name+".safetensors", data, 0o644))
	description, err := json.Marshal(map[string]any{"layers": layers})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name+".json", description, 0o644))
	return name
}

// TestTrainOfTurnedParts: train says what teach says of turned copies, and does without them.
func TestTrainOfTurnedParts(t *testing.T) {
	turnedParts(t, "train", "--device", "cpu", "--steps1", "10", "--steps2", "10", "--keep", "untrained", "--data")
	code, _, stderr := cli(t, "train", "--data", "x", "--part", "p", "--out", filepath.Join(t.TempDir(), "h.anomnet"), "--augment", "d4")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "--augment")
}

func TestTrainOnAbsentDevice(t *testing.T) {
	for device, says := range map[string]string{"cuda": "no CUDA device", "tpu": "want auto, cpu or cuda"} {
		code, _, stderr := cli(t, "train", "--data", ".", "--part", "p", "--out", "x", "--device", device)
		if device == "cuda" && code == exitOK {
			t.Skip("this machine has CUDA")
		}
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, stderr, says)
	}
}

// TestTrainRunAndResume: the folder of a run holds what it was, a run that is stopped goes on from there, and both end with the same file.
func TestTrainRunAndResume(t *testing.T) {
	data, _ := washers(t)
	dir := t.TempDir()
	args := func(out, name string) []string {
		return []string{"train", "--data", data, "--part", "Washer", "--out", filepath.Join(dir, out), "--size", "96", "--centroids", "64", "--steps1", "60",
			"--steps2", "60", "--device", "cpu", "--norm", "raw", "--keep", "trained", name, filepath.Join(dir, "run")}
	}
	code, _, stderr := cli(t, args("a.anomnet", "--run")...)
	require.Equal(t, exitOK, code, stderr)
	assert.FileExists(t, filepath.Join(dir, "run", "checkpoint.safetensors"))
	text := string(readFile(t, filepath.Join(dir, "run", "run.json")))
	for _, key := range []string{"data_sha256", "pseudo_before", "coverage", "entropy", `"kept": "trained"`, `"seed": 0`} {
		assert.Contains(t, text, key)
	}
	csv := string(readFile(t, filepath.Join(dir, "run", "curve.csv")))
	assert.Equal(t, 121, strings.Count(csv, "\n"))
	code, _, stderr = cli(t, args("b.anomnet", "--resume")...) // from the end of stage 2, the last checkpoint
	require.Equal(t, exitOK, code, stderr)
	assert.Equal(t, readFile(t, filepath.Join(dir, "a.anomnet")), readFile(t, filepath.Join(dir, "b.anomnet")))
	assert.Equal(t, csv, string(readFile(t, filepath.Join(dir, "run", "curve.csv"))))
	code, _, stderr = cli(t, append(args("c.anomnet", "--resume"), "--seed", "3")...)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "other images, settings or seed")
}

//go:build torch

package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

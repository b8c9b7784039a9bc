//go:build torch && unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/trainer"
)

// checkpoint wants checkpoints of train to be whole, and JSON.
func checkpoint(name string, b []byte) error {
	if filepath.Base(name) == checkpointFile && strings.HasPrefix(name, "run") {
		_, err := trainer.DecodeCheckpoint(b)
		return err
	}
	return whole(name, b)
}

// training is a run of train with checkpoints after every few steps.
func training(data string) []string {
	return []string{"train", "--data", data, "--part", "Washer", "--out", "head.anomnet", "--size", "64", "--centroids", "32", "--embedding", "32", "--steps1", "12",
		"--steps2", "12", "--device", "cpu", "--norm", "raw", "--keep", "trained", "--workers", "1", "--save", "2", "--run", "run"}
}

// TestKilledTrain: --resume ends with the bytes of a run that nobody killed.
func TestKilledTrain(t *testing.T) {
	n := kills(t)
	data, _ := washers(t)
	args := training(data)
	(&victim{args: args, again: append(args[:len(args)-2:len(args)-2], "--resume", "run"), varies: []string{"run.json", checkpointFile}, check: checkpoint}).suffer(t, n)
}

// distilling is a run of distill in the working directory.
func distilling(t *testing.T) []string {
	t.Helper()
	data, _ := washers(t)
	dir := t.TempDir()
	teacher, student := tinyTeacher(t, dir), filepath.Join(dir, "small.json")
	require.NoError(t, os.WriteFile(student, []byte(`{"taps":["c2","c3"],"layers":[
		{"name":"c0","kind":"conv3x3","cin":3,"cout":4,"stride":2,"relu":true},{"name":"c1","kind":"conv3x3","cin":4,"cout":4,"stride":2,"relu":true},
		{"name":"c2","kind":"conv3x3","cin":4,"cout":6,"stride":2,"relu":true},{"name":"c3","kind":"conv3x3","cin":6,"cout":6,"stride":2,"relu":true}]}`), 0o644))
	return []string{"distill", "--teacher", teacher + ".safetensors", "--arch", "plain", "--describe", teacher + ".json", "--images", filepath.Join(data, "train", "good"),
		"--out", "b.anomnet", "--student", student, "--steps", "40", "--finish", "10", "--batch", "2", "--side", "32", "--finish-side", "32", "--held-out", "2", "--every", "10",
		"--save", "4", "--device", "cpu", "--threads", "1", "--calibrate", "3"}
}

// TestKilledDistill: --resume ends with the bytes of a run that nobody killed.
func TestKilledDistill(t *testing.T) {
	n := kills(t)
	args := distilling(t)
	(&victim{args: args, again: append(args[:len(args):len(args)], "--resume", "b.run"), varies: []string{".run/checkpoint.safetensors", ".bin", ".part"}, check: whole}).suffer(t, n)
}

// TestStoppedTrain: SIGTERM keeps the last step, and --resume ends with the bytes of a run that was not stopped.
func TestStoppedTrain(t *testing.T) {
	kills(t)
	data, _ := washers(t)
	args, dir := training(data), t.TempDir()
	v := &victim{}
	cmd, end, stderr := v.start(t, dir, args)
	for until := time.Now().Add(5 * time.Minute); time.Now().Before(until); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "run", checkpointFile)); err == nil {
			break
		}
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	err := <-end
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, exitCancelled, exit.ExitCode())
	assert.Contains(t, stderr.String(), "--resume run goes on from the last checkpoint")
	kept, err := trainer.DecodeCheckpoint(readFile(t, filepath.Join(dir, "run", checkpointFile)))
	require.NoError(t, err)
	assert.Positive(t, kept.Step)
	assert.NoFileExists(t, filepath.Join(dir, "head.anomnet"))
}

// TestFullDiskTrain trains where files may not be larger than the checkpoint: a clear error, and nothing half-written.
func TestFullDiskTrain(t *testing.T) {
	kills(t)
	data, _ := washers(t)
	args, dir := training(data), t.TempDir()
	cmd := exec.Command("bash", append([]string{"-c", `ulimit -f 8; exec "$0" "$@"`, os.Args[0]}, args...)...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), asMain+"=1"), &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, stderr.String())
	assert.Equal(t, exitFailed, exit.ExitCode(), stderr.String())
	assert.Contains(t, stderr.String(), "file too large")
	files, left := (&victim{}).files(t, dir)
	assert.Empty(t, files)
	assert.Empty(t, left)
}

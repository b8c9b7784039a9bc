//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/report"
)

// asMain makes the test program a process of the command line, which tests can kill.
const asMain = "ANOMNET_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	os.Exit(m.Run())
}

const killSeed = 7 // of the moments

// kills is how often a test kills.
func kills(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("KILLS"))
	if err != nil {
		t.Skip("it takes minutes: make soak")
	}
	return n
}

// victim is a command line that is killed. It runs in a folder of its own, and names in its arguments are relative to that.
type victim struct {
	args, again []string                          // what begins, and what goes on after a kill
	varies      []string                          // endings of files in which times differ, and caches
	check       func(name string, b []byte) error // of those at any moment; nil: nothing
}

func (v *victim) start(t *testing.T, dir string, args []string) (cmd *exec.Cmd, end chan error, stderr *bytes.Buffer) {
	t.Helper()
	cmd, stderr = exec.Command(os.Args[0], args...), &bytes.Buffer{}
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), asMain+"=1"), stderr
	require.NoError(t, cmd.Start())
	end = make(chan error, 1)
	go func() { end <- cmd.Wait() }()
	return cmd, end, stderr
}

// files reads a folder. Temporary files are those of atomicfile, which a kill may leave.
func (v *victim) files(t *testing.T, dir string) (out map[string][]byte, temporary []string) {
	t.Helper()
	out = map[string][]byte{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasPrefix(d.Name(), ".anomnet-") {
			temporary = append(temporary, path)
			return nil
		}
		name, _ := filepath.Rel(dir, path)
		out[name], err = os.ReadFile(path)
		return err
	}))
	return out, temporary
}

func (v *victim) variable(name string) bool {
	for _, end := range v.varies {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// compare wants each file to be that of the run that nobody killed, where it is there.
func (v *victim) compare(t *testing.T, want, got map[string][]byte) {
	t.Helper()
	for name, data := range got {
		if v.check != nil {
			assert.NoError(t, v.check(name, data), name)
		}
		if !v.variable(name) {
			assert.Contains(t, want, name)
			assert.True(t, bytes.Equal(want[name], data), "%s: half written, or of another run", name)
		}
	}
}

// suffer kills the command at random moments, goes on each time, and wants the files of a run that nobody killed.
func (v *victim) suffer(t *testing.T, kills int) {
	t.Helper()
	whole, dir, rng := t.TempDir(), t.TempDir(), rand.New(rand.NewPCG(killSeed, 0))
	begun := time.Now()
	_, end, stderr := v.start(t, whole, v.args)
	require.NoError(t, <-end, stderr)
	took := time.Since(begun)
	want, _ := v.files(t, whole)
	require.NotEmpty(t, want)
	killed, ended, args := 0, 0, v.args
	for killed < kills {
		cmd, end, stderr := v.start(t, dir, args)
		select {
		case <-time.After(time.Duration(rng.Float64() * float64(took))):
			require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
			<-end
		case err := <-end:
			require.NoError(t, err, stderr)
		}
		got, _ := v.files(t, dir)
		v.compare(t, want, got)
		if cmd.ProcessState.Success() { // too early for the kill: anew
			ended++
			assert.Len(t, got, len(want))
			dir, args = t.TempDir(), v.args
			continue
		}
		killed, args = killed+1, v.again
		if _, err := os.Stat(filepath.Join(dir, args[len(args)-1])); err != nil && args[len(args)-2] == "--resume" {
			args = v.args // killed before there was a run to go on with
		}
	}
	_, left := v.files(t, dir)
	for _, path := range left {
		old := time.Now().Add(-time.Hour)
		require.NoError(t, os.Chtimes(path, old, old))
	}
	_, end, stderr = v.start(t, dir, args)
	require.NoError(t, <-end, stderr)
	got, still := v.files(t, dir)
	v.compare(t, want, got)
	assert.Len(t, got, len(want))
	assert.Empty(t, still)
	t.Logf("%d kills in %.0f s, %d runs that ended before theirs; one takes %.1f s; %d temporary files were left and removed", killed, time.Since(begun).Seconds(), ended, took.Seconds(), len(left))
}

// TestKilledTeach: the head is there whole or not at all.
func TestKilledTeach(t *testing.T) {
	n := kills(t)
	data, _ := washers(t)
	args := []string{"teach", "--good", data, "--part", "Washer", "--out", "head.anomnet", "--size", "96", "--centroids", "64"}
	(&victim{args: args, again: args}).suffer(t, n)
}

// TestKilledScore: pictures and report are there whole or not at all.
func TestKilledScore(t *testing.T) {
	n := kills(t)
	data, head := washers(t)
	args := []string{"score", "--model", head, "--maps", "maps", "--report", "report.json", data}
	(&victim{args: args, again: args, varies: []string{"report.json"}, check: func(name string, b []byte) error {
		if name != "report.json" {
			return nil
		}
		_, err := report.Parse(b)
		return err
	}}).suffer(t, n)
}

// TestKilledCompare: cells that are finished are whole, and the table is that of a run that nobody killed.
func TestKilledCompare(t *testing.T) {
	n := kills(t)
	data, _ := washers(t)
	args := []string{"compare", "--methods", "kmeans,padim", "--seeds", "2", "--size", "96", "--head-kb", "8", "--data", data, "--resume", "cells"}
	(&victim{args: args, again: args, varies: []string{".json"}, check: whole}).suffer(t, n)
}

// whole wants JSON files to be whole.
func whole(name string, b []byte) error {
	if filepath.Ext(name) != ".json" {
		return nil
	}
	var v any
	return json.Unmarshal(b, &v)
}

package main

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onData gives the commands that learn from a data set or measure on it, with what each writes below out.
func onData(data, head, out string) map[string][]string {
	return map[string][]string{
		"teach":   {"teach", "--good", data, "--part", "p", "--out", filepath.Join(out, "t.anomnet"), "--size", "96", "--centroids", "40", "--augment", "none"},
		"train":   {"train", "--method", "kcentre", "--data", data, "--part", "p", "--out", filepath.Join(out, "r.anomnet"), "--size", "96", "--centroids", "40", "--run", filepath.Join(out, "run")},
		"compare": {"compare", "--methods", "padim,kcentre", "--head-kb", "4", "--data", data, "--size", "96", "--resume", filepath.Join(out, "cells"), "--report", filepath.Join(out, "report")},
		"eval":    {"eval", "--model", head, "--data", data, "--report", filepath.Join(out, "page")},
	}
}

// oddity puts images of other sizes, colours and formats into a data set, and one that is for training and for testing.
func oddity(t *testing.T, data string) {
	train, err := filepath.Glob(filepath.Join(data, "train", "good", "*"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(data, "test", "good", "again.png"), readFile(t, train[0]), 0o644))
	cmyk := readFile(t, filepath.FromSlash("../../core/imaging/testdata/formats/cmyk.jpeg"))
	require.NoError(t, os.WriteFile(filepath.Join(data, "train", "good", "cmyk.jpg"), cmyk, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(data, "test", "good", "cmyk.jpg"), cmyk, 0o644))
	grey := image.NewGray(image.Rect(0, 0, 301, 77))
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, grey))
	require.NoError(t, os.WriteFile(filepath.Join(data, "train", "good", "grey.png"), b.Bytes(), 0o644))
	b.Reset()
	require.NoError(t, jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 3, 500)), nil))
	require.NoError(t, os.WriteFile(filepath.Join(data, "test", "good", "thin.jpg"), b.Bytes(), 0o644))
	masks, err := filepath.Glob(filepath.Join(data, "ground_truth", "*", "*.png"))
	require.NoError(t, err)
	require.NotEmpty(t, masks)
	writeMask(t, masks[0], 31, 31)
}

// writeMask makes a mask of w x h pixels with a small defect.
func writeMask(t *testing.T, path string, w, h int) {
	mask := image.NewGray(image.Rect(0, 0, w, h))
	for x := range 10 {
		mask.SetGray(x, 9, color.Gray{255})
		mask.SetGray(x, 10, color.Gray{255})
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, mask))
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
}

// TestMaskOfAnotherShape: such a mask marks other places than those of its picture, so nothing is measured with it, and it is named.
func TestMaskOfAnotherShape(t *testing.T) {
	data, head := washers(t)
	masks, err := filepath.Glob(filepath.Join(data, "ground_truth", "*", "*.png"))
	require.NoError(t, err)
	require.NotEmpty(t, masks)
	writeMask(t, masks[0], 31, 17)
	commands := onData(data, head, t.TempDir())
	for _, name := range []string{"eval", "compare"} {
		code, _, stderr := cli(t, commands[name]...)
		assert.Equal(t, exitFailed, code, name)
		assert.Contains(t, stderr, masks[0]+" has 31 x 17 pixels", name)
	}
}

// TestOddData: mixed sizes, CMYK and grey pictures, and a mask of another size are taken by every command; duplicates are named.
func TestOddData(t *testing.T) {
	data, head := washers(t)
	oddity(t, data)
	for name, args := range onData(data, head, t.TempDir()) {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := cli(t, args...)
			require.Equal(t, exitOK, code, stderr)
			assert.Contains(t, stderr, "the same file for training and for testing")
			assert.Contains(t, stderr, "again.png")
		})
	}
}

// TestOneImage: a folder of one image cannot be learned from, and one test image gives no curve; both are said.
func TestOneImage(t *testing.T) {
	data, head := washers(t)
	lone := filepath.Join(t.TempDir(), "lone")
	for _, name := range []string{"train/good", "test/good"} {
		require.NoError(t, os.MkdirAll(filepath.Join(lone, name), 0o755))
		list, err := filepath.Glob(filepath.Join(data, name, "*"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(lone, name, "a.png"), readFile(t, list[0]), 0o644))
	}
	out := t.TempDir()
	for name, args := range onData(lone, head, out) {
		code, stdout, stderr := cli(t, args...)
		if name == "eval" {
			assert.Equal(t, exitOK, code, stderr)
			assert.Contains(t, stdout, "image figures: metrics: ")
			continue
		}
		assert.Equal(t, exitFailed, code, name)
		assert.Contains(t, stderr, "want at least 5", name)
	}
	assert.NoFileExists(t, filepath.Join(out, "t.anomnet"))
	assert.NoFileExists(t, filepath.Join(out, "r.anomnet"))
}

// files lists what lies below a folder.
func files(t *testing.T, dir string) (list []string) {
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	}))
	return list
}

// TestStoppedInTheMiddle: a command that is stopped, as by Ctrl-C, ends with its own code and leaves nothing that is not whole.
func TestStoppedInTheMiddle(t *testing.T) {
	data, head := washers(t)
	for name := range onData(data, head, "") {
		for _, after := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond} {
			out := t.TempDir()
			ctx, stop := context.WithCancel(t.Context())
			if after == 0 {
				stop()
			}
			timer := time.AfterFunc(after, stop)
			var stdout, stderr bytes.Buffer
			code := run(ctx, onData(data, head, out)[name], &stdout, &stderr)
			timer.Stop()
			stop()
			if code == exitOK && after > 0 {
				continue // done before it was stopped, on a fast machine
			}
			assert.Equal(t, exitCancelled, code, "%s after %v: %s", name, after, stderr.String())
			for _, f := range files(t, out) {
				assert.Equal(t, "cells", filepath.Base(filepath.Dir(f)), "%s left %s", name, f) // finished cells are for --resume
			}
			assert.Empty(t, stdout.String(), name)
		}
	}
}

// TestDiskIsFull writes to a file system of 8 KB, which takes root to make.
func TestDiskIsFull(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs tmpfs")
	}
	data, head := washers(t)
	small := smallDisk(t, 8<<10)
	for name, args := range onData(data, head, small) {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := cli(t, args...)
			assert.Equal(t, exitFailed, code)
			assert.Contains(t, stderr, "no space left on device")
			assert.Empty(t, files(t, small), "nothing half-written")
		})
	}
}

// TestOutputsAreCheckedFirst: an output that cannot be written is said before the work, which would be lost.
func TestOutputsAreCheckedFirst(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for name, args := range map[string][]string{
		"score --maps":     {"score", "--model", "none", "--maps", file, "none.png"},
		"eval --report":    {"eval", "--model", "none", "--data", "none", "--report", file},
		"compare --report": {"compare", "--data", "none", "--report", file},
		"compare --resume": {"compare", "--data", "none", "--resume", file},
		"train --curve":    {"train", "--method", "kcentre", "--data", "none", "--part", "p", "--out", filepath.Join(filepath.Dir(file), "head"), "--curve", file + "/"},
	} {
		code, _, stderr := cli(t, args...)
		assert.Equal(t, exitFailed, code, name)
		assert.Contains(t, stderr, "write "+file, name)
	}
}

// TestRepeatedFiles: copies of a file are no more images: the head is that of the files once each, as in the page, and promises no more.
func TestRepeatedFiles(t *testing.T) {
	data, trained := washers(t)
	out := t.TempDir()
	for _, name := range []string{"teach", "train"} {
		args := func(dir string) []string { return onData(data, "", dir)[name] }
		head := args("")[slices.Index(args(""), "--out")+1]
		code, _, stderr := cli(t, args(filepath.Join(out, "once"))...)
		require.Equal(t, exitOK, code, stderr)
		train, err := filepath.Glob(filepath.Join(data, "train", "good", "*"))
		require.NoError(t, err)
		again := filepath.Join(data, "train", "good", "zz.png")
		require.NoError(t, os.WriteFile(again, readFile(t, train[0]), 0o644))
		code, _, stderr = cli(t, args(filepath.Join(out, "again"))...)
		_, _, measured := cli(t, "eval", "--model", trained, "--data", data)
		assert.NotContains(t, measured, "left out", "eval learns nothing")
		require.NoError(t, os.Remove(again))
		require.Equal(t, exitOK, code, stderr)
		assert.Contains(t, stderr, "left out: "+again)
		assert.Equal(t, readFile(t, filepath.Join(out, "once", head)), readFile(t, filepath.Join(out, "again", head)), name)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/model"
	"anomnet/trainer/synth"
)

// TestTeachReport: the same picture in two files is named as a warning and in the JSON, whose keys docs/commands.md promises.
func TestTeachReport(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, synth.WriteDataset(t.Context(), dir, synth.Options{Size: 64}, 7, 0, 0, nil))
	good := filepath.Join(dir, "train", "good")
	first, err := os.ReadFile(filepath.Join(good, "000.png"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(good, "again.png"), append(first, 0), 0o644)) // other bytes, the same picture
	out := filepath.Join(dir, "p.anomnet")
	code, stdout, stderr := cli(t, "teach", "--good", good, "--part", "p", "--out", out, "--size", "64", "--centroids", "64", "--augment", "d4+light", "--json")
	require.Equal(t, exitOK, code, stderr)
	var row map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &row))
	for _, key := range []string{"out", "sha256", "bytes", "images", "norm", "augment", "tried", "centroids", "held_out", "limit", "review", "false_reject_rate",
		"interval", "promised", "least_normal", "same", "odd", "look", "groups", "sizes", "seconds"} {
		assert.Contains(t, row, key)
	}
	assert.Equal(t, "d4+light", row["augment"])
	assert.Equal(t, []any{[]any{filepath.Join(good, "000.png"), filepath.Join(good, "again.png")}}, row["same"])
	assert.Contains(t, stderr, "the same picture twice")
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	f, err := model.Decode(data)
	require.NoError(t, err)
	assert.Equal(t, f.Digest, row["sha256"])
	code, _, stderr = cli(t, "teach", "--good", good, "--part", "p", "--out", out, "--augment", "some")
	assert.NotEqual(t, exitOK, code)
	assert.Contains(t, stderr, `augmentation "some"`)
}

// plate draws a plate with an arrow that points upwards, or down.
func plate(t *testing.T, path string, seed uint64, down bool) {
	rng := rand.New(rand.NewPCG(seed, 1))
	img := image.NewGray(image.Rect(0, 0, 128, 128))
	dx, dy := rng.IntN(5), rng.IntN(5)
	for i := range img.Pix {
		x, y := i%128-dx, i/128-dy
		if down {
			y = 127 - y
		}
		v := 60
		if x > 16 && x < 112 && y > 24 && y < 104 {
			v = 170
		}
		head, shaft := y > 36 && y < 60 && max(x-64, 64-x) < y-36, y >= 60 && y < 92 && x > 56 && x < 72
		if head || shaft {
			v = 40
		}
		img.Pix[i] = uint8(v + rng.IntN(9))
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
}

// TestTurnedParts: where turned copies were taken, a part that lies upside down is OK, and teach says so beforehand; it is NG without them.
func TestTurnedParts(t *testing.T) { turnedParts(t, "teach", "--good") }

// turnedParts has command learn plates, with the images behind the last of args.
func turnedParts(t *testing.T, command string, args ...string) {
	t.Helper()
	dir := t.TempDir()
	for i := range 6 {
		plate(t, filepath.Join(dir, "good", fmt.Sprintf("%d.png", i)), uint64(i), false)
	}
	down := filepath.Join(dir, "down.png")
	plate(t, down, 100, true)
	for augment, want := range map[string]string{"auto": "OK", "none": "NG"} {
		head := filepath.Join(dir, augment+".anomnet")
		code, _, stderr := cli(t, slices.Concat([]string{command}, args, []string{filepath.Join(dir, "good"), "--part", "plate", "--out", head, "--size", "128", "--centroids", "512", "--augment", augment})...)
		require.Equal(t, exitOK, code, stderr)
		code, stdout, stderr2 := cli(t, "score", "--model", head, down)
		require.Equal(t, exitOK, code, stderr2)
		assert.Equal(t, want, strings.Fields(stdout)[0], augment)
		assert.Equal(t, want == "OK", strings.Contains(stderr, "--augment none"), stderr)
	}
}

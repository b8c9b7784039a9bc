package main

import (
	"encoding/json"
	"os"
	"path/filepath"
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

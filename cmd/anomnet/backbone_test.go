package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/model"
)

// TestAnotherBackbone scores, serves and joins a part whose backbone is not the built-in one.
func TestAnotherBackbone(t *testing.T) {
	f, err := model.Decode(must(os.ReadFile("../../docs/example/full.anomnet")))
	require.NoError(t, err)
	dir, elsewhere := t.TempDir(), t.TempDir()
	write := func(path string, f *model.File) string {
		data, err := model.Encode(f)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, data, 0o644))
		return path
	}
	head := write(filepath.Join(dir, "part.anomnet"), &model.File{Head: f.Head})
	backbone := write(filepath.Join(elsewhere, "old.anomnet"), &model.File{Backbone: f.Backbone})
	require.NoError(t, os.WriteFile(filepath.Join(elsewhere, "a.anomnet"), []byte("not a model"), 0o644))
	image := "../../assets/samples/good-1.jpg"

	for name, args := range map[string][]string{"score": {"score", image}, "join": {"model", "join", head, "--out", filepath.Join(dir, "x.anomnet")}} {
		for given, says := range map[string]string{
			"":                                     "needs the backbone " + f.Head.BackboneDigest + "; the built-in one is ",
			dir:                                    "needs the backbone " + f.Head.BackboneDigest + ", and no file in " + dir + " holds it",
			"../../assets/models/backbone.anomnet": "this is ",
			head:                                   "holds a head but no backbone",
			filepath.Join(dir, "none"):             "no such file",
		} {
			args := args
			if name == "score" {
				args = append(args, "--model", head)
			}
			if given != "" {
				args = append(args, "--backbone", given)
			}
			code, _, stderr := cli(t, args...)
			assert.Equal(t, exitFailed, code, given)
			assert.Contains(t, stderr, says, name)
		}
	}

	score := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := cli(t, append([]string{"score", "--json", image}, args...)...)
		require.Equal(t, exitOK, code, stderr)
		return stdout
	}
	want := score("--model", head, "--backbone", backbone)
	assert.Equal(t, want, score("--model", head, "--backbone", elsewhere))
	whole := filepath.Join(dir, "whole.anomnet")
	code, stdout, stderr := cli(t, "model", "join", head, "--backbone", elsewhere, "--out", whole)
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, f.Backbone.Name)
	_, joined, err := readModel(whole)
	require.NoError(t, err)
	assert.Equal(t, f.Head, joined.Head)
	score("--model", whole) // it names another file as its head, so the answer is not the same text
	assert.Equal(t, want, score("--model", head), "the one beside it is found")

	site := barePage(t)
	for _, sf := range []*serveFlags{{head: head, backbone: backbone}, {head: head, backbone: elsewhere}, {head: whole}} {
		sf.dir = site
		page, err := sf.files()
		require.NoError(t, err)
		served, err := fs.ReadFile(page, "models/backbone.anomnet")
		require.NoError(t, err)
		assert.Equal(t, must(os.ReadFile(backbone)), served)
	}
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/assets"
	"anomnet/core/model"
	"anomnet/trainer/synth"
)

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestResultsThatDoNotArriveAreAFailure(t *testing.T) {
	data, head := washers(t)
	for _, args := range [][]string{
		{"score", "--model", head, filepath.Join(data, "test", "good")}, {"score", "--model", head, "--csv", filepath.Join(data, "test", "good")},
		{"score", "--model", head, "--json", filepath.Join(data, "test", "good")}, {"eval", "--model", head, "--data", data}, {"model", "show", head},
	} {
		var stderr bytes.Buffer
		assert.Equal(t, exitFailed, run(context.Background(), args, full{}, &stderr), "%v", args)
		assert.Contains(t, stderr.String(), "no space left")
	}
}

// TestScoreOfZeroHasAllKeys: an image that equals a taught one, patch for patch, has the score 0, which is a result and not an absence.
func TestScoreOfZeroHasAllKeys(t *testing.T) {
	data, head := filepath.Join(t.TempDir(), "few"), filepath.Join(t.TempDir(), "few.anomnet")
	require.NoError(t, synth.WriteDataset(t.Context(), data, synth.Options{Size: 64}, 5, 0, 0, nil))
	code, _, stderr := cli(t, "teach", "--good", data, "--part", "p", "--out", head, "--size", "64", "--centroids", "320", "--augment", "none")
	require.Equal(t, exitOK, code, stderr)
	code, stdout, stderr := cli(t, "score", "--model", head, "--json", filepath.Join(data, "train", "good", "000.png"))
	require.Equal(t, exitOK, code, stderr)
	var row map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &row))
	require.Equal(t, 0.0, row["raw"])
	for _, key := range []string{"path", "verdict", "ratio", "raw_bits", "p_value", "sha256"} {
		assert.Contains(t, row, key)
	}
	assert.NotContains(t, row, "error")
}

// TestKeysStandInTheDocument: docs/commands.md names every key that a program may read.
func TestKeysStandInTheDocument(t *testing.T) {
	doc, err := os.ReadFile("../../docs/commands.md")
	require.NoError(t, err)
	data, head := washers(t)
	broken := filepath.Join(t.TempDir(), "broken.png")
	require.NoError(t, os.WriteFile(broken, []byte("no image"), 0o644))
	for _, args := range [][]string{
		{"score", "--model", head, "--json", filepath.Join(data, "test"), broken},
		{"eval", "--model", head, "--data", data, "--json", "--scores"},
	} {
		_, stdout, stderr := cli(t, args...)
		require.NotEmpty(t, stdout, stderr)
		found := regexp.MustCompile(`"([a-z0-9_]+)":`).FindAllStringSubmatch(stdout, -1)
		for _, key := range found {
			assert.Contains(t, string(doc), "`"+key[1]+"`", "%s --json", args[0])
		}
		require.NotEmpty(t, found)
		if args[0] == "score" {
			assert.Contains(t, stdout, `"regions"`, "an NG image is among them")
		}
	}
}

func TestAFileThatCannotBeReadIsNoFaultOfTheProgram(t *testing.T) {
	_, err := os.ReadFile(filepath.Join(t.TempDir(), "vanished.png"))
	e := newFailure(err)
	assert.Equal(t, codeUnreadable, e.Code)
	assert.NotContains(t, e.Hint, "fault of the program")
}

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"photos/Größe 1.png": "photos/Größe 1.png", "a.png\nOK 0.10 b.png": `"a.png\nOK 0.10 b.png"`, "\x1b[2J": `"\x1b[2J"`, "\xff.png": `"\xff.png"`,
	} {
		assert.Equal(t, want, oneLine(in))
	}
}

func TestParse(t *testing.T) {
	for line, want := range map[string][]string{
		"a -v b": {"a", "b"}, "-v -- -a -b": {"-a", "-b"}, "a -- -v": {"a", "-v"}, "-s -- a": {"a"}, "--": nil, "": nil,
	} {
		fs := flag.NewFlagSet("test", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		fs.Bool("v", false, "")
		fs.String("s", "", "")
		rest, err := parse(fs, strings.Fields(line))
		require.NoError(t, err, line)
		assert.Equal(t, want, rest, line)
	}
}

// TestErrorsAreHarmless: a name in a folder neither speaks to the terminal nor begins a line as this program does.
func TestErrorsAreHarmless(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, synth.WriteDataset(t.Context(), dir, synth.Options{Size: 64}, 5, 0, 0, nil))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "train", "good", "\x1b]0;you\a\nanomnet: error: all is lost.png"), []byte("no image"), 0o644))
	code, _, stderr := cli(t, "teach", "--good", dir, "--part", "p", "--out", filepath.Join(dir, "p.anomnet"), "--size", "64")
	assert.Equal(t, exitFailed, code)
	assert.NotContains(t, stderr, "\x1b")
	assert.NotContains(t, stderr, "\nanomnet: error: all is lost")
	assert.Contains(t, stderr, `\x1b]0;you\a"`+"\n  anomnet: error: all is lost.png: ")

	name := filepath.Join(dir, "a\nb.anomnet")
	require.NoError(t, os.WriteFile(name, assets.Backbone(), 0o644))
	for _, verb := range []string{"show", "verify"} {
		_, stdout, _ := cli(t, "model", verb, name)
		assert.Contains(t, stdout, `a\nb.anomnet"`)
	}
}

// TestReleaseVersion: a program of a release says which. The linker sets a variable by its name, and is silent when there is none.
func TestReleaseVersion(t *testing.T) {
	_, stdout, _ := cli(t, "version")
	assert.Equal(t, model.Software+"\n", stdout)
	exe := filepath.Join(t.TempDir(), "anomnet")
	out, err := exec.Command("go", "build", "-ldflags=-X main.version=v1.2.3", "-o", exe, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.Command(exe, "version").Output()
	require.NoError(t, err)
	assert.Equal(t, model.Software+" v1.2.3\n", string(out))
}

// TestReportsAndResults: a report is written also when nobody reads the results, and results are printed also when the report cannot be written.
func TestReportsAndResults(t *testing.T) {
	data, head := washers(t)
	file := filepath.Join(t.TempDir(), "r.html")
	args := []string{"score", "--model", head, "--json", "--report", file, filepath.Join(data, "test", "good")}
	assert.Equal(t, exitFailed, run(context.Background(), args, full{}, io.Discard))
	assert.FileExists(t, file)

	const nowhere = "/proc/self/none" // of which nobody sees before that it cannot be made
	if _, err := os.Stat(filepath.Dir(nowhere)); err != nil {
		t.Skip("this system has no folder that takes nothing from anybody")
	}
	for want, args := range map[string][]string{
		`"raw"`:         {"score", "--model", head, "--json", "--report", nowhere + "/r.html", filepath.Join(data, "test", "good")},
		`"image_auroc"`: {"eval", "--model", head, "--data", data, "--json", "--report", nowhere},
		`"rows"`:        {"compare", "--methods", "kcentre", "--head-kb", "4", "--size", "96", "--data", data, "--json", "--report", nowhere},
	} {
		code, stdout, stderr := cli(t, args...)
		assert.Equal(t, exitFailed, code, args[0])
		assert.Contains(t, stderr, nowhere)
		assert.Contains(t, stdout, want)
	}
}

// TestDistillKeepsWhatItIsMadeOf: the files beside --out are not written over the teacher, an earlier student or a description.
func TestDistillKeepsWhatItIsMadeOf(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"net.safetensors", "net.json", "other.safetensors"} {
		require.NoError(t, os.WriteFile(at(name), []byte("{}"), 0o644))
	}
	require.NoError(t, os.Mkdir(at("taken.json"), 0o755))
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--teacher", at("net.safetensors"), "--out", at("net.anomnet")}, exitUsage, "would be written over " + at("net.safetensors")},
		{[]string{"--teacher", at("other.safetensors"), "--init", at("net.safetensors"), "--out", at("net.anomnet")}, exitUsage, "would be written over"},
		{[]string{"--teacher", at("other.safetensors"), "--describe", at("net.json"), "--out", at("net.anomnet")}, exitUsage, "would be written over"},
		{[]string{"--teacher", at("other.safetensors"), "--student", at("net.json"), "--out", at("net.anomnet")}, exitUsage, "would be written over"},
		{[]string{"--teacher", at("other.safetensors"), "--out", at("new.safetensors")}, exitUsage, "the float weights and their description go to"},
		{[]string{"--teacher", at("other.safetensors"), "--out", at("taken.anomnet")}, exitFailed, "no regular file"},
		{[]string{"--teacher", at("other.safetensors"), "--out", at("new.anomnet"), "--device", "none"}, exitFailed, ""}, // libtorch, or the device
	} {
		code, _, stderr := cli(t, append([]string{"distill", "--images", dir}, tt.args...)...)
		assert.Equal(t, tt.code, code, stderr)
		assert.Contains(t, stderr, tt.want)
	}
}

// TestNothingIsWrittenOverWhatItIsMadeOf: weights, their description and a backbone outlive a mistyped --out.
func TestNothingIsWrittenOverWhatItIsMadeOf(t *testing.T) {
	dir := t.TempDir()
	weights, description := filepath.Join(dir, "net.safetensors"), filepath.Join(dir, "net.json")
	for _, name := range []string{weights, description} {
		require.NoError(t, os.WriteFile(name, []byte("{}"), 0o644))
	}
	for _, args := range [][]string{
		{"import", "--from", weights, "--describe", description, "--images", dir, "--out", weights},
		{"import", "--from", weights, "--describe", description, "--images", dir, "--out", description},
		{"teach", "--good", dir, "--part", "p", "--backbone", weights, "--out", weights},
		{"train", "--data", dir, "--part", "p", "--method", "kcentre", "--backbone", weights, "--out", weights},
	} {
		code, _, stderr := cli(t, args...)
		assert.Equal(t, exitUsage, code, stderr)
		assert.Contains(t, stderr, "would be written over")
	}
}

func TestImportSaysHowManyPhotographsItWants(t *testing.T) {
	dir := t.TempDir()
	weights, description := filepath.Join(dir, "net.safetensors"), filepath.Join(dir, "net.json")
	for _, name := range []string{weights, description, filepath.Join(dir, "a.png"), filepath.Join(dir, "b.png"), filepath.Join(dir, "c.png")} {
		require.NoError(t, os.WriteFile(name, []byte("{}"), 0o644))
	}
	for want, flags := range map[string][]string{
		"want 4, twice the larger number": {"--calibrate", "2", "--held-out", "1"}, // three are enough for 2 and 1, but not at equal steps
		"want at least 1":                 {"--calibrate", "-1", "--held-out", "1"},
	} {
		args := append([]string{"import", "--from", weights, "--describe", description, "--images", dir, "--out", filepath.Join(dir, "o")}, flags...)
		_, _, stderr := cli(t, args...)
		assert.Contains(t, stderr, want)
	}
}

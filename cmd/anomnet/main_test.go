package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/metrics"
	"anomnet/core/model"
	"anomnet/trainer/synth"
)

// cli runs one command line.
func cli(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(context.Background(), args, &out, &err)
	return code, out.String(), err.String()
}

// washers writes a small data set and teaches a head; both are made once a test.
func washers(t *testing.T) (data, head string) {
	t.Helper()
	dir := t.TempDir()
	data, head = filepath.Join(dir, "washer"), filepath.Join(dir, "washer.anomnet")
	code, _, stderr := cli(t, "synth", "--out", data, "--size", "96", "--n", "10", "--test-good", "3", "--defects", "5")
	require.Equal(t, exitOK, code, stderr)
	code, stdout, stderr := cli(t, "teach", "--good", data, "--part", "Washer", "--out", head, "--size", "96", "--centroids", "64", "--frr", "0.1")
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "64 centroids")
	return data, head
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

func TestTeachScoreEvalAgree(t *testing.T) {
	data, head := washers(t)
	again := filepath.Join(t.TempDir(), "again.anomnet")
	code, _, stderr := cli(t, "teach", "--good", data, "--part", "Washer", "--out", again, "--size", "96", "--centroids", "64", "--frr", "0.1", "--workers", "1")
	require.Equal(t, exitOK, code, stderr)
	assert.Equal(t, readFile(t, head), readFile(t, again), "the same images, options and seed give the same file")

	code, stdout, stderr := cli(t, "eval", "--model", head, "--data", data, "--json", "--scores")
	require.Equal(t, exitOK, code, stderr)
	var figures struct {
		AUROC  float64 `json:"image_auroc"`
		Good   int     `json:"n_good"`
		Defect int     `json:"n_defect"`
		Images []struct {
			Path    string `json:"path"`
			Label   string `json:"label"`
			RawBits uint32 `json:"raw_bits"`
		} `json:"images"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &figures))
	assert.Equal(t, []int{3, 5, 8}, []int{figures.Good, figures.Defect, len(figures.Images)})
	var scores []float32
	var defective []bool
	for _, i := range figures.Images {
		scores, defective = append(scores, math.Float32frombits(i.RawBits)), append(defective, i.Label != "good")
	}
	auroc, err := metrics.AUROC(scores, defective)
	require.NoError(t, err)
	assert.InDelta(t, auroc, figures.AUROC, 1e-12, "of the scores that are listed")

	maps := t.TempDir()
	code, stdout, stderr = cli(t, "score", "--model", head, "--json", "--maps", maps, "--tier", "ref", filepath.Join(data, "test"))
	require.Equal(t, exitOK, code, stderr)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 8)
	bits := map[string]uint32{}
	for _, l := range lines {
		var row scoreRow
		require.NoError(t, json.Unmarshal([]byte(l), &row))
		bits[row.Path] = row.RawBits
	}
	for _, i := range figures.Images {
		assert.Equal(t, bits[i.Path], i.RawBits, i.Path)
	}
	drawn, err := os.ReadDir(maps)
	require.NoError(t, err)
	assert.Len(t, drawn, 8)
}

func TestScoreKeepsTheBatchWhenFilesAreBroken(t *testing.T) {
	data, head := washers(t)
	good := filepath.Join(data, "test", "good", "000.png")
	whole, err := os.ReadFile(good)
	require.NoError(t, err)
	dir := t.TempDir()
	broken := map[string][]byte{"empty.png": nil, "text.png": []byte("this is not an image at all"), "cut.png": whole[:len(whole)/2], "huge.png": hugePNG()}
	codes := map[string]string{"empty.png": "empty", "text.png": "not_image", "cut.png": "corrupt", "huge.png": "too_large"}
	args := []string{"score", "--model", head, "--json", good}
	for name, content := range broken {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o644))
		args = append(args, path)
	}
	args = append(args, good, filepath.Join(dir, "absent.png"))
	code, _, stderr := cli(t, args...)
	assert.Equal(t, exitFailed, code, "a path that does not exist is an error of the command line")
	assert.Contains(t, stderr, "absent.png")

	code, stdout, stderr := cli(t, args[:len(args)-1]...)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "4 of 6 files could not be scored")
	ok := 0
	for _, l := range strings.Split(strings.TrimSpace(stdout), "\n") {
		var row scoreRow
		require.NoError(t, json.Unmarshal([]byte(l), &row))
		if row.Error == nil {
			ok++
			assert.NotEmpty(t, row.Verdict)
			continue
		}
		assert.Equal(t, codes[filepath.Base(row.Path)], row.Error.Code, row.Error.Message)
		assert.NotEmpty(t, row.Error.Hint)
	}
	assert.Equal(t, 2, ok)
	code, stdout, stderr = cli(t, "score", "--model", head, filepath.Join(dir, "cut.png"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "ERROR")
	assert.Contains(t, stderr, "anomnet: hint: ")
}

// scoreRow is what score --json prints of an image, as a program reads it.
type scoreRow struct {
	Path    string `json:"path"`
	Verdict string `json:"verdict"`
	RawBits uint32 `json:"raw_bits"`
	Error   *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Hint    string `json:"hint"`
	} `json:"error"`
}

// hugePNG is the header of a PNG of 30,000 x 30,000 pixels.
func hugePNG() []byte {
	chunk := append([]byte("IHDR"), 0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(out, chunk...), crc32.ChecksumIEEE(chunk))
}

func TestBadModels(t *testing.T) {
	data, head := washers(t)
	image := filepath.Join(data, "test", "good", "000.png")
	whole, err := os.ReadFile(head)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o644))
		return path
	}
	flipped := append([]byte(nil), whole...)
	flipped[len(flipped)/2] ^= 4
	f, err := model.Decode(whole)
	require.NoError(t, err)
	f.Head.BackboneDigest = strings.Repeat("0", 64)
	other, err := model.Encode(f)
	require.NoError(t, err)
	for name, c := range map[string]struct{ path, says string }{
		"flipped byte":     {write("flipped", flipped), "damaged"},
		"not a model":      {write("text", []byte("hello")), "damaged"},
		"other backbone":   {write("other", other), `needs the backbone ` + strings.Repeat("0", 64) + `; the built-in one is `},
		"backbone only":    {"../../assets/models/backbone.anomnet", "no head"},
		"does not exist":   {filepath.Join(dir, "nothing"), "no such file"},
		"an image instead": {image, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, args := range [][]string{{"score", "--model", c.path, image}, {"eval", "--model", c.path, "--data", data}} {
				code, stdout, stderr := cli(t, args...)
				assert.Equal(t, exitFailed, code)
				assert.Empty(t, stdout)
				assert.Contains(t, stderr, "anomnet: error: ")
				assert.Contains(t, stderr, c.says)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	data, head := washers(t)
	other := filepath.Join(t.TempDir(), "bracket") // not a washer at all
	require.NoError(t, synth.WriteDataset(t.Context(), other, synth.Options{Kind: "bracket", Size: 96}, 1, 0, 0, nil))
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"nothing":        {nil, exitUsage},
		"help":           {[]string{"help"}, exitOK},
		"version":        {[]string{"version"}, exitOK},
		"unknown":        {[]string{"fly"}, exitUsage},
		"unknown flag":   {[]string{"score", "--fly"}, exitUsage},
		"command help":   {[]string{"score", "-h"}, exitOK},
		"no model":       {[]string{"score", "x.png"}, exitUsage},
		"no images":      {[]string{"score", "--model", head}, exitUsage},
		"bad tier":       {[]string{"score", "--model", head, "--tier", "quantum", data}, exitFailed},
		"teach no part":  {[]string{"teach", "--good", data}, exitUsage},
		"teach empty":    {[]string{"teach", "--good", t.TempDir(), "--part", "p", "--out", "x"}, exitFailed},
		"teach too few":  {[]string{"teach", "--good", filepath.Join(data, "test", "good"), "--part", "p", "--out", "x"}, exitFailed},
		"teach no rate":  {[]string{"teach", "--good", data, "--part", "p", "--out", "x", "--frr", "0"}, exitUsage},
		"teach centres":  {[]string{"teach", "--good", data, "--part", "p", "--out", "x", "--centroids", "0"}, exitUsage},
		"teach nothing":  {[]string{"teach", "--good", data, "--part", "p", "--out", "x", "--embedding", "0"}, exitUsage},
		"teach size":     {[]string{"teach", "--good", data, "--part", "p", "--out", "x", "--size", "33"}, exitUsage},
		"teach latin-1":  {[]string{"teach", "--good", data, "--part", "Gr\xf6\xdfe", "--out", "x"}, exitUsage},
		"teach on data":  {[]string{"teach", "--good", data, "--part", "p", "--out", data}, exitFailed},
		"eval no test":   {[]string{"eval", "--model", head, "--data", filepath.Join(data, "train")}, exitFailed},
		"model show":     {[]string{"model", "show", head}, exitOK},
		"model verify":   {[]string{"model", "verify", head}, exitOK},
		"model nothing":  {[]string{"model"}, exitUsage},
		"fail on review": {[]string{"score", "--model", head, "--fail-on", "review", other}, exitFailOn},
		"synth kind":     {[]string{"synth", "--kind", "teapot", "--out", t.TempDir()}, exitFailed},
		"score report":   {[]string{"score", "--model", head, "--report", "x.pdf", data}, exitUsage},
		"audit nothing":  {[]string{"audit"}, exitUsage},
		"audit no file":  {[]string{"audit", "verify", filepath.Join(data, "nothing")}, exitFailed},
		"audit an image": {[]string{"audit", "verify", filepath.Join(data, "test", "good", "000.png")}, exitFailed},
		"audit head":     {[]string{"audit", "verify", head, "--head", "x"}, exitFailed},
		"import nothing": {[]string{"import"}, exitUsage},
		"flags at end":   {[]string{"score", filepath.Join(data, "test", "good"), "--model", head, "--csv"}, exitOK},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := cli(t, c.args...)
			assert.Equal(t, c.code, code, stderr)
		})
	}
}

func TestCancelledWritesNothing(t *testing.T) {
	data, _ := washers(t)
	out := filepath.Join(t.TempDir(), "never.anomnet")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"teach", "--good", data, "--part", "p", "--out", out}, &stdout, &stderr)
	assert.Equal(t, exitCancelled, code)
	assert.NoFileExists(t, out)
}

// TestBadOptionsAreToldBeforeTheWork: the folder holds no picture, so an error of the option came first.
func TestBadOptionsAreToldBeforeTheWork(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, string(rune('a'+i))+".png"), []byte("not a picture"), 0o644))
	}
	for flag, bad := range map[string]string{"--frr": "NaN", "--norm": "max", "--embedding": "500", "--centroids": "99999"} {
		code, _, stderr := cli(t, "teach", "--good", dir, "--part", "p", "--out", "x", flag, bad)
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, stderr, "error: teach: ", flag)
	}
}

func TestServeRefusesAModelOfAnotherBackbone(t *testing.T) {
	_, head := washers(t)
	f := &serveFlags{head: head, backbone: head}
	_, err := f.files()
	assert.Error(t, err)
}

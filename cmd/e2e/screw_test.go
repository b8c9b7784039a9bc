//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The subset of screws: enough to train on and short.
const (
	trainScrews = 40
	testScrews  = 40 // half good, half defective
)

// TestScrewsEndToEnd is the whole path on real images: train a head on the command line, serve it, drop real screws into the page, and
// require that page, score and eval give the same raw scores, bit for bit, with no request after load.
//
// ANOMNET_BIN is the binary; one without libtorch teaches instead of training, and says so.
func TestScrewsEndToEnd(t *testing.T) {
	data := screwSubset(t)
	bin := anomnetBinary(t)
	head := filepath.Join(t.TempDir(), "screw.anomnet")
	learn(t, bin, data, head)

	files := testFiles(t, data)
	score := scoreBits(t, bin, head, files)
	require.Equal(t, score, evalBits(t, bin, head, data), "score and eval")

	p := open(t, serveBinary(t, bin, head), desktop)
	var got map[string]string
	for from := 0; from < len(files); from += 10 { // as a person drops them, and so that a slow machine has time
		p.drag(true, files[from:min(from+10, len(files))]...)
		got = map[string]string{}
		for _, r := range p.results(min(from+10, len(files))) {
			require.Empty(t, r.Error, r.Name)
			got[r.Name] = r.RawBits
		}
	}
	require.Len(t, got, testScrews)
	assert.Equal(t, score, got, "the page and the command line")
	p.shot("screws")
	p.requireClean()
}

// screwSubset makes a small data set of links to the shared screws.
func screwSubset(t *testing.T) string {
	t.Helper()
	shared, err := filepath.Abs("../../../shared/data/screw")
	require.NoError(t, err)
	if _, err := os.Stat(shared); err != nil {
		t.Skipf("SKIPPED, NOT TESTED: the screw images are not here: %v", err)
	}
	dir := t.TempDir()
	for folder, n := range map[string]int{"train/good": trainScrews, "test/good": testScrews / 2, "test/defect": testScrews / 2} {
		paths, err := filepath.Glob(filepath.Join(shared, folder, "*.png"))
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(paths), n, folder)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, folder), 0o755))
		for i := range n {
			path := paths[i*len(paths)/n]
			name := strings.ReplaceAll(folder, "/", "-") + "-" + filepath.Base(path)
			require.NoError(t, os.Symlink(path, filepath.Join(dir, folder, name)))
		}
	}
	return dir
}

// anomnetBinary returns ANOMNET_BIN, or builds one without libtorch.
func anomnetBinary(t *testing.T) string {
	t.Helper()
	if bin := os.Getenv("ANOMNET_BIN"); bin != "" {
		return bin
	}
	bin := filepath.Join(t.TempDir(), "anomnet")
	run(t, "go", "build", "-o", bin, "anomnet/cmd/anomnet")
	return bin
}

// learn trains a head, or teaches one when the binary has no libtorch.
func learn(t *testing.T, bin, data, head string) {
	t.Helper()
	common := []string{"--part", "Screw", "--out", head, "--centroids", "512", "--norm", "raw", "--seed", "1"}
	args := append([]string{"train", "--data", data, "--device", "cpu", "--keep", "trained", "--steps1", "8", "--steps2", "8"}, common...)
	var stderr bytes.Buffer
	cmd := exec.Command(bin, args...)
	cmd.Stderr = &stderr
	err := cmd.Run()
	if err != nil && strings.Contains(stderr.String(), "built without libtorch") {
		t.Log("NOT TRAINED: this binary has no libtorch (make torch); the head is taught instead")
		run(t, bin, append([]string{"teach", "--good", data}, common...)...)
		return
	}
	require.NoError(t, err, stderr.String())
	require.Contains(t, stderr.String(), "kept: the trained adapter")
}

// run executes a command and returns its output.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s %v\n%s", name, args, stderr.String())
	return out
}

func testFiles(t *testing.T, data string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "test", "*", "*.png"))
	require.NoError(t, err)
	require.Len(t, files, testScrews)
	return files
}

// scoreBits returns the raw scores of `anomnet score` as decimal bits by file name.
func scoreBits(t *testing.T, bin, head string, files []string) map[string]string {
	t.Helper()
	bits := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(run(t, bin, append([]string{"score", "--model", head, "--json"}, files...)...)))
	for lines.Scan() {
		var row struct {
			Path    string `json:"path"`
			RawBits uint32 `json:"raw_bits"`
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		bits[filepath.Base(row.Path)] = strconv.FormatUint(uint64(row.RawBits), 10)
	}
	require.Len(t, bits, len(files))
	return bits
}

// evalBits returns those of `anomnet eval`.
func evalBits(t *testing.T, bin, head, data string) map[string]string {
	t.Helper()
	var out struct {
		Images []struct {
			Path    string `json:"path"`
			RawBits uint32 `json:"raw_bits"`
		} `json:"images"`
	}
	require.NoError(t, json.Unmarshal(run(t, bin, "eval", "--model", head, "--data", data, "--json", "--scores"), &out))
	bits := map[string]string{}
	for _, i := range out.Images {
		bits[filepath.Base(i.Path)] = strconv.FormatUint(uint64(i.RawBits), 10)
	}
	return bits
}

// serveBinary runs `anomnet serve` behind a proxy that counts requests.
func serveBinary(t *testing.T, bin, head string) *server {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bin, "serve", "--addr", "127.0.0.1:0", "--model", head)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "serve prints its address")
	target, err := url.Parse(strings.TrimSpace(line))
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.count(r)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/catalogue"
)

// pageFiles lists what a browser fetches of a site with packed models, as paths.
func pageFiles(t *testing.T, dir, models string) []string {
	t.Helper()
	list := []string{"/models/" + catalogue.IndexName}
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, name)
		if err != nil || d.IsDir() || strings.HasPrefix(rel, "models") || strings.HasPrefix(rel, "_") || slices.Contains([]string{".br", ".gz"}, path.Ext(rel)) {
			return err
		}
		list = append(list, "/"+strings.Replace(filepath.ToSlash(rel), "index.html", "", 1))
		return nil
	}))
	data, err := os.ReadFile(filepath.Join(models, catalogue.IndexName))
	require.NoError(t, err)
	c, err := catalogue.Decode(data)
	require.NoError(t, err)
	return append(list, "/models/"+c.Backbone, "/models/"+c.Head)
}

// loadPage fetches all files with six connections, as a browser does, and returns the bytes that came.
func loadPage(ctx context.Context, base, accept string, files []string) (int64, error) {
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 6, DisableCompression: true}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var wg sync.WaitGroup
	total, failed := download(ctx, client, base+"/", accept) // names the others
	for _, name := range files {
		if name == "/" {
			continue
		}
		wg.Go(func() {
			n, err := download(ctx, client, base+name, accept)
			mu.Lock()
			defer mu.Unlock()
			total += n
			if err != nil && failed == nil {
				failed = fmt.Errorf("%s: %w", name, err)
			}
		})
	}
	wg.Wait()
	return total, failed
}

func download(ctx context.Context, client *http.Client, url, accept string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Accept-Encoding", accept)
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", res.StatusCode)
	}
	return n, err
}

// manyLoads loads the page so many times at once, all begun within about a second; none may fail.
func manyLoads(t *testing.T, name, base, accept string, files []string) {
	t.Helper()
	const loads = 200
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	times, errs := make([]time.Duration, loads), make([]error, loads)
	var bytes int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for i := range loads {
		time.Sleep(5 * time.Millisecond) // all in the same moment, workerd resets connections
		wg.Go(func() {
			begun := time.Now()
			n, err := loadPage(ctx, base, accept, files)
			times[i], errs[i] = time.Since(begun), err
			mu.Lock()
			bytes += n
			mu.Unlock()
		})
	}
	wg.Wait()
	all := time.Since(start)
	failed := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if assert.Zero(t, len(failed), "%.300v", failed) {
		slices.Sort(times)
		t.Logf("%s: %d parallel page loads of %d requests, %.1f MB each: all in %.1f s; a load takes %.1f s (median), %.1f s (longest); %.0f requests/s", name, loads,
			len(files), float64(bytes)/loads/1e6, all.Seconds(), times[loads/2].Seconds(), times[loads-1].Seconds(), float64(loads*len(files))/all.Seconds())
	}
}

// TestManyLoads loads the page 200 times at once from serve and from Cloudflare's runtime.
func TestManyLoads(t *testing.T) {
	dir := edgeDir(t).dir
	t.Run("serve", func(t *testing.T) {
		compressed := filepath.Join("..", "..", "assets", "site")
		if _, err := os.Stat(filepath.Join(compressed, "anomnet.wasm.br")); err != nil {
			t.Log("assets/site is not built: the files go out uncompressed (make site)")
			compressed = filepath.Join(dir, "site")
		}
		models := filepath.Join(dir, "site", "models")
		manyLoads(t, "serve", serveProcess(t, compressed, models), "br, gzip", pageFiles(t, compressed, models))
	})
	t.Run("workerd", func(t *testing.T) {
		// Here workerd would compress each answer anew, at 13 requests/s; at Cloudflare that is not the runtime's work.
		manyLoads(t, "workerd", workerdAlone(t, dir), "identity", pageFiles(t, filepath.Join(dir, "site"), filepath.Join(dir, "site", "models")))
	})
}

// serveProcess runs `anomnet serve` as its own process.
func serveProcess(t *testing.T, page, models string) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "anomnet")
	out, err := exec.Command("go", "build", "-o", exe, "../anomnet").CombinedOutput()
	require.NoError(t, err, "%s", out)
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, exe, "serve", "--addr", "127.0.0.1:0", "--site", page, "--models", models)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was told to stop
		t.Logf("serve used %.1f s of processor time and at most %d MB", cmd.ProcessState.SystemTime().Seconds()+cmd.ProcessState.UserTime().Seconds(),
			cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss>>10)
	})
	line, err := bufio.NewReader(pipe).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSuffix(strings.TrimSpace(line), "/")
}

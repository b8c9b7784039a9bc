//go:build unix

package chromium

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script is a fake browser that notes each start in the file runs.
func script(t *testing.T, body string) (path, runs string) {
	t.Helper()
	dir := t.TempDir()
	path, runs = filepath.Join(dir, "browser"), filepath.Join(dir, "runs")
	text := fmt.Sprintf("#!/bin/sh\necho \"$@\" >> %s\nn=$(wc -l < %s)\n%s\n", runs, runs, body)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
	return path, runs
}

func started(t *testing.T, runs string) []string {
	t.Helper()
	data, err := os.ReadFile(runs)
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

type notes struct {
	mu   sync.Mutex
	text []string
}

func (n *notes) log(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text = append(n.text, fmt.Sprintf(format, args...))
}

func TestKeeperStartsAgain(t *testing.T) {
	path, runs := script(t, `[ $n -ge 5 ] && exit 0; [ $n -eq 2 ] && kill -9 $$; exit 7`)
	var n notes
	k := &Keeper{Path: path, Args: Args("http://127.0.0.1:1/", "/p", nil), Log: n.log, First: time.Millisecond, Longest: 4 * time.Millisecond}
	require.NoError(t, k.Run(t.Context()))
	assert.Len(t, started(t, runs), 5)
	require.Len(t, n.text, 5)
	for i, want := range []string{"exit status 7); it starts again in 1ms", "signal: killed); it starts again in 2ms", "in 4ms", "in 4ms", "was closed"} {
		assert.Contains(t, n.text[i], want)
	}
	assert.Contains(t, started(t, runs)[0], "--kiosk")
}

func TestKeeperAfterALongRun(t *testing.T) {
	path, _ := script(t, `[ $n -ge 4 ] && exit 0; sleep 0.05; exit 1`)
	var n notes
	k := &Keeper{Path: path, Log: n.log, First: time.Millisecond, Fine: 40 * time.Millisecond}
	require.NoError(t, k.Run(t.Context()))
	for _, s := range n.text[:3] {
		assert.Contains(t, s, "in 1ms", "it ran well in between")
	}
}

// TestKeeperEndsAll: with the context the browser ends, and so do the processes that it has started.
func TestKeeperEndsAll(t *testing.T) {
	path, runs := script(t, `sleep 300 & echo $! >> `+"$0.child"+`; wait`)
	ctx, cancel := context.WithCancel(t.Context())
	var n notes
	done := make(chan error, 1)
	go func() { done <- (&Keeper{Path: path, Log: n.log}).Run(ctx) }()
	require.Eventually(t, func() bool { data, err := os.ReadFile(path + ".child"); return err == nil && len(data) > 1 }, 20*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	assert.Len(t, started(t, runs), 1)
	child, err := os.ReadFile(path + ".child")
	require.NoError(t, err)
	assert.Eventually(t, func() bool {
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(child)) + "/stat")
		return err != nil || strings.Contains(string(stat), ") Z ") // gone, or waits to be reaped
	}, 20*time.Second, 5*time.Millisecond)
}

func TestFind(t *testing.T) {
	path, _ := script(t, "exit 0")
	found, err := Find(path)
	require.NoError(t, err)
	assert.Equal(t, path, found)
	_, err = Find(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, ErrAbsent)
	t.Setenv("PATH", t.TempDir())
	if _, err := os.Stat(names[7]); err != nil {
		_, err = Find("")
		assert.ErrorIs(t, err, ErrAbsent)
	}
	err = (&Keeper{Path: "/no/such/browser", Log: t.Logf}).Run(t.Context())
	assert.ErrorContains(t, err, "chromium: ")
}

//go:build e2e && unix

package e2e

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/policy"
)

// TestKioskCommand runs anomnet kiosk with the real Chromium, without a screen: the page comes up in the kiosk with the policy, comes up again when the
// browser is killed, and all ends with a signal.
func TestKioskCommand(t *testing.T) {
	dir := t.TempDir()
	bin := anomnetBinary(t)
	exe := os.Getenv("CHROMIUM")
	if exe == "" {
		exe = "/usr/bin/chromium"
	}
	pol := policy.Default()
	pol.Operator = true
	file, profile := filepath.Join(dir, "policy.json"), filepath.Join(dir, "profile")
	require.NoError(t, os.WriteFile(file, []byte(encoded(t, pol)), 0o644))
	cmd := exec.Command(bin, "kiosk", "--site", siteDir(t), "--policy", file, "--profile", profile, "--browser", exe, "--addr", "127.0.0.1:0",
		"--browser-flag", "--headless", "--browser-flag", "--no-sandbox", "--browser-flag", "--disable-gpu", "--browser-flag", "--remote-debugging-port=0")
	log := &strings.Builder{}
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	url, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	go func() { ended <- cmd.Wait() }()

	// The title is written by the page's program when the view is shown.
	shown := func() bool {
		port, err := os.ReadFile(filepath.Join(profile, "DevToolsActivePort"))
		if err != nil {
			return false
		}
		number, _, _ := strings.Cut(string(port), "\n")
		res, err := http.Get("http://127.0.0.1:" + number + "/json/list")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		var targets []struct{ Type, Title, URL string }
		if json.NewDecoder(res.Body).Decode(&targets) != nil {
			return false
		}
		for _, one := range targets {
			if one.Type == "page" && strings.HasPrefix(one.Title, "Kiosk ") && strings.HasPrefix(one.URL, strings.TrimSpace(url)) {
				return true
			}
		}
		return false
	}
	require.Eventually(t, shown, 90*time.Second, 50*time.Millisecond, "the page is shown")

	lock, err := os.Readlink(filepath.Join(profile, "SingletonLock")) // host-pid
	require.NoError(t, err)
	pid := lock[strings.LastIndex(lock, "-")+1:]
	require.NoError(t, exec.Command("kill", "-9", pid).Run())
	require.Eventually(t, func() bool {
		now, err := os.Readlink(filepath.Join(profile, "SingletonLock"))
		return err == nil && now != lock && shown()
	}, 90*time.Second, 50*time.Millisecond, "it comes up again")

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-ended:
		assert.NoError(t, err, log.String())
	case <-time.After(60 * time.Second):
		t.Fatal("anomnet kiosk does not end")
	}
	assert.Contains(t, log.String(), "it starts again in 1s")
	assert.False(t, shown(), "the browser has ended too")
}

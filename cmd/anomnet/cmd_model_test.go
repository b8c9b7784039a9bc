package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"anomnet/core/model"
)

// signer is a key pair and a model to sign. The key has no passphrase, which takes a second and 1 GiB to try; TestPassphrase has one.
type signer struct{ dir, secret, public, model string }

func newSigner(t *testing.T) signer {
	t.Helper()
	dir := t.TempDir()
	s := signer{dir, filepath.Join(dir, "line4.key"), filepath.Join(dir, "line4.pub"), filepath.Join(dir, "washer.anomnet")}
	head, err := os.ReadFile("../../assets/models/default.anomnet")
	require.NoError(t, err)
	public, secret, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	open, err := secret.MarshalText()
	require.NoError(t, err)
	shown, err := public.MarshalText()
	require.NoError(t, err)
	for path, data := range map[string][]byte{s.model: head, s.secret: open, s.public: append(shown, '\n')} {
		require.NoError(t, os.WriteFile(path, data, 0o600))
	}
	return s
}

// ok runs a command that must succeed.
func (s signer) ok(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := cli(t, args...)
	require.Equal(t, exitOK, code, "%v: %s", args, stderr)
	return stdout
}

func (s signer) sign(t *testing.T, args ...string) string {
	t.Helper()
	return s.ok(t, append([]string{"model", "sign", s.model, "--secret", s.secret}, args...)...)
}

// fails runs a command that must fail and returns what it says.
func (s signer) fails(t *testing.T, args ...string) string {
	t.Helper()
	code, _, stderr := cli(t, args...)
	require.Equal(t, exitFailed, code, "%v: %s", args, stderr)
	return stderr
}

func TestSignAndVerify(t *testing.T) {
	s := newSigner(t)
	assert.Contains(t, s.ok(t, "model", "verify", s.model), "not signed")
	assert.Contains(t, s.fails(t, "model", "verify", s.model, "--key", s.public), "not signed")
	assert.Contains(t, s.sign(t), "counter 1")
	assert.Contains(t, s.sign(t, "--expires", "2999-01-01"), "counter 2", "it counts on")
	assert.Contains(t, s.ok(t, "model", "verify", s.model), "not checked")
	assert.Contains(t, s.ok(t, "model", "verify", s.model, "--key", s.public), "signed by line4.pub")
	assert.Contains(t, s.fails(t, "model", "verify", s.model, "--key", s.public, "--counter", "3"), "older_counter")

	s.fails(t, "model", "sign", s.secret, "--secret", s.secret)
	s.fails(t, "model", "verify", s.model, "--key", s.secret)

	// A model of the same part, beside this signature.
	data, err := os.ReadFile(s.model)
	require.NoError(t, err)
	f, err := model.Decode(data)
	require.NoError(t, err)
	f.Head.Provenance.Card = "another"
	data, err = model.Encode(f)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.model, data, 0o644))
	assert.Contains(t, s.fails(t, "model", "verify", s.model, "--key", s.public), "wrong")
	assert.Contains(t, s.fails(t, "model", "verify", s.model+sigSuffix, "--key", s.public), "not a model file")
}

func TestPackAndVerify(t *testing.T) {
	s := newSigner(t)
	s.sign(t)
	in, out := filepath.Join(s.dir, "in"), filepath.Join(s.dir, "out")
	require.NoError(t, os.Mkdir(in, 0o755))
	for _, name := range []string{s.model, s.model + sigSuffix} {
		require.NoError(t, os.Rename(name, filepath.Join(in, filepath.Base(name))))
	}
	pack := func(args ...string) string {
		return s.ok(t, append([]string{"model", "pack", in, "--out", out, "--secret", s.secret}, args...)...)
	}
	assert.Contains(t, pack(), "2 models, counter 1")
	assert.Contains(t, pack("--expires", "2999-01-01"), "2 models, counter 2")
	assert.Contains(t, s.ok(t, "model", "verify", out, "--key", s.public), "signed by line4.pub")
	code, _, _ := cli(t, "model", "pack", in)
	assert.Equal(t, exitUsage, code)

	index := filepath.Join(out, "index.json")
	text, err := os.ReadFile(index)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(index, []byte(strings.Replace(string(text), `"counter":2`, `"counter":3`, 1)), 0o644))
	assert.Contains(t, s.fails(t, "model", "verify", out, "--key", s.public), "wrong")
	s.ok(t, "model", "pack", in, "--out", out)
	assert.Contains(t, s.fails(t, "model", "verify", out, "--key", s.public), "not signed", "a new index does not keep an old signature")
}

// minisignProgram is the C program; without it the test is skipped.
func minisignProgram(t *testing.T) func(stdin string, args ...string) string {
	t.Helper()
	exe, err := exec.LookPath("minisign")
	if err != nil {
		t.Skip("NOT TESTED: the program minisign is not installed (apt-get install minisign)")
	}
	return func(stdin string, args ...string) string {
		t.Helper()
		cmd := exec.Command(exe, args...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "minisign %v: %s", args, out)
		return string(out)
	}
}

const comment9 = "anomnet 1 model counter=9 date=2026-11-25T18:00:00Z expires=never name=Washer (demo)"

// TestPassphrase uses an encrypted key here and in the C program.
func TestPassphrase(t *testing.T) {
	if testing.Short() {
		t.Skip("scrypt with 1 GiB takes seconds")
	}
	s := newSigner(t)
	name, right, wrong := filepath.Join(s.dir, "locked"), filepath.Join(s.dir, "right"), filepath.Join(s.dir, "wrong")
	require.NoError(t, os.WriteFile(right, []byte("korrekt Pferd\r\nnot this\n"), 0o600))
	require.NoError(t, os.WriteFile(wrong, []byte("falsches Pferd"), 0o600))
	s.ok(t, "model", "keygen", name, "--passphrase-file", right)
	info, err := os.Stat(name + ".key")
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.Contains(t, s.fails(t, "model", "keygen", name, "--passphrase-file", right), "is there")
	assert.Contains(t, s.fails(t, "model", "sign", s.model, "--secret", name+".key"), "no terminal")
	s.fails(t, "model", "sign", s.model, "--secret", name+".key", "--passphrase-file", wrong)
	s.ok(t, "model", "sign", s.model, "--secret", name+".key", "--passphrase-file", right)
	assert.Contains(t, s.ok(t, "model", "verify", s.model, "--key", name+".pub"), "counter 1")

	minisignProgram(t)("korrekt Pferd\n", "-S", "-s", name+".key", "-m", s.model, "-t", comment9)
	assert.Contains(t, s.ok(t, "model", "verify", s.model, "--key", name+".pub"), "counter 9")
}

// TestMinisignAgrees lets the C program check what we signed, and the other way round, with the keys of both.
func TestMinisignAgrees(t *testing.T) {
	tool := minisignProgram(t)
	s := newSigner(t)
	s.sign(t)
	assert.Contains(t, tool("", "-V", "-p", s.public, "-m", s.model), "name=Washer (demo)")
	theirs := filepath.Join(s.dir, "theirs")
	tool("", "-G", "-W", "-p", theirs+".pub", "-s", theirs+".key")
	tool("", "-S", "-s", theirs+".key", "-m", s.model, "-t", comment9)
	assert.Contains(t, s.ok(t, "model", "verify", s.model, "--key", theirs+".pub"), "counter 9")
	s.ok(t, "model", "sign", s.model, "--secret", theirs+".key")
	assert.Contains(t, s.ok(t, "model", "verify", s.model, "--key", theirs+".pub"), "counter 10")
	assert.Contains(t, s.fails(t, "model", "verify", s.model, "--key", s.public), "unknown_key")
}

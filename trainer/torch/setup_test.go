package torch

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// setup runs setup.sh with the variables env, and an output folder of its own.
func setup(t *testing.T, env []string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	cmd := exec.Command(bash, append([]string{"./setup.sh"}, args...)...)
	cmd.Env = append(os.Environ(), "LIBTORCH=", "ANOMNET_INSTALL_TORCH=", "TORCH_BUILD="+t.TempDir())
	cmd.Env = append(cmd.Env, env...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err = cmd.Run()
	return out.String(), log.String(), err
}

func TestSetupSaysWhatIsMissing(t *testing.T) {
	tests := []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"compiler", []string{"TORCH_GXX=no-such-g++"}, nil, "missing: the C++ compiler no-such-g++"},
		{"folder", []string{"TORCH_GXX=true", "LIBTORCH=/no/such/folder"}, nil, "/no/such/folder is not a folder"},
		{"library", []string{"TORCH_GXX=true", "LIBTORCH=" + t.TempDir()}, nil, "no libtorch_cpu.so"},
		{"flag", nil, []string{"--frob"}, "LIBTORCH=DIR"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, log, err := setup(t, tt.env, tt.args...)
			assert.Error(t, err)
			assert.Empty(t, out, "nothing to eval")
			assert.Contains(t, log, tt.want)
		})
	}
}

// A made-up libtorch with CUDA: the environment must name its folders, and only what is not there gets a stub.
func TestSetupTakesAnotherLibtorch(t *testing.T) {
	if _, err := exec.LookPath("ar"); err != nil {
		t.Skip("no ar")
	}
	dir, build := t.TempDir(), t.TempDir()
	for _, name := range []string{"lib/libtorch_cpu.so", "lib/libtorch_cuda.so", "lib/libc10_cuda.so"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	header := filepath.Join(dir, "include/torch/version.h")
	require.NoError(t, os.MkdirAll(filepath.Dir(header), 0o755))
	lines := "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 15\n#define TORCH_VERSION_PATCH 0\n"
	require.NoError(t, os.WriteFile(header, []byte(lines), 0o644))

	out, log, err := setup(t, []string{"TORCH_GXX=true", "LIBTORCH=" + dir, "TORCH_BUILD=" + build})
	require.NoError(t, err, log)
	assert.Contains(t, log, "libtorch 2.15.0")
	assert.Contains(t, log, "CUDA build: yes")
	made := filepath.Join(build, "dir-2.15.0-cuda")
	assert.Contains(t, out, "export CXX='"+made+"/cxx'")
	assert.Contains(t, out, "-I"+dir+"/include ")
	assert.Contains(t, out, "-Wl,--no-as-needed -L"+made+"/stubs -L"+dir+"/lib -Wl,-rpath,"+dir+"/lib'")
	assert.FileExists(t, filepath.Join(made, "stubs/libcaffe2_nvrtc.a"))
	assert.NoFileExists(t, filepath.Join(made, "stubs/libtorch_cuda.a"))
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		assert.True(t, strings.HasPrefix(line, "export "), line)
	}
}

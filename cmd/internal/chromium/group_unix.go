//go:build unix

package chromium

import (
	"os/exec"
	"syscall"
)

// together puts the browser and its helpers into a process group of their own.
func together(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}

// end ends helpers that have outlived the browser; they would hold its profile.
func end(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// previewLimits are those of a program that reads what may be hostile: 1 GiB of
// memory, no file of more than 0 bytes, no core file.
const previewLimits = `ulimit -v 1048576; ulimit -f 0 && ulimit -c 0 && exec "$0" "$@"`

// confined is a program that is ended, with all that it started, when ctx
// ends. It gets no environment but the language of its messages, and the limits
// above.
func confined(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", previewLimits, path}, args...)...)
	cmd.Env = []string{"LC_ALL=C"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
	cmd.WaitDelay = commandDelay
	return cmd
}

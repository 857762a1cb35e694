//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// groupCommand is a program that is ended, with all that it started, when ctx
// ends. A shell sets the limits first, if there are any.
func groupCommand(ctx context.Context, limits, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	if limits != "" {
		cmd = exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", limits + ` && exec "$0" "$@"`, path}, args...)...)
	}
	cmd.Dir = "/" // what it might leave in the current folder it leaves nowhere
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
	return cmd
}

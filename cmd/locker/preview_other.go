//go:build !unix

package main

import (
	"context"
	"os/exec"
)

// confined is a program that is ended when ctx ends.
func confined(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{}
	cmd.WaitDelay = commandDelay
	return cmd
}

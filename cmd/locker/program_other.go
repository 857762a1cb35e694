//go:build !unix

package main

import (
	"context"
	"os/exec"
)

// groupCommand is a program that is ended when ctx ends. This system has no
// shell to set limits.
func groupCommand(ctx context.Context, _, path string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, path, args...)
}

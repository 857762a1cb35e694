//go:build !linux

package main

import (
	"errors"
	"io"
)

// inMemory tells whether a folder lies on a file system that is in memory,
// which this system does not tell.
func inMemory(string) bool { return false }

// holdFolder is for folders in memory.
func holdFolder(string) (io.Closer, error) { return nil, errors.ErrUnsupported }

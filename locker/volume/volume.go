// Package volume tells what the disk under a path is, and makes the system
// forget what it holds of a file in memory.
package volume

import (
	"os"
)

// fatMaxFile is the largest file on FAT, in bytes.
const fatMaxFile = 1<<32 - 1

// Info is what the system says of a file system.
type Info struct {
	Device   uint64 // the same for two paths on one file system
	Free     int64  // bytes that we can still write
	MaxFile  int64  // bytes of the largest file, 0: no limit known
	ReadOnly bool
	Type     string // as the system calls it, "" if it does not tell
}

// Stat returns what the file system is that holds path, a file or folder that
// exists.
func Stat(path string) (Info, error) {
	info, err := stat(path)
	if err != nil {
		return Info{}, &os.PathError{Op: "asking for the disk", Path: path, Err: err}
	}
	return info, nil
}

// Forget writes what the system holds of a file to the disk, and drops it from
// memory, so that reading it asks the disk. ok is false if it cannot be dropped,
// or nothing tells that it was.
//
// Nobody may call it while this process has the file open as a database:
// closing any descriptor of a file drops SQLite's locks on it.
func Forget(path string) (ok bool, err error) {
	return forget(path)
}

package main

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// inMemory tells whether a folder lies on a file system that is in memory.
func inMemory(dir string) bool {
	const tmpfs, ramfs = 0x01021994, 0x858458f6
	var s syscall.Statfs_t
	return syscall.Statfs(dir, &s) == nil && (uint32(s.Type) == tmpfs || uint32(s.Type) == ramfs)
}

// holdFolder marks a folder of this user's as in use until it is closed or this
// process ends, however it ends. It fails where another holds the folder.
func holdFolder(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (io.Closer, error) { return nil, errors.Join(err, f.Close()) }
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fail(err)
	}
	held, err := f.Stat()
	if err != nil {
		return fail(err)
	}
	if s, ok := held.Sys().(*syscall.Stat_t); !ok || int(s.Uid) != os.Geteuid() {
		return fail(os.ErrPermission)
	}
	// Whoever held it before may have removed it.
	if there, err := os.Lstat(path); err != nil || !os.SameFile(there, held) {
		return fail(os.ErrNotExist)
	}
	return f, nil
}

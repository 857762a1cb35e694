package main

import (
	"os"
	"syscall"
)

const (
	tcgets, tcsets = syscall.TCGETS, syscall.TCSETS
	fionread       = syscall.TIOCINQ
)

// flushInput drops what was typed and not read yet.
func flushInput(tty *os.File) {
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), tcflsh, syscall.TCIFLUSH)
}

// tcflsh is TCFLSH, which package syscall does not have everywhere.
const tcflsh = 0x540b

// wasClosed reports whether f was closed when the process began: the runtime
// opens /dev/null for reading and writing in the place of a closed stream,
// while a shell's </dev/null is for reading only.
func wasClosed(f *os.File) bool {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_GETFL, 0)
	if errno != 0 {
		return true
	}
	if flags&syscall.O_ACCMODE == syscall.O_RDONLY {
		return false
	}
	fi, err := f.Stat()
	if err != nil {
		return true
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(fi, null)
}

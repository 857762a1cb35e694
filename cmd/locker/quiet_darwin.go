package main

import (
	"os"
	"syscall"
	"unsafe"
)

const (
	tcgets, tcsets = syscall.TIOCGETA, syscall.TIOCSETA
	fionread       = 0x4004667f // FIONREAD, which package syscall does not have
)

// flushInput drops what was typed and not read yet.
func flushInput(tty *os.File) {
	input := int32(1) // FREAD
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), syscall.TIOCFLUSH, uintptr(unsafe.Pointer(&input)))
}

func wasClosed(f *os.File) bool {
	_, err := f.Stat()
	return err != nil
}

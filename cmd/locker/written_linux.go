package main

import (
	"errors"
	"os"
	"syscall"
)

// beingWritten tells whether some process has a file open to write to it: then
// the system grants no lease for reading it. Where that cannot be told it says
// no.
func beingWritten(f *os.File) bool {
	const setLease = 1024
	_, _, err := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), setLease, syscall.F_RDLCK)
	if err == 0 {
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), setLease, syscall.F_UNLCK)
		return false
	}
	return errors.Is(err, syscall.EAGAIN)
}

//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// ignoreSignals keeps two signals from ending the process between two records:
// a reader of the output that goes away, as in `locker add *.png | head -1`,
// and a file-size limit, which the vault reports as a full disk.
func ignoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ) }

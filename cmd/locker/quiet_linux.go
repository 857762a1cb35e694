package main

import (
	"os"
	"syscall"
	"unsafe"
)

// echoOff keeps the terminal from showing what is typed.
func echoOff(tty *os.File) {
	changeTTY(tty, func(t *syscall.Termios) { t.Lflag &^= syscall.ECHO })
}

// keepTyped makes an interrupt leave what was typed of a line.
func keepTyped(tty *os.File) {
	changeTTY(tty, func(t *syscall.Termios) { t.Lflag |= syscall.NOFLSH })
}

// takeTyped ends the reading of a line: whoever reads gets what was typed of it.
func takeTyped(tty *os.File) bool {
	return changeTTY(tty, func(t *syscall.Termios) {
		t.Lflag &^= syscall.ICANON | syscall.ECHO
		t.Cc[syscall.VMIN], t.Cc[syscall.VTIME] = 0, 0
	})
}

func changeTTY(tty *os.File, change func(*syscall.Termios)) bool {
	var t syscall.Termios
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), syscall.TCGETS, uintptr(unsafe.Pointer(&t))); errno != 0 {
		return false
	}
	change(&t)
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), syscall.TCSETS, uintptr(unsafe.Pointer(&t)))
	return errno == 0
}

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

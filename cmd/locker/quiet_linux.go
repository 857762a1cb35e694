package main

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/term"
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

// takeRest returns what was typed or pasted and is not read yet, the beginning
// of a line too.
func takeRest(tty *os.File) string {
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return ""
	}
	defer term.Restore(int(tty.Fd()), before)
	// A read ends when nothing came for a tenth of a second: a paste arrives in
	// pieces.
	if !changeTTY(tty, func(t *syscall.Termios) {
		t.Lflag &^= syscall.ICANON
		t.Cc[syscall.VMIN], t.Cc[syscall.VTIME] = 0, 1
	}) {
		return ""
	}
	var rest []byte
	for b := make([]byte, 4096); ; {
		n, err := tty.Read(b)
		rest = append(rest, b[:n]...)
		if n == 0 || err != nil {
			return string(rest)
		}
	}
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

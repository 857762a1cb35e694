//go:build linux || darwin

package main

import (
	"os"
	"syscall"
	"time"
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

// lineThere reports whether a line waits to be read.
func lineThere(tty *os.File) bool {
	var n int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), fionread, uintptr(unsafe.Pointer(&n)))
	return errno == 0 && n > 0
}

// pasteGap is how long the next piece of a paste may take to arrive.
const pasteGap = 30 * time.Millisecond

// takeRest returns what was typed or pasted and is not read yet, the beginning
// of a line too.
func takeRest(tty *os.File) string {
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return ""
	}
	defer term.Restore(int(tty.Fd()), before)
	time.Sleep(pasteGap)
	var rest []byte
	// The first read takes what is there. The others end when nothing came for
	// a tenth of a second: a paste arrives in pieces.
	for patience, b := uint8(0), make([]byte, 4096); ; patience = 1 {
		if !changeTTY(tty, func(t *syscall.Termios) {
			t.Lflag &^= syscall.ICANON
			t.Cc[syscall.VMIN], t.Cc[syscall.VTIME] = 0, patience
		}) {
			return string(rest)
		}
		n, err := tty.Read(b)
		rest = append(rest, b[:n]...)
		if n == 0 || err != nil {
			return string(rest)
		}
	}
}

func changeTTY(tty *os.File, change func(*syscall.Termios)) bool {
	var t syscall.Termios
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), tcgets, uintptr(unsafe.Pointer(&t))); errno != 0 {
		return false
	}
	change(&t)
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), tcsets, uintptr(unsafe.Pointer(&t)))
	return errno == 0
}

package main

import (
	"os"

	"golang.org/x/term"
)

// A quietTTY is the terminal without echo, until it is restored.
type quietTTY struct {
	in, out *os.File // nil if there is no terminal
	before  *term.State
}

// quieten turns the terminal's echo off.
func (u *ui) quieten() *quietTTY {
	in, out, err := u.openTTY()
	if err != nil {
		return &quietTTY{}
	}
	q := &quietTTY{in: in, out: out}
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		q.end()
		return &quietTTY{}
	}
	q.before = before
	echoOff(in)
	return q
}

// restore gives the terminal back as it was. It may be called more than once.
func (q *quietTTY) restore() {
	if q.before != nil {
		_ = term.Restore(int(q.in.Fd()), q.before)
	}
}

// flush drops what was typed before it was asked for.
func (q *quietTTY) flush() {
	if q.in != nil {
		flushInput(q.in)
	}
}

// end restores the terminal and lets go of it.
func (q *quietTTY) end() {
	if q.in == nil {
		return
	}
	q.restore()
	q.in.Close()
	if q.out != q.in {
		q.out.Close()
	}
}

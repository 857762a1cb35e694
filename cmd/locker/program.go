package main

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"time"
)

// A program is one of others' that is run for what it prints. It is ended with
// all that it started when its time is over, when it prints too much, or when
// the person interrupts.
type program struct {
	path   string
	args   []string
	env    []string // all that it gets
	limits string   // what a shell sets before it starts the program, "" for nothing
	stdin  io.Reader
	output int // bytes
	time   time.Duration
}

var (
	errProgramOutput = errors.New("it prints too much")
	errProgramTime   = errors.New("it does not end")
)

// messageLimit is how much of a program's messages is kept.
const messageLimit = 4096

// run returns what the program prints, and the start of its messages.
func (p program) run(ctx context.Context) (out []byte, messages string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.time, errProgramTime)
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	cmd := groupCommand(ctx, p.limits, p.path, p.args...)
	printed := &limitedBuffer{limit: p.output, full: func() { end(errProgramOutput) }}
	said := &limitedBuffer{limit: messageLimit}
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.env, p.stdin, printed, said
	cmd.WaitDelay = commandDelay
	err = cmd.Run()
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return printed.data, strings.ToValidUTF8(string(said.data), "\uFFFD"), err
}

// findProgram finds a program in PATH. One in the current folder is not taken.
func findProgram(name string) (string, bool) {
	path, err := exec.LookPath(name)
	return path, err == nil
}

// A limitedBuffer takes so many bytes. At the first one more it calls full and
// refuses the rest; without full it drops the rest. The buffer is not embedded:
// copying to it must go through Write.
type limitedBuffer struct {
	data  []byte
	limit int
	full  func()
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	room := b.limit - len(b.data)
	switch {
	case len(p) <= room:
		b.data = append(b.data, p...)
	case b.full != nil:
		b.full()
		return 0, errProgramOutput
	default:
		b.data = append(b.data, p[:room]...)
	}
	return len(p), nil
}

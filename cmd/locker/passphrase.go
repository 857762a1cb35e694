package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
	"unicode/utf8"

	"evidence-locker/crypto"
	"evidence-locker/locker"

	"github.com/sethvargo/go-diceware/diceware"
)

const (
	generatedWords = 7  // of the EFF's 7,776: 90 bits
	shortLength    = 14 // characters; a shorter passphrase is warned of
	maxPassphrase  = 4096
	maxTries       = 3 // at a terminal
)

var (
	// errEmptyPassphrase says that a source gave no passphrase.
	errEmptyPassphrase = errors.New("empty passphrase")
	errLongPassphrase  = errors.New("passphrase too long")
)

// A passphraseError names the source that failed. A command is not repeated:
// it may hold the secret itself.
type passphraseError struct {
	key  string // of the catalogue
	args []any  // of the text, before the error
	err  error
}

func (e *passphraseError) Error() string           { return fmt.Sprintf("reading passphrase: %v", e.err) }
func (e *passphraseError) Unwrap() error           { return e.err }
func (e *passphraseError) translate(l lang) string { return l.msg(e.key, append(e.args, e.err)...) }

// givenPassphrase reads the passphrase from --passphrase-file or
// --passphrase-command or their variables. ok is false if there is neither, or
// if the file is standard input and that is a terminal: then the person is asked
// as without it, and what is typed is not shown.
func (e *env) givenPassphrase(ctx context.Context) (p string, ok bool, err error) {
	file, command := e.line.globalValue("passphrase-file"), e.line.globalValue("passphrase-command")
	if file == "" && command == "" {
		file, command = e.getenv("LOCKER_PASSPHRASE_FILE"), e.getenv("LOCKER_PASSPHRASE_COMMAND")
	}
	switch {
	case file != "" && command != "":
		return "", false, &usageError{key: "usage.two-passphrases"}
	case file == "-" && isTerminalFile(e.stdin):
		return "", false, nil
	case file != "":
		p, err = e.passphraseFromFile(ctx, file)
		if err != nil {
			err = &passphraseError{"err.passphrase-file", []any{file}, err}
		}
	case command != "":
		p, err = e.passphraseFromCommand(ctx, command)
		if err != nil {
			err = &passphraseError{"err.passphrase-command", nil, err}
		}
	default:
		return "", false, nil
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return p, err == nil, err
}

func (e *env) passphraseFromFile(ctx context.Context, name string) (string, error) {
	if name == "-" {
		return firstLine(&patientReader{ctx: ctx, r: e.stdin})
	}
	f, err := patientOpen(ctx, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	e.warnIfOpen(f, "passphrase.file-open", name)
	return firstLine(&patientReader{ctx: ctx, r: f})
}

// warnIfOpen warns of a file with a secret that others can read.
func (e *env) warnIfOpen(f *os.File, key, name string) {
	if fi, err := f.Stat(); err == nil && fi.Mode().IsRegular() && fi.Mode().Perm()&0o077 != 0 && e.goos != "windows" {
		e.ui.warning(key, name)
		e.ui.hint("passphrase.file-chmod", quoteLine([]string{"chmod", "600", name}))
	}
}

// patientOpen opens a file, which lasts where it is a pipe that nobody writes
// to yet, and gives up when ctx ends.
func patientOpen(ctx context.Context, name string) (*os.File, error) {
	type result struct {
		f   *os.File
		err error
	}
	done := make(chan result, 1)
	go func() {
		f, err := os.Open(name)
		done <- result{f, err}
	}()
	select {
	case r := <-done:
		return r.f, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// commandDelay is how long a program that was killed may leave its
// output open, through a child that it had.
const commandDelay = 200 * time.Millisecond

// passphraseFromCommand runs command in a shell and takes what it prints.
func (e *env) passphraseFromCommand(ctx context.Context, command string) (string, error) {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	if e.goos == "windows" {
		cmd = exec.CommandContext(ctx, "cmd", "/c", command)
	}
	var out shortBuffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, e.stderr, commandDelay
	if err := cmd.Run(); err != nil && !out.full {
		return "", err
	}
	return firstLine(bytes.NewReader(out.data))
}

// A shortBuffer takes as much as a passphrase can be and then refuses more,
// which ends the command that writes.
type shortBuffer struct {
	data []byte
	full bool
}

func (b *shortBuffer) Write(p []byte) (int, error) {
	if n := maxPassphrase + 1 - len(b.data); n < len(p) {
		b.full = true
		b.data = append(b.data, p[:n]...)
		return n, errLongPassphrase
	}
	b.data = append(b.data, p...)
	return len(p), nil
}

// firstLine returns the first line of r without its end and without a byte
// order mark.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxPassphrase+1)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if len(line) > maxPassphrase {
		return "", errLongPassphrase
	}
	line = strings.TrimPrefix(strings.TrimRight(line, "\r\n"), "\ufeff")
	if line == "" {
		return "", errEmptyPassphrase
	}
	return line, nil
}

// unlock opens the vault's key. At a terminal a wrong passphrase may be
// corrected.
func (e *env) unlock(ctx context.Context, v *locker.Vault) (*crypto.Key, error) {
	p, ok, err := e.givenPassphrase(ctx)
	if err != nil {
		return nil, err
	}
	if ok {
		return v.Unlock(ctx, p)
	}
	// What is typed while a passphrase is checked is often the next one: it is
	// not shown, and not taken for an answer to a question not asked yet.
	q := e.ui.quieten()
	defer q.end()
	defer context.AfterFunc(ctx, q.restore)() // a second signal ends the process at once
	for try := 1; ; try++ {
		if try > 1 {
			q.flush()
		}
		p, err := e.ui.askSecret(ctx, "ask.passphrase", v.Path())
		if err != nil {
			return nil, err
		}
		if p == "" {
			return nil, errEmptyPassphrase
		}
		k, err := v.Unlock(ctx, p)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil || try == maxTries || !errors.Is(err, locker.ErrWrongPassphrase) {
			return k, err
		}
		e.ui.warning("passphrase.try-again")
	}
}

// unlockWith is unlock, or takes the key itself from a file.
func (e *env) unlockWith(ctx context.Context, v *locker.Vault, keyFile string) (*crypto.Key, error) {
	if keyFile == "" {
		return e.unlock(ctx, v)
	}
	k, err := e.keyFromFile(ctx, keyFile)
	if err != nil {
		return nil, err
	}
	return k, v.UnlockKey(ctx, k)
}

// maxKeyFile bounds a key file in bytes; a page with the key as text has 2,000.
const maxKeyFile = 64 << 10

// keyFromFile reads a vault's key as it stands on its page; "-" is standard
// input. At a terminal it is asked for, and not shown.
func (e *env) keyFromFile(ctx context.Context, name string) (*crypto.Key, error) {
	if name == "-" && isTerminalFile(e.stdin) {
		for try := 1; ; try++ {
			text, err := e.ui.askSecret(ctx, "ask.key")
			if err != nil {
				return nil, err
			}
			k, err := crypto.ParseKey(text)
			if err == nil || try == maxTries {
				return k, err
			}
			e.ui.warning("passphrase.key-again")
		}
	}
	var r io.Reader = e.stdin
	if name != "-" {
		f, err := patientOpen(ctx, name)
		if err != nil {
			return nil, keyFileError(ctx, name, err)
		}
		defer f.Close()
		e.warnIfOpen(f, "passphrase.key-open", name)
		r = f
	}
	text, err := io.ReadAll(io.LimitReader(&patientReader{ctx: ctx, r: r}, maxKeyFile))
	if err != nil {
		return nil, keyFileError(ctx, name, err)
	}
	return crypto.ParseKey(string(text))
}

func keyFileError(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &failure{key: "err.key-file", args: []any{name, err}}
}

// generatePassphrase makes a passphrase that no one can guess.
func generatePassphrase() (string, error) {
	words, err := diceware.GenerateWithWordList(generatedWords, diceware.WordListEffLarge())
	if err != nil {
		return "", fmt.Errorf("generating passphrase: %w", err)
	}
	return strings.Join(words, "-"), nil
}

// newPassphrase asks twice for a new passphrase. An Enter at once stands for
// the empty one, which the caller gives a meaning.
func (e *env) newPassphrase(ctx context.Context, key string) (string, error) {
	for try := 1; ; try++ {
		first, err := e.ui.askSecret(ctx, key)
		if err != nil || first == "" {
			return "", err
		}
		second, err := e.ui.askSecret(ctx, "ask.passphrase-again")
		if err != nil {
			return "", err
		}
		if first == second {
			e.warnIfWeak(first)
			return first, nil
		}
		if try == maxTries {
			return "", errPassphrasesDiffer
		}
		e.ui.warning("passphrase.differ")
	}
}

func (e *env) warnIfWeak(p string) {
	if utf8.RuneCountInString(p) < shortLength {
		e.ui.warning("passphrase.short", shortLength)
	}
}

// showPassphrase shows a generated passphrase to the person, and to nothing
// else.
func (u *ui) showPassphrase(p string) error {
	return u.tell("", u.lang.msg("passphrase.generated"), "", "    "+p, "", u.lang.msg("passphrase.write-down"), "")
}

// voidPassphrase says that the passphrase shown last opens nothing.
func (u *ui) voidPassphrase(key string) {
	if u.tell(u.lang.msg(key)) != nil {
		u.warning(key)
	}
}

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

// errEmptyPassphrase says that a source gave no passphrase.
var errEmptyPassphrase = errors.New("empty passphrase")

// A passphraseError names the source that failed.
type passphraseError struct {
	key  string // of the catalogue
	name string
	err  error
}

func (e *passphraseError) Error() string {
	return fmt.Sprintf("reading passphrase from %q: %v", e.name, e.err)
}
func (e *passphraseError) Unwrap() error           { return e.err }
func (e *passphraseError) translate(l lang) string { return l.msg(e.key, e.name, e.err) }

// givenPassphrase reads the passphrase from --passphrase-file or
// --passphrase-command or their variables. ok is false if there is neither.
func (e *env) givenPassphrase(ctx context.Context) (p string, ok bool, err error) {
	file, command := e.line.globalValue("passphrase-file"), e.line.globalValue("passphrase-command")
	if file == "" && command == "" {
		file, command = e.getenv("LOCKER_PASSPHRASE_FILE"), e.getenv("LOCKER_PASSPHRASE_COMMAND")
	}
	switch {
	case file != "" && command != "":
		return "", false, &usageError{key: "usage.two-passphrases"}
	case file != "":
		p, err = e.passphraseFromFile(file)
		if err != nil {
			err = &passphraseError{"err.passphrase-file", file, err}
		}
	case command != "":
		p, err = e.passphraseFromCommand(ctx, command)
		if err != nil {
			err = &passphraseError{"err.passphrase-command", command, err}
		}
	default:
		return "", false, nil
	}
	return p, err == nil, err
}

func (e *env) passphraseFromFile(name string) (string, error) {
	if name == "-" {
		return firstLine(e.stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if fi, err := f.Stat(); err == nil && fi.Mode().IsRegular() && fi.Mode().Perm()&0o077 != 0 && e.goos != "windows" {
		e.ui.warning("passphrase.file-open", name)
		e.ui.hint("passphrase.file-chmod", quoteLine([]string{"chmod", "600", name}))
	}
	return firstLine(f)
}

// passphraseFromCommand runs command in a shell and takes what it prints.
func (e *env) passphraseFromCommand(ctx context.Context, command string) (string, error) {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	if e.goos == "windows" {
		cmd = exec.CommandContext(ctx, "cmd", "/c", command)
	}
	cmd.Stderr = e.stderr
	out, err := cmd.Output()
	if err != nil {
		return "", err
	}
	return firstLine(bytes.NewReader(out))
}

// firstLine returns the first line of r without its end and without a byte
// order mark.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxPassphrase)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
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
	for try := 1; ; try++ {
		p, err := e.ui.askSecret(ctx, "ask.passphrase", v.Path())
		if err != nil {
			return nil, err
		}
		if p == "" {
			return nil, errEmptyPassphrase
		}
		k, err := v.Unlock(ctx, p)
		if err == nil || try == maxTries || !errors.Is(err, locker.ErrWrongPassphrase) {
			return k, err
		}
		e.ui.warning("passphrase.try-again")
	}
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

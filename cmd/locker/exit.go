package main

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"

	"evidence-locker/locker"
)

// The exit codes, as --help lists them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDamage      = 3
	exitPartly      = 4
	exitPassphrase  = 5
	exitInterrupted = 130
)

var (
	errNoHome            = errors.New("no home folder")
	errPassphrasesDiffer = errors.New("the passphrases differ")
	// errDamage ends a verify that found something. It has been shown.
	errDamage = errors.New("damage found")
)

// A failure is an error with its own text in the catalogue.
type failure struct {
	key  string
	args []any
	hint string // key, "" for none
	with []any  // arguments of the hint
	code int    // exit code, 0 for exitFailed
	// lines are commands to paste, shown below the hint.
	lines [][]string
}

func (f *failure) Error() string { return f.key }

// failures says what the person reads for an error and how the process exits.
// The first row that matches counts.
var failures = []struct {
	err  error
	code int
	key  string // "" : nothing more to say
	hint string // "" : none
	path bool   // the text names the vault
}{
	{context.Canceled, exitInterrupted, "err.interrupted", "", false},
	{errDamage, exitDamage, "", "", false},
	{locker.ErrWrongPassphrase, exitPassphrase, "err.wrong-passphrase", "hint.wrong-passphrase", false},
	{locker.ErrBadKey, exitPassphrase, "err.bad-key", "hint.bad-key", false},
	{locker.ErrOtherKey, exitPassphrase, "err.other-key", "hint.other-key", true},
	{errNoTerminal, exitFailed, "err.no-terminal", "hint.no-terminal", false},
	{errEmptyPassphrase, exitFailed, "err.empty-passphrase", "", false},
	{errPassphrasesDiffer, exitFailed, "err.passphrases-differ", "", false},
	{errNoHome, exitFailed, "err.no-home", "hint.no-home", false},
	{locker.ErrNoVault, exitFailed, "err.no-vault", "hint.no-vault", true},
	{locker.ErrExists, exitFailed, "err.vault-exists", "hint.vault-exists", true},
	{locker.ErrNotVault, exitFailed, "err.not-vault", "hint.not-vault", true},
	{locker.ErrNewerFormat, exitFailed, "err.newer-format", "hint.newer-format", true},
	{locker.ErrReadOnly, exitFailed, "err.read-only", "hint.read-only", true},
	{locker.ErrFull, exitFailed, "err.full", "hint.full", true},
	{locker.ErrNoRecord, exitFailed, "err.no-record", "hint.no-record", false},
	{locker.ErrStays, exitFailed, "err.stays", "", false},
	{locker.ErrNoIncident, exitFailed, "err.no-incident", "hint.no-incident", false},
	{locker.ErrDamaged, exitDamage, "err.damaged", "hint.damaged", true},
}

// exit shows err and returns the exit code.
func (u *ui) exit(err error) int {
	u.bar.wipe()
	if u.outErr != nil {
		// What was not shown is not to be entered a second time.
		switch {
		case err != nil && len(u.committed) > 0:
			u.warning("err.stdout-recorded", u.outErr, u.committedSeqs())
		case err != nil:
		case len(u.committed) > 0:
			err = &failure{key: "err.stdout-recorded", args: []any{u.outErr, u.committedSeqs()}}
		case errors.Is(u.outErr, syscall.EPIPE): // the reader has seen enough
			return exitFailed
		default:
			err = &failure{key: "err.stdout", args: []any{u.outErr}}
		}
	}
	if err == nil {
		if u.partly {
			return exitPartly
		}
		return exitDone
	}
	var usage *usageError
	if errors.As(err, &usage) {
		u.usage(usage)
		return exitUsage
	}
	for _, f := range failures {
		if !errors.Is(err, f.err) {
			continue
		}
		var p *passphraseError
		switch {
		case errors.As(err, &p):
			u.error("err.other", err)
		case f.err == locker.ErrReadOnly && !exists(u.vault):
			u.error("err.read-only-folder", filepath.Dir(u.vault))
			u.hint("hint.other-place")
			return f.code
		case f.path:
			u.error(f.key, u.vault)
		case f.key != "":
			u.error(f.key)
		}
		switch {
		case f.hint == "":
		case u.verifying && f.err == locker.ErrDamaged:
			u.hint("hint.faults-other") // verify itself is what shows more
		case u.verifying && (f.err == locker.ErrNoVault || f.err == locker.ErrNotVault):
			u.hint("hint.verify-file")
		default:
			u.advise(f.hint)
		}
		return f.code
	}
	var fail *failure
	var v *vaultError
	switch {
	case errors.As(err, &fail):
		u.error(fail.key, fail.args...)
		switch {
		case fail.hint == "":
		case fail.with == nil:
			u.advise(fail.hint)
		default:
			u.hint(fail.hint, fail.with...)
		}
		for _, line := range fail.lines {
			if !u.quiet {
				u.lineToCopy(line)
			}
		}
		if fail.code != 0 {
			return fail.code
		}
	case errors.As(err, &v):
		u.error("err.opening-vault", u.vault, v.err)
	default:
		u.error("err.other", err)
	}
	return exitFailed
}

// lineToCopy shows a command on a line by itself; every sign in it is harmless.
func (u *ui) lineToCopy(words []string) {
	u.bar.wipe()
	_, _ = u.err.Write([]byte("    " + quoteLine(words) + "\n"))
}

// usage shows what is wrong with the command line, and the right one.
func (u *ui) usage(e *usageError) {
	u.error(e.key, e.args...)
	switch {
	case e.fixed != nil:
		u.hint("usage.corrected")
		u.lineToCopy(e.fixed)
	case e.example != nil && !u.quiet:
		u.hint("usage.example")
		u.lineToCopy(e.example)
	case e.command != "":
		u.hint("usage.see-command", e.command)
	default:
		u.hint("usage.see-help")
	}
}

package main

import (
	"context"
	"errors"

	"evidence-locker/locker"
)

type jsonAgainst struct {
	Relation locker.Relation  `json:"relation"`
	Seq      *int64           `json:"seq,omitempty"` // first record that differs or that one side lacks
	Vault    jsonVerification `json:"vault"`
	Backup   jsonVerification `json:"backup"`
}

// relations name the texts of what Compare found.
var relations = map[locker.Relation]string{
	locker.Ahead: "against.ahead", locker.Behind: "against.behind", locker.Forked: "against.forked", locker.Damaged: "against.damaged",
}

// An against is one comparison with a backup.
type against struct {
	e            *env
	path, backup string
	file         string // the vault, as the command line names it, "" if it does not
}

// runAgainst checks the vault and a backup, and tells how they stand to each
// other. It asks for no passphrase.
func runAgainst(ctx context.Context, e *env, path, backup, file string) (err error) {
	u, a := e.ui, &against{e: e, path: path, file: file}
	if a.backup, err = e.backupIn(backup); err != nil {
		return err
	}
	if sameFile(path, a.backup) {
		return &failure{key: "err.against-itself", args: []any{a.backup}}
	}
	o, err := e.vaultOptions()
	if err != nil {
		return err
	}
	o.Warn = nil
	update, end := u.progress("progress.verify")
	got, err := locker.Against(ctx, path, a.backup, o, update)
	end()
	if err != nil {
		return a.explain(ctx, err, o)
	}
	if u.asJSON {
		j := jsonAgainst{Relation: got.Relation, Vault: verificationJSON(path, got.Vault), Backup: verificationJSON(a.backup, got.Backup)}
		if got.Seq >= 0 {
			j.Seq = &got.Seq
		}
		err = u.printJSON(j)
	} else {
		u.side("against.vault", path, got.Vault)
		u.side("against.backup", a.backup, got.Backup)
		if got.Relation == locker.Same {
			u.say("against.same", got.A.Size)
		} else if key, ok := relations[got.Relation]; ok {
			u.say(key, got.Seq)
		}
	}
	if err != nil {
		return err
	}
	return a.next(got)
}

// explain names the file that could not be checked.
func (a *against) explain(ctx context.Context, err error, o locker.Options) error {
	bad := a.backup
	if v, operr := locker.Open(ctx, a.path, o); operr != nil {
		bad = a.path
	} else {
		v.Close()
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case bad == a.path && !errors.Is(err, locker.ErrDamaged):
		return &vaultError{err}
	case bad == a.path:
		return &failure{key: "err.too-damaged", args: []any{bad}, hint: "hint.against-repair", lines: [][]string{a.command("restore", "--repair", a.backup)}, code: exitDamage}
	case errors.Is(err, locker.ErrNotVault):
		return &failure{key: "err.not-backup", args: []any{bad}}
	case errors.Is(err, locker.ErrNewerFormat):
		return &failure{key: "err.newer-format", args: []any{bad}, hint: "hint.newer-format"}
	case errors.Is(err, locker.ErrDamaged):
		return &failure{key: "err.too-damaged", args: []any{bad}, hint: "hint.backup-new", lines: [][]string{a.fresh()}, code: exitDamage}
	}
	return &failure{key: "err.reading", args: []any{bad, err}}
}

// side shows one of the two.
func (u *ui) side(key, path string, v *locker.Verification) {
	u.say(key, path, v.Records, len(v.Faults))
	for _, f := range v.Faults {
		u.print("  " + u.faultLine(f))
	}
	u.print("  " + u.lang.msg("verify.head", v.Head.String()))
}

// next says what to do now, and how the command ends.
func (a *against) next(got *locker.Compared) error {
	u := a.e.ui
	hurt, older := damageOf(got.Vault)
	backupHurt := len(got.Backup.Faults) > 0
	restored := a.command("restore", a.backup, "--to", freeName(stemOf(a.path)+"-restored"))
	fail := func(key string, hint string, lines ...[]string) error {
		return &failure{key: key, hint: hint, lines: lines, code: exitDamage}
	}
	switch {
	case got.Relation == locker.OtherVault:
		return &failure{key: "err.against-other", args: []any{a.backup}}
	case hurt && backupHurt:
		return fail("err.against-both", "hint.against-repair", a.command("restore", "--repair", a.backup))
	case hurt:
		return fail("err.against-vault", "hint.against-repair", a.command("restore", "--repair", a.backup))
	case backupHurt:
		return fail("err.against-backup", "hint.backup-new", a.fresh())
	case got.Relation == locker.Forked, got.Relation == locker.Damaged:
		return fail("err.against-forked", "hint.backup-forked", restored, a.fresh())
	case older && got.Relation == locker.Behind:
		return fail("err.against-older", "hint.against-behind", restored)
	case older:
		return fail("err.against-older", "hint.against-older")
	case u.quiet:
	case got.Relation == locker.Ahead:
		u.hint("hint.against-ahead")
		u.lineToCopy(a.command("backup", a.backup))
	case got.Relation == locker.Behind:
		u.hint("hint.against-behind")
		u.lineToCopy(restored)
	}
	return nil
}

// damageOf tells damage from a vault that is whole and only not the one that
// this machine saw last: there is nothing to mend in that.
func damageOf(v *locker.Verification) (damaged, older bool) {
	for _, f := range v.Faults {
		if f.Code == locker.FaultPinHead {
			older = true
		} else {
			damaged = true
		}
	}
	return damaged, older
}

// command is a command for the vault that is compared.
func (a *against) command(words ...string) []string {
	if a.file == "" {
		return a.e.ui.command(words...)
	}
	return append([]string{"locker", "--vault", a.file}, words...)
}

// fresh is the command for another backup, beside the one compared with.
func (a *against) fresh() []string {
	return a.command("backup", "--to", freeName(stemOf(a.backup)+"-new"))
}

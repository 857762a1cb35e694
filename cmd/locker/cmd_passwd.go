package main

import (
	"context"
	"errors"

	"evidence-locker/crypto"
	"evidence-locker/locker"

	"github.com/urfave/cli/v2"
)

func newPasswdCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "passwd",
		Flags: []cli.Flag{&cli.StringFlag{Name: "key-file", Usage: "FILE"}},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return tooMany("passwd", c.Args().Slice())
			}
			return runPasswd(c.Context, e, c.String("key-file"))
		},
	}
}

type jsonPasswd struct {
	Vault    string `json:"vault"`
	Seq      int64  `json:"seq"`                // of the note that the passphrase was changed
	Enrolled int64  `json:"enrolled,omitempty"` // seq of the record that enrols this machine
}

// runPasswd seals the vault's key under another passphrase. Until that is
// written the old one holds, afterwards the new one.
func runPasswd(ctx context.Context, e *env, keyFile string) error {
	v, err := e.openVault(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	if v.ReadOnly() {
		return locker.ErrReadOnly
	}
	if !e.ui.hasTerminal() { // before anything is asked for from a file
		return &failure{key: "err.new-needs-terminal"}
	}
	k, err := e.unlockWith(ctx, v, keyFile)
	if err != nil {
		return err
	}
	p, err := e.newPassphrase(ctx, "ask.new-passphrase")
	if err != nil {
		return err
	}
	generated := p == ""
	if generated {
		if p, err = generatePassphrase(); err != nil {
			return err
		}
		if err := e.ui.showPassphrase(p); err != nil {
			return err
		}
	}
	// First: a change that nobody vouches for would be a fault until then.
	enrolled := e.enrol(ctx, v, k)
	seq, err := v.ChangePassphrase(ctx, k, p)
	if err != nil {
		if generated {
			e.ui.voidPassphrase("passphrase.void-new")
		}
		return err
	}
	done := jsonPasswd{Vault: v.Path(), Seq: seq, Enrolled: enrolled}
	if e.ui.asJSON {
		return e.ui.printJSON(done)
	}
	e.ui.say("passwd.done", v.Path())
	if !generated {
		e.ui.info("init.remember")
	}
	e.ui.info("passwd.copies")
	return nil
}

// enrol makes the records of this machine count, now that the key is open. It
// returns the seq of the record that says so, 0 if there was no need or it
// could not be done: that is no reason to fail, and verify tells of it.
func (e *env) enrol(ctx context.Context, v *locker.Vault, k *crypto.Key) int64 {
	seq, err := v.Enrol(ctx, k)
	switch {
	case err == nil && seq > 0:
		e.ui.info("enrol.done", seq)
	case err == nil, ctx.Err() != nil, errors.Is(err, locker.ErrReadOnly):
	default:
		e.ui.warning("enrol.failed", err)
	}
	return seq
}

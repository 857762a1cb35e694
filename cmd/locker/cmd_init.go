package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"evidence-locker/locker"

	"github.com/urfave/cli/v2"
)

func newInitCommand(e *env) *cli.Command {
	return &cli.Command{Name: "init", Action: func(c *cli.Context) error {
		if c.NArg() > 0 {
			return tooMany("init", c.Args().Slice())
		}
		return runInit(c.Context, e)
	}}
}

func runInit(ctx context.Context, e *env) error {
	path, err := e.vaultPath()
	if err != nil {
		return err
	}
	if exists(path) {
		return locker.ErrExists // before anyone thinks up a passphrase
	}
	p, given, err := e.givenPassphrase(ctx)
	if err != nil {
		return err
	}
	generated := false
	if given {
		e.warnIfWeak(p)
	} else if p, err = e.newPassphrase(ctx, "ask.new-passphrase"); err != nil {
		return err
	}
	if p == "" {
		if p, err = generatePassphrase(); err != nil {
			return err
		}
		generated = true
	}
	create := e.createVault
	if generated {
		create = e.createUnderGenerated
	}
	v, err := create(ctx, path, p)
	if err != nil {
		return err
	}
	defer v.Close()
	if e.ui.asJSON {
		return e.ui.printJSON(map[string]string{"vault": v.Path(), "id": v.ID()})
	}
	e.ui.say("init.made", v.Path())
	e.ui.say("init.id", v.ID())
	if !generated {
		e.ui.info("init.remember")
	}
	e.ui.info("init.lost")
	e.ui.advise("init.next")
	return nil
}

// createUnderGenerated makes a vault under a generated passphrase. That is shown
// first: a vault must never stand under a passphrase that nobody has seen, and
// what is recorded into it in the meantime would be lost for ever.
func (e *env) createUnderGenerated(ctx context.Context, path, passphrase string) (*locker.Vault, error) {
	if err := e.ui.showPassphrase(passphrase); err != nil {
		return nil, err
	}
	v, err := e.createVault(ctx, path, passphrase)
	if err != nil && (errors.Is(err, locker.ErrExists) || !exists(path)) {
		e.ui.voidPassphrase("passphrase.void")
	}
	return v, err
}

// createVault makes a vault, and its folder if it is the default one. A folder
// that the person named must be there: a stick that is not plugged in must not
// become a folder.
func (e *env) createVault(ctx context.Context, path, passphrase string) (*locker.Vault, error) {
	o, err := e.vaultOptions()
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(path)
	if e.global("vault", "LOCKER_VAULT") == "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, &failure{key: "err.making-folder", args: []any{dir, err}}
		}
	} else if _, err := os.Stat(dir); err != nil {
		return nil, &failure{key: "err.vault-folder", args: []any{dir, err}, hint: "hint.other-place"}
	}
	v, err := locker.Create(ctx, path, passphrase, o)
	if err != nil {
		return nil, &vaultError{err}
	}
	return v, nil
}

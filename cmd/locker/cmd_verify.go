package main

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"

	"evidence-locker/locker"

	"github.com/urfave/cli/v2"
)

func newVerifyCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Flags: []cli.Flag{&cli.StringFlag{Name: "against", Usage: "BACKUP"}},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return tooMany("verify", c.Args().Slice()[1:])
			}
			return runVerify(c.Context, e, c.Args().First(), c.String("against"))
		},
	}
}

type jsonVerification struct {
	Vault     string `json:"vault"`
	File      string `json:"file"`
	Size      int64  `json:"size"` // of the tree, in records
	Root      string `json:"root"`
	Records   int64  `json:"records"`
	Objects   int64  `json:"objects"`
	Incidents int64  `json:"incidents"`
	Bytes     int64  `json:"bytes"`
	Staged    int64  `json:"staged_chunks"`
	Unlocked  bool   `json:"unlocked"`
	Pinned    bool   `json:"pinned"`
	Behind    int64  `json:"behind,omitempty"`
	// Unenrolled says that unsigned records are this machine's.
	Unenrolled bool        `json:"unenrolled"`
	Faults     []jsonFault `json:"faults"`
}

type jsonFault struct {
	Code   string `json:"code"`
	Seq    *int64 `json:"seq,omitempty"`
	Object string `json:"object,omitempty"`
	Name   string `json:"name,omitempty"`
	Detail string `json:"detail,omitempty"`
}

func runVerify(ctx context.Context, e *env, file, against string) error {
	path, err := e.vaultPath()
	e.ui.verifying = true
	if err != nil {
		return err
	}
	own := path
	if file != "" {
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			if file, err = e.backupIn(file); err != nil {
				return err
			}
		}
		if path, err = filepath.Abs(file); err != nil {
			return err
		}
		e.ui.vault = path
	}
	o, err := e.vaultOptions()
	if err != nil {
		return err
	}
	if against != "" {
		return runAgainst(ctx, e, path, against, file)
	}
	o.Untouched = file != "" // another file may be on a stick that was pulled out
	// What the opening warns of is among the faults.
	o.Warn = nil
	update, end := e.ui.progress("progress.verify")
	got, err := locker.Verify(ctx, path, o, func() (string, error) { return e.verifyPassphrase(ctx) }, update)
	end()
	if err != nil {
		return &vaultError{err}
	}
	if e.ui.asJSON {
		err = e.ui.printJSON(verificationJSON(path, got))
	} else {
		e.ui.verification(path, got)
	}
	if err == nil && len(got.Faults) > 0 {
		e.ui.error("err.faults", len(got.Faults))
		switch {
		case file == "" || sameFile(path, own):
			e.ui.hint("hint.faults")
			e.adviseLine(e.ui.command("verify", "--against", "/media/usb"))
		case exists(own):
			e.ui.hint("hint.faults-copy")
			e.adviseLine(e.ui.command("verify", "--against", file))
		default:
			e.ui.hint("hint.faults-other")
		}
		if got.Unenrolled {
			if file != "" {
				e.ui.given = file // what is to be done is to be done to this one
			}
			e.ui.advise("hint.unenrolled")
		}
		err = errDamage
	}
	return err
}

// adviseLine shows a command below a hint.
func (e *env) adviseLine(words []string) {
	if !e.ui.quiet {
		e.ui.lineToCopy(words)
	}
}

// verifyPassphrase returns the passphrase if one is given or typed, else "":
// most of the vault can be checked without.
func (e *env) verifyPassphrase(ctx context.Context) (string, error) {
	if p, ok, err := e.givenPassphrase(ctx); ok || err != nil {
		return p, err
	}
	if !e.ui.hasTerminal() {
		return "", nil
	}
	return e.ui.askSecret(ctx, "ask.passphrase-or-skip")
}

func verificationJSON(path string, v *locker.Verification) jsonVerification {
	return jsonVerification{
		Vault: v.Vault, File: path, Size: v.Head.Size, Root: base64.StdEncoding.EncodeToString(v.Head.Root[:]),
		Records: v.Records, Objects: v.Objects, Incidents: v.Incidents, Bytes: v.Bytes, Staged: v.Staged,
		Unlocked: v.Unlocked, Pinned: v.Pinned, Behind: v.Behind, Unenrolled: v.Unenrolled, Faults: faultsJSON(v.Faults),
	}
}

func faultsJSON(faults []locker.Fault) []jsonFault {
	out := []jsonFault{}
	for _, f := range faults {
		jf := jsonFault{Code: f.Code, Object: f.Object, Name: f.Name, Detail: f.Detail}
		if f.Seq >= 0 {
			jf.Seq = &f.Seq
		}
		out = append(out, jf)
	}
	return out
}

// verification prints each fault in a sentence, then what was checked and what
// was not.
func (u *ui) verification(path string, v *locker.Verification) {
	for _, f := range v.Faults {
		u.print(u.faultLine(f))
	}
	u.say("verify.file", path)
	u.say("verify.counts", v.Records, v.Incidents, v.Objects, u.lang.size(v.Bytes))
	u.say("verify.head", v.Head.String())
	if v.Behind > 0 {
		u.say("verify.behind", v.Behind, quoteLine([]string{"locker", "verify", "--against", path}))
	}
	if v.Staged > 0 {
		u.say("verify.staged", v.Staged)
	}
	for _, c := range []struct {
		done    bool
		yes, no string
	}{
		{true, "verify.outer", ""},
		{v.Unlocked, "verify.inner", "verify.no-inner"},
		{v.Pinned, "verify.pinned", "verify.not-pinned"},
	} {
		if c.done {
			u.say(c.yes)
		} else {
			u.say(c.no)
		}
	}
	if len(v.Faults) == 0 {
		u.say("verify.ok")
	}
}

// faultLine is one fault as a sentence: which record or file, what is wrong
// with it, and the details for an expert.
func (u *ui) faultLine(f locker.Fault) string {
	key := "fault." + f.Code
	if !u.lang.has(key) {
		key = "fault.other"
	}
	where := u.lang.msg("fault-vault")
	if f.Seq >= 0 {
		where = u.lang.msg("fault-seq", f.Seq)
	}
	line := u.lang.msg("fault-line", where, u.lang.msg(key))
	if f.Name != "" {
		line += " " + u.lang.msg("fault-name", f.Name)
	}
	if f.Object != "" {
		line += " " + u.lang.msg("fault-object", f.Object)
	}
	if f.Detail != "" {
		line += " [" + safe(f.Detail) + "]"
	}
	return line
}

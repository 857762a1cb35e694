package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"evidence-locker/crypto"
	"evidence-locker/locker"

	"github.com/urfave/cli/v2"
)

func newRestoreCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "restore",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "to", Usage: "FILE"},
			&cli.StringFlag{Name: "key-file", Usage: "FILE"},
			&cli.BoolFlag{Name: "salvage"},
			&cli.BoolFlag{Name: "drill"},
			&cli.BoolFlag{Name: "repair"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return tooMany("restore", c.Args().Slice()[1:])
			}
			r := &restore{e: e, src: c.Args().First(), to: c.String("to"), keyFile: c.String("key-file"), salvage: c.Bool("salvage")}
			return r.run(c.Context, c.Bool("drill"), c.Bool("repair"))
		},
	}
}

// A restore is one run of the command, in any of its ways.
type restore struct {
	e       *env
	src     string // a folder with one backup, or the backup
	to      string // the vault to make, "" for the one of this machine
	keyFile string
	salvage bool

	path   string      // of the vault
	key    *crypto.Key // once it was opened
	keyErr error       // why it was not
}

func (r *restore) run(ctx context.Context, drill, repair bool) (err error) {
	if r.src == "" {
		return &usageError{key: "usage.no-source", example: r.e.ui.command("restore", "/media/usb")}
	}
	alone := map[string]bool{"--drill": drill, "--repair": repair}
	for _, w := range []string{"--drill", "--repair"} {
		for _, other := range []struct {
			name  string
			given bool
		}{{"--to", r.to != ""}, {"--salvage", r.salvage}, {"--key-file", r.keyFile != "" && w == "--repair"}, {"--repair", repair && w == "--drill"}} {
			if alone[w] && other.given {
				return &usageError{key: "usage.restore-flags", args: []any{w, other.name}, command: "restore"}
			}
		}
	}
	if r.src, err = r.e.backupIn(r.src); err != nil {
		return err
	}
	if r.path, err = r.e.vaultPath(); err != nil {
		return err
	}
	switch {
	case drill:
		return r.practise(ctx)
	case repair:
		return r.mend(ctx)
	}
	return r.restore(ctx)
}

// backupIn returns the backup that a person means: the file, or the only one
// of a folder.
func (e *env) backupIn(src string) (string, error) {
	info, err := os.Stat(src)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &failure{key: "err.no-source", args: []any{src}}
	case err != nil:
		return "", &failure{key: "err.reading", args: []any{src, err}}
	case !info.IsDir():
		return src, nil
	}
	entries, err := os.ReadDir(src)
	if err != nil {
		return "", &failure{key: "err.reading", args: []any{src, err}}
	}
	var found []string
	for _, d := range entries {
		if d.Type().IsRegular() && strings.EqualFold(filepath.Ext(d.Name()), locker.Suffix) {
			found = append(found, filepath.Join(src, d.Name()))
		}
	}
	switch len(found) {
	case 0:
		return "", &failure{key: "err.no-backup-in", args: []any{src, locker.Suffix}}
	case 1:
		return found[0], nil
	}
	f := &failure{key: "err.many-backups", args: []any{src, len(found)}, hint: "hint.many-backups"}
	for _, name := range found {
		f.lines = append(f.lines, e.line.instead(src, name))
	}
	return "", f
}

func (r *restore) restore(ctx context.Context) error {
	e, u := r.e, r.e.ui
	if r.to != "" {
		r.path = r.to
	}
	if exists(r.path) {
		return r.inTheWay()
	}
	if r.to != "" || e.global("vault", "LOCKER_VAULT") != "" {
		if info, err := os.Stat(filepath.Dir(r.path)); err != nil || !info.IsDir() {
			return &failure{key: "err.no-stick", args: []any{filepath.Dir(r.path)}}
		}
	}
	o, err := e.vaultOptions()
	if err != nil {
		return err
	}
	u.vault = r.src
	update, end := u.progress("progress.restore")
	done, err := locker.Restore(ctx, r.src, r.path, locker.RestoreRequest{Key: r.unlock, Salvage: r.salvage, Progress: update}, o)
	end()
	if err != nil {
		return r.explain(ctx, err)
	}
	u.vault = r.path
	if err := r.report(done); err != nil {
		return err
	}
	if r.keyFile != "" {
		if err := r.newPassphrase(ctx, o); err != nil {
			return err
		}
	}
	if !u.asJSON {
		u.hint("restore.next", quoteLine(r.command("list")), quoteLine(r.command("backup")))
	}
	if r.salvage && len(done.Faults)+len(done.Damaged) > 0 {
		return errDamage
	}
	return nil
}

// unlock opens the key of the backup.
func (r *restore) unlock(ctx context.Context, v *locker.Vault) (*crypto.Key, error) {
	r.key, r.keyErr = r.e.unlockWith(ctx, v, r.keyFile)
	limitHeap() // only now: opening a passphrase takes far more
	return r.key, r.keyErr
}

// command is a command for the restored vault.
func (r *restore) command(words ...string) []string {
	if r.to == "" {
		return r.e.ui.command(words...)
	}
	return append([]string{"locker", "--vault", r.to}, words...)
}

func (r *restore) inTheWay() error {
	u := r.e.ui
	return &failure{key: "err.restore-exists", args: []any{r.path}, hint: "hint.restore-exists", lines: [][]string{
		u.command("verify", "--against", r.src), u.command("restore", r.src, "--to", freeName(stemOf(r.path)+"-restored")),
	}}
}

// explain words why nothing was restored.
func (r *restore) explain(ctx context.Context, err error) error {
	u := r.e.ui
	var faults *locker.FaultsError
	var space *locker.SpaceError
	dir := filepath.Dir(r.path)
	salvage := u.command("restore", r.src, "--salvage")
	if r.to != "" {
		salvage = append(salvage, "--to", r.to)
	}
	switch {
	case ctx.Err() != nil:
		return &failure{key: "err.interrupted", hint: "hint.restore-again", code: exitInterrupted}
	case errors.As(err, &faults):
		u.faults(faults.Faults)
		return &failure{key: "err.restore-faults", args: []any{r.src, len(faults.Faults)}, hint: "hint.restore-salvage", lines: [][]string{salvage}, code: exitDamage}
	case r.keyErr != nil:
		return r.keyErr
	case errors.Is(err, locker.ErrExists):
		return r.inTheWay()
	case errors.As(err, &space):
		return &failure{key: "err.restore-space", args: []any{u.lang.size(space.Need), u.lang.size(space.Free), dir}, hint: "hint.restore-space"}
	case errors.Is(err, locker.ErrFull):
		return &failure{key: "err.restore-full", args: []any{dir}, hint: "hint.restore-space"}
	case errors.Is(err, locker.ErrReadBack):
		return &failure{key: "err.restore-read-back", args: []any{dir}, hint: "hint.restore-space", code: exitDamage}
	case errors.Is(err, locker.ErrNotVault), errors.Is(err, locker.ErrNoVault):
		return &failure{key: "err.not-backup", args: []any{r.src}}
	case errors.Is(err, locker.ErrNewerFormat):
		return &failure{key: "err.newer-format", args: []any{r.src}, hint: "hint.newer-format"}
	case errors.Is(err, locker.ErrReadOnly):
		return &failure{key: "err.backup-read-only", args: []any{dir}}
	case errors.Is(err, locker.ErrDamaged) && !r.salvage:
		return &failure{key: "err.restore-damaged", args: []any{r.src}, hint: "hint.restore-salvage", lines: [][]string{salvage}, code: exitDamage}
	case errors.Is(err, locker.ErrDamaged):
		return &failure{key: "err.restore-damaged", args: []any{r.src}, hint: "hint.faults-other", code: exitDamage}
	}
	return &failure{key: "err.restore-broke", args: []any{r.src, err}, hint: "hint.restore-again"}
}

// faults lists what is damaged, on standard error.
func (u *ui) faults(faults []locker.Fault) {
	for _, f := range faults {
		u.listed(u.faultLine(f))
	}
}

type jsonRestored struct {
	Path    jsonText     `json:"path"`
	From    string       `json:"from"` // head of the backup
	Head    string       `json:"head"`
	Seq     int64        `json:"seq"` // the record that it was restored
	Records int64        `json:"records"`
	Objects int64        `json:"objects"`
	Bytes   int64        `json:"bytes"`
	Faults  []jsonFault  `json:"faults"`
	Damaged []jsonDamage `json:"damaged,omitempty"`
}

func (r *restore) report(done *locker.Restored) error {
	u := r.e.ui
	for _, d := range done.Damaged {
		u.listed(u.lang.msg("restore.unread", u.lang.damageAt(d.Seq), d.Err))
	}
	u.faults(done.Faults)
	if n := len(done.Faults) + len(done.Damaged); n > 0 {
		u.warning("restore.damaged", n, done.Seq)
	}
	if u.asJSON {
		return u.printJSON(jsonRestored{
			jsonText(done.Path), done.From.String(), done.Head.String(), done.Seq, done.Records, done.Objects, done.Bytes,
			faultsJSON(done.Faults), damageJSON(done.Damaged),
		})
	}
	u.say("restore.done", done.Path)
	u.say("restore.counts", done.Records, done.Objects, u.lang.size(done.Bytes))
	u.say("restore.from", done.From.String())
	u.say("restore.head", done.Head.String(), done.Seq)
	return nil
}

// newPassphrase lets whoever came with the key choose a passphrase: the old one
// may be lost.
func (r *restore) newPassphrase(ctx context.Context, o locker.Options) error {
	u := r.e.ui
	if !u.hasTerminal() {
		u.info("restore.old-passphrase", quoteLine(r.command("passwd", "--key-file", r.keyFile)))
		return nil
	}
	p, err := r.e.newPassphrase(ctx, "ask.restored-passphrase")
	if err == nil && p != "" {
		v, operr := locker.Open(ctx, r.path, o)
		if operr != nil {
			return &vaultError{operr}
		}
		defer v.Close()
		if _, err = v.ChangePassphrase(ctx, r.key, p); err == nil {
			u.info("restore.passphrase")
			return nil
		}
	}
	u.info("restore.old-passphrase", quoteLine(r.command("passwd", "--key-file", r.keyFile)))
	return err
}

type jsonDrill struct {
	Backup  jsonText    `json:"backup"`
	Vault   string      `json:"vault"`
	Head    string      `json:"head"`
	Records int64       `json:"records"`
	Objects int64       `json:"objects"`
	Bytes   int64       `json:"bytes"`
	Seconds float64     `json:"seconds"`
	Noted   bool        `json:"noted"` // in the vault of this machine
	Faults  []jsonFault `json:"faults"`
}

// practise opens all of a backup and writes nothing.
func (r *restore) practise(ctx context.Context) error {
	e, u := r.e, r.e.ui
	o, err := e.vaultOptions()
	if err != nil {
		return err
	}
	u.vault = r.src
	update, end := u.progress("progress.verify")
	done, err := locker.Drill(ctx, r.src, r.unlock, o, update)
	end()
	if err != nil {
		return r.explain(ctx, err)
	}
	got := done.Verification
	noted := r.noteDrill(ctx, got)
	seconds := done.Took.Seconds()
	if u.asJSON {
		err = u.printJSON(jsonDrill{
			jsonText(r.src), got.Vault, got.Head.String(), got.Records, got.Objects, got.Bytes, seconds, noted, faultsJSON(got.Faults),
		})
	} else {
		for _, f := range got.Faults {
			u.print(u.faultLine(f))
		}
		key := "drill.done"
		if len(got.Faults) > 0 {
			key = "drill.damaged"
		}
		u.say(key, r.src, got.Records, got.Objects, u.lang.size(got.Bytes), fmt.Sprintf("%.1f", seconds))
		u.say("verify.head", got.Head.String())
		if len(got.Faults) == 0 {
			u.say("drill.opens")
			u.say("drill.real", u.lang.size(got.Bytes))
		}
	}
	if err == nil && len(got.Faults) > 0 {
		return &failure{key: "err.restore-faults", args: []any{r.src, len(got.Faults)}, hint: "hint.drill", lines: [][]string{u.command("backup", "--to", freeName(stemOf(r.src)+"-new"))}, code: exitDamage}
	}
	return err
}

// noteDrill records the drill in the vault of this machine, if there is one and
// the backup is of it.
func (r *restore) noteDrill(ctx context.Context, got *locker.Verification) bool {
	u := r.e.ui
	u.vault = r.path
	if !exists(r.path) {
		u.info("drill.no-vault")
		return false
	}
	v, err := r.e.openVault(ctx)
	if err == nil {
		defer v.Close()
		if v.ID() != got.Vault {
			u.info("drill.other-vault", r.path)
			return false
		}
		err = v.NoteDrill(ctx, got.Head, len(got.Faults) == 0)
	}
	if err != nil {
		u.lost("custody.failed", err)
	}
	return err == nil
}

type jsonRepaired struct {
	Path   jsonText    `json:"path"`
	Kept   jsonText    `json:"kept,omitempty"` // the damaged file
	Mended []int64     `json:"mended"`
	Head   string      `json:"head"`
	Unread bool        `json:"unread"`
	Left   []jsonFault `json:"left"`
}

// mend makes the vault of this machine whole with what its backup has.
func (r *restore) mend(ctx context.Context) error {
	u := r.e.ui
	o, err := r.e.vaultOptions()
	if err != nil {
		return err
	}
	if !exists(r.path) {
		return locker.ErrNoVault
	}
	update, end := u.progress("progress.repair")
	done, err := locker.Repair(ctx, r.path, r.src, o, update)
	end()
	if err != nil {
		return r.explainMend(ctx, err)
	}
	switch {
	case u.asJSON:
		err = u.printJSON(jsonRepaired{jsonText(done.Path), jsonText(done.Kept), append([]int64{}, done.Mended...), done.Head.String(), done.Unread, faultsJSON(done.Left)})
	case done.Kept == "" && len(done.Left) > 0: // nothing of it could be mended
	case done.Kept == "":
		u.say("repair.nothing", done.Path)
	default:
		if done.Unread {
			u.warning("repair.unread")
		}
		u.say("repair.done", done.Path, len(done.Mended))
		if len(done.Mended) > 0 {
			u.say("repair.records", seqWords(done.Mended))
		}
		u.say("verify.head", done.Head.String())
		u.say("repair.kept", done.Kept)
	}
	if err == nil && len(done.Left) > 0 {
		u.faults(done.Left)
		return &failure{key: "err.repair-left", args: []any{len(done.Left)}, hint: "hint.repair-left", code: exitDamage}
	}
	return err
}

// explainMend words why the vault was not mended. It is as it was.
func (r *restore) explainMend(ctx context.Context, err error) error {
	u := r.e.ui
	var fork *locker.ForkError
	var space *locker.SpaceError
	dir := filepath.Dir(r.path)
	switch {
	case ctx.Err() != nil:
		return &failure{key: "err.interrupted", hint: "hint.repair-again", code: exitInterrupted}
	case errors.As(err, &fork):
		return &failure{key: "err.repair-forked", args: []any{r.src, fork.Seq}, hint: "hint.repair-forked", lines: [][]string{
			u.command("restore", r.src, "--to", freeName(stemOf(r.path)+"-restored")),
		}}
	case errors.Is(err, locker.ErrOtherVault):
		return &failure{key: "err.backup-other", args: []any{r.src}}
	case errors.Is(err, locker.ErrForeign) && sameFile(r.path, r.src):
		return &failure{key: "err.against-itself", args: []any{r.src}}
	case errors.As(err, &space):
		return &failure{key: "err.restore-space", args: []any{u.lang.size(space.Need), u.lang.size(space.Free), dir}, hint: "hint.restore-space"}
	case errors.Is(err, locker.ErrFull):
		return &failure{key: "err.restore-full", args: []any{dir}, hint: "hint.restore-space"}
	case errors.Is(err, locker.ErrNotVault):
		return &failure{key: "err.not-backup", args: []any{r.src}}
	case errors.Is(err, locker.ErrNewerFormat):
		return &failure{key: "err.newer-format", args: []any{r.src}, hint: "hint.newer-format"}
	case errors.Is(err, locker.ErrReadOnly):
		return locker.ErrReadOnly
	}
	return &failure{key: "err.repair-broke", args: []any{err}, hint: "hint.repair-again"}
}

// seqWords lists record numbers.
func seqWords(seqs []int64) string {
	return strings.Trim(fmt.Sprint(seqs), "[]")
}

func damageJSON(damaged []locker.Damage) []jsonDamage {
	var out []jsonDamage
	for _, d := range damaged {
		out = append(out, jsonDamage{d.Seq, d.Err.Error()})
	}
	return out
}

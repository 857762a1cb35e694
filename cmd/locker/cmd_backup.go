package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"evidence-locker/locker"

	"github.com/urfave/cli/v2"
)

func newBackupCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "backup",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "to", Usage: "NEWFILE"},
			&cli.BoolFlag{Name: "full"},
			&cli.BoolFlag{Name: "damaged-too"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return tooMany("backup", c.Args().Slice()[1:])
			}
			return runBackup(c.Context, e, backupOptions{
				dest: c.Args().First(), to: c.String("to"), full: c.Bool("full"), damagedToo: c.Bool("damaged-too"),
			})
		},
	}
}

type backupOptions struct {
	dest       string // a folder, a file, or "-"
	to         string // a file that is not there yet
	full       bool
	damagedToo bool
}

type jsonBackup struct {
	Path       jsonText `json:"path"`
	Vault      string   `json:"vault"`
	Records    int64    `json:"records"`
	Size       int64    `json:"size"` // of the file
	Head       string   `json:"head"`
	At         string   `json:"at"`
	NewRecords int64    `json:"new_records"`
	NewBytes   int64    `json:"new_bytes"`
	Custody    *int64   `json:"custody,omitempty"` // the record that says that it was begun
	Full       bool     `json:"full"`
	KeyChanged bool     `json:"key_changed"`
}

func runBackup(ctx context.Context, e *env, o backupOptions) error {
	switch {
	case o.dest == "" && o.to == "":
		return &usageError{key: "usage.no-destination", example: e.ui.command("backup", "/media/usb")}
	case o.dest != "" && o.to != "":
		return &usageError{key: "usage.backup-two", args: []any{o.dest, o.to}, command: "backup"}
	case o.dest == "-" && isTerminalFile(e.stdout):
		return &usageError{key: "usage.backup-terminal", command: "backup"}
	case o.dest == "-" && (o.full || o.damagedToo || e.ui.asJSON):
		return &usageError{key: "usage.backup-stream", command: "backup"}
	case o.damagedToo && (o.full || o.to == ""):
		return &usageError{key: "usage.damaged-too", example: e.ui.command("backup", "--damaged-too", "--to", "NEWFILE")}
	case o.damagedToo:
		return runSalvage(ctx, e, o.to)
	}
	limitHeap()
	v, err := e.openVault(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	if o.dest == "-" {
		return e.streamBackup(ctx, v)
	}
	b := &backup{e: e, v: v, options: o}
	if b.path, err = b.destination(); err != nil {
		return err
	}
	update, end := e.ui.progress("progress.backup")
	done, err := v.Backup(ctx, b.path, locker.BackupRequest{
		Full: o.full, Progress: update,
		// Before the rest: a stick that is pulled out half-way says what it is, too.
		Plan: func(locker.BackupPlan) { b.readme() },
	})
	end()
	if err != nil {
		b.withdrawReadme()
		return b.explain(ctx, err)
	}
	b.readme()
	return b.report(done)
}

// limitHeap has the collector keep up with files of any size that stream
// through, also where others leave it little of the processor.
func limitHeap() { debug.SetMemoryLimit(20 << 20) }

// A backup is one that goes to a file.
type backup struct {
	e       *env
	v       *locker.Vault
	options backupOptions
	path    string // of the backup file
	beside  string // the text that this run put beside it
}

// destination returns the path of the backup file. A folder must be there: a
// stick that is not plugged in must not become a folder on the own disk.
func (b *backup) destination() (string, error) {
	if b.options.to != "" {
		if exists(b.options.to) {
			return "", &failure{key: "err.backup-there", args: []any{b.options.to}, hint: "hint.backup-new", lines: [][]string{b.newFile(b.options.to)}}
		}
		return b.options.to, b.folderOf(b.options.to)
	}
	dest := b.options.dest
	info, err := os.Stat(dest)
	switch {
	case err == nil && info.IsDir():
		return filepath.Join(dest, locker.BackupName(b.v.ID())), nil
	case err == nil && exists(b.v.Path()) && sameFile(dest, b.v.Path()):
		return "", &failure{key: "err.backup-itself", args: []any{dest}, hint: "hint.backup-stick"}
	case err == nil || exists(dest):
		return dest, nil // the vault looks at what it is
	case !errors.Is(err, fs.ErrNotExist):
		return "", &failure{key: "err.reading", args: []any{dest, err}}
	case !strings.EqualFold(filepath.Ext(dest), locker.Suffix):
		return "", &failure{key: "err.no-stick", args: []any{dest}}
	}
	return dest, b.folderOf(dest)
}

// folderOf fails if the folder that a file is to stand in is not there.
func (b *backup) folderOf(path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return &failure{key: "err.no-stick", args: []any{filepath.Dir(path)}}
	}
	return nil
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// newFile is the command for a backup into a file of its own, beside path.
func (b *backup) newFile(path string, flags ...string) []string {
	free := freeName(stemOf(path) + b.e.now().At.Format("-20060102"))
	return b.e.ui.command(append(append([]string{"backup"}, flags...), "--to", free)...)
}

// stemOf is a path without the ending of vault files.
func stemOf(path string) string { return strings.TrimSuffix(path, locker.Suffix) }

// freeName is the first of a row of names for a vault file that is free.
func freeName(stem string) string {
	for ; ; stem += "-2" {
		if name := stem + locker.Suffix; !exists(name) {
			return name
		}
	}
}

// explain words why there is no backup, or not all of one.
func (b *backup) explain(ctx context.Context, err error) error {
	u, path := b.e.ui, b.path
	var fork *locker.ForkError
	var source *locker.SourceError
	var space *locker.SpaceError
	again := u.command("backup", path)
	verify, verifyCopy := u.command("verify"), u.command("verify", path)
	switch {
	case ctx.Err() != nil:
		return &failure{key: "err.interrupted", hint: "hint.backup-goes-on", lines: [][]string{again}, code: exitInterrupted}
	case errors.As(err, &fork):
		key := "err.backup-forked"
		if fork.Ahead {
			key = "err.backup-ahead"
		}
		return &failure{key: key, args: []any{path, fork.Seq}, hint: "hint.backup-forked", lines: [][]string{
			u.command("restore", path, "--to", freeName(stemOf(b.v.Path())+"-restored")), b.newFile(path),
		}}
	case errors.As(err, &source):
		f := &failure{key: "err.backup-source", args: []any{u.vault, u.lang.damageAt(source.Seq)}, hint: "hint.backup-source", code: exitDamage}
		f.lines = append(f.lines, verify)
		if exists(path) {
			f.lines = append(f.lines, u.command("restore", "--repair", path))
		} else {
			f.key, f.hint = "err.backup-unsound", "hint.backup-unsound"
		}
		f.lines = append(f.lines, b.newFile(path, "--damaged-too"))
		return f
	case errors.As(err, &space) && space.FileLimit:
		return &failure{key: "err.backup-fat", args: []any{u.lang.size(space.Need), u.lang.size(space.Free)}, hint: "hint.backup-fat"}
	case errors.As(err, &space):
		return &failure{key: "err.backup-space", args: []any{u.lang.size(space.Need), u.lang.size(space.Free), filepath.Dir(path)}, hint: "hint.backup-space"}
	case errors.Is(err, locker.ErrOtherVault):
		return &failure{key: "err.backup-other", args: []any{path}, hint: "hint.backup-new", lines: [][]string{b.newFile(path)}}
	case errors.Is(err, locker.ErrForeign):
		return &failure{key: "err.backup-foreign", args: []any{path}, hint: "hint.backup-new", lines: [][]string{b.newFile(path)}}
	case errors.Is(err, locker.ErrNewerFormat):
		return &failure{key: "err.newer-format", args: []any{path}, hint: "hint.newer-format"}
	case errors.Is(err, locker.ErrReadBack):
		return &failure{key: "err.backup-read-back", args: []any{path}, hint: "hint.backup-read-back", code: exitDamage}
	case errors.Is(err, locker.ErrCopyDamaged):
		return &failure{key: "err.backup-damaged", args: []any{path}, hint: "hint.backup-damaged", lines: [][]string{verifyCopy, b.newFile(path)}, code: exitDamage}
	case errors.Is(err, locker.ErrReadOnly), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return &failure{key: "err.backup-read-only", args: []any{filepath.Dir(path)}, hint: "hint.backup-read-only"}
	case errors.Is(err, locker.ErrFull):
		return &failure{key: "err.backup-full", args: []any{filepath.Dir(path)}, hint: "hint.backup-space"}
	case !exists(filepath.Dir(path)):
		return &failure{key: "err.backup-removed", args: []any{filepath.Dir(path)}, hint: "hint.backup-goes-on", lines: [][]string{again}}
	}
	return &failure{key: "err.backup-broke", args: []any{path, err}, hint: "hint.backup-goes-on", lines: [][]string{again}}
}

// damageAt says where damage lies.
func (l lang) damageAt(seq int64) string {
	if seq < 0 {
		return l.msg("fault-vault")
	}
	return l.msg("fault-seq", seq)
}

// report says what is safe now.
func (b *backup) report(done *locker.Backed) error {
	u, at := b.e.ui, b.e.now().At.Truncate(time.Second)
	if u.asJSON {
		j := jsonBackup{
			Path: jsonText(done.Path), Vault: b.v.ID(), Records: done.Head.Size, Size: done.Size, Head: done.Head.String(), At: timeJSON(at),
			NewRecords: done.New, NewBytes: done.Bytes, Full: b.options.full, KeyChanged: done.Rekeyed,
		}
		if done.Custody > 0 {
			j.Custody = &done.Custody
		}
		return u.printJSON(j)
	}
	u.say("backup.file", done.Path)
	switch {
	case done.New > 0:
		u.say("backup.new", done.New, u.lang.size(done.Bytes))
	case !done.Rekeyed:
		u.say("backup.nothing-new")
	}
	if b.options.full {
		u.say("backup.full")
	}
	u.say("backup.safe", done.Head.Size, u.lang.size(done.Size), formatTime(at))
	u.say("verify.head", done.Head.String())
	if done.Rekeyed {
		u.say("backup.rekeyed")
	}
	return nil
}

// streamBackup writes a whole backup to standard output.
func (e *env) streamBackup(ctx context.Context, v *locker.Vault) error {
	u := e.ui
	update, end := u.progress("progress.backup")
	done, err := v.Stream(ctx, e.stdout, locker.BackupRequest{Name: "-", Progress: update})
	end()
	var broken *locker.StreamError
	switch {
	case err == nil:
		u.info("backup.streamed", done.Head.Size, u.lang.size(done.Size), done.Head.String())
		u.hint("backup.unchecked", quoteLine([]string{"locker", "verify", "FILE"}))
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &broken):
		return &failure{key: "err.backup-stream", args: []any{u.lang.size(broken.Sent), broken.Err}}
	}
	return (&backup{e: e, v: v, path: filepath.Join(filepath.Dir(v.Path()), locker.BackupName(v.ID()))}).explain(ctx, err)
}

type jsonSalvaged struct {
	Path    jsonText     `json:"path"`
	Head    string       `json:"head"`
	Records int64        `json:"records"`
	Faults  []jsonFault  `json:"faults"`
	Damaged []jsonDamage `json:"damaged,omitempty"` // what could not be read at all
}

// runSalvage saves a damaged vault as it is, into a new file, and says what is
// damaged.
func runSalvage(ctx context.Context, e *env, to string) error {
	u := e.ui
	path, err := e.vaultPath()
	if err != nil {
		return err
	}
	b := &backup{e: e, path: to, options: backupOptions{to: to, damagedToo: true}}
	if _, err := b.destination(); err != nil {
		return err
	}
	o, err := e.vaultOptions()
	if err != nil {
		return err
	}
	o.Warn = nil // all of it is among the faults
	update, end := u.progress("progress.backup")
	damaged, err := locker.Salvage(ctx, path, to, o, update)
	end()
	switch {
	case errors.Is(err, locker.ErrNoVault), errors.Is(err, locker.ErrNotVault):
		return err
	case err != nil && errors.Is(err, locker.ErrDamaged):
		return &failure{key: "err.salvage-nothing", args: []any{path}, hint: "hint.faults-other", code: exitDamage}
	case err != nil:
		return b.explain(ctx, err)
	}
	o.ConfigDir, o.Untouched = "", true
	got, err := locker.Verify(ctx, to, o, nil, nil)
	if err != nil {
		return &failure{key: "err.backup-broke", args: []any{to, err}}
	}
	for _, d := range damaged {
		u.listed(u.lang.msg("restore.unread", u.lang.damageAt(d.Seq), d.Err))
	}
	u.faults(got.Faults)
	if u.asJSON {
		err = u.printJSON(jsonSalvaged{jsonText(to), got.Head.String(), got.Records, faultsJSON(got.Faults), damageJSON(damaged)})
	} else {
		u.say("backup.file", to)
		u.say("backup.salvaged", got.Records, u.lang.size(got.Bytes))
	}
	if n := len(got.Faults) + len(damaged); err == nil && n > 0 {
		return &failure{key: "err.salvage-damaged", args: []any{n}, hint: "hint.salvage-damaged", code: exitDamage}
	}
	return err
}

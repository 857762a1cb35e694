package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/record"

	"github.com/urfave/cli/v2"
)

func newCheckCommand(e *env) *cli.Command {
	return &cli.Command{Name: "check", Action: func(c *cli.Context) error {
		return runCheck(c.Context, e, c.Args().Slice())
	}}
}

// jsonChecked says what the vault knows of a file: nothing, the reports or the
// originals that have its bytes.
type jsonChecked struct {
	Path      jsonText       `json:"path"`
	Size      int64          `json:"size"`
	SHA256    string         `json:"sha256,omitempty"`
	Error     jsonText       `json:"error,omitempty"`
	Reports   []jsonIssued   `json:"reports"`
	Originals []jsonOriginal `json:"originals"`
}

type jsonOriginal struct {
	Seq         int64    `json:"seq"`
	Incident    int      `json:"incident"`
	Name        jsonText `json:"name"`
	RetractedBy *int64   `json:"retracted_by,omitempty"`
}

func (j *jsonChecked) known() bool { return len(j.Reports)+len(j.Originals) > 0 }

// runCheck says of each file whether it is a report that was made from this
// vault, or an original in it, unchanged.
func runCheck(ctx context.Context, e *env, paths []string) error {
	paths = e.expand(paths)
	if len(paths) == 0 {
		return &usageError{key: "usage.nothing-to-check", example: e.ui.command("check", "incident-1-support-20261122.pdf")}
	}
	stdin := 0
	for _, p := range paths {
		if p == "-" {
			stdin++
		}
	}
	if f := e.global("passphrase-file", "LOCKER_PASSPHRASE_FILE"); stdin > 1 || stdin == 1 && f == "-" {
		return &usageError{key: "usage.stdin-twice", command: "check"}
	}
	own, err := e.ownFiles()
	if err != nil {
		return err
	}
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	incidents, err := v.Survey(ctx, k, func(r *locker.Record) bool { return r.Exhibit != nil || r.Type == record.Custody })
	if err != nil {
		return err
	}
	c := &checking{e: e, own: own, reports: map[string][]jsonIssued{}, originals: map[string][]jsonOriginal{}}
	damaged := false
	for _, in := range incidents {
		damaged = damaged || len(in.Damaged) > 0
		e.ui.damage(in.Damaged)
		c.learn(in)
	}
	list, unknown, failed := []jsonChecked{}, 0, 0
	for _, path := range paths {
		j, err := c.file(ctx, path)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failed++
			e.ui.lost("check.failed", path, err)
			j.Error = jsonText(e.ui.lang.reason(err))
		case !j.known():
			unknown++
		}
		list = append(list, j)
		if err == nil && !e.ui.asJSON {
			e.ui.checked(j)
		}
	}
	if e.ui.asJSON {
		err = e.ui.printJSON(list)
	}
	switch {
	case err != nil:
		return err
	case unknown > 0:
		e.ui.hint("hint.check")
		return errDamage
	case failed == len(paths):
		return &failure{key: "err.nothing-checked"}
	case damaged:
		e.ui.advise("hint.damaged")
		return errDamage
	}
	return nil
}

// A checking compares files with what the vault knows, by their SHA-256.
type checking struct {
	e         *env
	own       []fs.FileInfo
	reports   map[string][]jsonIssued
	originals map[string][]jsonOriginal
}

// learn takes in an incident.
func (c *checking) learn(in *locker.Incident) {
	for _, i := range issuedIn(in) {
		c.reports[string(i.SHA256)] = append(c.reports[string(i.SHA256)], i)
	}
	for _, r := range in.Records {
		if r.Exhibit == nil {
			continue
		}
		o := jsonOriginal{Seq: r.Seq, Incident: r.Incident, Name: jsonText(r.Exhibit.Name)}
		if r.Retracted != nil {
			o.RetractedBy = &r.Retracted.Seq
		}
		sum := hex.EncodeToString(r.Exhibit.SHA256[:])
		c.originals[sum] = append(c.originals[sum], o)
	}
}

var (
	errSpecialFile = errors.New("not a file")
	errOwnFile     = errors.New("the vault's own file")
)

// file reads one file through.
func (c *checking) file(ctx context.Context, path string) (jsonChecked, error) {
	j := jsonChecked{Path: jsonText(path), Reports: []jsonIssued{}, Originals: []jsonOriginal{}}
	in, err := c.open(path)
	if err != nil {
		return j, err
	}
	defer in.Close()
	update, end := c.e.ui.progress("progress.check")
	defer end()
	total := int64(-1)
	if f, ok := in.(*os.File); ok {
		if fi, err := f.Stat(); err == nil {
			total = fi.Size()
		}
	}
	sum := sha256.New()
	if j.Size, err = io.Copy(sum, &countingReader{r: &patientReader{ctx: ctx, r: in}, total: total, update: update}); err != nil {
		return j, err
	}
	j.SHA256 = hex.EncodeToString(sum.Sum(nil))
	j.Reports = append(j.Reports, c.reports[j.SHA256]...)
	j.Originals = append(j.Originals, c.originals[j.SHA256]...)
	return j, nil
}

// open opens a regular file that is not the vault's own, or standard input.
func (c *checking) open(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(c.e.stdin), nil
	}
	fi, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case fi.IsDir():
		return nil, syscall.EISDIR
	case !fi.Mode().IsRegular():
		return nil, errSpecialFile
	case isOwn(fi, c.own):
		return nil, errOwnFile
	}
	return os.Open(path)
}

// checked prints what the vault knows of a file.
func (u *ui) checked(j jsonChecked) {
	path := string(j.Path)
	if path == "-" {
		path = u.lang.msg("check.stdin")
	}
	if j.known() {
		u.say("check.unchanged", path)
	}
	// The name is shown where it is another one now.
	name := func(n jsonText) {
		if n != "-" && string(n) != filepath.Base(string(j.Path)) {
			u.say("check.name", string(n))
		}
	}
	for _, r := range j.Reports {
		u.say("check.report", r.Incident, u.recipientName(string(r.For)))
		u.say("check.report-more", formatTime(r.at.Truncate(time.Second)), r.Seq)
		name(r.Name)
	}
	for _, o := range j.Originals {
		u.say("check.original", o.Seq, o.Incident)
		name(o.Name)
		if o.RetractedBy != nil {
			u.say("check.retracted", *o.RetractedBy)
		}
	}
	if !j.known() {
		u.say("check.unknown", path)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/durable"
	"evidence-locker/locker/record"

	"github.com/urfave/cli/v2"
)

func newExtractCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "extract",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "seq", Usage: "SEQ"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "DIR"},
			&cli.BoolFlag{Name: "force"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return tooMany("extract", c.Args().Slice()[1:])
			}
			return runExtract(c.Context, e, extractOptions{
				number: c.Args().First(), seqs: c.StringSlice("seq"), dir: c.String("output"), force: c.Bool("force"),
			})
		},
	}
}

type extractOptions struct {
	number string
	seqs   []string
	dir    string
	force  bool
}

type jsonExtracted struct {
	Seq    int64    `json:"seq"`
	Path   jsonText `json:"path"`
	Size   int64    `json:"size"`
	SHA256 string   `json:"sha256"`
}

func runExtract(ctx context.Context, e *env, o extractOptions) error {
	var seqs []int64
	number := currentIncident
	var err error
	if o.number != "" {
		if len(o.seqs) > 0 {
			return &usageError{key: "usage.seq-and-number", command: "extract"}
		}
		if number, err = parseNumber(o.number); err != nil {
			return err
		}
	}
	for _, s := range o.seqs {
		seq, err := parseSeq(s)
		if err != nil {
			return err
		}
		seqs = append(seqs, seq)
	}
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	x := &extraction{e: e, v: v, k: k, force: o.force, dir: o.dir, taken: map[string]bool{}, seqs: map[int]record.List{}, done: []jsonExtracted{}}
	records, err := x.choose(ctx, number, seqs)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(x.dir, 0o700); err != nil {
		return &failure{key: "err.making-folder", args: []any{x.dir, err}}
	}
	for _, r := range records {
		if err = x.extract(ctx, r); err != nil {
			break
		}
	}
	// What is out is said and noted, whatever happened to the rest.
	if e.ui.asJSON {
		err = errors.Join(err, e.ui.printJSON(x.done))
	}
	x.custody(ctx)
	e.enrol(ctx, v, k)
	if x.inTheWay {
		e.ui.hint("extract.force")
	}
	switch {
	case err != nil:
		return err
	case x.damaged:
		e.ui.advise("hint.damaged")
		return errDamage
	case len(x.done) == 0:
		return &failure{key: "err.nothing-written"}
	}
	return nil
}

// An extraction writes exhibits into a folder.
type extraction struct {
	e     *env
	v     *locker.Vault
	k     *crypto.Key
	dir   string
	force bool

	taken   map[string]bool     // names used in this run, in lower case
	seqs    map[int]record.List // what was written, by incident
	done    []jsonExtracted
	damaged bool
	// inTheWay says that a file was there already and stayed.
	inTheWay bool
}

// choose reads the records to extract: those asked for, or all exhibits of an
// incident. Retracted ones come out only if asked for by seq.
func (x *extraction) choose(ctx context.Context, number int, seqs []int64) ([]*locker.Record, error) {
	u := x.e.ui
	if len(seqs) > 0 {
		if x.dir == "" {
			x.dir = "."
		}
		var records []*locker.Record
		for _, seq := range seqs {
			r, err := x.e.record(ctx, x.v, x.k, seq)
			if err != nil {
				return nil, err
			}
			if r.Exhibit == nil {
				return nil, &failure{key: "err.no-exhibit", args: []any{seq}, hint: "hint.no-record"}
			}
			records = append(records, r)
		}
		return records, nil
	}
	in, current, err := x.e.incident(ctx, x.v, x.k, number)
	if err != nil {
		return nil, err
	}
	if !u.asJSON {
		u.incidentLine(in.Number, current)
	}
	u.damage(in.Damaged)
	x.damaged = len(in.Damaged) > 0
	if x.dir == "" {
		x.dir = "incident-" + strconv.Itoa(in.Number)
	}
	records := in.Exhibits()
	if len(records) == 0 && !x.damaged {
		return nil, &failure{key: "err.no-files", args: []any{in.Number}}
	}
	return records, nil
}

// extract writes one exhibit. An error is returned only if going on is of no
// use; what is wrong with this file alone is shown.
func (x *extraction) extract(ctx context.Context, r *locker.Record) error {
	u := x.e.ui
	name := x.free(fileName(r.Exhibit, x.e.goos), r.Seq)
	x.taken[strings.ToLower(name)] = true
	path := filepath.Join(x.dir, name)
	err := x.e.checkTarget(path, x.force)
	if err == nil {
		err = x.write(ctx, r.Exhibit, path)
	}
	var refused *failure
	switch {
	case errors.As(err, &refused):
		u.lost(refused.key, refused.args...)
		return nil
	case err == nil:
	case ctx.Err() != nil, errors.Is(err, locker.ErrFull):
		return err
	case errors.Is(err, fs.ErrExist):
		u.lost("extract.exists", path)
		x.inTheWay = true
		return nil
	case errors.Is(err, locker.ErrDamaged):
		x.damaged = true
		u.error("extract.damaged", r.Seq, r.Exhibit.Name)
		return nil
	default:
		u.lost("extract.failed", r.Seq, path, err)
		return nil
	}
	x.seqs[r.Incident] = append(x.seqs[r.Incident], record.Text(strconv.FormatInt(r.Seq, 10)))
	j := exhibitJSON(r.Exhibit)
	x.done = append(x.done, jsonExtracted{r.Seq, jsonText(path), j.Size, j.SHA256})
	if !u.asJSON {
		u.print(fmt.Sprintf("%*d  %s  %s", seqColumn, r.Seq, safe(path), u.lang.size(j.Size)))
		u.print(shaLine(j.SHA256))
	}
	return nil
}

// write lets the file appear once all of it has been read and its hash is
// right: the content's reader fails at the end if not.
func (x *extraction) write(ctx context.Context, ex *locker.Exhibit, path string) error {
	content, err := x.v.Content(ctx, x.k, ex)
	if err != nil {
		return err
	}
	defer content.Close()
	f, err := durable.New(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	update, end := x.e.ui.progress("progress.extract")
	defer end()
	if _, err := io.Copy(f, &countingReader{r: content, total: ex.Size, update: update}); err != nil {
		return err
	}
	if !ex.Modified.IsZero() {
		// The time is in the record; a file system may be unable to keep it.
		_ = os.Chtimes(f.Name(), ex.Modified, ex.Modified)
	}
	if x.force {
		return f.Replace()
	}
	return f.Create()
}

// countingReader shows how far a copy is.
type countingReader struct {
	r           io.Reader
	done, total int64
	update      func(done, total int64)
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	c.update(c.done, c.total)
	return n, err
}

// free returns a name that this run has not used, with the record's number if
// need be: two exhibits often have one name, and some file systems do not tell
// A from a.
func (x *extraction) free(name string, seq int64) string {
	for x.taken[strings.ToLower(name)] {
		ext := filepath.Ext(name)
		name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), seq, ext)
	}
	return name
}

// fileName makes an exhibit's name fit for a file: one part of a path, without
// signs that steer a terminal or that goos forbids.
func fileName(ex *locker.Exhibit, goos string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r == '/' || hidden(r), goos == "windows" && strings.ContainsRune(`<>:"\|?*`, r):
			return '_'
		}
		return r
	}, ex.Name)
	if goos == "windows" {
		name = strings.TrimRight(name, ". ")
	}
	if name == "" || name == "." || name == ".." {
		name = "exhibit-" + strconv.FormatInt(ex.Seq, 10)
	}
	return name
}

// custody records what was taken out, one record for each incident.
func (x *extraction) custody(ctx context.Context) {
	for _, incident := range slices.Sorted(maps.Keys(x.seqs)) {
		x.e.noteCustody(ctx, x.v, incident, record.Fields{"action": record.Text("extract"), "seqs": x.seqs[incident]})
	}
}

// custodyGrace is how long after an interrupt a custody record may still take:
// what it is about has left the vault already.
const custodyGrace = 5 * time.Second

// noteCustody records that something was made of an incident. It is never a
// reason to hide that it was made: a failure is a warning, and the exit code
// says so too unless the vault is one that cannot be written, such as on a
// write-protected stick.
func (e *env) noteCustody(ctx context.Context, v *locker.Vault, incident int, f record.Fields) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(custodyGrace, cancel) })()
	switch _, err := v.AppendCustody(own, incident, f); {
	case err == nil:
	case errors.Is(err, locker.ErrReadOnly):
		e.ui.warning("custody.read-only")
	case errors.Is(err, locker.ErrBackup):
		e.ui.info("custody.backup")
	default:
		e.ui.lost("custody.failed", err)
	}
}

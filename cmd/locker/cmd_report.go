package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/durable"
	"evidence-locker/locker/record"
	"evidence-locker/report"

	"github.com/urfave/cli/v2"
)

func newReportCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "report",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "for", Usage: "WHOM"},
			&cli.StringFlag{Name: "lang", Usage: "en|ja"},
			&cli.StringFlag{Name: "format", Usage: "FORMAT"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "FILE"},
			&cli.StringFlag{Name: "date", Usage: "DATE"},
			&cli.BoolFlag{Name: "custody"},
			&cli.BoolFlag{Name: "strict"},
			&cli.BoolFlag{Name: "force"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return tooMany("report", c.Args().Slice()[1:])
			}
			return runReport(c.Context, e, reportOptions{
				number: c.Args().First(), recipient: c.String("for"), lang: c.String("lang"),
				format: c.String("format"), output: c.String("output"), date: c.String("date"),
				custody: c.Bool("custody"), strict: c.Bool("strict"), force: c.Bool("force"),
			})
		},
	}
}

type reportOptions struct {
	number, recipient, lang, format, output, date string
	custody, strict, force                        bool
}

// check fills in what was not given and refuses what there is not.
func (o *reportOptions) check(l lang) (number int, date time.Time, err error) {
	if o.recipient == "" {
		o.recipient = "support"
	}
	if o.lang == "" {
		o.lang = string(l)
	}
	if o.format == "" {
		o.format = "pdf"
		if strings.EqualFold(filepath.Ext(o.output), ".txt") {
			o.format = "text"
		}
	}
	var recipients []string
	for _, r := range report.Recipients() {
		recipients = append(recipients, r.Key)
	}
	for _, c := range []struct {
		flag, value string
		allowed     []string
	}{
		{"--for", o.recipient, recipients}, {"--lang", o.lang, []string{"en", "ja"}}, {"--format", o.format, []string{"pdf", "text"}},
	} {
		if !slices.Contains(c.allowed, c.value) {
			return 0, date, &usageError{key: "usage.not-among", args: []any{c.flag, c.value, l.list(c.allowed)}, command: "report"}
		}
	}
	if o.date != "" {
		if date, err = time.Parse(time.DateOnly, o.date); err != nil {
			return 0, date, &usageError{key: "usage.no-date", args: []any{o.date}, command: "report"}
		}
	}
	number = currentIncident
	if o.number != "" {
		number, err = parseNumber(o.number)
	}
	return number, date, err
}

func runReport(ctx context.Context, e *env, o reportOptions) error {
	number, date, err := o.check(e.ui.lang)
	if err != nil {
		return err
	}
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	in, _, err := e.incident(ctx, v, k, number)
	if err != nil {
		return err
	}
	e.ui.damage(in.Damaged)
	r, head, err := e.buildReport(ctx, v, k, in, report.Options{For: o.recipient, Lang: o.lang, Date: date, Custody: o.custody})
	if err != nil {
		return err
	}
	if missing := e.ui.missing(r); missing && o.strict {
		return &failure{key: "err.strict"}
	}
	w := &reportWriter{e: e, opts: o, sum: sha256.New()}
	if err := w.write(ctx, in.Number, func(out io.Writer) error {
		if o.format == "text" {
			return r.WriteText(out)
		}
		return r.WritePDF(ctx, out, func(x *locker.Exhibit) (io.ReadCloser, error) { return v.Content(ctx, k, x) })
	}); err != nil {
		return err
	}
	sum := hex.EncodeToString(w.sum.Sum(nil))
	_, err = v.AppendCustody(ctx, in.Number, record.Fields{
		"action": record.Text("report"), "for": record.Text(o.recipient), "format": record.Text(o.format),
		"lang": record.Text(o.lang), "name": record.Text(filepath.Base(w.path)), "sha256": record.Text(sum),
		"size": record.Int(w.size), "head": record.Text(head),
	})
	if err != nil {
		if err := e.custodyFailed(err); err != nil {
			return err
		}
	}
	err = e.ui.reported(in.Number, w, sum)
	if err == nil && len(in.Damaged) > 0 {
		e.ui.hint("hint.damaged")
		err = errDamage
	}
	return err
}

// buildReport gathers what a report is a function of.
func (e *env) buildReport(ctx context.Context, v *locker.Vault, k *crypto.Key, in *locker.Incident, o report.Options) (*report.Report, string, error) {
	person, err := v.Incident(ctx, k, 0)
	if err != nil && !errors.Is(err, locker.ErrNoIncident) {
		return nil, "", err
	}
	input := report.Input{Incident: in, Reporter: person, Vault: v.ID()}
	input.Exchanges, input.Kinds = e.books()
	// The oldest head that covers the records: the note that a report was made
	// must not change the next one.
	if input.Head, err = v.HeadCovering(ctx, report.HeadSize(input)); err != nil {
		return nil, "", err
	}
	r, err := report.Build(input, o)
	if err != nil {
		return nil, "", err
	}
	return r, headLine(input.Head), nil
}

// missing lists on standard error what the recipient asks for and nobody has
// given.
func (u *ui) missing(r *report.Report) bool {
	for _, w := range r.Warnings() {
		key := "report-warning." + w.Code
		if !u.lang.has(key) {
			key = "report-warning.other"
		}
		u.warning(key, w.Code, fmt.Sprint(w.Seqs))
	}
	fields := r.Missing()
	if len(fields) == 0 {
		return false
	}
	u.info("report.missing", len(fields))
	for _, f := range fields {
		line := f.Label(string(u.lang)) + " (" + f.Path + ")"
		if why := f.Why(string(u.lang)); why != "" {
			line += ": " + why
		}
		u.plain(line)
	}
	u.hint("report.missing-hint")
	return true
}

// A reportWriter writes a report's bytes where they were asked for, and knows
// them afterwards.
type reportWriter struct {
	e    *env
	opts reportOptions
	path string // "-" : standard output
	size int64
	sum  interface {
		io.Writer
		Sum([]byte) []byte
	}
}

func (w *reportWriter) Write(p []byte) (int, error) {
	w.size += int64(len(p))
	return w.sum.Write(p)
}

func (w *reportWriter) write(ctx context.Context, number int, content func(io.Writer) error) error {
	w.path = w.opts.output
	if w.path == "-" {
		if err := content(io.MultiWriter(w.e.stdout, w)); err != nil {
			return fmt.Errorf("writing to standard output: %w", err)
		}
		return nil
	}
	base := w.path
	if base == "" {
		base = w.defaultName(number)
	}
	f, err := durable.New(base)
	if err != nil {
		return &failure{key: "err.writing", args: []any{base, err}}
	}
	defer f.Discard()
	if err := content(io.MultiWriter(f, w)); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &failure{key: "err.writing", args: []any{base, err}}
	}
	if err := w.appear(f, base); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return &failure{key: "err.file-exists", args: []any{base}, hint: "extract.force"}
		}
		return &failure{key: "err.writing", args: []any{base, err}}
	}
	w.path = f.Path()
	return nil
}

// appear gives the file its name: the one asked for, or the first of the
// default ones that is free.
func (w *reportWriter) appear(f *durable.File, base string) error {
	if w.opts.force && w.opts.output != "" {
		return f.Replace()
	}
	err := f.Create()
	ext := filepath.Ext(base)
	for n := 2; errors.Is(err, fs.ErrExist) && w.opts.output == "" && n < 10_000; n++ {
		f.At(fmt.Sprintf("%s-%d%s", strings.TrimSuffix(base, ext), n, ext))
		err = f.Create()
	}
	return err
}

func (w *reportWriter) defaultName(number int) string {
	ext := "pdf"
	if w.opts.format == "text" {
		ext = "txt"
	}
	day := w.e.now().At.Format("20060102")
	return fmt.Sprintf("incident-%d-%s-%s.%s", number, w.opts.recipient, day, ext)
}

type jsonReport struct {
	Incident int    `json:"incident"`
	For      string `json:"for"`
	Format   string `json:"format"`
	Lang     string `json:"lang"`
	Path     string `json:"path"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
}

// reported says where the report is. With the report itself on standard output
// there is nothing more to put there.
func (u *ui) reported(number int, w *reportWriter, sum string) error {
	o := w.opts
	switch {
	case o.output == "-":
		u.info("report.sum", sum)
	case u.asJSON:
		return u.printJSON(jsonReport{number, o.recipient, o.format, o.lang, w.path, w.size, sum})
	default:
		u.say("report.written", number, w.path, u.lang.size(w.size))
		u.say("report.sum", sum)
	}
	return nil
}

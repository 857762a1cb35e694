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
	"strconv"
	"strings"
	"sync"
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
	switch {
	case o.output == "-" && o.format == "pdf" && isTerminalFile(e.stdout):
		return &usageError{key: "usage.pdf-on-terminal", command: "report"}
	case o.output != "" && o.output != "-":
		if err := e.checkTarget(o.output, o.force); err != nil {
			return err
		}
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
	e.ui.reportWarnings(r)
	if e.missing(in, r, o.strict) && o.strict {
		return &failure{key: "err.strict"}
	}
	w := &reportWriter{e: e, opts: o, sum: sha256.New()}
	if err := w.write(ctx, in.Number, func(out io.Writer) error {
		if o.format == "text" {
			return r.WriteText(out)
		}
		return e.writePDF(ctx, v, k, in, r, out)
	}); err != nil {
		return err
	}
	unreadable := r.Unreadable()
	if len(unreadable) > 0 {
		e.ui.warning("report.unreadable", fmt.Sprint(unreadable))
	}
	sum := hex.EncodeToString(w.sum.Sum(nil))
	done := jsonReport{Incident: in.Number, For: o.recipient, Format: o.format, Lang: o.lang, Path: jsonText(w.path), Size: w.size, SHA256: sum}
	done.describe(r, unreadable)
	err = e.ui.reported(done)
	e.noteCustody(ctx, v, in.Number, done.custody(head))
	if err == nil && len(in.Damaged)+len(unreadable) > 0 {
		e.ui.advise("hint.damaged")
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

// writePDF writes the PDF and shows how many pictures have been opened, each of
// them once to look at it and once to take it in.
func (e *env) writePDF(ctx context.Context, v *locker.Vault, k *crypto.Key, in *locker.Incident, r *report.Report, out io.Writer) error {
	update, end := e.ui.steps("progress.report")
	defer end()
	var mu sync.Mutex // pictures are opened at the same time
	opened, total := int64(0), int64(0)
	for _, x := range in.Exhibits() {
		if strings.HasPrefix(x.Exhibit.MediaType, "image/") {
			total += 2
		}
	}
	return r.WritePDF(ctx, out, func(x *locker.Exhibit) (io.ReadCloser, error) {
		mu.Lock()
		opened++
		update(min(opened, total), total)
		mu.Unlock()
		return v.Content(ctx, k, x)
	})
}

// recipientName is whom a report is for, for people.
func (u *ui) recipientName(key string) string {
	for _, r := range report.Recipients() {
		if r.Key == key {
			return r.Name(string(u.lang))
		}
	}
	return key
}

// reportWarnings says what the person should know before handing a report over.
func (u *ui) reportWarnings(r *report.Report) {
	for _, w := range r.Warnings() {
		key := "report-warning." + w.Code
		if !u.lang.has(key) {
			key = "report-warning.other"
		}
		u.warning(key, w.Code, fmt.Sprint(w.Seqs))
	}
}

// missing lists on standard error what the recipient asks for and nobody has
// given. With strict it does so even under --quiet: it is why there is no
// report.
func (e *env) missing(in *locker.Incident, r *report.Report, strict bool) bool {
	fields, u := r.Missing(), e.ui
	if len(fields) == 0 {
		return false
	}
	if strict {
		defer func(quiet bool) { u.quiet = quiet }(u.quiet)
		u.quiet = false
	}
	u.info("report.missing", len(fields))
	for _, f := range fields {
		line := f.Label(string(u.lang)) + " (" + f.Path + ")"
		if why := f.Why(string(u.lang)); why != "" {
			line += ": " + why
		}
		u.plain(line)
	}
	u.hint("report.missing-hint", e.fillLine(in, fields))
	return true
}

// fillLine is a command that records one of the missing fields, in the right
// incident. Fields of a thing that is recorded already come with what names
// that thing, so that they are not taken for those of another one.
func (e *env) fillLine(in *locker.Incident, fields []report.MissingField) string {
	words := []string{"locker", "add", "-i", strconv.Itoa(in.Number)}
	if p := e.line.globalValue("vault"); p != "" {
		words = append(words, "--vault", p)
	}
	path := fields[0].Path
	for _, f := range fields {
		if _, _, ok := settable(f.Path); ok {
			path = f.Path
			break
		}
	}
	typ, _, hasField := strings.Cut(path, ".")
	if thing, ok := map[string]struct{ flag, field string }{
		"order": {"--order", "id"}, "account": {"--account", "number"}, "transfer": {"--txid", "txid"}, "loss": {"--loss", "amount"},
	}[typ]; ok && path != typ+"."+thing.field {
		known := ""
		if all := in.All(record.Type(typ)); len(all) > 0 && typ != "loss" {
			if t, is := all[len(all)-1].Fields[thing.field].(record.Text); is {
				known = string(t)
			}
		}
		switch {
		case known != "":
			words = append(words, thing.flag, known)
		case !hasField:
			return quoteLine(append(words, thing.flag)) + " ..."
		}
	}
	if !hasField {
		return quoteLine(words) + " ..."
	}
	return quoteLine(append(words, "--set", path+"=")) + `"..."`
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
	Incident int      `json:"incident"`
	For      string   `json:"for"`
	Format   string   `json:"format"`
	Lang     string   `json:"lang"`
	Path     jsonText `json:"path"`
	Size     int64    `json:"size"`
	SHA256   string   `json:"sha256"`

	Missing  []jsonMissing       `json:"missing"`
	Warnings []jsonReportWarning `json:"warnings"`
}

type jsonMissing struct {
	Path string `json:"path"`
	Need string `json:"need"` // R required, E expected, O optional
}

type jsonReportWarning struct {
	Code string  `json:"code"`
	Seqs []int64 `json:"seqs"`
}

// describe adds what is missing and what to look at.
func (j *jsonReport) describe(r *report.Report, unreadable []int64) {
	j.Missing, j.Warnings = []jsonMissing{}, []jsonReportWarning{}
	for _, f := range r.Missing() {
		j.Missing = append(j.Missing, jsonMissing{f.Path, string(f.Need)})
	}
	for _, w := range r.Warnings() {
		j.Warnings = append(j.Warnings, jsonReportWarning{w.Code, w.Seqs})
	}
	if len(unreadable) > 0 {
		j.Warnings = append(j.Warnings, jsonReportWarning{"unreadable", unreadable})
	}
}

// custody is what the vault keeps of a report that was made.
func (j jsonReport) custody(head string) record.Fields {
	return record.Fields{
		"action": record.Text("report"), "for": record.Text(j.For), "format": record.Text(j.Format), "lang": record.Text(j.Lang),
		"name": record.Text(filepath.Base(string(j.Path))), "sha256": record.Text(j.SHA256), "size": record.Int(j.Size), "head": record.Text(head),
	}
}

// reported says where the report is. With the report itself on standard output
// there is nothing more to put there.
func (u *ui) reported(j jsonReport) error {
	switch {
	case j.Path == "-":
		u.info("report.sum", j.SHA256)
	case u.asJSON:
		return u.printJSON(j)
	default:
		u.say("report.written", j.Incident, string(j.Path), u.lang.size(j.Size))
		u.say("report.sum", j.SHA256)
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"evidence-locker/crypto"
	"evidence-locker/locker"
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
			&cli.StringSliceFlag{Name: "include", Usage: "WHAT"},
			&cli.StringSliceFlag{Name: "mark", Usage: "SEQ:X,Y,W,H"},
			&cli.StringSliceFlag{Name: "mask", Usage: "SEQ:X,Y,W,H"},
			&cli.StringFlag{Name: "max-size", Usage: "SIZE"},
			&cli.BoolFlag{Name: "split"},
			&cli.BoolFlag{Name: "no-preview"},
			&cli.StringFlag{Name: "max-chars", Usage: "N"},
			&cli.BoolFlag{Name: "custody"},
			&cli.BoolFlag{Name: "strict"},
			&cli.BoolFlag{Name: "force"},
			&cli.BoolFlag{Name: "list"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return tooMany("report", c.Args().Slice()[1:])
			}
			if c.Bool("list") {
				for _, u := range e.line.local {
					if u.name != "list" {
						return &usageError{key: "usage.list-alone", args: []any{dashed(u.name)}, command: "report"}
					}
				}
				return runIssued(c.Context, e, c.Args().First())
			}
			return runReport(c.Context, e, reportOptions{
				number: c.Args().First(), recipient: c.String("for"), lang: c.String("lang"),
				format: c.String("format"), output: c.String("output"), date: c.String("date"),
				include: c.StringSlice("include"), mark: c.StringSlice("mark"), mask: c.StringSlice("mask"),
				maxSize: c.String("max-size"), maxChars: c.String("max-chars"), split: c.Bool("split"), noPreview: c.Bool("no-preview"),
				custody: c.Bool("custody"), strict: c.Bool("strict"), force: c.Bool("force"),
			})
		},
	}
}

func runReport(ctx context.Context, e *env, opts reportOptions) error {
	o, err := opts.order(e)
	if err != nil {
		return err
	}
	if o.output != "" && o.output != "-" {
		if err := e.checkTarget(o.output, o.force); err != nil {
			return err
		}
	}
	v, k, err := e.openUnlocked(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	in, _, err := e.incident(ctx, v, k, o.incident)
	if err != nil {
		return err
	}
	e.ui.damage(in.Damaged)
	e.exchangeOf(in) // the report chooses alike
	w := &reportWriter{e: e, order: o, in: in, pdf: e.pdfSource(v, k, o)}
	r, head, err := e.buildReport(ctx, v, k, in, o.build)
	if err != nil {
		return w.explain(ctx, err)
	}
	if e.missing(in, r, o) && o.strict {
		return &failure{key: "err.strict"}
	}
	if err := w.write(ctx, r); err != nil {
		return w.explain(ctx, err)
	}
	warnings := w.warnings()
	e.ui.reportWarnings(warnings)
	e.ui.correctAddresses(in, r.WrongAddresses())
	unreadable := w.unreadable()
	if len(unreadable) > 0 {
		e.ui.warning("report.unreadable", fmt.Sprint(unreadable))
	}
	done := jsonReport{Incident: in.Number, For: o.build.For, Format: o.format, Lang: o.build.Lang, LeftOut: w.leftOut}
	for _, i := range w.issues {
		done.Parts = append(done.Parts, i.json())
	}
	done.describe(r.Missing(), warnings, unreadable)
	err = e.ui.reported(done)
	for n := range done.Parts {
		e.noteCustody(ctx, v, in.Number, done.custody(n, head))
	}
	e.enrol(ctx, v, k)
	w.hints()
	if err == nil && len(in.Damaged)+len(unreadable) > 0 {
		e.ui.advise("hint.damaged")
		err = errDamage
	}
	return err
}

func isPicture(x *locker.Exhibit) bool { return strings.HasPrefix(x.MediaType, "image/") }

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
	return r, input.Head.String(), nil
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
func (u *ui) reportWarnings(warnings []report.Warning) {
	for _, w := range warnings {
		key := "report-warning." + w.Code
		if !u.lang.has(key) {
			key = "report-warning.other"
		}
		u.warning(key, w.Code, fmt.Sprint(w.Seqs))
	}
}

// missing lists what the recipient asks for and nobody has given. With strict
// it does so even under --quiet: it is why there is no report.
func (e *env) missing(in *locker.Incident, r *report.Report, o *reportOrder) bool {
	fields, u := r.Missing(), e.ui
	if len(fields) == 0 {
		return false
	}
	if o.strict {
		defer func(quiet bool) { u.quiet = quiet }(u.quiet)
		u.quiet = false
	}
	u.listMissing(fields)
	u.hint("report.missing-hint", quoteLine(u.command("fill", strconv.Itoa(in.Number), "--for", o.build.For)))
	return true
}

type jsonReport struct {
	Incident int        `json:"incident"`
	For      string     `json:"for"`
	Format   string     `json:"format"`
	Lang     string     `json:"lang"`
	Parts    []jsonPart `json:"parts"` // one, but for --split

	LeftOut  []string            `json:"left_out,omitempty"` // of a text that was cut
	Missing  []jsonMissing       `json:"missing"`
	Warnings []jsonReportWarning `json:"warnings"`
}

// A jsonPart is one file of a report.
type jsonPart struct {
	Path   jsonText `json:"path"`
	Size   int64    `json:"size"`
	SHA256 string   `json:"sha256"`
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
func (j *jsonReport) describe(missing []report.MissingField, warnings []report.Warning, unreadable []int64) {
	j.Missing, j.Warnings = missingJSON(missing), []jsonReportWarning{}
	for _, w := range warnings {
		j.Warnings = append(j.Warnings, jsonReportWarning{w.Code, w.Seqs})
	}
	if len(unreadable) > 0 {
		j.Warnings = append(j.Warnings, jsonReportWarning{"unreadable", unreadable})
	}
}

// custody is what the vault keeps of part n of a report that was made.
func (j jsonReport) custody(n int, head string) record.Fields {
	p := j.Parts[n]
	f := record.Fields{
		"action": record.Text("report"), "for": record.Text(j.For), "format": record.Text(j.Format), "lang": record.Text(j.Lang),
		"name": record.Text(filepath.Base(string(p.Path))), "sha256": record.Text(p.SHA256), "size": record.Int(p.Size), "head": record.Text(head),
	}
	if len(j.Parts) > 1 {
		f["note"] = record.Text(fmt.Sprintf("part %d of %d", n+1, len(j.Parts)))
	}
	return f
}

// reported says where the report is. With the report itself on standard output
// there is nothing more to put there.
func (u *ui) reported(j jsonReport) error {
	switch {
	case j.Parts[0].Path == "-":
		u.info("report.sum", j.Parts[0].SHA256)
		return nil
	case u.asJSON:
		return u.printJSON(j)
	}
	for n, p := range j.Parts {
		if len(j.Parts) > 1 {
			u.say("report.written-part", j.Incident, n+1, len(j.Parts), string(p.Path), u.lang.size(p.Size))
		} else {
			u.say("report.written", j.Incident, string(p.Path), u.lang.size(p.Size))
		}
		u.say("report.sum", p.SHA256)
	}
	return nil
}

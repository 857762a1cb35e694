package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/durable"
	"evidence-locker/locker/record"
	"evidence-locker/report"
	"evidence-locker/report/typeset"
)

// An issue is one file of a report that is handed over: the whole of it, or a
// part. It knows its bytes once they are written.
type issue struct {
	report *report.Report
	n, of  int    // part n of so many
	path   string // "-" : standard output
	file   *durable.File
	size   int64
	sum    hash.Hash
}

func (i *issue) Write(p []byte) (int, error) {
	i.size += int64(len(p))
	return i.sum.Write(p)
}

func (i *issue) json() jsonPart {
	return jsonPart{jsonText(i.path), i.size, hex.EncodeToString(i.sum.Sum(nil))}
}

// partName is the name of a part, name-1of3.pdf, or the name itself for what
// is whole.
func partName(name string, n, of int) string {
	if of == 1 {
		return name
	}
	ext := filepath.Ext(name)
	return fmt.Sprintf("%s-%dof%d%s", strings.TrimSuffix(name, ext), n, of, ext)
}

// A reportWriter writes a report where it was asked for, in the form and in the
// parts that were asked for.
type reportWriter struct {
	e      *env
	order  *reportOrder
	in     *locker.Incident
	pdf    pdfSource
	issues []*issue
	// leftOut names what a text that may not be longer does without.
	leftOut []string
}

// write writes every file of the report. They appear all or none: each is whole
// under a temporary name before the first gets its own.
func (w *reportWriter) write(ctx context.Context, r *report.Report) error {
	parts := []*report.Report{r}
	if w.order.split {
		o, end := w.options(ctx, "progress.measure", 1)
		split, err := r.Split(ctx, o)
		end()
		if err != nil {
			return err
		}
		parts = split
	}
	for n, p := range parts {
		w.issues = append(w.issues, &issue{report: p, n: n + 1, of: len(parts), sum: sha256.New()})
	}
	if w.order.output == "-" {
		i := w.issues[0]
		i.path = "-"
		if err := w.content(ctx, i, io.MultiWriter(w.e.stdout, i)); err != nil {
			return fmt.Errorf("writing to standard output: %w", err)
		}
		return nil
	}
	return w.files(ctx)
}

// files writes the issues as files.
func (w *reportWriter) files(ctx context.Context) error {
	name := w.order.output
	if name == "" {
		name = w.order.defaultName(w.in.Number, w.e.now().At)
	}
	for _, i := range w.issues {
		i.path = partName(name, i.n, i.of)
		if err := w.e.checkTarget(i.path, w.order.force && w.order.output != ""); err != nil {
			return err
		}
		f, err := durable.New(i.path)
		if err != nil {
			return &failure{key: "err.writing", args: []any{i.path, err}}
		}
		defer f.Discard()
		i.file = f
		if err := w.content(ctx, i, io.MultiWriter(f, i)); err != nil {
			return &writeError{i.path, err}
		}
	}
	return w.appear(name)
}

// content writes one issue in the form that was asked for.
func (w *reportWriter) content(ctx context.Context, i *issue, out io.Writer) (err error) {
	switch w.order.format {
	case "text":
		w.leftOut, err = i.report.WriteText(out, report.TextOptions{MaxChars: w.order.maxChars})
	case "csv":
		err = i.report.WriteCSV(out)
	case "json":
		err = i.report.WriteJSON(out)
	default:
		// Each picture is opened to look at it and to take it in.
		o, end := w.options(ctx, "progress.report", 2)
		defer end()
		err = i.report.WritePDF(ctx, out, o)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// appear gives the issues their names: those asked for, or the first of the
// default ones that are free.
func (w *reportWriter) appear(name string) error {
	if w.order.output != "" {
		return appearAs(w.issues, name, w.order.force)
	}
	ext := filepath.Ext(name)
	for n := 1; ; n++ {
		free := name
		if n > 1 {
			free = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
		}
		if n < 10_000 && slices.ContainsFunc(w.issues, func(i *issue) bool { return exists(partName(free, i.n, i.of)) }) {
			continue
		}
		return appearAs(w.issues, free, false)
	}
}

// appearAs makes the issues appear under a name, or none of them.
func appearAs(issues []*issue, name string, force bool) (err error) {
	for n, i := range issues {
		i.file.At(partName(name, i.n, i.of))
		i.path = i.file.Path()
		if force {
			err = i.file.Replace()
		} else {
			err = i.file.Create()
		}
		if err == nil {
			continue
		}
		for _, made := range issues[:n] {
			os.Remove(made.path)
		}
		if errors.Is(err, fs.ErrExist) {
			return &failure{key: "err.file-exists", args: []any{i.path}, hint: "extract.force"}
		}
		return &failure{key: "err.writing", args: []any{i.path, err}}
	}
	return nil
}

// A writeError is why a report could not be written.
type writeError struct {
	path string
	err  error
}

func (e *writeError) Error() string { return fmt.Sprintf("writing %q: %v", e.path, e.err) }
func (e *writeError) Unwrap() error { return e.err }

// explain words an error of making the report. For a PDF that is too large it
// shows what can be done.
func (w *reportWriter) explain(ctx context.Context, err error) error {
	var size *typeset.SizeError
	var split *report.SplitError
	var area *report.AreaError
	var text *report.TextLimitError
	var write *writeError
	bytes := w.e.ui.lang.size
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &size):
		f := &failure{key: "err.too-large", args: []any{bytes(size.Least), bytes(size.Max)}, hint: "hint.too-large"}
		if !w.order.split && w.order.output != "-" {
			f.lines = append(f.lines, w.e.line.changed("split", "--split"))
		}
		f.lines = append(f.lines, w.e.line.changed("max-size", "--max-size", roundedSize(size.Least)))
		return f
	case errors.As(err, &split):
		return &failure{key: "err.too-large-parts", args: []any{bytes(split.Max), bytes(split.Least)}, hint: "hint.larger-parts",
			lines: [][]string{w.e.line.changed("max-size", "--max-size", roundedSize(split.Least))}}
	case errors.As(err, &text):
		return &failure{key: "err.too-short", args: []any{text.Least, text.Max}, hint: "hint.longer-text",
			lines: [][]string{w.e.line.changed("max-chars", "--max-chars", strconv.Itoa(text.Least))}}
	case errors.As(err, &area):
		return w.areaFailure(area)
	case errors.As(err, &write):
		return &failure{key: "err.writing", args: []any{write.path, write.err}}
	}
	return err
}

// areaFailure says why an area is not on a picture: a mask that covers nothing
// would be taken for one that does.
func (w *reportWriter) areaFailure(a *report.AreaError) *failure {
	flag := "--mark"
	if a.Mask {
		flag = "--mask"
	}
	switch a.Reason {
	case report.NoExhibit:
		return &failure{key: "err.area-no-file", args: []any{flag, a.Seq, w.in.Number}, hint: "hint.records", with: []any{quoteLine(w.e.ui.command("show", strconv.Itoa(w.in.Number)))}}
	case report.Outside:
		return &failure{key: "err.area-outside", args: []any{flag, a.Seq, a.Width, a.Height}}
	case report.NoPicture:
		return &failure{key: "err.area-no-picture", args: []any{flag, a.Seq}}
	}
	return &failure{key: "err.area-not-shown", args: []any{flag, a.Seq}}
}

// roundedSize writes a size that is at least n bytes, as --max-size takes it.
func roundedSize(n int64) string {
	const step = 100_000
	return strconv.FormatFloat(float64((n+step-1)/step)/10, 'f', -1, 64) + "MB"
}

// warnings are what all parts warn of; what is in a file is known only once it
// has been read.
func (w *reportWriter) warnings() (all []report.Warning) {
	for _, i := range w.issues {
		for _, more := range i.report.Warnings() {
			at := slices.IndexFunc(all, func(x report.Warning) bool { return x.Code == more.Code })
			if at < 0 {
				all = append(all, more)
				continue
			}
			seqs := append(slices.Clone(all[at].Seqs), more.Seqs...)
			slices.Sort(seqs)
			all[at].Seqs = slices.Compact(seqs)
		}
	}
	return all
}

// correctAddresses shows the lines that put right each record with a mistyped
// address: one that records the same again, but for the address, and one that
// withdraws it.
func (u *ui) correctAddresses(in *locker.Incident, wrong []report.WrongAddress) {
	if u.quiet {
		return
	}
	for _, r := range in.Records {
		places := map[string]bool{}
		for _, w := range wrong {
			if w.Seq == r.Seq {
				places[w.Field+" "+w.Address] = true
			}
		}
		if len(places) == 0 {
			continue
		}
		add := u.command("add", "-i", strconv.Itoa(in.Number))
		for _, f := range record.FieldsOf(r.Type) {
			if r.Fields[f.Name] == nil || !canSet(r.Type, f.Name) {
				continue
			}
			for _, value := range typedValues(r.Fields[f.Name]) {
				if places[f.Name+" "+value] {
					value = "ADDRESS"
				}
				add = append(add, "--set", string(r.Type)+"."+f.Name+"="+value)
			}
		}
		u.hint("report.correct-address", r.Seq)
		u.lineToCopy(add)
		u.lineToCopy(u.command("retract", strconv.FormatInt(r.Seq, 10), "--why", u.lang.msg("report.correct-why")))
	}
}

// typedValues are the values of a field as --set takes them.
func typedValues(v record.Value) []string {
	switch v := v.(type) {
	case record.List:
		var list []string
		for _, s := range v {
			list = append(list, string(s))
		}
		return list
	case record.Amount:
		if v.Raw != "" {
			return []string{v.Raw}
		}
	}
	return []string{v.String()}
}

// unreadable lists the files that could not be read, whatever part they are
// in.
func (w *reportWriter) unreadable() []int64 {
	seqs := map[int64]bool{}
	for _, i := range w.issues {
		for _, seq := range i.report.Unreadable() {
			seqs[seq] = true
		}
	}
	return slices.Sorted(maps.Keys(seqs))
}

// mailboxes are the sizes in bytes of files that mail services and forms take,
// the largest first (recipients.md, section 7).
var mailboxes = []struct {
	limit     int64
	recipient string // "" : all
	key       string
}{
	{50_000_000, "", "hint.mail-50"},
	{18_000_000, "", "hint.mail-18"},
	{14_500_000, "", "hint.mail-14"},
	{7_000_000, "", "hint.mail-7"},
	{5_000_000, "police", "hint.mail-5"},
}

// hints says what may stand in the way of handing the report over, and what
// belongs to it.
func (w *reportWriter) hints() {
	u, o := w.e.ui, w.order
	if len(w.leftOut) > 0 {
		u.warning("report.left-out", len(w.leftOut))
		for _, what := range w.leftOut {
			u.listed(what)
		}
	}
	if o.format != "pdf" {
		return
	}
	var largest int64
	for _, i := range w.issues {
		largest = max(largest, i.size)
	}
	for _, m := range mailboxes {
		if largest > m.limit && (m.recipient == "" || m.recipient == o.build.For) {
			u.hint(m.key)
			break
		}
	}
	identifiers := len(w.in.All(record.Transfer)) + len(w.in.All(record.Order))
	if (o.build.For == "freeze" || o.build.For == "police") && identifiers > 0 {
		u.hint("hint.csv", quoteLine(u.command("report", strconv.Itoa(w.in.Number), "--for", o.build.For, "--format", "csv")))
	}
}

// A pdfSource gives what PDFs are made with.
type pdfSource struct {
	content func(context.Context, *locker.Exhibit) (io.ReadCloser, error)
	preview func(context.Context, *locker.Exhibit) ([]byte, string, error)
}

func (e *env) pdfSource(v *locker.Vault, k *crypto.Key, o *reportOrder) pdfSource {
	s := pdfSource{content: func(ctx context.Context, x *locker.Exhibit) (io.ReadCloser, error) { return v.Content(ctx, k, x) }}
	if o.preview {
		s.preview = e.previewer(s.content)
	}
	return s
}

// options are those for one pass over the report, with a bar that counts the
// pictures that have been opened, each of them so many times.
func (w *reportWriter) options(ctx context.Context, key string, times int64) (report.PDFOptions, func()) {
	update, end := w.e.ui.steps(key)
	var mu sync.Mutex // pictures are opened at the same time
	opened, total := int64(0), int64(0)
	for _, x := range w.in.Exhibits() {
		if isPicture(x.Exhibit) {
			total += times
		}
	}
	return report.PDFOptions{
		MaxSize: w.order.maxSize,
		Preview: w.pdf.preview,
		Content: func(x *locker.Exhibit) (io.ReadCloser, error) {
			mu.Lock()
			opened++
			update(min(opened, total), total)
			mu.Unlock()
			return w.pdf.content(ctx, x)
		},
	}, end
}

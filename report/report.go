// Package report turns an incident into a document for one reader: a support
// desk, the police of a country, the exchange that coins went to.
//
// What the reader asks for is a data file (recipient/*.toml): an ordered list of
// fields, each with its source. The list and the incident's records give the
// content, a sequence of typeset blocks that is pure data; a PDF and a plain
// text are two ends of that content. A CSV and a JSON for machines have the
// records' exact values, and only those that the content shows.
//
// A report is a function of what it is given. It reads no clock, no files and
// no settings of the machine; times are printed in the offset that they were
// recorded with, and in UTC. Custody records never change it.
package report

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"evidence-locker/locker"
	"evidence-locker/locker/exchange"
	"evidence-locker/locker/playbook"
	"evidence-locker/report/typeset"
)

// Input is what a report is made of.
type Input struct {
	Incident  *locker.Incident
	Reporter  *locker.Incident  // incident 0, the person's own data; nil if there is none
	Vault     string            // id of the vault
	Head      locker.Head       // see HeadSize
	Kinds     *playbook.Book    // nil: built-in
	Exchanges *exchange.Catalog // nil: built-in
}

// Options choose the form of a report.
type Options struct {
	For     string    // key of a recipient; "" is the first of Recipients
	Lang    string    // language of the document, "ja" or "en"
	Date    time.Time // zero: that of the newest record
	Custody bool      // append the custody log; the report then changes with it
	Address bool      // include the home address and phone where the recipient does not ask for them

	// Marks and Masks are areas of the pictures in the exhibits to frame and to
	// black out, by the number of their record, in pixels of the upright picture.
	Marks, Masks map[int64][]image.Rectangle
}

// PDFOptions are what WritePDF works with.
type PDFOptions struct {
	MaxSize int64 // bytes, 0 for any; see typeset.Document

	// Content opens the original bytes of an exhibit. It is called at most a few
	// times for each, perhaps from two goroutines.
	Content func(*locker.Exhibit) (io.ReadCloser, error)

	// Preview makes a picture of the first page of an exhibit that is not a
	// picture itself, and names the program that made it. Nil, or ErrNoPreview
	// from it, means there is none.
	Preview func(context.Context, *locker.Exhibit) (picture []byte, program string, err error)
}

// ErrNoPreview says that there is no picture of an exhibit.
var ErrNoPreview = errors.New("no preview")

// ErrUnknownLanguage says that there are no reports in a language.
var ErrUnknownLanguage = errors.New("unknown language")

// Warning is something to tell the person who makes the report.
type Warning struct {
	Code string  // "masked-secret", "damaged", "newer-record", "end-before-start", "wrong-address"
	Seqs []int64 // records it is about
}

// Report is a finished content. Its methods may be called any number of times,
// and at the same time.
type Report struct {
	title, recipient, lang string
	date                   time.Time
	blocks                 []typeset.Block
	pictures               map[string]exhibit // by the ID of their block
	files                  map[string]exhibit // by the ID of the card that stands for them, see showFile
	missing                []MissingField
	warnings               []Warning
	wrong                  []WrongAddress
	running                string         // head line of every page
	dayOnly                bool           // the date has no time of day
	machine                func() machine // what WriteCSV and WriteJSON write
	b                      *builder       // for words only: it must not change any more

	mu                 sync.Mutex
	unreadable, masked map[int64]bool // found while writing
}

// DefaultMaxSize is how many bytes a PDF may have where nobody said it: help
// desks take attachments of little more, papers for the police are printed.
// 0 means any.
func DefaultMaxSize(recipient string) int64 {
	switch recipient {
	case "", "support", "freeze", "mica":
		return 7_000_000
	}
	return 0
}

// Build makes the content of a report.
func Build(in Input, o Options) (*Report, error) {
	if in.Incident == nil {
		return nil, errors.New("building report: no incident")
	}
	key, file, err := lookupRecipient(o.For)
	if err != nil {
		return nil, err
	}
	if o.Lang != "ja" && o.Lang != "en" {
		return nil, fmt.Errorf("%w %q", ErrUnknownLanguage, o.Lang)
	}
	b := newBuilder(in, o, key, file)
	if err := b.checkAreas(); err != nil {
		return nil, err
	}
	compose[key](b)
	r := &Report{
		title: b.title, recipient: key, lang: o.Lang, date: b.date,
		blocks: b.blocks, pictures: b.pictures, files: b.files, missing: b.missing, running: b.running(), dayOnly: b.dayOnly,
		b: b, unreadable: make(map[int64]bool), masked: make(map[int64]bool),
	}
	warn := func(code string, seqs []int64) {
		if len(seqs) > 0 {
			r.warnings = append(r.warnings, Warning{code, seqs})
		}
	}
	warn("damaged", b.damaged)
	warn("masked-secret", slices.Sorted(maps.Keys(b.masked)))
	warn("newer-record", b.unknown())
	warn("end-before-start", b.backwards())
	r.wrong = b.wrongAddresses()
	var seqs []int64
	for _, w := range r.wrong {
		seqs = append(seqs, w.Seq)
	}
	warn("wrong-address", slices.Compact(seqs))
	r.machine = sync.OnceValue(func() machine { return newMachine(b, r) })
	return r, nil
}

// Title returns the title of the document.
func (r *Report) Title() string { return r.title }

// Date returns the date of the report: that of its newest record, or the one
// that was asked for.
func (r *Report) Date() time.Time { return r.date }

// Missing returns what the recipient asks for and is not recorded, in the order
// of the recipient's list.
func (r *Report) Missing() []MissingField { return slices.Clone(r.missing) }

// Warnings returns what the person should know before handing the report over.
// WritePDF reads exhibits, and may add to it.
func (r *Report) Warnings() []Warning {
	r.mu.Lock()
	defer r.mu.Unlock()
	ws := slices.Clone(r.warnings)
	if len(r.masked) == 0 {
		return ws
	}
	i := slices.IndexFunc(ws, func(w Warning) bool { return w.Code == "masked-secret" })
	if i < 0 {
		return append(ws, Warning{"masked-secret", slices.Sorted(maps.Keys(r.masked))})
	}
	seqs := maps.Clone(r.masked)
	for _, n := range ws[i].Seqs {
		seqs[n] = true
	}
	ws[i].Seqs = slices.Sorted(maps.Keys(seqs))
	return ws
}

// WrongAddresses returns the addresses that the document marks as mistyped, in
// the order of their records.
func (r *Report) WrongAddresses() []WrongAddress { return slices.Clone(r.wrong) }

// Unreadable returns the numbers of the exhibits whose original WritePDF could
// not read, in order. One that was read but cannot be shown is not among them.
// Files that are neither pictures nor text are only begun to be read.
func (r *Report) Unreadable() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.unreadable))
}

// note remembers a record in one of the sets above.
func (r *Report) note(set map[int64]bool, seq int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	set[seq] = true
}

// WritePDF writes the report as a PDF. An exhibit that cannot be read becomes a
// card that says so, and is named by Unreadable afterwards. Nothing is written
// where the error is an *AreaError, or a *typeset.SizeError: the report does not
// fit, but perhaps its parts do (see Split).
func (r *Report) WritePDF(ctx context.Context, w io.Writer, o PDFOptions) error {
	d, err := r.document(ctx, o)
	if err == nil {
		err = r.areaError(d.Write(ctx, w))
	}
	if err != nil {
		return fmt.Errorf("writing report as PDF: %w", err)
	}
	return nil
}

// document is what goes to the pages.
func (r *Report) document(ctx context.Context, o PDFOptions) (*typeset.Document, error) {
	var blocks []typeset.Block
	previews := int64(maxPreviews)
	for _, block := range r.blocks {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch block := block.(type) {
		case typeset.Picture:
			blocks = append(blocks, r.picture(block, o))
		case typeset.Card:
			x, ok := r.files[block.ID]
			if !ok {
				blocks = append(blocks, block)
				continue
			}
			shown, err := r.showFile(ctx, block, x, o, &previews)
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, shown...)
		default:
			blocks = append(blocks, block)
		}
	}
	d := &typeset.Document{
		MaxSize: o.MaxSize,
		Title:   r.title, Lang: r.lang, Date: r.date, DayOnly: r.dayOnly, Blocks: blocks,
		Subject: "evidence-locker " + r.recipient,
		Header:  []typeset.Span{{Text: r.running}},
		Footer:  []typeset.Span{{Text: r.title}},
	}
	if r.lang == "ja" {
		d.PageOf = func(n, total int) string { return fmt.Sprintf("%d / %d ページ", n, total) }
		d.FrontOf = func(n, total int) string { return fmt.Sprintf("別紙 %d / %d ページ", n, total) }
	} else {
		d.PageOf = func(n, total int) string { return fmt.Sprintf("Page %d of %d", n, total) }
		d.FrontOf = func(n, total int) string { return fmt.Sprintf("Separate sheet, page %d of %d", n, total) }
	}
	setSheet(d, r.recipient, r.lang)
	return d, nil
}

// open opens the original of an exhibit.
func (o PDFOptions) open(x exhibit) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		if o.Content == nil {
			return nil, errors.New("no source of exhibits")
		}
		return o.Content(x.Exhibit)
	}
}

// picture adds to the block of a picture where its bytes are.
func (r *Report) picture(p typeset.Picture, o PDFOptions) typeset.Picture {
	x := r.pictures[p.ID]
	p.Open = o.open(x)
	card := p.Card
	p.Card = func(why *typeset.PictureError) typeset.Card {
		if why.Reason == typeset.Unreadable {
			r.note(r.unreadable, x.Seq)
		}
		return card(why)
	}
	return p
}

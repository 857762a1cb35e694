// Package report turns an incident into a document for one reader: a support
// desk, or the police.
//
// What the reader asks for is a data file (recipient/*.toml): an ordered list of
// fields, each with its source. The list and the incident's records give the
// content, a sequence of typeset blocks that is pure data; a PDF and a plain
// text are two ends of that content.
//
// A report is a function of what it is given. It reads no clock, no files and
// no settings of the machine; times are printed in the offset that they were
// recorded with, and in UTC. Custody records never change it.
package report

import (
	"context"
	"errors"
	"fmt"
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
}

// ErrUnknownLanguage says that there are no reports in a language.
var ErrUnknownLanguage = errors.New("unknown language")

// Warning is something to tell the person who makes the report.
type Warning struct {
	Code string  // "masked-secret", "damaged", "newer-record"
	Seqs []int64 // records it is about
}

// Report is a finished content. Its methods may be called any number of times,
// and at the same time.
type Report struct {
	title, recipient, lang string
	date                   time.Time
	blocks                 []typeset.Block
	pictures               map[string]*locker.Exhibit // by the ID of their block
	missing                []MissingField
	warnings               []Warning
	running                string // head line of every page
	dayOnly                bool   // the date has no time of day

	mu         sync.Mutex
	unreadable map[int64]bool
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
	if key == "police" {
		b.police()
	} else {
		b.support()
	}
	r := &Report{
		title: b.title, recipient: key, lang: o.Lang, date: b.date,
		blocks: b.blocks, pictures: b.pictures, missing: b.missing, running: b.running(), dayOnly: b.dayOnly,
		unreadable: make(map[int64]bool),
	}
	warn := func(code string, seqs []int64) {
		if len(seqs) > 0 {
			r.warnings = append(r.warnings, Warning{code, seqs})
		}
	}
	warn("damaged", b.damaged)
	warn("masked-secret", slices.Sorted(maps.Keys(b.masked)))
	warn("newer-record", b.unknown())
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
func (r *Report) Warnings() []Warning { return slices.Clone(r.warnings) }

// Unreadable returns the numbers of the pictures whose original WritePDF could
// not read, in order. Other exhibits are not read, and a picture that was read
// but cannot be shown is not among them.
func (r *Report) Unreadable() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.unreadable))
}

// WritePDF writes the report as a PDF. content opens the original bytes of an
// exhibit; it is called at most twice for each picture, perhaps from two
// goroutines. An exhibit that cannot be read becomes a card that says so, and
// is named by Unreadable afterwards.
func (r *Report) WritePDF(ctx context.Context, w io.Writer, content func(*locker.Exhibit) (io.ReadCloser, error)) error {
	blocks := slices.Clone(r.blocks)
	for i, block := range blocks {
		p, ok := block.(typeset.Picture)
		if !ok {
			continue
		}
		e := r.pictures[p.ID]
		p.Open = func() (io.ReadCloser, error) { return content(e) }
		card := p.Card
		p.Card = func(why *typeset.PictureError) typeset.Card {
			if why.Reason == typeset.Unreadable {
				r.mu.Lock()
				r.unreadable[e.Seq] = true
				r.mu.Unlock()
			}
			return card(why)
		}
		blocks[i] = p
	}
	d := &typeset.Document{
		Title: r.title, Lang: r.lang, Date: r.date, DayOnly: r.dayOnly, Blocks: blocks,
		Subject: "evidence-locker " + r.recipient,
		Header:  []typeset.Span{{Text: r.running}},
		Footer:  []typeset.Span{{Text: r.title}},
	}
	if r.lang == "ja" {
		d.PageOf = func(n, total int) string { return fmt.Sprintf("%d / %d ページ", n, total) }
	} else {
		d.PageOf = func(n, total int) string { return fmt.Sprintf("Page %d of %d", n, total) }
	}
	d.Size = 9 // so that the first page of a support report holds the whole form
	if r.recipient == "police" {
		// Investigation papers are A4, upright, bound at the left, in Mincho of
		// 10.5 to 12 points (recipients.md, rule 4).
		d.Margins = typeset.Margins{Left: 30, Right: 20, Top: 24, Bottom: 22}
		d.Size = 10.5
		if r.lang == "ja" {
			d.Face = typeset.Mincho
		}
	}
	if err := d.Write(ctx, w); err != nil {
		return fmt.Errorf("writing report as PDF: %w", err)
	}
	return nil
}
